"""Carry-over: the endplates read on the patient's film before, proposed on this one.

Only what is not marked yet is filled in. Runs in the decoding process: it reads two films and takes
about a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import KyphometerError
from kyphometer.geometry import PixelGeometry, Point
from kyphometer.messages import LANGUAGES, speaking
from kyphometer.reading import Reading
from kyphometer.reading.document import reading_from_dict, reading_to_dict
from kyphometer.web.pixels.decode_job import Refusal, decoded, refusal
from kyphometer.web.pixels.film_source import FilmSource
from kyphometer.web.reader.before import FilmBefore
from kyphometer.web.wire.marks import Carried

if TYPE_CHECKING:
    from kyphometer.carry import CarryOver


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOrder:
    """What is to be carried where.

    Attributes
    ----------
    document
        The draft of the film that is open; bound to that film.
    source, geometry
        That film.
    before
        The film before, and its reading.
    anchors
        About where bodies lie on the film that is open, as the reader says.
    language
        Of the sentences.
    """

    document: Mapping[str, Any]
    source: FilmSource
    geometry: PixelGeometry
    before: FilmBefore
    anchors: Mapping[Level, Point] = field(default_factory=dict)
    language: str = LANGUAGES[0]


def carry(order: CarryOrder) -> Carried | Refusal:
    """Propose endplates; `document`, `notes` (sentences) and `carried` (levels filled in)."""
    with speaking(order.language):
        return _carried(order)


def _carried(order: CarryOrder) -> Carried | Refusal:
    from kyphometer.carry import carry_over

    try:
        now = reading_from_dict(order.document, draft=True)
        carried = carry_over(
            *order.before.opened(),
            decoded(order.source),
            previous_geometry=order.before.geometry,
            geometry=order.geometry,
            facing=now.facing,
            anchors={**_anchors(now), **order.anchors} or None,
        )
    except (KyphometerError, OSError, MemoryError) as error:
        return refusal(error)
    return _answer(order.document, carried)


def _answer(document: Mapping[str, Any], carried: CarryOver) -> Carried:
    made = deepcopy(dict(document))
    proposed = reading_to_dict(carried.reading)
    filled = _fill(made, proposed["vertebrae"])
    if not made.get("fractured_levels"):
        made["fractured_levels"] = [level.value for level in carried.previous.fractured_levels]
    if made.get("facing") is None and carried.reading.facing is not None:
        made["facing"] = str(carried.reading.facing)
    changes = proposed.get("carried_over") or {}
    known = {level: changes[level] for level in filled if level in changes}
    made["carried_over"] = {**(made.get("carried_over") or {}), **known}
    notes = [*carried.warnings, *(item.told for item in carried.refused)]
    return Carried(document=made, notes=[str(note) for note in notes], carried=filled)


def _anchors(reading: Reading) -> dict[Level, Point]:
    """About where the bodies lie that are marked already; they settle which level is which."""
    found = {}
    for level, vertebra in reading.vertebrae.items():
        centres = [plate.centre for plate in vertebra.endplates.values()]
        if len(centres) == len(EndplateSide):
            x, y = (sum(values) / len(centres) for values in zip(*centres, strict=True))
            found[level] = Point(x, y)
    return found


def _fill(document: dict[str, Any], proposed: Mapping[str, Any]) -> list[str]:
    """Put proposed endplates where the document has none; which levels got something."""
    vertebrae = document.setdefault("vertebrae", {})
    filled = []
    for level, vertebra in proposed.items():
        entry = vertebrae.setdefault(level, {})
        for side, plate in vertebra.items():
            known = entry.get(side) or {}
            if not any(known.get(corner) for corner in ("anterior", "posterior", "middle")):
                entry[side] = plate
                filled.append(level)
    return list(dict.fromkeys(filled))
