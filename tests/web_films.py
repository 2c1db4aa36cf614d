"""Small films on disk for tests of the web server: real DICOM files, known pixels."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from kyphometer.dicom.compress import Compression
from kyphometer.dicom.write import write_dx
from kyphometer.film import Acquisition, Film, FilmHeader, FilmReference, Rendering, VoiWindow
from kyphometer.geometry import Facing, PixelGeometry

if TYPE_CHECKING:
    from pathlib import Path

ROWS, COLUMNS = 1800, 900


def film(seed: int = 0, *, rows: int = ROWS, columns: int = COLUMNS, **facts: Any) -> Film:
    """A 12-bit film that faces left: a bright column on a dark ground, with noise."""
    rng = np.random.default_rng(seed)
    x = np.arange(columns)
    column = 2500 * np.exp(-(((x - columns / 2) / (columns / 5)) ** 2))
    pixels = column[None, :] + rng.integers(0, 800, (rows, columns))
    acquisition = Acquisition(
        modality="DX",
        patient_id="P1",
        patient_name="Test^Patient",
        study_date=date(2025, 3, 1 + seed),
        view="LL",
        facing=Facing.LEFT,
        patient_orientation=("P", "F"),
    )
    header = FilmHeader(
        reference=FilmReference(rows=rows, columns=columns),
        geometry=PixelGeometry.from_spacing(0.15, 0.15),
        acquisition=replace(acquisition, **facts),
        rendering=Rendering(bits_stored=12, windows=(VoiWindow(center=1500, width=3000),)),
    )
    return Film(header=header, pixels=pixels.astype(np.uint16))


def write_films(
    folder: Path, number: int = 2, compression: Compression = Compression.NONE, **size: int
) -> list[Film]:
    """Films of one patient, one each day, as film0.dcm, film1.dcm, ..."""
    made = [film(seed, **size) for seed in range(number)]
    for seed, one in enumerate(made):
        write_dx(one, folder / f"film{seed}.dcm", seed=f"web {seed}", compression=compression)
    return made
