"""Measurements in the words of the task's language: their names and what they are taken between."""

from __future__ import annotations

import re

from kyphometer.measure.model import Measurement
from kyphometer.messages import LANGUAGES, catalogue, language, sentence

_LEVELS = re.compile(r"(?P<upper>\S+) on (?P<lower>\S+)")


def measured_name(item: Measurement) -> str:
    """What a measurement is: its definition without the version, in the language of the task."""
    code = "pair" if "." in item.code else item.code
    key = f"measured.{code}"
    if key in catalogue(language()):
        return sentence(key, {})
    return item.definition.partition(" (version")[0]


def measured_definition(item: Measurement) -> str:
    """The definition: in English with its version, in other languages what it says in words."""
    return item.definition if language() == LANGUAGES[0] else measured_name(item)


def measured_label(item: Measurement) -> str:
    """The label of a measurement, `VKA (L1 sup - L1 inf)`, in the language of the task."""
    title, _, rest = item.label.partition(" (")
    title = sentence("measured.angle", {}) if title == "angle" else title
    if item.upper is not None and item.lower is not None:
        return f"{title} ({_line(item.upper)} - {_line(item.lower)})"
    what = rest.removesuffix(")")
    if found := _LEVELS.fullmatch(what):
        what = sentence("measured.on", found.groupdict())
    place, comma, kind = what.rpartition(", ")
    if comma and f"measured.{kind}" in catalogue(language()):
        what = f"{place}, {sentence(f'measured.{kind}', {})}"
    return f"{title} ({what})" if what else title


def measured_pair(upper: str, lower: str) -> str:
    """Two lines of vertebrae, `L1.superior` and `L1.inferior`, short."""
    return f"{_line(upper)} - {_line(lower)}"


def _line(name: str) -> str:
    level, _, part = name.partition(".")
    return sentence(f"measured.{part}", {"level": level})
