"""The marks of a reading as JSON: vertebrae, endplates, landmarks, and checked members.

Thousands of readings a second pass through here, hence the hand-written checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from kyphometer.anatomy import Level
from kyphometer.errors import LandmarkError, ReadingFormatError
from kyphometer.geometry import Point
from kyphometer.reading.model import Covariance, Endplate, Landmark, MarkSource, Vertebra

_Choice = TypeVar("_Choice", bound=StrEnum)

_CORNERS = ("anterior", "middle", "posterior")
_CORNER_SET = frozenset(_CORNERS)
_SIDE_SET = frozenset({"superior", "inferior"})


def json_object(value: Any, where: str) -> Mapping[str, Any]:
    """A member that must be a JSON object.

    Raises
    ------
    ReadingFormatError
        If it is something else; `where` names it in the sentence.
    """
    if not isinstance(value, dict):
        raise ReadingFormatError(where, "must be a JSON object")
    return value


def json_text(value: Any, where: str) -> str | None:
    """A member that must be text or absent.

    Raises
    ------
    ReadingFormatError
        If it is something else; `where` names it in the sentence.
    """
    if value is not None and not isinstance(value, str):
        raise ReadingFormatError(where, "must be text")
    return value


def json_choice(kind: type[_Choice], value: Any, where: str) -> _Choice | None:
    """A member that must be one of an enumeration's values or absent.

    Raises
    ------
    ReadingFormatError
        If it is something else; `where` names it in the sentence.
    """
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        names = ", ".join(f"'{member}'" for member in kind)
        raise ReadingFormatError(where, f"is {value!r}, not one of {names}") from None


def vertebra_to_dict(vertebra: Vertebra) -> dict[str, Any]:
    """A vertebra as in the document's `vertebrae`, marked endplates only."""
    return {
        side.value: {
            "anterior": landmark_to_dict(plate.anterior),
            "middle": None if plate.middle is None else landmark_to_dict(plate.middle),
            "posterior": landmark_to_dict(plate.posterior),
        }
        for side, plate in vertebra.endplates.items()
    }


def landmark_to_dict(mark: Landmark) -> dict[str, Any]:
    """A landmark as in the document."""
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


def vertebrae_from_dict(value: Any, *, draft: bool) -> dict[Level, Vertebra]:
    """The document's `vertebrae` by level.

    Parameters
    ----------
    value
        What the document holds.
    draft
        Leave out endplates that lack a corner instead of refusing them.

    Raises
    ------
    ReadingFormatError, UnknownLevelError
        If a member is missing, of the wrong kind, or impossible; the sentence says which.
    """
    vertebrae: dict[Level, Vertebra] = {}
    for name, entry in json_object(value, "'vertebrae'").items():
        level = Level.parse(name)
        if level in vertebrae:
            raise ReadingFormatError(f"'vertebrae.{name}'", "names a level that is already there")
        vertebra = _vertebra_in(level, entry, draft=draft)
        if vertebra is not None:
            vertebrae[level] = vertebra
    return vertebrae


def _vertebra_in(level: Level, value: Any, *, draft: bool) -> Vertebra | None:
    name = level.value
    entry = json_object(value, f"'vertebrae.{name}'")
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
    entry = json_object(value, f"'{where}'")
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
            xy=json_point(get("xy"), where, name, "xy"),
            covariance=None if covariance is None else _covariance_in(covariance, where, name),
            source=_source_in(source, where, name),
            raw=None if raw is None else json_point(raw, where, name, "raw"),
            method=json_text(get("method"), "'method' of a landmark"),
            note=json_text(note, "'note' of a landmark") or "",
        )
    except LandmarkError as error:
        raise ReadingFormatError(f"'{where}.{name}'", f"was refused: {error}".rstrip(".")) from None


_SOURCES: Mapping[Any, MarkSource] = {None: MarkSource.HAND, **{str(s): s for s in MarkSource}}


def _source_in(value: Any, where: str, name: str) -> MarkSource:
    if value is None or isinstance(value, str):
        known = _SOURCES.get(value)
        if known is not None:
            return known
    return json_choice(MarkSource, value, f"'{where}.{name}.source'") or MarkSource.HAND


def json_point(value: Any, *where: str) -> Point:
    """A member that must be a position: a list of two finite numbers.

    Raises
    ------
    ReadingFormatError
        If it is something else; `where` names it in the sentence, joined by points.
    """
    if not isinstance(value, list) or len(value) != 2:
        raise ReadingFormatError(f"'{'.'.join(where)}'", "must be a list of two numbers")
    x, y = value
    if type(x) is float and type(y) is float and -1e7 <= x <= 1e7 and -1e7 <= y <= 1e7:
        return Point(x, y)
    return Point(_number(x, *where), _number(y, *where))


def _number(value: Any, *where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ReadingFormatError(f"'{'.'.join(where)}'", f"holds {value!r}, which is not a number")
    if not abs(value) <= 1e7:  # false for what is not a number, and safe for endless whole ones
        raise ReadingFormatError(
            f"'{'.'.join(where)}'", f"holds {value!r}, which cannot be a position"
        )
    return float(value)


def _covariance_in(value: Any, where: str, name: str) -> Covariance:
    if not isinstance(value, list) or len(value) != 2:
        raise ReadingFormatError(f"'{where}.{name}.covariance'", "must be a 2 x 2 list of numbers")
    first, second = (json_point(row, where, name, "covariance") for row in value)
    return ((first.x, first.y), (second.x, second.y))
