"""What lies over the bodies of a painted picture: ribs, joints, vessels, gas, metal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from worlds.contour import Contours

if TYPE_CHECKING:
    from worlds.paint import Canvas

Array = NDArray[np.float64]
Image = NDArray[np.float32]


def overlaid(canvas: Canvas, shapes: Sequence[Contours], rng: np.random.Generator) -> Image:
    """The picture with what was drawn over it."""
    image = canvas.image
    for chance, over in ((0.5, _ribs), (0.5, _vessels), (0.4, _joints), (0.2, _gas)):
        if rng.random() < chance:
            image += over(canvas, shapes, rng)
    if rng.random() < 0.15:
        image = np.maximum(image, _metal(canvas, shapes, rng))
    return image


def _layer(canvas: Canvas) -> NDArray[np.uint8]:
    return np.zeros(canvas.image.shape, np.uint8)


def _scaled(layer: NDArray[np.uint8], strength: float, soft_px: float) -> Image:
    soft = cv2.GaussianBlur(layer, (0, 0), soft_px) if soft_px > 0.2 else layer
    return soft.astype(np.float32) * np.float32(strength / 255)


def _ribs(canvas: Canvas, _: Sequence[Contours], rng: np.random.Generator) -> Image:
    """Bands across the picture with an edge on either side, bent and slanted alike."""
    rows, columns = canvas.image.shape
    fill, edges = _layer(canvas), _layer(canvas)
    slant, bend = rng.normal(0.3, 0.4), rng.normal(0, 0.15)
    width = rng.uniform(4, 11) / canvas.mm
    x = np.linspace(-5, columns + 5, 16)
    u = (x - columns / 2) / columns
    for _ in range(int(rng.integers(2, 9))):
        y = rng.uniform(0, rows) + columns * (slant + rng.normal(0, 0.08)) * u
        y = y + columns * bend * u * u * 4
        upper = np.stack((x, y - width / 2), axis=1)
        lower = np.stack((x, y + width / 2 * rng.uniform(0.7, 1.3)), axis=1)
        cv2.fillPoly(fill, [_int(np.concatenate((upper, lower[::-1])))], 255, cv2.LINE_AA, 4)
        for line in (upper, lower):
            thick = max(1, round(rng.uniform(0.5, 1.6) / canvas.mm))
            shade = int(rng.uniform(80, 255))
            cv2.polylines(edges, [_int(line)], False, shade, thick, cv2.LINE_AA, 4)
    soft = rng.uniform(0.0, 2.0) / canvas.mm
    image = _scaled(fill, rng.uniform(0, 0.35), soft)
    return image + _scaled(edges, rng.uniform(0.1, 0.7), soft)


def _int(points: Array) -> NDArray[np.int32]:
    return np.round((points - 0.5) * 16).astype(np.int32)


def _vessels(canvas: Canvas, _: Sequence[Contours], rng: np.random.Generator) -> Image:
    """Tubes and blobs, lighter and darker than what is under them."""
    rows, columns = canvas.image.shape
    out = np.zeros(canvas.image.shape, np.float32)
    for sign in (1, -1):
        layer = _layer(canvas)
        for _ in range(int(rng.integers(2, 12))):
            at = rng.uniform((0, 0), (columns, rows))
            step = rng.normal(0, 14, 2) / canvas.mm
            points = np.stack((at - step, at + rng.normal(0, 3, 2) / canvas.mm, at + step))
            thick = max(1, round(rng.uniform(0.8, 4) / canvas.mm))
            cv2.polylines(layer, [_int(points)], False, int(rng.uniform(80, 255)), thick, 16, 4)
        out += sign * _scaled(layer, rng.uniform(0, 0.35), rng.uniform(0.4, 1.5) / canvas.mm)
    return out


def _joints(canvas: Canvas, shapes: Sequence[Contours], rng: np.random.Generator) -> Image:
    """Bright spots at the posterior corners, where ribs meet bodies."""
    layer = _layer(canvas)
    place, size = rng.normal(0, 3, 2), rng.uniform(2, 6)
    for shape in shapes:
        for corner in shape.corners[[1, 3]] if rng.random() < 0.3 else shape.corners[[1]]:
            at = canvas.pixels(corner + place + rng.normal(0, 1.5, 2)).astype(int).tolist()
            axes = (max(1, int(size / canvas.mm)), max(1, int(size * 0.7 / canvas.mm)))
            angle = float(rng.uniform(0, 180))
            cv2.ellipse(layer, at, axes, angle, 0, 360, int(rng.uniform(100, 255)), -1)
    return _scaled(layer, rng.uniform(0.1, 0.7), rng.uniform(0.6, 2.0) / canvas.mm)


def _gas(canvas: Canvas, _: Sequence[Contours], rng: np.random.Generator) -> Image:
    rows, columns = canvas.image.shape
    layer = _layer(canvas)
    for _ in range(int(rng.integers(1, 7))):
        at = rng.uniform((0, 0), (columns, rows)).astype(int).tolist()
        axes = np.maximum(rng.uniform(4, 16, 2) / canvas.mm, 1).astype(int).tolist()
        cv2.ellipse(layer, at, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    return _scaled(layer, -rng.uniform(0.1, 0.7), rng.uniform(0.5, 2.0) / canvas.mm)


def _metal(canvas: Canvas, shapes: Sequence[Contours], rng: np.random.Generator) -> Image:
    """Screws from behind, a rod, or a blob of cement; -inf where there is none."""
    bright = np.full(canvas.image.shape, -np.inf, np.float32)
    level = float(rng.uniform(1.2, 3.0))
    for shape in shapes:
        if rng.random() < 0.5:
            continue
        sa, sp, ia, ip = shape.corners
        down, back = (ip - sp) * rng.uniform(0.2, 0.5), sp - sa
        tip = sa + (ia - sa) * 0.4 + back * rng.uniform(0.1, 0.4) + rng.normal(0, 2, 2)
        layer = _layer(canvas)
        if rng.random() < 0.75:
            ends = np.stack((tip, sp + down + 0.45 * back))
            thick = max(2, round(rng.uniform(4, 7) / canvas.mm))
            cv2.polylines(layer, [canvas.fixed(ends)], False, 255, thick, cv2.LINE_AA, 4)
        else:
            at = canvas.pixels(shape.corners.mean(axis=0)).astype(int).tolist()
            axes = np.maximum(rng.uniform(3, 9, 2) / canvas.mm, 1).astype(int).tolist()
            cv2.ellipse(layer, at, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
        bright[layer > 127] = level
    return bright
