"""Whether a film's pixel size can be, told by the vertebrae that were marked on it."""

from __future__ import annotations

import math
from typing import Final

from kyphometer.geometry import PixelGeometry
from kyphometer.reading import Reading

SHORTEST_MM: Final = 12.0
LONGEST_MM: Final = 90.0
"""No mean endplate of an adult's T1 to S1 (20 to 40 mm) is beyond these on a film, magnified by up
to 1.5, be it seen at the detector or in the patient, nor a child's."""


def endplate_lengths_mm(reading: Reading, geometry: PixelGeometry) -> list[float]:
    """Length of each marked endplate in mm by the film's pixel size; [] if it has none."""
    row, column = geometry.row_mm, geometry.column_mm
    if row is None or column is None:
        return []
    return [
        math.hypot(plate.vector[0] * column, plate.vector[1] * row)
        for _, _, plate in reading.endplates()
    ]


def implausible_scale(reading: Reading, geometry: PixelGeometry) -> bool:
    """True if the marked endplates have a mean length that no spine has."""
    lengths = endplate_lengths_mm(reading, geometry)
    return bool(lengths) and not SHORTEST_MM <= sum(lengths) / len(lengths) <= LONGEST_MM
