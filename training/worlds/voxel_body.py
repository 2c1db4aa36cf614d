"""A body of the world of level sets: where a kidney-shaped wall and two bowls meet smoothly."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from worlds.scene import Array, Image

LOST = 0.4
"""Part of the bodies that lose height."""
SIGNS = np.array([[-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
"""Where the corners lie: x backwards, z upwards."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """A body in its own frame: x backwards, y sideways, z upwards, mm.

    Attributes
    ----------
    half
        Half depth and half width.
    power, hollow
        Of the wall: exponent of its ellipse, and how deep the canal dents it.
    waist
        How much narrower it is half way up.
    plates
        Height in the middle, slope, depth of the bowl, where that is deepest and how steep its rim
        is, for the superior and the inferior endplate.
    round_mm
        Radius of the rim.
    rough
        Displacement of the surface, a small field, mm.
    dense, wall_mm, plate_mm
        Part of bone inside; thickness of wall and endplate.
    broken
        Whether it has lost height.
    """

    half: Array
    power: float
    hollow: float
    waist: float
    plates: tuple[tuple[float, float, float, float, float], ...]
    round_mm: float
    rough: Image
    dense: float
    wall_mm: float
    plate_mm: float
    broken: bool

    def depths(self, x: Array, y: Array, z: Array) -> tuple[Array, Array]:
        """Distance inside the wall and inside the nearer endplate, mm."""
        a, b = self.half.tolist()
        squeeze = 1 - self.waist * np.clip(1 - (z / 11.0) ** 2, 0, 1)
        dent = self.hollow * np.exp(-((y / 7.0) ** 2)) * (x > 0)
        u, v = np.abs(x + dent) / (a * squeeze), np.abs(y) / (b * squeeze)
        radius = (u**self.power + v**self.power) ** (1 / self.power)
        wall = a * squeeze * (1 - radius)
        plates = []
        for sign, (middle, slope, bowl, at, steep) in zip((1, -1), self.plates, strict=True):
            # the bowl stays inside the ring, whose rim is level
            far = ((x - at) / (0.88 * a - abs(at))) ** 2 + (y / (0.85 * b)) ** 2
            floor = bowl * np.clip(1 - far, 0, 1) ** steep
            plates.append(sign * (middle + slope * x - z) - floor)
        return wall, np.minimum(*plates)

    def inside(self, x: Array, y: Array, z: Array) -> Array:
        """Distance inside the rounded body, mm."""
        return self.rounded(*self.depths(x, y, z))

    def rounded(self, wall: Array, plate: Array) -> Array:
        """Distance inside wall and endplate where they meet in a round rim, mm."""
        r = self.round_mm
        corner = r - np.hypot(np.maximum(r - wall, 0), np.maximum(r - plate, 0))
        return np.minimum(np.maximum(np.minimum(wall, plate), r), corner)

    def corners(self) -> Array:
        """Superior anterior, superior posterior, inferior anterior, inferior posterior (x, z)."""
        step = 0.1
        x = np.arange(-1.3 * self.half[0], 1.3 * self.half[0], step)
        z = np.arange(-26.0, 26.0, step)
        xx, zz = np.meshgrid(x, z)
        mask = np.uint8(self.inside(xx, np.zeros_like(xx), zz) > 0)
        edge = np.argwhere(mask - cv2.erode(mask, np.ones((3, 3), np.uint8)))
        loop = np.stack((x[edge[:, 1]], z[edge[:, 0]]), axis=1)
        found = np.array([loop[(loop @ s).argmax()] for s in SIGNS])
        for _ in range(4):
            found = np.array([loop[(loop @ _bisector(found, n)).argmax()] for n in range(4)])
        return found


def _bisector(corners: Array, corner: int) -> Array:
    arms = corners[corner] - corners[[corner ^ 1, corner ^ 2]]
    out: Array = (arms / np.hypot(*arms.T)[:, None]).sum(axis=0)
    return out


def noise(rng: np.random.Generator, shape: tuple[int, ...], reach: float) -> Image:
    """Smooth noise of unit SD."""
    field = gaussian_filter(rng.standard_normal(shape).astype(np.float32), reach, mode="wrap")
    return field / field.std()


def made_up_body(level: int, size: float, porotic: bool, rng: np.random.Generator) -> Body:
    """The body of the 0th (T1) to 16th (L5) level."""
    depth = size * np.interp(level, (0, 4, 10, 16), (17.0, 23.5, 31.0, 34.5))
    back = size * np.interp(level, (0, 10, 13, 16), (15.0, 22.0, 26.5, 24.5))
    depth, back = np.array([depth, back]) * np.exp(rng.normal(0, 0.05, 2))
    ratio = np.interp(level, (0, 8, 12, 16), (0.97, 0.95, 1.0, 1.12)) + rng.normal(0, 0.05)
    broken = bool(rng.random() < LOST)
    bowls = rng.uniform(0.3, 3.0, 2)
    if broken:
        ratio *= rng.uniform(0.35, 0.95)
        back *= rng.uniform(0.6, 1.0) if rng.random() < 0.3 else 1.0
        bowls += rng.uniform(0, 0.2, 2) * back * (rng.random(2) < 0.5)
    share, lost = rng.uniform(0, 1), back * (1 - ratio)
    slopes = np.array([share, share - 1]) * lost / depth
    middles = np.array([back - share * lost, -back + (1 - share) * lost]) / 2
    plates = tuple(
        (float(m), float(s), float(b), rng.uniform(-0.25, 0.45) * depth / 2, rng.uniform(0.4, 1.5))
        for m, s, b in zip(middles, slopes, bowls, strict=True)
    )
    return Body(
        half=np.array([depth / 2, depth * rng.uniform(0.58, 0.72)]),
        power=rng.uniform(2.0, 3.2),
        hollow=rng.uniform(0.0, 0.08) * depth,
        waist=rng.uniform(0.0, 0.12),
        plates=plates,
        round_mm=rng.uniform(0.6, 2.6),
        rough=noise(rng, (40, 40, 40), 3.0) * np.float32(rng.uniform(0.0, 0.4)),
        dense=rng.uniform(-0.02, 0.03) if porotic else rng.uniform(0.02, 0.2),
        wall_mm=rng.uniform(0.2, 1.0),
        plate_mm=rng.uniform(0.25, 1.1),
        broken=broken,
    )
