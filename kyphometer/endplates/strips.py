"""Profiles across the four borders of a body: two endplates and two walls.

Each border gets a strip: columns run along the clicked line and a little beyond both corners, rows
run across it from inside the body to outside. All strips have the same shape, so that everything
that follows handles the four at once.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Image = NDArray[np.float32]

BORDERS = ((0, 1), (2, 3), (0, 2), (1, 3))
"""Corners that each border joins: superior, inferior, anterior wall, posterior wall."""
COLUMNS = 36
"""Profiles a border."""
ROWS = 45
"""Samples a profile."""
BEYOND = 0.10
"""How far a strip goes on beyond both corners, as part of the border's length."""
REACH = 0.17
"""How far a profile goes to either side of the clicked line, in body depths (about 5 mm)."""
SMOOTH = 1.2
"""SD of the smoothing across a border, in samples."""
SATURATION = 2.5
"""Edges count no more beyond this many times the strip's own scale, so metal cannot win."""
RIDGE_WEIGHT = 0.5
"""Weight of the bright cortical line against the step from disc to bone."""


@cache
def along() -> Array:
    """Position of each column on its border: 0 at the first corner, 1 at the second."""
    return _fixed(np.linspace(-BEYOND, 1.0 + BEYOND, COLUMNS))


@cache
def across() -> Array:
    """Distance of each row from the clicked line in body depths, positive out of the body."""
    return _fixed(np.linspace(-REACH, REACH, ROWS))


def _fixed(values: Array) -> Array:
    """Values that nobody can change."""
    values.flags.writeable = False
    return values


def normals(corners: Array) -> Array:
    """Unit vectors out of the body, one a border, shape (4, 2)."""
    ends = np.array([(corners[a], corners[b]) for a, b in BORDERS])
    vectors = ends[:, 1] - ends[:, 0]
    vectors = vectors / np.maximum(np.hypot(*vectors.T), 1e-9)[:, None]
    turned = np.stack((vectors[:, 1], -vectors[:, 0]), axis=1)
    outward = ends.mean(axis=1) - corners.mean(axis=0)
    return np.where((turned * outward).sum(axis=1, keepdims=True) < 0, -turned, turned)


def strip_points(corners: Array) -> Array:
    """Points of the four strips in the vertebra's frame, shape (4, ROWS, COLUMNS, 2)."""
    first = np.array([corners[a] for a, _ in BORDERS])
    vector = np.array([corners[b] - corners[a] for a, b in BORDERS])
    line = first[:, None] + along()[None, :, None] * vector[:, None]
    steps = across()[None, :, None, None] * normals(corners)[:, None, None]
    points: Array = line[:, None] + steps
    return points


def sample_strips(crop: Image, depths: float, corners: Array) -> Image:
    """Grey values of a crop along the four strips, shape (4, ROWS, COLUMNS)."""
    points = strip_points(corners)
    index = ((points / depths + 0.5) * crop.shape[0] - 0.5).astype(np.float32)
    flat = index.reshape(4 * ROWS, COLUMNS, 2)
    grey = cv2.remap(
        crop, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(grey, dtype=np.float32).reshape(4, ROWS, COLUMNS)


def edge_maps(strips: Image) -> Image:
    """Evidence for a border at each sample: bone inside, or a bright line, saturating.

    Returns
    -------
    evidence
        Shape as `strips`, 0 to about 1.5; comparable between films because it is counted in units
        of the strip's own spread of gradients.
    """
    stacked = strips.transpose(1, 0, 2).reshape(ROWS, -1)
    soft = cv2.GaussianBlur(stacked, (1, 0), sigmaX=1e-3, sigmaY=SMOOTH)
    slope = -np.gradient(soft, axis=0)
    bend = -np.gradient(np.gradient(soft, axis=0), axis=0)
    step = _saturated(slope.reshape(ROWS, 4, COLUMNS))
    ridge = _saturated(bend.reshape(ROWS, 4, COLUMNS))
    return np.ascontiguousarray((step + RIDGE_WEIGHT * ridge).transpose(1, 0, 2), dtype=np.float32)


def _saturated(values: Image) -> Image:
    """Positive values in units of each strip's median size, from 0 to 1."""
    scale = np.median(np.abs(values), axis=(0, 2), keepdims=True) * 1.5 + 1e-6
    return np.asarray(np.clip(values / (SATURATION * scale), 0.0, 1.0), dtype=np.float32)
