"""Cluster bootstrap of ICC, SEM and MDC95: films, or patients, are drawn with all their readings.

It assumes no distribution and answers for these observers (they are not drawn again); the intervals
of `components` answer for observers like these and assume normal effects. Every quantity is a
smooth function of averages over films, so that one matrix product serves all replicates, and each
replicate has its own standard error: the intervals are bootstrap-t, which keep their coverage for
few films where percentile intervals do not (benchmarks/reliability.py).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kyphometer.errors import (
    IncompleteDesignError,
    NoVariationError,
    ParameterRangeError,
    TooFewDataError,
)
from kyphometer.reliability.bootstrap_quantities import (
    QUANTITIES,
    LogQuantities,
    film_features,
    log_quantities,
)
from kyphometer.reliability.component_intervals import MDC95_FACTOR
from kyphometer.reliability.components import anova_components
from kyphometer.reliability.crossed import compact, crossed_cube, mean_squares, read_films
from kyphometer.reliability.film_levels import clustered
from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import Estimate, Result, check_confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapInterval(Result):
    """One quantity with its bootstrap-t interval; the percentile interval stands beside."""

    name: str
    estimate: Estimate
    percentile_low: float
    percentile_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterBootstrap(Result):
    """Bootstrap of all quantities, with what is needed to repeat it."""

    films: int
    observers: int
    replicate_readings: int
    replicates: int
    seed: int
    intervals: tuple[BootstrapInterval, ...]

    def quantity(self, name: str) -> BootstrapInterval:
        """Return the interval of one quantity by its name."""
        for interval in self.intervals:
            if interval.name == name:
                return interval
        raise KeyError(name)


def cluster_bootstrap(
    values: ArrayLike,
    *,
    replicates: int = 2000,
    confidence: float = 0.95,
    unit: str = "deg",
    seed: int = 20_000,
    patients: Sequence[Hashable] | None = None,
) -> ClusterBootstrap:
    """Return bootstrap intervals of ICC, SEM and MDC95 of complete crossed readings.

    Parameters
    ----------
    values
        Readings, shape (films, observers, replicates) or (films, observers), none missing.
    replicates
        Number of bootstrap samples.
    seed
        Of the random generator; the same seed gives the same intervals.
    patients
        The patient of each film: patients are drawn, with all their films. None if every film is
        of another.

    Raises
    ------
    IncompleteDesignError
        A reading is missing.
    TooFewDataError
        Fewer than five films, or fewer than five patients of which there are several films.
    """
    check_confidence(confidence)
    if replicates < 100:
        raise ParameterRangeError("bootstrap_count", value=replicates)
    cube = compact(crossed_cube(values))
    missing = int(np.count_nonzero(~np.isfinite(cube)))
    if missing:
        raise IncompleteDesignError("bootstrap_incomplete", missing=missing, size=cube.size)
    films, observers, readings = cube.shape
    if films < 5:
        raise TooFewDataError("bootstrap_films", films=str(films))
    features = film_features(cube)
    rng = np.random.default_rng(seed)
    owner = None if patients is None else _owners(read_films(values, patients))
    weights = _weights(rng, films, owner, replicates)
    observed = log_quantities(np.full((1, films), 1.0 / films), features, cube.shape, owner)
    drawn = log_quantities(weights, features, cube.shape, owner)
    values_of = _observed_values(cube)
    intervals: list[BootstrapInterval] = []
    for index, name in enumerate(QUANTITIES):
        if readings == 1 and "intra" in name:
            continue
        log_scale = _log_interval(index, observed, drawn, confidence, name)
        intervals += _back(name, values_of[index], log_scale, confidence, unit)
    return ClusterBootstrap(
        films=films,
        observers=observers,
        replicate_readings=readings,
        replicates=replicates,
        seed=seed,
        intervals=tuple(intervals),
    )


def _owners(patients: Sequence[Hashable]) -> NDArray[np.int64] | None:
    """Number of the patient of each film; None if films are of different patients or of one."""
    if not clustered(patients):
        return None
    if len(set(patients)) < 5:
        raise TooFewDataError("bootstrap_patients", count=len(set(patients)))
    return np.unique([str(p) for p in patients], return_inverse=True)[1].astype(np.int64)


def _weights(
    rng: np.random.Generator, films: int, owner: NDArray[np.int64] | None, replicates: int
) -> Floats:
    """Weight of each film in each sample, shape (replicates, films); rows add up to 1."""
    if owner is None:
        return np.asarray(rng.multinomial(films, np.full(films, 1.0 / films), replicates) / films)
    count = int(owner.max()) + 1
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), replicates)[:, owner]
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def _observed_values(cube: Floats) -> tuple[float, ...]:
    """Return the quantities as the analysis of variance states them, in the order of QUANTITIES."""
    film, observer, interaction, residual = anova_components(mean_squares(cube))
    within = residual + (interaction or 0.0)
    if within <= 1e-22 * max(1.0, float(np.abs(cube).max())) ** 2:
        raise NoVariationError("bootstrap_exact")
    total = film + observer + within
    sems = (math.sqrt(v) for v in (residual, within, within + observer))
    return (*sems, film / total, 1.0 - residual / total)


def _log_interval(
    index: int, observed: LogQuantities, drawn: LogQuantities, confidence: float, name: str
) -> tuple[float, float, float, float]:
    """Return bootstrap-t and percentile limits on the log scale."""
    tail = (1.0 - confidence) / 2.0
    estimates, errors = drawn.estimate[:, index], drawn.standard_error[:, index]
    usable = np.isfinite(estimates) & np.isfinite(errors) & (errors > 0.0)
    if np.mean(usable) < 0.95:
        raise NoVariationError("bootstrap_no_error", name=name)
    estimates, errors = estimates[usable], errors[usable]
    t = (estimates - observed.population[0, index]) / errors
    high_t, low_t = np.quantile(t, [tail, 1.0 - tail])
    centre, error = observed.estimate[0, index], observed.standard_error[0, index]
    percentile_low, percentile_high = np.quantile(estimates, [tail, 1.0 - tail])
    return (
        float(centre - low_t * error),
        float(centre - high_t * error),
        float(percentile_low),
        float(percentile_high),
    )


def _back(
    name: str,
    value: float,
    limits: tuple[float, float, float, float],
    confidence: float,
    unit: str,
) -> list[BootstrapInterval]:
    if "ICC" in name:
        high, low, percentile_high, percentile_low = (1.0 - math.exp(x) for x in limits)
        return [_one(name, value, low, high, percentile_low, percentile_high, confidence, "")]
    low, high, percentile_low, percentile_high = (math.exp(x / 2.0) for x in limits)
    return [
        _one(
            title,
            factor * value,
            factor * low,
            factor * high,
            factor * percentile_low,
            factor * percentile_high,
            confidence,
            unit,
        )
        for title, factor in ((name, 1.0), (name.replace("SEM", "MDC95"), MDC95_FACTOR))
    ]


def _one(
    name: str,
    value: float,
    low: float,
    high: float,
    percentile_low: float,
    percentile_high: float,
    confidence: float,
    unit: str,
) -> BootstrapInterval:
    return BootstrapInterval(
        name=name,
        estimate=Estimate(
            name=name,
            value=value,
            low=min(low, value),
            high=max(high, value),
            confidence=confidence,
            unit=unit,
            method="cluster bootstrap-t",
        ),
        percentile_low=percentile_low,
        percentile_high=percentile_high,
    )
