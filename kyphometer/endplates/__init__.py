"""What the image says: rough marks moved onto rim corners, and carried to the next film."""

from __future__ import annotations

from kyphometer.endplates.carried import (
    AngleChange,
    CarriedVertebra,
    CarryOver,
    NotCarried,
    change_with_uncertainty,
)
from kyphometer.endplates.carry_over import carry_over
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
    "AngleChange",
    "CarriedVertebra",
    "CarryOver",
    "Limits",
    "NotCarried",
    "RefinedReading",
    "RefinedVertebra",
    "Refiner",
    "Refusal",
    "RefusalReason",
    "carry_over",
    "change_with_uncertainty",
    "refine",
    "refine_reading",
]
