"""Sentences for people: one catalogue a language (`en.json`, `vi.json`), facts filled in by name.

What knows something keeps a code and typed facts; the words are looked up when somebody reads
them. Which language that is belongs to the running task: a web request sets it for itself.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "vi")
"""Languages with a catalogue; the first is the default."""

_current: ContextVar[str] = ContextVar("language", default=LANGUAGES[0])


def language() -> str:
    """Language that this task speaks, `en` unless `speaking` chose another."""
    return _current.get()


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Speak a language within the block.

    Parameters
    ----------
    wanted
        A locale, an HTTP `Accept-Language` or a language; the first that has a catalogue counts,
        English if none has.
    """
    token = _current.set(choose(wanted))
    try:
        yield
    finally:
        _current.reset(token)


def choose(wanted: str) -> str:
    """First language of `vi_VN.UTF-8`, `vi-VN,vi;q=0.9,en;q=0.8` or `vi` that has a catalogue."""
    for word in wanted.split(","):
        name = word.strip().lower()[:2]
        if name in LANGUAGES and not word.strip()[2:3].isalpha():
            return name
    return LANGUAGES[0]


def sentence(key: str, facts: Mapping[str, Any], wanted: str | None = None) -> str:
    """Text of a key with facts filled in; `wanted` None takes the language of the task."""
    spoken = choose(wanted) if wanted else language()
    return _Formatter(spoken).vformat(catalogue(spoken)[key], (), facts)


@cache
def catalogue(wanted: str) -> Mapping[str, str]:
    """All texts of a language by key."""
    texts: dict[str, str] = json.loads(
        Path(__file__).with_name(f"{wanted}.json").read_text("utf-8")
    )
    return texts


class _Formatter(string.Formatter):
    """Numbers with the decimal mark of the language."""

    def __init__(self, spoken: str) -> None:
        self.comma = spoken == "vi"

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        return text.replace(".", ",") if self.comma and isinstance(value, float) else text
