"""Paired t: mean difference first, with its interval; also from published summaries alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import special

from kyphometer.errors import TooFewValuesError, UnusableDataError
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.values import FloatArray, as_table, is_constant


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedT:
    """Paired t test of first minus second.

    Attributes
    ----------
    n, missing
        Pairs used, and patients left out because one of the two is missing.
    mean_first, sd_first, mean_second, sd_second
        Of the pairs used.
    correlation
        Pearson's r of the two; None where one does not vary.
    mean_difference
        First minus second: positive if values fell.
    sd_difference, standard_error
        Standard deviation of the differences and standard error of their mean.
    low, high
        Confidence interval of the mean difference.
    t, degrees_of_freedom, p
        Student's t, two-sided; t and p None where differences do not vary (see `note`).
    cohen_dz
        Mean difference over SD of differences.
    note
        Why something is None, or empty.
    """

    n: int
    missing: int
    mean_first: float
    sd_first: float
    mean_second: float
    sd_second: float
    correlation: float | None
    mean_difference: float
    sd_difference: float
    standard_error: float
    low: float
    high: float
    t: float | None
    degrees_of_freedom: int
    p: float | None
    cohen_dz: float | None
    note: str = ""


def paired_t(
    first: Iterable[float | None],
    second: Iterable[float | None],
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> PairedT:
    """Paired t test on complete pairs, first minus second.

    Where every difference is the same there is no t: libraries answer infinity and p = 0, which
    would be a statement without ground. The difference and a zero SD are given, t and p are None.

    Raises
    ------
    TooFewValuesError
        If fewer than two patients have both values.

    Examples
    --------
    >>> r = paired_t([3.0, 4.0, 5.0], [1.0, 2.0, 4.0])
    >>> round(r.mean_difference, 3), r.degrees_of_freedom
    (1.667, 2)
    """
    table = as_table([first, second], "The paired comparison")
    pairs = table[~np.isnan(table).any(axis=1)]
    if len(pairs) < 2:
        raise TooFewValuesError("paired_pairs", n=len(pairs))
    difference = pairs[:, 0] - pairs[:, 1]
    constant = is_constant(difference, scale=float(np.abs(pairs).max()))
    means, deviations = pairs.mean(axis=0), pairs.std(axis=0, ddof=1)
    return _paired_t(
        n=len(pairs),
        missing=len(table) - len(pairs),
        means=(float(means[0]), float(means[1])),
        sds=(float(deviations[0]), float(deviations[1])),
        correlation=_correlation(pairs),
        sd_difference=0.0 if constant else float(difference.std(ddof=1)),
        options=options,
    )


def paired_t_from_summaries(
    n: int,
    first: tuple[float, float],
    second: tuple[float, float],
    correlation: float,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> PairedT:
    """Paired t from n, means and SDs, for an assumed correlation of the two (science.md#tests).

    Parameters
    ----------
    n
        Patients.
    first, second
        Mean and SD (n - 1) of each.
    correlation
        Correlation of the two within patients, -1 to 1.

    Raises
    ------
    UnusableDataError
        If an SD is negative or the correlation is beyond -1 to 1.
    TooFewValuesError
        If n is below 2.

    Examples
    --------
    >>> r = paired_t_from_summaries(21, (18.3, 2.8), (12.8, 1.8), correlation=-1.0)
    >>> round(r.t, 2)
    5.48
    """
    if n < 2:
        raise TooFewValuesError("paired_patients", n=n)
    if min(first[1], second[1]) < 0 or not -1.0 <= correlation <= 1.0:
        raise UnusableDataError(
            "paired_summaries", first=first[1], second=second[1], correlation=correlation
        )
    variance = first[1] ** 2 + second[1] ** 2 - 2 * correlation * first[1] * second[1]
    scale = max(first[1], second[1], 1e-300) ** 2
    return _paired_t(
        n=n,
        missing=0,
        means=(first[0], second[0]),
        sds=(first[1], second[1]),
        correlation=correlation,
        sd_difference=0.0 if variance <= 1e-15 * scale else math.sqrt(variance),
        options=options,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedBounds:
    """What a paired t must have been, whatever the correlation, from printed summaries.

    Attributes
    ----------
    worst
        The test at correlation -1: the smallest t and largest p possible.
    at_half
        The test at correlation 0.5, usual for repeated measures of one patient.
    p_upper_bound
        p of `worst`; the true p is at most this.
    """

    worst: PairedT
    at_half: PairedT
    p_upper_bound: float | None


def paired_t_bounds(
    n: int,
    first: tuple[float, float],
    second: tuple[float, float],
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> PairedBounds:
    """Bounds of the paired t over all correlations, from n, means and SDs alone.

    The SD of differences is largest, and t smallest, at correlation -1.
    """
    worst = paired_t_from_summaries(n, first, second, -1.0, options)
    at_half = paired_t_from_summaries(n, first, second, 0.5, options)
    return PairedBounds(worst=worst, at_half=at_half, p_upper_bound=worst.p)


def _correlation(pairs: FloatArray) -> float | None:
    if is_constant(pairs[:, 0]) or is_constant(pairs[:, 1]):
        return None
    return float(np.clip(np.asarray(np.corrcoef(pairs.T))[0, 1], -1.0, 1.0))


def _paired_t(
    *,
    n: int,
    missing: int,
    means: tuple[float, float],
    sds: tuple[float, float],
    correlation: float | None,
    sd_difference: float,
    options: StatisticsOptions,
) -> PairedT:
    mean, df = means[0] - means[1], n - 1
    error = sd_difference / math.sqrt(n)
    half = float(special.stdtrit(df, 0.5 + options.confidence / 2)) * error
    varies = sd_difference > 0
    t = mean / error if varies else None
    return PairedT(
        n=n,
        missing=missing,
        mean_first=means[0],
        sd_first=sds[0],
        mean_second=means[1],
        sd_second=sds[1],
        correlation=correlation,
        mean_difference=mean,
        sd_difference=sd_difference,
        standard_error=error,
        low=mean - half,
        high=mean + half,
        t=t,
        degrees_of_freedom=df,
        p=None if t is None else min(1.0, 2.0 * float(special.stdtr(df, -abs(t)))),
        cohen_dz=mean / sd_difference if varies else None,
        note="" if varies else "every difference is the same: t and p do not exist",
    )
