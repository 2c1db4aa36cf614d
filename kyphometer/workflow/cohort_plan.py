"""Who is in a simulated study: angles, scores and facts that follow the published tables.

The published study printed angles before surgery and at 6 months, VAS at four times (that of
1 month in a graph only) and ODI at three. What it did not print is assumed here and marked so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.film import Position
from kyphometer.followup.clinical.record import ClinicalRecord, Complication
from kyphometer.followup.windows import TimePoint
from kyphometer.phantom import STUDY_VISITS, SimulatedPatient, TargetAngles, VisitPlan
from kyphometer.phantom.conditions import Condition, find_condition
from kyphometer.phantom.implants import Leak, plan_construct
from kyphometer.phantom.moments import column_with_range, correlated_columns, on_steps, shares
from kyphometer.phantom.staging import draw_patient
from kyphometer.phantom.streams import stream

PUBLISHED_PATIENTS = 21
VISITS = tuple(map(str, TimePoint))

Moments = tuple[float, float]
VKA_DEG: Mapping[str, Moments] = {
    TimePoint.PREOPERATIVE: (18.3, 2.8),
    TimePoint.DISCHARGE: (11.4, 1.8),  # assumed
    TimePoint.ONE_MONTH: (12.0, 1.8),  # assumed
    TimePoint.SIX_MONTHS: (12.8, 1.8),
}
RKA_DEG: Mapping[str, Moments] = {
    TimePoint.PREOPERATIVE: (20.8, 3.2),
    TimePoint.DISCHARGE: (12.4, 1.8),  # assumed
    TimePoint.ONE_MONTH: (13.1, 1.8),  # assumed
    TimePoint.SIX_MONTHS: (14.0, 1.8),
}
VAS_POINTS: Mapping[str, Moments] = {
    TimePoint.PREOPERATIVE: (7.6, 0.7),
    TimePoint.DISCHARGE: (3.9, 0.7),
    TimePoint.ONE_MONTH: (2.7, 0.7),  # assumed: printed only in a graph
    TimePoint.SIX_MONTHS: (1.8, 0.6),
}
ODI_PERCENT: Mapping[str, Moments] = {
    TimePoint.PREOPERATIVE: (69.9, 12.1),
    TimePoint.ONE_MONTH: (30.0, 7.3),
    TimePoint.SIX_MONTHS: (24.6, 7.7),
}
AGE_YEARS = (65.2, 5.5, 56.0, 76.0)
T_SCORE = (-3.3, 0.6, -4.8, -2.6)
"""Mean, SD, minimum and maximum."""

_SHARES = {
    "female": 16 / 21,
    "household": 16 / 21,
    "posterior_wall_ruptured": 8 / 21,
    "pedicle_fractured": 4 / 21,
    "posterior_arch_fractured": 3 / 21,
    "ais_d": 3 / 21,
}
_LEAKS = (
    (Leak.DISC, "disc"),
    (Leak.VESSEL, "perivertebral_vessel"),
    (Leak.ANTERIOR, "anterior_margin"),
    (Leak.ANTERIOR, "anterior_margin"),
)
_LEVELS = {Level.T11: 0.15, Level.T12: 0.3, Level.L1: 0.4, Level.L2: 0.15}  # assumed
_FIRST_SURGERY = date(2022, 1, 10)
_DAYS = ((-9, -1), (3, 10), (25, 36), (165, 200))
"""First and last day of each visit, all inside the study's tolerances (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPatient:
    """One patient of a simulated study: what is to be filmed, and the row of the clinical table.

    Attributes
    ----------
    person
        Anatomy, with the sex and age of the clinical table.
    fractured
        Fractured level.
    visits
        Visits with the true VKA and RKA of each film.
    leaks
        Cement leaks of the construct.
    record
        Row of the clinical table; its `patient` is the patient's code.
    """

    person: SimulatedPatient
    fractured: Level
    visits: tuple[VisitPlan, ...]
    leaks: tuple[Leak, ...]
    record: ClinicalRecord

    @property
    def code(self) -> str:
        """Code of the patient."""
        return self.record.patient

    @property
    def surgery(self) -> date:
        """Day 0."""
        assert self.record.surgery_date is not None
        return self.record.surgery_date


def plan_cohort(
    patients: int = PUBLISHED_PATIENTS,
    *,
    seed: int = 1,
    condition: Condition | str = "clean",
    reading_sd_deg: float = 0.0,
) -> tuple[PlannedPatient, ...]:
    """Plan a study whose tables are the published ones, up to rounding and errors of reading.

    Sample means and SDs of the angles equal the published ones exactly, those of age and T-score
    with their ranges too; VAS, in steps of 0.1, and ODI, in steps of 2 % as the questionnaire is,
    have them to the printed digit. Counts are the published shares of the number of patients.

    Parameters
    ----------
    patients
        How many; 21 in the published study.
    seed
        The same seed gives the same study.
    condition
        Condition of the films, which decides bone and osteophytes.
    reading_sd_deg
        SD of the error of reading of one value. The published SDs are of values that were read, so
        its variance is taken off those of the true angles.
    """
    chosen = find_condition(condition)
    rng = stream(seed, "study", patients)
    facts = _facts(rng, patients)
    angles = _angles(rng, patients, reading_sd_deg)
    scores = _scores(rng, patients)
    return tuple(
        _patient(number, seed, chosen, {k: v[number] for k, v in facts.items()}, angles, scores)
        for number in range(patients)
    )


