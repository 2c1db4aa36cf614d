"""Two groups compared: published intervals, other packages, and a simulated trial."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from kyphometer.errors import StatisticsError
from kyphometer.stats.two_arms import ancova, compare_risks, correlation, standardised_difference


def test_published_intervals_of_differences_and_ratios():
    """Newcombe 1998, example (a), method 10; Koopman 1984, 36 of 40 against 16 of 80."""
    found = compare_risks((56, 48), (70, 80)).difference
    assert (found.low, found.high) == (
        pytest.approx(0.0524, abs=5e-5),
        pytest.approx(0.3339, abs=5e-5),
    )
    ratio = compare_risks((36, 16), (40, 80)).ratio
    assert ratio is not None
    assert (ratio.low, ratio.high) == (pytest.approx(2.94, abs=5e-3), pytest.approx(7.15, abs=5e-3))


@pytest.mark.parametrize(("events", "totals"), [((15, 8), (20, 22)), ((3, 9), (21, 20))])
def test_score_interval_of_the_ratio_is_that_of_statsmodels(events, totals):
    low, high = confint_proportions_2indep(
        events[0], totals[0], events[1], totals[1],
        method="score", compare="ratio", correction=False,
    )  # fmt: skip
    found = compare_risks(events, totals).ratio
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, rel=1e-4), pytest.approx(high, rel=1e-4))


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


def test_ancova_is_the_regression_of_statsmodels():
    import statsmodels.api as sm

    rng = np.random.default_rng(1)
    before, arm = rng.normal(20, 3, 30), np.arange(30) % 2 == 0
    after = 5 + 0.4 * before - 1.5 * arm + rng.normal(0, 2, 30)
    fit = sm.OLS(after, sm.add_constant(np.column_stack([arm, before]))).fit()
    found = ancova([*before, None], [*after, 3.0], [*arm, True])
    assert found.difference.value == pytest.approx(fit.params[1])
    assert (found.difference.low, found.difference.high) == pytest.approx(fit.conf_int()[1])
    assert found.p == pytest.approx(fit.pvalues[1])
    assert found.patients == (15, 15)


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
