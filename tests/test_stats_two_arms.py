"""Two groups compared: published intervals, other packages, and a simulated trial."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, t, ttest_ind
from statsmodels.stats.proportion import confint_proportions_2indep

from kyphometer.errors import StatisticsError
from kyphometer.stats.options import StatisticsOptions
from kyphometer.stats.two_arms import (
    ancova,
    compare_risks,
    correlation,
    ratio_score,
    standardised_difference,
)


def test_published_intervals_of_differences_and_ratios():
    """Newcombe 1998, example (a), method 10; Koopman 1984, 36 of 40 against 16 of 80: 2.94 to 7.15.

    His chi-square is N / (N - 1) times the square of the score here.
    """
    found = compare_risks((56, 48), (70, 80)).difference
    assert (found.low, found.high) == (
        pytest.approx(0.0524, abs=5e-5),
        pytest.approx(0.3339, abs=5e-5),
    )
    for end in (2.94, 7.15):
        score, _ = ratio_score((36, 16), (40, 80), end)
        assert score**2 * 120 / 119 == pytest.approx(1.96**2, rel=5e-3)
    ratio = compare_risks((36, 16), (40, 80)).ratio
    assert (ratio.low, ratio.high) == pytest.approx((2.94, 7.15), rel=0.04)


def test_score_interval_of_the_ratio_is_that_of_statsmodels_in_large_groups():
    low, high = confint_proportions_2indep(
        1500, 2000, 800, 2200, method="score", compare="ratio", correction=False
    )
    found = compare_risks((1500, 800), (2000, 2200)).ratio
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, rel=1e-3), pytest.approx(high, rel=1e-3))


def test_the_score_of_the_ratio_has_the_mean_spread_and_skewness_that_it_is_corrected_for():
    """By enumeration of both binomials."""
    (n1, n2), (p1, p2) = (15, 40), (0.7, 0.35)
    chances, scores, skews = [], [], []
    for x1 in range(n1 + 1):
        for x2 in range(1, n2 + 1):
            chances.append(binom.pmf(x1, n1, p1) * binom.pmf(x2, n2, p2))
            score, skewness = ratio_score((x1, x2), (n1, n2), p1 / p2)
            scores.append(score)
            skews.append(skewness)
    weights = np.array(chances) / sum(chances)
    mean = float(weights @ scores)
    spread = math.sqrt(float(weights @ (np.array(scores) - mean) ** 2))
    third = float(weights @ (np.array(scores) - mean) ** 3) / spread**3
    assert mean == pytest.approx(0.0, abs=0.03)
    assert spread == pytest.approx(1.0, abs=0.03)
    assert float(weights @ skews) == pytest.approx(third, abs=0.08)


@pytest.mark.parametrize("totals", [(8, 8), (12, 12), (10, 30)])
@pytest.mark.parametrize("shares", [(0.8, 0.6), (0.05, 0.8), (0.4, 0.1), (0.9, 0.9)])
def test_the_interval_of_the_ratio_covers_by_enumeration(totals, shares):
    covered = given = 0.0
    for x1 in range(totals[0] + 1):
        for x2 in range(1, totals[1] + 1):
            chance = float(np.prod(binom.pmf((x1, x2), totals, shares)))
            if chance < 1e-5:
                continue
            found = compare_risks((x1, x2), totals).ratio
            given += chance
            covered += chance * (found.low <= shares[0] / shares[1] <= (found.high or math.inf))
    assert covered / given > 0.93


@given(st.integers(1, 40), st.integers(1, 40), st.data())
@settings(max_examples=60, deadline=None)
def test_every_estimate_lies_in_its_interval_and_the_interval_in_its_range(n1, n2, data):
    events = (data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2)))
    found = compare_risks(events, (n1, n2))
    d, ratio, odds = found.difference, found.ratio, found.odds_ratio
    assert d.value == pytest.approx(events[0] / n1 - events[1] / n2)
    assert -1 - 1e-12 <= d.low <= d.value + 1e-12
    assert d.value - 1e-12 <= d.high <= 1 + 1e-12
    assert (ratio is None) is (events[1] == 0)
    if ratio is not None:
        assert 0 <= ratio.low <= ratio.value * (1 + 1e-9)
        assert ratio.high is None or ratio.high >= ratio.value * (1 - 1e-9)
    if odds is not None:
        assert 0 <= odds.low <= odds.value <= odds.high
    assert 0 < found.p <= 1 + 1e-9


EQUAL = StatisticsOptions(equal_scatter=True)


def test_ancova_is_the_regression_of_statsmodels():
    import statsmodels.api as sm

    rng = np.random.default_rng(1)
    before, arm = rng.normal(20, 3, 30), np.arange(30) % 2 == 0
    after = 5 + 0.4 * before - 1.5 * arm + rng.normal(0, 2, 30)
    fit = sm.OLS(after, sm.add_constant(np.column_stack([arm, before]))).fit()
    found = ancova([*before, None], [*after, 3.0], [*arm, True], EQUAL)
    assert found.difference.value == pytest.approx(fit.params[1])
    assert (found.difference.low, found.difference.high) == pytest.approx(fit.conf_int()[1])
    assert found.p == pytest.approx(fit.pvalues[1])
    assert found.patients == (15, 15)
    robust = ancova(before, after, arm)
    error = (robust.difference.high - robust.difference.low) / 2
    error /= t.ppf(0.975, robust.degrees_of_freedom)
    assert error == pytest.approx(fit.HC2_se[1])


def test_ancova_with_nothing_to_adjust_for_is_welchs_statistic():
    rng = np.random.default_rng(4)
    one, two = rng.normal(0, 3, 9), rng.normal(1, 1, 20)
    found = ancova([7.0] * 29, [*one, *two], [True] * 9 + [False] * 20)
    welch = ttest_ind(one, two, equal_var=False)
    assert found.t == pytest.approx(welch.statistic)
    freedom = (1 / 9 + 1 / 20) ** 2 / (1 / (9**2 * 8) + 1 / (20**2 * 19))  # Bell and McCaffrey
    assert found.degrees_of_freedom == pytest.approx(freedom)
    assert found.p == pytest.approx(2 * t.sf(abs(welch.statistic), freedom))


def test_ancova_covers_where_the_smaller_group_scatters_more():
    rng, covered = np.random.default_rng(6), []
    arm = np.arange(40) < 10
    for _ in range(800):
        before = rng.normal(20, 3, 40)
        after = 0.4 * before - 2.0 * arm + rng.normal(0, 2, 40) * np.where(arm, 2.0, 1.0)
        found = ancova(before, after, arm).difference
        covered.append(found.low <= -2.0 <= found.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=3 * math.sqrt(0.0475 / 800))


def test_a_simulated_trial_is_unbiased_and_its_interval_covers():
    rng, found = np.random.default_rng(2), []
    arm = np.arange(40) % 2 == 0
    for _ in range(600):
        before = rng.normal(20, 3, 40)
        after = 6 + 0.4 * before - 2.0 * arm + rng.normal(0, 2, 40)
        estimate = ancova(before, after, arm).difference
        found.append((estimate.value, estimate.low <= -2.0 <= estimate.high))
    values, covered = np.array(found).T
    assert values.mean() == pytest.approx(-2.0, abs=3 * values.std() / math.sqrt(600))
    assert covered.mean() == pytest.approx(0.95, abs=3 * math.sqrt(0.0475 / 600))


def test_correlation_and_standardised_difference_by_hand():
    """r = 0.5 of 28 patients: z 0.5493 -+ 1.96/5, from 0.156 to 0.736."""
    x = np.array([1.0, 2.0, 3.0] * 9 + [2.0])
    y = np.array([1.0, 3.0, 2.0] * 9 + [2.0])
    found = correlation(x, y)
    assert found.value == pytest.approx(0.5)
    assert (found.low, found.high) == pytest.approx((0.1561, 0.7360), abs=1e-3)
    shares = standardised_difference(np.array([1.0] * 3 + [0.0]), np.array([1.0, 0.0]))
    assert shares == pytest.approx(0.25 / math.sqrt((0.1875 + 0.25) / 2))
    assert standardised_difference(np.ones(3), np.ones(4)) is None


@pytest.mark.parametrize(
    ("call", "values"),
    [
        pytest.param(compare_risks, ((3, 1), (2, 5)), id="more events than patients"),
        pytest.param(compare_risks, ((0, 0), (0, 5)), id="empty group"),
        pytest.param(ancova, ([1.0, 2.0], [1.0, 2.0], [True, False]), id="two patients"),
        pytest.param(
            ancova, ([1.0, 2.0] * 3, range(6), [True, False] * 3), id="groups told by baselines"
        ),
        pytest.param(correlation, ([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]), id="three patients"),
        pytest.param(correlation, ([1.0] * 5, range(5)), id="no variation"),
    ],
)
def test_refusals(call, values):
    with pytest.raises(StatisticsError):
        call(*values)
