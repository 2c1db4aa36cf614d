"""Lines drawn beside a reading: their lengths, and the angle between one and the next."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from kyphometer.errors import DegenerateLineError
from kyphometer.geometry import NULL_LENGTH, PixelGeometry, Point
from kyphometer.messages import Word

Line = tuple[Point, Point]


@dataclass(frozen=True, slots=True)
class FreeLength:
    """Length of a line: in widths of a pixel, and in mm where their size is known."""

    pixels: float
    mm: float | None
    standard_uncertainty_mm: float | None


@dataclass(frozen=True, slots=True)
class FreeAngle:
    """Smaller angle between two lines, 0 to 90 degrees, whichever way they were drawn."""

    degrees: float
    standard_uncertainty_deg: float | None


def free_lengths(
    lines: Sequence[Line], geometry: PixelGeometry, end_sd_mm: float, relative_sd: float = 0.0
) -> list[FreeLength]:
    """Length of each line, with that of both ends and of the scale in its uncertainty.

    Parameters
    ----------
    lines
        Both ends of each, in pixels.
    end_sd_mm
        Standard uncertainty of an end along each axis, in mm.
    relative_sd
        That of the film's scale, as a share of each length.
    """
    found = []
    for start, end in lines:
        pixels = math.hypot(end.x - start.x, (end.y - start.y) * geometry.aspect)
        mm = None if geometry.column_mm is None else pixels * geometry.column_mm
        sd = None if mm is None else math.hypot(math.sqrt(2) * end_sd_mm, mm * relative_sd)
        found.append(FreeLength(pixels, mm, sd))
    return found


def free_angles(
    lines: Sequence[Line], geometry: PixelGeometry, end_sd_mm: float
) -> list[FreeAngle]:
    """Angle between each line and the next.

    Raises
    ------
    DegenerateLineError
        If a line has no length.
    """
    return [_angle(one, other, geometry, end_sd_mm) for one, other in itertools.pairwise(lines)]


def _angle(one: Line, other: Line, geometry: PixelGeometry, end_sd_mm: float) -> FreeAngle:
    (ax, ay), (bx, by) = (_vector(line, geometry) for line in (one, other))
    lengths = math.hypot(ax, ay), math.hypot(bx, by)
    if min(lengths) < NULL_LENGTH:
        raise DegenerateLineError(Word("line.free"))
    degrees = math.degrees(math.atan2(abs(ax * by - ay * bx), abs(ax * bx + ay * by)))
    if not geometry.is_calibrated:
        return FreeAngle(degrees, None)
    variance = sum(2.0 * (end_sd_mm / length) ** 2 for length in lengths)
    return FreeAngle(degrees, math.degrees(math.sqrt(variance)))


def _vector(line: Line, geometry: PixelGeometry) -> tuple[float, float]:
    """In square units, mm where the film has a scale."""
    (ax, ay), (bx, by) = line
    sx, sy = geometry.scale
    return (bx - ax) * sx, (by - ay) * sy
