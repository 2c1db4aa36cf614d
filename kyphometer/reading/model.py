"""A reading: the endplates that one observer marked on one film at one time.

Knows no file format (see `document`) and judges no geometry (see `checks`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import LandmarkError
from kyphometer.film import FilmReference
from kyphometer.geometry import Facing, Point
from kyphometer.reading.agreed import Consensus
from kyphometer.reading.carried import CarriedBody
from kyphometer.reading.scale import KnownSize

Covariance = tuple[tuple[float, float], tuple[float, float]]


class MarkSource(StrEnum):
    """How a landmark came to be where it is."""

    HAND = "hand"
    """Placed by the observer."""
    REFINED = "refined"
    """Placed by the observer, then moved by the image (`raw` keeps the observer's)."""
    CARRIED = "carried"
    """Carried over from a previous visit's film."""
    DETECTED = "detected"
    """Proposed from the image alone."""
    TRUTH = "truth"
    """Known exactly, on a simulated film."""


class CornerRule(StrEnum):
    """Which point of the rim was marked as the corner (science.md#where-the-line-goes)."""

    RIM_CHORD = "rim_chord"
    """Rim corners of the main body; mid-line between double contours; osteophytes left out."""
    MAIN_FRAGMENT = "main_fragment"
    """Corners of the main fragment where a rim fragment has sheared off."""
    OUTER_CONTOUR = "outer_contour"
    """Corners of the outermost visible contour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark:
    """A marked point.

    Attributes
    ----------
    xy
        Position in pixels from the film's outer top-left corner.
    covariance
        2 x 2 covariance of (x, y) in square pixels, or None if only the stated corner SD is known.
    source
        How it came to be there.
    raw
        Where the observer clicked before the image moved it, or None if it was not moved.
    method
        Name and version of the assist that moved or proposed it, or None.
    note
        What the assist has to say, for example that two methods disagree; empty if nothing.
    """

    xy: Point
    covariance: Covariance | None = None
    source: MarkSource = MarkSource.HAND
    raw: Point | None = None
    method: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        for point in (self.xy, self.raw):
            if point is not None and not (math.isfinite(point[0]) and math.isfinite(point[1])):
                raise LandmarkError("landmark_position")
        if self.covariance is not None:
            _check_covariance(self.covariance)


def _check_covariance(covariance: Covariance) -> None:
    """Refuse what is no covariance: not finite, not symmetric or not positive semi-definite."""
    (a, b), (c, d) = covariance
    finite = all(math.isfinite(value) for value in (a, b, c, d))
    tolerance = 1e-9 * max(abs(a), abs(d), 1e-12)
    if not finite or a < 0 or d < 0 or abs(b - c) > tolerance or a * d - b * b < -(tolerance**2):
        raise LandmarkError("landmark_covariance", covariance=str(covariance))


@dataclass(frozen=True, slots=True, kw_only=True)
class Endplate:
    """The rim corners of an endplate and, if marked, the middle of its floor.

    The middle serves heights, biconcavity and depression, never the angle.
    """

    anterior: Landmark
    posterior: Landmark
    middle: Landmark | None = None

    @property
    def vector(self) -> tuple[float, float]:
        """From posterior to anterior corner, in pixels."""
        a, p = self.anterior.xy, self.posterior.xy
        return (a.x - p.x, a.y - p.y)

    @property
    def centre(self) -> Point:
        """Half way between the corners."""
        a, p = self.anterior.xy, self.posterior.xy
        return Point((a.x + p.x) / 2, (a.y + p.y) / 2)

    @property
    def landmarks(self) -> dict[str, Landmark]:
        """The marked points by name: anterior, middle (if marked), posterior."""
        found = {"anterior": self.anterior, "middle": self.middle, "posterior": self.posterior}
        return {name: mark for name, mark in found.items() if mark is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertebra:
    """One level and those of its endplates that were marked."""

    level: Level
    superior: Endplate | None = None
    inferior: Endplate | None = None

    def endplate(self, side: EndplateSide) -> Endplate | None:
        """The endplate of that side, or None if it was not marked."""
        return self.superior if side is EndplateSide.SUPERIOR else self.inferior

    @property
    def endplates(self) -> dict[EndplateSide, Endplate]:
        """The marked endplates, superior first."""
        found = {EndplateSide.SUPERIOR: self.superior, EndplateSide.INFERIOR: self.inferior}
        return {side: plate for side, plate in found.items() if plate is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasurable:
    """An endplate that the observer could not mark, with the reason."""

    level: Level
    endplate: EndplateSide
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one observer marked on one film at one time.

    Attributes
    ----------
    film
        The film it was made on.
    vertebrae
        Marked vertebrae by level, cranial to caudal.
    facing
        Where anterior lies, as stored by the observer; None to derive it from the marks.
    observer
        Code of the observer.
    session
        Code of the reading session, or None outside of one.
    created
        When it was made (aware of its time zone).
    software
        Program and version that wrote it.
    fractured_levels
        Fractured levels, cranial to caudal.
    corner_rule
        Which point of the rim was marked.
    not_measurable
        Endplates that could not be marked, with reasons.
    comment
        Free text.
    carried_over
        What is known about the change of vertebrae that were carried over from another film, by
        level. It stays when marks are moved; `kyphometer.followup.carried` tells where it holds.
    consensus
        Of which readings it was made, if a further reader adjudicated them; None otherwise.
    known_size
        An object of known size on the film, which its millimetres rest on; None for those of the
        film.
    next_intact
        The observer chose that the next intact level be used where a neighbour of the fracture is
        fractured or not marked.
    """

    film: FilmReference
    vertebrae: Mapping[Level, Vertebra]
    facing: Facing | None = None
    observer: str | None = None
    session: str | None = None
    created: datetime | None = None
    software: str | None = None
    fractured_levels: tuple[Level, ...] = ()
    corner_rule: CornerRule = CornerRule.RIM_CHORD
    not_measurable: tuple[NotMeasurable, ...] = ()
    comment: str = ""
    carried_over: Mapping[Level, CarriedBody] = field(default_factory=dict)
    consensus: Consensus | None = None
    known_size: KnownSize | None = None
    next_intact: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)
    """Members of the document that this version does not know; kept when it is written again."""

    def __post_init__(self) -> None:
        ordered = dict(sorted(self.vertebrae.items(), key=lambda item: item[0].order))
        object.__setattr__(self, "vertebrae", ordered)
        object.__setattr__(
            self, "fractured_levels", tuple(sorted(set(self.fractured_levels), key=_order))
        )

    @property
    def levels(self) -> tuple[Level, ...]:
        """Marked levels, cranial to caudal."""
        return tuple(self.vertebrae)

    def endplate(self, level: Level, side: EndplateSide) -> Endplate | None:
        """A marked endplate, or None."""
        vertebra = self.vertebrae.get(level)
        return None if vertebra is None else vertebra.endplate(side)

    def endplates(self) -> Iterator[tuple[Level, EndplateSide, Endplate]]:
        """Every marked endplate, cranial to caudal."""
        for level, vertebra in self.vertebrae.items():
            for side, plate in vertebra.endplates.items():
                yield level, side, plate

    def landmarks(self) -> Iterator[tuple[Level, EndplateSide, str, Landmark]]:
        """Every marked point: level, endplate, name (anterior, middle, posterior), landmark."""
        for level, side, plate in self.endplates():
            for name, mark in plate.landmarks.items():
                yield level, side, name, mark

    def with_vertebra(self, vertebra: Vertebra) -> Reading:
        """The same reading with that vertebra put in or replaced."""
        return replace(self, vertebrae={**self.vertebrae, vertebra.level: vertebra})


def _order(level: Level) -> int:
    return level.order


LandmarkName = Literal["anterior", "middle", "posterior"]
