"""Numbers, p values, intervals and what is missing, as they are printed for people everywhere.

Nothing is rounded and no minus sign is made anywhere else.
"""

from __future__ import annotations

import math
import re
from typing import Final

MISSING: Final = "–"
"""What stands where nothing is known."""
_MINUS = re.compile(r"(?<![\w.,)−])-(?=\.?\d)")


def minus(text: str) -> str:
    """The text with the minus sign of print before numbers; other hyphens and dates stay.

    Examples
    --------
    >>> minus("pre-op -3.5 (-4 to -2.6), 2026-11-22, L2 inf - L1")
    'pre-op −3.5 (−4 to −2.6), 2026-11-22, L2 inf - L1'
    """
    return _MINUS.sub("−", text)


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
    '–'
    """
    if p is None or math.isnan(p):
        return MISSING
    if p < 0.001:
        return "<0.001"
    if 0.9995 <= p < 1.0:
        return ">0.999"
    return f"{p:.3f}"


def format_p_statement(p: float | None) -> str:
    """The same with its sign, for running text: `p = 0.041`, `p < 0.001`."""
    text = format_p(p)
    if text == MISSING:
        return "p not available"
    return f"p {text[0]} {text[1:]}" if text[0] in "<>" else f"p = {text}"


def format_number(value: float | None, decimals: int = 1) -> str:
    """A number with fixed decimals and the minus sign of print, without a negative zero.

    Examples
    --------
    >>> format_number(-0.04), format_number(-2.66), format_number(None)
    ('0.0', '−2.7', '–')
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0.0 else minus(text)


def format_signed(value: float | None, decimals: int = 1) -> str:
    """A change with its sign: `+2.5`, `−1.0`, and `0.0` without one.

    Examples
    --------
    >>> format_signed(2.46), format_signed(-1.0), format_signed(-0.01)
    ('+2.5', '−1.0', '0.0')
    """
    text = format_number(value, decimals)
    shown = value is not None and value > 0 and any(sign in "123456789∞" for sign in text)
    return f"+{text}" if shown else text


def format_mean_sd(mean: float | None, sd: float | None, decimals: int = 1) -> str:
    """Mean and standard deviation as `18.3 ± 2.8`; the mean alone where there is no SD."""
    if mean is None or sd is None:
        return format_number(mean, decimals)
    return f"{format_number(mean, decimals)} ± {format_number(sd, decimals)}"


def format_interval(low: float | None, high: float | None, decimals: int = 1) -> str:
    """An interval as `4.4 to 6.6`."""
    if low is None or high is None:
        return MISSING
    return f"{format_number(low, decimals)} to {format_number(high, decimals)}"


def format_count(count: int, total: int, decimals: int = 1) -> str:
    """A count with its share as `16/21 (76.2 %)`."""
    if total == 0:
        return f"{count}/0"
    return f"{count}/{total} ({format_number(100.0 * count / total, decimals)} %)"
