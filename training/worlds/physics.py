"""From thicknesses of two materials to a film: spectrum, scatter, blur, quanta, look.

Mass attenuation coefficients are those of soft tissue and cortical bone (ICRU 44) in NIST's tables
(Hubbell and Seltzer, NISTIR 5632).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Image = NDArray[np.float32]

KEV = np.array([30.0, 40.0, 50.0, 60.0, 80.0, 100.0])
SOFT_PER_MM = np.array([0.3793, 0.2688, 0.2264, 0.2048, 0.1823, 0.1693]) * 1.06 / 10
BONE_PER_MM = np.array([1.331, 0.6655, 0.4242, 0.3148, 0.2229, 0.1855]) * 1.92 / 10
METAL = 6.0
"""Attenuation of titanium over that of cortical bone, about."""


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """How a picture is taken.

    Attributes
    ----------
    kvp
        Tube voltage.
    photons
        Quanta a pixel of 0.4 mm behind the thinnest part.
    blur_mm
        SD of the blur.
    scatter
        Scatter to primary.
    gamma, sharpen, flatten
        Look: power of the grey values, unsharp mask, part of the coarse contrast taken away.
    """

    kvp: float
    photons: float
    blur_mm: float
    scatter: float
    gamma: float
    sharpen: float
    flatten: float


def spectrum(kvp: float) -> Array:
    """Energy-weighted parts of a filtered spectrum at `KEV` (Kramers' law, 3 mm aluminium)."""
    aluminium = np.array([1.128, 0.5685, 0.3681, 0.2778, 0.2018, 0.1704]) * 2.70 / 10
    width = np.array([10.0, 10.0, 10.0, 15.0, 20.0, 20.0])
    bright = np.maximum(kvp - KEV, 0.0) * width * np.exp(-3.0 * aluminium)
    parts: Array = bright / bright.sum()
    return parts


def exposed(
    soft_mm: Image, bone_mm: Image, pixel_mm: float, how: Exposure, rng: np.random.Generator
) -> Image:
    """A film, bone bright, from the thicknesses along each ray."""
    signal = np.zeros(soft_mm.shape, np.float32)
    for part, soft, bone in zip(spectrum(how.kvp), SOFT_PER_MM, BONE_PER_MM, strict=True):
        if part > 0:
            ray = np.exp(-np.float32(soft) * soft_mm - np.float32(bone) * bone_mm)
            signal += np.float32(part) * ray
    signal /= np.percentile(signal, 99)
    wide = cv2.resize(signal, None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA)
    wide = cv2.GaussianBlur(wide, (0, 0), 25.0 / (pixel_mm * 10))
    signal += np.float32(how.scatter) * cv2.resize(wide, signal.shape[::-1])
    signal = cv2.GaussianBlur(signal, (0, 0), max(how.blur_mm / pixel_mm, 0.1))
    quanta = rng.poisson(signal * how.photons * (pixel_mm / 0.4) ** 2) + 1.0
    return _look(-np.log(quanta).astype(np.float32), pixel_mm, how)


def _look(image: Image, pixel_mm: float, how: Exposure) -> Image:
    low, high = np.percentile(image, (0.5, 99.5))
    image = np.clip((image - low) / (high - low), 0, 1.5) ** np.float32(how.gamma)
    if how.sharpen > 0:
        image = image + np.float32(how.sharpen) * (
            image - cv2.GaussianBlur(image, (0, 0), 1.5 / pixel_mm)
        )
    if how.flatten > 0:
        wide = cv2.GaussianBlur(image, (0, 0), 10.0 / pixel_mm)
        image = image - np.float32(how.flatten) * wide
    return image.astype(np.float32)
