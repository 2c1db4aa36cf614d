"""Descriptive numbers, proportions, grades, counts, normality: published values and SPSS parity."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kyphometer.errors import TooFewValuesError, UnusableDataError
from kyphometer.stats.association import association
from kyphometer.stats.descriptive import count_categories, summarise
from kyphometer.stats.formatting import (
    format_count,
    format_interval,
    format_mean_sd,
    format_number,
    format_p,
    format_p_statement,
)
from kyphometer.stats.normality import describe_normality, levene
from kyphometer.stats.options import SPSS_OPTIONS, StatisticsOptions
from kyphometer.stats.ordinal import sign_test, transitions
from kyphometer.stats.proportions import clustered_rate, proportion


def test_summary_counts_missing_and_uses_n_minus_one():
    s = summarise([2, 4, 4, 4, 5, 5, 7, 9, None, float("nan")])
    assert (s.n, s.missing, s.mean, s.minimum, s.maximum) == (8, 2, 5.0, 2.0, 9.0)
    assert s.sd == pytest.approx(math.sqrt(32 / 7))


def test_summary_of_nothing_and_of_one():
    nothing, one = summarise([None, None]), summarise([3.0])
    assert (nothing.n, nothing.missing, nothing.mean, nothing.sd) == (0, 2, None, None)
    assert (one.n, one.mean, one.sd, one.mean_low) == (1, 3.0, None, None)


def test_quartiles_as_spss_haverage():
    """HAVERAGE puts quantile q at rank q(n + 1): of 1..10, quartiles are 2.75, 5.5 and 8.25."""
    s = summarise(range(1, 11), SPSS_OPTIONS)
    assert (s.first_quartile, s.median, s.third_quartile) == (2.75, 5.5, 8.25)
    own = summarise(range(1, 11))
    assert (own.first_quartile, own.third_quartile) == (3.25, 7.75)


def test_moments_bias_corrected_as_spss():
    """G1 and G2 by their definitions from central moments (Joanes and Gill 1998)."""
    x = np.array([2.0, 3.0, 5.0, 9.0, 11.0, 20.0])
    n, d = len(x), x - x.mean()
    g1 = (d**3).mean() / (d**2).mean() ** 1.5
    g2 = (d**4).mean() / (d**2).mean() ** 2 - 3
    s = summarise(x, SPSS_OPTIONS)
    assert s.skewness == pytest.approx(g1 * math.sqrt(n * (n - 1)) / (n - 2))
    assert s.kurtosis == pytest.approx((n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6))


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 21, 0.0, 16.1), (3, 21, 3.0, 36.3), (21, 21, 83.9, 100.0)],
)
def test_exact_interval_of_published_counts(count, total, low, high):
    p = proportion(count, total)
    assert 100 * p.exact_low == pytest.approx(low, abs=0.05)
    assert 100 * p.exact_high == pytest.approx(high, abs=0.05)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(deadline=None)
def test_intervals_equal_scipy(pair):
    p = proportion(*pair)
    test = stats.binomtest(*pair)
    exact, wilson = test.proportion_ci(method="exact"), test.proportion_ci(method="wilson")
    assert (p.exact_low, p.exact_high) == pytest.approx(tuple(exact), abs=1e-9)
    assert (p.wilson_low, p.wilson_high) == pytest.approx(tuple(wilson), abs=1e-9)


def test_impossible_proportion_is_refused_and_empty_one_has_no_value():
    with pytest.raises(UnusableDataError, match="5 events among 3"):
        proportion(5, 3)
    assert proportion(0, 0).fraction is None


def test_clustered_rate_with_independent_units_is_the_exact_interval():
    """One screw a patient: the design effect is n / (n - 1) and clustering changes little."""
    events = [1] * 4 + [0] * 17
    r = clustered_rate(events, [1] * 21)
    p = proportion(4, 21)
    assert r.design_effect == pytest.approx(21 / 20)
    assert (r.unclustered_low, r.unclustered_high) == (p.exact_low, p.exact_high)
    assert r.low <= p.exact_low
    assert r.high >= p.exact_high
    assert r.high - r.low == pytest.approx(p.exact_high - p.exact_low, rel=0.08)


def test_clustered_rate_with_all_events_in_few_patients_counts_patients():
    """All six screws leak in 3 of 20 patients: the information is that of 20, not 120."""
    r = clustered_rate([6] * 3 + [0] * 17, [6] * 20)
    assert (r.events, r.units, r.rate) == (18, 120, 0.15)
    assert r.design_effect == pytest.approx(6 * 20 / 19)
    p = proportion(3, 20)
    assert (r.low, r.high) == pytest.approx((p.exact_low, p.exact_high), abs=0.03)


def test_clustered_rate_without_events_takes_patients_as_the_sample():
    r = clustered_rate([0] * 21, [6] * 21)
    assert (r.low, r.high) == (0.0, proportion(0, 21).exact_high)
    assert "patients" in r.method
    everything = clustered_rate([2, 2], [2, 2])
    assert (everything.low, everything.high) == (proportion(2, 2).exact_low, 1.0)
    assert clustered_rate([], []).rate is None


def test_clustered_rate_refuses_more_events_than_units():
    with pytest.raises(UnusableDataError, match="3 events among 2 units at place 2"):
        clustered_rate([0, 3], [2, 2])


@pytest.mark.parametrize(
    ("up", "down", "p"), [(5, 0, 0.0625), (6, 0, 0.03125), (8, 0, 0.0078125), (0, 0, 1), (3, 3, 1)]
)
def test_sign_test_of_published_splits(up, down, p):
    assert sign_test(up, down) == pytest.approx(p)
    assert sign_test(down, up) == pytest.approx(p)


def test_transitions_of_the_published_study():
    before = ["D"] * 3 + ["E"] * 18
    t = transitions(before, ["E"] * 21, "ABCDE")
    assert (t.n, t.improved, t.unchanged, t.worse) == (21, 3, 18, 0)
    assert t.counts[3] == (0, 0, 0, 0, 3)
    assert t.counts[4] == (0, 0, 0, 0, 18)
    assert t.p_sign == t.p_marginal_homogeneity == 0.25
    assert t.rows()[3] == {"before": "D", "A": 0, "B": 0, "C": 0, "D": 0, "E": 3, "total": 3}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=9))
def test_marginal_homogeneity_equals_enumeration(pairs):
    grades = "ABCDE"
    t = transitions([grades[b] for b, _ in pairs], [grades[a] for _, a in pairs], grades)
    steps = [a - b for b, a in pairs]
    sums = [
        abs(sum(s * f for s, f in zip(steps, flips, strict=True)))
        for flips in itertools.product([1, -1], repeat=len(steps))
    ]
    assert t.p_marginal_homogeneity == pytest.approx(np.mean([s >= abs(sum(steps)) for s in sums]))
    up, down = sum(s > 0 for s in steps), sum(s < 0 for s in steps)
    expected = stats.binomtest(up, up + down).pvalue if up + down else 1.0
    assert t.p_sign == pytest.approx(expected)


def test_transitions_count_missing_and_refuse_unknown_grades():
    t = transitions(["D", None, "E"], ["E", "E", None], "ABCDE")
    assert (t.n, t.missing) == (1, 2)
    with pytest.raises(UnusableDataError, match="'F'"):
        transitions(["F"], ["E"], "ABCDE")
    with pytest.raises(UnusableDataError, match="2 grades before but 1 after"):
        transitions(["D", "D"], ["E"], "ABCDE")


def test_fisher_tea_tasting():
    """Fisher's tea-tasting lady: p = 34/70 two-sided."""
    r = association([[3, 1], [1, 3]])
    assert r.method == "Fisher's exact"
    assert r.p == pytest.approx(34 / 70)
    assert r.odds_ratio == 9.0


