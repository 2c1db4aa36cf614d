"""What must be looked at before limits of agreement are believed.

Does the difference, or its spread, change with the size of the measurement; are the differences
normal; and what do limits say that assume no distribution at all?
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from kyphometer.stats.distributions import Floats, t_quantile, t_two_sided_p
from kyphometer.stats.estimate import Estimate, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope(Result):
    """A straight line fitted by least squares, with the exact interval and test of its slope."""

    intercept: float
    slope: Estimate
    t: float
    df: int
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Normality(Result):
    """Shapiro and Wilk's test, skewness and excess kurtosis (bias-corrected) of differences."""

    w: float
    p: float
    skewness: float
    excess_kurtosis: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileLimits(Result):
    """Limits of agreement without a distribution: percentiles of the differences.

    `lower` and `upper` carry the exact interval between order statistics, which exists for the
    2.5th percentile only from 146 differences on. `bootstrap_lower` and `bootstrap_upper` are
    bootstrap percentile intervals; below that number they are too narrow and only a picture.
    """

    lower: Estimate
    upper: Estimate
    bootstrap_lower: tuple[float, float]
    bootstrap_upper: tuple[float, float]
    replicates: int
    seed: int


def least_squares_slope(x: Floats, y: Floats, name: str, confidence: float = 0.95) -> Slope | None:
    """Return the regression of y on x, or None where x does not vary or there are no df."""
    df, dx = x.size - 2, x - x.mean()
    spread = float(dx @ dx)
    if df < 1 or spread <= 0.0:
        return None
    slope = float(dx @ y) / spread
    intercept = float(y.mean()) - slope * float(x.mean())
    residual = y - intercept - slope * x
    standard_error = math.sqrt(float(residual @ residual) / df / spread)
    t = slope / standard_error if standard_error > 0.0 else math.copysign(math.inf, slope)
    half = t_quantile((1.0 + confidence) / 2.0, df) * standard_error
    return Slope(
        intercept=intercept,
        slope=Estimate(
            name=name,
            value=slope,
            low=slope - half,
            high=slope + half,
            confidence=confidence,
            method="least squares, Student t",
        ),
        t=t,
        df=df,
        p=t_two_sided_p(t, df),
    )


def spread_slope(means: Floats, differences: Floats, confidence: float = 0.95) -> Slope | None:
    """Return the regression of absolute residuals on the mean, which shows a growing spread.

    The fitted value times sqrt(pi/2) estimates the SD at that size (Bland and Altman 1999, 3.2).
    """
    line = least_squares_slope(means, differences, "", confidence)
    if line is None:
        return None
    residuals = np.abs(differences - line.intercept - line.slope.value * means)
    return least_squares_slope(means, residuals, "slope of the spread on size", confidence)


def normality(differences: Floats) -> Normality | None:
    """Return the Shapiro-Wilk test, or None where fewer than 4 or constant differences are given.

    A small p speaks against normal differences; a large one does not show that they are normal.
    """
    n = differences.size
    centred = differences - differences.mean()
    m2 = float(np.mean(centred**2))
    if n < 4 or m2 <= 0.0:
        return None
    from scipy import stats

    w, p = stats.shapiro(differences)
    g1 = float(np.mean(centred**3)) / m2**1.5
    g2 = float(np.mean(centred**4)) / m2**2 - 3.0
    return Normality(
        w=float(w),
        p=float(p),
        skewness=g1 * math.sqrt(n * (n - 1)) / (n - 2),
        excess_kurtosis=(n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6.0),
    )


def percentile_limits(
    differences: Floats,
    *,
    confidence: float = 0.95,
    coverage: float = 0.95,
    unit: str = "deg",
    replicates: int = 2000,
    seed: int = 20_000,
) -> PercentileLimits:
    """Return the percentiles between which `coverage` of the differences lie (median-unbiased).

    Parameters
    ----------
    differences
        Shape (n,).
    replicates, seed
        Of the bootstrap.
    """
    tail = (1.0 - coverage) / 2.0
    probabilities = [tail, 1.0 - tail]
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, differences.size, (replicates, differences.size))
    resampled = np.quantile(differences[picks], probabilities, axis=1, method="median_unbiased")
    ends = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0]
    boot = np.quantile(resampled, ends, axis=1).T
    values = np.quantile(differences, probabilities, method="median_unbiased")
    lower, upper = (
        _order_estimate(name, float(value), differences, p, confidence, unit)
        for name, value, p in zip(
            ("lower percentile limit", "upper percentile limit"), values, probabilities, strict=True
        )
    )
    return PercentileLimits(
        lower=lower,
        upper=upper,
        bootstrap_lower=(float(boot[0, 0]), float(boot[0, 1])),
        bootstrap_upper=(float(boot[1, 0]), float(boot[1, 1])),
        replicates=replicates,
        seed=seed,
    )


def _order_estimate(
    name: str, value: float, differences: Floats, p: float, confidence: float, unit: str
) -> Estimate:
    ordered, n = np.sort(differences), differences.size
    below = special.bdtr(np.arange(n), n, p)  # P(at most k differences lie below the percentile)
    tail = (1.0 - confidence) / 2.0
    low_rank = int(np.searchsorted(below, tail, side="right"))  # 1-based; 0 where none exists
    high_rank = int(np.searchsorted(below, 1.0 - tail)) + 1
    exists = low_rank >= 1 and high_rank <= n
    return Estimate(
        name=name,
        value=value,
        low=float(ordered[low_rank - 1]) if exists else None,
        high=float(ordered[high_rank - 1]) if exists else None,
        confidence=confidence,
        unit=unit,
        method="order statistics" if exists else f"no exact interval from {n} differences",
    )
