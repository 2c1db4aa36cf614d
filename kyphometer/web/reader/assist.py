"""Help from the image: marks of a draft moved onto rim corners, everything else left as it is."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import KyphometerError, RequestError
from kyphometer.reading.document import reading_to_dict
from kyphometer.reading.facing import derive_facing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kyphometer.endplates import RefinedVertebra
    from kyphometer.film import Film
    from kyphometer.geometry import Facing
    from kyphometer.reading import Reading, Vertebra
    from kyphometer.web.reader.service import Answer

CORNERS = ("anterior", "posterior")
MAX_TARGETS = 120


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be moved: a vertebra, one of its endplates, or one corner."""

    level: Level
    side: EndplateSide | None = None
    corner: str | None = None

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


def targets_in(value: Any) -> list[Target]:
    """The targets that a request names.

    Raises
    ------
    RequestError
        If they are none.
    """
    if not isinstance(value, list) or len(value) > MAX_TARGETS:
        raise RequestError("The member 'targets' is no list of targets", "name levels to refine")
    return [_target(item) for item in value]


def _target(item: Any) -> Target:
    if not isinstance(item, dict) or not isinstance(item.get("level"), str):
        raise RequestError("A target has no level", "give each target its level")
    side, corner = item.get("endplate"), item.get("corner")
    if side not in (None, "superior", "inferior") or corner not in (None, *CORNERS):
        problem = "A target names an endplate or corner that does not exist"
        raise RequestError(problem, "use superior or inferior, anterior or posterior")
    return Target(Level.parse(item["level"]), side and EndplateSide(side), corner)


def assisted(
    document: Mapping[str, Any],
    reading: Reading,
    film: Film,
    header_facing: Facing | None,
    targets: Sequence[Target],
) -> Answer:
    """The document with the targets moved, what was moved, and what was left and why.

    Raises
    ------
    FacingError
        If nothing tells where anterior is.
    """
    from kyphometer.endplates import refine

    facing = derive_facing(reading, film.geometry, header=header_facing)
    answer: Answer = {"document": deepcopy(dict(document)), "moved": [], "refused": []}
    for level, marks in _by_level(targets).items():
        vertebra = reading.vertebrae.get(level)
        if vertebra is None:
            reason = f"{level}: it has no endplate with both corners yet."
            answer["refused"].append({"level": level.value, "endplate": None, "reason": reason})
            continue
        refined = refine(film, vertebra, facing=facing, targets=marks)
        _put(answer, vertebra, refined, reading)
    return answer


def _by_level(targets: Sequence[Target]) -> dict[Level, set[tuple[EndplateSide, str]]]:
    found: dict[Level, set[tuple[EndplateSide, str]]] = {}
    for target in targets:
        found.setdefault(target.level, set()).update(target.marks)
    return found


def _put(answer: Answer, before: Vertebra, refined: RefinedVertebra, reading: Reading) -> None:
    """Write the moved corners of one vertebra into the answer's document."""
    after = refined.vertebra
    written = reading_to_dict(reading.with_vertebra(after))["vertebrae"][after.level.value]
    entry = answer["document"]["vertebrae"][after.level.value]
    for side, plate in after.endplates.items():
        known = before.endplate(side)
        for corner in CORNERS:
            old, new = getattr(known, corner), getattr(plate, corner)
            entry[side.value][corner] = written[side.value][corner]
            if old.xy != new.xy:
                answer["moved"].append(
                    {
                        "level": after.level.value,
                        "endplate": side.value,
                        "corner": corner,
                        "from": list(old.xy),
                        "to": list(new.xy),
                        "note": new.note,
                    }
                )
    answer["refused"] += [
        {
            "level": item.level.value,
            "endplate": None if item.endplate is None else item.endplate.value,
            "reason": item.message,
        }
        for item in refined.refusals
    ]