def test_fisher_of_larger_tables_as_r_prints_it():
    """Agresti 2002, job satisfaction by income, as in R's help(fisher.test): p = 0.7827."""
    job = [[1, 2, 1, 0], [3, 3, 6, 1], [10, 10, 14, 9], [6, 7, 12, 11]]
    r = association(job)
    assert r.p_fisher == pytest.approx(0.7827, abs=0.005)
    assert "Monte Carlo" in r.method
    assert association(job) == r


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), min_size=2, max_size=2).filter(
        lambda t: all(map(sum, t)) and all(map(sum, zip(*t, strict=True)))
    )
)
def test_freeman_halton_equals_enumeration(table):
    rows, columns = [sum(r) for r in table], [sum(c) for c in zip(*table, strict=True)]
    total = sum(rows)

    def probability(a, b):
        c = rows[0] - a - b
        ways = math.comb(columns[0], a) * math.comb(columns[1], b) * math.comb(columns[2], c)
        return ways / math.comb(total, rows[0])

    possible = [
        probability(a, b)
        for a in range(columns[0] + 1)
        for b in range(columns[1] + 1)
        if 0 <= rows[0] - a - b <= columns[2]
    ]
    observed = probability(table[0][0], table[0][1])
    expected = sum(p for p in possible if p <= observed * (1 + 1e-9))
    assert association(table).p_fisher == pytest.approx(expected)
    assert association(np.transpose(table)).p_fisher == pytest.approx(expected)


