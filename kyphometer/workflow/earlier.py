"""The read film of an earlier visit, for what it says of a later film's levels."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kyphometer.carry.recognise import EarlierVisit
from kyphometer.dicom import read_film, read_header
from kyphometer.errors import KyphometerError
from kyphometer.film import FilmHeader
from kyphometer.reading.beside import SUFFIX
from kyphometer.reading.document import read_reading
from kyphometer.workflow.beside import belongs, find_reading

MOST_BESIDE = 50
"""No more readings of a folder are looked at: one of thousands shall cost no more."""


def earlier_visit(path: Path) -> EarlierVisit:
    """What the bodies of a read film look like, from the reading beside it.

    Raises
    ------
    FilmError, ReadingError
        If film or reading cannot be read, or there is no reading.
    CarryOverError
        If no vertebral body is marked.
    """
    reading = read_reading(find_reading(path))
    frame = reading.film.frame if reading.film.frame > 1 else None
    return EarlierVisit.of(read_film(path, frame=frame), reading)


def visit_before(path: Path, header: FilmHeader) -> Path | None:
    """The latest earlier film of the same patient in a film's folder that has a reading.

    Patients are told by their IDs, visits by the time of exposure; without both there is none.
    """
    patient, taken = header.acquisition.patient_id, header.acquisition.exposed_at
    if not patient or taken is None:
        return None
    found = [
        (at, other)
        for other in _read_films(path)
        if (at := _exposed_at(other, patient)) is not None and at < taken
    ]
    return max(found)[1] if found else None


def _read_films(path: Path) -> list[Path]:
    """Other files of the folder with a reading beside them."""
    try:
        files = sorted(path.parent.iterdir())
    except OSError:
        return []
    stems = [file.name.removesuffix(SUFFIX) for file in files if file.name.endswith(SUFFIX)]
    return [
        file
        for file in files
        if file != path
        and file.suffix.lower() != ".json"
        and any(belongs(stem, file) for stem in stems[:MOST_BESIDE])
    ]


def _exposed_at(path: Path, patient: str) -> datetime | None:
    """When a film of this patient was taken; None if it is another's, or cannot be read."""
    try:
        acquisition = read_header(path).acquisition
    except KyphometerError:
        return None
    return acquisition.exposed_at if acquisition.patient_id == patient else None
