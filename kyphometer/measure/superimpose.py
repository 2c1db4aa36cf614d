"""Laying one film over another on a vertebra that did not change, by its four corners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import NoSharedVertebraError
from kyphometer.geometry import PixelGeometry
from kyphometer.reading import Reading, Vertebra


@dataclass(frozen=True, slots=True, kw_only=True)
class Superposition:
    """Similarity transform from the points of one film to those of another.

    Points are in film coordinates (x, y) of pixels; pixels need not be square.

    Attributes
    ----------
    matrix, shift
        `to = matrix @ from + shift`, shapes (2, 2) and (2,).
    scale
        Size on the other film by size on this one, in square pixels.
    rotation_deg
        Turn from this film to the other, clockwise as seen, after any mirroring.
    mirrored
        True if the films face different ways.
    level
        Vertebra that they are laid on.
    residual_px
        Root mean square distance of its corners afterwards, in pixels (rows) of the other film.
    """

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    scale: float
    rotation_deg: float
    mirrored: bool
    level: Level
    residual_px: float

    def apply(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points of this film on the other one; shape (..., 2)."""
        moved: NDArray[np.float64] = np.asarray(points, float) @ self.matrix.T + self.shift
        return moved


def superpose(
    reading: Reading,
    geometry: PixelGeometry,
    onto: Reading,
    onto_geometry: PixelGeometry,
    level: Level,
) -> Superposition:
    """Similarity transform that lays a vertebra of one film on the same of another.

    Least squares over its four corners (Umeyama 1991, doi:10.1109/34.88573, without reflection),
    after mirroring where the films face different ways. The corners' errors of s mm turn the whole
    film by about 57 s / L degrees, L being the endplates' length: the picture shows, it does not
    measure.

    Raises
    ------
    NoSharedVertebraError
        If the vertebra is not marked whole on both films.
    """
    here, there = _corners(reading, level), _corners(onto, level)
    squares = [np.diag([1.0, g.aspect]) for g in (geometry, onto_geometry)]
    a, b = here @ squares[0], there @ squares[1]
    mirrored = _handedness(a) != _handedness(b)
    flip = np.diag([-1.0 if mirrored else 1.0, 1.0])
    a = a @ flip
    u, v = a - a.mean(axis=0), b - b.mean(axis=0)
    # In complex numbers a similarity without reflection is one factor.
    p, q = u[:, 0] + 1j * u[:, 1], v[:, 0] + 1j * v[:, 1]
    factor = complex(np.vdot(p, q) / np.vdot(p, p).real)
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    shift = b.mean(axis=0) - turn @ a.mean(axis=0)
    residual = float(np.sqrt(np.mean(np.sum((a @ turn.T + shift - b) ** 2, axis=1))))
    back = np.linalg.inv(squares[1])
    return Superposition(
        matrix=back @ turn @ flip @ squares[0],
        shift=back @ shift,
        scale=abs(factor),
        rotation_deg=math.degrees(math.atan2(factor.imag, factor.real)),
        mirrored=mirrored,
        level=level,
        residual_px=residual / onto_geometry.aspect,
    )


def _corners(reading: Reading, level: Level) -> NDArray[np.float64]:
    """Superior anterior and posterior, inferior anterior and posterior; shape (4, 2)."""
    vertebra = reading.vertebrae.get(level)
    if not _is_whole(vertebra):
        raise NoSharedVertebraError(level, below=False)
    assert vertebra is not None
    return np.array(
        [
            mark.xy
            for side in EndplateSide
            if (plate := vertebra.endplate(side)) is not None
            for mark in (plate.anterior, plate.posterior)
        ],
        dtype=float,
    )


def _is_whole(vertebra: Vertebra | None) -> bool:
    return vertebra is not None and len(vertebra.endplates) == len(EndplateSide)


def _handedness(corners: NDArray[np.float64]) -> bool:
    """Which way round the corners run; True for one facing, False for the other."""
    first, second = corners[1] - corners[0], corners[2] - corners[0]
    return bool(first[0] * second[1] - first[1] * second[0] > 0)


def caudal_intact_level(readings: Sequence[Reading]) -> Level:
    """The first level below the fractures that is intact and marked whole in every reading.

    Raises
    ------
    NoSharedVertebraError
        If there is none, or no fractured level is named.
    """
    fractured = {level for reading in readings for level in reading.fractured_levels}
    if not fractured:
        raise NoSharedVertebraError
    lowest = max(fractured)
    shared = set.intersection(
        *({lv for lv, body in r.vertebrae.items() if _is_whole(body)} for r in readings)
    )
    below = sorted(level for level in shared if level > lowest)
    if not below:
        raise NoSharedVertebraError(lowest)
    return below[0]
