"""Places of the column that the whole-film detector leads to.

It says where bodies lie on the next film, not which. Every pair of a read body and a detected one
is asked whether it is the same; along each way of numbering the detected bodies these odds are
summed, and the column is grown from the surest pair of the best ways.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.carry.grow import grown, settled
from kyphometer.carry.recognise import same_body_odds
from kyphometer.carry.sight import Sight
from kyphometer.detect.model import detector_model
from kyphometer.detect.pyramid import Base
from kyphometer.detect.search import Column, find_column
from kyphometer.endplates.corners import square_factors
from kyphometer.film import Film
from kyphometer.geometry import Facing, PixelGeometry

Array = NDArray[np.float64]

WAYS = 3
"""Ways of numbering that are looked at closely."""


def found_columns(
    seen: Mapping[Level, Sight], film: Film, geometry: PixelGeometry, facing: Facing | None
) -> list[tuple[Facing, dict[Level, Sight | None]]]:
    """Places of a read column on the next film, and where anterior is in each.

    Parameters
    ----------
    seen
        The vertebrae of the read film, cranial to caudal.
    film, geometry
        The next film.
    facing
        Where anterior is on it, if that is known; else the detector says it.
    """
    base = Base.of_film(film, geometry)
    column = find_column(base, detector_model())
    if column is None:
        return []
    facing = facing or _facing(column)
    factors = square_factors(geometry)
    corners = [body.marked(facing) * base.step * factors for body in column.chain.bodies]
    there = [settled(film, factors, facing, four) for four in corners]
    odds = same_body_odds(seen, there)
    levels = list(seen)
    columns = []
    for shift in _ways(odds, column.chain.offsets):
        row, body = _surest(odds, column.chain.offsets, shift)
        sight = there[body]
        if sight is not None:
            columns.append((facing, grown(seen, levels[row], sight)))
    return columns


def _facing(column: Column) -> Facing:
    right = sum(body.right for body in column.chain.bodies)
    return Facing.RIGHT if right > 0 else Facing.LEFT


def _pairs(
    odds: Array, offsets: NDArray[np.int_], shift: int
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Rows and columns of the pairs of one way of numbering."""
    rows = offsets + shift
    inside = (rows >= 0) & (rows < len(odds))
    return rows[inside], np.flatnonzero(inside)


def _ways(odds: Array, offsets: NDArray[np.int_]) -> list[int]:
    """The ways of numbering with the highest sums of odds, best first."""
    shifts = range(-int(offsets[-1]), len(odds))
    sums = {shift: float(odds[_pairs(odds, offsets, shift)].sum()) for shift in shifts}
    return sorted((s for s in shifts if sums[s] > 0), key=lambda s: -sums[s])[:WAYS]


def _surest(odds: Array, offsets: NDArray[np.int_], shift: int) -> tuple[int, int]:
    rows, bodies = _pairs(odds, offsets, shift)
    best = int(odds[rows, bodies].argmax())
    return int(rows[best]), int(bodies[best])
