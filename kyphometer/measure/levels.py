"""Which levels a measurement around a fracture uses."""

from __future__ import annotations

from dataclasses import dataclass

from kyphometer.anatomy import Level, are_adjacent, neighbour, spine
from kyphometer.errors import FracturedNeighbourError, MissingEndplateError
from kyphometer.messages import Word
from kyphometer.reading import Reading


@dataclass(frozen=True, slots=True)
class Fracture:
    """One fractured level, or a block of contiguous ones, cranial to caudal."""

    levels: tuple[Level, ...]

    @property
    def cranial(self) -> Level:
        """Its uppermost level."""
        return self.levels[0]

    @property
    def caudal(self) -> Level:
        """Its lowest level."""
        return self.levels[-1]


def fractures(reading: Reading, *, join: bool) -> tuple[Fracture, ...]:
    """Fractures of a reading, cranial to caudal.

    Parameters
    ----------
    reading
        The reading.
    join
        Take contiguous fractured levels as one block (one regional angle for the block).
    """
    blocks: list[tuple[Level, ...]] = []
    for level in reading.fractured_levels:
        if join and blocks and are_adjacent(blocks[-1][-1], level, _known(reading)):
            blocks[-1] = (*blocks[-1], level)
        else:
            blocks.append((level,))
    return tuple(Fracture(block) for block in blocks)


def _known(reading: Reading) -> set[Level]:
    """Levels whose existence the reading asserts: T13 and L6 only count if they are here."""
    return {*reading.vertebrae, *reading.fractured_levels}


def stand_ins(reading: Reading) -> tuple[Level, ...]:
    """Levels that stand in for a fractured or unmarked neighbour of a fracture, if that is allowed.

    Cranial to caudal; none where every neighbour is intact and marked.
    """
    known = _known(reading)
    found = {
        level
        for fracture in fractures(reading, join=False)
        for step in (-1, 1)
        if (level := stand_in(reading, fracture, step)) is not None
        and level != neighbour(fracture.levels[0], step, known)
    }
    return tuple(sorted(found, key=lambda level: level.order))


def stand_in(reading: Reading, fracture: Fracture, step: int) -> Level | None:
    """The nearest intact, marked level cranial (`step` -1) or caudal (+1), if there is one."""
    try:
        return intact_neighbour(reading, fracture, step, "", allow_next=True)
    except MissingEndplateError:
        return None


def intact_neighbour(
    reading: Reading, fracture: Fracture, step: int, measurement: str, *, allow_next: bool
) -> Level:
    """The intact level cranial (`step` -1) or caudal (+1) of a fracture.

    Parameters
    ----------
    reading
        The reading.
    fracture
        The fracture.
    step
        -1 for cranial, +1 for caudal.
    measurement
        Name for the sentence of a refusal.
    allow_next
        If the neighbour is fractured or not marked, take the next intact marked level beyond it;
        otherwise refuse.

    Raises
    ------
    FracturedNeighbourError
        If the neighbour is fractured and the next level is not allowed.
    MissingEndplateError
        If there is no such level, or it is not marked.
    """
    edge = fracture.cranial if step < 0 else fracture.caudal
    known = _known(reading)
    nearest = neighbour(edge, step, known)
    side = Word("word.cranial" if step < 0 else "word.caudal")
    if nearest is None:
        raise MissingEndplateError("no_intact_level", measurement=measurement, side=side, edge=edge)
    fractured = nearest in reading.fractured_levels
    if not fractured and nearest in reading.vertebrae:
        return nearest
    if not allow_next:
        if fractured:
            raise FracturedNeighbourError(measurement, nearest)
        raise MissingEndplateError("level_not_marked", measurement=measurement, level=nearest)
    beyond = [level for level in spine(known) if (level.order - edge.order) * step > 0]
    for level in sorted(beyond, key=lambda item: abs(item.order - edge.order)):
        if level in reading.vertebrae and level not in reading.fractured_levels:
            return level
    raise MissingEndplateError("no_intact_marked", measurement=measurement, side=side, edge=edge)
