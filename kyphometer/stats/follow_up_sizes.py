"""How many patients a follow-up study needs: change, two groups, shares, precision.

Means by the exact power of the t test (noncentral t) and shares by that of Fisher's test, added up
over all tables. Every number is of patients who are followed to the end: see `with_drop_out`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from kyphometer.errors import ParameterRangeError
from kyphometer.stats.distributions import noncentral_t_cdf, t_quantile
from kyphometer.stats.estimate import Result, check_confidence
from kyphometer.stats.proportions import clopper_pearson
from kyphometer.stats.values import FloatArray

MOST = 100_000
MOST_EXACT = 400
"""Patients a group up to which the power of Fisher's test is added up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPatients(Result):
    """A number of patients, and what it achieves.

    Attributes
    ----------
    method, aim
        How it was found, and for what, in words.
    n, n_reference
        Patients, or patients of the first and of the reference group.
    achieved
        Power, or half-width of the interval, at these numbers.
    recruited
        Patients to begin with, all groups together, so that `n` are left after drop-out.
    """

    method: str
    aim: str
    n: int
    n_reference: int | None
    achieved: float
    recruited: int


def with_drop_out(planned: PlannedPatients, share: float) -> PlannedPatients:
    """The same with so many more to begin with that `share` of them may be lost."""
    if not 0.0 <= share < 1.0:
        raise ParameterRangeError("share_lost", value=share)
    sizes = [n for n in (planned.n, planned.n_reference) if n is not None]
    whole = sum(math.ceil(n / (1.0 - share) - 1e-9) for n in sizes)
    return replace(planned, recruited=whole)


def patients_for_change(
    change: float, sd_of_changes: float, *, power: float = 0.8, confidence: float = 0.95
) -> PlannedPatients:
    """Patients for a paired t test, two-sided, of the change from before to after.

    Parameters
    ----------
    change
        Mean change that is not to be missed.
    sd_of_changes
        SD of the changes: sqrt(2 (1 - r)) SD with equal SDs and correlation r between visits.

    Raises
    ------
    ParameterRangeError
        If a number lies outside its range, or no reachable number of patients is enough.
    """
    effect = abs(_not_zero("The change", change)) / _above_zero("The SD of changes", sd_of_changes)
    _check(power, confidence)

    def achieved(n: int) -> float:
        return _power(effect * math.sqrt(n), n - 1.0, confidence)

    n = _smallest(achieved, power, 2)
    return _planned("exact (noncentral t)", f"power to find a change of {change:g}", n,
                    achieved(n))  # fmt: skip


def patients_for_groups(
    difference: float,
    sd: float,
    *,
    ratio: float = 1.0,
    correlation: float = 0.0,
    power: float = 0.8,
    confidence: float = 0.95,
) -> PlannedPatients:
    """Patients of two groups for a difference of means adjusted for baseline, two-sided.

    Parameters
    ----------
    difference
        Difference at follow-up that is not to be missed.
    sd
        SD at follow-up within a group.
    ratio
        Patients of the reference group for each of the other.
    correlation
        Of baseline and follow-up; analysis of covariance scales the variance by 1 - r squared
        (Borm and others 2007, doi 10.1016/j.jclinepi.2007.02.006) and costs a degree of freedom.

    Raises
    ------
    ParameterRangeError
        If a number lies outside its range, or no reachable number of patients is enough.
    """
    _not_zero("The difference", difference)
    if not -1.0 < correlation < 1.0:
        raise ParameterRangeError("correlation_range", value=correlation)
    _check(power, confidence)
    _above_zero("The ratio of the groups", ratio)
    effect = abs(difference) / (_above_zero("The SD", sd) * math.sqrt(1.0 - correlation**2))
    lost = 1.0 if correlation else 0.0

    def achieved(n: int) -> float:
        other = _other(n, ratio)
        df = n + other - 2.0 - lost
        root = math.sqrt(n * other / (n + other))
        return _power(effect * root, df, confidence) if df > 0 else 0.0

    n = _smallest(achieved, power, 2)
    method = "exact (noncentral t)" + (", adjusted for baseline" if correlation else "")
    aim = f"power to find a difference of {difference:g}"
    return _planned(method, aim, n, achieved(n), _other(n, ratio))


def patients_for_shares(
    first: float,
    second: float,
    *,
    ratio: float = 1.0,
    power: float = 0.8,
    confidence: float = 0.95,
) -> PlannedPatients:
    """Patients of two groups for a difference of shares by Fisher's exact test, two-sided.

    The least number from which the power stays high for the next five numbers too, since it does
    not rise evenly. Above 400 patients a group the normal approximation with Fleiss's continuity
    correction stands for the exact power.

    Raises
    ------
    ParameterRangeError
        If a share is not between 0 and 1 or both are equal.
    """
    for share in (first, second):
        if not 0.0 <= share <= 1.0:
            raise ParameterRangeError("share_range", value=share)
    _not_zero("The difference of the shares", first - second)
    _above_zero("The ratio of the groups", ratio)
    _check(power, confidence)
    guess = _fleiss(first, second, ratio, power, confidence)
    aim = f"power to find shares of {first:g} and {second:g}"
    if guess * max(1.0, ratio) > MOST_EXACT:
        return _planned("normal, Fleiss", aim, guess, power, _other(guess, ratio))

    def achieved(n: int) -> float:
        return fisher_power(n, _other(n, ratio), first, second, 1.0 - confidence)

    n = max(2, round(0.75 * guess))
    run = 0
    while run < 6:
        run = run + 1 if achieved(n) >= power else 0
        n += 1
    n -= 6
    return _planned("exact (Fisher's test)", aim, n, achieved(n), _other(n, ratio))


