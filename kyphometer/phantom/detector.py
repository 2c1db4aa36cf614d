"""From line integrals to the stored values of a detector: physics first, then the vendor's look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BITS = 12
_TOP = float(2**BITS - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Physics of one exposure.

    Attributes
    ----------
    photons
        Mean number of quanta a 0.2 mm pixel where the attenuation has its median.
    blur_mm
        SD of the blur on the detector.
    scatter
        Scatter to primary ratio.
    scatter_mm
        SD of the scatter's spread.
    electronic
        SD of the electronic noise, in quanta.
    correlated
        Part of the blur's variance that comes after the quanta were counted (0 for white noise).
    """

    photons: float = 1200.0
    blur_mm: float = 0.3
    scatter: float = 1.5
    scatter_mm: float = 25.0
    electronic: float = 3.0
    correlated: float = 0.0


class Look(StrEnum):
    """How a vendor turns quanta into grey levels."""

    RAW_LOG = "raw_log"
    """Logarithm of the exposure, nothing else."""
    PROCESSED = "processed"
    """Logarithm, gentle unsharp mask, sigmoid."""
    ENHANCED = "enhanced"
    """Multi-frequency: large structures compressed, fine ones raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """Settings of a look.

    Attributes
    ----------
    look
        The kind.
    gamma
        Exponent applied to the grey scale.
    sharpening
        Weight of the unsharp mask.
    compression
        Part of the large structures that is taken away (0 to 0.9).
    window
        Part of the pixels that is clipped at each end.
    reach
        Largest difference from the median, in attenuation, that is not clipped: direct exposure
        goes black, collimated edges white.
    """

    look: Look = Look.PROCESSED
    gamma: float = 1.0
    sharpening: float = 0.4
    compression: float = 0.35
    window: float = 0.002
    reach: float = 1.6


def reference_attenuation(attenuation: Array) -> float:
    """Attenuation at which the exposure meter sets the number of photons: the median."""
    return float(np.median(attenuation[::8, ::8]))


def expose(
    attenuation: Array,
    pitch_mm: float,
    exposure: Exposure,
    rng: np.random.Generator,
    shutter: Array | None = None,
) -> Array:
    """Counted quanta a pixel.

    Beer-Lambert from the line integrals, veiling scatter, blur, then quantum noise (Gaussian with
    variance equal to the mean) and electronic noise.

    Parameters
    ----------
    attenuation
        Line integrals, shape (rows, columns).
    pitch_mm
        Pixel size; quanta scale with its area.
    exposure
        Physics.
    rng
        Source of the noise.
    shutter
        Transmission of the collimator, same shape, or None.

    Returns
    -------
    quanta
        Noisy counts, at least 0.5, shape as `attenuation`.
    """
    photons = exposure.photons * (pitch_mm / 0.2) ** 2
    level = reference_attenuation(attenuation)
    primary = cv2.exp(np.float32(level) - attenuation) * np.float32(photons)
    if shutter is not None:
        primary *= shutter
    mean = _blur(primary + _scatter(primary, pitch_mm, exposure), pitch_mm, exposure, before=True)
    noise = rng.standard_normal(mean.shape, dtype=np.float32)
    quanta = mean + noise * cv2.sqrt(mean + np.float32(exposure.electronic**2))
    return np.maximum(_blur(quanta, pitch_mm, exposure, before=False), np.float32(0.5))


def _scatter(primary: Array, pitch_mm: float, exposure: Exposure) -> Array:
    """Veiling scatter: a broad blur of the primary image."""
    if exposure.scatter <= 0:
        return np.zeros_like(primary)
    rows, columns = primary.shape
    step = max(1, round(4.0 / pitch_mm))
    small = cv2.resize(
        primary, (max(2, columns // step), max(2, rows // step)), interpolation=cv2.INTER_AREA
    )
    sigma = exposure.scatter_mm / (pitch_mm * step)
    veil = cv2.GaussianBlur(small, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    veil = exposure.scatter * veil
    return cv2.resize(veil, (columns, rows), interpolation=cv2.INTER_LINEAR)


def _blur(image: Array, pitch_mm: float, exposure: Exposure, *, before: bool) -> Array:
    share = 1 - exposure.correlated if before else exposure.correlated
    sigma = exposure.blur_mm * np.sqrt(share) / pitch_mm
    return cv2.GaussianBlur(image, (0, 0), sigma) if sigma > 0.15 else image


def develop(quanta: Array, pitch_mm: float, processing: Processing) -> NDArray[np.uint16]:
    """Stored 12-bit values, bone bright, from counted quanta."""
    density = -cv2.log(quanta)
    if processing.look is Look.PROCESSED:
        density = _processed(density, pitch_mm, processing)
    elif processing.look is Look.ENHANCED:
        density = _enhanced(density, pitch_mm, processing)
    return _to_stored(density, processing)


def _smooth(image: Array, sigma_px: float) -> Array:
    """A Gaussian of any width, on a coarser grid where that is as good."""
    step = int(max(1, sigma_px // 3))
    if step == 1:
        return cv2.GaussianBlur(image, (0, 0), sigma_px)
    rows, columns = image.shape
    small = cv2.resize(
        image, (max(2, columns // step), max(2, rows // step)), interpolation=cv2.INTER_AREA
    )
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / step)
    return cv2.resize(small, (columns, rows), interpolation=cv2.INTER_LINEAR)


def _processed(density: Array, pitch_mm: float, processing: Processing) -> Array:
    broad = _smooth(density, 30.0 / pitch_mm)
    fine = _smooth(density, 1.2 / pitch_mm)
    sharper: Array = (
        density
        - np.float32(processing.compression) * broad
        + np.float32(processing.sharpening) * (density - fine)
    )
    return sharper


def _enhanced(density: Array, pitch_mm: float, processing: Processing) -> Array:
    out = np.zeros_like(density)
    previous = density
    gains = (1.0, 1 + processing.sharpening, 1 + 1.5 * processing.sharpening, 1.3, 1.0)
    for gain, sigma_mm in zip(gains, (0.4, 1.0, 2.5, 7.0, 20.0), strict=True):
        lower = _smooth(previous, sigma_mm / pitch_mm)
        band = previous - lower
        limit = np.float32(0.6)
        out += np.float32(gain) * band / (1 + np.abs(band) / limit * np.float32(0.3))
        previous = lower
    mixed: Array = out + np.float32(1 - min(1.4 * processing.compression, 0.85)) * previous
    return mixed


def _to_stored(density: Array, processing: Processing) -> NDArray[np.uint16]:
    rows, columns = density.shape
    sample = density[rows // 10 : rows - rows // 10 : 5, columns // 6 : columns - columns // 6 : 5]
    low, middle, high = np.quantile(sample, [processing.window, 0.5, 1 - processing.window])
    low, high = max(low, middle - processing.reach), min(high, middle + processing.reach)
    grey = np.clip((density - np.float32(low)) / np.float32(max(high - low, 1e-6)), 0, 1)
    if processing.gamma != 1.0:
        grey = cv2.pow(grey, processing.gamma)
    if processing.look is not Look.RAW_LOG:
        grey = grey * grey * (3 - 2 * grey) * np.float32(0.5) + grey * np.float32(0.5)
    stored: NDArray[np.uint16] = (grey * np.float32(0.9 * _TOP) + np.float32(0.05 * _TOP)).astype(
        np.uint16
    )
    return stored
