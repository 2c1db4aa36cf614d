"""What the shape of a column says about its levels: heights, discs and curvature.

Means and SDs of each level, rounded, of the columns that `training/make_whole.py` puts together
from real outlines (T4 to L5 measured on lateral films of adults, the rest after them).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kyphometer.detect.candidates import Candidate

Array = NDArray[np.float64]

MEANS = np.array(
    [
        # logarithm of height by depth, disc height by depth, kyphosis across the disc (degrees)
        (-0.20, 0.25, -1.0),  # C7
        (-0.18, 0.23, 1.5),
        (-0.19, 0.19, 1.5),
        (-0.22, 0.16, 1.5),
        (-0.30, 0.14, -0.7),  # T4
        (-0.32, 0.135, -0.6),
        (-0.34, 0.135, -0.5),
        (-0.36, 0.14, -1.0),
        (-0.375, 0.145, -1.8),  # T8
        (-0.37, 0.15, -2.6),
        (-0.336, 0.17, -3.2),
        (-0.295, 0.19, -3.5),
        (-0.24, 0.21, -4.6),  # T12
        (-0.20, 0.24, -6.0),
        (-0.206, 0.265, -7.5),
        (-0.225, 0.28, -8.6),
        (-0.24, 0.29, -9.8),
        (-0.25, np.nan, np.nan),  # L5
    ]
)
SDS = np.array((0.16, 0.07, 6.0))
SHARE = 0.5
"""Part of each joint's log odds that counts: those of one person are alike."""
MOST = 3.0
"""No feature of a body counts as further off than this many SDs."""


def shape_odds(bodies: Sequence[Candidate], gaps: Sequence[bool], sign: int) -> Array:
    """Log odds of each body being each level, shape (bodies, levels).

    Parameters
    ----------
    bodies
        Cranial to caudal.
    gaps
        Whether the next body is hidden, so that no disc is seen below this one.
    sign
        +1 if anterior is at image right.
    """
    odds = np.zeros((len(bodies), len(MEANS)))
    for at, body in enumerate(bodies):
        seen = np.full(3, np.nan)
        seen[0] = np.log(body.height / body.depth)
        if at + 1 < len(bodies) and not gaps[at]:
            seen[1:] = _disc(body, bodies[at + 1], sign)
        off = np.clip((seen - MEANS) / SDS, -MOST, MOST)
        odds[at] = -SHARE * np.nansum(off**2, axis=1) / 2
    return odds


def _disc(upper: Candidate, lower: Candidate, sign: int) -> tuple[float, float]:
    """Height by depth and kyphosis of the disc between two bodies."""
    inferior, superior = upper.corners[3] - upper.corners[2], lower.corners[1] - lower.corners[0]
    along = inferior / np.hypot(*inferior) + superior / np.hypot(*superior)
    along /= np.hypot(*along)
    step = lower.corners[:2].mean(axis=0) - upper.corners[2:].mean(axis=0)
    height = float(step @ (-along[1], along[0])) * 2 / (upper.depth + lower.depth)
    cross = float(inferior[0] * superior[1] - inferior[1] * superior[0])
    return height, -sign * float(np.degrees(np.arctan2(cross, inferior @ superior)))
