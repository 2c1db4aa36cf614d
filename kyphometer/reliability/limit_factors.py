"""Exact factors for limits of agreement: how many SDs from the mean difference a limit may lie.

A limit of agreement is the mean difference plus or minus 1.96 SD, and both are estimates. The
factors here bound the true limit at a stated confidence for a normal sample of n differences:
each limit by itself (individual) or the two together (pair). Carkeet 2015, doi
10.1097/OPX.0000000000000513; the pair factors are two-sided normal tolerance factors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from kyphometer.errors import ParameterRangeError, TooFewDataError
from kyphometer.stats.distributions import (
    gauss_legendre,
    noncentral_t_quantile,
    normal_quantile,
    t_quantile,
)
from kyphometer.stats.estimate import Result, check_confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFactors(Result):
    """Distances of the inner and outer bound of a limit from the mean difference, in SDs."""

    inner: float
    outer: float
    method: str


def individual_factors(n: int, confidence: float = 0.95, coverage: float = 0.95) -> LimitFactors:
    """Return the exact factors for one limit by itself.

    Parameters
    ----------
    n
        Number of differences.
    confidence
        Confidence of the interval of the limit.
    coverage
        Share of the differences between the limits, 0.95 for mean plus or minus 1.96 SD.
    """
    z, tail = _check(n, confidence, coverage)
    noncentrality = z * math.sqrt(n)
    inner, outer = (
        noncentral_t_quantile(q, n - 1, noncentrality) / math.sqrt(n) for q in (tail, 1.0 - tail)
    )
    return LimitFactors(inner=inner, outer=outer, method="exact, each limit (noncentral t)")


def pair_factors(n: int, confidence: float = 0.95, coverage: float = 0.95) -> LimitFactors:
    """Return the exact factors for the two limits taken together.

    With the stated confidence the interval from mean - outer SD to mean + outer SD holds at least
    `coverage` of all differences and that with the inner factor at most so many; each error has
    half the remaining probability. Parameters as for `individual_factors`.
    """
    _, tail = _check(n, confidence, coverage)
    inner, outer = (tolerance_factor(n, coverage, q) for q in (tail, 1.0 - tail))
    return LimitFactors(inner=inner, outer=outer, method="exact, both limits (tolerance factors)")


def approximate_factors_1999(
    n: int, confidence: float = 0.95, coverage: float = 0.95
) -> LimitFactors:
    """Return Bland and Altman's 1999 factors, which are too small outside at n below about 40."""
    z, tail = _check(n, confidence, coverage)
    half = t_quantile(1.0 - tail, n - 1) * math.sqrt(1.0 / n + z * z / (2.0 * (n - 1)))
    return LimitFactors(inner=z - half, outer=z + half, method="Bland-Altman 1999 approximation")


def approximate_factors_1986(
    n: int, confidence: float = 0.95, coverage: float = 0.95
) -> LimitFactors:
    """Return Bland and Altman's 1986 factors, with the standard error sqrt(3/n) SD."""
    z, tail = _check(n, confidence, coverage)
    half = t_quantile(1.0 - tail, n - 1) * math.sqrt(3.0 / n)
    return LimitFactors(inner=z - half, outer=z + half, method="Bland-Altman 1986 approximation")


def tolerance_factor(n: int, content: float, confidence: float) -> float:
    """Return the exact two-sided tolerance factor of a normal sample of n.

    Mean plus or minus the factor times SD holds at least `content` of the population with
    probability `confidence` (Odeh and Owen; checked against their tables).
    """
    x, weight = gauss_legendre(0.0, 8.0 / math.sqrt(n))
    reach = special.chndtrix(content, 1.0, x * x)
    weight = weight * np.exp(-n * x * x / 2.0) * math.sqrt(2.0 * n / math.pi)

    def excess(log_factor: float) -> float:
        needed = (n - 1) * reach * math.exp(-2.0 * log_factor)
        return float(np.sum(weight * special.chdtrc(n - 1, needed))) - confidence

    return math.exp(float(optimize.brentq(excess, -5.0, 12.0, xtol=1e-12)))


def _check(n: int, confidence: float, coverage: float) -> tuple[float, float]:
    check_confidence(confidence)
    if not 0.0 < coverage < 1.0:
        raise ParameterRangeError("limits_coverage", value=coverage)
    if n < 3:
        raise TooFewDataError("limits_differences", n=str(n))
    return normal_quantile((1.0 + coverage) / 2.0), (1.0 - confidence) / 2.0
