"""Proportions with exact and Wilson intervals, and rates of units clustered in patients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from kyphometer.errors import UnusableDataError
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions

Interval = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proportion:
    """A count out of a total.

    Attributes
    ----------
    count, total
        Events and those at risk.
    fraction
        count / total, 0 to 1; None if nobody was at risk.
    exact_low, exact_high
        Clopper-Pearson interval.
    wilson_low, wilson_high
        Wilson score interval.
    """

    count: int
    total: int
    fraction: float | None
    exact_low: float | None
    exact_high: float | None
    wilson_low: float | None
    wilson_high: float | None


def proportion(count: int, total: int, options: StatisticsOptions = DEFAULT_OPTIONS) -> Proportion:
    """A proportion with its exact (Clopper and Pearson 1934) and Wilson (1927) intervals.

    Raises
    ------
    UnusableDataError
        If the count is negative or above the total.

    Examples
    --------
    >>> p = proportion(0, 21)
    >>> round(100 * p.exact_high, 1)
    16.1
    """
    if not 0 <= count <= total:
        raise UnusableDataError("events_of_total", count=count, total=total)
    if total == 0:
        return Proportion(count=0, total=0, fraction=None, **dict.fromkeys(_LIMITS))
    low, high = clopper_pearson(count, total, options.confidence)
    wilson_low, wilson_high = wilson(count, total, options.confidence)
    return Proportion(
        count=count,
        total=total,
        fraction=count / total,
        exact_low=low,
        exact_high=high,
        wilson_low=wilson_low,
        wilson_high=wilson_high,
    )


_LIMITS = ("exact_low", "exact_high", "wilson_low", "wilson_high")


def percent(fraction: float | None) -> float | None:
    """A share in percent; None where it is not known."""
    return None if fraction is None else 100.0 * fraction


def clopper_pearson(count: float, total: float, confidence: float = 0.95) -> tuple[float, float]:
    """Exact limits of a proportion; counts need not be whole (effective sample sizes)."""
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if count <= 0 else float(special.betaincinv(count, total - count + 1, tail))
    high = 1.0 if count >= total else float(special.betaincinv(count + 1, total - count, 1 - tail))
    return low, high


def wilson(count: float, total: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson score limits of a proportion."""
    z = float(special.ndtri(0.5 + confidence / 2.0))
    share = count / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    spread = share * (1 - share) / total + z * z / (4 * total**2)
    half = z * math.sqrt(spread) / (1 + z * z / total)
    low = 0.0 if count <= 0 else max(0.0, centre - half)
    return low, 1.0 if count >= total else min(1.0, centre + half)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredRate:
    """A rate per unit (screw, level) where units are clustered in patients.

    Attributes
    ----------
    events, units, patients
        Totals.
    rate
        events / units.
    low, high
        Interval that allows for clustering (see `method`).
    unclustered_low, unclustered_high
        Clopper-Pearson interval as if units were independent, for comparison.
    design_effect
        Variance of the rate between patients over the binomial variance; None where it cannot be
        estimated.
    method
        Which interval `low` and `high` are.
    """

    events: int
    units: int
    patients: int
    rate: float | None
    low: float | None
    high: float | None
    unclustered_low: float | None
    unclustered_high: float | None
    design_effect: float | None
    method: str


def clustered_rate(
    events: Sequence[int], units: Sequence[int], options: StatisticsOptions = DEFAULT_OPTIONS
) -> ClusteredRate:
    """Rate per unit with an interval that knows that units of one patient go together.

    The interval is Korn and Graubard's (Survey Methodology 1998): Clopper-Pearson limits at the
    effective sample size, from the linearised variance of the ratio estimator. It is never
    narrower than the plain exact interval. Where no event or only events occurred, no variance can
    be estimated and the patients, not the units, are taken as the sample: the widest reasonable.

    Parameters
    ----------
    events, units
        Events and units at risk of each patient; patients without units are left out.

    Raises
    ------
    UnusableDataError
        If lists differ in length or a patient has more events than units.
    """
    _check_clusters(events, units)
    at_risk = [(e, u) for e, u in zip(events, units, strict=True) if u > 0]
    total_events, total_units = sum(e for e, _ in at_risk), sum(u for _, u in at_risk)
    patients = len(at_risk)
    plain = proportion(total_events, total_units, options)
    interval: Interval = (plain.exact_low, plain.exact_high)
    effect, method = None, "Clopper-Pearson"
    if patients and total_events in (0, total_units):
        interval = clopper_pearson(patients * (total_events > 0), patients, options.confidence)
        method = "Clopper-Pearson on patients: no variation to estimate clustering from"
    elif patients > 1:
        effect = _design_effect(np.array(at_risk, dtype=float))
        interval = _korn_graubard(plain, patients, effect, options.confidence)
        method = "Korn-Graubard"
    elif patients == 1:
        interval, method = (None, None), "one patient: clustering cannot be estimated"
    return ClusteredRate(
        events=total_events,
        units=total_units,
        patients=patients,
        rate=plain.fraction,
        low=interval[0],
        high=interval[1],
        unclustered_low=plain.exact_low,
        unclustered_high=plain.exact_high,
        design_effect=effect,
        method=method,
    )


def _check_clusters(events: Sequence[int], units: Sequence[int]) -> None:
    if len(events) != len(units):
        raise UnusableDataError("clustered_counts", count=len(events), count2=len(units))
    for place, (e, u) in enumerate(zip(events, units, strict=True), start=1):
        if not 0 <= e <= u:
            raise UnusableDataError("clustered_events", e=e, u=u, place=place)


def _design_effect(clusters: np.ndarray) -> float:
    """Linearised variance of events / units over the binomial variance."""
    events, units = clusters[:, 0], clusters[:, 1]
    k, total = len(clusters), units.sum()
    rate = events.sum() / total
    residuals = events - rate * units
    variance = k / (k - 1) * float((residuals**2).sum()) / total**2
    return float(variance / (rate * (1 - rate) / total))


def _korn_graubard(
    plain: Proportion, patients: int, effect: float, confidence: float
) -> tuple[float, float]:
    upper = 0.5 + confidence / 2.0
    widening = (
        float(special.stdtrit(plain.total - 1, upper)) / float(special.stdtrit(patients - 1, upper))
    ) ** 2
    effective = plain.total if effect <= 0 else plain.total / effect * widening
    effective = min(float(plain.total), effective)
    share = plain.count / plain.total
    return clopper_pearson(share * effective, effective, confidence)
