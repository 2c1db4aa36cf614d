"""From maps to single bodies: peaks, with what the network says there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.detect.model import Maps
from kyphometer.geometry import Facing

Array = NDArray[np.float64]

LEAST = 0.05
"""Least probability of a peak."""
MANY = 90
"""No more bodies than this are looked at on one picture, the likeliest."""
CLOSE = 0.4
"""Of two bodies whose centres are closer than this part of a depth one is dropped."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """What may be a body.

    Attributes
    ----------
    corners
        Upper left, upper right, lower left, lower right corner, (4, 2), pixels (x, y).
    chance
        Probability that it is one.
    right, fractured
        Log odds that anterior is at the right, and that it has lost height.
    spread
        Expected error of a corner, as a part of the depth.
    levels
        Log probability of each level of `model.LEVELS`.
    """

    corners: Array
    chance: float
    right: float
    fractured: float
    spread: float
    levels: Array

    @cached_property
    def centre(self) -> Array:
        """Mean of the corners."""
        return np.asarray(self.corners.mean(axis=0))

    @cached_property
    def depth(self) -> float:
        """Mean length of both endplates."""
        upper, lower = self.corners[1] - self.corners[0], self.corners[3] - self.corners[2]
        return float(np.hypot(*upper) + np.hypot(*lower)) / 2

    @cached_property
    def height(self) -> float:
        """Mean length of both walls."""
        left, right = self.corners[2] - self.corners[0], self.corners[3] - self.corners[1]
        return float(np.hypot(*left) + np.hypot(*right)) / 2

    def marked(self, facing: Facing) -> Array:
        """Superior anterior, superior posterior, inferior anterior, inferior posterior corner."""
        return self.corners[[1, 0, 3, 2]] if facing is Facing.RIGHT else self.corners

    def moved(self, matrix: Array) -> Candidate:
        """The same after an affine map, shape (2, 3)."""
        corners, right = self.corners @ matrix[:, :2].T + matrix[:, 2], self.right
        if np.linalg.det(matrix[:, :2]) < 0:
            corners, right = corners[[1, 0, 3, 2]], -right
        return replace(self, corners=corners, right=right)


def candidates(maps: Maps) -> list[Candidate]:
    """Every body that a picture may show, the likeliest first."""
    found = [_candidate(maps, y, x) for y, x in peaks(maps.body)]
    kept: list[Candidate] = []
    for body in sorted((b for b in found if _plausible(b)), key=lambda b: -b.chance):
        if len(kept) == MANY:
            break
        if all(np.hypot(*(body.centre - k.centre)) > CLOSE * k.depth for k in kept):
            kept.append(body)
    return kept


def peaks(heat: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Cells that no neighbour exceeds and that reach `LEAST`."""
    most = cv2.dilate(heat, np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero((heat >= most) & (heat > LEAST))
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _candidate(maps: Maps, y: int, x: int) -> Candidate:
    return Candidate(
        corners=maps.corners[:, :, y, x].astype(np.float64),
        chance=float(maps.body[y, x]),
        right=float(maps.right[y, x]),
        fractured=float(maps.fractured[y, x]),
        spread=float(maps.spread[y, x]),
        levels=maps.levels[:, y, x].astype(np.float64),
    )


def _plausible(body: Candidate) -> bool:
    """Convex, not inside out, and neither a needle nor a plate."""
    a, b, d, c = body.corners
    loop = np.array([a, b, c, d])
    sides = np.roll(loop, -1, axis=0) - loop
    turns = sides[:, 0] * np.roll(sides[:, 1], -1) - sides[:, 1] * np.roll(sides[:, 0], -1)
    return bool((turns > 0).all()) and 0.25 < body.height / max(body.depth, 1e-6) < 1.8
