"""The frame of a vertebra: the similarity that turns it anterior left, superior up, to unit depth.

The refiners see every vertebra in this frame, so that size, turning and facing of the film play no
role. A point `u` of the frame is `centre + depth * axes @ u` in square units; the body's centre is
the origin, one unit is one body depth, x runs from anterior to posterior and y from superior to
inferior.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np
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
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners.tolist()
        along, down = x1 - x0 + x3 - x2, y1 - y0 + y3 - y2
        length = max(hypot(along, down), 1e-12)
        x, y = along / length, down / length
        return cls(
            centre=np.array(((x0 + x1 + x2 + x3) / 4, (y0 + y1 + y2 + y3) / 4)),
            depth=(hypot(x1 - x0, y1 - y0) + hypot(x3 - x2, y3 - y2)) / 2,
            axes=np.array(((x, facing_sign * y), (y, -facing_sign * x))),
            factors=factors,
        )

    @property
    def facing_sign(self) -> int:
        """+1 if anterior is at image right, -1 if at image left."""
        (a, b), (c, d) = self.axes.tolist()
        return -1 if a * d - b * c > 0 else 1

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
        return np.concatenate((linear, (self.centre / self.factors)[:, None]), axis=1)