def _facts(rng: np.random.Generator, count: int) -> dict[str, Any]:
    """Columns of table 1."""
    leaking = rng.permutation(count)[: round(4 / 21 * count)].tolist()
    leaks: list[int | None] = [None] * count
    for place, patient in enumerate(leaking):
        leaks[patient] = place % len(_LEAKS)
    levels, weights = list(_LEVELS), list(_LEVELS.values())
    return {
        "age": column_with_range(rng, count, *AGE_YEARS),
        "t_score": column_with_range(rng, count, *T_SCORE),
        "level": [levels[i] for i in rng.choice(len(levels), count, p=weights)],
        "leak": leaks,
        "surgery": [
            date(2022, 1, 10) + timedelta(days=int(d)) for d in rng.integers(0, 600, count)
        ],
        "days": [_days(rng) for _ in range(count)],
        **{name: shares(rng, count, share) for name, share in _SHARES.items()},
    }


def _days(rng: np.random.Generator) -> list[int]:
    return [int(rng.integers(low, high + 1)) for low, high in _DAYS]


def _angles(rng: np.random.Generator, count: int, error_sd: float) -> NDArray[np.float64]:
    """True VKA and RKA, shape (patients, visits, 2)."""
    moments = [
        (table[visit][0], float(np.sqrt(max(table[visit][1] ** 2 - error_sd**2, 0.01))))
        for visit in VISITS
        for table in (VKA_DEG, RKA_DEG)
    ]
    within = np.array([[1.0, 0.8], [0.8, 1.0]])
    return correlated_columns(rng, count, moments, np.kron(_over_time(), within)).reshape(
        count, len(VISITS), 2
    )


def _over_time() -> NDArray[np.float64]:
    """Correlation between visits: 0.5 with pre-op, 0.9 after it (science.md#published-study)."""
    matrix = np.full((4, 4), 0.9)
    matrix[0, :] = matrix[:, 0] = 0.5
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _scores(rng: np.random.Generator, count: int) -> dict[str, dict[str, NDArray[np.float64]]]:
    """VAS and ODI by visit."""
    found = {}
    for name, table, step, high in (("vas", VAS_POINTS, 0.1, 10), ("odi", ODI_PERCENT, 2.0, 100)):
        correlation = np.full((len(table), len(table)), 0.5) + 0.5 * np.eye(len(table))
        drawn = correlated_columns(rng, count, list(table.values()), correlation)
        found[name] = {
            str(visit): on_steps(drawn[:, place], *moments, step, high)
            for place, (visit, moments) in enumerate(table.items())
        }
    return found


def _patient(
    number: int,
    seed: int,
    condition: Condition,
    facts: dict[str, Any],
    angles: NDArray[np.float64],
    scores: dict[str, dict[str, NDArray[np.float64]]],
) -> PlannedPatient:
    person = replace(
        draw_patient(condition, 1000 * seed + number, fractured=False),
        sex="F" if facts["female"] else "M",
        age_years=int(facts["age"]),
    )
    leak = None if facts["leak"] is None else _LEAKS[facts["leak"]]
    leaks = () if leak is None else (leak[0],)
    visits = tuple(
        replace(
            plan,
            day=day,
            position=Position.STANDING,
            targets=TargetAngles(vka_deg=float(vka), rka_deg=float(rka)),
        )
        for plan, day, (vka, rka) in zip(STUDY_VISITS, facts["days"], angles[number], strict=True)
    )
    screws = len(plan_construct(person, facts["level"], leaks=leaks, seed=seed).screws)
    return PlannedPatient(
        person=person,
        fractured=facts["level"],
        visits=visits,
        leaks=leaks,
        record=_record(number, facts, screws, None if leak is None else leak[1], scores),
    )


def _record(
    number: int,
    facts: dict[str, Any],
    screws: int,
    site: str | None,
    scores: dict[str, dict[str, NDArray[np.float64]]],
) -> ClinicalRecord:
    """The patient's row of the clinical table."""
    surgery: date = facts["surgery"]
    days = dict(zip(VISITS, facts["days"], strict=True))
    grade = "D" if facts["ais_d"] else "E"
    return ClinicalRecord(
        patient=f"SIM-{number + 1:03d}",
        sex="female" if facts["female"] else "male",
        age_years=round(float(facts["age"]), 1),
        t_score=round(float(facts["t_score"]), 1),
        history="osteoporosis under corticosteroids",
        corticosteroids=True,
        mechanism="household_fall" if facts["household"] else "traffic_fall",
        injury_date=surgery - timedelta(days=-facts["days"][0] + 2),
        surgery_date=surgery,
        fractured_levels=(facts["level"],),
        posterior_wall_ruptured=bool(facts["posterior_wall_ruptured"]),
        pedicle_fractured=bool(facts["pedicle_fractured"]),
        posterior_arch_fractured=bool(facts["posterior_arch_fractured"]),
        screws=screws,
        screws_with_leak=0 if site is None else 1,
        complications=()
        if site is None
        else (Complication(type="cement_leak", site=site, symptomatic=False),),
        vas={visit: float(column[number]) for visit, column in scores["vas"].items()},
        odi={visit: float(column[number]) for visit, column in scores["odi"].items()},
        ais={VISITS[0]: grade, VISITS[1]: grade, VISITS[2]: grade, VISITS[3]: "E"},
        clinic_dates={visit: surgery + timedelta(days=day) for visit, day in days.items()},
    )
