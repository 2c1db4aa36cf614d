"""Mean, SD, quartiles, range, counts: with n and missing, always."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.proportions import Proportion, proportion
from kyphometer.stats.values import FloatArray, as_values, is_constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a column of numbers looks like.

    Attributes
    ----------
    n, missing
        Values present and absent.
    mean, sd
        Mean and standard deviation (n - 1); SD is None below two values.
    minimum, first_quartile, median, third_quartile, maximum
        Order statistics; quartiles by the options' method.
    mean_low, mean_high
        Confidence interval of the mean by Student's t; None below two values.
    skewness, kurtosis
        Skewness and excess kurtosis; None where too few values or no variation.
    """

    n: int
    missing: int
    mean: float | None
    sd: float | None
    minimum: float | None
    first_quartile: float | None
    median: float | None
    third_quartile: float | None
    maximum: float | None
    mean_low: float | None
    mean_high: float | None
    skewness: float | None
    kurtosis: float | None


def summarise(
    values: Iterable[float | None],
    options: StatisticsOptions = DEFAULT_OPTIONS,
    what: str = "The column",
) -> Summary:
    """Describe a column of numbers; None and NaN count as missing.

    Examples
    --------
    >>> s = summarise([1.0, 2.0, 3.0, None])
    >>> s.n, s.missing, s.mean, s.sd
    (3, 1, 2.0, 1.0)
    """
    column = as_values(values, what)
    present = column[~np.isnan(column)]
    missing = len(column) - len(present)
    if len(present) == 0:
        return Summary(n=0, missing=missing, **dict.fromkeys(_NUMBERS))
    low, high = _mean_interval(present, options.confidence)
    quartiles = np.percentile(present, [25, 50, 75], method=options.percentile_method)
    skewness, kurtosis = moments(present, bias_corrected=options.bias_corrected_moments)
    return Summary(
        n=len(present),
        missing=missing,
        mean=float(present.mean()),
        sd=float(present.std(ddof=1)) if len(present) > 1 else None,
        minimum=float(present.min()),
        first_quartile=float(quartiles[0]),
        median=float(quartiles[1]),
        third_quartile=float(quartiles[2]),
        maximum=float(present.max()),
        mean_low=low,
        mean_high=high,
        skewness=skewness,
        kurtosis=kurtosis,
    )


_NUMBERS = tuple(f for f in Summary.__dataclass_fields__ if f not in ("n", "missing"))


def _mean_interval(present: FloatArray, confidence: float) -> tuple[float | None, float | None]:
    n = len(present)
    if n < 2:
        return None, None
    half = float(special.stdtrit(n - 1, 0.5 + confidence / 2) * present.std(ddof=1) / np.sqrt(n))
    mean = float(present.mean())
    return mean - half, mean + half


def moments(
    present: FloatArray, *, bias_corrected: bool = True
) -> tuple[float | None, float | None]:
    """Skewness and excess kurtosis (G1 and G2 when bias-corrected, as SPSS prints them)."""
    n = len(present)
    if n < 3 or is_constant(present):
        return None, None
    skewness = float(stats.skew(present, bias=not bias_corrected))
    if bias_corrected and n < 4:
        return skewness, None
    return skewness, float(stats.kurtosis(present, bias=not bias_corrected))


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryCounts:
    """How often each category occurs among the patients where it is known.

    Attributes
    ----------
    categories
        Names, in the order given.
    shares
        Count, total and exact interval of each.
    missing
        Patients where it is not known.
    """

    categories: tuple[str, ...]
    shares: tuple[Proportion, ...]
    missing: int


def count_categories(
    values: Iterable[str | None],
    categories: Sequence[str] | None = None,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> CategoryCounts:
    """Count categories; those listed come first, also when nobody has them."""
    listed = list(values)
    counts = Counter(value for value in listed if value is not None)
    names = list(categories or ())
    names += sorted(set(counts) - set(names))
    total = sum(counts.values())
    return CategoryCounts(
        categories=tuple(names),
        shares=tuple(proportion(counts[name], total, options) for name in names),
        missing=len(listed) - total,
    )
