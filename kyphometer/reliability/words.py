"""Words for numbers, always from the confidence interval and never from the point estimate."""

from __future__ import annotations

from enum import StrEnum

from kyphometer.stats.estimate import Estimate

ICC_BANDS = ((0.5, "poor"), (0.75, "moderate"), (0.9, "good"), (float("inf"), "excellent"))


class Verdict(StrEnum):
    """Whether an interval shows that a value keeps to a limit."""

    SHOWN = "shown"
    NOT_SHOWN = "not shown"
    REFUTED = "refuted"


def icc_words(icc: Estimate) -> str:
    """Return the bands that the interval of an ICC spans (Koo and Li 2016: 0.5, 0.75, 0.9).

    Examples
    --------
    >>> from kyphometer.stats.estimate import Estimate
    >>> icc_words(Estimate(name="ICC(A,1)", value=0.92, low=0.71, high=0.97))
    'moderate to excellent'
    """
    interval = icc.interval()
    if interval is None:
        return "no interval, so no judgement"
    low, high = (_band(end) for end in interval)
    return low if low == high else f"{low} to {high}"


def at_most(estimate: Estimate, limit: float) -> Verdict:
    """Return whether the interval shows that the true value is at most the limit."""
    interval = estimate.interval()
    if interval is None:
        return Verdict.NOT_SHOWN
    low, high = interval
    if high <= limit:
        return Verdict.SHOWN
    return Verdict.REFUTED if low > limit else Verdict.NOT_SHOWN


def at_least(estimate: Estimate, limit: float) -> Verdict:
    """Return whether the interval shows that the true value is at least the limit."""
    interval = estimate.interval()
    if interval is None:
        return Verdict.NOT_SHOWN
    low, high = interval
    if low >= limit:
        return Verdict.SHOWN
    return Verdict.REFUTED if high < limit else Verdict.NOT_SHOWN


def within(estimate: Estimate, limit: float) -> Verdict:
    """Return whether the interval shows that the true value lies within -limit and +limit."""
    interval = estimate.interval()
    if interval is None:
        return Verdict.NOT_SHOWN
    low, high = interval
    if -limit <= low and high <= limit:
        return Verdict.SHOWN
    return Verdict.REFUTED if low > limit or high < -limit else Verdict.NOT_SHOWN


def differs_from_zero(estimate: Estimate) -> str:
    """Return "above 0", "below 0" or "not shown to differ from 0", from the interval."""
    interval = estimate.interval()
    if interval is None:
        return "no interval, so no judgement"
    low, high = interval
    if low > 0.0:
        return "above 0"
    return "below 0" if high < 0.0 else "not shown to differ from 0"


def change_sentence(mdc95: Estimate, decimals: int = 1) -> str:
    """Return what an MDC95 means for one patient, with its interval.

    Examples
    --------
    >>> from kyphometer.stats.estimate import Estimate
    >>> change_sentence(Estimate(name="MDC95", value=4.2, low=3.6, high=5.1, unit="deg"))
    'A change of one patient above 4.2 deg (95 % CI 3.6 to 5.1) is beyond measurement error.'
    """
    unit = f" {mdc95.unit}" if mdc95.unit else ""
    interval = mdc95.interval()
    shown = (
        ""
        if interval is None
        else f" ({100 * mdc95.confidence:g} % CI {interval[0]:.{decimals}f} "
        f"to {interval[1]:.{decimals}f})"
    )
    return (
        f"A change of one patient above {mdc95.value:.{decimals}f}{unit}{shown} "
        "is beyond measurement error."
    )


def _band(icc: float) -> str:
    return next(name for limit, name in ICC_BANDS if icc < limit)
