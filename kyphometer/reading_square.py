"""The marks of a reading in square units: what facing and geometry checks look at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kyphometer.geometry import PixelGeometry, Point

if TYPE_CHECKING:
    from kyphometer.anatomy import Level
    from kyphometer.reading import Endplate, Reading, Vertebra


@dataclass(frozen=True, slots=True)
class SquarePlate:
    """An endplate in square units."""

    name: str
    anterior: Point
    posterior: Point
    middle: Point | None

    @property
    def vector(self) -> tuple[float, float]:
        """From posterior to anterior corner."""
        return (self.anterior.x - self.posterior.x, self.anterior.y - self.posterior.y)

    @property
    def length(self) -> float:
        """Distance between the corners."""
        return math.hypot(*self.vector)

    @property
    def centre(self) -> Point:
        """Half way between the corners."""
        a, p = self.anterior, self.posterior
        return Point((a.x + p.x) / 2, (a.y + p.y) / 2)


@dataclass(frozen=True, slots=True)
class SquareBody:
    """A marked vertebra in square units."""

    level: Level
    superior: SquarePlate | None
    inferior: SquarePlate | None

    @property
    def plates(self) -> tuple[SquarePlate, ...]:
        """The marked endplates, superior first."""
        return tuple(plate for plate in (self.superior, self.inferior) if plate is not None)

    @property
    def centre(self) -> Point:
        """Mean of the centres of its marked endplates."""
        centres = [plate.centre for plate in self.plates]
        return Point(
            sum(c.x for c in centres) / len(centres), sum(c.y for c in centres) / len(centres)
        )


def _square(endplate: Endplate | None, name: str, scale: tuple[float, float]) -> SquarePlate | None:
    if endplate is None:
        return None
    sx, sy = scale
    a, p, m = endplate.anterior.xy, endplate.posterior.xy, endplate.middle
    return SquarePlate(
        name,
        Point(a.x * sx, a.y * sy),
        Point(p.x * sx, p.y * sy),
        None if m is None else Point(m.xy.x * sx, m.xy.y * sy),
    )


def _body(vertebra: Vertebra, scale: tuple[float, float]) -> SquareBody:
    level = vertebra.level
    return SquareBody(
        level,
        _square(vertebra.superior, f"{level} superior endplate", scale),
        _square(vertebra.inferior, f"{level} inferior endplate", scale),
    )


def square_bodies(reading: Reading, geometry: PixelGeometry | None) -> list[SquareBody]:
    """Marked vertebrae, cranial to caudal, in mm if calibrated, else in pixel widths."""
    scale = (geometry or PixelGeometry()).scale
    return [_body(vertebra, scale) for vertebra in reading.vertebrae.values()]
