"""Accuracy against truth, where the films are phantoms: bias, trueness and precision (ISO 5725)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kyphometer.errors import TooFewDataError
from kyphometer.reliability.agreement_checks import Slope, least_squares_slope
from kyphometer.reliability.observers import mean_estimate
from kyphometer.reliability.repeatability import sem_from_variance
from kyphometer.reliability.table import ReadingTable
from kyphometer.stats.estimate import Estimate, Result, check_confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy(Result):
    """Errors (reading minus truth) of one observer or of several together.

    `bias` is the mean error (trueness), `precision` the SD of a single error about that bias,
    `total_error` the root mean square error, `mean_absolute_error` and `largest_error` describe the
    errors found. `error_on_size` regresses the error on the truth: a slope is a scale error.
    Films are the independent units of the intervals.
    """

    name: str
    films: int
    readings: int
    bias: Estimate
    precision: Estimate
    total_error: float
    mean_absolute_error: float
    largest_error: float
    largest_error_film: str
    error_on_size: Slope | None


def accuracy(
    errors: ArrayLike,
    films: tuple[str, ...],
    truths: ArrayLike,
    *,
    name: str = "all observers",
    confidence: float = 0.95,
    unit: str = "deg",
) -> Accuracy:
    """Return the accuracy of readings with known truth.

    Parameters
    ----------
    errors
        Reading minus truth, shape (readings,).
    films
        Film of each error; errors on one film are averaged for the interval of the bias.
    truths
        True value of each error, shape (readings,).

    Notes
    -----
    The interval of the precision is that of chi-square with an effective number of degrees of
    freedom (Satterthwaite) where films were read repeatedly, and exact where each was read once.

    Raises
    ------
    TooFewDataError
        Fewer than three films with truth.
    """
    check_confidence(confidence)
    found, true = np.asarray(errors, dtype=np.float64), np.asarray(truths, dtype=np.float64)
    names = tuple(dict.fromkeys(films))
    if len(names) < 3:
        raise TooFewDataError("accuracy_films", count=str(len(names)))
    groups = [found[[film == name for film in films]] for name in names]
    means = np.array([group.mean() for group in groups])
    variance, df = _single_error_variance(groups, means)
    worst = int(np.argmax(np.abs(found)))
    return Accuracy(
        name=name,
        films=len(names),
        readings=found.size,
        bias=mean_estimate("bias against truth", means, confidence, unit),
        precision=sem_from_variance("precision (SD of errors)", variance, df, confidence, unit),
        total_error=math.sqrt(float(np.mean(found**2))),
        mean_absolute_error=float(np.mean(np.abs(found))),
        largest_error=float(found[worst]),
        largest_error_film=films[worst],
        error_on_size=least_squares_slope(true, found, "slope of the error on truth", confidence)
        if len(names) == found.size
        else None,
    )


def table_accuracy(table: ReadingTable, confidence: float = 0.95) -> tuple[Accuracy, ...]:
    """Return the accuracy of all observers together, then of each.

    Raises
    ------
    TooFewDataError
        The table has fewer than three films of known truth.
    """
    known = [r for r in table.values if r.truth is not None and r.value is not None]
    groups = [("all observers", known)]
    groups += [
        (o, [r for r in known if r.observer == o]) for o in sorted({r.observer for r in known})
    ]
    return tuple(
        accuracy(
            [(r.value or 0.0) - (r.truth or 0.0) for r in rows],
            tuple(r.film for r in rows),
            [r.truth or 0.0 for r in rows],
            name=name,
            confidence=confidence,
            unit=table.unit,
        )
        for name, rows in groups
    )


def _single_error_variance(groups: list[np.ndarray], means: np.ndarray) -> tuple[float, float]:
    """Return the variance of one error about the bias and its effective degrees of freedom."""
    counts = np.array([group.size for group in groups], dtype=np.float64)
    of_means, between_df = float(means.var(ddof=1)), means.size - 1.0
    within_df = float(counts.sum()) - counts.size
    if within_df == 0.0:
        return of_means, between_df
    within = sum(float(np.sum((g - g.mean()) ** 2)) for g in groups) / within_df
    share = 1.0 - float(np.mean(1.0 / counts))
    variance = of_means + share * within
    if variance == 0.0:
        return 0.0, between_df
    return variance, variance**2 / (of_means**2 / between_df + (share * within) ** 2 / within_df)
