"""Profiles across the four borders of a body: two endplates and two walls.

Each border gets a strip: columns run along the clicked line and a little beyond both corners, rows
run across it from inside the body to outside. All strips have the same shape, so that everything
that follows handles the four at once.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.ranks import row_medians

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
_FIRST, _LAST = ([pair[end] for pair in BORDERS] for end in (0, 1))


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
    first, last = corners[_FIRST], corners[_LAST]
    x, y = (last - first).T
    turned = np.array((y, -x)) / np.maximum(np.hypot(x, y), 1e-9)
    outward = ((first + last) / 2 - corners.sum(axis=0) / 4).T
    away: Array = np.where((turned * outward).sum(axis=0) < 0, -turned, turned).T
    return away


def strip_points(corners: Array) -> Array:
    """Points of the four strips in the vertebra's frame, shape (4, ROWS, COLUMNS, 2)."""
    return np.stack(_strip_axes(corners, 1.0), axis=-1)


def _strip_axes(corners: Array, depth: float) -> tuple[Array, Array]:
    """The x and the y of `strip_points` where a body depth is so long, (4, ROWS, COLUMNS) each."""
    first, last, out = corners[_FIRST], corners[_LAST], normals(corners)
    line = first[:, :, None] + along() * (last - first)[:, :, None]
    steps = out[:, :, None] * (across() * depth)
    x, y = (steps[:, axis, :, None] + line[:, axis, None, :] for axis in (0, 1))
    return x, y


def sample_strips(crop: Image, depths: float, corners: Array) -> Image:
    """Grey values of a crop along the four strips, shape (4, ROWS, COLUMNS)."""
    size = crop.shape[0]
    index = (corners / depths + 0.5) * size - 0.5
    x, y = (
        axis.reshape(4 * ROWS, COLUMNS).astype(np.float32)
        for axis in _strip_axes(index, size / depths)
    )
    grey = cv2.remap(crop, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(grey, dtype=np.float32).reshape(4, ROWS, COLUMNS)


def edge_maps(strips: Image) -> Image:
    """Evidence for a border at each sample: bone inside, or a bright line, saturating.

    Returns
    -------
    evidence
        Shape as `strips`, 0 to about 1.5; comparable between films because it is counted in units
        of the strip's own spread of gradients.
    """
    slope, bend = _derivatives()
    evidence = _saturated(slope @ strips)
    evidence += RIDGE_WEIGHT * _saturated(bend @ strips)
    return evidence


@cache
def _derivatives() -> tuple[Image, Image]:
    """Fall and curvature across a smoothed border, as matrices on its samples, (ROWS, ROWS)."""
    each = np.eye(ROWS, dtype=np.float32)
    soft = cv2.GaussianBlur(each, (1, 0), sigmaX=1e-3, sigmaY=SMOOTH)
    slope = np.asarray(-np.gradient(soft, axis=0), dtype=np.float32)
    return slope, np.asarray(np.gradient(slope, axis=0), dtype=np.float32)


def _saturated(values: Image) -> Image:
    """Positive values in units of each strip's median size, from 0 to 1."""
    every_other = np.abs(values[:, :, ::2]).reshape(len(values), -1)
    scale = row_medians(every_other) * 1.5 + 1e-6
    share = values / (SATURATION * scale)[:, None, None].astype(np.float32)
    return np.asarray(np.clip(share, 0.0, 1.0, out=share), dtype=np.float32)
