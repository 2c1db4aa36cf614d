"""What a refinement gives back: the moved marks, their uncertainty, and every refusal with why."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.reading import Reading, Vertebra


class RefusalReason(StrEnum):
    """Why a click was kept instead of moved."""

    OUTSIDE = "outside"
    """Too little of the body is on the film."""
    NO_BODY = "no_body"
    """Not a body with two endplates, which is all the assist has learned."""
    FACING = "facing"
    """The marks contradict the stated facing, or are crossed."""
    POLARITY = "polarity"
    """Bone is darker than its surroundings here: the film's polarity contradicts its header."""
    FLAT = "flat"
    """There is no edge to be seen along the endplate."""
    TOO_FAR = "too_far"
    """A corner would move further than the limit."""
    UNCERTAIN = "uncertain"
    """The endplate's direction would be too uncertain."""
    NEIGHBOUR = "neighbour"
    """What was found looks like the neighbour's endplate."""
    METAL = "metal"
    """A corner would lie on metal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A click that was kept.

    Attributes
    ----------
    level, endplate
        Where; `endplate` is None if it holds for the whole vertebra.
    reason
        The kind.
    message
        One sentence for the reader.
    """

    level: Level
    endplate: EndplateSide | None
    reason: RefusalReason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinedVertebra:
    """A vertebra after refinement.

    Attributes
    ----------
    vertebra
        Accepted endplates with source `refined`, a covariance, the raw click, method and note;
        refused ones as they were, with a note that says why.
    line_sd_deg
        Standard uncertainty of the direction of each accepted endplate.
    moved_px
        How far each accepted endplate's anterior and posterior corner moved, in pixels.
    refusals
        What was kept, and why.
    method
        Name and version of the refiner.
    uncertain
        Moved endplates that the reader should look at, and why: their interval is wide.
    off_chance
        Of moved endplates, how likely a corner is off by more than 3 mm, from 0 to 1; empty where
        the refiner cannot say.
    metal
        Part of the body's inside that is metal or cement; None if nobody looked.
    """

    vertebra: Vertebra
    line_sd_deg: Mapping[EndplateSide, float]
    moved_px: Mapping[EndplateSide, tuple[float, float]]
    refusals: tuple[Refusal, ...]
    method: str
    uncertain: Mapping[EndplateSide, str] = field(default_factory=dict)
    off_chance: Mapping[EndplateSide, float] = field(default_factory=dict)
    metal: float | None = None

    @property
    def level(self) -> Level:
        """Its level."""
        return self.vertebra.level

    @property
    def wedge_sd_deg(self) -> float | None:
        """Standard uncertainty of the angle between its endplates (VKA); None unless both moved.

        The same that anyone propagates from the corners' covariances.
        """
        return math.hypot(*self.line_sd_deg.values()) if len(self.line_sd_deg) == 2 else None

    @property
    def accepted(self) -> tuple[EndplateSide, ...]:
        """Endplates that were moved, superior first."""
        return tuple(self.line_sd_deg)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinedReading:
    """A reading after refinement.

    Attributes
    ----------
    reading
        The reading with every vertebra as refined.
    vertebrae
        What happened to each vertebra that was tried, cranial to caudal.
    """

    reading: Reading
    vertebrae: tuple[RefinedVertebra, ...] = field(default=())

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Every click that was kept, cranial to caudal."""
        return tuple(refusal for vertebra in self.vertebrae for refusal in vertebra.refusals)
