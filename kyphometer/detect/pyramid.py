"""What the detector's network is shown: local contrast at two scales."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

NEAR_PX, FAR_PX = 13, 65
"""Sides of the squares whose mean and SD a pixel is compared with."""
FLOOR = 0.01
"""Least SD, as a part of the picture's range: below it nothing is amplified."""
MOST = 4.0


def channels(picture: Image) -> Image:
    """Two channels, shape (2, rows, columns): grey values against their near and far surroundings."""
    low, high = np.percentile(picture[::2, ::2], (1.0, 99.0))
    scaled = ((picture - low) / max(float(high - low), 1e-6)).astype(np.float32)
    np.clip(scaled, -1.0, 2.0, out=scaled)
    return np.stack([_local(scaled, side) for side in (NEAR_PX, FAR_PX)])


def _local(picture: Image, side: int) -> Image:
    mean = cv2.blur(picture, (side, side), borderType=cv2.BORDER_REFLECT_101)
    square = cv2.blur(picture * picture, (side, side), borderType=cv2.BORDER_REFLECT_101)
    spread = np.sqrt(np.maximum(square - mean * mean, 0.0))
    return np.clip((picture - mean) / (spread + np.float32(FLOOR)), -MOST, MOST)
