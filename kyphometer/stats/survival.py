"""Time to an event where some patients leave without it: Kaplan-Meier and the log-rank test.

Curves and tests are scipy's; the intervals are not, because Greenwood's collapse where nobody or
everybody had the event: see `SurvivalCurve.at`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from kyphometer.errors import TooFewValuesError, UnusableDataError
from kyphometer.stats.estimate import Estimate
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.values import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SurvivalCurve:
    """Kaplan and Meier's share of patients who are still free of the event.

    Attributes
    ----------
    patients, events
        How many there are, and how many had the event.
    times
        Days with an event, rising.
    free
        Share free of the event from that day on, one a day of `times`.
    at_risk, happened
        Patients at risk on that day, and events on it.
    followed
        Last day of each patient, rising, with the event or without.
    """

    patients: int
    events: int
    times: tuple[float, ...]
    free: tuple[float, ...]
    at_risk: tuple[int, ...]
    happened: tuple[int, ...]
    followed: tuple[float, ...]

    def risk_set(self, day: float) -> int:
        """Patients followed to this day or longer, without the event before it."""
        return sum(last >= day for last in self.followed)

    def at(self, day: float, options: StatisticsOptions = DEFAULT_OPTIONS) -> Estimate | None:
        """The share that is free after this day; None once nobody is followed any more.

        The interval is the beta product of Fay, Brittain and Proschan (2013, doi
        10.1093/biostatistics/kxt016), by moments: without losses to follow-up it is Clopper and
        Pearson's, and with them it covers at least what it says.
        """
        known = self.risk_set(day)
        if not known:
            return None
        past = [place for place, time in enumerate(self.times) if time <= day]
        left = known - sum(self.happened[p] for p in past if self.times[p] == day)
        value = self.free[past[-1]] if past else 1.0
        steps = [(self.at_risk[p] - self.happened[p] + 1.0, self.happened[p]) for p in past]
        tail = (1.0 - options.confidence) / 2.0
        return Estimate(
            name="free of the event",
            value=value,
            low=_beta_product([*steps, (left, 1.0)], tail) if left else 0.0,
            high=_beta_product(steps, 1.0 - tail) if steps else 1.0,
            confidence=options.confidence,
            method="Kaplan-Meier, beta product (cautious)",
        )


def _beta_product(steps: Sequence[tuple[float, float]], share: float) -> float:
    """Quantile of a product of independent beta variables, as the beta of equal moments."""
    first = second = 1.0
    for a, b in steps:
        total = a + b
        first *= a / total
        second *= a * (a + 1.0) / (total * (total + 1.0))
    spread = second - first**2
    size = first * (1.0 - first) / spread - 1.0
    return float(special.betaincinv(first * size, (1.0 - first) * size, share))


def survival_curve(days: Iterable[float], events: Iterable[bool]) -> SurvivalCurve:
    """Kaplan and Meier's curve.

    Parameters
    ----------
    days
        Last day of each patient: of the event, or the last on which there was none.
    events
        Whether it was the event.

    Raises
    ------
    TooFewValuesError
        Without patients.
    UnusableDataError
        If a day is missing or negative, or there are not as many days as events.
    """
    times, had = _checked(days, events)
    found = stats.ecdf(stats.CensoredData.right_censored(times, ~had)).sf
    counts = [int((had & (times == time)).sum()) for time in found.quantiles]
    kept = [place for place, count in enumerate(counts) if count]
    return SurvivalCurve(
        patients=times.size,
        events=int(had.sum()),
        times=tuple(float(found.quantiles[place]) for place in kept),
        free=tuple(float(found.probabilities[place]) for place in kept),
        at_risk=tuple(int((times >= found.quantiles[place]).sum()) for place in kept),
        happened=tuple(counts[place] for place in kept),
        followed=tuple(np.sort(times).tolist()),
    )


def log_rank(
    first: tuple[Iterable[float], Iterable[bool]], second: tuple[Iterable[float], Iterable[bool]]
) -> float | None:
    """P that two groups have the event at the same times; None if nobody had it.

    Parameters
    ----------
    first, second
        Days and events of each group, as `survival_curve` takes them.
    """
    groups = [_checked(*group) for group in (first, second)]
    if not any(had.any() for _, had in groups):
        return None
    x, y = (stats.CensoredData.right_censored(times, ~had) for times, had in groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = float(stats.logrank(x, y).pvalue)
    return p if math.isfinite(p) else None


def _checked(days: Iterable[float], events: Iterable[bool]) -> tuple[FloatArray, NDArray[np.bool_]]:
    times, had = np.array([*days], dtype=float), np.array([*events], dtype=bool)
    if not times.size:
        raise TooFewValuesError("survival_patients", n=0)
    if times.size != had.size:
        raise UnusableDataError("survival_sizes")
    if not (np.isfinite(times) & (times >= 0)).all():
        raise UnusableDataError("survival_day")
    return times, had
