"""Painted pictures that are no lateral spine: hands, front views, chests, skulls, nothing."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from worlds.noise import texture
from worlds.paint import Canvas, ellipse
from worlds.torso import band, curve

Array = NDArray[np.float64]
Image = NDArray[np.float32]


def other_picture(rng: np.random.Generator) -> Image:
    """One of the kinds, at 1 mm a pixel."""
    size = rng.integers(200, 520, 2)
    canvas = Canvas(np.zeros(tuple(size.tolist()), np.float32), np.zeros(2), 1.0)
    image = canvas.image
    image += np.float32(rng.uniform(0, 0.3)) * texture(image.shape, rng, 4)
    kinds: tuple[Callable[[Canvas, np.random.Generator], None], ...] = (
        _hand, _front, _front, _front, _long_bones, _skull, _blank, _shapes,
    )  # fmt: skip
    kinds[int(rng.integers(len(kinds)))](canvas, rng)
    image += np.float32(abs(rng.normal(0, 0.05))) * texture(image.shape, rng, 0)
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2))


def _hand(canvas: Canvas, rng: np.random.Generator) -> None:
    """Fans of short bones, each a band with thick ends."""
    height, width = canvas.image.shape
    root = np.array([width / 2, height * 0.9])
    for angle in np.radians(np.linspace(-35, 30, 5) + rng.normal(0, 5)):
        way = np.array([np.sin(angle), -np.cos(angle)])
        at = root.copy()
        for length in np.array([0.3, 0.2, 0.13, 0.1]) * height * rng.uniform(0.8, 1.1):
            end = at + way * length
            band(canvas, curve(np.linspace(at, end, 4)), length * rng.uniform(0.2, 0.35), rng)
            for spot in (at, end):
                part = canvas.part(spot[None], length * 0.4)
                part.image[:] += 0.3 * ellipse(part, spot, length * 0.2, length * 0.14, 0.0)
            at = end + way * rng.uniform(2, 6)


def _front(canvas: Canvas, rng: np.random.Generator) -> None:
    """A spine from the front: pedicles on both sides, processes in the middle, ribs or none."""
    height, width = canvas.image.shape
    x, slope, bone = width * rng.uniform(0.35, 0.65), rng.normal(0, 0.06), rng.uniform(0.1, 0.8)
    size, y = rng.uniform(24, 50), -rng.uniform(0, 30)
    ribs = rng.random() < 0.6
    lung = rng.uniform(0, 0.5) if ribs and rng.random() < 0.6 else 0.0
    canvas.image[:, : int(x - size)] -= np.float32(lung)
    canvas.image[:, int(x + size) :] -= np.float32(lung)
    edge = rng.uniform(0.1, 0.6)
    while y < height:
        tall = size * rng.uniform(0.5, 0.65)
        middle = np.array([x + slope * y, y + tall / 2])
        half = np.array([size / 2, tall / 2])
        box = middle + half * np.array([[-1, -1], [1, -1], [0.85, 0], [1, 1], [-1, 1], [-0.85, 0]])
        part = canvas.part(box, size * 0.8)
        layer = np.float32(bone) * part.filled(box)
        layer += np.float32(edge) * part.drawn(np.concatenate((box, box[:1])), 1.2)
        for side in (-1, 1):
            spot = middle + half * np.array([side * 0.7, -0.2])
            ring = ellipse(part, spot, size * 0.1, size * 0.15, 0.0)
            layer += 0.5 * (ring - 0.8 * ellipse(part, spot, size * 0.06, size * 0.1, 0.0))
            arm = np.array([middle + half * (side, -0.2), middle + half * (side * 1.7, -0.4)])
            layer += 0.3 * part.drawn(arm, size * 0.15)
            if ribs:
                out = np.array([[1, -0.3], [3, -2.2], [6, 0.5], [5.5, 6]]) * half * (side, 1.0)
                band(canvas, curve(middle + out), size * 0.22, rng)
        drop = middle + np.array([0, tall * 0.35])
        layer += np.float32(0.5) * ellipse(part, drop, size * 0.06, size * 0.2, 0.0)
        part.image[:] += cv2.GaussianBlur(layer, (0, 0), 0.8)
        y += tall + size * rng.uniform(0.08, 0.25)
        size *= rng.uniform(1.0, 1.04)
    if rng.random() < 0.6:
        heart = np.array([x + rng.uniform(10, 60), height * rng.uniform(0.4, 0.8)])
        part = canvas.part(heart[None], 90.0)
        part.image[:] += 0.5 * cv2.GaussianBlur(ellipse(part, heart, 60, 45, 40.0), (0, 0), 4)


def _long_bones(canvas: Canvas, rng: np.random.Generator) -> None:
    height, width = canvas.image.shape
    for _ in range(int(rng.integers(1, 4))):
        ends = rng.uniform((0, 0), (width, height), (2, 2)) * (1, 0.3) + ((0, 0), (0, 0.7 * height))
        band(canvas, curve(np.linspace(ends[0], ends[1], 4)), rng.uniform(12, 40), rng)
        for end in ends:
            part = canvas.part(end[None], 60.0)
            part.image[:] += 0.4 * ellipse(part, end, rng.uniform(15, 40), rng.uniform(12, 30), 0.0)


def _skull(canvas: Canvas, rng: np.random.Generator) -> None:
    height, width = canvas.image.shape
    at, radius = np.array([width, height]) / 2, min(height, width) * rng.uniform(0.3, 0.45)
    for scale, shade in ((1.0, 0.6), (0.94, -0.3), (0.4, 0.2)):
        part = canvas.part(at[None], radius * 1.5)
        angle = float(rng.uniform(0, 180))
        part.image[:] += np.float32(shade) * ellipse(
            part, at, radius * scale, radius * scale * 0.8, angle
        )
    for _ in range(int(rng.integers(2, 9))):
        spot = at + rng.normal(0, radius * 0.4, 2)
        part = canvas.part(spot[None], 30.0)
        part.image[:] += np.float32(rng.uniform(-0.4, 0.6)) * ellipse(part, spot, 12, 7, 20.0)


def _blank(canvas: Canvas, rng: np.random.Generator) -> None:
    canvas.image[:] += np.float32(rng.uniform(0, 1)) * texture(canvas.image.shape, rng)


def _shapes(canvas: Canvas, rng: np.random.Generator) -> None:
    """Boxes, rings and lines of any kind, sometimes in rows."""
    height, width = canvas.image.shape
    for _ in range(int(rng.integers(3, 30))):
        at, size = rng.uniform((0, 0), (width, height)), rng.uniform(5, 60)
        part = canvas.part(at[None], size * 1.2)
        turned = ellipse(part, at, size, size * rng.uniform(0.1, 1), float(rng.uniform(0, 180)))
        part.image[:] += np.float32(rng.uniform(-0.5, 0.7)) * turned
    if rng.random() < 0.4:
        step = rng.uniform(8, 40)
        for y in np.arange(0, height, step):
            line = np.array([[0, y], [width, y + rng.normal(0, 2)]])
            canvas.image[:] += np.float32(0.4) * canvas.drawn(line, rng.uniform(1, step / 2))
