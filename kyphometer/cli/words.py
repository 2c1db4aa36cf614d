"""What the command line says to people, in the language of the task; data for programs stay.

Sentences stand in the catalogue as `cli.*`, headings of tables and names of facts as `head.*`,
words that are data elsewhere (a visit, a position, a state) as `value.*`.
"""

from __future__ import annotations

import sys
from typing import Any

from kyphometer.messages import Word, catalogue, decimal_mark, language, sentence
from kyphometer.messages.decimals import with_decimal


def say(key: str, /, **facts: Any) -> str:
    """A sentence of the command line."""
    return sentence(f"cli.{key}", facts)


def word(key: str, /, **facts: Any) -> Word:
    """A part of a sentence, told in the sentence's language."""
    return Word(f"cli.{key}", facts)


def tell(key: str, /, **facts: Any) -> None:
    """Print a sentence at once."""
    print(say(key, **facts), flush=True)


def warn(key: str, /, **facts: Any) -> None:
    """Print a sentence on standard error."""
    print(say(key, **facts), file=sys.stderr, flush=True)


def heading(name: str | Word) -> str:
    """What stands over a column, or before a fact; a name that is data keeps its letters."""
    if isinstance(name, Word):
        return name.sentence()
    key = f"head.{name}"
    return sentence(key, {}) if key in catalogue(language()) else name.replace("_", " ")


def in_words(data: Any) -> str:
    """A datum in words: a visit, a position, a state; one without words as it is."""
    key = f"value.{data}"
    return sentence(key, {}) if key in catalogue(language()) else str(data)


def marked(text: str) -> str:
    """A number as text, with the decimal mark of the language."""
    return with_decimal(text, decimal_mark())
