"""How well one observer repeats: SEM and MDC95 from repeated readings, with exact intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kyphometer.errors import NoVariationError, TooFewDataError
from kyphometer.reliability.component_intervals import mdc95
from kyphometer.stats.distributions import chi2_quantile, f_quantile
from kyphometer.stats.estimate import Estimate, Result, check_confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatability(Result):
    """Repeat readings of one observer: SEM, MDC95 (repeatability coefficient) and one-way ICC.

    `icc` is None where films do not vary or were not read equally often. `mean_difference` is the
    last minus the first replicate, over films that have both: a learning effect shows here.
    """

    films: int
    readings: int
    df: int
    standard_error_of_measurement: Estimate
    mdc95: Estimate
    icc: Estimate | None
    mean_difference: float


def repeatability(
    values: ArrayLike, *, confidence: float = 0.95, unit: str = "deg"
) -> Repeatability:
    """Return the repeatability of one observer.

    Parameters
    ----------
    values
        Readings, shape (films, replicates), NaN where missing. Films read once count for nothing.

    Raises
    ------
    TooFewDataError
        Fewer than two films were read twice.
    NoVariationError
        All repeats agree exactly.
    """
    table = np.asarray(values, dtype=np.float64)
    counts = np.isfinite(table).sum(axis=1)
    table, counts = table[counts >= 2], counts[counts >= 2]
    if table.shape[0] < 2:
        raise TooFewDataError("repeatability_films", shape=table.shape[0])
    means = np.nanmean(table, axis=1)
    scatter = float(np.nansum((table - means[:, None]) ** 2))
    df = int(counts.sum()) - table.shape[0]
    if scatter <= 1e-22 * max(1.0, float(np.nanmax(np.abs(table)))) ** 2:
        raise NoVariationError("sem_repeats_agree")
    within = scatter / df
    sem = sem_from_variance("SEM, intra-observer", within, df, confidence, unit)
    balanced = np.ptp(counts) == 0
    return Repeatability(
        films=table.shape[0],
        readings=int(counts.sum()),
        df=df,
        standard_error_of_measurement=sem,
        mdc95=mdc95(sem),
        icc=_one_way_icc(means, within, int(counts[0]), df, confidence) if balanced else None,
        mean_difference=_last_minus_first(table),
    )


def sem_from_variance(
    name: str, variance: float, df: float, confidence: float = 0.95, unit: str = "deg"
) -> Estimate:
    """Return an SEM with its exact interval SEM sqrt(df / chi-square) from an error mean square."""
    tail = (1.0 - check_confidence(confidence)) / 2.0
    low, high = (math.sqrt(variance * df / chi2_quantile(q, df)) for q in (1.0 - tail, tail))
    return Estimate(
        name=name,
        value=math.sqrt(variance),
        low=low,
        high=high,
        confidence=confidence,
        unit=unit,
        method="exact chi-square",
    )


def _one_way_icc(
    means: np.ndarray, within: float, k: int, df: int, confidence: float
) -> Estimate | None:
    between = k * float(np.var(means, ddof=1))
    if between == 0.0:
        return None
    upper, films_df, f = (1.0 + confidence) / 2.0, means.size - 1, between / within
    low, high = f / f_quantile(upper, films_df, df), f * f_quantile(upper, df, films_df)
    value, low, high = ((x - 1.0) / (x + k - 1.0) for x in (f, low, high))
    return Estimate(
        name="ICC(1)",
        value=value,
        low=low,
        high=high,
        confidence=confidence,
        method="exact F",
    )


def _last_minus_first(table: np.ndarray) -> float:
    present = np.isfinite(table)
    first = present.argmax(axis=1)
    last = table.shape[1] - 1 - present[:, ::-1].argmax(axis=1)
    rows = np.arange(table.shape[0])
    return float(np.mean(table[rows, last] - table[rows, first]))
