"""Paired comparisons against published values, R's printed values, scipy and statsmodels."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kyphometer.errors import TooFewValuesError, UnusableDataError
from kyphometer.stats.families import compare_pairs, holm
from kyphometer.stats.options import SPSS_OPTIONS, StatisticsOptions
from kyphometer.stats.paired import (
    paired_t,
    paired_t_bounds,
    paired_t_from_summaries,
)
from kyphometer.stats.signed_rank import signed_rank

# Student's sleep data, as printed by R's help(sleep): extra hours with drug 1 and drug 2.
SLEEP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SLEEP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
# Hollander and Wolfe 1973, depression scale, as in R's help(wilcox.test).
DEPRESSION_1 = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
DEPRESSION_2 = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]

finite = st.floats(-100, 100).map(lambda v: round(v, 3))


def test_student_sleep_data_as_r_prints_it():
    r = paired_t(SLEEP_1, SLEEP_2)
    assert r.t == pytest.approx(-4.0621, abs=5e-5)
    assert r.degrees_of_freedom == 9
    assert r.p == pytest.approx(0.002833, abs=5e-7)
    assert (r.low, r.high) == pytest.approx((-2.4598858, -0.7001142), abs=5e-8)
    assert r.mean_difference == pytest.approx(-1.58)
    assert r.cohen_dz == pytest.approx(r.t / math.sqrt(10))


def test_sleep_data_signed_rank_as_spss_computes_it():
    r = signed_rank(SLEEP_1, SLEEP_2, SPSS_OPTIONS)
    assert (r.zeros, r.rank_sum_positive, r.rank_sum_negative) == (1, 0.0, 45.0)
    assert r.method == "asymptotic"
    assert r.z == pytest.approx(-2.668, abs=5e-4)
    expected = stats.wilcoxon(
        SLEEP_1, SLEEP_2, zero_method="wilcox", correction=False, method="asymptotic"
    )
    assert r.p == pytest.approx(expected.pvalue, rel=1e-12)


def test_depression_scale_exact_p_as_r_prints_it():
    r = signed_rank(DEPRESSION_1, DEPRESSION_2)
    assert r.rank_sum_positive == 40
    assert r.p == pytest.approx(2 * 0.01953, abs=1e-5)
    assert r.method == "exact"


@pytest.mark.parametrize(
    ("first", "second", "t_worst", "p_worst", "t_half"),
    [
        ((18.3, 2.8), (12.8, 1.8), 5.48, 2.3e-5, 10.3),
        ((20.8, 3.2), (14.0, 1.8), 6.23, 4.4e-6, 11.2),
    ],
)
def test_bounds_from_published_summaries(first, second, t_worst, p_worst, t_half):
    bounds = paired_t_bounds(21, first, second)
    assert bounds.worst.t == pytest.approx(t_worst, abs=0.005)
    assert bounds.p_upper_bound == pytest.approx(p_worst, rel=0.03)
    assert bounds.at_half.t == pytest.approx(t_half, abs=0.05)


@pytest.mark.parametrize(
    ("first", "second", "t", "interval"),
    [((18.3, 2.8), (12.8, 1.8), 7.6, (4.4, 6.6)), ((20.8, 3.2), (14.0, 1.8), 8.5, (5.5, 8.1))],
)
def test_published_audit_table(first, second, t, interval):
    assert paired_t_from_summaries(21, first, second, 0.0).t == pytest.approx(t, abs=0.05)
    half = paired_t_from_summaries(21, first, second, 0.5)
    assert (half.low, half.high) == pytest.approx(interval, abs=0.05)


@given(st.lists(st.tuples(finite, finite), min_size=3, max_size=20))
def test_summaries_with_the_true_correlation_give_the_test_on_raw_values(pairs):
    first, second = map(list, zip(*pairs, strict=True))
    raw = paired_t(first, second)
    if raw.t is None or raw.correlation is None or raw.sd_difference < 1e-6:
        return
    again = paired_t_from_summaries(
        raw.n,
        (raw.mean_first, raw.sd_first),
        (raw.mean_second, raw.sd_second),
        raw.correlation,
    )
    assert again.sd_difference == pytest.approx(raw.sd_difference, rel=1e-4, abs=1e-6)
    worst = paired_t_bounds(raw.n, (raw.mean_first, raw.sd_first), (raw.mean_second, raw.sd_second))
    assert worst.p_upper_bound is None or raw.p <= worst.p_upper_bound + 1e-9


@given(st.lists(st.tuples(finite, finite), min_size=3, max_size=15), st.randoms())
def test_order_of_patients_and_direction_do_not_matter(pairs, rng):
    first, second = map(list, zip(*pairs, strict=True))
    shuffled = pairs.copy()
    rng.shuffle(shuffled)
    a, b = paired_t(first, second), paired_t(*map(list, zip(*shuffled, strict=True)))
    mirrored = paired_t(second, first)
    assert a.mean_difference == pytest.approx(b.mean_difference, abs=1e-9)
    assert a.mean_difference == pytest.approx(-mirrored.mean_difference, abs=1e-9)
    if a.p is not None and b.p is not None and mirrored.p is not None:
        assert a.p == pytest.approx(b.p, rel=1e-6)
        assert a.p == pytest.approx(mirrored.p, rel=1e-6)
    ranks, mirror = signed_rank(first, second), signed_rank(second, first)
    assert ranks.p == pytest.approx(mirror.p)
    assert ranks.rank_sum_positive == mirror.rank_sum_negative


def test_constant_difference_gives_no_t_and_no_p():
    first = [0.1 * i + 0.3 for i in range(10)]
    second = [0.1 * i for i in range(10)]
    r = paired_t(first, second)
    assert (r.t, r.p, r.cohen_dz, r.sd_difference) == (None, None, None, 0.0)
    assert r.mean_difference == pytest.approx(0.3)
    assert "same" in r.note
    ranks = signed_rank(first, second)
    assert ranks.p == pytest.approx(2 / 2**10)
    assert ranks.tied


def test_missing_values_are_counted_not_used():
    r = paired_t([3.0, None, 5.0, 1.0, float("nan")], [1.0, 2.0, 4.0, None, 1.0])
    assert (r.n, r.missing, r.mean_first, r.mean_second) == (2, 3, 4.0, 2.5)


def test_too_few_or_impossible_values_are_refused():
    with pytest.raises(TooFewValuesError, match="at least 2 complete pairs, but there are 1"):
        paired_t([1.0, None], [2.0, 3.0])
    with pytest.raises(UnusableDataError, match="infinite"):
        paired_t([1.0, float("inf")], [2.0, 3.0])
    with pytest.raises(UnusableDataError, match="2, 3 values"):
        paired_t([1.0, 2.0], [2.0, 3.0, 4.0])
    with pytest.raises(UnusableDataError, match="correlation"):
        paired_t_from_summaries(21, (1, 1), (2, 1), 1.5)


def test_nineteen_of_nineteen_down():
    """science.md#spss: exact 3.8e-6, SPSS-style asymptotic 9.4e-5 (steps tied 9, 8, 1, 1 times)."""
    steps = [1] * 9 + [2] * 8 + [3, 4]
    r = signed_rank(steps, [0] * 19, SPSS_OPTIONS)
    assert r.p_exact == pytest.approx(3.8e-6, rel=0.01)
    assert r.p == pytest.approx(9.4e-5, rel=0.005)
    scipy_p = stats.wilcoxon(steps, correction=False, method="asymptotic").pvalue
    assert r.p == pytest.approx(scipy_p)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_exact_p_with_ties_equals_enumeration(differences):
    r = signed_rank(differences, [0] * len(differences))
    changed = [d for d in differences if d]
    if not changed:
        assert r.p == 1.0
        return
    ranks = stats.rankdata(np.abs(changed))
    centre = ranks.sum() / 2
    observed = abs(sum(k for k, d in zip(ranks, changed, strict=True) if d > 0) - centre)
    sums = [
        abs(sum(k for k, up in zip(ranks, signs, strict=True) if up) - centre)
        for signs in itertools.product([0, 1], repeat=len(changed))
    ]
    share = np.mean([s >= observed - 1e-9 for s in sums])
    assert r.p_exact == pytest.approx(share)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=4, max_size=30, unique_by=abs))