def patients_for_mean_width(
    half_width: float, sd: float, *, assurance: float = 0.8, confidence: float = 0.95
) -> PlannedPatients:
    """Patients so that a mean (of changes) has an interval of at most this half-width.

    Assured with a chance, since the interval rests on the SD that will be found (Kupper and Hafner
    1989, doi 10.1080/00031305.1989.10475628).

    Raises
    ------
    ParameterRangeError
        If a number lies outside its range, or no reachable number of patients is enough.
    """
    width = _above_zero("The half-width", half_width) / _above_zero("The SD", sd)
    _check(assurance, confidence)

    def achieved(n: int) -> float:
        t = t_quantile(0.5 + confidence / 2.0, n - 1)
        return float(special.chdtr(n - 1, (n - 1) * n * (width / t) ** 2))

    n = _smallest(achieved, assurance, 2)
    aim = f"chance that the interval of the mean is ±{half_width:g} or narrower"
    return _planned("exact (t and chi-square)", aim, n, achieved(n))


def patients_for_share_width(
    half_width: float, share: float, *, confidence: float = 0.95
) -> PlannedPatients:
    """Patients so that the exact interval of a share reaches no further than this from it.

    Judged at the count of events that is expected, by the longer side of the interval.

    Raises
    ------
    ParameterRangeError
        If a number lies outside its range, or no reachable number of patients is enough.
    """
    if not 0.0 <= share <= 1.0:
        raise ParameterRangeError("share_range", value=share)
    _above_zero("The half-width", half_width)
    check_confidence(confidence)

    def widest(n: int) -> float:
        count = round(share * n)
        low, high = clopper_pearson(count, n, confidence)
        return max(share - low, high - share)

    n = _smallest(lambda n: -max(widest(m) for m in range(n, n + 6)), -half_width, 2)
    aim = f"longer side of the exact interval of a share of {share:g}"
    return _planned("Clopper-Pearson", aim, n, widest(n))


def fisher_power(n: int, other: int, first: float, second: float, alpha: float) -> float:
    """Chance that Fisher's two-sided test of two binomial samples has p of at most alpha."""
    one, two = _binomial(n, first), _binomial(other, second)
    total = 0.0
    for events in range(n + other + 1):
        x = np.arange(max(0, events - other), min(n, events) + 1)
        given = _log_choose(n, x) + _log_choose(other, events - x)
        given = np.asarray(np.exp(given - special.logsumexp(given)), dtype=float)
        order = np.argsort(given, kind="stable")
        # tables as likely as this one, to scipy's tolerance, count as well
        upto = np.searchsorted(given[order], given * (1 + 1e-7), side="right")
        p = np.cumsum(given[order])[upto - 1]
        small = p <= alpha
        total += float(np.sum(one[x[small]] * two[events - x[small]]))
    return total


def _log_choose(n: int, x: NDArray[Any]) -> FloatArray:
    return np.asarray(-special.betaln(n - x + 1.0, x + 1.0) - math.log(n + 1.0), dtype=float)


def _binomial(n: int, share: float) -> FloatArray:
    x = np.arange(n + 1.0)
    with np.errstate(divide="ignore"):
        logs = _log_choose(n, x) + special.xlogy(x, share) + special.xlog1py(n - x, -share)
    return np.asarray(np.exp(logs), dtype=float)


def _fleiss(first: float, second: float, ratio: float, power: float, confidence: float) -> int:
    """Patients of the first group (Fleiss, Tytun and Ury 1980)."""
    pooled = (first + ratio * second) / (1.0 + ratio)
    a, b = float(special.ndtri(0.5 + confidence / 2.0)), float(special.ndtri(power))
    spread = a * math.sqrt((1.0 + ratio) * pooled * (1.0 - pooled))
    spread += b * math.sqrt(ratio * first * (1.0 - first) + second * (1.0 - second))
    n = spread**2 / (ratio * (first - second) ** 2)
    gap = 2.0 * (1.0 + ratio) / (n * ratio * abs(first - second))
    return math.ceil(n / 4.0 * (1.0 + math.sqrt(1.0 + gap)) ** 2)


def _power(noncentrality: float, df: float, confidence: float) -> float:
    critical = t_quantile(0.5 + confidence / 2.0, df)
    above = 1.0 - noncentral_t_cdf(critical, df, noncentrality)
    return above + noncentral_t_cdf(-critical, df, noncentrality)


def _smallest(achieved: Callable[[int], float], wanted: float, start: int) -> int:
    """Least n from `start` with achieved(n) >= wanted; achieved rises."""
    low, high = start - 1, start
    while achieved(high) < wanted:
        low, high = high, 2 * high
        if high > MOST:
            raise ParameterRangeError("patients_unreachable", most=MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if achieved(middle) >= wanted else (middle, high)
    return high


def _other(n: int, ratio: float) -> int:
    return max(2, math.ceil(n * ratio - 1e-9))


def _planned(
    method: str, aim: str, n: int, achieved: float, other: int | None = None
) -> PlannedPatients:
    return PlannedPatients(
        method=method,
        aim=aim,
        n=n,
        n_reference=other,
        achieved=achieved,
        recruited=n + (other or 0),
    )


def _not_zero(name: str, value: float) -> float:
    if not (math.isfinite(value) and value):
        raise ParameterRangeError("number_not_zero", name=name, value=value)
    return value


def _above_zero(name: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise ParameterRangeError("number_positive", name=name, value=value)
    return value


def _check(power: float, confidence: float) -> None:
    check_confidence(confidence)
    if not 0.0 < power < 1.0:
        raise ParameterRangeError("power_range", value=power)
