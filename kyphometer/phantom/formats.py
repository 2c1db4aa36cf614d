"""Film sizes, and the facts of a film that its header will carry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kyphometer.film import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFormat:
    """Size of a film.

    Attributes
    ----------
    rows, columns
        Pixel matrix.
    pitch_mm
        Detector pixel size.
    """

    rows: int = 1800
    columns: int = 900
    pitch_mm: float = 0.16


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFacts:
    """What the header says beyond the geometry.

    Attributes
    ----------
    position
        How the patient was held.
    exposed_at
        Date and time of the exposure.
    time_point
        Name of the visit.
    patient_id, patient_name, birth_date
        Identity of the simulated patient.
    """

    position: Position = Position.STANDING
    exposed_at: datetime | None = None
    time_point: str | None = None
    patient_id: str | None = None
    patient_name: str | None = None
    birth_date: date | None = None