def test_exact_p_without_ties_equals_scipy(differences):
    differences = [d for d in differences if abs(d) > 1e-3]
    if len(differences) < 2 or np.diff(sorted(map(abs, differences))).min() < 1e-6:
        return
    ours = signed_rank(differences, [0.0] * len(differences))
    assert ours.p_exact == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


def test_no_change_at_all_is_no_evidence():
    r = signed_rank([1.0, 2.0], [1.0, 2.0])
    assert (r.p, r.z, r.zeros, r.rank_biserial, r.median_difference) == (1.0, None, 2, None, 0.0)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_equals_statsmodels(p_values):
    from statsmodels.stats.multitest import multipletests

    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-12)


def test_holm_leaves_missing_p_out_of_the_count():
    assert holm([0.01, None, 0.04]) == (0.02, None, 0.04)


def test_family_compares_all_pairs_and_survives_a_missing_visit():
    columns = {
        "preoperative": [7.6, 8.0, 7.0, 7.9],
        "discharge": [4.0, 3.5, 4.1, None],
        "six_months": [None, None, None, 1.8],
    }
    family = compare_pairs("VAS", columns)
    assert [(c.first, c.second) for c in family.comparisons] == [
        ("preoperative", "discharge"),
        ("preoperative", "six_months"),
        ("discharge", "six_months"),
    ]
    first, one_pair, none = family.comparisons
    assert first.p_t_holm == pytest.approx(first.t.p)
    assert one_pair.t is None
    assert one_pair.ranks.n == 1
    assert none.t is None
    assert none.ranks is None
    assert len({tuple(row) for row in family.rows()}) == 1
    assert list(family.to_frame()["n"].fillna(0)) == [3, 0, 0]


def test_significance_follows_the_stated_rule():
    assert StatisticsOptions().is_significant(0.05) is False
    assert StatisticsOptions(inclusive=True).is_significant(0.05) is True
    assert StatisticsOptions().is_significant(None) is None
    with pytest.raises(UnusableDataError, match="alpha"):
        StatisticsOptions(alpha=5)
