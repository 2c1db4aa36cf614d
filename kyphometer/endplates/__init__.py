"""What the image says: rough marks moved onto rim corners."""

from __future__ import annotations

from kyphometer.endplates.estimate import Refiner
from kyphometer.endplates.guards import Limits
from kyphometer.endplates.refine import refine, refine_reading
from kyphometer.endplates.results import (
    RefinedReading,
    RefinedVertebra,
    Refusal,
    RefusalReason,
)

__all__ = [
    "Limits",
    "RefinedReading",
    "RefinedVertebra",
    "Refiner",
    "Refusal",
    "RefusalReason",
    "refine",
    "refine_reading",
]
