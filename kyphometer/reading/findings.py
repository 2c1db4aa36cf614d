"""What a check says of a reading: code, severity, place, numbers; its words by the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.messages import sentence

CornerName = tuple[Level, EndplateSide, str]
"""A corner by level, endplate, and `anterior`, `middle` or `posterior`."""


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """No number may be given from these marks."""
    WARNING = "warning"
    """Possible, but rare: look again."""


class FindingCode(StrEnum):
    """What a finding says, for programs."""

    OUTSIDE_FILM = "outside_film"
    CORNERS_COINCIDE = "corners_coincide"
    ENDPLATE_SHORT = "endplate_short"
    ENDPLATE_LONG = "endplate_long"
    MIDDLE_MISPLACED = "middle_misplaced"
    ENDPLATES_CROSS = "endplates_cross"
    ENDPLATES_OPPOSED = "endplates_opposed"
    ENDPLATES_UNLIKE = "endplates_unlike"
    ENDPLATES_SWAPPED = "endplates_swapped"
    HEIGHT_UNLIKELY = "height_unlikely"
    WEDGE_UNLIKELY = "wedge_unlikely"
    LEVELS_SWAPPED = "levels_swapped"
    NEIGHBOURS_CROSS = "neighbours_cross"
    NEIGHBOURS_APART = "neighbours_apart"
    NEIGHBOURS_CLOSE = "neighbours_close"
    NEIGHBOURS_UNLIKE = "neighbours_unlike"
    NEXT_INTACT = "next_intact"
    """A level stands in for a neighbour of the fracture; found by `measure_reading`."""
    FACING = "facing"
    """Where anterior is cannot be told, or is contradicted; found by `derive_facing`."""


class Unit(StrEnum):
    """Unit of a finding's value and limit."""

    MM = "mm"
    PX = "px"
    DEG = "deg"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFacts:
    """The numbers behind a finding; None where its code has none.

    Attributes
    ----------
    value, limit, unit
        What was found, the limit that it passes, and the unit of both.
    count
        Levels between two marked ones.
    x, y
        A point in pixels.
    columns, rows
        Size of the film in pixels.
    """

    value: float | None = None
    limit: float | None = None
    unit: Unit | None = None
    count: int | None = None
    x: float | None = None
    y: float | None = None
    columns: int | None = None
    rows: int | None = None


NO_FACTS = FindingFacts()

_OF_PLATE = (
    FindingCode.CORNERS_COINCIDE,
    FindingCode.ENDPLATE_SHORT,
    FindingCode.ENDPLATE_LONG,
    FindingCode.MIDDLE_MISPLACED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about the marks that is impossible or improbable.

    Its words come from the catalogue (`kyphometer.messages`), in the language of the task.

    Attributes
    ----------
    code
        What it is, for programs.
    severity
        Error (no number from these marks) or warning.
    levels
        Levels concerned, cranial first.
    corners
        Corners to look at, each as level, endplate and `anterior`, `middle` or `posterior`.
    facts
        The numbers behind it.
    """

    code: FindingCode
    severity: Severity
    levels: tuple[Level, ...] = ()
    corners: tuple[CornerName, ...] = ()
    facts: FindingFacts = NO_FACTS

    @property
    def where(self) -> str:
        """Which vertebra, endplate or corner, in words."""
        return self._where(None)

    @property
    def message(self) -> str:
        """What is wrong."""
        return sentence(f"finding.{self.code}", self._words(None))

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return sentence(f"finding.{self.code}.remedy", {})

    def sentence(self, language: str | None = None) -> str:
        """Where, what and what to do, in a language; None takes that of the task."""
        words = {
            "where": self._where(language),
            "message": sentence(f"finding.{self.code}", self._words(language), language),
            "remedy": sentence(f"finding.{self.code}.remedy", {}, language),
        }
        return sentence("finding", words, language)

    def __str__(self) -> str:
        return self.sentence()

    def _words(self, language: str | None) -> dict[str, object]:
        facts = self.facts
        words: dict[str, object] = {item.name: getattr(facts, item.name) for item in fields(facts)}
        if facts.unit in {Unit.MM, Unit.PX}:
            words["unit"] = sentence(f"unit.{facts.unit}", {}, language)
        return {**words, **_ends(self.levels)}

    def _where(self, language: str | None) -> str:
        if self.code is FindingCode.OUTSIDE_FILM and self.corners:
            return place(self.levels, self.corners[:1], language)
        if self.code in _OF_PLATE and self.corners:
            return place_of_plate(self.corners[0], language)
        return place(self.levels, (), language)


def place_of_plate(corner: CornerName, language: str | None = None) -> str:
    """The endplate of a corner, in words."""
    side = sentence(f"word.{corner[1]}", {}, language)
    return sentence("place.plate", {"level": str(corner[0]), "side": side}, language)


def place(
    levels: Sequence[Level], corners: Sequence[CornerName] = (), language: str | None = None
) -> str:
    """One corner, or one or two levels, in words."""
    if corners:
        level, side, name = corners[0]
        words = {
            "level": str(level),
            "side": sentence(f"word.{side}", {}, language),
            "corner": sentence(f"word.{name}", {}, language),
        }
        return sentence("place.corner", words, language)
    if len(levels) > 1:
        return sentence("place.levels", _ends(levels), language)
    return str(levels[0]) if levels else sentence("place.facing", {}, language)


def _ends(levels: Sequence[Level]) -> dict[str, str]:
    return {"upper": str(levels[0]), "lower": str(levels[-1])} if levels else {}
