"""Points, pixel geometry and signed angles: the one place where coordinates are defined.

Coordinates are `(x, y)` = (column, row) in pixels, x to the right, y down, as sub-pixel floats. The
origin (0, 0) is the outer top-left corner of the top-left pixel, as in DICOM SCOORD. The centre of
the pixel `array[row, column]` is therefore at `(column + 0.5, row + 0.5)`.

Angles are in degrees, kyphosis positive and lordosis negative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kyphometer.errors import DegenerateLineError, NotCalibratedError, PixelSpacingError
from kyphometer.messages import Word

NULL_LENGTH = 1e-6
"""Points closer than this (in pixels or mm) are in one place: no screen or film resolves it."""


class Point(NamedTuple):
    """A position on a film, in pixels from its outer top-left corner."""

    x: float
    y: float


class Facing(StrEnum):
    """Where the patient's anterior side lies when the film is held head up."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def sign(self) -> int:
        """+1 if anterior is at image right, -1 if at image left."""
        return 1 if self is Facing.RIGHT else -1

    @property
    def opposite(self) -> Facing:
        """The other side."""
        return Facing.LEFT if self is Facing.RIGHT else Facing.RIGHT


class SpacingSource(StrEnum):
    """Where the size of a pixel comes from, best first."""

    STATED = "stated"
    """The user stated it."""
    KNOWN_SIZE = "known_size"
    """An object of known size on the film, marked in the reading."""
    CALIBRATED = "calibrated"
    """PixelSpacing with a calibration type (GEOMETRY or FIDUCIAL)."""
    PIXEL_SPACING = "pixel_spacing"
    """PixelSpacing without a calibration type that differs from the detector's."""
    MAGNIFICATION = "magnification"
    """ImagerPixelSpacing divided by the estimated radiographic magnification."""
    DETECTOR = "detector"
    """ImagerPixelSpacing at the detector plane; lengths in the patient are smaller."""
    SCANNER = "scanner"
    """NominalScannedPixelSpacing of a digitised film; lengths on the film."""
    ASPECT_RATIO = "aspect_ratio"
    """Only the shape of a pixel is known: angles, no millimetres."""
    NONE = "none"
    """Nothing is known: pixels are taken as square; angles, no millimetres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelGeometry:
    """Size and shape of a pixel, with the source of that knowledge.

    Attributes
    ----------
    row_mm
        Distance between the centres of adjacent rows (vertical), in mm, or None if unknown.
    column_mm
        Distance between the centres of adjacent columns (horizontal), in mm, or None if unknown.
    aspect
        Height of a pixel divided by its width; 1 for square pixels.
    source
        Where these numbers come from.
    in_patient
        True if the spacing holds in the plane of the spine; False if it holds at the detector or on
        the scanned film only, so that lengths carry an unknown magnification.
    """

    row_mm: float | None = None
    column_mm: float | None = None
    aspect: float = 1.0
    source: SpacingSource = SpacingSource.NONE
    in_patient: bool = False

    def __post_init__(self) -> None:
        for name in ("row_mm", "column_mm"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise PixelSpacingError(name, value)
        if not (math.isfinite(self.aspect) and self.aspect > 0):
            raise PixelSpacingError("aspect_ratio", self.aspect)
        if (self.row_mm is None) != (self.column_mm is None):
            raise PixelSpacingError("spacing", (self.row_mm, self.column_mm))

    @classmethod
    def from_spacing(
        cls,
        row_mm: float,
        column_mm: float,
        source: SpacingSource = SpacingSource.STATED,
        *,
        in_patient: bool = True,
    ) -> PixelGeometry:
        """Pixel geometry from a spacing in mm, in DICOM's order (rows first)."""
        if not (row_mm > 0 and column_mm > 0):
            raise PixelSpacingError("spacing", (row_mm, column_mm))
        return cls(
            row_mm=row_mm,
            column_mm=column_mm,
            aspect=row_mm / column_mm,
            source=source,
            in_patient=in_patient,
        )

    @property
    def is_calibrated(self) -> bool:
        """True if millimetres can be given."""
        return self.row_mm is not None

    @property
    def is_square(self) -> bool:
        """True if pixels are as high as they are wide, within 1 part in 10,000."""
        return abs(self.aspect - 1.0) < 1e-4

    @property
    def scale(self) -> tuple[float, float]:
        """Factors for x and y that make pixels square.

        In mm a pixel if the film is calibrated, otherwise in units of a pixel's width.
        """
        if self.row_mm is None or self.column_mm is None:
            return (1.0, self.aspect)
        return (self.column_mm, self.row_mm)

    def require_mm(self, what: str | Word) -> tuple[float, float]:
        """Millimetres a pixel along x and y.

        Raises
        ------
        NotCalibratedError
            If the film carries no pixel spacing; `what` names the refused quantity.
        """
        if self.row_mm is None or self.column_mm is None:
            raise NotCalibratedError(what)
        return (self.column_mm, self.row_mm)


