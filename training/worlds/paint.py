"""Painting bodies and what lies over them: shells, fills, textures, ribs, joints, metal.

Every strength is drawn for the film and again for each body, from absent to as strong as the rims:
bodies darker than the discs, shells missing, bands brighter than bone. No physics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from worlds.contour import Contours
from worlds.noise import texture
from worlds.overlay import overlaid
from worlds.scene import Scene, SeenBody

Array = NDArray[np.float64]
Image = NDArray[np.float32]

SHIFT = 4
"""Binary places of OpenCV's sub-pixel coordinates."""
MARGIN_MM = (24.0, 14.0, 34.0, 14.0)
"""Left (anterior), above, right, below."""


@dataclass(frozen=True)
class Canvas:
    """Where a picture lies in mm.

    Attributes
    ----------
    image
        Added to.
    origin
        Position of the outer top-left corner, mm.
    mm
        Size of a pixel.
    """

    image: Image
    origin: Array
    mm: float

    def pixels(self, points: Array) -> Array:
        """Pixels (x, y) of points in mm, outer edge of the first pixel 0."""
        return (points - self.origin) / self.mm

    def fixed(self, points: Array) -> NDArray[np.int32]:
        """The same for OpenCV, whose pixel centres are whole numbers."""
        return np.round((self.pixels(points) - 0.5) * 2**SHIFT).astype(np.int32)

    def filled(self, outline: Array) -> Image:
        """A closed outline as a mask from 0 to 1."""
        mask = np.zeros(self.image.shape, np.uint8)
        cv2.fillPoly(mask, [self.fixed(outline)], 255, cv2.LINE_AA, SHIFT)
        return mask.astype(np.float32) * np.float32(1 / 255)

    def drawn(self, line: Array, width_mm: float) -> Image:
        """A line as a mask from 0 to 1."""
        mask = np.zeros(self.image.shape, np.uint8)
        thick = max(1, round(width_mm / self.mm))
        cv2.polylines(mask, [self.fixed(line)], False, 255, thick, cv2.LINE_AA, SHIFT)
        return mask.astype(np.float32) * np.float32(1 / 255)

    def part(self, points: Array, margin_mm: float) -> Canvas:
        """The canvas around some points, sharing its pixels."""
        low = np.floor(self.pixels(points.min(axis=0) - margin_mm)).astype(int)
        high = np.ceil(self.pixels(points.max(axis=0) + margin_mm)).astype(int)
        low = np.clip(low, 0, np.array(self.image.shape[::-1]) - 2)
        high = np.clip(high, low + 2, self.image.shape[::-1])
        view = self.image[low[1] : high[1], low[0] : high[0]]
        return Canvas(view, self.origin + low * self.mm, self.mm)


@dataclass(frozen=True)
class Look:
    """What all bodies of a picture share: grey of bone and disc, strengths, sharpness."""

    bone: float
    disc: float
    shell: float
    fill: float
    width_mm: float
    missing: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Look:
        return cls(
            bone=rng.uniform(-0.4, 0.08) if rng.random() < 0.3 else rng.uniform(0.0, 1.0),
            disc=rng.uniform(-0.2, 0.35),
            shell=rng.uniform(0.05, 1.0),
            fill=rng.choice((0.0, 1.0)) * rng.uniform(0.0, 0.35),
            width_mm=rng.uniform(0.3, 1.6),
            missing=rng.uniform(0.0, 0.45),
        )


def paint(
    shapes: Sequence[Contours],
    mm: float,
    rng: np.random.Generator,
    *,
    levels: Sequence[Level],
    world: str,
) -> Scene:
    """A picture of bodies whose contours are given in mm, anterior left, cranial to caudal."""
    corners = np.concatenate([shape.corners for shape in shapes])
    left, above, right, below = MARGIN_MM
    origin = corners.min(axis=0) - (left, above)
    size = np.ceil((corners.max(axis=0) + np.array([right, below]) - origin) / mm).astype(int)
    canvas = Canvas(np.zeros(size[::-1], np.float32), origin, mm)
    return Scene(
        pixels=painted(canvas, shapes, rng),
        factors=np.full(2, mm),
        facing_sign=-1,
        bodies=tuple(
            SeenBody(corners=canvas.pixels(s.corners), level=level, fractured=s.broken)
            for s, level in zip(shapes, levels, strict=True)
        ),
        world=world,
    )


