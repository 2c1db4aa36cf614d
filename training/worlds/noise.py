"""Random fields, made once and cut out of: textures, tissue, trabeculae."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

SIDE = 1024
POWERS = (0.0, 0.8, 1.4, 2.0, 2.8)
"""Exponents of the amplitude spectrum: white to cloudy."""


@cache
def bank() -> tuple[Image, ...]:
    """Fields of unit SD with amplitude spectra f ** -power; the last two streak upright."""
    rng = np.random.default_rng(5)
    fields = [_power_field(power, rng) for power in POWERS]
    for length in (4.0, 9.0):
        white = rng.standard_normal((SIDE, SIDE)).astype(np.float32)
        fields.append(_unit(cv2.GaussianBlur(white, (0, 0), sigmaX=0.8, sigmaY=length)))
    return tuple(fields)


def _power_field(power: float, rng: np.random.Generator) -> Image:
    fy, fx = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    size = np.maximum(np.hypot(fy, fx), 1.5 / SIDE) ** -power
    spectrum = np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * size
    return _unit(np.fft.irfft2(spectrum, (SIDE, SIDE)).astype(np.float32))


def _unit(field: Image) -> Image:
    return (field - field.mean()) / field.std()


def texture(shape: tuple[int, int], rng: np.random.Generator, kind: int | None = None) -> Image:
    """A random part of a random field (or of that kind), mirrored by chance."""
    fields = bank()
    field = fields[int(rng.integers(len(fields))) if kind is None else kind]
    rows, columns = shape
    y, x = int(rng.integers(SIDE - rows + 1)), int(rng.integers(SIDE - columns + 1))
    part = field[y : y + rows, x : x + columns]
    return part[:: int(rng.choice((-1, 1))), :: int(rng.choice((-1, 1)))]
