"""One endplate in its own frame: the body below, anterior left, as long as one unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.crop import Window, network_tone
from kyphometer.endplates.frame import VertebraFrame

Array = NDArray[np.float64]
Image = NDArray[np.float32]

STRIP_PIXELS = 128
"""Columns of a strip."""
STRIP_ROWS = 64
"""Rows of a strip."""
STRIP_LENGTHS = 1.6
"""Length of a strip in endplates."""


def plate_frame(frame: VertebraFrame, corners: Array, plate: int) -> VertebraFrame:
    """Frame of one endplate of a vertebra.

    Parameters
    ----------
    frame
        Of the vertebra; gives its facing.
    corners
        All four corners in square units, shape (4, 2).
    plate
        0 for the superior, 1 for the inferior endplate.
    """
    ends = corners[2 * plate : 2 * plate + 2]
    along = ends[1] - ends[0]
    length = max(float(np.hypot(*along)), 1e-12)
    x, y = along / length
    down = np.array([y, -x]) * frame.facing_sign
    if plate:
        down = -down
    return VertebraFrame(
        centre=ends.mean(axis=0),
        depth=length,
        axes=np.array(((x, down[0]), (y, down[1]))),
        factors=frame.factors,
    )


def strip(window: Window, frame: VertebraFrame) -> Image:
    """A square around an endplate as it is, before the strip is cut from it."""
    return window.crop(frame, STRIP_PIXELS, STRIP_LENGTHS)


def strip_tone(square: Image) -> Image:
    """What the network sees of a square, shape (2, rows, columns)."""
    cut = (STRIP_PIXELS - STRIP_ROWS) // 2
    return np.ascontiguousarray(network_tone(square)[:, cut : cut + STRIP_ROWS])
