"""What the detector's network is shown: the film at some size, as local contrast at two scales."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.corners import square_factors
from kyphometer.endplates.tone import bone_sign
from kyphometer.film import Film
from kyphometer.geometry import PixelGeometry

Array = NDArray[np.float64]
Image = NDArray[np.float32]

NEAR_PX, FAR_PX = 13, 65
"""Sides of the squares whose mean and SD a pixel is compared with."""
FLOOR = 0.01
"""Least SD, as a part of the picture's range: below it nothing is amplified."""
MOST = 4.0
LONGEST_PX = 1400
"""The film is reduced to this long side once; no picture is larger."""


def channels(picture: Image) -> Image:
    """Two channels, shape (2, rows, columns): grey values against near and far surroundings."""
    low, high = np.percentile(picture[::2, ::2], (1.0, 99.0))
    scaled = ((picture - low) / max(float(high - low), 1e-6)).astype(np.float32)
    np.clip(scaled, -1.0, 2.0, out=scaled)
    return np.stack([_local(scaled, side) for side in (NEAR_PX, FAR_PX)])


def _local(picture: Image, side: int) -> Image:
    mean = cv2.blur(picture, (side, side), borderType=cv2.BORDER_REFLECT_101)
    square = cv2.blur(picture * picture, (side, side), borderType=cv2.BORDER_REFLECT_101)
    spread = np.sqrt(np.maximum(square - mean * mean, 0.0))
    return np.clip((picture - mean) / (spread + np.float32(FLOOR)), -MOST, MOST)


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A film with square pixels and bone bright, no larger than `LONGEST_PX`.

    Attributes
    ----------
    picture
        Shape (rows, columns).
    step
        Film pixels a pixel of the picture, along x and y.
    """

    picture: Image
    step: Array

    @classmethod
    def of_film(cls, film: Film, geometry: PixelGeometry | None = None) -> Base:
        """A film's picture; `geometry` is used instead of the film's own."""
        factors = square_factors(geometry or film.geometry)
        rows, columns = film.shape
        size = np.array([columns, rows]) * factors / factors.min()
        shrink = min(1.0, LONGEST_PX / float(size.max()))
        target = np.maximum(np.round(size * shrink), 1).astype(int)
        pixels = film.pixels
        if pixels.dtype.itemsize > 2 or pixels.dtype.kind not in "ui":
            pixels = pixels.astype(np.float32)
        small = cv2.resize(pixels, tuple(target.tolist()), interpolation=cv2.INTER_AREA)
        picture = np.float32(bone_sign(film)) * small.astype(np.float32)
        return cls(picture, np.array([columns, rows]) / target)

    def at(self, long_side: float) -> View:
        """The whole picture with that long side at most."""
        shrink = min(1.0, long_side / max(self.picture.shape))
        size = [max(1, round(n * shrink)) for n in self.picture.shape[::-1]]
        small = cv2.resize(self.picture, tuple(size), interpolation=cv2.INTER_AREA)
        scale = np.array(size) / np.array(self.picture.shape[::-1])
        return View(np.asarray(small, np.float32), np.column_stack((np.diag(scale), np.zeros(2))))

    def cut(self, points: Array, margin: Array, scale: float, turn_deg: float) -> View:
        """The part about some points (of the picture), turned and scaled.

        `margin` is what is kept around them along x and y after the turn, in the picture's pixels.
        """
        a = np.radians(turn_deg)
        turn = scale * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
        moved = points @ turn.T
        low, high = moved.min(axis=0) - margin * scale, moved.max(axis=0) + margin * scale
        matrix = np.column_stack((turn, -low))
        columns, rows = np.maximum(np.ceil(high - low), 1).astype(int).tolist()
        soft = self.picture
        if scale < 0.8:
            soft = np.asarray(cv2.GaussianBlur(soft, (0, 0), 0.4 / scale), np.float32)
        half = np.full(2, 0.5)
        shift = matrix[:, 2] + turn @ half - half
        picture = cv2.warpAffine(
            soft,
            np.column_stack((turn, shift)),
            (columns, rows),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=float(np.percentile(soft[::8, ::8], 1.0)),
        )
        return View(np.asarray(picture, np.float32), matrix)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A picture made of the base.

    Attributes
    ----------
    picture
        Shape (rows, columns).
    matrix
        Affine map from points of the base to points of this picture, (2, 3).
    """

    picture: Image
    matrix: Array

    @property
    def back(self) -> Array:
        """The map from this picture to the base, (2, 3)."""
        inverse = np.linalg.inv(self.matrix[:, :2])
        return np.column_stack((inverse, -inverse @ self.matrix[:, 2]))

    @property
    def mirrored(self) -> View:
        """The same seen from the other side."""
        flip = np.diag([-1.0, 1.0])
        matrix = flip @ self.matrix
        matrix[0, 2] += self.picture.shape[1]
        return View(np.ascontiguousarray(self.picture[:, ::-1]), matrix)
