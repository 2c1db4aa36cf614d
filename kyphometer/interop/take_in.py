"""Marks of other programs taken in as readings: DICOM SR, COCO, CVAT, 3D Slicer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kyphometer.errors import MarksFileError
from kyphometer.film import FilmHeader
from kyphometer.geometry import Facing
from kyphometer.interop.marks.points import MarkedFilm
from kyphometer.interop.objects.read_report import TakenIn, read_report

_LARGEST_MB = 64


def take_in(
    path: Path, film: FilmHeader | None = None, *, facing: Facing | None = None
) -> list[TakenIn]:
    """Readings of a file, one a film.

    Parameters
    ----------
    path
        A DICOM structured report, or a file of COCO, CVAT or 3D Slicer.
    film
        The film that is meant; of files with many films only that one is taken then.
    facing
        Where anterior is, for files that do not say.

    Raises
    ------
    MarksFileError
        If it is of no known kind, damaged, or holds nothing that can be taken in.
    """
    head = _head(path)
    if head[128:132] == b"DICM":
        return [read_report(path, film, facing=facing)]
    found = [_own(item, film, facing) for item in _marked(path, head, film)]
    if film is not None:
        found = _of_film(found, film, path.name)
    if not found:
        raise MarksFileError("marks_no_endplate", name=path.name)
    return found


def _head(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise MarksFileError("marks_no_file", name=path.name)
    with path.open("rb") as stream:
        return stream.read(132)


def _marked(path: Path, head: bytes, film: FilmHeader | None) -> Iterable[MarkedFilm]:
    name = path.name
    if path.stat().st_size > _LARGEST_MB * 1024 * 1024:
        raise MarksFileError("marks_too_large", name=name, limit=_LARGEST_MB)
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith(b"<"):
        from kyphometer.interop.marks.cvat import from_cvat

        return from_cvat(path.read_bytes(), name)
    if not start.startswith(b"{"):
        raise MarksFileError("marks_kind_unknown", name=name)
    document = _json(path)
    if "markups" in document:
        from kyphometer.interop.marks.slicer import from_slicer

        if film is None:
            raise MarksFileError("marks_no_film", name=name)
        return [MarkedFilm(name=name, reading=from_slicer(document, film, name))]
    if "annotations" in document:
        from kyphometer.interop.marks.coco import from_coco

        return from_coco(document, name)
    raise MarksFileError("marks_kind_unknown", name=name)


def _json(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise MarksFileError("marks_no_json", name=path.name, detail=str(error)[:80]) from None
    if not isinstance(document, dict):
        raise MarksFileError("marks_kind_unknown", name=path.name)
    return document


def _own(item: MarkedFilm, film: FilmHeader | None, facing: Facing | None) -> TakenIn:
    header = None if film is None else film.acquisition.facing
    reading = replace(item.reading, facing=item.reading.facing or facing or header)
    return TakenIn(name=item.name, reading=reading)


def _of_film(found: list[TakenIn], film: FilmHeader, name: str) -> list[TakenIn]:
    """Of several films the one that is meant: by UID, else by file name, else the only one."""
    uid, path = film.reference.sop_instance_uid, film.path
    chosen = [item for item in found if uid and item.reading.film.sop_instance_uid == uid]
    chosen = chosen or [
        item
        for item in found
        if item.reading.film.sop_instance_uid is None and path and item.name == path.name
    ]
    if not chosen and len(found) == 1 and found[0].reading.film.sop_instance_uid is None:
        chosen = found
    size = (film.reference.rows, film.reference.columns)
    if not chosen or size != (chosen[0].reading.film.rows, chosen[0].reading.film.columns):
        names = ", ".join(item.name for item in found[:5])
        raise MarksFileError("marks_other_film", name=name, found=names)
    return [replace(chosen[0], reading=replace(chosen[0].reading, film=film.reference))]
