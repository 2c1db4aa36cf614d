"""Control charts of an observer's errors over time, with limits and the signals against them.

Shewhart's charts: individuals with moving ranges where readings come one by one, and means with
standard deviations where they come in rounds; and shares of counts, with binomial limits. Constants
are computed (c4, d2, d3), not looked up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from kyphometer.errors import NoVariationError, TooFewDataError
from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import Result

D2_PAIR = 2.0 / math.sqrt(math.pi)
D3_PAIR = math.sqrt(2.0 - 4.0 / math.pi)
RUN_LENGTH = 8
TREND_LENGTH = 6
TAIL = 0.00135
"""Part of a normal distribution beyond three standard errors on one side."""
LEAST_EXPECTED = 5.0
"""Runs of shares are judged only where this many are expected of either kind: rarer ones are nearly
always none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Result):
    """A point (its index, counted from 0) at which a rule fires."""

    index: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChart(Result):
    """Points with centre line and limits; limits are per point where subgroups differ in size."""

    name: str
    points: tuple[float, ...]
    centre: float
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    signals: tuple[Signal, ...]

    @property
    def in_control(self) -> bool:
        """Whether no rule fires."""
        return not self.signals


def individuals_chart(values: ArrayLike) -> tuple[ControlChart, ControlChart]:
    """Return the chart of individual values and that of moving ranges of two.

    Limits are mean -+ 2.660 mean moving range, and 3.267 mean moving range above.

    Parameters
    ----------
    values
        Errors or differences in order of time, shape (n,).
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size < 3 or not np.all(np.isfinite(x)):
        raise TooFewDataError("chart_values", size=str(x.size))
    ranges = np.abs(np.diff(x))
    mean_range = float(ranges.mean())
    if mean_range == 0.0:
        raise NoVariationError("chart_no_variation")
    reach = np.full(x.size, 3.0 * mean_range / D2_PAIR)
    top = np.full(ranges.size, mean_range * (1.0 + 3.0 * D3_PAIR / D2_PAIR))
    return (
        _chart("individuals", x, float(x.mean()), reach, runs=True),
        _chart("moving ranges", ranges, mean_range, top - mean_range, floor=0.0),
    )


def mean_and_sd_charts(rounds: Sequence[ArrayLike]) -> tuple[ControlChart, ControlChart]:
    """Return the chart of the means of rounds of readings and that of their SDs.

    Parameters
    ----------
    rounds
        Errors of each round in order of time; every round needs two values.
    """
    groups = [np.asarray(group, dtype=np.float64) for group in rounds]
    sizes = np.array([group.size for group in groups])
    if len(groups) < 3 or sizes.min() < 2:
        raise TooFewDataError("means_rounds", count=len(groups))
    means = np.array([group.mean() for group in groups])
    sds = np.array([group.std(ddof=1) for group in groups])
    sigma = math.sqrt(float((sizes - 1) @ sds**2) / float(np.sum(sizes - 1)))
    if sigma == 0.0:
        raise NoVariationError("means_no_variation")
    c4 = np.array([_c4(int(size)) for size in sizes])
    grand = float(sizes @ means) / float(sizes.sum())
    return (
        _chart("means", means, grand, 3.0 * sigma / np.sqrt(sizes), runs=True),
        _chart(
            "standard deviations",
            sds,
            float(np.mean(c4)) * sigma,
            3.0 * sigma * np.sqrt(1.0 - c4**2),
            floor=0.0,
        ),
    )


def share_chart(counts: Sequence[int], sizes: Sequence[int]) -> ControlChart:
    """Return the chart of shares (p chart), in percent.

    Limits are those counts beyond which a binomial variable with the mean share falls with a
    probability of 0.00135 on either side: as far out as three standard errors of a normal variable,
    and right where few are expected.

    Parameters
    ----------
    counts
        How many had it in each round, in order of time.
    sizes
        Of how many.
    """
    found, of = np.asarray(counts, dtype=np.int64), np.asarray(sizes, dtype=np.int64)
    if len(of) < 3 or of.min() < 1:
        raise TooFewDataError("chart_values", size=str(len(of)))
    share = float(found.sum() / of.sum())
    lower = np.array([_least_count(int(n), share, TAIL) for n in of])
    upper = np.array([_least_count(int(n), share, 1.0 - TAIL) for n in of])
    often = float(of.min()) * min(share, 1.0 - share) >= LEAST_EXPECTED
    return _chart(
        "shares",
        100.0 * found / of,
        100.0 * share,
        (100.0 * lower / of, 100.0 * upper / of),
        runs=often,
    )


def _least_count(n: int, share: float, part: float) -> int:
    """The least count that a binomial variable does not exceed with at least that probability."""
    cumulated = special.bdtr(np.arange(n + 1), n, share)
    return int(np.argmax(cumulated >= part))


def _c4(n: int) -> float:
    """Return the expectation of the SD of n normal values, in units of sigma."""
    log_ratio = math.lgamma(n / 2.0) - math.lgamma((n - 1) / 2.0)
    return math.sqrt(2.0 / (n - 1)) * math.exp(log_ratio)


def _chart(
    name: str,
    points: Floats,
    centre: float,
    reach: Floats | tuple[Floats, Floats],
    *,
    floor: float = -math.inf,
    runs: bool = False,
) -> ControlChart:
    lower, upper = reach if isinstance(reach, tuple) else (centre - reach, centre + reach)
    lower = np.maximum(lower, floor)
    signals = [
        Signal(index=int(i), rule="beyond the control limits")
        for i in np.flatnonzero((points < lower) | (points > upper))
    ]
    if runs:
        signals += _run_signals(points - centre)
    return ControlChart(
        name=name,
        points=tuple(points.tolist()),
        centre=centre,
        lower=tuple(lower.tolist()),
        upper=tuple(upper.tolist()),
        signals=tuple(sorted(signals, key=lambda s: s.index)),
    )


def _run_signals(deviations: Floats) -> list[Signal]:
    """Return where 8 points lie on one side, or 6 rise or fall in a row (Nelson's rules 2, 3)."""
    found = []
    for end, length in _streaks(np.sign(deviations)):
        if length == RUN_LENGTH:
            found.append(Signal(index=end, rule=f"{RUN_LENGTH} in a row on one side of the centre"))
    for end, length in _streaks(np.sign(np.diff(deviations))):
        if length == TREND_LENGTH - 1:
            found.append(Signal(index=end + 1, rule=f"{TREND_LENGTH} in a row rising or falling"))
    return found


def _streaks(signs: Floats) -> list[tuple[int, int]]:
    found, length = [], 0
    for index, sign in enumerate(signs):
        same = index > 0 and sign == signs[index - 1]
        length = 0 if sign == 0 else (length + 1 if same else 1)
        found.append((index, length))
    return found
