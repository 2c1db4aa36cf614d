"""What a workbook's number format does to a number, as far as it changes what a person reads."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.')
_BRACKETS = re.compile(r"\[[^\]]*\]")
_SECTIONS = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
_PLACE = re.compile(r"[0#?]")


class OtherDisplayError(Exception):
    """A cell whose display tells something else than its value."""


def shown_number(value: float, number_format: str) -> float | str:
    """A number as its cell shows it: itself, or text such as `80%` for 0.8 in percent.

    Decimals that the format leaves out stay: the stored value is the more exact one.

    Raises
    ------
    OtherDisplayError
        If the format hides the number, shows words instead, or scales it by thousands.
    """
    section = _section(value, number_format)
    if section.strip().lower() in ("general", "@"):
        return value
    bare = _BRACKETS.sub("", _QUOTED.sub("", section))
    literal = "".join(_QUOTED.findall(section))
    if not _PLACE.search(bare) and "general" not in bare.lower():
        raise OtherDisplayError
    if re.search(r"[0#?],+(?![0#?])", bare):
        raise OtherDisplayError
    if "%" in bare:
        return f"{value * 100:.10g}%"
    if "%" in literal:
        return f"{value:.10g}%"
    return value


def _section(value: float, number_format: str) -> str:
    """The part of a format that holds for a value: positive; negative; zero."""
    parts = _SECTIONS.split(number_format)
    if value < 0 and len(parts) > 1:
        return parts[1]
    if value == 0 and len(parts) > 2:
        return parts[2]
    return parts[0]
