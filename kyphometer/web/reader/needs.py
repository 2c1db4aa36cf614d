"""Which endplates an angle still needs; measures nothing."""

from __future__ import annotations

from collections.abc import Iterator

from kyphometer.anatomy import EndplateSide, Level, neighbour
from kyphometer.measure import ANGLES
from kyphometer.measure.definitions import AngleDefinition, Line, LinePart
from kyphometer.reading import Reading

_SIDES = {
    LinePart.SUPERIOR: (EndplateSide.SUPERIOR,),
    LinePart.INFERIOR: (EndplateSide.INFERIOR,),
    LinePart.POSTERIOR_WALL: (EndplateSide.SUPERIOR, EndplateSide.INFERIOR),
}


def needed_endplates(reading: Reading, code: str) -> list[str]:
    """Endplates that are not marked yet, such as `T12.superior`; none for codes of no angle."""
    definition = ANGLES.get(code)
    return [] if definition is None else list(dict.fromkeys(_needs(reading, definition)))


def _needs(reading: Reading, definition: AngleDefinition) -> Iterator[str]:
    for line in (definition.upper, definition.lower):
        for level in _levels_of(reading, line):
            for side in _SIDES[line.part]:
                if reading.endplate(level, side) is None:
                    yield f"{level}.{side}"


def _levels_of(reading: Reading, line: Line) -> Iterator[Level]:
    if line.level is not None:
        yield line.level
    for fractured in reading.fractured_levels:
        level = neighbour(fractured, line.offset or 0, reading.levels)
        if line.level is None and level is not None:
            yield level
