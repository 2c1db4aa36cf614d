"""Films of a study's patients as pictures: visits side by side, and laid over each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from kyphometer.errors import KyphometerError, NoSharedVertebraError
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.visit_model import Visit
from kyphometer.geometry import PixelGeometry
from kyphometer.measure.superimpose import Superposition, caudal_intact_level, superpose
from kyphometer.plots.comparison import VisitPicture
from kyphometer.plots.figure import Figure
from kyphometer.reading import Reading
from kyphometer.stats.formatting import format_number, minus
from kyphometer.store import FilmRecord, Study


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatientPictures:
    """Pictures of one patient.

    Attributes
    ----------
    patient
        Code of the patient.
    side_by_side
        Films of the visits beside each other.
    superimposed
        Endplates of all visits on the first film; None where films cannot be laid on each other.
    notes
        What could not be drawn, and why.
    """

    patient: str
    side_by_side: Figure
    superimposed: Figure | None
    notes: tuple[str, ...] = ()


def patient_pictures(
    study: Study, results: StudyResults, *, films: bool = True
) -> Iterator[PatientPictures]:
    """Pictures of every patient with a reading at a visit, patient after patient.

    Parameters
    ----------
    study
        The open study.
    results
        Its results, which say which reading to draw.
    films
        Whether to decode films; without, only the marks are drawn.
    """
    from kyphometer.plots.comparison import plot_side_by_side

    records = {record.id: record for record in study.latest_readings()}
    by_id = {film.id: film for film in study.films()}
    by_patient: dict[str, list[Visit]] = defaultdict(list)
    for visit in results.assignment.visits:
        if visit.film in results.readings:
            by_patient[visit.patient].append(visit)
    for patient, visits in by_patient.items():
        pictures: list[VisitPicture] = []
        geometries: list[PixelGeometry] = []
        notes: list[str] = []
        for visit in visits:
            film = by_id[int(visit.film)]
            reading = records[results.readings[film.id]].reading
            grey = _grey(study, film, notes) if films else None
            pictures.append(_picture(results, visit, film, reading, grey))
            geometries.append(film.geometry)
        yield PatientPictures(
            patient=patient,
            side_by_side=plot_side_by_side(pictures),
            superimposed=_superimposed(pictures, geometries, notes),
            notes=tuple(notes),
        )


def _grey(study: Study, film: FilmRecord, notes: list[str]) -> NDArray[Any] | None:
    """The film as shown on a screen, or None with the reason noted."""
    from kyphometer.dicom import read_film, to_grey

    try:
        path = study.film_path(film.id)
        return to_grey(read_film(path, frame=film.frame if film.frame > 1 else None))
    except (KyphometerError, OSError) as error:
        notes.append(f"{film.name} cannot be shown: {error}")
        return None


def _picture(
    results: StudyResults,
    visit: Visit,
    film: FilmRecord,
    reading: Reading,
    grey: NDArray[Any] | None,
) -> VisitPicture:
    from kyphometer.plots.comparison import VisitPicture

    windows = results.cohort.rules.windows
    label = windows.labels.get(visit.visit, str(visit.visit))
    day = minus(f"day {visit.day}")
    position = visit.position.value.replace("_", " ")
    values = tuple(
        f"{item.code} {format_number(angle.value_deg)}°"
        for item in results.cohort.corrections.patients
        if item.patient == visit.patient and (angle := item.angle(visit.visit)) is not None
    )
    return VisitPicture(
        title=f"{label}\n{day}, {position if position != 'unknown' else 'position unknown'}",
        grey=grey,
        reading=reading,
        aspect=film.geometry.aspect,
        values=values,
    )


def _superimposed(
    pictures: list[VisitPicture], geometries: list[PixelGeometry], notes: list[str]
) -> Figure | None:
    from kyphometer.plots.comparison import plot_superimposed

    if len(pictures) < 2:
        return None
    readings = [picture.reading for picture in pictures]
    try:
        level = caudal_intact_level(readings)
        moves: list[Superposition | None] = [None]
        moves += [
            superpose(reading, geometry, readings[0], geometries[0], level)
            for reading, geometry in zip(readings[1:], geometries[1:], strict=True)
        ]
    except NoSharedVertebraError as error:
        notes.append(str(error))
        return None
    return plot_superimposed(pictures, moves)