def to_pixel_indices(xy: ArrayLike) -> NDArray[np.float64]:
    """Array indices (row, column) of pixel centres for points `(x, y)`.

    The only place where the half pixel between corner-based coordinates and centre-based indices is
    taken off.

    Parameters
    ----------
    xy
        Points, shape (..., 2), in pixels.

    Returns
    -------
    indices
        Fractional array indices (row, column), shape (..., 2).
    """
    import numpy as np

    points = np.asarray(xy, dtype=np.float64)
    return points[..., ::-1] - 0.5


def from_pixel_indices(indices: ArrayLike) -> NDArray[np.float64]:
    """Points `(x, y)` of fractional array indices (row, column): inverse of `to_pixel_indices`."""
    import numpy as np

    return np.asarray(indices, dtype=np.float64)[..., ::-1] + 0.5


def signed_angle_deg(
    upper: tuple[float, float], lower: tuple[float, float], facing: Facing
) -> float:
    """Signed sagittal angle between two lines, each given from posterior to anterior.

    `atan2(f (u_y l_x - u_x l_y), u . l)` with `f = facing.sign`: positive when the lines converge
    anteriorly (kyphosis), negative when they converge posteriorly (lordosis), in (-180, 180].
    Independent of the length and position of the lines, of rotation, of isotropic scale, and of
    mirroring together with `facing` (science.md#sign).

    Parameters
    ----------
    upper
        Vector of the cranial line, posterior to anterior, in square units, y down.
    lower
        Vector of the caudal line, likewise.
    facing
        Where anterior is on the film.

    Raises
    ------
    DegenerateLineError
        If a vector is shorter than `NULL_LENGTH`.

    Examples
    --------
    The upper line falls by 10 degrees towards anterior (image right), the lower rises by 10:

    >>> round(signed_angle_deg((0.9848, 0.1736), (0.9848, -0.1736), Facing.RIGHT), 1)
    20.0
    >>> signed_angle_deg((1.0, 0.0), (2.0, 0.0), Facing.LEFT)
    0.0
    """
    ux, uy = upper
    lx, ly = lower
    if math.hypot(ux, uy) < NULL_LENGTH or math.hypot(lx, ly) < NULL_LENGTH:
        raise DegenerateLineError
    cross = facing.sign * (uy * lx - ux * ly)
    angle = math.degrees(math.atan2(cross, ux * lx + uy * ly))
    return angle + 0.0 if angle > -180.0 else 180.0


def cross(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Z component of the cross product `a x b` of two plane vectors."""
    return a[0] * b[1] - a[1] * b[0]


def line_intersection(p: Point, q: Point, r: Point, s: Point) -> Point | None:
    """Where the infinite lines `p q` and `r s` meet, or None if they are parallel."""
    d1 = (q.x - p.x, q.y - p.y)
    d2 = (s.x - r.x, s.y - r.y)
    denominator = cross(d1, d2)
    if abs(denominator) < 1e-12 * (math.hypot(*d1) * math.hypot(*d2) or 1.0):
        return None
    t = cross((r.x - p.x, r.y - p.y), d2) / denominator
    return Point(p.x + t * d1[0], p.y + t * d1[1])


def segments_cross(p: Point, q: Point, r: Point, s: Point) -> bool:
    """True if the segments `p q` and `r s` properly cross each other."""

    def side(a: Point, b: Point, c: Point) -> float:
        return cross((b.x - a.x, b.y - a.y), (c.x - a.x, c.y - a.y))

    return side(p, q, r) * side(p, q, s) < 0 and side(r, s, p) * side(r, s, q) < 0
