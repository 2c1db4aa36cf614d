"""Sample sizes against the tables of science.md#sample-size and the published examples."""

from __future__ import annotations

import numpy as np
import pytest

from kyphometer.errors import ParameterRangeError, TooFewDataError
from kyphometer.reliability.limit_factors import (
    approximate_factors_1986,
    approximate_factors_1999,
    individual_factors,
    pair_factors,
    tolerance_factor,
)
from kyphometer.reliability.planning_icc import (
    films_for_icc,
    films_for_icc_lower_limit,
    films_for_icc_walter,
    films_for_icc_width,
    icc_power,
    sem_interval_factors,
)
from kyphometer.reliability.planning_limits import limits_power, pairs_for_limits


@pytest.mark.parametrize(
    ("null", "expected", "films"),
    [
        (0.70, 0.85, (43, 29, 25)),
        (0.75, 0.90, (27, 19, 16)),
        (0.80, 0.90, (46, 32, 28)),
        (0.90, 0.95, (50, 36, 31)),
    ],
)
def test_exact_icc_sample_sizes(null, expected, films):
    sizes = [films_for_icc(null, expected, k) for k in (2, 3, 4)]
    assert tuple(size.n for size in sizes) == films
    for size, k in zip(sizes, (2, 3, 4), strict=True):
        assert icc_power(size.n - 1, k, null, expected) < 0.8 <= size.achieved


def test_power_agrees_with_simulation():
    rng = np.random.default_rng(0)
    n, k, null, expected = 43, 2, 0.7, 0.85
    runs = 20_000
    between = (1 + k * expected / (1 - expected)) * rng.chisquare(n - 1, runs) / (n - 1)
    within = rng.chisquare(n * (k - 1), runs) / (n * (k - 1))
    scale = 1 + k * null / (1 - null)
    critical = np.quantile(rng.f(n - 1, n * (k - 1), 400_000), 0.95)
    simulated = np.mean(between / within / scale > critical)
    assert icc_power(n, k, null, expected) == pytest.approx(simulated, abs=0.012)


def test_walter_and_bonett():
    """Walter is one film short of the exact power here, and says so."""
    walter = films_for_icc_walter(0.7, 0.85, 2)
    assert walter.n == 42
    assert walter.achieved < 0.8
    assert films_for_icc_width(0.8, 2, 0.2, correct_two_observers=False).n == 51
    assert films_for_icc_width(0.8, 2, 0.2).n == 55
    assert films_for_icc_width(0.9, 3, 0.1).n == 42


def test_assurance_needs_more_films_than_the_one_sided_test():
    assert films_for_icc_lower_limit(0.7, 0.85, 2).n == 54
    assert films_for_icc_lower_limit(0.7, 0.85, 2).achieved >= 0.8


@pytest.mark.parametrize(
    ("tolerance", "sizes"),
    [
        (2.5, (103, 123, 108)),
        (2.75, (55, 63, 52)),
        (3.0, (36, 40, 31)),
        (3.5, (20, 22, 16)),
        (4.0, (14, 15, 11)),
    ],
)
def test_limits_of_agreement_sample_sizes(tolerance, sizes):
    assert tuple(s.n for s in pairs_for_limits(tolerance, 1.0)) == sizes


def test_limits_sample_sizes_with_bias_and_lu_example():
    assert tuple(s.n for s in pairs_for_limits(2.75, 1.0, bias=-0.25)) == (84, 100, 82)
    _, individual, lu = pairs_for_limits(0.004, 0.001129, bias=0.001167)
    assert (individual.n, lu.n) == (97, 79)
    outer = individual_factors(79).outer
    assert limits_power(79, outer, 0.004 / 0.001129, 0.001167 / 0.001129) == pytest.approx(
        0.71, abs=0.005
    )


@pytest.mark.parametrize(
    ("n", "individual", "pair", "outer_1999"),
    [
        (10, (1.1632, 3.8009), (1.3915, 3.7706), 3.226),
        (20, (1.3565, 3.0140), (1.5175, 2.9445), 2.774),
        (21, (1.3685, 2.9777), (1.5255, 2.9075), 2.751),
        (30, (1.4503, 2.7566), (1.5808, 2.6854), 2.605),
        (40, (1.5092, 2.6213), (1.6214, 2.5528), 2.511),
        (50, (1.5507, 2.5355), (1.6505, 2.4703), 2.449),
        (100, (1.6591, 2.3419), (1.7283, 2.2896), 2.300),
    ],
)
def test_limit_factors(n, individual, pair, outer_1999):
    one, two = individual_factors(n), pair_factors(n)
    assert (one.inner, one.outer) == pytest.approx(individual, abs=6e-5)
    assert (two.inner, two.outer) == pytest.approx(pair, abs=6e-5)
    assert approximate_factors_1999(n).outer == pytest.approx(outer_1999, abs=6e-4)


def test_1986_factor_and_published_tolerance_factors():
    """Odeh and Owen: n = 10 and 20, content and confidence 0.95."""
    assert approximate_factors_1986(21).outer == pytest.approx(2.748, abs=6e-4)
    assert tolerance_factor(10, 0.95, 0.95) == pytest.approx(3.393, abs=6e-4)
    assert tolerance_factor(20, 0.95, 0.95) == pytest.approx(2.760, abs=6e-4)


def test_factors_close_in_on_196():
    inner, outer = individual_factors(10_000).inner, individual_factors(10_000).outer
    assert 1.92 < inner < 1.96 < outer < 2.0


@pytest.mark.parametrize(
    ("df", "low", "high"), [(21, 0.77, 1.43), (40, 0.82, 1.28), (100, 0.88, 1.16)]
)
def test_sem_interval_factors(df, low, high):
    assert sem_interval_factors(df) == pytest.approx((low, high), abs=0.006)


def test_refusals():
    with pytest.raises(ParameterRangeError, match="above the ICC to exceed"):
        films_for_icc(0.85, 0.7, 2)
    with pytest.raises(ParameterRangeError, match="at least 2"):
        films_for_icc(0.7, 0.85, 1)
    with pytest.raises(ParameterRangeError, match=r"above 1\.96"):
        pairs_for_limits(1.9, 1.0)
    with pytest.raises(TooFewDataError):
        individual_factors(2)
