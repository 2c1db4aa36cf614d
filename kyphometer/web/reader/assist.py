"""Help from the image: marks of a draft moved onto rim corners, everything else left as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import KyphometerError
from kyphometer.film import Film
from kyphometer.geometry import Facing, Point
from kyphometer.reading import Landmark, Reading, Vertebra
from kyphometer.reading.facing import derive_facing
from kyphometer.web.wire import marks as wire
from kyphometer.web.wire.marks import RimCorner

if TYPE_CHECKING:
    from kyphometer.endplates import RefinedVertebra

CORNERS: tuple[RimCorner, ...] = ("anterior", "posterior")


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be moved: a vertebra, one of its endplates, or one corner."""

    level: Level
    side: EndplateSide | None = None
    corner: RimCorner | None = None

    @property
    def marks(self) -> set[tuple[EndplateSide, str]]:
        """The corners that are meant."""
        sides = tuple(EndplateSide) if self.side is None else (self.side,)
        corners = CORNERS if self.corner is None else (self.corner,)
        return {(side, corner) for side in sides for corner in corners}


@cache
def warm_up() -> None:
    """Load what helping needs, once, so that the first corner does not wait for it."""
    from kyphometer.endplates import refine  # noqa: F401
    from kyphometer.endplates.model import corner_model

    with suppress(KyphometerError):  # whoever asks for help is told
        corner_model()


def target(asked: wire.Target) -> Target:
    """The target that a request names."""
    return Target(Level.parse(asked.level), asked.endplate, asked.corner)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedCorner:
    """A corner that the image moved, and what the assist says about it."""

    level: Level
    side: EndplateSide
    corner: RimCorner
    start: Point
    end: Point
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMarks:
    """Marks that were left as they were: where, why by code, and why in words."""

    level: Level
    endplate: EndplateSide | None
    reason: str
    message: str


@dataclass(slots=True)
class Assistance:
    """What the image had to say: every mark it was asked about, what it moved, what it left."""

    marks: dict[tuple[Level, EndplateSide, RimCorner], Landmark] = field(default_factory=dict)
    moved: list[MovedCorner] = field(default_factory=list)
    kept: list[KeptMarks] = field(default_factory=list)


def assist(
    reading: Reading, film: Film, header_facing: Facing | None, targets: Sequence[Target]
) -> Assistance:
    """Move the targets to where the image shows them.

    Raises
    ------
    FacingError
        If nothing tells where anterior is.
    """
    from kyphometer.endplates import refine

    facing = derive_facing(reading, film.geometry, header=header_facing)
    found = Assistance()
    for level, marks in _by_level(targets).items():
        vertebra = reading.vertebrae.get(level)
        if vertebra is None:
            message = f"{level}: it has no endplate with both corners yet."
            kept = KeptMarks(level=level, endplate=None, reason="unmarked", message=message)
            found.kept.append(kept)
            continue
        _collect(found, vertebra, refine(film, vertebra, facing=facing, targets=marks))
    return found


def _by_level(targets: Sequence[Target]) -> dict[Level, set[tuple[EndplateSide, str]]]:
    found: dict[Level, set[tuple[EndplateSide, str]]] = {}
    for target in targets:
        found.setdefault(target.level, set()).update(target.marks)
    return found


def _collect(found: Assistance, before: Vertebra, refined: RefinedVertebra) -> None:
    """Add what happened to one vertebra."""
    level = before.level
    for side, plate in refined.vertebra.endplates.items():
        known = before.endplate(side)
        for corner in CORNERS:
            old, new = getattr(known, corner), getattr(plate, corner)
            found.marks[level, side, corner] = new
            if old.xy != new.xy:
                found.moved.append(
                    MovedCorner(
                        level=level,
                        side=side,
                        corner=corner,
                        start=old.xy,
                        end=new.xy,
                        note=new.note,
                    )
                )
    found.kept += [
        KeptMarks(
            level=item.level,
            endplate=item.endplate,
            reason=str(item.reason),
            message=item.message,
        )
        for item in refined.refusals
    ]


def with_marks(
    document: Mapping[str, Any],
    marks: Mapping[tuple[Level, EndplateSide, RimCorner], Landmark],
    written: Callable[[Landmark], dict[str, Any]],
) -> dict[str, Any]:
    """The page's document with these marks put in, everything else left as it is."""
    made = deepcopy(dict(document))
    for (level, side, corner), mark in marks.items():
        made["vertebrae"][level.value][side.value][corner] = written(mark)
    return made
