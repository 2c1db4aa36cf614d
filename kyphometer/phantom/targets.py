"""Films with a wanted VKA and RKA: the fracture and its discs are bent until truth has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import UnreachableAngleError
from kyphometer.geometry import Facing, signed_angle_deg
from kyphometer.phantom.beam import Beam
from kyphometer.phantom.body import BodyShape
from kyphometer.phantom.column import PlacedVertebra, Stance, place_column
from kyphometer.phantom.landmarks import endplate_points_mm
from kyphometer.phantom.patient import Disc

_TOLERANCE_DEG = 1e-6
_MAX_STEPS = 60
_LEAST_HEIGHT = 0.12
"""Least anterior height of a body, in parts of its posterior height."""

Bodies = dict[Level, "BodyShape"]
Discs = dict[Level, Disc]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAngles:
    """Angles that truth should have on the film.

    Attributes
    ----------
    vka_deg
        From the superior to the inferior endplate of the fractured level, kyphosis positive; None
        to leave it as it is.
    rka_deg
        From the superior endplate of the level above to the inferior endplate of the level below;
        None to leave it.
    """

    vka_deg: float | None = None
    rka_deg: float | None = None


def film_angle_deg(
    column: tuple[PlacedVertebra, ...],
    beam: Beam,
    upper: tuple[Level, EndplateSide],
    lower: tuple[Level, EndplateSide],
) -> float:
    """Angle between two endplates as truth has it on the film, kyphosis positive."""
    by_level = {placed.level: placed for placed in column}
    vectors = []
    for level, side in (upper, lower):
        anterior, _, posterior = endplate_points_mm(by_level[level], side, beam)
        x, y = (anterior - posterior).tolist()
        vectors.append((x, y))
    return signed_angle_deg(vectors[0], vectors[1], Facing.RIGHT)


def bend_to(
    bodies: Mapping[Level, BodyShape],
    discs: Mapping[Level, Disc],
    stance: Stance,
    beam: Beam,
    fractured: Level,
    targets: TargetAngles,
) -> tuple[Bodies, Discs]:
    """Bodies and discs whose column has the wanted angles on the film, to 1e-6 degrees.

    VKA is reached by the slopes of the fractured body's endplates (three quarters at the superior
    one), RKA by the two discs beside it.

    Raises
    ------
    UnreachableAngleError
        If the fractured body would have to be thinner anteriorly than bone can be.
    """
    shapes, spaces = dict(bodies), dict(discs)
    levels = list(shapes)
    at = levels.index(fractured)
    above, below = levels[at - 1], levels[at + 1]
    for _ in range(_MAX_STEPS):
        column = place_column(shapes, spaces, stance)
        vka = film_angle_deg(
            column, beam, (fractured, EndplateSide.SUPERIOR), (fractured, EndplateSide.INFERIOR)
        )
        rka = film_angle_deg(
            column, beam, (above, EndplateSide.SUPERIOR), (below, EndplateSide.INFERIOR)
        )
        wedge = 0.0 if targets.vka_deg is None else targets.vka_deg - vka
        region = 0.0 if targets.rka_deg is None else targets.rka_deg - rka - wedge
        if abs(wedge) < _TOLERANCE_DEG and abs(region) < _TOLERANCE_DEG:
            return shapes, spaces
        shapes[fractured] = _wedged(shapes[fractured], wedge)
        for level in (above, fractured):
            disc = spaces[level]
            spaces[level] = replace(disc, angle_deg=disc.angle_deg + region / 2)
    raise UnreachableAngleError(str(fractured), targets.vka_deg, targets.rka_deg)


def _wedged(body: BodyShape, more_deg: float) -> BodyShape:
    """A body with its wedge angle changed, its posterior height kept."""
    bent = replace(
        body,
        superior=replace(body.superior, slope_deg=body.superior.slope_deg + 0.75 * more_deg),
        inferior=replace(body.inferior, slope_deg=body.inferior.slope_deg + 0.25 * more_deg),
    )
    if bent.anterior_height_mm < _LEAST_HEIGHT * bent.height_mm:
        raise UnreachableAngleError(str(body.level), bent.wedge_deg, None)
    return bent
