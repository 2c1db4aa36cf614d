"""Where a crop shows metal: far brighter than any bone, with a hard edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Image = NDArray[np.float32]

LEAST_PART = 0.004
"""Metal that fills less than this part of a crop is not looked for."""
CONTRAST = 2.2
"""Metal is this many interdecile ranges of the darker rest above the rest's 90th percentile."""


def metal_mask(crop: Image) -> NDArray[np.bool_]:
    """True where a crop (bone bright) shows metal.

    Otsu's threshold splits the crop; the bright part is metal if it stands off from the rest by far
    more than the rest varies.
    """
    low, high = float(crop.min()), float(crop.max())
    if high - low < 1e-6:
        return np.zeros(crop.shape, dtype=np.bool_)
    grey = ((crop - low) * (255.0 / (high - low))).astype(np.uint8)
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright = grey > level
    if not LEAST_PART < bright.mean() < 0.5:
        return np.zeros(crop.shape, dtype=np.bool_)
    rest = grey[~bright].astype(np.float64)
    dark, most = np.percentile(rest, (10.0, 90.0))
    metal = grey > most + CONTRAST * max(most - dark, 4.0)
    return np.asarray(metal, dtype=np.bool_)


def lies_on(mask: NDArray[np.bool_], depths: float, corners: Array) -> NDArray[np.bool_]:
    """Which points of the frame lie on a mask over a crop of that many body depths."""
    size = mask.shape[0]
    index = np.clip(((corners / depths + 0.5) * size).astype(int), 0, size - 1)
    on: NDArray[np.bool_] = mask[index[:, 1], index[:, 0]]
    return on
