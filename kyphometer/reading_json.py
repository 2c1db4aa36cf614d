"""A reading as JSON: format `kyphometer-reading`, version 1.

The decoder is written by hand because thousands of readings a second pass through it; the JSON
Schema that ships in the package (`kyphometer schema reading`) says the same for other programs,
and a test holds the two together.

History: version 1, first.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import LandmarkError, ReadingFormatError, UnknownLevelError
from kyphometer.film import FilmReference
from kyphometer.geometry import Facing, Point
from kyphometer.reading import (
    CornerRule,
    Covariance,
    Endplate,
    Landmark,
    MarkSource,
    NotMeasurable,
    Reading,
    Vertebra,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

    _Choice = TypeVar("_Choice", bound=StrEnum)

FORMAT = "kyphometer-reading"
VERSION = 1
MAX_BYTES = 4 * 1024 * 1024
_KNOWN = {
    "format", "version", "film", "observer", "session", "created", "software", "facing",
    "fractured_levels", "corner_rule", "vertebrae", "not_measurable", "comment",
}  # fmt: skip
_CORNERS = ("anterior", "middle", "posterior")
_CORNER_SET = frozenset(_CORNERS)
_SIDE_SET = frozenset({"superior", "inferior"})


@cache
def reading_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a reading."""
    text = files("kyphometer").joinpath("schemas/reading.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


# ------------------------------------------------------------------------------------- writing


def reading_to_dict(reading: Reading) -> dict[str, Any]:
    """Document of a reading, ready for `json.dumps`; inverse of `reading_from_dict`."""
    film = reading.film
    return {
        **reading.extra,
        "format": FORMAT,
        "version": VERSION,
        "film": {
            "sop_instance_uid": film.sop_instance_uid,
            "frame": film.frame,
            "rows": film.rows,
            "columns": film.columns,
            "sha256_pixels": film.sha256_pixels,
        },
        "observer": reading.observer,
        "session": reading.session,
        "created": None if reading.created is None else _time_to_text(reading.created),
        "software": reading.software,
        "facing": None if reading.facing is None else str(reading.facing),
        "fractured_levels": [level.value for level in reading.fractured_levels],
        "corner_rule": str(reading.corner_rule),
        "vertebrae": {level.value: _vertebra_out(v) for level, v in reading.vertebrae.items()},
        "not_measurable": [
            {"level": item.level.value, "endplate": item.endplate.value, "reason": item.reason}
            for item in reading.not_measurable
        ],
        "comment": reading.comment,
    }


def _time_to_text(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z").replace(".000Z", "Z")


def _vertebra_out(vertebra: Vertebra) -> dict[str, Any]:
    return {
        side.value: {
            "anterior": _landmark_out(plate.anterior),
            "middle": None if plate.middle is None else _landmark_out(plate.middle),
            "posterior": _landmark_out(plate.posterior),
        }
        for side, plate in vertebra.endplates.items()
    }


def _landmark_out(mark: Landmark) -> dict[str, Any]:
    out: dict[str, Any] = {"xy": list(mark.xy), "source": str(mark.source)}
    if mark.covariance is not None:
        out["covariance"] = [list(row) for row in mark.covariance]
    if mark.raw is not None:
        out["raw"] = list(mark.raw)
    if mark.method is not None:
        out["method"] = mark.method
    if mark.note:
        out["note"] = mark.note
    return out


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
    top = _object(document, "the document")
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
        film=_film_in(_member(top, "film")),
        vertebrae=_vertebrae_in(_member(top, "vertebrae"), draft=draft),
        facing=_choice(Facing, top.get("facing"), "'facing'"),
        observer=_text(top.get("observer"), "'observer'"),
        session=_text(top.get("session"), "'session'"),
        created=_time_in(top.get("created")),
        software=_text(top.get("software"), "'software'"),
        fractured_levels=_levels_in(top.get("fractured_levels")),
        corner_rule=_choice(CornerRule, top.get("corner_rule"), "'corner_rule'")
        or CornerRule.RIM_CHORD,
        not_measurable=_not_measurable_in(top.get("not_measurable")),
        comment=_text(top.get("comment"), "'comment'") or "",
        extra={key: value for key, value in top.items() if key not in _KNOWN},
    )


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ReadingFormatError(where, "must be a JSON object")
    return value


def _member(document: Mapping[str, Any], name: str) -> Any:
    if name not in document:
        raise ReadingFormatError(f"'{name}'", "is missing")
    return document[name]


def _text(value: Any, where: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ReadingFormatError(where, "must be text")
    return value


def _choice(kind: type[_Choice], value: Any, where: str) -> _Choice | None:
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        names = ", ".join(f"'{member}'" for member in kind)
        raise ReadingFormatError(where, f"is {value!r}, not one of {names}") from None


def _time_in(value: Any) -> datetime | None:
    text = _text(value, "'created'")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ReadingFormatError("'created'", f"is '{text}', not an ISO 8601 time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _count(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise ReadingFormatError(where, "must be a whole number from 1 to 1,000,000")
    return value


def _film_in(value: Any) -> FilmReference:
    film = _object(value, "'film'")
    frame = film.get("frame")
    return FilmReference(
        rows=_count(_member(film, "rows"), "'film.rows'"),
        columns=_count(_member(film, "columns"), "'film.columns'"),
        frame=1 if frame is None else _count(frame, "'film.frame'"),
        sop_instance_uid=_text(film.get("sop_instance_uid"), "'film.sop_instance_uid'"),
        sha256_pixels=_text(film.get("sha256_pixels"), "'film.sha256_pixels'"),
    )


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
        item = _object(entry, "an item of 'not_measurable'")
        side = item.get("endplate")
        if side not in ("superior", "inferior"):
            raise ReadingFormatError(
                "'not_measurable'", f"names the endplate {side!r}, not 'superior' or 'inferior'"
            )
        found.append(
            NotMeasurable(
                level=_level(item.get("level"), "'not_measurable'"),
                endplate=EndplateSide(side),
                reason=_text(item.get("reason"), "a reason in 'not_measurable'") or "",
            )
        )
    return tuple(found)


def _vertebrae_in(value: Any, *, draft: bool) -> dict[Level, Vertebra]:
    vertebrae: dict[Level, Vertebra] = {}
    for name, entry in _object(value, "'vertebrae'").items():
        level = Level.parse(name)
        if level in vertebrae:
            raise ReadingFormatError(f"'vertebrae.{name}'", "names a level that is already there")
        vertebra = _vertebra_in(level, entry, draft=draft)
        if vertebra is not None:
            vertebrae[level] = vertebra
    return vertebrae


def _vertebra_in(level: Level, value: Any, *, draft: bool) -> Vertebra | None:
    name = level.value
    entry = _object(value, f"'vertebrae.{name}'")
    unknown = entry.keys() - _SIDE_SET
    if unknown:
        names = ", ".join(sorted(map(repr, unknown)))
        raise ReadingFormatError(
            f"'vertebrae.{level}'", f"has {names}; only 'superior' and 'inferior' are known"
        )
    superior = _endplate_in(entry.get("superior"), f"{name}.superior", draft=draft)
    inferior = _endplate_in(entry.get("inferior"), f"{name}.inferior", draft=draft)
    if superior is None and inferior is None:
        if draft:
            return None
        raise ReadingFormatError(f"'vertebrae.{level}'", "has neither endplate")
    return Vertebra(level=level, superior=superior, inferior=inferior)


def _endplate_in(value: Any, where: str, *, draft: bool) -> Endplate | None:
    if value is None:
        return None
    entry = _object(value, f"'{where}'")
    unknown = entry.keys() - _CORNER_SET
    if unknown:
        names = ", ".join(sorted(map(repr, unknown)))
        raise ReadingFormatError(f"'{where}'", f"has {names}; only {', '.join(_CORNERS)} are known")
    anterior, middle, posterior = (_landmark_in(entry.get(name), where, name) for name in _CORNERS)
    if anterior is None or posterior is None:
        if draft:
            return None
        missing = "anterior" if anterior is None else "posterior"
        raise ReadingFormatError(f"'{where}.{missing}'", "is missing; an endplate needs both rims")
    return Endplate(anterior=anterior, posterior=posterior, middle=middle)


def _landmark_in(value: Any, where: str, name: str) -> Landmark | None:
    # Thousands of readings a second pass here: names are only put together for a refusal.
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ReadingFormatError(f"'{where}.{name}'", "must be a JSON object")
    get = value.get
    source, covariance, raw, note = get("source"), get("covariance"), get("raw"), get("note")
    try:
        return Landmark(
            xy=_point(get("xy"), where, name, "xy"),
            covariance=None if covariance is None else _covariance_in(covariance, where, name),
            source=_source_in(source, where, name),
            raw=None if raw is None else _point(raw, where, name, "raw"),
            method=_text(get("method"), "'method' of a landmark"),
            note=_text(note, "'note' of a landmark") or "",
        )
    except LandmarkError as error:
        raise ReadingFormatError(f"'{where}.{name}'", f"was refused: {error}".rstrip(".")) from None


_SOURCES: Mapping[Any, MarkSource] = {None: MarkSource.HAND, **{str(s): s for s in MarkSource}}


def _source_in(value: Any, where: str, name: str) -> MarkSource:
    if value is None or isinstance(value, str):
        known = _SOURCES.get(value)
        if known is not None:
            return known
    return _choice(MarkSource, value, f"'{where}.{name}.source'") or MarkSource.HAND


def _point(value: Any, *where: str) -> Point:
    if not isinstance(value, list) or len(value) != 2:
        raise ReadingFormatError(f"'{'.'.join(where)}'", "must be a list of two numbers")
    x, y = value
    if type(x) is float and type(y) is float and -1e7 <= x <= 1e7 and -1e7 <= y <= 1e7:
        return Point(x, y)
    return Point(_number(x, *where), _number(y, *where))


def _number(value: Any, *where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ReadingFormatError(f"'{'.'.join(where)}'", f"holds {value!r}, which is not a number")
    if not math.isfinite(value) or abs(value) > 1e7:
        raise ReadingFormatError(
            f"'{'.'.join(where)}'", f"holds {value!r}, which cannot be a position"
        )
    return float(value)


def _covariance_in(value: Any, where: str, name: str) -> Covariance:
    if not isinstance(value, list) or len(value) != 2:
        raise ReadingFormatError(f"'{where}.{name}.covariance'", "must be a 2 x 2 list of numbers")
    first, second = (_point(row, where, name, "covariance") for row in value)
    return ((first.x, first.y), (second.x, second.y))
