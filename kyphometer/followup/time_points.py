"""What a header's time point says of the visit, in the many ways that people write it."""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import Final

from kyphometer.followup.windows import VisitWindows

_NUMBERS: Final = {
    word: str(number)
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
         "twelve"), start=1,
    )
}  # fmt: skip
_UNITS: Final = {
    "d": "d", "day": "d", "days": "d", "w": "w", "wk": "w", "week": "w", "weeks": "w",
    "m": "m", "mo": "m", "mon": "m", "mth": "m", "month": "m", "months": "m",
    "y": "y", "yr": "y", "year": "y", "years": "y",
}  # fmt: skip
_BEFORE: Final = ("preop", "preoperative", "pre", "before", "baseline", "admission")
_AFTER: Final = ("discharge", "postop", "postoperative", "post", "immediate")


def visit_meant(text: str, windows: VisitWindows) -> str | None:
    """The study's visit that a time point names, None if it names none surely.

    >>> from kyphometer.followup.windows import DEFAULT_WINDOWS
    >>> str(visit_meant("PRE-OP", DEFAULT_WINDOWS))
    'preoperative'
    >>> str(visit_meant("6 mo post-op", DEFAULT_WINDOWS))
    'six_months'
    """
    meant = _meaning(text)
    named = {visit: _meaning(visit) for visit in windows.visits}
    found = [visit for visit, meaning in named.items() if meant and meaning == meant]
    return found[0] if len(found) == 1 else None


def _meaning(text: str) -> str:
    """`6m`, `before`, `after`, or empty."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("pre-op", "preop")
    plain = plain.replace("post-op", "postop")
    words = [_NUMBERS.get(word, word) for word in re.findall(r"\d+|[^\W\d_]+", plain)]
    for one, two in itertools.pairwise(words):
        if one.isdigit() and two in _UNITS:
            return f"{int(one)}{_UNITS[two]}"
    if any(word in _BEFORE for word in words):
        return "before"
    return "after" if any(word in _AFTER for word in words) else ""
