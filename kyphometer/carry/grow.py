"""From one body that is known on the next film to all others, each from the one before it.

Where one body lies is enough: its neighbour lies across a disc that hardly changes, so the endplate
that faces it says where it is. What brings correlation of pictures to nothing (other looks, screws,
another pose) does not matter, for every body is seen by the network where it must be.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.carry.sight import Sight, look
from kyphometer.film import Film
from kyphometer.geometry import Facing

Array = NDArray[np.float64]

MIRROR = np.array((-1.0, 1.0))


def settled(film: Film, factors: Array, facing: Facing, corners: Array) -> Sight | None:
    """What is seen of a body that lies about there, looked at again where it was seen."""
    first = look(film, factors, facing, corners)
    return None if first is None else look(film, factors, facing, first.own)


def at_point(seen: Sight, film: Film, factors: Array, facing: Facing, at: Array) -> Sight | None:
    """A body whose middle lies about at a point of the next film (square units), as it was turned.

    Parameters
    ----------
    seen
        The body on the read film.
    film, factors, facing
        The next film, its square units a pixel, where anterior is on it.
    at
        Shape (2,).
    """
    corners = (seen.own - seen.own.mean(axis=0)) * _mirror(seen, facing)
    return settled(film, factors, facing, at + corners)


def grown(seen: Mapping[Level, Sight], level: Level, found: Sight) -> dict[Level, Sight | None]:
    """Every body of the read film on the next one, from one of them.

    Parameters
    ----------
    seen
        The vertebrae of the read film, cranial to caudal.
    level, found
        One of them, and what is seen of it on the next film.

    Returns
    -------
    sights
        By level, cranial to caudal; None where the film ends, and beyond.
    """
    levels = list(seen)
    at = levels.index(level)
    sights: dict[Level, Sight | None] = dict.fromkeys(levels)
    sights[level] = found
    for way, path in ((-1, levels[at::-1]), (1, levels[at:])):
        here: Sight | None = found
        for before, after in pairwise(path):
            if here is None:
                break
            expected = _beside(seen[before], seen[after], here, way)
            here = settled(found.film, found.factors, found.facing, expected)
            here = here if here is not None and here.inside_film else None
            sights[after] = here
    return sights


def _beside(seen: Sight, other: Sight, found: Sight, way: int) -> Array:
    """Where another body lies on the next film: as it lay from the endplate that faces it."""
    rows = [0, 1] if way < 0 else [2, 3]
    mirror = _mirror(seen, found.facing)
    turn = _turn_and_growth(seen.own * mirror, found.own)
    away = (other.own - seen.own[rows].mean(axis=0)) * mirror @ np.array((1.0, 1.0j)) * turn
    expected: Array = found.own[rows].mean(axis=0) + np.stack((away.real, away.imag), axis=1)
    return expected


def _mirror(seen: Sight, facing: Facing) -> Array:
    return np.ones(2) if seen.facing is facing else MIRROR


def _turn_and_growth(before: Array, after: Array) -> complex:
    """The turn and growth between two sets of corners, as a complex factor."""
    p, q = ((corners - corners.mean(axis=0)) @ np.array((1.0, 1.0j)) for corners in (before, after))
    return complex(np.vdot(p, q) / np.vdot(p, p).real)
