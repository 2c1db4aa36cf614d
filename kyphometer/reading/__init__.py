"""One observer, one film, one time: landmarks, their checks, how they are written down."""

from __future__ import annotations

from kyphometer.reading.agreed import Consensus, ConsensusPart
from kyphometer.reading.carried import (
    CarriedBody,
    CarriedLine,
)
from kyphometer.reading.model import (
    CornerRule,
    Covariance,
    Endplate,
    Landmark,
    LandmarkName,
    MarkSource,
    NotMeasurable,
    Reading,
    Vertebra,
)
from kyphometer.reading.scale import KnownSize, ScaleKind

__all__ = [
    "CarriedBody",
    "CarriedLine",
    "Consensus",
    "ConsensusPart",
    "CornerRule",
    "Covariance",
    "Endplate",
    "KnownSize",
    "Landmark",
    "LandmarkName",
    "MarkSource",
    "NotMeasurable",
    "Reading",
    "ScaleKind",
    "Vertebra",
]
