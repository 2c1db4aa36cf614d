"""What several views of one film say together: bodies that are seen again, and how alike."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, log

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.detect.candidates import Candidate

Array = NDArray[np.float64]

CLOSE = 0.35
"""Two views show one body if its centres are closer than this part of a depth."""
ALIKE = 0.3
"""And if its depths differ by no more than this, as a logarithm."""


def clusters(views: Sequence[Sequence[Candidate]]) -> list[list[Candidate]]:
    """Candidates of all views, those of one body together, the likeliest body first."""
    every = sorted((c for view in views for c in view), key=lambda c: -c.chance)
    found: list[list[Candidate]] = []
    for candidate in every:
        for group in found:
            if _same(group[0], candidate):
                group.append(candidate)
                break
        else:
            found.append([candidate])
    return found


def _same(a: Candidate, b: Candidate) -> bool:
    if abs(log(a.depth / b.depth)) >= ALIKE:
        return False
    (x, y), (u, v) = a.centre, b.centre
    return hypot(x - u, y - v) < CLOSE * (a.depth + b.depth) / 2


def overlap(a: Array, b: Array) -> float:
    """Part of the smaller of two bodies that the other one covers; corners (4, 2) each."""
    one, other = (corners[[0, 1, 3, 2]].astype(np.float32) for corners in (a, b))
    common, _ = cv2.intersectConvexConvex(one, other)
    least = min(cv2.contourArea(one), cv2.contourArea(other))
    return float(common / max(least, 1e-6))


def likeliest(views: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    """Of each body the view that shows it best."""
    return [group[0] for group in clusters(views)]


def agreed(views: Sequence[Sequence[Candidate]]) -> list[Candidate]:
    """Each body as all views see it; one that does not see it counts with no probability."""
    return [_mean(group, len(views)) for group in clusters(views)]


def _mean(group: Sequence[Candidate], views: int) -> Candidate:
    """Corners in the middle of all views; their scatter widens the expected error."""
    weights = np.array([c.chance for c in group])
    weights /= weights.sum()
    corners = np.array([c.corners for c in group])
    middle = np.median(corners, axis=0)
    depth = group[0].depth
    scatter = float(np.hypot(*(corners - middle).T).mean()) / depth
    spread = float(weights @ [c.spread for c in group])
    return Candidate(
        corners=middle,
        chance=min(sum(c.chance for c in group) / views, 1.0),
        right=float(weights @ [c.right for c in group]),
        fractured=float(weights @ [c.fractured for c in group]),
        spread=float(np.hypot(spread, scatter)),
        levels=weights @ np.array([c.levels for c in group]),
    )
