"""A simulated study: readings alone, which takes seconds, or films, readings and clinical table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kyphometer.dicom import Compression
from kyphometer.film import Acquisition
from kyphometer.followup.clinical.record import ClinicalTable
from kyphometer.followup.clinical.writer import write_clinical_table
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.phantom import (
    FilmFormat,
    SimulatedObserver,
    mark_by_hand,
    simulate_visit_truth,
    simulate_visits,
)
from kyphometer.reading import Reading
from kyphometer.reading.document import write_reading
from kyphometer.workflow.cohort_plan import PUBLISHED_PATIENTS, PlannedPatient, plan_cohort
from kyphometer.workflow.films import READING_SUFFIX, stamped
from kyphometer.workflow.simulate import ROTATION, WrittenFilm, write_simulated

CORNER_SD_MM = 0.35
"""SD across the endplate of the simulated observers: SEM of an angle about 1.3 degrees."""
ENDPLATE_MM = 31.0
"""Length of an endplate between its rims, for the SD of an angle."""
CLINICAL_TABLE = "clinical.csv"
FILMS_FOLDER = "films"
REPEAT_FOLDER = "repeat-readings"
REPEAT_SESSION = "repeat"
DEFAULT_OBSERVERS = (
    SimulatedObserver(code="KN", across_sd_mm=CORNER_SD_MM),
    SimulatedObserver(code="MB", across_sd_mm=CORNER_SD_MM),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortFilm:
    """A film of a simulated study that was not exposed: everything about it but its pixels.

    Attributes
    ----------
    patient, visit
        Whose film, and the name of the planned visit.
    geometry, acquisition
        As its header would say.
    truth
        Its true endplates.
    readings
        Readings by the observers; repeats carry the session `repeat`.
    """

    patient: str
    visit: str
    geometry: PixelGeometry
    acquisition: Acquisition
    truth: Reading
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortReadings:
    """A simulated study without pixels."""

    films: tuple[CohortFilm, ...]
    clinical: ClinicalTable


def reading_sd_deg(observers: Sequence[SimulatedObserver]) -> float:
    """About the SD in degrees of the error of the observers' mean (science.md#corner-noise)."""
    if not observers:
        return 0.0
    variances = [(114.6 * item.across_sd_mm / ENDPLATE_MM) ** 2 for item in observers]
    return float(sum(variances) ** 0.5 / len(variances))


def simulate_cohort_readings(
    patients: int = PUBLISHED_PATIENTS,
    *,
    seed: int = 1,
    observers: Sequence[SimulatedObserver] = DEFAULT_OBSERVERS,
    repeats: int = 8,
    film_format: FilmFormat | None = None,
) -> CohortReadings:
    """Readings and clinical table of a simulated study, without exposing its films.

    The readings are those that `write_cohort` would write, but for the films' identities.

    Parameters
    ----------
    patients, seed
        See `plan_cohort`.
    observers
        Who marks every film.
    repeats
        Films that the first observer reads a second time.
    film_format
        Size of the films.
    """
    planned = plan_cohort(patients, seed=seed, reading_sd_deg=reading_sd_deg(observers))
    films = []
    for number, patient in enumerate(planned):
        visits = simulate_visit_truth(
            patient.person,
            patient.visits,
            fractured=patient.fractured,
            seed=seed,
            film_format=film_format,
            facing=_facing(number),
            surgery=patient.surgery,
            patient_id=patient.code,
            leaks=patient.leaks,
        )
        for place, visit in enumerate(visits):
            uid = _uid(f"{seed} {patient.code} {visit.plan.name}")
            truth = replace(
                visit.film.truth, film=replace(visit.film.truth.film, sop_instance_uid=uid)
            )
            about = (truth, visit.film.geometry, visit.film.acquisition)
            again = observers[: int(_is_repeated(number, place, patients, repeats))]
            films.append(
                CohortFilm(
                    patient=patient.code,
                    visit=visit.plan.name,
                    geometry=visit.film.geometry,
                    acquisition=visit.film.acquisition,
                    truth=truth,
                    readings=(
                        *(_read(*about, who, seed) for who in observers),
                        *(_repeat(*about, who, seed) for who in again),
                    ),
                )
            )
    return CohortReadings(films=tuple(films), clinical=_table(planned))


