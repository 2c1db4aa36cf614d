"""Limits of agreement between two series of single readings (Bland and Altman), exact.

Bland and Altman 1986 (Lancet i:307) and 1999 (doi 10.1177/096228029900800204) give the limits;
Carkeet 2015 (doi 10.1097/OPX.0000000000000513) their exact intervals. For repeated readings of the
same film or patient see `agreement_repeated`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kyphometer.errors import NoVariationError, TooFewDataError
from kyphometer.reliability.agreement_checks import (
    Normality,
    PercentileLimits,
    Slope,
    least_squares_slope,
    normality,
    percentile_limits,
    spread_slope,
)
from kyphometer.reliability.limit_factors import (
    LimitFactors,
    approximate_factors_1986,
    approximate_factors_1999,
    individual_factors,
    pair_factors,
)
from kyphometer.stats.distributions import Floats, normal_quantile, t_quantile, t_two_sided_p
from kyphometer.stats.estimate import Estimate, Result, check_confidence

FACTORS = (individual_factors, pair_factors, approximate_factors_1999, approximate_factors_1986)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitBounds(Result):
    """Confidence bounds of both limits of agreement by one method.

    The lower limit lies between `lower_outer` and `lower_inner`, the upper between `upper_inner`
    and `upper_outer`.
    """

    method: str
    lower_outer: float
    lower_inner: float
    upper_inner: float
    upper_outer: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BlandAltman(Result):
    """Agreement of two series of single readings, with all that belongs to it.

    `lower` and `upper` are mean difference -+ 1.96 SD (n - 1) with the exact individual interval.
    `pair` bounds both limits together and is what Carkeet recommends for most uses. `means` and
    `differences` are the points of the plot.
    """

    label: str
    n: int
    bias: Estimate
    bias_p: float
    sd_of_differences: float
    lower: Estimate
    upper: Estimate
    individual: LimitBounds
    pair: LimitBounds
    approximate_1999: LimitBounds
    approximate_1986: LimitBounds
    proportional_bias: Slope | None
    spread: Slope | None
    normality: Normality | None
    percentiles: PercentileLimits
    means: tuple[float, ...]
    differences: tuple[float, ...]


def bland_altman(
    first: ArrayLike,
    second: ArrayLike,
    *,
    label: str = "first - second",
    confidence: float = 0.95,
    coverage: float = 0.95,
    unit: str = "deg",
) -> BlandAltman:
    """Return limits of agreement of paired single readings.

    Parameters
    ----------
    first, second
        Readings of the same films, shape (n,); pairs with a missing value are left out and do not
        count in n. Differences are first minus second.
    confidence, coverage
        Of every interval; share of differences between the limits (0.95 gives the factor 1.96).

    Raises
    ------
    TooFewDataError, NoVariationError
        Fewer than three pairs; all differences are equal.
    """
    check_confidence(confidence)
    x, y = complete_pairs(first, second)
    differences, means = x - y, (x + y) / 2.0
    n, bias, sd = differences.size, float(differences.mean()), float(differences.std(ddof=1))
    if sd <= 1e-12 * max(1.0, float(np.abs(x).max())):
        raise NoVariationError("agreement_equal")
    individual, pair, of_1999, of_1986 = (
        _bounds(bias, sd, factors(n, confidence, coverage)) for factors in FACTORS
    )
    z = normal_quantile((1.0 + coverage) / 2.0)
    lower, upper = limit_estimates(bias, z * sd, individual, confidence, unit)
    return BlandAltman(
        label=label,
        n=n,
        bias=bias_estimate(bias, sd / math.sqrt(n), n - 1, confidence, unit),
        bias_p=t_two_sided_p(bias / (sd / math.sqrt(n)), n - 1),
        sd_of_differences=sd,
        lower=lower,
        upper=upper,
        individual=individual,
        pair=pair,
        approximate_1999=of_1999,
        approximate_1986=of_1986,
        proportional_bias=least_squares_slope(
            means, differences, "slope of the difference on size", confidence
        ),
        spread=spread_slope(means, differences, confidence),
        normality=normality(differences),
        percentiles=percentile_limits(
            differences, confidence=confidence, coverage=coverage, unit=unit
        ),
        means=tuple(means.tolist()),
        differences=tuple(differences.tolist()),
    )


def complete_pairs(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    """Return the pairs in which both values are present, or refuse fewer than three."""
    x, y = (np.asarray(v, dtype=np.float64).ravel() for v in (first, second))
    if x.size != y.size:
        raise TooFewDataError("agreement_sizes", size=x.size, size2=y.size)
    both = np.isfinite(x) & np.isfinite(y)
    if np.count_nonzero(both) < 3:
        raise TooFewDataError("agreement_pairs", complete=np.count_nonzero(both))
    return x[both], y[both]


def bias_estimate(
    bias: float, standard_error: float, df: float, confidence: float, unit: str
) -> Estimate:
    """Return a mean difference with its Student t interval."""
    half = t_quantile((1.0 + confidence) / 2.0, df) * standard_error
    return Estimate(
        name="bias",
        value=bias,
        low=bias - half,
        high=bias + half,
        confidence=confidence,
        unit=unit,
        method="Student t",
    )


def limit_estimates(
    bias: float, reach: float, bounds: LimitBounds, confidence: float, unit: str
) -> tuple[Estimate, Estimate]:
    """Return the lower and upper limit, bias -+ reach, with the given bounds."""
    lower, upper = (
        Estimate(
            name=name,
            value=value,
            low=low,
            high=high,
            confidence=confidence,
            unit=unit,
            method=bounds.method,
        )
        for name, value, low, high in (
            ("lower limit of agreement", bias - reach, bounds.lower_outer, bounds.lower_inner),
            ("upper limit of agreement", bias + reach, bounds.upper_inner, bounds.upper_outer),
        )
    )
    return lower, upper


def _bounds(bias: float, sd: float, factors: LimitFactors) -> LimitBounds:
    return LimitBounds(
        method=factors.method,
        lower_outer=bias - factors.outer * sd,
        lower_inner=bias - factors.inner * sd,
        upper_inner=bias + factors.inner * sd,
        upper_outer=bias + factors.outer * sd,
    )
