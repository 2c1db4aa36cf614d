"""Where a crop shows metal: brighter than what lies round it, thicker than any cortex, and long.

Where endplate and wall meet, their cortices make a spot that is as bright as a screw on many films,
and as wide as one. But it is no longer than wide, and a screw, a rod or a filling of cement is.

A filling as wide as the body is none of that: it is told by being brighter than bone ever is there,
the body's own cortex and the bone of its neighbours.
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

INSIDE = 0.8
"""The inside of a body is what its corners enclose, shrunk to this part about their mean."""
AROUND = 1.12
"""Beyond this, and as wide as the body, lie discs and neighbours."""
FILLED = (0.40, 0.25, 0.20)
"""A filling is brighter than the darker neighbour's bone by this part of the crop's range (10th to
90th percentile) and than the body's own cortex by this, on this part of the inside or more."""
LEAST_SHARE = 0.02
"""A body of whose inside less is metal or cement holds none. This and `FILLED` were chosen on 1186
bodies of simulated films, level sets, meshes and CT; `benchmarks/metal_bodies.py` tells what is
named on others."""


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


def metal_share(mask: NDArray[np.bool_], crop: Image, depths: float, corners: Array) -> float:
    """Part of a body's inside that is metal or cement, 0 to 1.

    Parameters
    ----------
    mask
        `metal_mask` of the crop.
    crop
        Of so many depths around the body, bone bright.
    depths
        Side of the crop in body depths.
    corners
        In the body's frame: superior anterior, superior posterior, inferior anterior, posterior.
    """
    inside = _enclosed(corners, INSIDE, depths)
    if not inside.any():
        return 0.0
    return float((mask | _filling(crop, inside, depths, corners))[inside].mean())


def _filling(
    crop: Image, inside: NDArray[np.bool_], depths: float, corners: Array
) -> NDArray[np.bool_]:
    """True where the inside is brighter than bone can be; nowhere if that is only little."""
    small = cv2.resize(crop, (PIXELS, PIXELS), interpolation=cv2.INTER_AREA)
    smooth: Image = np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.float32)
    low, high = percentiles(smooth, 10.0, 90.0)
    body = _enclosed(corners, 1.0, depths)
    rows, columns = (np.flatnonzero(body.any(axis=axis)) for axis in (1, 0))
    band = ~_enclosed(corners, AROUND, depths)
    band[:, : columns[0]] = band[:, columns[-1] + 1 :] = False
    middle = (int(rows[0]) + int(rows[-1])) // 2
    sides = (smooth[:middle][band[:middle]], smooth[middle:][band[middle:]])
    neighbours = [float(np.percentile(part, 75.0)) for part in sides if part.size > PIXELS // 2]
    cortex = float(np.percentile(smooth[body & ~inside], 75.0))
    over_bone, over_cortex, least = FILLED
    level = cortex + over_cortex * (high - low)
    if neighbours:
        level = max(level, min(neighbours) + over_bone * (high - low))
    bright: NDArray[np.bool_] = inside & (smooth > level)
    return bright if bright.sum() >= least * inside.sum() else np.zeros_like(bright)


def _enclosed(corners: Array, part: float, depths: float) -> NDArray[np.bool_]:
    """True within the corners, moved to that part of their distance from their mean."""
    middle = corners.mean(axis=0)
    at = ((middle + part * (corners - middle)) / depths + 0.5) * PIXELS
    drawn = np.zeros((PIXELS, PIXELS), np.uint8)
    loop = np.round(16 * at[[0, 1, 3, 2]]).astype(np.int32)
    cv2.fillPoly(drawn, [loop], 1, cv2.LINE_8, 4)
    return drawn > 0


def lies_on(mask: NDArray[np.bool_], depths: float, corners: Array) -> NDArray[np.bool_]:
    """Which points of the frame lie on a mask over a crop of that many body depths."""
    size = mask.shape[0]
    index = np.clip(((corners / depths + 0.5) * size).astype(int), 0, size - 1)
    on: NDArray[np.bool_] = mask[index[:, 1], index[:, 0]]
    return on


def _disc(pixels: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pixels, pixels)), np.uint8)
