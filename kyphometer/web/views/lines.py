"""Lines drawn beside a reading, measured for the page."""

from __future__ import annotations

from collections.abc import Sequence

from kyphometer.geometry import PixelGeometry, Point
from kyphometer.measure.free_lines import free_angles, free_lengths
from kyphometer.measure.scale import scaled
from kyphometer.reading import Reading
from kyphometer.web.wire.base import Pair
from kyphometer.web.wire.marks import LineAngle, LineLength, Lines


def lines_view(
    lines: Sequence[tuple[Pair, Pair]], reading: Reading, geometry: PixelGeometry, sd_mm: float
) -> Lines:
    """Lengths, and the angle between each line and the next.

    Raises
    ------
    DegenerateLineError
        If one of several lines has no length.
    """
    drawn = [(Point(*start), Point(*end)) for start, end in lines]
    known = reading.known_size
    shown = scaled(geometry, known)
    share = 0.0 if known is None else known.relative_sd
    lengths = free_lengths(drawn, shown, sd_mm, share)
    angles = free_angles(drawn, shown, sd_mm)
    return Lines(
        lengths=[
            LineLength(
                pixels=one.pixels, mm=one.mm, standard_uncertainty=one.standard_uncertainty_mm
            )
            for one in lengths
        ],
        angles=[
            LineAngle(degrees=one.degrees, standard_uncertainty=one.standard_uncertainty_deg)
            for one in angles
        ],
        column_mm=shown.column_mm,
        in_patient=shown.in_patient,
    )
