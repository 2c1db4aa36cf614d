"""Between a vertebra of a reading and an array of its four rim corners.

Everywhere in this package the four corners stand in the order superior anterior, superior
posterior, inferior anterior, inferior posterior, as an array of shape (4, 2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide
from kyphometer.geometry import PixelGeometry
from kyphometer.reading import Endplate, Vertebra

Array = NDArray[np.float64]

SUPERIOR_ANTERIOR, SUPERIOR_POSTERIOR, INFERIOR_ANTERIOR, INFERIOR_POSTERIOR = range(4)
ROWS = {EndplateSide.SUPERIOR: (0, 1), EndplateSide.INFERIOR: (2, 3)}
"""Rows of the anterior and the posterior corner of each endplate."""

ASSUMED_HEIGHT = 0.80
"""Height of a body over its depth where only one endplate is marked (mean of T6 to L5)."""


def square_factors(geometry: PixelGeometry) -> Array:
    """Factors for x and y from pixels to square units (mm if the film is calibrated)."""
    return np.asarray(geometry.scale, dtype=np.float64)


def plate_corners(plate: Endplate) -> Array:
    """Anterior and posterior corner, shape (2, 2), in pixels."""
    return np.array([plate.anterior.xy, plate.posterior.xy], dtype=np.float64)


def vertebra_corners(vertebra: Vertebra, factors: Array, facing_sign: int) -> Array | None:
    """The four corners in square units; an unmarked endplate is put where it would usually lie.

    Parameters
    ----------
    vertebra
        With at least one marked endplate.
    factors
        Pixels to square units, shape (2,).
    facing_sign
        +1 if anterior is at image right, -1 if at image left.

    Returns
    -------
    corners
        Shape (4, 2), or None if no endplate is marked.
    """
    marked = {side: plate_corners(p) * factors for side, p in vertebra.endplates.items()}
    if not marked:
        return None
    if len(marked) == 1:
        ((side, known),) = marked.items()
        other = _opposite_plate(known, side, facing_sign)
        pair = (known, other) if side is EndplateSide.SUPERIOR else (other, known)
        return np.concatenate(pair)
    return np.concatenate((marked[EndplateSide.SUPERIOR], marked[EndplateSide.INFERIOR]))


def _opposite_plate(known: Array, side: EndplateSide, facing_sign: int) -> Array:
    """The other endplate, parallel to the known one at the usual height."""
    posterior = known[1] - known[0]
    inferior = np.array([posterior[1], -posterior[0]]) * facing_sign
    step = ASSUMED_HEIGHT * (inferior if side is EndplateSide.SUPERIOR else -inferior)
    return known + step


def line_lengths(corners: Array) -> Array:
    """Lengths of the superior and the inferior endplate, shape (2,)."""
    lengths: Array = np.hypot(*(corners[1::2] - corners[::2]).T)
    return lengths


def line_directions_deg(corners: Array) -> Array:
    """Directions of both endplates from anterior to posterior, shape (..., 2), degrees, y down."""
    vectors = corners[..., 1::2, :] - corners[..., ::2, :]
    return np.degrees(np.arctan2(vectors[..., 1], vectors[..., 0]))


def wrap_deg(angle: Array) -> Array:
    """Angles brought into (-180, 180]."""
    wrapped: Array = 180.0 - (180.0 - angle) % 360.0
    return wrapped


def shape_difference(before: Array, after: Array) -> float:
    """RMS distance of corners after the best similarity, in body depths; 0 for a rigid body."""
    p, q = before - before.mean(axis=0), after - after.mean(axis=0)
    a = complex(float((p * q).sum()), float((p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum()))
    fit = a / float((p * p).sum())
    moved = (p[:, 0] + 1j * p[:, 1]) * fit
    rest = np.abs(moved - (q[:, 0] + 1j * q[:, 1]))
    depth = float(np.hypot(*(after[1] - after[0])) + np.hypot(*(after[3] - after[2]))) / 2
    return float(np.sqrt((rest**2).mean()) / depth)
