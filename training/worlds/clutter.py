"""What surrounds the bodies of the mesh world: tissue, ribs as tubes, lung, gas, screws."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Image = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where a picture lies."""

    pixel_mm: float
    thoracic: bool


def clutter(
    shape: tuple[int, int], around: Surroundings, rng: np.random.Generator
) -> tuple[Image, Image]:
    """Thickness of soft tissue and of bone that does not belong to the bodies, mm."""
    mm = around.pixel_mm
    soft = np.full(shape, rng.uniform(150, 260), np.float32)
    soft += _cloudy(shape, rng.uniform(2, 9), 18 / mm, rng)
    soft += _cloudy(shape, rng.uniform(0.5, 3), 4 / mm, rng)
    bone = np.zeros(shape, np.float32)
    if around.thoracic:
        soft[:, : int(shape[1])] -= np.float32(rng.uniform(20, 60))
        soft += _tubes(shape, int(rng.integers(8, 25)), (1.0, 3.0), mm, rng)
        for _ in range(2):
            bone += _ribs(shape, mm, rng)
    elif rng.random() < 0.5:
        soft -= np.maximum(_cloudy(shape, rng.uniform(10, 25), 10 / mm, rng), 0)
    return soft, bone


def _cloudy(shape: tuple[int, int], size: float, reach: float, rng: np.random.Generator) -> Image:
    few = max(1, int(reach / 4))
    small = rng.standard_normal((shape[0] // few + 2, shape[1] // few + 2)).astype(np.float32)
    field = cv2.resize(cv2.GaussianBlur(small, (0, 0), reach / few), shape[::-1])
    return np.float32(size) * field / field.std()


def _tubes(
    shape: tuple[int, int],
    number: int,
    radius: tuple[float, float],
    mm: float,
    rng: np.random.Generator,
) -> Image:
    """Vessels: chords of tubes along random lines."""
    out = np.zeros(shape, np.float32)
    for _ in range(number):
        at = rng.uniform(0, 1, 2) * shape[::-1]
        step = rng.normal(0, 15, 2) / mm
        out += chord(shape, np.stack((at - step, at + step)), rng.uniform(*radius), mm)
    return out


def _ribs(shape: tuple[int, int], mm: float, rng: np.random.Generator) -> Image:
    """Ribs of one side, as hollow tubes: cortex of half a millimetre or more."""
    out = np.zeros(shape, np.float32)
    spacing, slant = rng.uniform(20, 32) / mm, rng.normal(0.5, 0.2)
    x = np.linspace(-5, shape[1] + 5, 14)
    u = x / shape[1]
    radius, cortex = rng.uniform(3.0, 5.0), rng.uniform(0.4, 0.9)
    for y in np.arange(-shape[0] * 0.5 + rng.uniform(0, spacing), shape[0] * 1.2, spacing):
        line = np.stack((x, y + shape[1] * slant * (1 - u) + shape[1] * 0.25 * u * u), axis=1)
        whole, inner = (chord(shape, line, r, mm) for r in (radius, radius - cortex))
        out += 0.8 * (whole - inner) + 0.08 * inner
    return out


def chord(shape: tuple[int, int], line: Array, radius_mm: float, mm: float) -> Image:
    """Length of rays inside a tube around a line (pixels), mm."""
    empty = np.full(shape, 255, np.uint8)
    points = np.round(line * 16).astype(np.int32)
    cv2.polylines(empty, [points], False, 0, 1, cv2.LINE_8, 4)
    if empty.min() > 0:
        return np.zeros(shape, np.float32)
    far = cv2.distanceTransform(empty, cv2.DIST_L2, 5) * np.float32(mm)
    return 2 * np.sqrt(np.maximum(np.float32(radius_mm) ** 2 - far * far, 0))


def metal(
    shape: tuple[int, int], bodies: list[Array], mm: float, rng: np.random.Generator
) -> Image:
    """Screws of some neighbouring bodies and a rod behind, mm of metal; corners in pixels."""
    out = np.zeros(shape, np.float32)
    first = int(rng.integers(0, len(bodies) - 2))
    heads = []
    for corners in bodies[first : first + 3]:
        sa, sp, ia, ip = corners
        entry = sp + 0.35 * (ip - sp) + 0.35 * (sp - sa)
        for _ in range(2):
            tip = sa + rng.uniform(0.25, 0.5) * (ia - sa) + rng.uniform(0.15, 0.4) * (sp - sa)
            out += chord(shape, np.stack((entry, tip)), rng.uniform(2.4, 3.4), mm)
        heads.append(entry)
    return out + chord(shape, np.stack(heads), 2.75, mm)
