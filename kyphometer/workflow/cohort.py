"""A simulated study: readings alone, which takes seconds, or films, readings and clinical table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kyphometer.dicom import Compression
from kyphometer.dicom.write import uid_from
from kyphometer.film import Acquisition
from kyphometer.followup.clinical.record import ClinicalTable
from kyphometer.followup.clinical.writer import write_clinical_table
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.measure import measure_reading
from kyphometer.phantom import (
    FilmFormat,
    SimulatedObserver,
    UnexposedVisit,
    VisitPlan,
    mark_by_hand,
    simulate_visit_truth,
    simulate_visits,
)
from kyphometer.reading import Reading
from kyphometer.reading.document import write_reading
from kyphometer.workflow.cohort_plan import (
    PUBLISHED_PATIENTS,
    RKA_DEG,
    VKA_DEG,
    PlannedPatient,
    plan_cohort,
)
from kyphometer.workflow.films import READING_SUFFIX, stamped
from kyphometer.workflow.simulate import ROTATION, WrittenFilm, film_identity, write_simulated

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


def planned_as_read(
    patients: int,
    *,
    seed: int,
    observers: Sequence[SimulatedObserver],
    film_format: FilmFormat | None = None,
    condition: str = "clean",
) -> tuple[PlannedPatient, ...]:
    """The plan with which the means of the observers' readings have the published moments.

    Errors of reading are drawn once, and the true angles of each visit are stretched and moved so
    that with these errors the sample mean and SD are the printed ones.
    """
    planned = plan_cohort(
        patients, seed=seed, condition=condition, reading_sd_deg=reading_sd_deg(observers)
    )
    if not observers:
        return planned
    errors = np.array(
        [
            _errors(number, one, seed, observers, film_format, condition)
            for number, one in enumerate(planned)
        ]
    )
    targets = np.array([[_targets(visit) for visit in one.visits] for one in planned])
    for code, table in enumerate((VKA_DEG, RKA_DEG)):
        for place, (mean, sd) in enumerate(table.values()):
            column = (slice(None), place, code)
            targets[column] = _stretched(targets[column], errors[column], mean, sd)
    return tuple(
        replace(
            one,
            visits=tuple(
                replace(visit, targets=replace(visit.targets, vka_deg=float(a), rka_deg=float(b)))
                for visit, (a, b) in zip(one.visits, own, strict=True)
            ),
        )
        for one, own in zip(planned, targets, strict=True)
    )


def _targets(visit: VisitPlan) -> tuple[float, float]:
    """The true VKA and RKA of a planned visit of the cohort, which has both."""
    vka, rka = visit.targets.vka_deg, visit.targets.rka_deg
    assert vka is not None
    assert rka is not None
    return vka, rka


def _errors(
    number: int,
    patient: PlannedPatient,
    seed: int,
    observers: Sequence[SimulatedObserver],
    film_format: FilmFormat | None,
    condition: str,
) -> list[tuple[float, float]]:
    """Mean reading minus true angle of VKA and RKA at each visit."""
    found = []
    for visit in _truths(number, patient, seed, film_format, condition):
        film, truth, (vka, rka) = visit.film, _named(patient, visit), _targets(visit.plan)
        values = {"VKA": 0.0, "RKA": 0.0}
        for who in observers:
            reading = _read(truth, film.geometry, film.acquisition, who, seed)
            for item in measure_reading(reading, film.geometry, codes=list(values)).measurements:
                values[item.code] += item.value / len(observers)
        found.append((values["VKA"] - vka, values["RKA"] - rka))
    return found


def _stretched(
    true: NDArray[np.float64], errors: NDArray[np.float64], mean: float, sd: float
) -> NDArray[np.float64]:
    """A true + b, so that with the errors the sample has this mean and SD; a is near 1."""
    centred, error = true - true.mean(), errors - errors.mean()
    square, mixed = float(centred @ centred), float(centred @ error)
    rest = float(error @ error) - sd**2 * (true.size - 1)
    inside = mixed**2 - square * rest
    if square <= 0.0 or inside < 0.0:  # the errors alone scatter more than the angles may
        return np.asarray(centred + mean - errors.mean(), dtype=np.float64)
    stretch = (math.sqrt(inside) - mixed) / square
    return np.asarray(stretch * centred + mean - errors.mean(), dtype=np.float64)


def simulate_cohort_readings(
    patients: int = PUBLISHED_PATIENTS,
    *,
    seed: int = 1,
    observers: Sequence[SimulatedObserver] = DEFAULT_OBSERVERS,
    repeats: int = 8,
    film_format: FilmFormat | None = None,
) -> CohortReadings:
    """Readings and clinical table of a simulated study, without exposing its films.

    The readings are those that `write_cohort` would write.

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
    planned = planned_as_read(patients, seed=seed, observers=observers, film_format=film_format)
    films = []
    for number, patient in enumerate(planned):
        visits = _truths(number, patient, seed, film_format)
        for place, visit in enumerate(visits):
            truth = _named(patient, visit)
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
    planned = planned_as_read(
        patients, seed=seed, observers=observers, film_format=film_format, condition=condition
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


def _truths(
    number: int,
    patient: PlannedPatient,
    seed: int,
    film_format: FilmFormat | None,
    condition: str = "clean",
) -> Sequence[UnexposedVisit]:
    """True films of a patient, not exposed."""
    return simulate_visit_truth(
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


def _named(patient: PlannedPatient, visit: UnexposedVisit) -> Reading:
    """The truth under the UID of the written film, which decides how the observers' hands move."""
    relative = f"{FILMS_FOLDER}/{patient.code}/{visit.plan.name.replace(' ', '-')}"
    uid = str(uid_from(film_identity(visit.film, relative), "film"))
    return replace(visit.film.truth, film=replace(visit.film.truth.film, sop_instance_uid=uid))


def _facing(number: int) -> Facing:
    return (Facing.LEFT, Facing.RIGHT)[number % 2]


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
