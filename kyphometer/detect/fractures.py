"""Which body seems to have lost height, and why it is thought so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.messages import Word

Array = NDArray[np.float64]

LOSS = 0.2
"""Least loss of height that is suggested (Genant's grade 1 begins there)."""
NEIGHBOURS = 2
"""Bodies above and below that it is compared with."""


@dataclass(frozen=True, slots=True)
class FractureSuggestion:
    """A level that may be fractured.

    Attributes
    ----------
    level
        Which.
    loss
        Part of the height lost, against its own posterior wall or its neighbours' anterior one.
    reason
        What was seen, in words.
    """

    level: Level
    loss: float
    reason: Word


def suggest_fractures(
    levels: Sequence[Level], corners: Sequence[Array]
) -> tuple[FractureSuggestion, ...]:
    """Bodies that lost a fifth of their height or more, the worst first.

    Parameters
    ----------
    levels
        Of the bodies, cranial to caudal.
    corners
        Superior anterior, superior posterior, inferior anterior, inferior posterior, (4, 2), square
        units.
    """
    front = np.array([np.hypot(*(c[2] - c[0])) for c in corners])
    back = np.array([np.hypot(*(c[3] - c[1])) for c in corners])
    found = []
    for at, level in enumerate(levels):
        near = [n for n in range(at - NEIGHBOURS, at + NEIGHBOURS + 1) if n != at]
        near = [n for n in near if 0 <= n < len(levels)]
        if not near:
            continue
        wedge = 1 - front[at] / back[at]
        against = 1 - front[at] / float(np.median(front[near]))
        loss = float(max(wedge, against))
        if loss >= LOSS and min(wedge, against) > 0.05:
            reason = Word("detect.fracture", {"wedge": 100 * wedge, "against": 100 * against})
            found.append(FractureSuggestion(level, loss, reason))
    return tuple(sorted(found, key=lambda item: -item.loss))
