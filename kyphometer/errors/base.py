"""The root of the error tree: a code, facts, and the sentence that the catalogue makes of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from numbers import Integral
from typing import Any, ClassVar

from kyphometer.messages import Spoken, Word, catalogue, sentence

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROLS_OF_LISTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class KyphometerError(Exception):
    """Base of every error that Kyphometer raises on purpose.

    Control characters, which names from files may hold, are shown escaped: a sentence stays one
    line and cannot steer a terminal.

    Parameters
    ----------
    code
        What is wrong, for programs: the key of its sentence in `kyphometer.messages`. Left out by
        classes that say one thing only: theirs is the class's name.
    **facts
        What the sentence is told, by name.
    """

    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 400
    is_list: ClassVar[bool] = False
    """True for errors that are a list of problems, a line each."""
    frame: ClassVar[str] = ""
    """Code of a sentence around the one of the code, as its `problem`; empty if there is none."""

    def __init__(self, code: str = "", /, **facts: Any) -> None:
        worded = f"error.{code}" in catalogue("en") or not code
        self.code = code if worded and code else code_of(type(self))
        self.facts: Mapping[str, Any] = facts
        self._text = "" if worded else code  # an error whose facts are still to come
        super().__init__(self.code)

    def sentence(self, language: str | None = None) -> str:
        """What is wrong, where and what to do; None takes the language of the task."""
        controls = _CONTROLS_OF_LISTS if self.is_list else _CONTROLS
        text = self._text or sentence(f"error.{self.code}", self.facts, language)
        if self.frame:
            text = sentence(
                f"error.{self.frame}", {**self.facts, "problem": text.removesuffix(".")}, language
            )
        return controls.sub(lambda found: repr(found[0])[1:-1], text)

    def __str__(self) -> str:
        return self.sentence()

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.code, dict(self.facts), dict(vars(self)))

    def to_dict(self) -> dict[str, Any]:
        """Code and facts as plain JSON."""
        return {
            "code": self.code,
            "facts": {name: plain(fact) for name, fact in self.facts.items()},
        }


def code_of(kind: type) -> str:
    """`unknown_level` for `UnknownLevelError`."""
    return re.sub("(?<=.)(?=[A-Z])", "_", kind.__name__.removesuffix("Error")).lower()


def plain(fact: Any) -> Any:
    """A fact as JSON: errors and words by their codes, what JSON does not know as text."""
    if isinstance(fact, Word):
        code = fact.key.partition(".")[2]
        return {"code": code, "facts": plain(fact.facts)} if fact.facts else code
    if isinstance(fact, KyphometerError):
        return fact.to_dict()
    if isinstance(fact, Mapping):
        return {str(name): plain(item) for name, item in fact.items()}
    if isinstance(fact, list | tuple):
        return [plain(item) for item in fact]
    if isinstance(fact, Integral) and not isinstance(fact, bool):
        return int(fact)
    if fact is None or type(fact) in {str, bool}:
        return fact
    if isinstance(fact, float) and math.isfinite(fact):
        return float(fact)
    return fact.sentence() if isinstance(fact, Spoken) else str(fact)


def _again(
    kind: type[KyphometerError], code: str, facts: Mapping[str, Any], rest: Mapping[str, Any]
) -> KyphometerError:
    """An error as it was in another process."""
    error = kind.__new__(kind)
    KyphometerError.__init__(error, code, **facts)
    vars(error).update(rest)
    return error
