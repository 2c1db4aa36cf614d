"""Agreement of categories: level choice, Genant grades, yes or no (kappa and its relatives).

Every coefficient is 1 - D/E, observed over chance-expected disagreement. Where few films disagree
the interval is the exact binomial one of D (Clopper and Pearson, films as units), divided by E: a
film's disagreement lies within 0 and 1, so that it varies at most as a yes or no does. With more
disagreement it is made on the scale of log(D/E) with a jackknife standard error and Student's t.
No interval leaves -1 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import special

from kyphometer.errors import NoVariationError, ParameterRangeError, TooFewDataError
from kyphometer.stats.distributions import Floats, t_quantile
from kyphometer.stats.estimate import Estimate, Result, check_confidence

FEW_DISAGREEMENTS = 5.0
"""With fewer films in disagreement than this, the jackknife does not hold."""


class KappaWeights(StrEnum):
    """How disagreements between ordered categories count."""

    NONE = "none"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kappa(Result):
    """Agreement of two observers on categories.

    `table` counts films by category of the first (rows) and second observer (columns).
    `positive_bias` is the share of the first minus the second observer in each category.
    `standard_error` is that of Fleiss, Cohen and Everitt (1969) for large samples; the
    interval does not rest on it.
    """

    categories: tuple[str, ...]
    weights: KappaWeights
    films: int
    observed_agreement: float
    expected_agreement: float
    kappa: Estimate
    standard_error: float
    table: tuple[tuple[int, ...], ...]
    positive_bias: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiObserverAgreement(Result):
    """Agreement of several observers: Fleiss' kappa and Gwet's AC1.

    AC1 keeps its size where nearly all films fall into one category and kappa collapses.
    """

    categories: tuple[str, ...]
    films: int
    ratings: int
    observed_agreement: float
    fleiss_kappa: Estimate
    gwet_ac1: Estimate


def cohen_kappa(
    first: Sequence[str],
    second: Sequence[str],
    *,
    categories: Sequence[str] | None = None,
    weights: KappaWeights = KappaWeights.NONE,
    confidence: float = 0.95,
) -> Kappa:
    """Return Cohen's kappa of two observers, weighted if asked.

    Parameters
    ----------
    first, second
        Category of each film, shape (films,).
    categories
        All categories in their order; needed for weights, otherwise sorted from what is found.

    Raises
    ------
    NoVariationError
        Both observers put every film in the same single category: kappa is undefined.
    TooFewDataError
        Fewer than three films, or different numbers.
    """
    check_confidence(confidence)
    if len(first) != len(second) or len(first) < 3:
        raise TooFewDataError("kappa_films", count=len(first), count2=len(second))
    names = _categories(categories, (*first, *second), weights)
    index = {name: i for i, name in enumerate(names)}
    a, b = (np.array([index[c] for c in codes]) for codes in (first, second))
    k, n = len(names), a.size
    disagreement = _disagreement(k, weights)
    table = np.zeros((k, k))
    np.add.at(table, (a, b), 1.0)

    def ratio(counts: Floats) -> tuple[float, float]:
        total = counts.sum()
        expected = counts.sum(axis=1) @ disagreement @ counts.sum(axis=0) / total**2
        return float(np.sum(counts * disagreement) / total), float(expected)

    observed, expected = ratio(table)
    if expected <= 0.0:
        raise NoVariationError("kappa_one_category")
    left_out = [ratio(table - _one(k, i, j)) for i, j in zip(a, b, strict=True)]
    return Kappa(
        categories=names,
        weights=weights,
        films=n,
        observed_agreement=1.0 - observed,
        expected_agreement=1.0 - expected,
        kappa=_estimate("kappa", observed, expected, left_out, confidence),
        standard_error=_standard_error(table, disagreement, 1.0 - observed / expected),
        table=tuple(tuple(int(c) for c in row) for row in table),
        positive_bias=tuple(((table.sum(axis=1) - table.sum(axis=0)) / n).tolist()),
    )


def multi_observer_agreement(
    codes: Sequence[Sequence[str | None]],
    *,
    categories: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> MultiObserverAgreement:
    """Return Fleiss' kappa and Gwet's AC1 of films x observers categories.

    Parameters
    ----------
    codes
        One sequence of categories a film, None where missing. Films with fewer than two categories
        are left out.

    Raises
    ------
    TooFewDataError
        Fewer than three films with two categories.
    NoVariationError
        All are in one category.
    """
    check_confidence(confidence)
    usable = [[c for c in film if c is not None] for film in codes]
    usable = [film for film in usable if len(film) >= 2]
    if len(usable) < 3:
        raise TooFewDataError("categories_films", count=str(len(usable)))
    names = _categories(categories, tuple(c for film in usable for c in film), KappaWeights.NONE)
    counts = np.array([[film.count(name) for name in names] for film in usable], dtype=np.float64)
    if len(names) < 2 or np.count_nonzero(counts.sum(axis=0)) < 2:
        raise NoVariationError("chance_one_category")

    def jackknife(ratio: Callable[[Floats], tuple[float, float]], name: str) -> Estimate:
        left_out = [ratio(np.delete(counts, i, axis=0)) for i in range(counts.shape[0])]
        return _estimate(name, *ratio(counts), left_out, confidence)

    return MultiObserverAgreement(
        categories=names,
        films=counts.shape[0],
        ratings=int(counts.sum()),
        observed_agreement=1.0 - _fleiss(counts)[0],
        fleiss_kappa=jackknife(_fleiss, "Fleiss' kappa"),
        gwet_ac1=jackknife(_gwet, "Gwet's AC1"),
    )


def _observed_disagreement(counts: Floats) -> float:
    ratings = counts.sum(axis=1)
    pairs = np.sum(counts * (counts - 1.0), axis=1) / (ratings * (ratings - 1.0))
    return float(1.0 - pairs.mean())


def _fleiss(counts: Floats) -> tuple[float, float]:
    share = np.mean(counts / counts.sum(axis=1, keepdims=True), axis=0)
    return _observed_disagreement(counts), float(1.0 - share @ share)


def _gwet(counts: Floats) -> tuple[float, float]:
    share = np.mean(counts / counts.sum(axis=1, keepdims=True), axis=0)
    chance = float(np.sum(share * (1.0 - share))) / (share.size - 1)
    return _observed_disagreement(counts), 1.0 - chance


def _estimate(
    name: str,
    observed: float,
    expected: float,
    left_out: list[tuple[float, float]],
    confidence: float,
) -> Estimate:
    n = len(left_out)
    value = 1.0 - observed / expected
    if n * observed < FEW_DISAGREEMENTS:
        most, least = _exact_share(n * observed, n, confidence)
        low, high = 1.0 - most / expected, 1.0 - least / expected
        method = "exact binomial of disagreement over chance (cautious)"
    else:
        ratios = np.array([o / e if e > 0.0 else 1.0 for o, e in left_out])
        logs = np.log(np.maximum(ratios, observed / expected / (4.0 * n)))
        error = math.sqrt((n - 1.0) / n * float(np.sum((logs - logs.mean()) ** 2)))
        half = t_quantile((1.0 + confidence) / 2.0, n - 1) * error
        low, high = (1.0 - (1.0 - value) * math.exp(s * half) for s in (1.0, -1.0))
        method = "jackknife on log(1 - kappa), Student t"
    return Estimate(
        name=name,
        value=value,
        low=min(value, max(-1.0, low)),
        high=max(value, min(1.0, high)),
        confidence=confidence,
        method=method,
    )


def _exact_share(count: float, n: int, confidence: float) -> tuple[float, float]:
    """Clopper and Pearson's upper and lower limit of a share; the count need not be whole."""
    tail = (1.0 - confidence) / 2.0
    most = 1.0 if count >= n else float(special.betaincinv(count + 1.0, n - count, 1.0 - tail))
    least = 0.0 if count <= 0.0 else float(special.betaincinv(count, n - count + 1.0, tail))
    return most, least


