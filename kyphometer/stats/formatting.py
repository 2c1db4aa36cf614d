"""Numbers as they are printed; nothing is rounded anywhere else."""

from __future__ import annotations

import math

NOT_AVAILABLE = "n/a"


def format_p(p: float | None) -> str:
    """A p value to three decimals; never 0.000 and never a rounded-up 1.

    Examples
    --------
    >>> format_p(0.0412)
    '0.041'
    >>> format_p(2.3e-5)
    '<0.001'
    >>> format_p(0.9999)
    '>0.999'
    >>> format_p(None)
    'n/a'
    """
    if p is None or math.isnan(p):
        return NOT_AVAILABLE
    if p < 0.001:
        return "<0.001"
    if 0.9995 <= p < 1.0:
        return ">0.999"
    return f"{p:.3f}"


def format_p_statement(p: float | None) -> str:
    """The same with its sign, for running text: `p = 0.041`, `p < 0.001`."""
    text = format_p(p)
    if text == NOT_AVAILABLE:
        return "p not available"
    return f"p {text[0]} {text[1:]}" if text[0] in "<>" else f"p = {text}"


def format_number(value: float | None, decimals: int = 1) -> str:
    """A number with fixed decimals, without a negative zero.

    Examples
    --------
    >>> format_number(-0.04)
    '0.0'
    """
    if value is None or math.isnan(value):
        return NOT_AVAILABLE
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0.0 else text


def format_mean_sd(mean: float | None, sd: float | None, decimals: int = 1) -> str:
    """Mean and standard deviation as `18.3 ± 2.8`; the mean alone where there is no SD."""
    if mean is None or sd is None:
        return format_number(mean, decimals)
    return f"{format_number(mean, decimals)} ± {format_number(sd, decimals)}"


def format_interval(low: float | None, high: float | None, decimals: int = 1) -> str:
    """An interval as `4.4 to 6.6`."""
    if low is None or high is None:
        return NOT_AVAILABLE
    return f"{format_number(low, decimals)} to {format_number(high, decimals)}"


def format_count(count: int, total: int, decimals: int = 1) -> str:
    """A count with its share as `16/21 (76.2 %)`."""
    if total == 0:
        return f"{count}/0"
    return f"{count}/{total} ({format_number(100.0 * count / total, decimals)} %)"
