"""Which film a reading belongs to, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kyphometer.errors import ReadingFormatError
from kyphometer.film import FilmReference
from kyphometer.reading.marks_json import json_object, json_text

_MOST = 1_000_000


def film_to_dict(film: FilmReference) -> dict[str, Any]:
    """A reference to a film, ready for `json.dumps`; inverse of `film_from_dict`."""
    return {
        "sop_instance_uid": film.sop_instance_uid,
        "frame": film.frame,
        "rows": film.rows,
        "columns": film.columns,
        "sha256_pixels": film.sha256_pixels,
    }


def film_from_dict(value: Any, where: str) -> FilmReference:
    """The film that a member of a reading names; `where` is that member.

    Raises
    ------
    ReadingFormatError
        If it names none; the sentence says what is wrong with it.
    """
    film = json_object(value, f"'{where}'")
    frame = film.get("frame")
    return FilmReference(
        rows=_count(film, where, "rows"),
        columns=_count(film, where, "columns"),
        frame=1 if frame is None else _count(film, where, "frame"),
        sop_instance_uid=json_text(film.get("sop_instance_uid"), f"'{where}.sop_instance_uid'"),
        sha256_pixels=json_text(film.get("sha256_pixels"), f"'{where}.sha256_pixels'"),
    )


def _count(film: Mapping[str, Any], where: str, name: str) -> int:
    if name not in film:
        raise ReadingFormatError(f"'{where}.{name}'", "is missing")
    value = film[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
        problem = f"must be a whole number from 1 to {_MOST:,}"
        raise ReadingFormatError(f"'{where}.{name}'", problem)
    return value
