"""Simulated cohorts, and lasting differences between simulated observers."""

from __future__ import annotations

import numpy as np
import pytest

from kyphometer.anatomy import EndplateSide
from kyphometer.geometry import signed_angle_deg
from kyphometer.phantom import (
    FilmFormat,
    Leak,
    SimulatedObserver,
    mark_by_hand,
    simulate_cohort,
    simulate_film,
    simulate_visits,
)

SMALL = FilmFormat(rows=450, columns=240, pitch_mm=0.6)


def test_lasting_bias_belongs_to_the_observer_not_to_the_reading() -> None:
    film = simulate_film("clean", 12, film_format=SMALL)
    steady = {"across_sd_mm": 0.0, "along_sd_mm": 0.0, "corner_bias_sd_mm": 0.6}
    a, b = (SimulatedObserver(code=code, **steady) for code in ("A", "B"))
    first, again, other = (
        mark_by_hand(film.truth, film.geometry, observer, seed)
        for observer, seed in ((a, 1), (a, 2), (b, 1))
    )
    assert first.vertebrae == again.vertebrae
    assert first.vertebrae != other.vertebrae
    assert first.vertebrae != film.truth.vertebrae


def test_cohort_has_the_published_moments() -> None:
    cohort = simulate_cohort(21, seed=4)
    for k, (vka, rka) in enumerate(
        [((18.3, 2.8), (20.8, 3.2)), None, None, ((12.8, 1.8), (14.0, 1.8))][j] or (None, None)
        for j in range(4)
    ):
        for wanted, name in ((vka, "vka_deg"), (rka, "rka_deg")):
            if wanted is None:
                continue
            values = [getattr(member.plans[k].targets, name) for member in cohort]
            assert np.mean(values) == pytest.approx(wanted[0], abs=1e-9)
            assert np.std(values, ddof=1) == pytest.approx(wanted[1], abs=1e-9)
    assert sum(member.sex == "F" for member in cohort) == 16  # 76.2 %
    leaks = [leak for member in cohort for leak in member.leaks]
    assert sorted(leaks) == sorted([Leak.DISC, Leak.VESSEL, Leak.ANTERIOR, Leak.ANTERIOR])
    assert simulate_cohort(21, seed=4) == cohort


def test_a_member_of_the_cohort_can_be_filmed() -> None:
    member = simulate_cohort(5, seed=1)[2]
    visits = simulate_visits(
        member.seed,
        member.plans[:1],
        fractured=member.fractured,
        leaks=member.leaks,
        surgery=member.surgery,
        patient_id=member.patient_id,
        film_format=SMALL,
    )
    truth = visits[0].film.truth
    upper = truth.endplate(member.fractured, EndplateSide.SUPERIOR)
    lower = truth.endplate(member.fractured, EndplateSide.INFERIOR)
    assert upper is not None
    assert lower is not None
    vka = signed_angle_deg(upper.vector, lower.vector, visits[0].film.facing)
    assert vka == pytest.approx(member.plans[0].targets.vka_deg, abs=1e-4)
