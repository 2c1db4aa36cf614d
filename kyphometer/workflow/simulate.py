"""Write simulated films as DX objects, with observers' readings beside them and the truth apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.dicom import Compression, read_header, write_dx
from kyphometer.geometry import Facing
from kyphometer.phantom import (
    STUDY_VISITS,
    Condition,
    FilmFormat,
    SimulatedFilm,
    SimulatedObserver,
    TargetAngles,
    VisitPlan,
    mark_by_hand,
    simulate_film,
    simulate_visits,
)
from kyphometer.phantom.simulate import UnexposedFilm
from kyphometer.reading import Reading
from kyphometer.reading.document import write_reading
from kyphometer.workflow.films import READING_SUFFIX, stamped

TRUTH_FOLDER = "truth"
ROTATION = (
    Compression.JPEG_LOSSLESS,
    Compression.JPEG_2000,
    Compression.RLE,
    Compression.NONE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFilm:
    """A simulated film on disk.

    Attributes
    ----------
    path
        The DX object.
    truth_path
        Reading with its true endplates.
    reading_paths
        Readings of the simulated observers.
    truth
        The truth itself.
    """

    path: Path
    truth_path: Path
    reading_paths: tuple[Path, ...]
    truth: Reading


def write_simulated(
    simulated: SimulatedFilm,
    folder: Path,
    name: str,
    *,
    root: Path,
    observers: Sequence[SimulatedObserver] = (),
    seed: int = 0,
    compression: Compression = Compression.JPEG_LOSSLESS,
    instance_number: int = 1,
) -> WrittenFilm:
    """Write one simulated film, its truth, and its observers' readings.

    Parameters
    ----------
    simulated
        The film.
    folder
        Where the film and the observers' readings go.
    name
        Name of the film's file without suffix.
    root
        Folder of the whole set; the truth goes below its folder `truth`.
    observers
        Who marks it by hand; with one observer the reading is `NAME.reading.json`.
    seed
        Seed of the observers' hands.
    compression
        Transfer syntax.
    instance_number
        Number within its series.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.dcm"
    relative = folder.relative_to(root) / name
    write_dx(
        simulated.film,
        path,
        seed=film_identity(simulated, relative.as_posix()),
        compression=compression,
        instance_number=instance_number,
    )
    uid = read_header(path).reference.sop_instance_uid
    reference = replace(simulated.film.reference, sop_instance_uid=uid)
    truth = stamped(replace(simulated.truth, film=reference))
    truth_path = root / TRUTH_FOLDER / folder.relative_to(root) / f"{name}{READING_SUFFIX}"
    truth_path.parent.mkdir(parents=True, exist_ok=True)
    write_reading(truth, truth_path)
    readings = tuple(
        _write_by_hand(simulated, truth, folder, name, observer, seed, alone=len(observers) == 1)
        for observer in observers
    )
    return WrittenFilm(path=path, truth_path=truth_path, reading_paths=readings, truth=truth)


def film_identity(simulated: SimulatedFilm | UnexposedFilm, relative: str) -> str:
    """What the UIDs of a film are made from: its seeds, and its path below the whole set."""
    return f"kyphometer phantom {simulated.patient.seed} {simulated.seed} {relative}"


def _write_by_hand(
    simulated: SimulatedFilm,
    truth: Reading,
    folder: Path,
    name: str,
    observer: SimulatedObserver,
    seed: int,
    *,
    alone: bool,
) -> Path:
    exposed = simulated.acquisition.exposed_at or datetime(2026, 1, 1)
    read_at = exposed.replace(tzinfo=UTC) + timedelta(days=1)
    reading = mark_by_hand(truth, simulated.geometry, observer, seed, created=read_at)
    path = folder / f"{name}{'' if alone else '.' + observer.code}{READING_SUFFIX}"
    write_reading(reading, path)
    return path


PUBLISHED = {
    "vka": {"pre-op": (18.3, 2.8), "6 months": (12.8, 1.8)},
    "rka": {"pre-op": (20.8, 3.2), "6 months": (14.0, 1.8)},
}
"""Mean and SD in degrees that simulated patients follow (science.md#published-study)."""

