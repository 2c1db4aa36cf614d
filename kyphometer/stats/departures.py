"""What if patients who were lost fare worse than the model says: delta-adjusted sensitivity.

Mixed models take values for missing at random: who is not seen fares as those with the same
earlier values do. Here each missing value is taken for `delta` worse than that. The mean of a visit
then moves by delta times the share missing, which is what multiple imputation with a shift gives
with ever more imputations (White, Carpenter and Horton 2018, Stat Sinica 28:1985).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import optimize, special

from kyphometer.errors import ParameterRangeError
from kyphometer.stats.distributions import t_two_sided_p
from kyphometer.stats.estimate import Result
from kyphometer.stats.mixed import MixedEstimate
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifted(Result):
    """The estimate where missing values are `delta` worse than their prediction."""

    delta: float
    estimate: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure(Result):
    """How an estimate depends on the patients who were lost.

    Attributes
    ----------
    missing, patients
        Patients without the value, of those in the model whose values are shifted.
    shifted
        The estimate at each delta that was asked for, 0 first.
    tipping
        The least delta at which the interval holds 0; None where nothing is missing, or where it
        holds 0 already.
    """

    missing: int
    patients: int
    shifted: tuple[Shifted, ...]
    tipping: float | None


def departure(
    estimate: MixedEstimate,
    missing: int,
    patients: int,
    deltas: Sequence[float],
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> Departure:
    """Shift the values that are missing, always against the estimate.

    Parameters
    ----------
    estimate
        A difference by a mixed model.
    missing, patients
        How many values are missing of those that are shifted.
    deltas
        By how much, above 0.

    Raises
    ------
    ParameterRangeError
        If a delta is negative, or more are missing than there are.
    """
    if not 0 <= missing <= patients or not patients:
        raise ParameterRangeError("number_missing", value=missing, patients=patients)
    for delta in deltas:
        if not (math.isfinite(delta) and delta >= 0):
            raise ParameterRangeError("delta_negative", value=delta)
    share = missing / patients
    quantile = float(special.stdtrit(estimate.degrees_of_freedom, 0.5 + options.confidence / 2.0))
    sign = math.copysign(1.0, estimate.estimate)

    def at(delta: float) -> Shifted:
        value = estimate.estimate - sign * share * delta
        spread = delta**2 * share * (1.0 - share) / patients
        error = math.sqrt(estimate.standard_error**2 + spread)
        return Shifted(
            delta=delta,
            estimate=value,
            low=value - quantile * error,
            high=value + quantile * error,
            p=t_two_sided_p(value / error, estimate.degrees_of_freedom),
        )

    def left(delta: float) -> float:
        found = at(delta)
        return found.low if sign > 0 else -found.high

    tipping = None
    if missing and left(0.0) > 0.0:
        end = abs(estimate.estimate) / share  # the estimate itself is 0 there
        tipping = float(optimize.brentq(left, 0.0, end))
    return Departure(
        missing=missing,
        patients=patients,
        shifted=tuple(at(delta) for delta in (0.0, *deltas)),
        tipping=tipping,
    )
