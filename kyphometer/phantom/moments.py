"""Columns of numbers with a wanted mean, SD and range: a published table turned into patients.

A draw is standardised, so that the sample's own mean and SD equal the wanted ones. A cohort made so
is no random sample of a population: its table is the published table, its patients are invented.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ATTEMPTS = 20_000
_LEAST_FOR_EXTREMES = 6


def standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values shifted and stretched to mean 0 and SD 1 (n - 1); zeros where they do not vary."""
    centred = values - values.mean()
    spread = centred.std(ddof=1) if len(centred) > 1 else 0.0
    return centred / spread if spread > 0 else np.zeros_like(centred)


def correlated_columns(
    rng: np.random.Generator,
    count: int,
    moments: Sequence[tuple[float, float]],
    correlation: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Normal draws whose columns have exactly the wanted mean and SD, shape (count, columns).

    Parameters
    ----------
    rng
        Generator.
    count
        Rows.
    moments
        Mean and SD (n - 1) of each column.
    correlation
        Correlation in the population; that of the sample scatters around it.
    """
    draws = rng.standard_normal((count, len(moments))) @ np.linalg.cholesky(correlation).T
    means, sds = np.array(moments, dtype=float).T
    columns: NDArray[np.float64] = means + np.apply_along_axis(standardised, 0, draws) * sds
    return columns


def column_with_range(
    rng: np.random.Generator, count: int, mean: float, sd: float, low: float, high: float
) -> NDArray[np.float64]:
    """One column with the wanted mean, SD, minimum and maximum.

    One row holds the minimum, one the maximum, the others are normal draws inside the range that
    give mean and SD exactly. Below six rows, or where no such column was found, draws are
    standardised and cut to the range, so that the moments are near but not exact.
    """
    rest = count - 2
    if rest >= _LEAST_FOR_EXTREMES - 2:
        centre = (count * mean - low - high) / rest
        squares = (count - 1) * sd**2 + count * mean**2 - low**2 - high**2 - rest * centre**2
        if squares > 0:
            spread = math.sqrt(squares / (rest - 1))
            for _ in range(_ATTEMPTS):
                inner = centre + spread * standardised(rng.standard_normal(rest))
                if inner.min() >= low and inner.max() <= high:
                    return rng.permutation(np.concatenate([[low, high], inner]))
    return np.clip(mean + sd * standardised(rng.standard_normal(count)), low, high)


def on_steps(
    values: NDArray[np.float64], mean: float, sd: float, step: float, high: float
) -> NDArray[np.float64]:
    """Values on a scale of steps from 0 to `high`, with mean and SD to a tenth where it can be.

    Rounding moves both. Single values, then pairs, are moved by a step as long as that brings the
    moments nearer; small samples may not reach them.
    """
    steps = np.round(np.clip(values, 0.0, high) / step)
    moves = [
        (first, second, one, other)
        for first in range(len(steps))
        for second in range(first, len(steps))
        for one in (-1.0, 1.0)
        for other in ((0.0,) if first == second else (-1.0, 1.0))
    ]

    def distance(tried: NDArray[np.float64]) -> float:
        spread = float(tried.std(ddof=1)) * step if len(tried) > 1 else sd
        off = max(abs(float(tried.mean()) * step - mean), abs(spread - sd))
        return max(off - 0.04, 0.0)  # that prints as the same tenth

    best = distance(steps)
    while best > 0.0:
        found = None
        for first, second, one, other in moves:
            tried = steps.copy()
            tried[first] += one
            tried[second] += other
            if tried.min() >= 0 and tried.max() * step <= high and distance(tried) < best - 1e-12:
                best, found = distance(tried), tried
        if found is None:
            break
        steps = found
    return np.round(steps * step, 1)


def shares(rng: np.random.Generator, count: int, fraction: float) -> NDArray[np.bool_]:
    """Rows of which the wanted part, to the nearest row, is true; which ones is drawn."""
    return rng.permutation(np.arange(count) < round(fraction * count))
