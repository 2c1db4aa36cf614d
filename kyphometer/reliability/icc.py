"""Intraclass correlations of a complete films x observers table, in both naming conventions.

McGraw and Wong 1996 (doi 10.1037/1082-989X.1.1.30) name them ICC(1), ICC(A,1), ICC(C,1) and the
average forms ICC(k), ICC(A,k), ICC(C,k); Shrout and Fleiss 1979 ICC(1,1), ICC(2,1), ICC(3,1) and
ICC(1,k), ICC(2,k), ICC(3,k). Whether observers are thought random or fixed changes what the number
means, not its value.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from kyphometer.errors import IncompleteDesignError, NoVariationError, TooFewDataError
from kyphometer.reliability.film_levels import FilmLevels, film_levels
from kyphometer.stats.distributions import Floats, f_quantile, f_upper_tail
from kyphometer.stats.estimate import Estimate, Result, check_confidence
from kyphometer.stats.pivots import mean_square_pivots, pivot_interval

Number = TypeVar("Number", float, Floats)

SHROUT_FLEISS = {
    "ICC(1)": "ICC(1,1)",
    "ICC(A,1)": "ICC(2,1)",
    "ICC(C,1)": "ICC(3,1)",
    "ICC(k)": "ICC(1,k)",
    "ICC(A,k)": "ICC(2,k)",
    "ICC(C,k)": "ICC(3,k)",
}
DEFINITIONS = {
    "1": "one-way random effects, absolute agreement",
    "A": "two-way effects, absolute agreement",
    "C": "two-way effects, consistency (observer biases removed)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FTest(Result):
    """An F test: its statistic, degrees of freedom and p value."""

    hypothesis: str
    f: float
    df_numerator: float
    df_denominator: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoWayTable(Result):
    """Mean squares of a films x observers table with one reading in each cell.

    `rows` is the mean square between films, `columns` between observers, `error` the residual and
    `within` that within films (observers and residual together).
    """

    films: int
    observers: int
    rows: float
    columns: float
    error: float
    within: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IntraclassCorrelation(Result):
    """One form of the ICC with its interval and the test that it is zero.

    `published` is the interval of McGraw and Wong that other programs print for agreement. It is
    too narrow where observers vary as the residual or more; None for the other forms, and where
    several films are of one patient.
    """

    name: str
    shrout_fleiss: str
    definition: str
    readings_averaged: int
    estimate: Estimate
    test_of_zero: FTest
    published: Estimate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntraclassCorrelations(Result):
    """The six forms, the mean squares behind them and the test of equal observers."""

    table: TwoWayTable
    single: tuple[IntraclassCorrelation, ...]
    average: tuple[IntraclassCorrelation, ...]
    observers_differ: FTest

    def form(self, name: str) -> IntraclassCorrelation:
        """Return one form by its McGraw-Wong or Shrout-Fleiss name."""
        for icc in (*self.single, *self.average):
            if name in (icc.name, icc.shrout_fleiss):
                return icc
        raise KeyError(name)


def two_way_table(values: ArrayLike) -> TwoWayTable:
    """Return the mean squares of a films x observers table.

    Parameters
    ----------
    values
        Readings, shape (films, observers), NaN where missing.

    Raises
    ------
    IncompleteDesignError
        A reading is missing.
    TooFewDataError
        Fewer than two films or two observers.
    """
    table = complete_table(values, "A two-way ICC")
    n, k = table.shape
    centred = table - table.mean()
    film_means, observer_means = centred.mean(axis=1), centred.mean(axis=0)
    rows = k * float(film_means @ film_means) / (n - 1)
    columns = n * float(observer_means @ observer_means) / (k - 1)
    within = float(np.sum((centred - film_means[:, None]) ** 2)) / (n * (k - 1))
    residual = centred - film_means[:, None] - observer_means
    error = float(np.sum(residual**2)) / ((n - 1) * (k - 1))
    return TwoWayTable(films=n, observers=k, rows=rows, columns=columns, error=error, within=within)


def intraclass_correlations(
    values: ArrayLike,
    confidence: float = 0.95,
    patients: Sequence[Hashable] | None = None,
) -> IntraclassCorrelations:
    """Return all six ICCs of a complete films x observers table.

    Intervals are exact for ICC(1) and ICC(C,1) and their average forms, and generalised for
    ICC(A,1) and ICC(A,k), with McGraw and Wong's (Satterthwaite) beside them as `published`: these
    cover 69 to 93 % where observers vary as much as the residual or more, the generalised ones
    their 95 % (docs/reliability.md). Where several films are of one patient all are generalised
    intervals that count patients.

    Parameters
    ----------
    values
        Readings, shape (films, observers); all values present.
    confidence
        Confidence of the intervals.
    patients
        The patient of each film; None if every film is of another.

    Raises
    ------
    IncompleteDesignError, TooFewDataError, NoVariationError
        The table has gaps, is too small, or observers or films do not differ at all.
    """
    check_confidence(confidence)
    table = two_way_table(values)
    _check_variation(table)
    levels = film_levels(np.asarray(values, dtype=np.float64), patients, table.observers)
    single = tuple(_form(kind, table, levels, confidence, average=False) for kind in "1AC")
    average = tuple(_form(kind, table, levels, confidence, average=True) for kind in "1AC")
    n, k = table.films, table.observers
    return IntraclassCorrelations(
        table=table,
        single=single,
        average=average,
        observers_differ=f_test(
            "observers have equal means", table.columns / table.error, k - 1, (n - 1) * (k - 1)
        ),
    )


def icc_value(kind: str, table: TwoWayTable) -> float:
    """Return ICC(1), ICC(A,1) or ICC(C,1) for kind "1", "A" or "C" (science.md#icc)."""
    return _icc(kind, table, table.rows, table.columns, table.error)


def _icc(kind: str, table: TwoWayTable, rows: Number, columns: Number, error: Number) -> Number:
    """ICC of one reading from mean squares or their pivots."""
    n, k = table.films, table.observers
    if kind == "1":
        error = (columns + (n - 1) * error) / n
    bias = (columns - error) * (k / n if kind == "A" else 0.0)
    return (rows - error) / (rows + (k - 1) * error + bias)


def f_test(hypothesis: str, f: float, df_numerator: float, df_denominator: float) -> FTest:
    """Return the upper-tail F test."""
    return FTest(
        hypothesis=hypothesis,
        f=f,
        df_numerator=df_numerator,
        df_denominator=df_denominator,
        p=f_upper_tail(f, df_numerator, df_denominator),
    )


def spearman_brown(icc: float, readings: int) -> float:
    """Return the ICC of the mean of so many readings from that of a single one, at least -1.

    Where films vary less than readings do, the formula runs to minus infinity and beyond its pole
    to values above 1; neither is a correlation.
    """
    spread = 1.0 + (readings - 1) * icc
    return -1.0 if spread <= 0.0 else max(-1.0, readings * icc / spread)


def complete_table(values: ArrayLike, statistic: str) -> Floats:
    """Return the table as floats, or refuse one with gaps or fewer than 2 x 2 readings."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2:
        raise TooFewDataError("icc_least", statistic=statistic, shape=table.shape)
    missing = int(np.count_nonzero(~np.isfinite(table)))
    if missing:
        raise IncompleteDesignError(
            "icc_incomplete", statistic=statistic, missing=missing, size=table.size
        )
    return table


def _form(
    kind: str, table: TwoWayTable, levels: FilmLevels | None, confidence: float, *, average: bool
) -> IntraclassCorrelation:
    k = table.observers
    value = icc_value(kind, table)
    name = _name(kind, average=average)

    def estimate(limits: tuple[float, float], method: str) -> Estimate:
        ends = (min(limits[0], value), value, max(limits[1], value))
        low, middle, high = (max(-1.0, min(x, 1.0)) for x in ends)
        if average:
            low, middle, high = (spearman_brown(x, k) for x in (low, middle, high))
        return Estimate(
            name=name, value=middle, low=low, high=high, confidence=confidence, method=method
        )

    published = None
    if levels is not None:
        limits = _clustered_interval(kind, table, levels, confidence)
        found = estimate(limits, "generalised, films within patients")
    elif kind == "A":
        found = estimate(agreement_interval(table, confidence), "generalised")
        limits = published_interval(value, table, confidence)
        published = estimate(limits, "McGraw-Wong (Satterthwaite)")
    else:
        found = estimate(_exact_interval(kind, table, confidence), "exact F")
    return IntraclassCorrelation(
        name=name,
        shrout_fleiss=SHROUT_FLEISS[name],
        definition=DEFINITIONS[kind] + (f", mean of {k} readings" if average else ", one reading"),
        readings_averaged=k if average else 1,
        estimate=found,
        test_of_zero=_test_of_zero(kind, table),
        published=published,
    )


def _name(kind: str, *, average: bool) -> str:
    suffix = "k" if average else "1"
    return f"ICC({suffix})" if kind == "1" else f"ICC({kind},{suffix})"


def _denominator(kind: str, table: TwoWayTable) -> tuple[float, int]:
    n, k = table.films, table.observers
    if kind == "1":
        return table.within, n * (k - 1)
    return table.error, (n - 1) * (k - 1)


def _test_of_zero(kind: str, table: TwoWayTable) -> FTest:
    error, df = _denominator(kind, table)
    return f_test("ICC is 0", table.rows / error, table.films - 1, df)


def _exact_interval(kind: str, table: TwoWayTable, confidence: float) -> tuple[float, float]:
    upper, k = (1.0 + confidence) / 2.0, table.observers
    error, df = _denominator(kind, table)
    observed = table.rows / error
    low = observed / f_quantile(upper, table.films - 1, df)
    high = observed * f_quantile(upper, df, table.films - 1)
    return (low - 1.0) / (low + k - 1.0), (high - 1.0) / (high + k - 1.0)


def agreement_interval(table: TwoWayTable, confidence: float) -> tuple[float, float]:
    """Return the generalised interval of ICC(A,1), by the pivots of the three mean squares."""
    n, k = table.films, table.observers
    rows, columns, error = mean_square_pivots(
        (table.rows, table.columns, table.error), (n - 1, k - 1, (n - 1) * (k - 1))
    )
    return pivot_interval(_icc("A", table, rows, columns, error), confidence)


def _clustered_interval(
    kind: str, table: TwoWayTable, levels: FilmLevels, confidence: float
) -> tuple[float, float]:
    n, k = table.films, table.observers
    patient, columns, error, film = mean_square_pivots(
        (levels.patient, table.columns, table.error, levels.film),
        (levels.patient_df, k - 1, (n - 1) * (k - 1), levels.film_df),
    )
    rows = np.maximum(levels.over_all(patient, film), error)
    return pivot_interval(_icc(kind, table, rows, columns, error), confidence)


def published_interval(value: float, table: TwoWayTable, confidence: float) -> tuple[float, float]:
    """Return McGraw and Wong's interval of ICC(A,1) (science.md#icc)."""
    n, k, upper = table.films, table.observers, (1.0 + confidence) / 2.0
    df = satterthwaite_df(value, table)
    low_f, high_f = f_quantile(upper, n - 1, df), f_quantile(upper, df, n - 1)
    noise = k * table.columns + (k * n - k - n) * table.error
    low = n * (table.rows - low_f * table.error) / (low_f * noise + n * table.rows)
    high = n * (high_f * table.rows - table.error) / (noise + n * high_f * table.rows)
    return low, high


def satterthwaite_df(icc: float, table: TwoWayTable) -> float:
    """Return the degrees of freedom v of the interval of ICC(A,1) (science.md#icc).

    A negative estimate counts as 0, since an ICC cannot be negative in the population.
    """
    n, k = table.films, table.observers
    icc = max(icc, 0.0)
    a = k * icc / (n * (1.0 - icc))
    b = 1.0 + k * icc * (n - 1) / (n * (1.0 - icc))
    bias, residual = a * table.columns, b * table.error
    return (bias + residual) ** 2 / (bias**2 / (k - 1) + residual**2 / ((n - 1) * (k - 1)))


def _check_variation(table: TwoWayTable) -> None:
    scale = max(table.rows, table.columns)
    if table.error <= 1e-24 * max(scale, 1e-300):
        raise NoVariationError("icc_observers_agree")
    if table.rows <= 1e-24 * table.within:
        raise NoVariationError("icc_films_equal")
