"""Gauge repeatability and reproducibility, from the same variance components as the ICC.

AIAG's limits (10 % good, 30 % bad, 5 categories) come from machining: 30 % GRR is an ICC of 0.91,
so that few readers of films can pass. Report it; do not gate on it. The ratio of precision to a
clinical tolerance (P/T) says more. science.md#gauge.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from kyphometer.errors import ParameterRangeError
from kyphometer.reliability.components import VarianceComponents
from kyphometer.stats.estimate import Estimate, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeStudy(Result):
    """Gauge R&R as standard deviations, share of the total and number of distinct categories.

    `repeatability`, `reproducibility`, `gauge` and `film` are SDs in the unit of the readings;
    repeatability includes film x observer where replicates are missing. `distinct_categories` is
    the whole number below 1.41 film SD / gauge SD. `precision_to_tolerance` is 6 gauge SD over the
    tolerance, None where no tolerance was given.
    """

    repeatability: float
    reproducibility: float
    gauge: Estimate
    film: float
    total: float
    percent_gauge: Estimate
    category_ratio: Estimate
    distinct_categories: int
    precision_to_tolerance: Estimate | None
    tolerance: float | None


def gauge_study(components: VarianceComponents, tolerance: float | None = None) -> GaugeStudy:
    """Return gauge R&R of variance components.

    Parameters
    ----------
    tolerance
        Width of the clinical tolerance, in the unit of the readings: the change that matters.
    """
    if tolerance is not None and not tolerance > 0.0:
        raise ParameterRangeError("tolerance_positive", value=tolerance)
    film = components.film.value
    crossed = components.film_by_observer.value if components.film_by_observer else 0.0
    gauge = components.precision.agreement
    icc = components.icc_inter_observer
    ratio = _from_icc(icc, "1.41 film SD / gauge SD", _categories, swap=False)
    return GaugeStudy(
        repeatability=math.sqrt(components.residual.value),
        reproducibility=math.sqrt(components.observer.value + crossed),
        gauge=gauge.scaled(1.0, "gauge R&R, SD"),
        film=math.sqrt(film),
        total=math.sqrt(film + gauge.value**2),
        percent_gauge=_from_icc(icc, "gauge R&R, % of total SD", _percent, swap=True),
        category_ratio=ratio,
        distinct_categories=math.floor(ratio.value),
        precision_to_tolerance=None
        if tolerance is None
        else replace(gauge.scaled(6.0 / tolerance, "precision to tolerance, 6 SD"), unit=""),
        tolerance=tolerance,
    )


def _percent(icc: float) -> float:
    return 100.0 * math.sqrt(max(0.0, 1.0 - icc))


def _categories(icc: float) -> float:
    return 1.41 * math.sqrt(max(icc, 0.0) / max(1.0 - icc, 1e-12))


def _from_icc(
    icc: Estimate, name: str, function: Callable[[float], float], *, swap: bool
) -> Estimate:
    ends = [None if end is None else function(end) for end in (icc.low, icc.high)]
    low, high = reversed(ends) if swap else ends
    return Estimate(
        name=name,
        value=function(icc.value),
        low=low,
        high=high,
        confidence=icc.confidence,
        unit="%" if swap else "",
        method=icc.method,
    )