def test_chi_square_is_uncorrected_unless_asked():
    table = [[12, 8], [6, 14]]
    plain, yates = (
        association(table),
        association(table, StatisticsOptions(continuity_correction=True)),
    )
    assert plain.method == "Pearson's chi-square"
    assert plain.p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    assert yates.p == pytest.approx(stats.chi2_contingency(table, correction=True).pvalue)
    assert association(table, SPSS_OPTIONS).p == plain.p


def test_association_needs_two_groups_of_whole_counts():
    with pytest.raises(UnusableDataError, match="one group"):
        association([[3, 4], [0, 0]])
    with pytest.raises(UnusableDataError, match="no count"):
        association([[1.5, 2], [3, 4]])


def test_normality_shown_with_lilliefors_as_spss_explore():
    rng = np.random.default_rng(4)
    skewed = rng.exponential(size=40)
    n = describe_normality(skewed)
    z = np.sort((skewed - skewed.mean()) / skewed.std(ddof=1))
    cdf, i = stats.norm.cdf(z), np.arange(40)
    distance = max((cdf - i / 40).max(), ((i + 1) / 40 - cdf).max())
    assert n.lilliefors_d == pytest.approx(distance)
    assert n.lilliefors_p < 0.01
    assert n.lilliefors_p < stats.kstest(z, "norm").pvalue
    assert n.shapiro_p == pytest.approx(stats.shapiro(skewed).pvalue)
    assert describe_normality(rng.normal(size=30)).lilliefors_p <= 0.2


def test_normality_says_why_it_cannot():
    assert "three" in describe_normality([1.0, 2.0]).note
    assert "equal" in describe_normality([2.0] * 8).note


def test_levene_center_follows_the_options():
    groups = ([1.0, 2.0, 9.0, 4.0], [3.0, 3.5, 3.2, 12.0, None])
    spss, own = levene(groups, SPSS_OPTIONS), levene(groups)
    clean = [[v for v in g if v is not None] for g in groups]
    assert spss.p == pytest.approx(stats.levene(*clean, center="mean").pvalue)
    assert own.p == pytest.approx(stats.levene(*clean, center="median").pvalue)
    assert (spss.df_between, spss.df_within) == (1, 6)
    assert levene(([1.0, 1.0], [2.0, 2.0])).p is None
    with pytest.raises(TooFewValuesError):
        levene(([1.0], [2.0, 3.0]))


def test_categories_listed_come_first_even_when_empty():
    counts = count_categories(["F", "M", "F", None], ["F", "M", "X"])
    assert counts.categories == ("F", "M", "X")
    assert [share.count for share in counts.shares] == [2, 1, 0]
    assert (counts.shares[0].total, counts.missing) == (3, 1)


@given(st.floats(0, 1))
def test_p_is_never_printed_as_zero(p):
    text = format_p(p)
    assert float(text.lstrip("<>")) > 0
    if text[0] not in "<>":
        assert abs(float(text) - p) <= 0.0005 + 1e-12


def test_formats():
    assert format_p(0.0009999) == "<0.001"
    assert format_p(0.001) == "0.001"
    assert format_p(1.0) == "1.000"
    assert format_p(None) == format_p(float("nan")) == "–"
    assert format_p_statement(0.00001) == "p < 0.001"
    assert format_p_statement(0.0412) == "p = 0.041"
    assert format_p_statement(None) == "p not available"
    assert format_mean_sd(18.34, 2.75) == "18.3 ± 2.8"
    assert format_mean_sd(18.34, None) == "18.3"
    assert format_interval(4.44, 6.61) == "4.4 to 6.6"
    assert format_count(16, 21) == "16/21 (76.2 %)"
    assert format_count(0, 0) == "0/0"
    assert format_number(-0.001) == "0.0"
