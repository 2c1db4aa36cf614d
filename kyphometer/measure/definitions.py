"""Registry of named angles: each a pair of lines, because names alone are not safe.

"Local", "segmental" and "regional" kyphosis and "sagittal index" mean several things in print
(science.md#angles). An angle here is an ordered pair of lines; its name is an alias bound to that
pair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from kyphometer.anatomy import Level
from kyphometer.errors import AmbiguousDefinitionError, UnknownDefinitionError
from kyphometer.messages import Word

VERSION = 1
"""Version of the definitions; raised whenever a definition changes its meaning."""


class LinePart(Enum):
    """Which line of a vertebra."""

    SUPERIOR = "superior"
    INFERIOR = "inferior"
    POSTERIOR_WALL = "posterior_wall"

    @property
    def short(self) -> str:
        """Abbreviation for labels."""
        return {"superior": "sup", "inferior": "inf"}.get(self.value, "posterior wall")

    def named(self, level: Level) -> Word:
        """The line of a vertebra, to begin a sentence."""
        if self is LinePart.POSTERIOR_WALL:
            return Word("line.wall", {"level": level})
        return Word("line.plate", {"level": level, "side": Word(f"word.{self.value}")})


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a vertebra that is named (`level`) or counted from the fracture (`offset`).

    Attributes
    ----------
    part
        Which line.
    level
        The level, for angles between fixed levels.
    offset
        -1 for the intact level cranial of the fracture, 0 for the fractured level, +1 for the
        intact level caudal of it.
    """

    part: LinePart
    level: Level | None = None
    offset: int | None = None

    def __str__(self) -> str:
        place = str(self.level) if self.level else {-1: "F-1", 0: "F", 1: "F+1"}[self.offset or 0]
        return f"{place}.{self.part.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AngleDefinition:
    """A named angle.

    Attributes
    ----------
    code
        Short name.
    name
        Full name.
    upper, lower
        The cranial and the caudal line.
    aliases
        Other names for exactly this pair.
    version
        Raised when the meaning changes.
    """

    code: str
    name: str
    upper: Line
    lower: Line
    aliases: tuple[str, ...] = ()
    version: int = VERSION

    @property
    def around_fracture(self) -> bool:
        """True if its levels are counted from the fractured one."""
        return self.upper.offset is not None

    @property
    def text(self) -> str:
        """In words, with its version."""
        return f"{self.name}: {self.upper} to {self.lower} (version {self.version})"


def _around(upper: tuple[int, LinePart], lower: tuple[int, LinePart]) -> tuple[Line, Line]:
    return Line(upper[1], offset=upper[0]), Line(lower[1], offset=lower[0])


def _fixed(upper: Level, lower: Level, lower_part: LinePart) -> tuple[Line, Line]:
    return Line(LinePart.SUPERIOR, level=upper), Line(lower_part, level=lower)


_SUP, _INF, _WALL = LinePart.SUPERIOR, LinePart.INFERIOR, LinePart.POSTERIOR_WALL


def _define(
    code: str, name: str, pair: tuple[Line, Line], aliases: tuple[str, ...] = ()
) -> AngleDefinition:
    return AngleDefinition(code=code, name=name, upper=pair[0], lower=pair[1], aliases=aliases)


_ALL = (
    _define(
        "VKA",
        "vertebral kyphosis angle",
        _around((0, _SUP), (0, _INF)),
        ("vertebral wedge angle", "VWA", "body angle"),
    ),
    _define(
        "RKA",
        "regional kyphosis angle",
        _around((-1, _SUP), (1, _INF)),
        ("bisegmental Cobb angle", "Grund-Deckplatten-Winkel"),
    ),
    _define(
        "GA",
        "Gardner angle, monosegmental Cobb angle over the cranial disc",
        _around((-1, _SUP), (0, _INF)),
        ("Gardner", "monosegmental cranial", "MONO_CRANIAL"),
    ),
    _define(
        "MONO_CAUDAL",
        "monosegmental Cobb angle over the caudal disc",
        _around((0, _SUP), (1, _INF)),
        ("monosegmental caudal",),
    ),
    _define(
        "ADJ",
        "angle between the adjacent endplates",
        _around((-1, _INF), (1, _SUP)),
        ("adjacent endplates",),
    ),
    _define(
        "PTA",
        "posterior tangent angle",
        _around((-1, _WALL), (1, _WALL)),
        ("posterior tangent", "Harrison posterior tangent", "back wall angle"),
    ),
    _define("T4_T12", "thoracic kyphosis T4-T12", _fixed(Level.T4, Level.T12, _INF)),
    _define("T5_T12", "thoracic kyphosis T5-T12", _fixed(Level.T5, Level.T12, _INF)),
    _define("T10_L2", "thoracolumbar kyphosis T10-L2", _fixed(Level.T10, Level.L2, _INF)),
    _define("T11_L2", "thoracolumbar kyphosis T11-L2", _fixed(Level.T11, Level.L2, _INF)),
    _define("T12_L2", "thoracolumbar kyphosis T12-L2", _fixed(Level.T12, Level.L2, _INF)),
    _define("L1_S1", "lumbar lordosis L1-S1", _fixed(Level.L1, Level.S1, _SUP)),
)

