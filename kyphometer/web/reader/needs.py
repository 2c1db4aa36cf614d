"""Which endplates an angle still needs, and whether another level may help; measures nothing."""

from __future__ import annotations

from collections.abc import Iterator

from kyphometer.anatomy import EndplateSide, Level, neighbour
from kyphometer.measure import ANGLES
from kyphometer.measure.definitions import AngleDefinition, Line, LinePart
from kyphometer.measure.levels import fractures, stand_in
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
        return
    step = line.offset or 0
    for fracture in fractures(reading, join=reading.next_intact and step != 0):
        edge = fracture.cranial if step < 0 else fracture.caudal
        level = stand_in(reading, fracture, step) if step and reading.next_intact else None
        level = level or neighbour(edge, step, reading.levels)
        if level is not None:
            yield level


def next_intact_helps(reading: Reading, code: str) -> bool:
    """Whether an angle that is refused could be given if the next intact level were allowed."""
    definition = ANGLES.get(code)
    if definition is None or reading.next_intact or not reading.fractured_levels:
        return False
    steps = [line for line in (definition.upper, definition.lower) if line.offset]
    return bool(steps) and all(
        level is not None and all(reading.endplate(level, side) for side in _SIDES[line.part])
        for line in steps
        for fracture in fractures(reading, join=True)
        for level in (stand_in(reading, fracture, line.offset or 0),)
    )
