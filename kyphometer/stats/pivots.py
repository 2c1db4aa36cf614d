"""Generalised confidence intervals: from mean squares to an interval of any function of them.

Weerahandi (1993, doi 10.1080/01621459.1993.10476355) replaces each expected mean square by the
observed one times df / chi-square(df). The quantiles of a function of these pivots are a
confidence interval for the same function of the expected mean squares. For one mean square it is
the exact chi-square interval; for a normal sample's limit of agreement it is the exact one. The
chi-square deviates come from a low-discrepancy sequence and not from a random generator: the same
data always give the same digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import special

from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import Estimate

DRAWS = 8192


@lru_cache(maxsize=16)
def uniform_points(dimensions: int, size: int = DRAWS) -> Floats:
    """Return an additive recurrence that fills the unit cube evenly, shape (dimensions, size).

    The steps are the powers of the inverse of the root of x**(d+1) = x + 1, which generalises the
    golden ratio to d dimensions.
    """
    root = 2.0
    for _ in range(64):
        root = (1.0 + root) ** (1.0 / (dimensions + 1))
    steps = (1.0 / root) ** np.arange(1, dimensions + 1)
    points = (0.5 + np.outer(steps, np.arange(1, size + 1))) % 1.0
    points.setflags(write=False)
    return np.asarray(points, dtype=np.float64)


@lru_cache(maxsize=64)
def chi2_factors(dfs: tuple[float, ...], normals: int = 0) -> tuple[Floats, ...]:
    """Return df / chi-square(df) deviates for each df, then `normals` standard normal deviates.

    Each array has shape (DRAWS,); the arrays are read-only and shared between calls.
    """
    points = uniform_points(len(dfs) + normals)
    factors = [
        df / (2.0 * special.gammaincinv(df / 2.0, u)) for df, u in zip(dfs, points, strict=False)
    ]
    factors += [special.ndtri(u) for u in points[len(dfs) :]]
    for factor in factors:
        factor.setflags(write=False)
    return tuple(factors)


def mean_square_pivots(mean_squares: Sequence[float], dfs: Sequence[float]) -> tuple[Floats, ...]:
    """Return the pivots of the expected mean squares, one array of shape (DRAWS,) each."""
    factors = chi2_factors(tuple(float(df) for df in dfs))
    return tuple(ms * factor for ms, factor in zip(mean_squares, factors, strict=True))


def pivot_interval(pivot: Floats, confidence: float) -> tuple[float, float]:
    """Return the equal-tailed interval of a pivot."""
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(pivot, [tail, 1.0 - tail])
    return float(low), float(high)


def pivot_estimate(
    name: str, value: float, pivot: Floats, confidence: float, unit: str = ""
) -> Estimate:
    """Return an estimate with the interval of its pivot, which always contains the estimate."""
    low, high = pivot_interval(pivot, confidence)
    return Estimate(
        name=name,
        value=value,
        low=min(low, value),
        high=max(high, value),
        confidence=confidence,
        unit=unit,
        method="generalised confidence interval",
    )
