"""The refiner without a learned part: paths along the borders, rim corners where they meet.

For each border the cheapest path is sought on a saturating map of edges and cortical ridges; a
redescending fit with a term for the concavity is laid through it. The rim corner is where the fit
of the endplate and the fit of the wall meet, and the endplate line is the chord of these corners,
never a line through the concave floor. It is the fallback where the network cannot be used, and the
cross-check where it can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.corners import line_directions_deg, wrap_deg
from kyphometer.endplates.crop import Window
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.paths import cheapest_paths, sub_sample, tukey_fit
from kyphometer.endplates.strips import (
    BORDERS,
    COLUMNS,
    REACH,
    ROWS,
    across,
    along,
    edge_maps,
    normals,
    sample_strips,
)

Array = NDArray[np.float64]
Image = NDArray[np.float32]

METHOD = "rim-path 2"
"""Name and version stored with every mark."""
PIXELS = 160
"""Side of the crop that strips are read from, in pixels."""
DEPTHS = 2.0
"""Side of that crop in body depths."""
CLICK_SD = 0.055
"""SD of the clicks that the path expects, in body depths (1.7 mm)."""
STEP_COST = 0.05
"""Cost of a climb by one row."""
INFLATION = 2.2
"""Real over formal SD of the fits: neighbouring profiles share anatomy (measured by simulation)."""
HONEST_SHARES = np.array([0.75, 0.38, 1.94])
"""Weights of the squares of formal SD, second turn and weakness in the honest variance."""
LEAST_SD = 0.012
"""SD of a corner that is never undercut, in body depths (0.4 mm)."""
_BORDERS_OF = [[b for b, pair in enumerate(BORDERS) if corner in pair] for corner in range(4)]
"""The endplate and the wall that meet at each corner."""
_ENDS_OF = [[BORDERS[b].index(corner) for b in _BORDERS_OF[corner]] for corner in range(4)]
"""Which end of each of them the corner is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassicalCorners:
    """What the classical refiner found, in the frame it was given.

    Attributes
    ----------
    corners
        Shape (4, 2).
    covariances
        Shape (4, 2, 2).
    moved_deg
        How far the second pass turned each endplate against the first, shape (2,).
    """

    corners: Array
    covariances: Array
    moved_deg: Array


def refine_classically(window: Window, frame: VertebraFrame, corners: Array) -> ClassicalCorners:
    """Rim corners near the given ones, all in the frame's units."""
    crop = window.crop(frame, PIXELS, DEPTHS)
    first = _one_pass(sample_strips(crop, DEPTHS, corners), corners, CLICK_SD)
    second = refine_once(sample_strips(crop, DEPTHS, first.corners), first.corners)
    turned = line_directions_deg(second.corners) - line_directions_deg(first.corners)
    return replace(second, moved_deg=np.abs(wrap_deg(turned)))


def path_line_sd_deg(formal_deg: Array, moved_deg: Array, strength: Array) -> Array:
    """Honest SD of the path refiner's lines.

    How well a path fits does not tell whether it follows the right one of several contours. So what
    the second pass still moved and how weak the endplate is are added in quadrature, with weights
    that make 95 % intervals cover 95 % of the errors on simulated films of all five conditions.

    Parameters
    ----------
    formal_deg
        From the fits.
    moved_deg
        See `ClassicalCorners`.
    strength
        See `PlateEvidence`.
    """
    weak = 10.0 / np.clip(strength, 3.0, 40.0)
    parts = np.array([formal_deg, np.minimum(moved_deg, 4.0), weak])
    sd: Array = np.sqrt(HONEST_SHARES @ parts**2)
    return sd


def refine_once(strips: Image, corners: Array) -> ClassicalCorners:
    """One pass near corners that are already good, on the strips along their borders."""
    return _one_pass(strips, corners, CLICK_SD / 2)


def _one_pass(strips: Image, corners: Array, click_sd: float) -> ClassicalCorners:
    evidence = edge_maps(strips)
    far = (across() / click_sd) ** 2 / 2
    cost = (1.5 + 0.12 * far)[:, None] - evidence
    rows = cheapest_paths(cost, STEP_COST)
    heights = (sub_sample(evidence, rows) / (ROWS - 1) * 2 - 1) * REACH
    found = evidence[np.arange(len(rows))[:, None], rows, np.arange(COLUMNS)].astype(np.float64)
    basis, inside = _shape_terms()
    fits, covariances, _ = tukey_fit(basis, heights, inside * (0.05 + found))
    ends, spreads = _ends(fits[:, :2], covariances[:, :2, :2])
    out = normals(corners)
    return ClassicalCorners(
        corners=_meeting_points(corners, out, ends),
        covariances=_corner_covariances(out, spreads),
        moved_deg=np.zeros(2),
    )


@cache
def _shape_terms() -> tuple[Array, Array]:
    """Terms of a border's shape, shape (COLUMNS, 4), and how far each profile counts.

    Height, slope, concavity and its skewness; less weight beyond the corners.
    """
    tau = 2 * along() - 1
    bulge = 1 - tau**2
    basis = np.stack((np.ones_like(tau), tau, bulge, bulge * tau), axis=1)
    return basis, np.where(np.abs(tau) <= 1.0, 1.0, 0.3)


def _ends(fits: Array, covariances: Array) -> tuple[Array, Array]:
    """Height of each fitted border at its two corners, and its SD there; shapes (4, 2)."""
    at = np.array([[1.0, -1.0], [1.0, 1.0]])
    heights = fits @ at.T
    variances = ((at @ covariances) * at).sum(axis=2)
    return heights, np.hypot(INFLATION * np.sqrt(np.maximum(variances, 0.0)), LEAST_SD)


def _meeting_points(corners: Array, out: Array, ends: Array) -> Array:
    """Corners moved so that each lies on its endplate's fit and on its wall's fit.

    Borders that are nearly parallel (singular values below a fifth) move it across both only.
    """
    inverse = np.linalg.pinv(out[_BORDERS_OF], rcond=0.2)
    moved: Array = corners + (inverse @ ends[_BORDERS_OF, _ENDS_OF][..., None])[..., 0]
    return moved


def _corner_covariances(out: Array, spreads: Array) -> Array:
    """Covariance of each corner: its endplate's spread across, its wall's spread along."""
    scaled = out[_BORDERS_OF] * spreads[_BORDERS_OF, _ENDS_OF][..., None]
    covariances: Array = scaled.transpose(0, 2, 1) @ scaled
    return covariances
