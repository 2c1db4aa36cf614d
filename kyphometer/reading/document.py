"""A reading as JSON: format `kyphometer-reading`, version 1.

The decoder is written by hand because thousands of readings a second pass through it; the JSON
Schema that ships in the package (`kyphometer schema reading`) says the same for other programs,
and a test holds the two together.

History: version 1, first. Later, without a new version: `carried_over`, which may be left out and
which programs that do not know it keep and do not need.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import LandmarkError, ReadingFormatError, UnknownLevelError
from kyphometer.geometry import Facing
from kyphometer.reading.carried_json import carried_from_dict, carried_to_dict
from kyphometer.reading.film_json import film_from_dict, film_to_dict
from kyphometer.reading.marks_json import (
    json_choice,
    json_object,
    json_text,
    vertebra_to_dict,
    vertebrae_from_dict,
)
from kyphometer.reading.model import CornerRule, NotMeasurable, Reading

FORMAT = "kyphometer-reading"
VERSION = 1
MAX_BYTES = 4 * 1024 * 1024
_KNOWN = {
    "format", "version", "film", "observer", "session", "created", "software", "facing",
    "fractured_levels", "corner_rule", "vertebrae", "not_measurable", "comment", "carried_over",
}  # fmt: skip


@cache
def reading_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a reading."""
    text = files("kyphometer").joinpath("schemas/reading.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


# ------------------------------------------------------------------------------------- writing


def reading_to_dict(reading: Reading) -> dict[str, Any]:
    """Document of a reading, ready for `json.dumps`; inverse of `reading_from_dict`."""
    document = {
        **reading.extra,
        "format": FORMAT,
        "version": VERSION,
        "film": film_to_dict(reading.film),
        "observer": reading.observer,
        "session": reading.session,
        "created": None if reading.created is None else _time_to_text(reading.created),
        "software": reading.software,
        "facing": None if reading.facing is None else str(reading.facing),
        "fractured_levels": [level.value for level in reading.fractured_levels],
        "corner_rule": str(reading.corner_rule),
        "vertebrae": {level.value: vertebra_to_dict(v) for level, v in reading.vertebrae.items()},
        "not_measurable": [
            {"level": item.level.value, "endplate": item.endplate.value, "reason": item.reason}
            for item in reading.not_measurable
        ],
        "comment": reading.comment,
    }
    if reading.carried_over:
        document["carried_over"] = carried_to_dict(reading.carried_over)
    return document


def _time_to_text(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def write_reading(reading: Reading, path: str | os.PathLike[str]) -> None:
    """Write a reading as JSON so that the file is either the old or the new one, never half.

    The document goes to a temporary file beside the target, is flushed to disk, and then renamed
    over the target.
    """
    target = Path(path)
    text = json.dumps(reading_to_dict(reading), indent=1, ensure_ascii=False) + "\n"
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


# ------------------------------------------------------------------------------------- reading


def read_reading(path: str | os.PathLike[str]) -> Reading:
    """Reading from a JSON file.

    Raises
    ------
    ReadingFormatError
        If the file is missing, too large, no JSON, or no reading; the sentence says where.
    """
    source = Path(path)
    try:
        if source.stat().st_size > MAX_BYTES:
            raise ReadingFormatError(f"'{source.name}'", "is larger than any reading can be")
        text = source.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReadingFormatError(f"'{source.name}'", "is not UTF-8 text") from None
    except OSError as error:
        reason = error.strerror or "cannot be opened"
        raise ReadingFormatError(f"'{source.name}'", f"cannot be read ({reason})") from None
    try:
        return reading_from_json(text)
    except (ReadingFormatError, LandmarkError, UnknownLevelError) as error:
        raise ReadingFormatError(f"'{source.name}'", f"was refused: {error}".rstrip(".")) from error


def reading_from_json(text: str) -> Reading:
    """Reading from JSON text; see `reading_from_dict`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReadingFormatError("the text", f"is not JSON ({error})") from None
    return reading_from_dict(document)


def reading_from_dict(document: Any, *, draft: bool = False) -> Reading:
    """Reading from a decoded JSON document.

    Parameters
    ----------
    document
        What `json.loads` returned.
    draft
        Leave out endplates that lack a corner (an unfinished draft) instead of refusing them.

    Raises
    ------
    ReadingFormatError
        If a member is missing, of the wrong kind, or impossible; the sentence says which.
    LandmarkError, UnknownLevelError
        If a landmark or level is impossible.
    """
    top = json_object(document, "the document")
    if top.get("format") != FORMAT:
        raise ReadingFormatError("'format'", f"is {top.get('format')!r}, not '{FORMAT}'")
    version = top.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ReadingFormatError("'version'", "must be a whole number from 1")
    if version > VERSION:
        raise ReadingFormatError(
            "'version'", f"is {version}, newer than this program knows ({VERSION}); update it"
        )
    return Reading(
        film=film_from_dict(_member(top, "film"), "film"),
        vertebrae=vertebrae_from_dict(_member(top, "vertebrae"), draft=draft),
        facing=json_choice(Facing, top.get("facing"), "'facing'"),
        observer=json_text(top.get("observer"), "'observer'"),
        session=json_text(top.get("session"), "'session'"),
        created=_time_in(top.get("created")),
        software=json_text(top.get("software"), "'software'"),
        fractured_levels=_levels_in(top.get("fractured_levels")),
        corner_rule=json_choice(CornerRule, top.get("corner_rule"), "'corner_rule'")
        or CornerRule.RIM_CHORD,
        not_measurable=_not_measurable_in(top.get("not_measurable")),
        comment=json_text(top.get("comment"), "'comment'") or "",
        carried_over=carried_from_dict(top.get("carried_over")),
        extra={key: value for key, value in top.items() if key not in _KNOWN},
    )


def _member(document: Mapping[str, Any], name: str) -> Any:
    if name not in document:
        raise ReadingFormatError(f"'{name}'", "is missing")
    return document[name]


def _time_in(value: Any) -> datetime | None:
    text = json_text(value, "'created'")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ReadingFormatError("'created'", f"is '{text}', not an ISO 8601 time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _levels_in(value: Any) -> tuple[Level, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ReadingFormatError("'fractured_levels'", "must be a list of levels")
    return tuple(_level(name, "'fractured_levels'") for name in value)


def _level(name: Any, where: str) -> Level:
    if not isinstance(name, str):
        raise ReadingFormatError(where, f"names the level {name!r}, which is not text")
    return Level.parse(name)


def _not_measurable_in(value: Any) -> tuple[NotMeasurable, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ReadingFormatError("'not_measurable'", "must be a list")
    found = []
    for entry in value:
        item = json_object(entry, "an item of 'not_measurable'")
        side = item.get("endplate")
        if side not in ("superior", "inferior"):
            raise ReadingFormatError(
                "'not_measurable'", f"names the endplate {side!r}, not 'superior' or 'inferior'"
            )
        found.append(
            NotMeasurable(
                level=_level(item.get("level"), "'not_measurable'"),
                endplate=EndplateSide(side),
                reason=json_text(item.get("reason"), "a reason in 'not_measurable'") or "",
            )
        )
    return tuple(found)
