"""Vertebral levels from C2 to S1, with the variants T13 and L6, and their neighbours."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from functools import cache

from kyphometer.errors import UnknownLevelError


class EndplateSide(Enum):
    """Which endplate of a vertebra."""

    SUPERIOR = "superior"
    INFERIOR = "inferior"

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return self.value


class Region(Enum):
    """Part of the spine."""

    CERVICAL = "cervical"
    THORACIC = "thoracic"
    LUMBAR = "lumbar"
    SACRAL = "sacral"


_REGIONS = {
    "C": Region.CERVICAL,
    "T": Region.THORACIC,
    "L": Region.LUMBAR,
    "S": Region.SACRAL,
}


class Level(Enum):
    """A vertebral level; members compare from cranial to caudal (`Level.T12 < Level.L1`)."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    C7 = "C7"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"
    T6 = "T6"
    T7 = "T7"
    T8 = "T8"
    T9 = "T9"
    T10 = "T10"
    T11 = "T11"
    T12 = "T12"
    T13 = "T13"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5 = "L5"
    L6 = "L6"
    S1 = "S1"

    def __init__(self, _name: str) -> None:
        self.order: int = len(type(self).__members__)
        """Position from cranial (0 for C1) to caudal."""

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return str(self.value)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Level):
            return NotImplemented
        return self.order < other.order

    def __le__(self, other: object) -> bool:
        return self is other or self < other

    def __gt__(self, other: object) -> bool:
        if not isinstance(other, Level):
            return NotImplemented
        return self.order > other.order

    def __ge__(self, other: object) -> bool:
        return self is other or self > other

    @property
    def region(self) -> Region:
        """The part of the spine it belongs to."""
        return _REGIONS[self.value[0]]

    @property
    def is_variant(self) -> bool:
        """True for T13 and L6, which most people do not have."""
        return self in (Level.T13, Level.L6)

    @classmethod
    def parse(cls, text: str) -> Level:
        """Level from text such as `T12`, `t12`, ` Th12 ` or `D12`.

        Raises
        ------
        UnknownLevelError
            If the text names no level from C1 to S1.
        """
        name = text.strip().upper()
        for prefix in ("TH", "D"):
            if name.startswith(prefix):
                name = "T" + name[len(prefix) :]
                break
        try:
            return cls(name)
        except ValueError:
            raise UnknownLevelError(text) from None


@cache
def _spine(t13: bool, l6: bool) -> tuple[Level, ...]:
    absent = ([] if t13 else [Level.T13]) + ([] if l6 else [Level.L6])
    return tuple(level for level in Level if level not in absent)


@cache
def _places(t13: bool, l6: bool) -> dict[Level, int]:
    return {level: place for place, level in enumerate(_spine(t13, l6))}


def levels_apart(upper: Level, lower: Level, marked: Collection[Level] = ()) -> int:
    """How many places `lower` lies caudal of `upper`; negative if cranial.

    T13 and L6 count as places only if they are among `marked` or asked about.

    Examples
    --------
    >>> levels_apart(Level.T12, Level.L1)
    1
    >>> levels_apart(Level.T12, Level.L1, marked={Level.T13})
    2
    """
    asked = (upper, lower)
    places = _places(
        Level.T13 in marked or Level.T13 in asked, Level.L6 in marked or Level.L6 in asked
    )
    return places[lower] - places[upper]


def spine(marked: Collection[Level] = ()) -> tuple[Level, ...]:
    """All levels of a person, cranial to caudal; T13 and L6 only if they are among `marked`."""
    return _spine(Level.T13 in marked, Level.L6 in marked)


def neighbour(level: Level, offset: int, marked: Collection[Level] = ()) -> Level | None:
    """Level `offset` places caudal (negative: cranial) of `level`, or None beyond C1 or S1.

    T13 and L6 count as places only if they are among `marked` (the levels of the reading), so that
    T12's caudal neighbour is L1 in most people.

    Examples
    --------
    >>> neighbour(Level.T12, 1)
    <Level.L1: 'L1'>
    >>> neighbour(Level.T12, 1, marked={Level.T13})
    <Level.T13: 'T13'>
    """
    levels = spine((*marked, level) if level.is_variant else marked)
    index = levels.index(level) + offset
    return levels[index] if 0 <= index < len(levels) else None


def are_adjacent(upper: Level, lower: Level, marked: Collection[Level] = ()) -> bool:
    """True if `lower` is the next level caudal of `upper`."""
    return levels_apart(upper, lower, marked) == 1
