"""Counts in groups: Pearson's chi-square, or Fisher's exact test for small expected counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from kyphometer.errors import UnusableDataError
from kyphometer.stats.estimate import Estimate
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions

SMALL_EXPECTED = 5.0
_MAXIMUM_STATES = 50_000
_SAMPLED_TABLES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """Test of independence of two categories between different patients.

    Attributes
    ----------
    n
        Patients counted.
    minimum_expected
        Smallest expected count; below 5 the exact test is used.
    chi_square, degrees_of_freedom, p_chi_square
        Pearson's statistic, Yates-corrected only if the options say so.
    p_fisher
        Fisher's (Freeman-Halton's) exact p; by sampling where the tables are too many to enumerate
        (`method` then says so).
    odds_ratio
        Sample odds ratio of a 2 x 2 table; None otherwise or where a zero makes it meaningless.
    conditional_odds_ratio
        Conditional odds ratio of a 2 x 2 table with its exact interval, the companion of Fisher's
        test; 0 or infinite where a cell is empty.
    p, method
        The p to report, and which it is.
    """

    n: int
    minimum_expected: float
    chi_square: float
    degrees_of_freedom: int
    p_chi_square: float
    p_fisher: float
    odds_ratio: float | None
    conditional_odds_ratio: Estimate | None
    p: float
    method: str


def association(counts: ArrayLike, options: StatisticsOptions = DEFAULT_OPTIONS) -> Association:
    """Chi-square or, if an expected count is below 5, Fisher's exact test (science.md#tests).

    For groups of different patients only; grades of the same patients at two visits belong to
    `ordinal.transitions`. Rows and columns without patients are left out.

    Parameters
    ----------
    counts
        Patients by group (rows) and category (columns).

    Raises
    ------
    UnusableDataError
        If a count is negative or not whole, or fewer than two rows or columns hold patients.
    """
    table = _checked(counts)
    total = int(table.sum())
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    shape = table.shape
    degrees = (shape[0] - 1) * (shape[1] - 1)
    chi_square = _chi_square(table, expected, corrected=options.continuity_correction)
    p_chi_square = float(special.chdtrc(degrees, chi_square))
    p_fisher, fisher_method = _fisher(table)
    exact = float(expected.min()) < SMALL_EXPECTED
    return Association(
        n=total,
        minimum_expected=float(expected.min()),
        chi_square=chi_square,
        degrees_of_freedom=degrees,
        p_chi_square=p_chi_square,
        p_fisher=p_fisher,
        odds_ratio=_odds_ratio(table),
        conditional_odds_ratio=exact_odds_ratio(table, options.confidence),
        p=p_fisher if exact else p_chi_square,
        method=fisher_method if exact else "Pearson's chi-square",
    )


def _checked(counts: ArrayLike) -> NDArray[np.int64]:
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or (table < 0).any() or (table != np.rint(table)).any():
        raise UnusableDataError("counts_no_count")
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        raise UnusableDataError("counts_one_group")
    whole: NDArray[np.int64] = table.astype(np.int64)
    return whole


def _chi_square(
    table: NDArray[np.int64], expected: NDArray[np.float64], *, corrected: bool
) -> float:
    distance = np.abs(table - expected)
    if corrected and table.shape == (2, 2):
        distance = np.maximum(0.0, distance - 0.5)
    return float((distance**2 / expected).sum())


def _odds_ratio(table: NDArray[np.int64]) -> float | None:
    if table.shape != (2, 2) or table[0, 1] * table[1, 0] == 0:
        return None
    return float(table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]))


def exact_odds_ratio(table: ArrayLike, confidence: float = 0.95) -> Estimate | None:
    """Conditional odds ratio of a 2 x 2 table with its exact interval.

    Rows are groups, columns with and without the event. None for other shapes, and where a row or
    column is empty.
    """
    counts = np.asarray(table)
    if counts.shape != (2, 2) or not (counts.sum(axis=0).all() and counts.sum(axis=1).all()):
        return None
    found = stats.contingency.odds_ratio(counts)
    interval = found.confidence_interval(confidence)
    return Estimate(
        name="odds ratio",
        value=float(found.statistic),
        low=float(interval.low),
        high=float(interval.high),
        confidence=confidence,
        method="conditional, exact",
    )


def _fisher(table: NDArray[np.int64]) -> tuple[float, str]:
    if table.shape == (2, 2):
        return float(stats.fisher_exact(table).pvalue), "Fisher's exact"
    if table.shape[1] > table.shape[0]:
        table = table.T
    weights = _table_weights(table)
    if weights is None:
        return _fisher_by_sampling(table)
    observed = _log_weight(table)
    reached = 0.0
    everything = 0.0
    for weight, times in weights.items():
        everything += times * np.exp(weight - observed)
        if weight <= observed + 1e-9:
            reached += times * np.exp(weight - observed)
    return min(1.0, float(reached / everything)), "Fisher's exact"


def _fisher_by_sampling(table: NDArray[np.int64]) -> tuple[float, str]:
    """Share of random tables with these margins that are at most as probable, the observed one in.

    Seeded; its standard error is at most 0.0016.
    """
    drawn = stats.random_table(table.sum(axis=1), table.sum(axis=0)).rvs(
        _SAMPLED_TABLES, random_state=np.random.default_rng(1922)
    )
    weights = -special.gammaln(drawn + 1.0).sum(axis=(1, 2))
    reached = int((weights <= _log_weight(table) + 1e-9).sum())
    p = (reached + 1) / (_SAMPLED_TABLES + 1)
    return p, f"Fisher's exact, Monte Carlo ({_SAMPLED_TABLES} tables)"


def _log_weight(table: NDArray[np.int64]) -> float:
    """Log of the table's probability up to the margins' constant."""
    return -float(special.gammaln(table + 1.0).sum())


def _table_weights(table: NDArray[np.int64]) -> dict[float, float] | None:
    """Log weights of all tables with the same margins, with how often each occurs.

    Rows are filled one at a time; partial tables with equal column totals left and equal weight
    are merged. None if that still takes too many partial tables.
    """
    columns = tuple(int(c) for c in table.sum(axis=0))
    states: dict[tuple[tuple[int, ...], float], float] = {(columns, 0.0): 1.0}
    for row_total in table.sum(axis=1):
        grown: dict[tuple[tuple[int, ...], float], float] = {}
        for (left, weight), times in states.items():
            if len(grown) > _MAXIMUM_STATES:
                return None
            for row in _fillings(int(row_total), left):
                remaining = tuple(a - b for a, b in zip(left, row, strict=True))
                added = -sum(map(math.lgamma, (cell + 1 for cell in row)))
                key = (remaining, round(weight + added, 10))
                grown[key] = grown.get(key, 0.0) + times
        states = grown
    return {weight: times for (left, weight), times in states.items() if not any(left)}


def _fillings(total: int, limits: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Ways to split a row total over columns with limits."""
    if len(limits) == 1:
        return [(total,)] if total <= limits[0] else []
    return [
        (first, *rest)
        for first in range(min(total, limits[0]) + 1)
        for rest in _fillings(total - first, limits[1:])
    ]
