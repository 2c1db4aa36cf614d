"""ICCs against Shrout and Fleiss 1979, invariances, and simulated coverage."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kyphometer.errors import IncompleteDesignError, NoVariationError, TooFewDataError
from kyphometer.reliability.icc import (
    icc_value,
    intraclass_correlations,
    satterthwaite_df,
    spearman_brown,
    two_way_table,
)

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def shrout_fleiss() -> np.ndarray:
    table = np.full((6, 4), np.nan)
    with (DATA / "shrout_fleiss_1979.csv").open() as file:
        for row in csv.DictReader(file):
            table[int(row["target"]) - 1, int(row["judge"]) - 1] = float(row["score"])
    return table


@pytest.mark.parametrize(
    ("name", "other", "value", "low", "high"),
    [
        ("ICC(1)", "ICC(1,1)", 0.16574, -0.13293, 0.72256),
        ("ICC(A,1)", "ICC(2,1)", 0.28976, 0.01879, 0.76108),
        ("ICC(C,1)", "ICC(3,1)", 0.71484, 0.34246, 0.94586),
    ],
)
def test_single_forms_match_the_published_table(shrout_fleiss, name, other, value, low, high):
    result = intraclass_correlations(shrout_fleiss)
    icc = result.form(name)
    assert icc is result.form(other)
    assert icc.estimate.value == pytest.approx(value, abs=5e-6)
    printed = icc.published or icc.estimate
    assert printed.interval() == pytest.approx((low, high), abs=5.1e-6)


def test_average_forms_and_mean_squares_match_the_published_table(shrout_fleiss):
    result = intraclass_correlations(shrout_fleiss)
    assert [icc.estimate.value for icc in result.average] == pytest.approx(
        [0.44280, 0.62005, 0.90932], abs=5e-6
    )
    table = result.table
    assert (table.rows, table.columns, table.error, table.within) == pytest.approx(
        (11.24167, 32.48611, 1.01944, 6.26389), abs=5e-6
    )
    assert satterthwaite_df(icc_value("A", table), table) == pytest.approx(4.78514, abs=5e-6)


def test_wider_confidence_gives_wider_intervals(shrout_fleiss):
    ninety, ninety_nine = (
        intraclass_correlations(shrout_fleiss, confidence=c).form("ICC(A,1)").estimate
        for c in (0.90, 0.99)
    )
    assert ninety_nine.low < ninety.low < ninety.high < ninety_nine.high


def test_consistency_average_is_cronbach_alpha(shrout_fleiss):
    item = shrout_fleiss.var(axis=0, ddof=1).sum()
    total = shrout_fleiss.sum(axis=1).var(ddof=1)
    alpha = 4 / 3 * (1 - item / total)
    assert intraclass_correlations(shrout_fleiss).form("ICC(C,k)").estimate.value == (
        pytest.approx(alpha, abs=1e-12)
    )


def test_f_test_of_zero_agrees_with_the_interval(shrout_fleiss):
    """The two-sided 1 - 2p interval of ICC(C,1) starts exactly at 0."""
    p = intraclass_correlations(shrout_fleiss).form("ICC(C,1)").test_of_zero.p
    low = intraclass_correlations(shrout_fleiss, confidence=1 - 2 * p).form("ICC(C,1)")
    assert low.estimate.low == pytest.approx(0.0, abs=1e-9)


@given(st.integers(0, 10_000), st.floats(-500, 500), st.floats(0.01, 100))
def test_iccs_do_not_depend_on_origin_scale_or_order(seed, shift, scale):
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 3, (8, 1)) + rng.normal(0, 1, (8, 3))
    changed = (shift + scale * values)[rng.permutation(8)][:, rng.permutation(3)]
    before, after = (intraclass_correlations(v) for v in (values, changed))
    for one, other in zip(before.single, after.single, strict=True):
        assert other.estimate.value == pytest.approx(one.estimate.value, abs=1e-7)
        assert other.estimate.interval() == pytest.approx(one.estimate.interval(), abs=1e-7)


def test_a_shared_bias_moves_agreement_and_not_consistency():
    rng = np.random.default_rng(5)
    values = rng.normal(0, 3, (20, 1)) + rng.normal(0, 1, (20, 2))
    biased = values + np.array([0.0, 4.0])
    assert icc_value("C", two_way_table(biased)) == pytest.approx(
        icc_value("C", two_way_table(values))
    )
    assert icc_value("A", two_way_table(biased)) < 0.6 * icc_value("A", two_way_table(values))


def test_spearman_brown_doubles_a_half_to_two_thirds():
    assert spearman_brown(0.5, 2) == pytest.approx(2 / 3)


def test_refusals_say_what_is_wrong():
    with pytest.raises(IncompleteDesignError, match="1 of 4 readings are missing"):
        intraclass_correlations([[1.0, 2.0], [3.0, np.nan]])
    with pytest.raises(NoVariationError, match="agree in every reading"):
        intraclass_correlations([[1.0, 1.0], [3.0, 3.0], [4.0, 4.0]])
    with pytest.raises(TooFewDataError):
        intraclass_correlations([[1.0, 2.0]])


@pytest.mark.parametrize("films", [10, 21, 43])
def test_intervals_cover_the_true_icc(films):
    """95 % intervals of ICC(1), (A,1) and (C,1); 400 studies, so +-3.3 points is 3 SE."""
    rng = np.random.default_rng(films)
    film, observer, error, k = 8.0, 0.5, 2.0, 3
    truth = {"ICC(A,1)": film / (film + observer + error), "ICC(C,1)": film / (film + error)}
    hits = dict.fromkeys([*truth, "ICC(1)"], 0)
    for _ in range(400):
        true = rng.normal(0, film**0.5, (films, 1))
        noise = rng.normal(0, error**0.5, (films, k))
        crossed = intraclass_correlations(true + rng.normal(0, observer**0.5, (1, k)) + noise)
        one_way = intraclass_correlations(true + noise)
        for name, value in truth.items():
            low, high = crossed.form(name).estimate.interval()
            hits[name] += low <= value <= high
        low, high = one_way.form("ICC(1)").estimate.interval()
        hits["ICC(1)"] += low <= truth["ICC(C,1)"] <= high
    assert all(0.917 <= hit / 400 <= 0.983 for hit in hits.values()), hits


@pytest.mark.parametrize(("observers", "films"), [(2, 84), (2, 21), (3, 43), (5, 10)])
def test_agreement_keeps_its_coverage_where_observers_differ_most(observers, films):
    """Observers vary three times as much as the residual: McGraw and Wong's covers 69 to 92 %."""
    rng = np.random.default_rng(films)
    film, observer = 4.0, 3.0
    truth, hits, published = film / (film + observer + 1.0), 0, 0
    for _ in range(300):
        values = (
            rng.normal(0, film**0.5, (films, 1))
            + rng.normal(0, observer**0.5, (1, observers))
            + rng.normal(0, 1, (films, observers))
        )
        icc = intraclass_correlations(values).form("ICC(A,1)")
        hits += icc.estimate.low <= truth <= icc.estimate.high
        published += icc.published.low <= truth <= icc.published.high
    assert hits >= 0.91 * 300  # 3 standard errors of 300 are 3.8 points
    assert hits > published


@given(st.integers(0, 2**31), st.integers(2, 5), st.integers(2, 5))
@settings(deadline=None, max_examples=60)
def test_no_icc_or_interval_leaves_its_range(seed, films, observers):
    """Films that hardly differ gave an ICC(A,k) of 5.45."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(films, observers))
    table -= 0.98 * (table.mean(axis=1, keepdims=True) - table.mean())
    result = intraclass_correlations(table)
    for form in (*result.single, *result.average):
        e = form.estimate
        assert -1.0 <= e.low <= e.value <= e.high <= 1.0, form.name
