"""Sentences for people: a catalogue a language (`en/`, `vi/`), facts filled in by name.

What knows something keeps a code and typed facts; the words are looked up when somebody reads
them. Which language that is belongs to the running task: a web request sets it for itself.

Templates are those of `str.format`, with these formats besides Python's: `{files:file|files}` takes
the first word for one (a number, or a list of one) and the second otherwise; a list is joined by
commas, `{films:5}` shows five of it, `{films:5;}` puts semicolons between, `{problems:20 }` blanks,
`{problems:50/}` gives each a line. A fact that has words of its own (`Spoken`) is told in the
language of the sentence.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

LANGUAGES = ("en", "vi")
"""Languages with a catalogue; the first is the default."""

_current: ContextVar[str] = ContextVar("language", default=LANGUAGES[0])
_COMMAS = ("vi",)
_SWAPPED = str.maketrans(".,", ",.")


@runtime_checkable
class Spoken(Protocol):
    """Something with words in every language: a finding, an error, a `Word`."""

    def sentence(self, language: str | None = None) -> str:
        """Its words; None takes the language of the task."""
        ...


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase of the catalogue by its key, with the facts that it is told."""

    key: str
    facts: Mapping[str, Any] | None = None

    def sentence(self, language: str | None = None) -> str:
        """The phrase; None takes the language of the task."""
        return sentence(self.key, self.facts or {}, language)

    def __str__(self) -> str:
        return self.sentence()


def language() -> str:
    """Language that this task speaks, `en` unless `speaking` chose another."""
    return _current.get()


def decimal_mark() -> str:
    """What stands before the decimals in the language of the task: a point, or a comma."""
    return "," if language() in _COMMAS else "."


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
    texts: dict[str, str] = {}
    for part in sorted((Path(__file__).parent / wanted).glob("*.json")):
        texts |= json.loads(part.read_text("utf-8"))
    return texts


class _Formatter(string.Formatter):
    """Numbers with the decimal mark of the language, lists, plurals and words of their own."""

    def __init__(self, spoken: str) -> None:
        self.spoken = spoken

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            count = len(value) if isinstance(value, list | tuple) else value
            return format_spec.split("|")[0 if count == 1 else 1]
        if isinstance(value, list | tuple):
            return self._listed([self.format_field(item, "") for item in value], format_spec)
        if isinstance(value, Spoken):
            return value.sentence(self.spoken)
        text = str(super().format_field(value, format_spec))
        return text.translate(_SWAPPED) if self._swaps(value) else text

    def convert_field(self, value: Any, conversion: Any) -> Any:
        shown = super().convert_field(value, conversion)
        return shown.translate(_SWAPPED) if conversion and self._swaps(value) else shown

    def _swaps(self, value: Any) -> bool:
        return self.spoken in _COMMAS and isinstance(value, int | float)

    def _listed(self, items: list[str], spec: str) -> str:
        most = int(spec.rstrip(";/ ") or len(items))
        shown, more = items[:most], len(items) - most
        if spec.endswith(("/", " ")):
            rest = [sentence("list.more", {"count": more}, self.spoken)] if more > 0 else []
            return ("\n" if spec.endswith("/") else " ").join([*shown, *rest])
        return ("; " if spec.endswith(";") else ", ").join([*shown, *(["..."] if more > 0 else [])])
