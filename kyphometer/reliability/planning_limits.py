"""How many pairs of readings are needed to show that limits of agreement lie within a tolerance.

The aim is that the outer confidence bounds of both limits of agreement fall inside plus or minus
the tolerance. Exact power integrates over the distribution of the SD of the differences; Lu 2016
(doi 10.1515/ijb-2015-0039) plans for the approximate intervals and is given for comparison.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from kyphometer.errors import ParameterRangeError
from kyphometer.reliability.limit_factors import individual_factors, pair_factors
from kyphometer.reliability.planning_icc import SampleSize, smallest
from kyphometer.stats.distributions import (
    gauss_legendre,
    noncentral_t_cdf,
    normal_cdf,
    normal_quantile,
    t_quantile,
)
from kyphometer.stats.estimate import check_confidence

MOST_SDS = 1000
"""A tolerance of more SDs of the differences is a slip of the pen."""


def limits_power(n: int, outer: float, tolerance: float, bias: float = 0.0) -> float:
    """Return the exact probability that mean -+ outer SD both lie within -+ tolerance.

    Parameters
    ----------
    n
        Number of differences.
    outer
        Outer factor, from `individual_factors` or `pair_factors`.
    tolerance, bias
        In units of the SD of the differences.
    """
    df = n - 1
    sd, weight = gauss_legendre(0.0, tolerance / outer, 128)
    log_density = (
        math.log(2.0)
        + (df / 2.0) * math.log(df / 2.0)
        - float(special.gammaln(df / 2.0))
        + (df - 1) * np.log(sd)
        - df * sd * sd / 2.0
    )
    room = tolerance - outer * sd
    inside = normal_cdf(math.sqrt(n) * (room - bias)) - normal_cdf(math.sqrt(n) * (-room - bias))
    return float(np.sum(weight * np.exp(log_density) * inside))


def lu_power(
    n: int, tolerance: float, bias: float = 0.0, confidence: float = 0.95, coverage: float = 0.95
) -> float:
    """Return Lu's 2016 power for the approximate (Bland-Altman 1999) intervals.

    Parameters as for `limits_power`.
    """
    z = normal_quantile((1.0 + coverage) / 2.0)
    standard_error = math.sqrt(1.0 / n + z * z / (2.0 * (n - 1)))
    critical = t_quantile((1.0 + confidence) / 2.0, n - 1)
    missed = (
        noncentral_t_cdf(critical, n - 1, (tolerance - sign * bias - z) / standard_error)
        for sign in (1.0, -1.0)
    )
    return max(0.0, 1.0 - sum(missed))


def pairs_for_limits(
    tolerance: float,
    sd_of_differences: float,
    *,
    bias: float = 0.0,
    power: float = 0.8,
    confidence: float = 0.95,
) -> tuple[SampleSize, SampleSize, SampleSize]:
    """Return the number of pairs by the exact pair, the exact individual and Lu's method.

    Parameters
    ----------
    tolerance
        Largest difference that does not matter, in the unit of the measurement (degrees).
    sd_of_differences
        Expected SD of the differences; sqrt(2) times the standard error of measurement.
    bias
        Expected mean difference.
    """
    d, b = _in_sds(tolerance, sd_of_differences, bias, confidence)
    if not 0.0 < power < 1.0:
        raise ParameterRangeError("power_range", value=power)
    methods: dict[str, Callable[[int], float]] = {
        "exact, pair": lambda n: limits_power(n, pair_factors(n, confidence).outer, d, b),
        "exact, individual": lambda n: limits_power(
            n, individual_factors(n, confidence).outer, d, b
        ),
        "Lu 2016 approximation": lambda n: lu_power(n, d, b, confidence),
    }
    pair, individual, lu = (_size(name, f, power, tolerance) for name, f in methods.items())
    return pair, individual, lu


def _size(
    method: str, achieved: Callable[[int], float], power: float, tolerance: float
) -> SampleSize:
    n = smallest(achieved, power, start=3)
    aim = f"power to show that both limits of agreement lie within {tolerance:g}"
    return SampleSize(n=n, method=method, aim=aim, achieved=achieved(n))


def _in_sds(
    tolerance: float, sd_of_differences: float, bias: float, confidence: float
) -> tuple[float, float]:
    if sd_of_differences <= 0.0:
        raise ParameterRangeError("sd_differences", value=sd_of_differences)
    z = normal_quantile((1.0 + check_confidence(confidence)) / 2.0)
    d, b = tolerance / sd_of_differences, abs(bias) / sd_of_differences
    if not d <= MOST_SDS:
        most = MOST_SDS * sd_of_differences
        raise ParameterRangeError("tolerance_most", value=tolerance, most=most, most_sds=MOST_SDS)
    if d - b <= max(z, 1.96):
        least = (1.96 + b) * sd_of_differences
        raise ParameterRangeError("tolerance_least", value=tolerance, least=least)
    return d, b
