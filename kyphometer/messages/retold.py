"""English sentences that were kept as text, told in the language of the task.

Notes of marks, warnings of headers and what a study keeps are texts: a file may have been written
years ago. The catalogue has their templates (`text.*`); a text that fits one is told by it, any
other stays as it is.
"""

from __future__ import annotations

import re
import string
from functools import cache

from kyphometer.messages import LANGUAGES, catalogue, decimal_mark, language, sentence
from kyphometer.messages.decimals import with_decimal

_PREFIX = "text."
_SHAPES = {
    "number": r"[−+-]?\d[\d.,]*(?: ± \d[\d.,]*)?",
    "unit": r"(?:°| points| %|)",
}
"""What a fact may be whose name ends so (`mean_number`); any other may be any text."""


def retold(text: str) -> str:
    """A text, or several with semicolons between, in the language of the task.

    Parameters
    ----------
    text
        What was kept, in English.
    """
    if not text or language() == LANGUAGES[0]:
        return text
    whole = _told(text)
    if whole is not None:
        return whole
    return "; ".join(_told(part) or part for part in text.split("; "))


def _told(text: str) -> str | None:
    exact, patterns = _templates()
    key = exact.get(text)
    if key is not None:
        return sentence(key, {})
    for pattern, key in patterns:
        found = pattern.fullmatch(text)
        if found:
            facts = found.groupdict()
            mark = decimal_mark()
            return sentence(key, {name: _fact(name, facts[name], mark) for name in facts})
    return None


def _fact(name: str, text: str, mark: str) -> str:
    """A fact: a text within a text (`..._text`) is told too, another has the decimal mark."""
    if name.endswith(("_text", "_unit")):
        return retold(text)
    return with_decimal(text, mark)


@cache
def _templates() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Whole texts, and patterns of those with facts, the one that fixes most letters first."""
    exact: dict[str, str] = {}
    patterns: list[tuple[int, re.Pattern[str], str]] = []
    for key, template in catalogue(LANGUAGES[0]).items():
        if not key.startswith(_PREFIX):
            continue
        parts = list(string.Formatter().parse(template))
        if all(name is None for _, name, _, _ in parts):
            exact["".join(literal for literal, *_ in parts)] = key
            continue
        literals = sum(len(literal) for literal, *_ in parts)
        patterns.append((literals, re.compile(_pattern(parts), re.DOTALL), key))
    patterns.sort(key=lambda item: -item[0])
    return exact, [(pattern, key) for _, pattern, key in patterns]


def _pattern(parts: list[tuple[str, str | None, str | None, str | None]]) -> str:
    pattern, seen = "", set[str]()
    for literal, name, _, _ in parts:
        pattern += re.escape(literal)
        if name:
            shape = _SHAPES.get(name.rpartition("_")[2], ".+?")
            pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{shape})"
            seen.add(name)
    return pattern
