"""Cutting a vertebra out of a film in its own frame, bone bright, without aliasing.

A film is first reduced around the vertebra by means over blocks of whole pixels, once (`Window`);
crops for every pass of a refiner are then interpolated from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.ranks import percentiles

Array = NDArray[np.float64]
Image = NDArray[np.float32]

CROP_PIXELS = 112
"""Side of the network's crop in pixels."""
CROP_DEPTHS = 2.0
"""Side of the crop in body depths."""
WINDOW_DEPTHS = 3.0
"""Side of the film window that is kept around a vertebra, in body depths."""
OVERSAMPLING = 2
"""Crops of up to `CROP_PIXELS` are interpolated this much finer, then averaged."""
RESIZABLE = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.int16), np.dtype(np.float32))
"""Pixel types that OpenCV averages as they are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """Part of a film, reduced to about the resolution that crops need.

    Attributes
    ----------
    image
        Grey values, bone bright, shape (rows, columns).
    origin
        Film coordinates (x, y) of the window's outer top-left corner.
    step
        Film pixels a window pixel along x and y.
    """

    image: Image
    origin: Array
    step: Array

    def crop(self, frame: VertebraFrame, pixels: int, depths: float) -> Image:
        """A square of `depths` body depths in the vertebra's frame, shape (pixels, pixels)."""
        fine = pixels * (OVERSAMPLING if pixels <= CROP_PIXELS else 1)
        matrix = self._crop_to_window(frame, fine, depths)
        sharp = cv2.warpAffine(
            self.image,
            matrix,
            (fine, fine),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        if fine != pixels:
            sharp = cv2.resize(sharp, (pixels, pixels), interpolation=cv2.INTER_AREA)
        return np.asarray(sharp, dtype=np.float32)

    def _crop_to_window(self, frame: VertebraFrame, pixels: int, depths: float) -> Array:
        """Matrix (2, 3) from crop array indices (column, row) to window indices."""
        affine = frame.pixel_affine()
        linear = affine[:, :2] * (depths / pixels)
        first = affine[:, :2] @ np.full(2, depths * (0.5 / pixels - 0.5)) + affine[:, 2]
        scaled = linear / self.step[:, None]
        start = (first - self.origin) / self.step - 0.5
        return np.concatenate((scaled, start[:, None]), axis=1)


def cut_window(pixels: NDArray[Any], frame: VertebraFrame, *, sign: int) -> Window | None:
    """The part of a film around a vertebra, bone bright.

    Parameters
    ----------
    pixels
        Stored values, shape (rows, columns).
    frame
        Where the vertebra is, roughly.
    sign
        +1 if bone has high stored values, -1 if low ones.

    Returns
    -------
    window
        None if the vertebra lies outside the film.
    """
    wanted = frame.depth * CROP_DEPTHS / (CROP_PIXELS * OVERSAMPLING) / frame.factors
    step = np.maximum(np.round(wanted), 1).astype(int)
    low, blocks = _blocks(frame, step, pixels.shape)
    if np.any(blocks < 4) or np.any(blocks * step < 8):
        return None
    high = low + blocks * step
    part = pixels[low[1] : high[1], low[0] : high[0]]
    if part.dtype not in RESIZABLE:
        part = part.astype(np.float32)
    if np.any(step > 1):
        part = cv2.resize(part, tuple(blocks.tolist()), interpolation=cv2.INTER_AREA)
    image = np.asarray(part, dtype=np.float32)
    return Window(
        image=image if sign > 0 else -image,
        origin=low.astype(np.float64),
        step=step.astype(np.float64),
    )


def _blocks(
    frame: VertebraFrame, step: NDArray[np.int_], shape: tuple[int, ...]
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """First pixel (x, y) of the window and its size in blocks of `step` pixels, inside the film.

    Means over whole pixels are many times quicker than over parts of them. The blocks lie evenly
    about the pixel edge nearest to the body's centre, so that a mirrored film gives mirrored ones.
    """
    middle = np.round(frame.centre / frame.factors)
    reach = WINDOW_DEPTHS / 2 * frame.depth / frame.factors
    size = np.array(shape[::-1])
    before = np.floor(np.minimum(np.ceil(reach / step) * step, middle) / step)
    after = np.floor(np.minimum(np.ceil(reach / step) * step, size - middle) / step)
    low = middle - before * step
    return low.astype(int), (before + after).astype(int)


def network_tone(crop: Image) -> Image:
    """The two channels that the network sees, shape (2, pixels, pixels).

    First the grey values between their 2nd and 98th percentile as -1 to 1 (so that metal does not
    take the whole range), cut at 1.5; then the local contrast: difference from the surroundings in
    units of their standard deviation, cut at 3 and halved.
    """
    low, high = percentiles(crop[::2, ::2], 2.0, 98.0)
    seen = np.empty((2, *crop.shape), dtype=np.float32)
    tone, local = seen
    np.subtract(crop, (low + high) / 2, out=tone)
    tone *= 2.0 / max(high - low, 1e-6)
    np.clip(tone, -1.5, 1.5, out=tone)
    np.subtract(tone, _surroundings(tone), out=local)
    power = _surroundings(local * local)
    power += 1e-3
    local /= np.sqrt(power, out=power)
    np.clip(local, -3.0, 3.0, out=local)
    local *= 0.5
    return seen


def _surroundings(image: Image) -> Image:
    """Mean over about a quarter of a body depth around each pixel."""
    pixels = image.shape[0]
    small = cv2.resize(image, (pixels // 4, pixels // 4), interpolation=cv2.INTER_AREA)
    blur = _blur(pixels // 4, pixels / 32.0)
    grown = cv2.resize(blur @ small @ blur.T, (pixels, pixels), interpolation=cv2.INTER_LINEAR)
    return np.asarray(grown, dtype=np.float32)


@cache
def _blur(pixels: int, sd: float) -> Image:
    """Gaussian blur along one axis as a matrix: quicker than a filter on so few pixels."""
    each = np.eye(pixels, dtype=np.float32)
    rows = cv2.GaussianBlur(each, (1, 0), sigmaX=1e-3, sigmaY=sd, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(rows, dtype=np.float32)