def painted(canvas: Canvas, shapes: Sequence[Contours], rng: np.random.Generator) -> Image:
    """Bodies and what lies over them added to a canvas, as a detector shows it."""
    look = Look.draw(rng)
    _background(canvas, rng)
    for upper, lower in pairwise(shapes):
        _disc(canvas, upper, lower, look, rng)
    for shape in shapes:
        _posterior(canvas, shape, look, rng)
        _body(canvas, shape, look, rng)
    return _taken(overlaid(canvas, shapes, rng), canvas.mm, rng)


def _background(canvas: Canvas, rng: np.random.Generator) -> None:
    image = canvas.image
    rows, columns = image.shape
    x, y = np.linspace(-1, 1, columns)[None], np.linspace(-1, 1, rows)[:, None]
    image += (rng.normal(0, 0.4) * x + rng.normal(0, 0.3) * y).astype(np.float32)
    image += np.float32(rng.uniform(0, 0.25)) * texture(image.shape, rng, 4)
    image += np.float32(rng.uniform(0, 0.12)) * texture(image.shape, rng, 2)
    if rng.random() < 0.25:
        edge = rng.uniform(-1, 1) + rng.uniform(-1, 1) * x + rng.uniform(-0.6, 0.6) * x * x
        image += np.float32(rng.uniform(-0.7, 0.7)) * (y > edge).astype(np.float32)


def _disc(
    canvas: Canvas, upper: Contours, lower: Contours, look: Look, rng: np.random.Generator
) -> None:
    top, bottom = upper.plates[2][1], lower.plates[2][0]
    outline = np.concatenate((top, bottom[::-1]))
    part = canvas.part(outline, 1.0)
    part.image[:] += part.filled(outline) * np.float32(look.disc + rng.normal(0, 0.06))


def _body(canvas: Canvas, shape: Contours, look: Look, rng: np.random.Generator) -> None:
    part = canvas.part(np.concatenate(shape.outlines), 3.0)
    weights = rng.dirichlet((2.0, 2.0, 2.0)).astype(np.float32)
    masks = [part.filled(outline) for outline in shape.outlines]
    inside = sum(w * m for w, m in zip(weights, masks, strict=True))
    grey = np.float32(look.bone + rng.normal(0, 0.08))
    part.image[:] += grey * inside
    for strength in (look.fill, rng.uniform(0, 0.12)):
        part.image[:] += np.float32(strength) * inside * texture(inside.shape, rng)
    if rng.random() < 0.3:
        part.image[:] += np.float32(rng.uniform(0, 0.3)) * inside * texture(inside.shape, rng, 5)
    uneven = 1 + np.float32(rng.uniform(0, 0.7)) * texture(inside.shape, rng, 3)
    np.maximum(uneven, 0, out=uneven)
    shells = np.zeros_like(inside)
    for plates, weight in zip(shape.plates, weights, strict=True):
        for plate in plates:
            if rng.random() >= look.missing:
                strength = look.shell * rng.uniform(0.1, 1.0) * (0.5 + 1.5 * weight)
                width = look.width_mm * rng.uniform(0.6, 1.5)
                shells += np.float32(strength) * part.drawn(plate, width)
    for wall in shape.walls:
        if rng.random() >= look.missing:
            strength = look.shell * rng.uniform(0.1, 0.9)
            shells += np.float32(strength) * part.drawn(wall, look.width_mm)
    part.image[:] += shells * uneven
    _extras(part, shape, look, rng)