ANGLES: Mapping[str, AngleDefinition] = MappingProxyType({item.code: item for item in _ALL})
"""Named angles by code."""

_AMBIGUOUS = MappingProxyType(
    {
        "lk": "F.superior-F.inferior, F-1.superior-F.inferior or F-1.superior-F+1.superior",
        "local kyphosis": "F.superior-F.inferior or F-1.superior-F.inferior",
        "segmental kyphosis": "F-1.superior-F.inferior or F-1.superior-F+1.inferior",
        "si": "a segment angle minus a baseline, or a ratio of heights",
        "sagittal index": "a segment angle minus a baseline, or a ratio of heights",
        "tk": "T4_T12 or T5_T12",
        "thoracic kyphosis": "T4_T12 or T5_T12",
        "tlk": "T10_L2, T11_L2 or T12_L2",
        "thoracolumbar kyphosis": "T10_L2, T11_L2 or T12_L2",
    }
)

_PAIR = re.compile(
    r"\s*(?P<upper>F[-−]1|F\+1|F|[A-Za-z]+\d+)[.\s](?P<upper_part>\w+)\s*[-–−:]\s*"
    r"(?P<lower>F[-−]1|F\+1|F|[A-Za-z]+\d+)[.\s](?P<lower_part>\w+)\s*"
)
_PARTS = MappingProxyType(
    {
        "superior": _SUP,
        "sup": _SUP,
        "inferior": _INF,
        "inf": _INF,
        "posterior_wall": _WALL,
        "wall": _WALL,
    }
)


def angle_definition(name: str) -> AngleDefinition:
    """Definition of a named angle, or of a pair such as `T12.superior-L2.inferior`.

    Levels may be counted from the fracture: `F-1.sup-F+1.inf` is RKA. Names and parts are not case
    sensitive.

    Raises
    ------
    AmbiguousDefinitionError
        If the name means several pairs in print, such as "local kyphosis".
    UnknownDefinitionError
        If it is no name, no alias and no pair.
    UnknownLevelError
        If a pair names a level that does not exist.

    Examples
    --------
    >>> angle_definition("rka").text
    'regional kyphosis angle: F-1.superior to F+1.inferior (version 1)'
    >>> str(angle_definition("T12.sup-L2.inf").lower)
    'L2.inferior'
    """
    wanted = name.strip().casefold()
    for definition in _ALL:
        names = (definition.code, definition.name, *definition.aliases)
        dashed = definition.code.replace("_", "-")
        if wanted in {item.casefold() for item in (*names, dashed)}:
            return definition
    if wanted in _AMBIGUOUS:
        raise AmbiguousDefinitionError(name, _AMBIGUOUS[wanted])
    match = _PAIR.fullmatch(name)
    parts = match and [_PARTS.get(match[f"{end}_part"].casefold()) for end in ("upper", "lower")]
    if match is None or parts is None or None in parts:
        raise UnknownDefinitionError(name, ", ".join(ANGLES))
    upper, lower = (
        _line(match[end], part)
        for end, part in zip(("upper", "lower"), parts, strict=True)
        if part is not None
    )
    return _pair_definition(name, upper, lower)


def _line(place: str, part: LinePart) -> Line:
    offsets = {"F": 0, "F-1": -1, "F−1": -1, "F+1": 1}
    if place.upper() in offsets:
        return Line(part, offset=offsets[place.upper()])
    return Line(part, level=Level.parse(place))


def _pair_definition(name: str, upper: Line, lower: Line) -> AngleDefinition:
    if (upper.offset is None) != (lower.offset is None):
        raise UnknownDefinitionError(name, Word("definition.both"))
    if (upper.part is _WALL) != (lower.part is _WALL):
        raise UnknownDefinitionError(name, Word("definition.parts"))
    for definition in _ALL:
        if (definition.upper, definition.lower) == (upper, lower):
            return definition
    if _place(upper) >= _place(lower):
        raise UnknownDefinitionError(name, Word("definition.order"))
    code = f"{upper}-{lower}"
    return AngleDefinition(code=code, name="angle between named lines", upper=upper, lower=lower)


def _place(line: Line) -> tuple[int, int]:
    order = line.level.order if line.level is not None else (line.offset or 0)
    return (order, {_SUP: 0, _WALL: 1, _INF: 2}[line.part])
