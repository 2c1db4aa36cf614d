"""The frame of a vertebra: the similarity that turns it anterior left, superior up, to unit depth.

The refiners see every vertebra in this frame, so that size, turning and facing of the film play no
role. A point `u` of the frame is `centre + depth * axes @ u` in square units; the body's centre is
the origin, one unit is one body depth, x runs from anterior to posterior and y from superior to
inferior.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kyphometer.endplates.corners import line_lengths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VertebraFrame:
    """Where a vertebra lies on a film and how it is turned.

    Attributes
    ----------
    centre
        Mean of the four corners in square units, shape (2,).
    depth
        Mean length of the two endplates in square units.
    axes
        Columns are the unit vectors anterior to posterior and superior to inferior, shape (2, 2);
        a reflection if anterior is at image right.
    factors
        Square units a pixel along x and y, shape (2,).
    """

    centre: Array
    depth: float
    axes: Array
    factors: Array

    @classmethod
    def of_corners(cls, corners: Array, factors: Array, facing_sign: int) -> VertebraFrame:
        """Frame of four corners given in square units; `facing_sign` as in `Facing.sign`."""
        along = corners[1] - corners[0] + corners[3] - corners[2]
        x = along / max(float(np.hypot(*along)), 1e-12)
        y = facing_sign * np.array([x[1], -x[0]])
        return cls(
            centre=corners.mean(axis=0),
            depth=float(line_lengths(corners).mean()),
            axes=np.stack((x, y), axis=1),
            factors=factors,
        )

    @property
    def facing_sign(self) -> int:
        """+1 if anterior is at image right, -1 if at image left."""
        return -1 if float(np.linalg.det(self.axes)) > 0 else 1

    def around(self, corners: Array) -> VertebraFrame:
        """The frame of other corners (square units) of the same vertebra."""
        return VertebraFrame.of_corners(corners, self.factors, self.facing_sign)

    def to_square(self, points: Array) -> Array:
        """Points of the frame in square units; shape (..., 2)."""
        return self.centre + self.depth * (points @ self.axes.T)

    def to_pixels(self, points: Array) -> Array:
        """Points of the frame in pixels of the film; shape (..., 2)."""
        return self.to_square(points) / self.factors

    def from_square(self, points: Array) -> Array:
        """Points in square units in the frame; shape (..., 2)."""
        return (points - self.centre) @ self.axes / self.depth

    def from_pixels(self, points: Array) -> Array:
        """Points in pixels of the film in the frame; shape (..., 2)."""
        return self.from_square(points * self.factors)

    def covariance_to_pixels(self, covariance: Array) -> Array:
        """Covariances of the frame in square pixels; shape (..., 2, 2)."""
        turn = self.depth * self.axes / self.factors[:, None]
        return turn @ covariance @ turn.T

    def covariance_from_pixels(self, covariance: Array) -> Array:
        """Covariances in square pixels in units of the frame; shape (..., 2, 2)."""
        turn = (self.axes / self.depth).T * self.factors
        return turn @ covariance @ turn.T

    def pixel_affine(self) -> Array:
        """Matrix (2, 3) that takes `(u_x, u_y, 1)` of the frame to pixels of the film."""
        linear = self.depth * self.axes / self.factors[:, None]
        return np.column_stack((linear, self.centre / self.factors))
