"""What a carry-over knows about the change, kept in the document's member `carried`.

How far an angle turned from film to film is known better than from two readings made apart, because
both marks of a line share the same anatomy; but only as long as the proposals were not moved.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

from kyphometer.anatomy import EndplateSide, Level, are_adjacent
from kyphometer.errors import KyphometerError, UnknownLevelError
from kyphometer.reading import MarkSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kyphometer.endplates import CarryOver
    from kyphometer.reading import Reading

    Member = dict[str, Any]

MAX_CHANGES = 200


def carried_member(carried: CarryOver) -> Member:
    """Which film the marks come from, and the uncertainty of each change near the fracture."""
    from kyphometer.endplates import change_with_uncertainty

    film = carried.previous.film
    levels = {item.level for item in carried.vertebrae}
    near = [level for level in levels if _is_near(level, carried.previous)]
    lines = [(level, side) for level in sorted(near) for side in EndplateSide]
    changes = []
    for upper, lower in combinations(lines, 2):
        try:
            change = change_with_uncertainty(carried, upper, lower)
        except KyphometerError:
            continue
        changes.append(
            {
                "upper": f"{upper[0]}.{upper[1]}",
                "lower": f"{lower[0]}.{lower[1]}",
                "standard_uncertainty_deg": change.standard_uncertainty,
            }
        )
    source = {
        "sop_instance_uid": film.sop_instance_uid,
        "frame": film.frame,
        "sha256_pixels": film.sha256_pixels,
    }
    return {"from": source, "changes": changes}


def _is_near(level: Level, reading: Reading) -> bool:
    """True for fractured levels and their neighbours."""
    marked = reading.levels
    return any(
        level is fractured
        or are_adjacent(level, fractured, marked)
        or are_adjacent(fractured, level, marked)
        for fractured in reading.fractured_levels
    )


def usable_member(value: Any) -> Member | None:
    """The member as it may be kept: of its known shape and size, or None."""
    if not isinstance(value, dict) or not isinstance(value.get("from"), dict):
        return None
    changes = value.get("changes")
    if not isinstance(changes, list) or len(changes) > MAX_CHANGES:
        return None
    kept = [item for item in changes if _is_change(item)]
    known = ("sop_instance_uid", "frame", "sha256_pixels")
    source = {name: value["from"].get(name) for name in known}
    if not all(isinstance(item, str | int | None) for item in source.values()):
        return None
    names = ("upper", "lower", "standard_uncertainty_deg")
    return {"from": source, "changes": [{name: item[name] for name in names} for item in kept]}


def _is_change(item: Any) -> bool:
    if not isinstance(item, dict):
        return False
    number = item.get("standard_uncertainty_deg")
    lines = (item.get("upper"), item.get("lower"))
    return (
        isinstance(number, float)
        and math.isfinite(number)
        and 0 < number < 90
        and all(isinstance(line, str) and len(line) < 20 for line in lines)
    )


def correlated_uncertainties(
    document: Mapping[str, Any], reading: Reading, before: Mapping[str, Any]
) -> dict[tuple[str, str], float]:
    """Standard uncertainty of the change in degrees, by the two lines, where it still holds.

    Parameters
    ----------
    document
        The document of the film that is open.
    reading
        Its reading.
    before
        The confirmed document of the film before; it must be the one that was carried over.
    """
    member = usable_member(document.get("carried"))
    if member is None:
        return {}
    film = before.get("film") or {}
    if any(film.get(name) != value for name, value in member["from"].items()):
        return {}
    return {
        (item["upper"], item["lower"]): item["standard_uncertainty_deg"]
        for item in member["changes"]
        if _is_untouched(reading, item["upper"]) and _is_untouched(reading, item["lower"])
    }


def _is_untouched(reading: Reading, line: str) -> bool:
    """True if both corners of that endplate lie where the carry-over put them."""
    name, _, part = line.partition(".")
    try:
        level = Level.parse(name)
    except UnknownLevelError:
        return False
    found = {(marked, str(side)): plate for marked, side, plate in reading.endplates()}
    plate = found.get((level, part))
    return plate is not None and all(
        mark.source is MarkSource.CARRIED for mark in (plate.anterior, plate.posterior)
    )