def _standard_error(table: Floats, disagreement: Floats, value: float) -> float:
    """Large-sample standard error of (weighted) kappa (Fleiss, Cohen and Everitt 1969)."""
    p = table / table.sum()
    weights = 1.0 - disagreement
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    chance = float(rows @ weights @ columns)
    row_weights, column_weights = weights @ columns, rows @ weights
    bracket = weights - np.add.outer(row_weights, column_weights) * (1.0 - value)
    variance = float(np.sum(p * bracket**2)) - (value - chance * (1.0 - value)) ** 2
    return math.sqrt(max(variance, 0.0) / table.sum()) / (1.0 - chance)


def _categories(
    given: Sequence[str] | None, found: tuple[str, ...], weights: KappaWeights
) -> tuple[str, ...]:
    if given is None:
        if weights is not KappaWeights.NONE:
            raise ParameterRangeError("order_missing")
        return tuple(sorted(set(found)))
    unknown = sorted(set(found) - set(given))
    if unknown:
        raise ParameterRangeError("no_such_category", value=unknown[0], names=", ".join(given))
    return tuple(given)


def _disagreement(k: int, weights: KappaWeights) -> Floats:
    steps = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(np.float64)
    if weights is KappaWeights.LINEAR:
        return steps / max(1, k - 1)
    if weights is KappaWeights.QUADRATIC:
        return (steps / max(1, k - 1)) ** 2
    return np.asarray(steps > 0.0, dtype=np.float64)


def _one(k: int, row: int, column: int) -> Floats:
    table = np.zeros((k, k))
    table[row, column] = 1.0
    return table