_LOST_BY_6_MONTHS_DEG = (1.5, 0.6)
"""Assumed mean and SD of the correction lost from discharge to 6 months; not published."""


def draw_plans(seed: int) -> tuple[VisitPlan, ...]:
    """Visits of one patient, with angles drawn around the published means.

    Pre-op and 6 months follow the published means and SDs, drawn within two SD; RKA goes along with
    VKA. Between them a loss of correction is assumed, a third of it by 1 month.
    """
    rng = np.random.default_rng([seed, 7])
    own, other = np.clip(rng.standard_normal((2, 3)), -2.0, 2.0)
    lost = float(np.clip(rng.normal(*_LOST_BY_6_MONTHS_DEG), 0.2, 3.0))
    angles: dict[str, dict[str, float]] = {}
    for name, published in PUBLISHED.items():
        score = own if name == "vka" else 0.8 * own + 0.6 * other
        (mean_0, sd_0), (mean_6, sd_6) = published["pre-op"], published["6 months"]
        last = mean_6 + sd_6 * float(0.5 * score[0] + 0.87 * score[1])
        angles[name] = {
            "pre-op": mean_0 + sd_0 * float(score[0]),
            "discharge": last - lost,
            "1 month": last - 0.67 * lost,
            "6 months": last,
        }
    return tuple(
        replace(
            plan,
            targets=TargetAngles(
                vka_deg=round(angles["vka"][plan.name], 2),
                rka_deg=round(angles["rka"][plan.name], 2),
            ),
        )
        for plan in STUDY_VISITS
    )


def simulate_patients(
    root: Path,
    *,
    patients: int,
    seed: int,
    plans: Sequence[VisitPlan] | None = None,
    condition: Condition | str = "clean",
    levels: Sequence[Level],
    facings: Sequence[Facing],
    film_format: FilmFormat,
    observers: Sequence[SimulatedObserver],
    compression: Compression | None = None,
) -> Iterator[WrittenFilm]:
    """Write patients with all their visits, one folder a patient, film after film.

    Parameters
    ----------
    root
        Folder of the whole set.
    patients
        How many.
    seed
        Seed of the set; patient i has seed + i.
    plans
        Visits with the angles wanted; None draws them around the published means.
    condition
        Exposure and bone.
    levels, facings
        Fractured level and facing, taken in turn from patient to patient.
    film_format
        Size of the films.
    observers
        Who marks them by hand.
    compression
        Transfer syntax; None goes through JPEG lossless, JPEG 2000, RLE and plain.
    """
    for number in range(patients):
        visits = simulate_visits(
            seed + number,
            condition=condition,
            fractured=levels[number % len(levels)],
            facing=facings[number % len(facings)],
            seed=seed,
            film_format=film_format,
            patient_id=f"SIM-{number + 1:03d}",
            plans=draw_plans(seed + number) if plans is None else plans,
        )
        for index, visit in enumerate(visits):
            yield write_simulated(
                visit.film,
                root / f"SIM-{number + 1:03d}",
                visit.plan.name.replace(" ", "-"),
                root=root,
                observers=observers,
                seed=seed,
                compression=compression or ROTATION[(number + index) % len(ROTATION)],
                instance_number=index + 1,
            )


def simulate_single_films(
    root: Path,
    *,
    count: int,
    seed: int,
    condition: Condition | str,
    film_format: FilmFormat,
    observers: Sequence[SimulatedObserver],
    compression: Compression | None = None,
) -> Iterator[WrittenFilm]:
    """Write independent films under one condition, each of a patient of its own."""
    for number in range(count):
        simulated = simulate_film(condition, seed + number, film_format=film_format)
        yield write_simulated(
            simulated,
            root,
            f"film-{number + 1:03d}",
            root=root,
            observers=observers,
            seed=seed,
            compression=compression or Compression.JPEG_LOSSLESS,
        )