def write_cohort(
    root: Path,
    patients: int = PUBLISHED_PATIENTS,
    *,
    seed: int = 1,
    observers: Sequence[SimulatedObserver] = DEFAULT_OBSERVERS,
    repeats: int = 8,
    film_format: FilmFormat | None = None,
    compression: Compression | None = None,
    condition: str = "clean",
) -> Iterator[WrittenFilm]:
    """Write a simulated study: films with readings, repeat readings, clinical table, truth.

    `films/PATIENT/VISIT.dcm` with `VISIT.OBSERVER.reading.json` beside it, `repeat-readings/`,
    `clinical.csv`, and `truth/`, which no study should look into.

    Parameters
    ----------
    root
        Folder to write to; what is not named here is as in `simulate_cohort_readings`.
    compression, condition
        Transfer syntax, None for several in turn; one of `kyphometer.phantom.CONDITIONS`.
    """
    planned = plan_cohort(
        patients, seed=seed, condition=condition, reading_sd_deg=reading_sd_deg(observers)
    )
    root.mkdir(parents=True, exist_ok=True)
    write_clinical_table(_table(planned), root / CLINICAL_TABLE)
    for number, patient in enumerate(planned):
        visits = simulate_visits(
            patient.person,
            patient.visits,
            condition=condition,
            fractured=patient.fractured,
            seed=seed,
            film_format=film_format,
            facing=_facing(number),
            surgery=patient.surgery,
            patient_id=patient.code,
            leaks=patient.leaks,
        )
        for place, visit in enumerate(visits):
            name = visit.plan.name.replace(" ", "-")
            written = write_simulated(
                visit.film,
                root / FILMS_FOLDER / patient.code,
                name,
                root=root,
                observers=observers,
                seed=seed,
                compression=compression or ROTATION[(number + place) % len(ROTATION)],
                instance_number=place + 1,
            )
            if _is_repeated(number, place, patients, repeats):
                folder = root / REPEAT_FOLDER / patient.code
                for who in observers[:1]:
                    film = visit.film
                    again = _repeat(written.truth, film.geometry, film.acquisition, who, seed)
                    _write_again(again, folder, f"{name}.{who.code}{READING_SUFFIX}")
            yield written


def _write_again(reading: Reading, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_reading(stamped(reading), folder / name)


def _table(planned: Sequence[PlannedPatient]) -> ClinicalTable:
    return ClinicalTable(
        records=tuple(patient.record for patient in planned), source=CLINICAL_TABLE
    )


def _facing(number: int) -> Facing:
    return (Facing.LEFT, Facing.RIGHT)[number % 2]


def _uid(text: str) -> str:
    """A UID made from a text, for films that are never written."""
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:15], 'big')}"


def _is_repeated(number: int, place: int, patients: int, repeats: int) -> bool:
    """Whether a film is read twice: every so many films, evenly over patients and visits."""
    total = 4 * patients
    index = 4 * number + place
    return (index + 1) * min(repeats, total) // total > index * min(repeats, total) // total


def _read(
    truth: Reading,
    geometry: PixelGeometry,
    acquisition: Acquisition,
    who: SimulatedObserver,
    seed: int,
    days: int = 1,
) -> Reading:
    exposed = acquisition.exposed_at or datetime(2024, 1, 1)
    created = exposed.replace(tzinfo=UTC) + timedelta(days=days)
    return mark_by_hand(truth, geometry, who, seed, created=created)


def _repeat(
    truth: Reading,
    geometry: PixelGeometry,
    acquisition: Acquisition,
    who: SimulatedObserver,
    seed: int,
) -> Reading:
    """A second reading of the same observer, four weeks after the first."""
    again = _read(truth, geometry, acquisition, who, seed + 1_000_003, days=29)
    return replace(again, session=REPEAT_SESSION)
