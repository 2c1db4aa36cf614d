"""Readings built by hand or by rule, for tests."""

from __future__ import annotations

import math

from kyphometer.anatomy import Level
from kyphometer.film import FilmReference
from kyphometer.geometry import Facing, Point
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra


def mark(x: float, y: float, **kwargs) -> Landmark:
    return Landmark(xy=Point(x, y), **kwargs)


def endplate(centre, angle_deg, length=200.0, facing=Facing.RIGHT, middle_depth=None, down=1):
    """An endplate whose posterior-to-anterior line falls by `angle_deg` below the horizontal."""
    a = math.radians(angle_deg)
    dx, dy = facing.sign * math.cos(a) * length / 2, math.sin(a) * length / 2
    middle = None
    if middle_depth is not None:
        nx, ny = -math.sin(a) * facing.sign, math.cos(a)
        middle = mark(centre[0] + down * middle_depth * nx, centre[1] + down * middle_depth * ny)
    return Endplate(
        anterior=mark(centre[0] + dx, centre[1] + dy),
        posterior=mark(centre[0] - dx, centre[1] - dy),
        middle=middle,
    )


def column(
    slopes: dict[str, tuple[float, float]],
    *,
    facing: Facing = Facing.RIGHT,
    fractured: tuple[str, ...] = (),
    body=160.0,
    disc=50.0,
    length=200.0,
    store_facing=False,
    middle_depth=None,
) -> Reading:
    """A straight column of vertebrae; `slopes` gives each endplate's fall towards anterior, deg."""
    vertebrae = {}
    y = 200.0
    for name, (superior, inferior) in slopes.items():
        level = Level(name)
        vertebrae[level] = Vertebra(
            level=level,
            superior=endplate((500.0, y), superior, length, facing, middle_depth, 1),
            inferior=endplate((500.0, y + body), inferior, length, facing, middle_depth, -1),
        )
        y += body + disc
    return Reading(
        film=FilmReference(rows=4000, columns=1000),
        vertebrae=vertebrae,
        facing=facing if store_facing else None,
        fractured_levels=tuple(Level(name) for name in fractured),
    )
