"""Marks by name, as files of other programs hold them: level, endplate and corner in one label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import MarksFileError, UnknownLevelError
from kyphometer.film import FilmReference
from kyphometer.geometry import Facing, Point
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra

CORNERS = ("anterior", "middle", "posterior")
POINT_NAMES = tuple(f"{side}_{corner}" for side in EndplateSide for corner in CORNERS)
"""Names of the six points of a vertebra, in the order in which they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedFilm:
    """A reading with the name under which other programs know its film."""

    name: str
    reading: Reading


def points_of(reading: Reading) -> dict[Level, dict[str, Point]]:
    """Marked points of each vertebra, by name."""
    found: dict[Level, dict[str, Point]] = {level: {} for level in reading.levels}
    for level, side, corner, mark in reading.landmarks():
        found[level][f"{side}_{corner}"] = mark.xy
    return found


def reading_of(
    points: Mapping[Level, Mapping[str, Point]], film: FilmReference, name: str, **facts: object
) -> Reading:
    """A reading of points by name; endplates that lack a corner are left out.

    Raises
    ------
    MarksFileError
        If no endplate has both corners.
    """
    vertebrae = {}
    for level, own in points.items():
        superior, inferior = (_endplate(own, side) for side in EndplateSide)
        if superior is not None or inferior is not None:
            vertebrae[level] = Vertebra(level=level, superior=superior, inferior=inferior)
    if not vertebrae:
        raise MarksFileError("marks_no_endplate", name=name)
    return Reading(film=film, vertebrae=vertebrae, **facts)  # type: ignore[arg-type]


def _endplate(points: Mapping[str, Point], side: EndplateSide) -> Endplate | None:
    anterior, middle, posterior = (points.get(f"{side}_{corner}") for corner in CORNERS)
    if anterior is None or posterior is None:
        return None
    return Endplate(
        anterior=Landmark(xy=anterior),
        posterior=Landmark(xy=posterior),
        middle=None if middle is None else Landmark(xy=middle),
    )


_WORDS = re.compile(r"[A-Za-z]+\d*")
_SHORT = {
    "sup": "superior", "upper": "superior", "inf": "inferior", "lower": "inferior",
    "ant": "anterior", "mid": "middle", "post": "posterior", "pos": "posterior",
}  # fmt: skip


def place_of(label: str) -> tuple[Level, str] | None:
    """Level and point that a label such as `T12 superior anterior` names, or None.

    >>> place_of("L1_sup_post")
    (<Level.L1: 'L1'>, 'superior_posterior')
    """
    level, side, corner = None, None, None
    for word in _WORDS.findall(label):
        plain = _SHORT.get(word.lower(), word.lower())
        if plain in {"superior", "inferior"}:
            side = plain
        elif plain in CORNERS:
            corner = plain
        else:
            level = level or level_of(word)
    if level is None or side is None or corner is None:
        return None
    return level, f"{side}_{corner}"


def level_of(word: str) -> Level | None:
    """The level of a name, or None if it is none."""
    try:
        return Level.parse(word)
    except UnknownLevelError:
        return None


def facing_of(text: object) -> Facing | None:
    """A stored facing, None where there is none."""
    return Facing(text) if text in {side.value for side in Facing} else None


def levels_of(names: object) -> tuple[Level, ...]:
    """Levels of a list of names; what is none is left out."""
    words = names if isinstance(names, list | tuple) else ()
    return tuple(filter(None, map(level_of, map(str, words))))


def number(value: object, name: str, member: str) -> float:
    """A finite number.

    Raises
    ------
    MarksFileError
        If it is none; `member` says where.
    """
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = float("nan")
    if not abs(found) < 1e7:
        raise MarksFileError("marks_no_member", name=name, member=member)
    return found


def whole(value: object, name: str, member: str) -> int:
    """A positive whole number.

    Raises
    ------
    MarksFileError
        If it is none; `member` says where.
    """
    found = number(value, name, member)
    if found < 1 or found != int(found):
        raise MarksFileError("marks_no_member", name=name, member=member)
    return int(found)
