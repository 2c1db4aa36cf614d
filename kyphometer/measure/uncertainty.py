"""Uncertainty of angles and lengths from the covariances of their corners.

First-order propagation (GUM 5.1.2). For a line through two corners of per-axis SD s, a distance L
apart, the SD of its direction is (180/pi) sqrt(2) s / L degrees; for an angle between two such
lines of equal length, 114.6 s / L (science.md#corner-noise).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from kyphometer.geometry import PixelGeometry
from kyphometer.reading import Landmark, MarkSource, Reading

DEFAULT_CORNER_SD_MM = 0.75
"""Per-axis SD of a hand mark, in mm, if none is stated.

Alanay 2007 (doi 10.1007/s00586-007-0474-z) read 35 osteoporotic fractures with 95 % intra-observer
agreement of 7.1 to 9.3 degrees, which implies 0.74 to 0.97 mm at each corner
(science.md#manual-readers).
"""

ASSUMED_ENDPLATE_MM = 33.0
"""Length of an endplate taken where the film has no scale, to turn a corner SD in mm to pixels."""

Matrix = tuple[float, float, float]
"""Symmetric 2 x 2 matrix as (xx, xy, yy), in square units."""


@dataclass(frozen=True, slots=True)
class CornerNoise:
    """How uncertain each landmark of a reading is, in the square units of its film.

    Attributes
    ----------
    scale
        Factors for x and y that make pixels square.
    hand_variance
        Variance per axis of a landmark without a covariance of its own, in square units.
    """

    scale: tuple[float, float]
    hand_variance: float

    def of(self, mark: Landmark) -> Matrix:
        """Covariance of a landmark in square units; zero for a simulated film's truth."""
        if mark.covariance is not None:
            sx, sy = self.scale
            (a, b), (_, d) = mark.covariance
            return (a * sx * sx, b * sx * sy, d * sy * sy)
        if mark.source is MarkSource.TRUTH:
            return (0.0, 0.0, 0.0)
        return (self.hand_variance, 0.0, self.hand_variance)


def corner_noise(
    reading: Reading, geometry: PixelGeometry, corner_sd_mm: float = DEFAULT_CORNER_SD_MM
) -> CornerNoise:
    """Noise model of a reading's landmarks.

    Parameters
    ----------
    reading
        The reading; used to find the scale of a film without pixel spacing, where the mean marked
        endplate is taken as `ASSUMED_ENDPLATE_MM` long.
    geometry
        Pixel geometry of its film.
    corner_sd_mm
        Per-axis SD of hand-placed corners, in mm in the plane of the spine.
    """
    sd = corner_sd_mm
    if not geometry.is_calibrated:
        sx, sy = geometry.scale
        lengths = [
            math.hypot(plate.vector[0] * sx, plate.vector[1] * sy)
            for _, _, plate in reading.endplates()
        ]
        mean = sum(lengths) / len(lengths) if lengths else 0.0
        sd = corner_sd_mm * mean / ASSUMED_ENDPLATE_MM
    return CornerNoise(geometry.scale, sd * sd)


def along(direction: tuple[float, float], covariance: Matrix) -> float:
    """Variance of a point along a direction (not necessarily of unit length): d' S d."""
    dx, dy = direction
    xx, xy, yy = covariance
    return dx * dx * xx + 2.0 * dx * dy * xy + dy * dy * yy


def direction_variance_rad2(vector: tuple[float, float], start: Matrix, end: Matrix) -> float:
    """Variance, in rad², of the direction of a line between two uncertain points.

    Only the components of the points across the line matter.

    Parameters
    ----------
    vector
        From one point to the other, in square units, not null.
    start, end
        Covariances of the two points, in square units.
    """
    dx, dy = vector
    length_squared = dx * dx + dy * dy
    normal = (-dy / length_squared, dx / length_squared)
    return along(normal, start) + along(normal, end)


def angle_uncertainty_deg(*line_variances_rad2: float) -> float:
    """Standard uncertainty, in degrees, of an angle between independent lines."""
    return math.degrees(math.sqrt(sum(line_variances_rad2)))
