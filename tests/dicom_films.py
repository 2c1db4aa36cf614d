"""Films to write and read in the tests of kyphometer.dicom."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np

from kyphometer.film import (
    Acquisition,
    Film,
    FilmHeader,
    FilmReference,
    Position,
    Rendering,
    VoiWindow,
)
from kyphometer.geometry import Facing, PixelGeometry, SpacingSource

FACTS = {
    "patient_id": "SIM001",
    "patient_name": "Simulated Änna",
    "patient_sex": "F",
    "patient_birth_date": date(1955, 3, 2),
    "exposed_at": datetime(2024, 5, 6, 10, 11, 12),
    "magnification": 1.2,
    "source_to_detector_mm": 1800.0,
    "source_to_patient_mm": 1500.0,
    "position": Position.STANDING,
    "facing": Facing.RIGHT,
    "time_point": "pre-op",
    "description": "TL spine lateral standing",
    "view": "LL",
}


def film_of(pixels: np.ndarray, **facts: object) -> Film:
    """A film of these pixels, of 12 bits at most, with facts of its exposure."""
    rows, columns = pixels.shape
    return Film(
        header=FilmHeader(
            reference=FilmReference(rows=rows, columns=columns),
            geometry=PixelGeometry.from_spacing(0.12, 0.12, SpacingSource.MAGNIFICATION),
            acquisition=Acquisition(**{**FACTS, **facts}),
            rendering=Rendering(bits_stored=12, windows=(VoiWindow(center=2000, width=3500),)),
        ),
        pixels=pixels,
    )


def noisy_pixels(rows: int = 61, columns: int = 43) -> np.ndarray:
    """Smooth shapes with noise, 12 bits in 16."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:rows, 0:columns]
    smooth = 2000 + 1500 * np.sin(x / 9.0) * np.cos(y / 12.0)
    return (smooth + rng.normal(0, 20, smooth.shape)).clip(0, 4095).astype(np.uint16)
