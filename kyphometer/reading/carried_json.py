"""What a reading knows about carried-over vertebrae, as JSON: the member `carried_over`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import LandmarkError, ReadingFormatError
from kyphometer.geometry import Point
from kyphometer.reading.carried import CarriedBody, CarriedLine
from kyphometer.reading.film_json import film_from_dict, film_to_dict
from kyphometer.reading.marks_json import json_object, json_point

_WHERE = "carried_over"
_CORNERS = ("anterior", "posterior")
_MOST = 1000


def carried_to_dict(carried: Mapping[Level, CarriedBody]) -> dict[str, Any]:
    """The member by level, ready for `json.dumps`; inverse of `carried_from_dict`."""
    ordered = sorted(carried.items(), key=lambda item: item[0].order)
    return {level.value: _body_out(body) for level, body in ordered}


def _body_out(body: CarriedBody) -> dict[str, Any]:
    lines = {
        side.value: _line_out(line)
        for side in EndplateSide
        if (line := body.line(side)) is not None
    }
    return {"from": film_to_dict(body.film), "correlation": body.correlation, **lines}


def _line_out(line: CarriedLine) -> dict[str, Any]:
    return {
        "change_sd_deg": line.change_sd_deg,
        "before": _corners_out(line.before),
        "here": _corners_out(line.here),
    }


def _corners_out(points: tuple[Point, Point]) -> dict[str, list[float]]:
    return {name: list(point) for name, point in zip(_CORNERS, points, strict=True)}


def carried_from_dict(value: Any) -> dict[Level, CarriedBody]:
    """The document's `carried_over` by level; empty if there is none.

    Raises
    ------
    ReadingFormatError, UnknownLevelError
        If a member is missing, of the wrong kind, or impossible; the sentence says which.
    """
    found: dict[Level, CarriedBody] = {}
    if value is None:
        return found
    for name, entry in json_object(value, f"'{_WHERE}'").items():
        level = Level.parse(name)
        where = f"{_WHERE}.{name}"
        if level in found:
            raise ReadingFormatError(f"'{where}'", "names a level that is already there")
        found[level] = _body_in(json_object(entry, f"'{where}'"), where)
    return found


def _body_in(entry: Mapping[str, Any], where: str) -> CarriedBody:
    try:
        return CarriedBody(
            film=film_from_dict(entry.get("from"), f"{where}.from"),
            superior=_line_in(entry.get("superior"), f"{where}.superior"),
            inferior=_line_in(entry.get("inferior"), f"{where}.inferior"),
            correlation=_number(entry, where, "correlation"),
        )
    except LandmarkError as error:
        raise ReadingFormatError(f"'{where}'", f"was refused: {error}".rstrip(".")) from None


def _line_in(value: Any, where: str) -> CarriedLine | None:
    if value is None:
        return None
    entry = json_object(value, f"'{where}'")
    return CarriedLine(
        change_sd_deg=_number(entry, where, "change_sd_deg"),
        before=_corners_in(entry.get("before"), f"{where}.before"),
        here=_corners_in(entry.get("here"), f"{where}.here"),
    )


def _corners_in(value: Any, where: str) -> tuple[Point, Point]:
    entry = json_object(value, f"'{where}'")
    anterior, posterior = (json_point(entry.get(name), where, name) for name in _CORNERS)
    return (anterior, posterior)


def _number(entry: Mapping[str, Any], where: str, name: str) -> float:
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ReadingFormatError(f"'{where}.{name}'", "must be a number")
    if not abs(value) <= _MOST:  # false for what is not a number, and safe for endless whole ones
        raise ReadingFormatError(f"'{where}.{name}'", f"must be a number from -{_MOST} to {_MOST}")
    return float(value)
