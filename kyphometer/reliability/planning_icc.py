"""How many films a reliability study needs, for an intraclass correlation.

All formulas are for the one-way ICC of `observers` single readings a film; for ICC(C,1) they are
slightly generous. science.md#sample-size holds the tables that the tests reproduce.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from kyphometer.errors import ParameterRangeError
from kyphometer.stats.distributions import (
    chi2_quantile,
    f_quantile,
    f_upper_tail,
    normal_quantile,
)
from kyphometer.stats.estimate import Result, check_confidence

MOST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSize(Result):
    """A number of films (or of pairs of readings) and what it achieves.

    `achieved` is the power, assurance or interval width at `n`; `aim` says which in words.
    """

    n: int
    method: str
    aim: str
    achieved: float


def icc_power(
    films: int, observers: int, icc_null: float, icc_expected: float, alpha: float = 0.05
) -> float:
    """Return the exact power of the one-sided test of ICC <= icc_null.

    With alpha halved it is the assurance that the lower limit of the two-sided interval lies at or
    above `icc_null`. The F ratio of the analysis of variance is scaled by C = (1 + k t0)/(1 + k t1)
    with t = ICC/(1 - ICC).
    """
    ratio = _null_ratio(observers, icc_null, icc_expected)
    within = films * (observers - 1)
    critical = f_quantile(1.0 - alpha, films - 1, within)
    return f_upper_tail(ratio * critical, films - 1, within)


def films_for_icc(
    icc_null: float,
    icc_expected: float,
    observers: int,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
) -> SampleSize:
    """Return the least films with which the exact one-sided test has the power."""
    _check_iccs(icc_null, icc_expected, observers)
    _check_open_unit("The power", power)
    _check_open_unit("Alpha", alpha)

    def achieved(n: int) -> float:
        return icc_power(n, observers, icc_null, icc_expected, alpha)

    n = smallest(achieved, power, start=2)
    aim = f"power of the one-sided {alpha:g} test of ICC <= {icc_null:g} at ICC {icc_expected:g}"
    return SampleSize(n=n, method="exact", aim=aim, achieved=achieved(n))


def films_for_icc_lower_limit(
    icc_lower: float,
    icc_expected: float,
    observers: int,
    *,
    assurance: float = 0.8,
    confidence: float = 0.95,
) -> SampleSize:
    """Return the least films that put the lower confidence limit above icc_lower with assurance.

    The aim of Zou 2012 (doi 10.1002/sim.5466), computed exactly and not from its approximation.
    """
    check_confidence(confidence)
    size = films_for_icc(
        icc_lower, icc_expected, observers, power=assurance, alpha=(1.0 - confidence) / 2.0
    )
    aim = (
        f"assurance that the lower {100 * confidence:g} % limit is at least {icc_lower:g} "
        f"when the ICC is {icc_expected:g}"
    )
    return SampleSize(n=size.n, method="exact assurance", aim=aim, achieved=size.achieved)


def films_for_icc_walter(
    icc_null: float,
    icc_expected: float,
    observers: int,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
) -> SampleSize:
    """Return Walter, Eliasziw and Donner's approximation (1998), with its exact power beside."""
    _check_iccs(icc_null, icc_expected, observers)
    _check_open_unit("The power", power)
    _check_open_unit("Alpha", alpha)
    log_ratio = math.log(_null_ratio(observers, icc_null, icc_expected))
    deviates = normal_quantile(1.0 - alpha) + normal_quantile(power)
    in_logs = deviates / log_ratio if log_ratio else math.inf
    n = _reachable(1.0 + 2.0 * in_logs * in_logs * observers / (observers - 1))
    return SampleSize(
        n=n,
        method="Walter 1998 approximation",
        aim=f"power of the one-sided {alpha:g} test (exact value at this n)",
        achieved=icc_power(n, observers, icc_null, icc_expected, alpha),
    )


def films_for_icc_width(
    icc_expected: float,
    observers: int,
    width: float,
    *,
    confidence: float = 0.95,
    correct_two_observers: bool = True,
) -> SampleSize:
    """Return Bonett's (2002) number of films for a full interval width.

    Parameters
    ----------
    width
        Upper minus lower limit that is aimed at.
    correct_two_observers
        Add Bonett's 5 ICC films where there are two observers and the ICC is at least 0.7.
    """
    _check_icc("The expected ICC", icc_expected)
    _check_observers(observers)
    _check_open_unit("The width of the interval", width)
    z = normal_quantile((1.0 + check_confidence(confidence)) / 2.0)
    k = observers
    spread = (1.0 - icc_expected) * (1.0 + (k - 1) * icc_expected)
    in_widths = spread / width
    raw = 8.0 * z * z * in_widths * in_widths / (k * (k - 1)) + 1.0
    if correct_two_observers and k == 2 and icc_expected >= 0.7:
        raw += 5.0 * icc_expected
    n = _reachable(raw)
    reached = math.sqrt(8.0 * z * z * spread**2 / (k * (k - 1) * max(n - 1, 1)))
    return SampleSize(n=n, method="Bonett 2002", aim="full width of the interval", achieved=reached)


def sem_interval_factors(df: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the factors by which a standard error of measurement spans its exact interval.

    Parameters
    ----------
    df
        Degrees of freedom of the error: films x observers x (replicates - 1).
    """
    if df < 1:
        raise ParameterRangeError("degrees_of_freedom", value=df)
    tail = (1.0 - check_confidence(confidence)) / 2.0
    low, high = (math.sqrt(df / chi2_quantile(q, df)) for q in (1.0 - tail, tail))
    return low, high


def _reachable(raw: float) -> int:
    """Return the whole number of films that a formula asks for."""
    if not raw <= MOST:
        raise _out_of_reach()
    return math.ceil(raw - 1e-9)


def _out_of_reach() -> ParameterRangeError:
    return ParameterRangeError("number_unreachable", most=MOST)


def smallest(achieved: Callable[[int], float], aim: float, start: int) -> int:
    """Return the least n from start on whose monotone `achieved` reaches the aim."""
    high = start
    while achieved(high) < aim:
        high *= 2
        if high > MOST:
            raise _out_of_reach()
    low = start if high == start else high // 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if achieved(middle) >= aim else (middle + 1, high)
    return low


def _null_ratio(observers: int, icc_null: float, icc_expected: float) -> float:
    null, expected = (icc / (1.0 - icc) for icc in (icc_null, icc_expected))
    return (1.0 + observers * null) / (1.0 + observers * expected)


def _check_iccs(icc_null: float, icc_expected: float, observers: int) -> None:
    _check_icc("The ICC to exceed", icc_null)
    _check_icc("The expected ICC", icc_expected)
    _check_observers(observers)
    if icc_expected <= icc_null:
        raise ParameterRangeError("expected_icc", value=icc_expected, icc_null=icc_null)


def _check_icc(name: str, icc: float) -> None:
    if not 0.0 <= icc < 1.0:
        raise ParameterRangeError("share_below_one", name=name, value=icc)


def _check_observers(observers: int) -> None:
    if observers < 2:
        raise ParameterRangeError("readings_a_film", value=observers)


def _check_open_unit(name: str, value: float) -> None:
    if not 0.0 < value < 1.0:
        raise ParameterRangeError("between_zero_and_one", name=name, value=value)
