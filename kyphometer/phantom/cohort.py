"""A simulated cohort with the published means and SDs of the clinical study."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.phantom.implants import Leak
from kyphometer.phantom.streams import stream
from kyphometer.phantom.targets import TargetAngles
from kyphometer.phantom.visits import STUDY_VISITS, VisitPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

VISIT_NAMES = tuple(plan.name for plan in STUDY_VISITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortMoments:
    """Mean and SD of true angles at each of the four visits, in degrees.

    The study printed pre-op and 6 months; discharge and 1 month are assumptions.
    """

    vka_deg: tuple[tuple[float, float], ...] = ((18.3, 2.8), (11.4, 1.7), (12.0, 1.7), (12.8, 1.8))
    rka_deg: tuple[tuple[float, float], ...] = ((20.8, 3.2), (12.4, 1.7), (13.1, 1.7), (14.0, 1.8))
    vas: tuple[tuple[float, float], ...] = ((7.6, 0.7), (3.9, 0.7), (2.7, 0.7), (1.8, 0.6))
    odi: tuple[tuple[float, float] | None, ...] = ((69.9, 12.1), None, (30.0, 7.3), (24.6, 7.7))
    age_years: tuple[float, float] = (65.2, 5.5)
    t_score: tuple[float, float] = (-3.3, 0.6)
    female: float = 0.762


PUBLISHED = CohortMoments()
"""The clinical study's figures (DESIGN, "What this is")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortMember:
    """One patient of a simulated cohort: what is to be simulated, not yet a film.

    Attributes
    ----------
    patient_id
        Identity.
    seed
        Seed of the anatomy, for `simulate_visits`.
    fractured
        The fractured level.
    surgery
        Day 0.
    plans
        Four visits with true VKA and RKA.
    leaks
        Cement leaks.
    sex, age_years, t_score
        Facts of the clinical table.
    vas, odi
        Pain (0-10) and disability (0-100 %) by name of the visit.
    """

    patient_id: str
    seed: int
    fractured: Level
    surgery: date
    plans: tuple[VisitPlan, ...]
    leaks: tuple[Leak, ...]
    sex: str
    age_years: int
    t_score: float
    vas: dict[str, float]
    odi: dict[str, float]


def simulate_cohort(
    count: int = 21, seed: int = 0, moments: CohortMoments = PUBLISHED
) -> tuple[CohortMember, ...]:
    """Patients whose true angles have exactly the wanted sample means and SDs.

    Draws are standardised, so that mean and SD (with n - 1) of VKA and RKA over the cohort equal
    the wanted ones to rounding; angles correlate within a patient (RKA with VKA, visit with visit).
    Clinical figures are rounded as such tables are, so their moments are near, not exact. 4 of 21
    have a cement leak (disc, vessel, 2 anterior), as published.

    Parameters
    ----------
    count
        Number of patients, at least 3.
    seed
        The same seed gives the same cohort.
    moments
        Wanted means and SDs.
    """
    rng = stream(seed, "cohort")
    patient = rng.standard_normal(count)
    vka = [_exact(rng, patient, pair) for pair in moments.vka_deg]
    rka = [_exact(rng, v, pair, own=0.5) for v, pair in zip(vka, moments.rka_deg, strict=True)]
    vas = [np.clip(np.round(_exact(rng, patient, pair), 0), 0, 10) for pair in moments.vas]
    odi = {
        name: np.clip(np.round(_exact(rng, patient, pair) / 2) * 2, 0, 100)
        for name, pair in zip(VISIT_NAMES, moments.odi, strict=True)
        if pair is not None
    }
    age = np.round(_exact(rng, rng.standard_normal(count), moments.age_years))
    t_score = np.round(_exact(rng, patient, moments.t_score), 1)
    women = rng.permutation(np.arange(count) < round(moments.female * count))
    leaks = _leaks(count, rng)
    return tuple(
        CohortMember(
            patient_id=f"SIM-{seed:02d}-{k + 1:03d}",
            seed=int(rng.integers(2**31)),
            fractured=(Level.T11, Level.T12, Level.L1, Level.L2)[int(rng.choice(4, p=_SITES))],
            surgery=date(2022, 1, 10) + timedelta(days=int(rng.integers(0, 700))),
            plans=_plans([v[k] for v in vka], [r[k] for r in rka], rng),
            leaks=leaks[k],
            sex="F" if women[k] else "M",
            age_years=int(age[k]),
            t_score=float(t_score[k]),
            vas={name: float(v[k]) for name, v in zip(VISIT_NAMES, vas, strict=True)},
            odi={name: float(v[k]) for name, v in odi.items()},
        )
        for k in range(count)
    )


_SITES = (0.15, 0.3, 0.4, 0.15)


def _exact(
    rng: np.random.Generator,
    shared: NDArray[Any],
    moments: tuple[float, float],
    own: float = 0.7,
) -> NDArray[np.float64]:
    """Values with exactly that mean and SD, correlated with `shared`."""
    draw = (shared - shared.mean()) / shared.std() + own * rng.standard_normal(len(shared))
    draw = np.clip((draw - draw.mean()) / draw.std(ddof=1), -2.3, 2.3)
    unit = (draw - draw.mean()) / draw.std(ddof=1)
    values: NDArray[np.float64] = moments[0] + moments[1] * unit
    return values


def _plans(vka: list[float], rka: list[float], rng: np.random.Generator) -> tuple[VisitPlan, ...]:
    """The study's visits, each a few days off its date, with one patient's angles."""
    slack = (1, 2, 4, 14)
    return tuple(
        replace(
            plan,
            day=plan.day + int(rng.integers(-days, days + 1)),
            targets=TargetAngles(vka_deg=float(v), rka_deg=float(r)),
        )
        for plan, days, v, r in zip(STUDY_VISITS, slack, vka, rka, strict=True)
    )


def _leaks(count: int, rng: np.random.Generator) -> list[tuple[Leak, ...]]:
    """Leaks in 4 of 21."""
    kinds = (Leak.DISC, Leak.VESSEL, Leak.ANTERIOR, Leak.ANTERIOR)
    leaking = round(4 / 21 * count)
    chosen = rng.permutation(count)[:leaking].tolist()
    found: list[tuple[Leak, ...]] = [()] * count
    for index, patient in enumerate(chosen):
        found[patient] = (kinds[index % len(kinds)],)
    return found
