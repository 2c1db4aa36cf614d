"""Where a crop shows metal: bright, thicker than any cortex, thinner than a body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Image = NDArray[np.float32]

PIXELS = 80
"""Side of the reduced crop that is searched; meant for two body depths."""
CORTEX, SCREW = 5, 17
"""Cortex is thinner than the first, screws and rods thinner than the second, in its pixels."""
CONTRAST = 7.0
"""Metal stands out this many times more than the 70th percentile of what stands out at all.

On simulated films 96 % of what is called metal is metal or cement, and of the corners without metal
0.2 % are called so.
"""

BRIGHTER = 96.0
"""Metal is brighter than this percentage of the rest of the crop."""


def metal_mask(crop: Image) -> NDArray[np.bool_]:
    """True where a crop of two body depths (bone bright) shows metal, shape (PIXELS, PIXELS)."""
    small = cv2.resize(crop, (PIXELS, PIXELS), interpolation=cv2.INTER_AREA)
    thick = cv2.morphologyEx(small, cv2.MORPH_OPEN, _disc(CORTEX))
    raised = thick - cv2.morphologyEx(thick, cv2.MORPH_OPEN, _disc(SCREW))
    usual = float(np.percentile(raised, 70.0)) + 0.002 * float(np.ptp(small)) + 1e-6
    metal = raised > CONTRAST * usual
    if metal.any():
        metal &= small > np.percentile(small[~metal], BRIGHTER)
    return np.asarray(cv2.dilate(metal.astype(np.uint8), _disc(3)), dtype=np.bool_)


def lies_on(mask: NDArray[np.bool_], depths: float, corners: Array) -> NDArray[np.bool_]:
    """Which points of the frame lie on a mask over a crop of that many body depths."""
    size = mask.shape[0]
    index = np.clip(((corners / depths + 0.5) * size).astype(int), 0, size - 1)
    on: NDArray[np.bool_] = mask[index[:, 1], index[:, 0]]
    return on


def _disc(pixels: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pixels, pixels)), np.uint8)
