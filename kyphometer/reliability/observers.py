"""Each observer by himself: bias against the others, repeatability, drift over time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np

from kyphometer.errors import StatisticsError, TooFewDataError
from kyphometer.reliability.agreement_checks import Slope, least_squares_slope
from kyphometer.reliability.control_charts import ControlChart, individuals_chart
from kyphometer.reliability.repeatability import Repeatability, repeatability
from kyphometer.reliability.table import Cube, ReadingTable
from kyphometer.stats.distributions import Floats, t_quantile
from kyphometer.stats.estimate import Estimate, NotComputed, Result

DAYS_A_MONTH = 30.4375
LEAST_SPAN_DAYS = 7.0
"""Readings within fewer days say nothing about a drift a month."""
Computed = TypeVar("Computed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift(Result):
    """Errors of one observer in order of time: slope a month and control charts.

    `reference` says against what: the truth, or the mean of the other observers. `slope_per_month`
    is None where the readings span less than a week.
    """

    reference: str
    times: tuple[str, ...]
    errors: tuple[float, ...]
    slope_per_month: Slope | None
    individuals: ControlChart
    moving_ranges: ControlChart


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverResult(Result):
    """One observer: number of readings, bias against the mean of the others, repeatability."""

    name: str
    readings: int
    not_measurable: int
    bias: Estimate | NotComputed
    repeatability: Repeatability | NotComputed
    drift: Drift | NotComputed


def observer_results(table: ReadingTable, confidence: float = 0.95) -> tuple[ObserverResult, ...]:
    """Return the result of each observer of a table of one code."""
    cube = table.cube()
    return tuple(_one(table, cube, index, confidence) for index in range(len(cube.observers)))


def _one(table: ReadingTable, cube: Cube, index: int, confidence: float) -> ObserverResult:
    name, readings, unit = cube.observers[index], cube.values[:, index], table.unit
    return ObserverResult(
        name=name,
        readings=int(np.count_nonzero(np.isfinite(readings))),
        not_measurable=sum(r.observer == name and r.value is None for r in table.values),
        bias=tried("bias", lambda: observer_bias(cube, index, confidence, unit)),
        repeatability=tried(
            "repeatability", lambda: repeatability(readings, confidence=confidence, unit=unit)
        ),
        drift=tried("drift", lambda: observer_drift(table, name, confidence)),
    )


def observer_bias(
    cube: Cube, observer: int, confidence: float = 0.95, unit: str = "deg"
) -> Estimate:
    """Return an observer's mean difference from the mean of the other observers.

    The interval is Student's over films that he and another observer have read.

    Raises
    ------
    TooFewDataError
        Fewer than two such films.
    """
    own, others = _own_and_others(cube, observer)
    difference = (own - others)[np.isfinite(own) & np.isfinite(others)]
    return mean_estimate("bias against the other observers", difference, confidence, unit)


def mean_estimate(name: str, values: Floats, confidence: float, unit: str) -> Estimate:
    """Return a mean with its Student t interval."""
    n = values.size
    if n < 2:
        raise TooFewDataError("films_two", name=name, n=str(n))
    mean = float(values.mean())
    error = float(values.std(ddof=1)) / math.sqrt(n)
    half = t_quantile((1.0 + confidence) / 2.0, n - 1) * error
    return Estimate(
        name=name,
        value=mean,
        low=mean - half,
        high=mean + half,
        confidence=confidence,
        unit=unit,
        method="Student t",
    )


def observer_drift(table: ReadingTable, observer: str, confidence: float = 0.95) -> Drift:
    """Return the course of an observer's errors over time.

    Errors are against the truth where it is known, otherwise against the mean of the other
    observers of the same film. Readings without a time are left out.

    Raises
    ------
    TooFewDataError
        Fewer than five readings with a time and a reference.
    """
    references = _references(table, observer)
    timed = sorted(
        (
            (_aware(row.created), row.value - references[row.film])
            for row in table.values
            if row.observer == observer
            and row.created is not None
            and row.value is not None
            and row.film in references
        ),
        key=lambda pair: pair[0],
    )
    if len(timed) < 5:
        raise TooFewDataError("drift_readings", count=str(len(timed)))
    errors = np.array([error for _, error in timed])
    months = np.array(
        [(time - timed[0][0]).total_seconds() / 86_400.0 / DAYS_A_MONTH for time, _ in timed]
    )
    individuals, moving_ranges = individuals_chart(errors)
    long_enough = months[-1] * DAYS_A_MONTH >= LEAST_SPAN_DAYS
    return Drift(
        reference="truth" if _has_truth(table) else "mean of the other observers",
        times=tuple(time.isoformat() for time, _ in timed),
        errors=tuple(errors.tolist()),
        slope_per_month=least_squares_slope(months, errors, "drift a month", confidence)
        if long_enough
        else None,
        individuals=individuals,
        moving_ranges=moving_ranges,
    )


def _references(table: ReadingTable, observer: str) -> dict[str, float]:
    if _has_truth(table):
        return {row.film: row.truth for row in table.values if row.truth is not None}
    by_film: dict[str, dict[str, list[float]]] = {}
    for row in table.values:
        if row.observer != observer and row.value is not None:
            by_film.setdefault(row.film, {}).setdefault(row.observer, []).append(row.value)
    return {
        film: float(np.mean([np.mean(values) for values in readings.values()]))
        for film, readings in by_film.items()
    }


def _has_truth(table: ReadingTable) -> bool:
    return any(row.truth is not None for row in table.values)


def _own_and_others(cube: Cube, observer: int) -> tuple[Floats, Floats]:
    present = np.isfinite(cube.values)
    counts = present.sum(axis=2)
    sums = np.where(present, cube.values, 0.0).sum(axis=2)
    cells = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    rest = np.delete(cells, observer, axis=1)
    read = np.isfinite(rest).sum(axis=1)
    total = np.nansum(rest, axis=1)
    others = np.divide(total, read, out=np.full(total.shape, np.nan), where=read > 0)
    return cells[:, observer], others


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def tried(statistic: str, compute: Callable[[], Computed]) -> Computed | NotComputed:
    """Return what `compute` returns, or why the data did not allow it."""
    try:
        return compute()
    except StatisticsError as error:
        return NotComputed(statistic=statistic, reason=str(error))
