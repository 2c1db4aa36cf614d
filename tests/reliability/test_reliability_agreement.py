"""Limits of agreement against the published examples, closed forms and simulated coverage."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from kyphometer.errors import NoVariationError, TooFewDataError
from kyphometer.reliability.agreement import bland_altman
from kyphometer.reliability.agreement_checks import normality, percentile_limits
from kyphometer.reliability.agreement_repeated import (
    limits_true_value_constant,
    limits_true_value_varies,
)
from kyphometer.reliability.limit_factors import individual_factors, pair_factors

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def pressure() -> dict[str, np.ndarray]:
    """Systolic pressure of 85 subjects, three repeats, by J, R and S."""
    found = {method: np.full((85, 3), np.nan) for method in "JRS"}
    with (DATA / "bland_altman_1999_sbp.csv").open() as file:
        for row in csv.DictReader(file):
            item, repeat = int(float(row["item"])) - 1, int(float(row["repl"])) - 1
            found[row["meth"]][item, repeat] = float(row["y"])
    return found


@pytest.fixture(scope="module")
def peak_flow() -> tuple[np.ndarray, np.ndarray]:
    with (DATA / "bland_altman_1986_pefr.csv").open() as file:
        rows = list(csv.DictReader(file))
    first, second = (
        np.array([float(row[c]) for row in rows]) for c in ("WrightFirst", "MiniWrightFirst")
    )
    return first, second


def test_peak_flow_1986(peak_flow):
    result = bland_altman(*peak_flow, unit="l/min")
    assert result.n == 17
    assert result.bias.value == pytest.approx(-2.118, abs=5e-4)
    assert result.sd_of_differences == pytest.approx(38.765, abs=5e-4)
    two_sd = (
        result.bias.value - 2 * result.sd_of_differences,
        result.bias.value + 2 * result.sd_of_differences,
    )
    assert two_sd == pytest.approx((-79.6, 75.4), abs=0.06)


def test_pressure_1999_single_readings(pressure):
    result = bland_altman(pressure["J"][:, 0], pressure["S"][:, 0], unit="mmHg")
    assert result.bias.value == pytest.approx(-16.294, abs=5e-4)
    assert result.sd_of_differences == pytest.approx(19.611, abs=5e-4)
    assert (result.lower.value, result.upper.value) == pytest.approx((-54.73, 22.14), abs=6e-3)


def test_pressure_1999_repeated_readings(pressure):
    """Section 5: limits -56.68 to 25.44; within-subject variances 37.408 and 83.141."""
    result = limits_true_value_constant(pressure["J"], pressure["S"])
    assert result.within_variance == pytest.approx(37.408 + 83.141, abs=2e-3)
    assert result.bias.value == pytest.approx(-15.62, abs=5e-3)
    assert (result.lower.value, result.upper.value) == pytest.approx((-56.68, 25.44), abs=6e-3)


def test_exact_bounds_are_the_factors_times_sd(peak_flow):
    result = bland_altman(*peak_flow)
    one, two = individual_factors(17), pair_factors(17)
    sd, bias = result.sd_of_differences, result.bias.value
    assert result.lower.low == pytest.approx(bias - one.outer * sd)
    assert result.upper.low == pytest.approx(bias + one.inner * sd)
    assert result.pair.upper_outer == pytest.approx(bias + two.outer * sd)
    assert result.approximate_1999.upper_outer < result.pair.upper_outer


def test_proportional_bias_is_found_and_absent():
    rng = np.random.default_rng(1)
    true = rng.uniform(0, 40, 60)
    first = 1.2 * true + rng.normal(0, 1, 60)
    second = true + rng.normal(0, 1, 60)
    stretched = bland_altman(first, second).proportional_bias
    assert stretched.slope.value == pytest.approx(0.2 / 1.1, abs=0.02)
    assert stretched.p < 1e-6
    plain = bland_altman(true + rng.normal(0, 1, 60), second).proportional_bias
    assert plain.slope.low < 0 < plain.slope.high


def test_growing_spread_is_found():
    rng = np.random.default_rng(2)
    true = rng.uniform(1, 40, 200)
    first, second = (true * (1 + rng.normal(0, 0.05, 200)) for _ in range(2))
    assert bland_altman(first, second).spread.slope.low > 0


def test_normality_flags_an_outlier():
    rng = np.random.default_rng(3)
    calm = rng.normal(0, 1, 40)
    assert normality(calm).p > 0.01
    assert normality(np.append(calm, 12.0)).p < 1e-6
    assert normality(np.append(calm, 12.0)).skewness > 2


def test_percentile_limits_have_an_exact_interval_from_146_on():
    rng = np.random.default_rng(4)
    assert percentile_limits(rng.normal(0, 1, 145)).lower.interval() is None
    wide = percentile_limits(rng.normal(0, 1, 1000))
    low, high = wide.lower.interval()
    assert -2.5 < low < wide.lower.value < high < -1.7
    assert wide.lower.value == pytest.approx(-1.96, abs=0.25)
    assert wide.bootstrap_upper[0] < 1.96 < wide.bootstrap_upper[1]


def test_order_statistic_interval_covers():
    """200 differences, 400 samples: at least 95 % less 3 standard errors."""
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(400):
        low, high = percentile_limits(rng.normal(0, 1, 200), replicates=100).upper.interval()
        hits += low <= 1.959964 <= high
    assert hits / 400 > 0.917


def test_single_differences_give_carkeets_limits_from_the_repeated_method():
    """With hardly any scatter inside a patient, n patients are n single differences."""
    rng = np.random.default_rng(6)
    single = rng.normal(1, 2, 21)
    tiny = [np.array([d - 1e-7, d + 1e-7]) for d in single]
    repeated = limits_true_value_varies(tiny)
    exact = bland_altman(single, np.zeros(21))
    assert repeated.upper.value == pytest.approx(exact.upper.value, abs=1e-5)
    assert repeated.individual.upper_outer == pytest.approx(
        exact.individual.upper_outer, abs=0.01 * exact.sd_of_differences
    )
    assert repeated.pair.lower_inner == pytest.approx(
        exact.pair.lower_inner, abs=0.01 * exact.sd_of_differences
    )


def test_anova_of_2007_by_hand():
    """Three patients of two films: MSB 8, MSW 1, so between (8 - 1)/2 and limits 1.96 sqrt(4.5)."""
    groups = [[-2 - math.sqrt(0.5), -2 + math.sqrt(0.5)], [-math.sqrt(0.5), math.sqrt(0.5)]]
    groups.append([2 - math.sqrt(0.5), 2 + math.sqrt(0.5)])
    result = limits_true_value_varies(groups)
    assert result.within_variance == pytest.approx(1.0)
    assert result.between_variance == pytest.approx(3.5)
    assert result.upper.value == pytest.approx(1.959964 * math.sqrt(4.5), abs=1e-5)
    assert result.bias.value == pytest.approx(0.0, abs=1e-12)


def content(low: float, high: float, mean: float, sd: float) -> float:
    return float(special.ndtr((high - mean) / sd) - special.ndtr((low - mean) / sd))


@pytest.mark.parametrize("films", [10, 21, 43])
def test_single_limits_cover(films):
    """Individual and pair bounds, 1000 samples: 95 % within 3 standard errors."""
    rng = np.random.default_rng(films)
    values = rng.normal(0, 1, (1000, films))
    mean, sd = values.mean(axis=1), values.std(axis=1, ddof=1)
    one, two = individual_factors(films), pair_factors(films)
    upper = (mean + one.inner * sd <= 1.959964) & (mean + one.outer * sd >= 1.959964)
    pair = [
        content(m - two.inner * s, m + two.inner * s, 0, 1)
        <= 0.95
        <= content(m - two.outer * s, m + two.outer * s, 0, 1)
        for m, s in zip(mean, sd, strict=True)
    ]
    assert 0.929 <= upper.mean() <= 0.971
    assert 0.929 <= np.mean(pair) <= 0.971


@pytest.mark.parametrize("patients", [10, 21, 43])
def test_repeated_limits_cover(patients):
    """Two films a patient, 250 studies: 95 % within 3 standard errors."""
    rng = np.random.default_rng(10 + patients)
    sd, hits = math.sqrt(6.0), np.zeros(4)
    for _ in range(250):
        own = rng.normal(0, math.sqrt(2), (patients, 1))
        result = limits_true_value_varies(list(1 + own + rng.normal(0, 2, (patients, 2))))
        pair = result.pair
        hits += [
            result.upper.low <= 1 + 1.959964 * sd <= result.upper.high,
            result.bias.low <= 1 <= result.bias.high,
            result.sd_of_differences.low <= sd <= result.sd_of_differences.high,
            content(pair.lower_inner, pair.upper_inner, 1, sd)
            <= 0.95
            <= content(pair.lower_outer, pair.upper_outer, 1, sd),
        ]
    assert np.all((hits / 250 > 0.908) & (hits / 250 < 0.992)), hits / 250


def test_unbalanced_patients_leave_the_variance_unbiased():
    rng = np.random.default_rng(8)
    found = []
    for _ in range(144):
        sizes = rng.integers(1, 4, 25)
        groups = [rng.normal(0, math.sqrt(2)) + rng.normal(0, 2, size) for size in sizes]
        result = limits_true_value_varies(groups)
        found.append((result.between_variance, result.within_variance))
    mean, error = np.mean(found, axis=0), np.std(found, axis=0) / 12
    assert mean[1] == pytest.approx(4.0, abs=3 * error[1])
    assert mean[0] == pytest.approx(2.0, abs=3 * error[0] + 0.05)  # cut at 0, hardly ever


def test_refusals():
    with pytest.raises(TooFewDataError, match="at least 3 pairs"):
        bland_altman([1, 2, np.nan], [1, 2, 3])
    with pytest.raises(NoVariationError, match="all differences are equal"):
        bland_altman([1, 2, 3], [2, 3, 4])
    with pytest.raises(TooFewDataError, match="as many first as second"):
        bland_altman([1, 2, 3], [2, 3])
    with pytest.raises(TooFewDataError, match="2 films"):
        limits_true_value_varies([[1.0], [2.0], [3.0]])
    with pytest.raises(TooFewDataError, match="at least 3 films"):
        limits_true_value_constant([[1.0, 2.0]], [[1.0, 2.0]])