def _extras(part: Canvas, shape: Contours, look: Look, rng: np.random.Generator) -> None:
    """Impacted bone, lips and spurs: bright, and not where the corner is."""
    if shape.broken and rng.random() < 0.4:
        plate = shape.plates[2][int(rng.integers(2))]
        band = cv2.GaussianBlur(part.drawn(plate, rng.uniform(2, 6)), (0, 0), 1.5 / part.mm)
        part.image[:] += np.float32(rng.uniform(0.1, 0.6)) * band
    middle = shape.corners.mean(axis=0)
    for corner in shape.corners:
        if rng.random() < 0.12:
            out = (corner - middle) / np.hypot(*(corner - middle))
            tip = corner + out * rng.uniform(1, 5) + rng.normal(0, 0.7, 2)
            along = np.array([-out[1], out[0]]) * rng.uniform(0.8, 2.5)
            spur = part.filled(np.array([corner - along - out, tip, corner + along - out]))
            part.image[:] += np.float32(rng.uniform(0.1, 0.6) * (0.4 + look.bone)) * spur


def _posterior(canvas: Canvas, shape: Contours, look: Look, rng: np.random.Generator) -> None:
    """Pedicles, joints and processes as blobs behind the body, sometimes as rings."""
    sa, sp, _, ip = shape.corners
    back, down = (sp - sa) / np.hypot(*(sp - sa)), (ip - sp) / np.hypot(*(ip - sp))
    size = float(np.hypot(*(sp - sa)))
    for along, under, length, thick in (
        (0.18, 0.3, 0.28, 0.2),
        (0.42, 0.25, 0.2, 0.35),
        (0.45, 0.8, 0.2, 0.35),
        (0.85, 0.9, 0.5, 0.2),
    ):
        if rng.random() < 0.25:
            continue
        at = sp + size * (along * back + under * down) + rng.normal(0, 2.0, 2)
        part = canvas.part(np.array([at]), size * 0.7)
        angle = float(np.degrees(np.arctan2(*back[::-1])) + rng.normal(10, 20))
        blob = ellipse(part, at, size * length * rng.uniform(0.5, 1.3), size * thick * 0.7, angle)
        soft = cv2.GaussianBlur(blob, (0, 0), rng.uniform(0.4, 2.0) / part.mm)
        if rng.random() < 0.4:
            soft = soft - 0.8 * cv2.GaussianBlur(blob, (0, 0), 3.0 / part.mm)
        part.image[:] += np.float32(rng.uniform(0.1, 0.9) * (0.3 + abs(look.bone))) * soft


def ellipse(part: Canvas, at: Array, a_mm: float, b_mm: float, angle_deg: float) -> Image:
    """A filled ellipse as a mask from 0 to 1."""
    mask = np.zeros(part.image.shape, np.uint8)
    x, y = part.fixed(at[None])[0].tolist()
    axes = tuple(max(1, round(v / part.mm * 2**SHIFT)) for v in (a_mm, b_mm))
    cv2.ellipse(mask, (x, y), axes, angle_deg, 0, 360, 255, -1, cv2.LINE_AA, SHIFT)
    return mask.astype(np.float32) * np.float32(1 / 255)


def _taken(image: Image, mm: float, rng: np.random.Generator) -> Image:
    """High-pass, blur and noise of a detector."""
    if rng.random() < 0.4:
        wide = cv2.GaussianBlur(image, (0, 0), np.exp(rng.uniform(np.log(3), np.log(14))) / mm)
        image = image - np.float32(rng.uniform(0.4, 1.0)) * wide
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.2, 0.9) / mm)
    white = texture(image.shape, rng, 0)
    if rng.random() < 0.5:
        white = 2 * cv2.GaussianBlur(white, (0, 0), rng.uniform(0.5, 1.0))
    return image + np.float32(abs(rng.normal(0, 0.06))) * white
