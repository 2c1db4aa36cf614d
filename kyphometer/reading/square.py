"""The marks of a reading in square units: what facing and geometry checks look at."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.geometry import PixelGeometry, Point
from kyphometer.reading.model import Reading, Vertebra


@dataclass(frozen=True, slots=True)
class SquarePlate:
    """An endplate in square units.

    Attributes
    ----------
    level, side
        Which endplate it is.
    anterior, posterior, middle
        Its points.
    vector
        From posterior to anterior corner.
    length
        Distance between the corners.
    centre
        Half way between the corners.
    """

    level: Level
    side: EndplateSide
    anterior: Point
    posterior: Point
    middle: Point | None
    vector: tuple[float, float]
    length: float
    centre: Point

    @property
    def name(self) -> str:
        """For sentences, for example `L1 superior endplate`."""
        return f"{self.level} {self.side} endplate"


@dataclass(frozen=True, slots=True)
class SquareBody:
    """A marked vertebra in square units.

    Attributes
    ----------
    level
        Which one.
    superior, inferior
        Its endplates, None where not marked.
    plates
        The marked ones, superior first.
    centre
        Mean of their centres.
    """

    level: Level
    superior: SquarePlate | None
    inferior: SquarePlate | None
    plates: tuple[SquarePlate, ...]
    centre: Point


def _square(
    vertebra: Vertebra, side: EndplateSide, scale: tuple[float, float]
) -> SquarePlate | None:
    endplate = vertebra.superior if side is EndplateSide.SUPERIOR else vertebra.inferior
    if endplate is None:
        return None
    sx, sy = scale
    (ax, ay), (px, py), middle = endplate.anterior.xy, endplate.posterior.xy, endplate.middle
    ax, ay, px, py = ax * sx, ay * sy, px * sx, py * sy
    return SquarePlate(
        level=vertebra.level,
        side=side,
        anterior=Point(ax, ay),
        posterior=Point(px, py),
        middle=None if middle is None else Point(middle.xy.x * sx, middle.xy.y * sy),
        vector=(ax - px, ay - py),
        length=math.hypot(ax - px, ay - py),
        centre=Point((ax + px) / 2, (ay + py) / 2),
    )


def _body(vertebra: Vertebra, scale: tuple[float, float]) -> SquareBody | None:
    """The vertebra in square units; None if neither endplate is marked."""
    superior = _square(vertebra, EndplateSide.SUPERIOR, scale)
    inferior = _square(vertebra, EndplateSide.INFERIOR, scale)
    if superior is not None and inferior is not None:
        (x, y), (u, v) = superior.centre, inferior.centre
        middle = Point((x + u) / 2, (y + v) / 2)
        return SquareBody(vertebra.level, superior, inferior, (superior, inferior), middle)
    only = superior or inferior
    if only is None:
        return None
    return SquareBody(vertebra.level, superior, inferior, (only,), only.centre)


def square_bodies(reading: Reading, geometry: PixelGeometry | None) -> list[SquareBody]:
    """Marked vertebrae, cranial to caudal, in mm if calibrated, else in pixel widths."""
    scale = (geometry or PixelGeometry()).scale
    bodies = (_body(vertebra, scale) for vertebra in reading.vertebrae.values())
    return [body for body in bodies if body is not None]
