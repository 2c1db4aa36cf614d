"""One vertebra from film to film: the reader's corners, moved as the body's corners moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide
from kyphometer.carry.carried import CarriedVertebra, NotCarried
from kyphometer.carry.change_model import BodyChange, TurnUncertainty, change_model
from kyphometer.carry.register import profile_turns_deg
from kyphometer.carry.sight import Sight
from kyphometer.endplates.corners import ROWS
from kyphometer.endplates.crop import CROP_DEPTHS
from kyphometer.endplates.estimate import Estimate
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.geometry import Point
from kyphometer.reading import Covariance, Endplate, Landmark, MarkSource, Vertebra

Array = NDArray[np.float64]

LEAST_ODDS = -1.0
"""A body whose logarithm of the odds of being the same is less does not belong there."""
MOST_LINE_SD_DEG = 6.0
"""A line that is less sure than this where it was found is no endplate."""
MOST_DISAGREEMENT = 0.35
"""Corners that the networks place further apart than this part of a depth are not believed."""
OUTSIDE = "rim_outside"
"""Key of a reason, see `NotCarried`."""
MOST_CHANGE_SD_DEG = 3.0
"""A body whose endplates may have turned by more than this unnoticed is not proposed."""
MOST_GROWTH = 0.20
"""A body that is larger or smaller by more than this part is another body."""


def transfer(
    vertebra: Vertebra,
    seen: Sight,
    found: Sight,
    change: BodyChange | None,
    *,
    intact: bool,
    flanked: bool = False,
) -> CarriedVertebra | NotCarried:
    """Propose a vertebra on the next film.

    Parameters
    ----------
    vertebra
        As it was read on the previous film.
    seen, found
        What the network sees of it on the previous and on the next film.
    change
        What the network of changes says of both; None if the body leaves the film.
    intact
        False if it is fractured: then its endplates may have turned against each other, and their
        profiles say by how much.
    flanked
        True if both its neighbours are surely the same bodies, so that it is, too.
    """
    level = vertebra.level
    objection = _objection(found)
    if objection or change is None:
        return NotCarried(level=level, reason=objection or OUTSIDE)
    if change.log_odds < LEAST_ODDS and not flanked:
        return NotCarried(level=level, reason="other_body")
    known = change_model().sized(change, intact=intact)
    unsure = max(known.line_sd_deg)
    if unsure > MOST_CHANGE_SD_DEG:
        return NotCarried(level=level, reason="turn_unsure", facts={"sd_deg": unsure})
    marks = _moved(seen, found, change, profiles=not intact)
    if _disagreement(seen, found, marks) > MOST_DISAGREEMENT:
        return NotCarried(level=level, reason="networks_differ")
    turned = _wedge_deg(found.found.frame.from_square(marks)) - _wedge_deg(
        seen.found.frame.from_square(seen.corners)
    )
    known = change_model().beyond_its_world(known, turned, intact=intact)
    return CarriedVertebra(
        vertebra=_proposed(vertebra, marks, seen.found, found.found, known),
        line_change_sd_deg=known.line_sd_deg,
        shared=known.shared,
    )


def _objection(found: Sight) -> str:
    """Key of the reason why a vertebra cannot be proposed, or nothing."""
    expected = VertebraFrame.of_corners(found.corners, found.factors, found.facing.sign)
    another = has_another_size(found.found.frame.depth, expected.depth)
    checks = (
        (not found.inside_film, OUTSIDE),
        (
            float(found.found.line_sd_deg.max()) > MOST_LINE_SD_DEG,
            "nothing_there",
        ),
        (bool(found.found.on_metal.any()), "on_metal"),
        (another, "other_size"),
    )
    return next((text for fails, text in checks if fails), "")


def _disagreement(seen: Sight, found: Sight, marks: Array) -> float:
    """How differently the two networks place the body, largest corner, in body depths."""
    habit = seen.found.frame.from_square(seen.corners) - seen.found.corners
    now = found.found.frame.from_square(marks) - found.found.corners
    return float(np.hypot(*(now - habit).T).max())


def has_another_size(depth: float, expected: float) -> bool:
    """Whether a body of this depth cannot be the one that was expected, in the same units."""
    return abs(depth / expected - 1) > MOST_GROWTH


def _moved(seen: Sight, found: Sight, change: BodyChange, *, profiles: bool) -> Array:
    """The corners on the next film in square units, with the reader's way of placing them."""
    before, after = (corners * (CROP_DEPTHS / 2) for corners in (change.before, change.after))
    frames = seen.found.frame, found.found.frame
    marks = after + frames[0].from_square(seen.corners) - before
    if profiles:
        turns = profile_turns_deg(
            (seen.window, frames[0], before), (found.window, frames[1], after)
        )
        for rows, turn in zip(ROWS.values(), turns, strict=True):
            marks[list(rows)] = _turned(marks[list(rows)], float(turn))
    return frames[1].to_square(marks)


def _wedge_deg(corners: Array) -> float:
    """Angle between the endplates of four corners in a body's frame."""
    upper, lower = (corners[list(rows)] for rows in ROWS.values())
    (ax, ay), (bx, by) = upper[1] - upper[0], lower[1] - lower[0]
    return float(np.degrees(np.arctan2(ax * by - ay * bx, ax * bx + ay * by)))


def _turned(pair: Array, degrees: float) -> Array:
    """Two corners turned about their middle, positive from the frame's x towards its y."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = pair.mean(axis=0)
    turned: Array = middle + (pair - middle) @ turn.T
    return turned


def _proposed(
    vertebra: Vertebra, marks: Array, seen: Estimate, found: Estimate, known: TurnUncertainty
) -> Vertebra:
    """Marks as a vertebra with source `carried`."""
    pixels = marks / found.frame.factors
    method = f"{found.method}, {change_model().method}"
    plates = {}
    for (side, rows), turn_sd in zip(ROWS.items(), known.line_sd_deg, strict=True):
        earlier = vertebra.endplate(side)
        if earlier is None:
            continue
        corners = [
            Landmark(
                xy=Point(float(pixels[row, 0]), float(pixels[row, 1])),
                covariance=_covariance(mark, row, seen, found, turn_sd),
                source=MarkSource.CARRIED,
                method=method,
            )
            for mark, row in zip((earlier.anterior, earlier.posterior), rows, strict=True)
        ]
        plates[side] = Endplate(anterior=corners[0], posterior=corners[1])
    return Vertebra(
        level=vertebra.level,
        superior=plates.get(EndplateSide.SUPERIOR),
        inferior=plates.get(EndplateSide.INFERIOR),
    )


def _covariance(
    earlier: Landmark, row: int, seen: Estimate, found: Estimate, turn_sd_deg: float
) -> Covariance | None:
    """Of a carried corner: the earlier mark's own, which came along, and that of the change.

    None if the earlier mark has none: then it counts as the hand-placed mark that it repeats.
    """
    if earlier.covariance is None and earlier.source is not MarkSource.TRUTH:
        return None
    own = np.zeros((2, 2))
    if earlier.covariance is not None:
        own = seen.frame.covariance_from_pixels(np.array(earlier.covariance))
    moved = found.covariances[row].copy()
    moved[1, 1] *= (turn_sd_deg / float(found.line_sd_deg[row // 2])) ** 2
    (a, b), (_, d) = found.frame.covariance_to_pixels(own + moved)
    return ((float(a), float(b)), (float(b), float(d)))
