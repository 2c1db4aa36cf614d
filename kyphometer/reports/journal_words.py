"""What parts of a paper share: words of the catalogue, and intervals."""

from __future__ import annotations

from kyphometer.messages import catalogue, language, sentence
from kyphometer.stats.formatting import MISSING, format_number


def say(key: str, **facts: object) -> str:
    """A sentence of the catalogue in the language of the task."""
    return sentence(key, facts)


def word(key: str, otherwise: str) -> str:
    """A word of the catalogue, or what stands for it where it has none."""
    return sentence(key, {}) if key in catalogue(language()) else otherwise


def span(low: float | None, high: float | None) -> str:
    """An interval, a dash if it is not known."""
    if low is None or high is None:
        return MISSING
    return say("journal.span", low=format_number(low), high=format_number(high))
