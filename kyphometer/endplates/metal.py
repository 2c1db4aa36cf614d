"""Where a crop shows metal: brighter than what lies round it, thicker than any cortex, and long.

Where endplate and wall meet, their cortices make a spot that is as bright as a screw on many films,
and as wide as one. But it is no longer than wide, and a screw, a rod or a filling of cement is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.ranks import percentiles

Array = NDArray[np.float64]
Image = NDArray[np.float32]

PIXELS = 80
"""Side of the reduced crop that is searched; meant for two body depths."""
CORTEX = 5
"""Cortex is thinner than this, in its pixels (4 mm)."""
SCREW = 11
"""Screws and rods are thinner than this, in pixels of half the size (16 mm); bodies are not."""
CONTRAST = 4.75
"""Metal stands out this many times more than the 70th percentile of what stands out at all."""
AREA = 130
"""Least area of one piece of metal, in pixels (80 mm2; a rim's bright spot has 20 to 60).

Contrast and area were chosen on simulated films of their own; `benchmarks/metal.py` tells what is
found and what is mistaken on others.
"""


def metal_mask(crop: Image) -> NDArray[np.bool_]:
    """True where a crop of two body depths (bone bright) shows metal, shape (PIXELS, PIXELS)."""
    small = cv2.resize(crop, (PIXELS, PIXELS), interpolation=cv2.INTER_AREA)
    thick: Image = np.asarray(cv2.morphologyEx(small, cv2.MORPH_OPEN, _disc(CORTEX)), np.float32)
    raised = thick - _wide(thick)
    (usual,) = percentiles(raised, 70.0)
    usual += 0.002 * float(np.ptp(small)) + 1e-6
    pieces = _large_pieces((raised > CONTRAST * usual).astype(np.uint8))
    return np.asarray(cv2.dilate(pieces, _disc(3)), dtype=np.bool_)


def _wide(image: Image) -> Image:
    """What is left of an image without anything thinner than a body, by an opening at half size."""
    half = (image.shape[1] // 2, image.shape[0] // 2)
    reduced = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
    opened = cv2.morphologyEx(reduced, cv2.MORPH_OPEN, _disc(SCREW))
    grown = cv2.resize(opened, image.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(grown, dtype=np.float32)


def _large_pieces(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The connected pieces of a mask that are large enough."""
    if int(mask.sum()) < AREA:
        return np.zeros_like(mask)
    _, pieces, facts, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    large = facts[:, cv2.CC_STAT_AREA] >= AREA
    large[0] = False
    return np.asarray(large[pieces], dtype=np.uint8)


def lies_on(mask: NDArray[np.bool_], depths: float, corners: Array) -> NDArray[np.bool_]:
    """Which points of the frame lie on a mask over a crop of that many body depths."""
    size = mask.shape[0]
    index = np.clip(((corners / depths + 0.5) * size).astype(int), 0, size - 1)
    on: NDArray[np.bool_] = mask[index[:, 1], index[:, 0]]
    return on


def _disc(pixels: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pixels, pixels)), np.uint8)
