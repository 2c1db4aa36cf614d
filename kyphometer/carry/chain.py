"""Whether bodies that were found on the next film keep their distances to each other."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level, spine

Array = NDArray[np.float64]

MOST_OUT_OF_STEP = 0.6
"""Part of the way from one body to the next by which two bodies may have come nearer or further.

A body mistaken for its neighbour is off by the whole of it; a fractured body of the upper thoracic
spine that gets half of its height back moves its neighbours by 0.45.
"""
MOST_STEPS = 3
"""Bodies further apart are not compared: a small error of the scale adds up along the column."""


def out_of_step(
    before: Mapping[Level, Array], after: Mapping[Level, Array], scale: float
) -> tuple[Level, ...]:
    """Bodies that do not keep their distances to the others.

    Parameters
    ----------
    before, after
        Centres on both films by level, shape (2,), each in units that are the same along x and y.
    scale
        Size of a unit of `before` in units of `after`.

    Returns
    -------
    levels
        The fewest bodies without which all others keep their distances; both of two that
        contradict each other alone.
    """
    column = spine(before)
    left = set(before) & set(after)
    gone: list[Level] = []
    while True:
        pairs = [
            (first, second)
            for first, second in combinations(sorted(left), 2)
            if (steps := column.index(second) - column.index(first)) <= MOST_STEPS
            and _excess(before[second] - before[first], after[second] - after[first], scale)
            > MOST_OUT_OF_STEP / steps
        ]
        if not pairs:
            return tuple(sorted(gone))
        blamed = {level: sum(level in pair for pair in pairs) for level in left}
        most = max(blamed.values())
        worst = [level for level in sorted(left) if blamed[level] == most]
        left -= set(worst)
        gone += worst


def _excess(was: Array, now: Array, scale: float) -> float:
    """How much a distance changed, as a part of it."""
    before, after = float(np.hypot(*was)), float(np.hypot(*now)) / scale
    return abs(after - before) / max(before, 1e-9)
