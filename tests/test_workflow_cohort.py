"""The simulated study against the published tables that it follows."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from kyphometer.film import Position
from kyphometer.followup.clinical.reader import read_clinical_table
from kyphometer.followup.clinical.writer import write_clinical_table
from kyphometer.geometry import PixelGeometry
from kyphometer.measure import measure_reading
from kyphometer.phantom import FilmFormat, simulate_visit_truth, simulate_visits
from kyphometer.phantom.moments import column_with_range, correlated_columns, on_steps
from kyphometer.workflow.cohort import reading_sd_deg, simulate_cohort_readings
from kyphometer.workflow.cohort_plan import (
    ODI_PERCENT,
    RKA_DEG,
    VAS_POINTS,
    VKA_DEG,
    plan_cohort,
)

SMALL = FilmFormat(rows=300, columns=160, pitch_mm=1.0)


@pytest.fixture(scope="module")
def cohort():
    return simulate_cohort_readings(21, seed=1, film_format=SMALL)


def observed(cohort):
    """Mean over observers of each angle, by visit and code, one a patient."""
    values = defaultdict(list)
    for film in cohort.films:
        own = defaultdict(list)
        for reading in film.readings:
            if reading.session is None:
                found = measure_reading(reading, film.geometry, codes=["VKA", "RKA"])
                for item in found.measurements:
                    own[item.code].append(item.value)
        for code, items in own.items():
            values[film.visit, code].append(np.mean(items))
    return values


def test_observed_angles_have_the_published_moments_as_printed(cohort):
    # Published: VKA 18.3 ± 2.8 to 12.8 ± 1.8, RKA 20.8 ± 3.2 to 14.0 ± 1.8, n = 21.
    values = observed(cohort)
    for (visit, code), (mean, sd) in {
        ("pre-op", "VKA"): (18.3, 2.8),
        ("6 months", "VKA"): (12.8, 1.8),
        ("pre-op", "RKA"): (20.8, 3.2),
        ("6 months", "RKA"): (14.0, 1.8),
    }.items():
        column = np.array(values[visit, code])
        assert len(column) == 21
        assert f"{column.mean():.1f} {column.std(ddof=1):.1f}" == f"{mean} {sd}"


def test_true_angles_have_the_moments_that_reading_turns_into_the_published_ones():
    error = 1.0
    planned = plan_cohort(21, seed=5, reading_sd_deg=error)
    for name, table in (("vka_deg", VKA_DEG), ("rka_deg", RKA_DEG)):
        for place, (mean, sd) in enumerate(table.values()):
            column = np.array([getattr(p.visits[place].targets, name) for p in planned])
            assert column.mean() == pytest.approx(mean, abs=1e-9)
            assert column.var(ddof=1) + error**2 == pytest.approx(sd**2, abs=1e-9)


def test_clinical_facts_are_those_of_table_1(cohort):
    records = cohort.clinical.records
    age = np.array([r.age_years for r in records])
    assert (age.min(), age.max()) == (56.0, 76.0)
    assert age.mean() == pytest.approx(65.2, abs=0.05)
    assert age.std(ddof=1) == pytest.approx(5.5, abs=0.05)
    t_score = np.array([r.t_score for r in records])
    assert (t_score.min(), t_score.max()) == (-4.8, -2.6)
    assert t_score.mean() == pytest.approx(-3.3, abs=0.05)
    assert t_score.std(ddof=1) == pytest.approx(0.6, abs=0.05)
    assert Counter(r.sex for r in records) == {"female": 16, "male": 5}  # 76.2 %
    assert Counter(r.mechanism for r in records) == {"household_fall": 16, "traffic_fall": 5}
    assert sum(r.posterior_wall_ruptured for r in records) == 8  # 38.1 %
    assert sum(r.pedicle_fractured for r in records) == 4  # 19.0 %
    assert sum(r.posterior_arch_fractured for r in records) == 3  # 14.3 %
    assert all(r.corticosteroids for r in records)
    assert Counter(r.ais["preoperative"] for r in records) == {"E": 18, "D": 3}
    assert {r.ais["six_months"] for r in records} == {"E"}
    sites = Counter(c.site for r in records for c in r.complications)
    assert sites == {"disc": 1, "perivertebral_vessel": 1, "anterior_margin": 2}
    assert not any(c.symptomatic for r in records for c in r.complications)
    assert all(0 <= r.screws_with_leak <= r.screws for r in records)


@pytest.mark.parametrize("seed", range(1, 6))
def test_scores_have_the_published_moments_as_printed(seed):
    records = [patient.record for patient in plan_cohort(21, seed=seed)]
    for name, table, step, high in (("vas", VAS_POINTS, 0.1, 10), ("odi", ODI_PERCENT, 2.0, 100)):
        for visit, (mean, sd) in table.items():
            column = np.array([getattr(record, name)[visit] for record in records])
            assert f"{column.mean():.1f} {column.std(ddof=1):.1f}" == f"{mean} {sd}"
            assert 0 <= column.min() <= column.max() <= high
            assert np.allclose(column / step, np.round(column / step))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_few_scores_come_as_near_as_steps_allow(count):
    column = on_steps(np.linspace(40.0, 99.0, count), 69.9, 12.1, 2.0, 100.0)
    assert column.shape == (count,)
    assert abs(column.mean() - 69.9) <= 2.0 + 1e-9


def test_films_stand_and_readings_are_of_their_film(cohort):
    assert len(cohort.films) == 84
    for film in cohort.films:
        assert film.acquisition.position is Position.STANDING
        assert {r.film for r in film.readings} == {film.truth.film}
    assert len({film.truth.film.sop_instance_uid for film in cohort.films}) == 84
    repeats = [r for f in cohort.films for r in f.readings if r.session == "repeat"]
    assert len(repeats) == 8
    assert {r.observer for r in repeats} == {"KN"}


def test_hand_errors_are_as_large_as_stated(cohort):
    differences = []
    for film in cohort.films:
        first, second = (
            measure_reading(r, film.geometry, codes=["VKA"]).measurements[0].value
            for r in film.readings
            if r.session is None
        )
        differences.append(first - second)
    single = reading_sd_deg(list(_observers()[:1]))
    # 84 differences: their SD / sqrt(2) is the SEM of one reading, known to 8 % (1 / sqrt(2 x 84)).
    assert np.std(differences) / np.sqrt(2) == pytest.approx(single, rel=0.25)


def _observers():
    from kyphometer.workflow.cohort import DEFAULT_OBSERVERS

    return DEFAULT_OBSERVERS


def test_same_seed_same_study_other_seed_another():
    assert plan_cohort(4, seed=3) == plan_cohort(4, seed=3)
    assert plan_cohort(4, seed=3) != plan_cohort(4, seed=4)


def test_truth_without_film_is_the_truth_of_the_film():
    plans = plan_cohort(2, seed=2)[1].visits[:2]
    quick = simulate_visit_truth(7, plans, film_format=SMALL, seed=3)
    filmed = simulate_visits(7, plans, film_format=SMALL, seed=3)
    for a, b in zip(quick, filmed, strict=True):
        assert a.film.truth == b.film.truth
        assert a.film.geometry == b.film.geometry
        assert a.film.acquisition == b.film.acquisition
        angles = measure_reading(a.film.truth, PixelGeometry(), codes=["VKA", "RKA"]).measurements
        assert angles[0].value == pytest.approx(a.plan.targets.vka_deg, abs=1e-5)
        assert angles[1].value == pytest.approx(a.plan.targets.rka_deg, abs=1e-5)


def test_clinical_table_goes_through_its_file_unchanged(cohort, tmp_path):
    path = tmp_path / "clinical.csv"
    write_clinical_table(cohort.clinical, path)
    assert read_clinical_table(path).records == cohort.clinical.records


@pytest.mark.parametrize("count", [2, 5, 6, 21, 60])
def test_columns_keep_range_and_moments(count):
    rng = np.random.default_rng(count)
    column = column_with_range(rng, count, 65.2, 5.5, 56.0, 76.0)
    assert column.shape == (count,)
    assert column.min() >= 56.0
    assert column.max() <= 76.0
    if count >= 21:
        assert column.mean() == pytest.approx(65.2)
        assert column.std(ddof=1) == pytest.approx(5.5)
    pair = correlated_columns(rng, count, [(1.0, 2.0), (3.0, 0.5)], np.array([[1, 0.5], [0.5, 1]]))
    assert pair.mean(axis=0) == pytest.approx([1.0, 3.0])
    assert pair.std(axis=0, ddof=1) == pytest.approx([2.0, 0.5])
