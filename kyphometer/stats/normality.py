"""Normality and equal variances: shown beside the tests, never used to choose one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from kyphometer.errors import TooFewValuesError
from kyphometer.stats.descriptive import moments
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.values import as_values, is_constant

SHAPIRO_LIMIT = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Normality:
    """How far a column is from normal.

    Attributes
    ----------
    n
        Values used.
    shapiro_w, shapiro_p
        Shapiro and Wilk's test.
    lilliefors_d, lilliefors_p
        Kolmogorov-Smirnov distance to the fitted normal with Lilliefors's p (the "K-S" of SPSS
        Explore), p capped at 0.2 as in its tables; None below five values.
    skewness, kurtosis
        Skewness and excess kurtosis.
    note
        Why there are no tests, or empty.
    """

    n: int
    shapiro_w: float | None = None
    shapiro_p: float | None = None
    lilliefors_d: float | None = None
    lilliefors_p: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None
    note: str = ""


def describe_normality(
    values: Iterable[float | None], options: StatisticsOptions = DEFAULT_OPTIONS
) -> Normality:
    """Shapiro-Wilk and Lilliefors tests with the moments; missing values are left out."""
    column = as_values(values, "The column")
    present = column[~np.isnan(column)]
    n = len(present)
    if n < 3:
        return Normality(n=n, note="fewer than three values")
    if is_constant(present):
        return Normality(n=n, note="all values are equal")
    shapiro = stats.shapiro(present) if n <= SHAPIRO_LIMIT else None
    distance, lilliefors_p = _lilliefors(present) if n >= 5 else (None, None)
    skewness, kurtosis = moments(present, bias_corrected=options.bias_corrected_moments)
    return Normality(
        n=n,
        shapiro_w=float(shapiro.statistic) if shapiro else None,
        shapiro_p=float(shapiro.pvalue) if shapiro else None,
        lilliefors_d=distance,
        lilliefors_p=lilliefors_p,
        skewness=skewness,
        kurtosis=kurtosis,
        note="" if shapiro else f"Shapiro-Wilk's p is not known beyond {SHAPIRO_LIMIT} values",
    )


def _lilliefors(present: np.ndarray) -> tuple[float, float]:
    from statsmodels.stats.diagnostic import lilliefors

    distance, p = lilliefors(present, dist="norm", pvalmethod="approx")
    return float(distance), min(float(p), 0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualVariances:
    """Levene's test of equal variances.

    Attributes
    ----------
    statistic, df_between, df_within, p
        F with its degrees of freedom and p; statistic and p None where no group varies.
    center
        `median` (Brown-Forsythe) or `mean` (SPSS).
    """

    statistic: float | None
    df_between: int
    df_within: int
    p: float | None
    center: str


def levene(
    groups: Sequence[Iterable[float | None]], options: StatisticsOptions = DEFAULT_OPTIONS
) -> EqualVariances:
    """Levene's test between groups.

    Raises
    ------
    TooFewValuesError
        If there are fewer than two groups, or a group has fewer than two values.
    """
    arrays = [as_values(group, "A group") for group in groups]
    arrays = [array[~np.isnan(array)] for array in arrays]
    if len(arrays) < 2:
        raise TooFewValuesError("levene_groups", n=len(arrays))
    for array in arrays:
        if len(array) < 2:
            raise TooFewValuesError("levene_values", n=len(array))
    total = sum(len(array) for array in arrays)
    statistic = p = None
    if not all(is_constant(array) for array in arrays):
        result = stats.levene(*arrays, center=options.levene_center)
        statistic, p = float(result.statistic), float(result.pvalue)
    return EqualVariances(
        statistic=statistic,
        df_between=len(arrays) - 1,
        df_within=total - len(arrays),
        p=p,
        center=options.levene_center,
    )
