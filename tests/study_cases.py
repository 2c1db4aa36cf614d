"""A simulated study on disk with films of plain noise: everything is real but the pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kyphometer.dicom import write_dx
from kyphometer.film import Film, FilmHeader, Rendering
from kyphometer.followup.clinical.writer import write_clinical_table
from kyphometer.phantom import FilmFormat
from kyphometer.reading.document import write_reading
from kyphometer.store import Study
from kyphometer.workflow.cohort import simulate_cohort_readings

if TYPE_CHECKING:
    from pathlib import Path

SMALL = FilmFormat(rows=300, columns=160, pitch_mm=1.0)


def write_study_files(root: Path, patients: int, *, seed: int = 1, repeats: int = 8) -> Path:
    """`films/`, `readings/` and `clinical.csv`, as a researcher would have them."""
    cohort = simulate_cohort_readings(patients, seed=seed, repeats=repeats, film_format=SMALL)
    rng = np.random.default_rng(seed)
    (root / "readings").mkdir(parents=True)
    for number, film in enumerate(cohort.films):
        path = root / "films" / film.patient / f"{film.visit.replace(' ', '-')}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        header = FilmHeader(
            reference=replace(film.truth.film, sop_instance_uid=None),
            geometry=film.geometry,
            acquisition=film.acquisition,
            rendering=Rendering(bits_stored=12),
        )
        shape = (header.reference.rows, header.reference.columns)
        pixels = rng.integers(0, 4096, shape, dtype=np.uint16)
        uid = write_dx(Film(header=header, pixels=pixels), path, seed=f"test {seed} {number}")
        for place, reading in enumerate(film.readings):
            own = replace(reading, film=replace(reading.film, sop_instance_uid=uid))
            name = f"{film.patient}-{film.visit.replace(' ', '-')}-{place}.reading.json"
            write_reading(own, root / "readings" / name)
    write_clinical_table(cohort.clinical, root / "clinical.csv")
    return root


def make_study(root: Path, path: Path) -> Path:
    """A study of those films and readings, without the clinical table."""
    with Study.create(path, "Simulated study") as study:
        report = study.add_films(root / "films")
        assert not report.failed
        taken = study.import_readings(root / "readings")
        assert not taken.failed
    return path
