"""Signed angles between lines of a reading, with their uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

from kyphometer.anatomy import EndplateSide, Level, levels_apart
from kyphometer.errors import DegenerateLineError, MissingEndplateError, NoFracturedLevelError
from kyphometer.geometry import NULL_LENGTH, Facing, Point, signed_angle_deg
from kyphometer.measure.definitions import AngleDefinition, Line, LinePart
from kyphometer.measure.levels import Fracture, fractures, intact_neighbour
from kyphometer.measure.model import Measurement
from kyphometer.measure.uncertainty import (
    CornerNoise,
    angle_uncertainty_deg,
    direction_variance_rad2,
)
from kyphometer.messages import Word
from kyphometer.reading import Landmark, Reading

_SIDES = {LinePart.SUPERIOR: EndplateSide.SUPERIOR, LinePart.INFERIOR: EndplateSide.INFERIOR}


@dataclass(frozen=True, slots=True)
class ResolvedLine:
    """A line of a reading.

    Attributes
    ----------
    level, part
        Which line it is.
    vector
        Posterior to anterior for endplates; for a posterior wall the wall from superior to
        inferior, turned by a quarter so that it too points anteriorly. Square units.
    variance_rad2
        Variance of its direction.
    ends
        Its end points in image coordinates, posterior (or superior) first.
    """

    level: Level
    part: LinePart
    vector: tuple[float, float]
    variance_rad2: float
    ends: tuple[Point, Point]

    @property
    def name(self) -> str:
        """For documents, for example `L1.superior`."""
        return f"{self.level}.{self.part.value}"

    @property
    def short(self) -> str:
        """For labels, for example `L1 sup`."""
        return f"{self.level} {self.part.short}"


def resolve_line(
    reading: Reading,
    level: Level,
    part: LinePart,
    facing: Facing,
    noise: CornerNoise,
    measurement: str = "This angle",
) -> ResolvedLine:
    """A line of a marked vertebra in square units, with the variance of its direction.

    Raises
    ------
    MissingEndplateError
        If an endplate it needs was not marked; the reason is given if one was noted.
    DegenerateLineError
        If its two points are in one place.
    """
    if part is LinePart.POSTERIOR_WALL:
        first = _corner(reading, level, EndplateSide.SUPERIOR, measurement)
        second = _corner(reading, level, EndplateSide.INFERIOR, measurement)
    else:
        plate = reading.endplate(level, _SIDES[part])
        if plate is None:
            raise _missing(reading, level, _SIDES[part], measurement)
        first, second = plate.posterior, plate.anterior
    sx, sy = noise.scale
    dx, dy = (second.xy.x - first.xy.x) * sx, (second.xy.y - first.xy.y) * sy
    if math.hypot(dx, dy) < NULL_LENGTH:
        raise DegenerateLineError(part.named(level))
    variance = direction_variance_rad2((dx, dy), noise.of(first), noise.of(second))
    if part is LinePart.POSTERIOR_WALL:
        # Down the wall, turned towards anterior: right of "down" is image left, and vice versa.
        dx, dy = (dy * facing.sign, -dx * facing.sign)
    return ResolvedLine(level, part, (dx, dy), variance, (first.xy, second.xy))


def _corner(reading: Reading, level: Level, side: EndplateSide, measurement: str) -> Landmark:
    plate = reading.endplate(level, side)
    if plate is None:
        raise _missing(reading, level, side, measurement)
    return plate.posterior


def _missing(
    reading: Reading, level: Level, side: EndplateSide, measurement: str
) -> MissingEndplateError:
    for item in reading.not_measurable:
        if item.level is level and item.endplate is side:
            return MissingEndplateError(
                "endplate_not_measurable",
                measurement=measurement,
                level=level,
                side=Word(f"word.{side}"),
                reason=item.reason or Word("word.no_reason"),
            )
    return MissingEndplateError(
        "endplate_missing", measurement=measurement, level=level, side=Word(f"word.{side}")
    )


def angle_between(upper: ResolvedLine, lower: ResolvedLine, facing: Facing) -> tuple[float, float]:
    """Signed angle between two lines and its standard uncertainty, both in degrees.

    Kyphosis positive. The corners of the two lines are taken as independent.
    """
    value = signed_angle_deg(upper.vector, lower.vector, facing)
    return value, angle_uncertainty_deg(upper.variance_rad2, lower.variance_rad2)


def measure_angle(
    reading: Reading,
    definition: AngleDefinition,
    facing: Facing,
    noise: CornerNoise,
    *,
    fracture: Fracture | None = None,
    allow_next_intact: bool = False,
) -> Measurement:
    """One angle of a reading.

    Parameters
    ----------
    reading
        The reading.
    definition
        Which angle.
    facing
        Where anterior lies.
    noise
        Uncertainty of the landmarks.
    fracture
        The fracture it is taken around; needed if the definition counts from one.
    allow_next_intact
        Use the next intact level where a neighbour is fractured or not marked.

    Raises
    ------
    NoFracturedLevelError, MissingEndplateError, FracturedNeighbourError, DegenerateLineError
        If it cannot be measured; the sentence says why.
    """
    lines = []
    for line in (definition.upper, definition.lower):
        level = _level(reading, definition, line, fracture, allow_next=allow_next_intact)
        lines.append(resolve_line(reading, level, line.part, facing, noise, definition.code))
    upper, lower = lines
    value, uncertainty = angle_between(upper, lower, facing)
    return Measurement(
        code=definition.code,
        label=f"{_title(definition)} ({upper.short} - {lower.short})",
        value=value,
        unit="deg",
        standard_uncertainty=uncertainty,
        definition=definition.text,
        upper=upper.name,
        lower=lower.name,
        levels=tuple(dict.fromkeys((upper.level, lower.level))),
        lines=(upper.ends, lower.ends),
        note=_note(reading, definition, fracture, upper.level, lower.level),
    )


def _title(definition: AngleDefinition) -> str:
    return "angle" if "." in definition.code else definition.code


def _level(
    reading: Reading,
    definition: AngleDefinition,
    line: Line,
    fracture: Fracture | None,
    *,
    allow_next: bool,
) -> Level:
    if line.level is not None:
        return line.level
    if fracture is None:
        raise NoFracturedLevelError(definition.code)
    if line.offset == 0:
        return fracture.cranial if line is definition.upper else fracture.caudal
    step = line.offset or 0
    return intact_neighbour(reading, fracture, step, definition.code, allow_next=allow_next)


def _note(
    reading: Reading,
    definition: AngleDefinition,
    fracture: Fracture | None,
    upper: Level,
    lower: Level,
) -> str:
    """Say so if other than the nearest neighbours of one fractured level were used."""
    if fracture is None or not definition.around_fracture:
        return ""
    marked = {*reading.vertebrae, *reading.fractured_levels}
    skipped = [
        level
        for line, level in ((definition.upper, upper), (definition.lower, lower))
        if line.offset and _distance(marked, fracture, level, line.offset) > 1
    ]
    notes = []
    if len(fracture.levels) > 1:
        notes.append("taken around the block " + "-".join(map(str, fracture.levels)))
    if skipped:
        notes.append(f"next intact level used: {', '.join(map(str, skipped))}")
    return "; ".join(notes)


def _distance(marked: set[Level], fracture: Fracture, level: Level, step: int) -> int:
    edge = fracture.cranial if step < 0 else fracture.caudal
    return abs(levels_apart(edge, level, marked))


def measure_named(
    reading: Reading,
    definition: AngleDefinition,
    facing: Facing,
    noise: CornerNoise,
    *,
    allow_next_intact: bool = False,
) -> list[Measurement]:
    """An angle around every fracture of the reading, or the one between fixed levels.

    Vertebral angles (both lines on the fractured level) are given for each fractured level; the
    others once for each block of contiguous fractured levels if the next intact level is allowed.

    Raises
    ------
    NoFracturedLevelError, MissingEndplateError, FracturedNeighbourError, DegenerateLineError
        If one of them cannot be measured.
    """
    if not definition.around_fracture:
        return [measure_angle(reading, definition, facing, noise)]
    own = definition.upper.offset == definition.lower.offset == 0
    found = fractures(reading, join=allow_next_intact and not own)
    if not found:
        raise NoFracturedLevelError(definition.code)
    return [
        measure_angle(
            reading,
            definition,
            facing,
            noise,
            fracture=fracture,
            allow_next_intact=allow_next_intact,
        )
        for fracture in found
    ]
