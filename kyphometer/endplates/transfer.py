"""One vertebra from film to film: seen on both, carried as a rigid body or plate by plate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kyphometer.anatomy import EndplateSide
from kyphometer.endplates.carried import CarriedVertebra, NotCarried
from kyphometer.endplates.corners import ROWS
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.guards import Limits
from kyphometer.endplates.register import (
    profile_turns_deg,
    rigid_turn_deg,
    shape_difference,
)
from kyphometer.geometry import Point
from kyphometer.reading import Endplate, Landmark, MarkSource, Vertebra

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kyphometer.endplates.estimate import Estimate
    from kyphometer.endplates.sight import Sight

    Array = NDArray[np.float64]

SAME_SHAPE = 0.030
"""A body whose corners fit within this (body depths, RMS) on both films is the same body."""
MOST_GROWTH = 0.20
"""A body that is larger or smaller by more than this part is another body."""
RIGID_SHARE, RIGID_SHARED = 0.66, 0.9
"""A rigid body: SD of a line's turn over that of both its sights, and the lines' correlation."""
PLATE_SHARE, PLATE_SHARED = 0.95, 0.3
"""The same for the endplates of a body that changed its shape."""
COMMON_DEG = 1.2
"""What makes a line more uncertain than this on both films is mostly there on both, and cancels.

These five were measured on simulated visits (`benchmarks/carry_over.py`, other seeds).
"""


def transfer(
    vertebra: Vertebra, seen: Sight, found: Sight, *, intact: bool
) -> CarriedVertebra | NotCarried:
    """Propose a vertebra on the next film.

    Parameters
    ----------
    vertebra
        As it was read on the previous film.
    seen, found
        What the network sees of it on the previous and on the next film.
    intact
        False if it is fractured: then it is not expected to keep its shape.
    """
    level = vertebra.level
    objection = _objection(seen, found)
    if objection:
        return NotCarried(level=level, message=f"{level}: {objection}.")
    local = seen.canonical(seen.own), found.canonical(found.own)
    rigid = intact and shape_difference(*local) < SAME_SHAPE
    marks = _rigid_marks(seen, found, *local) if rigid else _plate_marks(seen, found)
    return CarriedVertebra(
        vertebra=_proposed(vertebra, marks, found.found),
        rigid=rigid,
        line_change_sd_deg=_change_sd(seen.found, found.found, rigid=rigid),
        shared=RIGID_SHARED if rigid else PLATE_SHARED,
    )


def _objection(seen: Sight, found: Sight) -> str:
    """Why a vertebra cannot be proposed, or nothing."""
    limit = Limits().line_sd_deg
    expected = VertebraFrame.of_corners(found.corners, found.factors, found.facing.sign)
    growth = found.found.frame.depth / expected.depth
    unsure = float(found.found.line_sd_deg.max())
    checks = (
        (not found.inside_film, "its rim would lie outside the film"),
        (unsure > limit, f"its endplates would be uncertain by {unsure:.1f} degrees"),
        (bool(found.found.on_metal.any()), "a corner would lie on metal"),
        (abs(growth - 1) > MOST_GROWTH, "what was found has another size"),
        (
            float(seen.found.line_sd_deg.max()) > limit,
            "its endplates are not clear on the previous film",
        ),
    )
    return next((text for fails, text in checks if fails), "")


def _rigid_marks(seen: Sight, found: Sight, own: Array, there: Array) -> Array:
    """The reader's corners, moved as the body moved."""
    angle = np.radians(rigid_turn_deg(own, there))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    p, q = own - own.mean(axis=0), there - there.mean(axis=0)
    scale = float(np.hypot(*q.T).sum() / np.hypot(*p.T).sum())
    marks = seen.canonical(seen.corners) - own.mean(axis=0)
    return found.canonical(there.mean(axis=0) + scale * marks @ turn.T)


def _plate_marks(seen: Sight, found: Sight) -> Array:
    """Each endplate where it is found, with the reader's way of placing it."""
    frame = found.found.frame
    habit = seen.found.frame.from_square(seen.corners) - seen.found.corners
    marks = frame.to_square(found.found.corners + habit)
    turns = profile_turns_deg(
        (seen.window, seen.found.frame, seen.found.corners),
        (found.window, frame, found.found.corners),
    )
    for rows, turn in zip(ROWS.values(), turns, strict=True):
        pair = list(rows)
        marks[pair] = _turned(marks[pair], -found.facing.sign * float(turn))
    return marks


def _turned(pair: Array, degrees: float) -> Array:
    """Two corners turned about their middle, positive from image x to image y."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = pair.mean(axis=0)
    turned: Array = middle + (pair - middle) @ turn.T
    return turned


def _change_sd(seen: Estimate, found: Estimate, *, rigid: bool) -> tuple[float, float]:
    """SD of how far each line turned."""
    both = np.hypot(seen.line_sd_deg, found.line_sd_deg)
    share = PLATE_SHARE
    if rigid:
        share, both = RIGID_SHARE, np.full(2, np.sqrt((both**2).mean()))
    own = share * both / np.hypot(1.0, both / COMMON_DEG)
    return (float(own[0]), float(own[1]))


def _proposed(vertebra: Vertebra, marks: Array, found: Estimate) -> Vertebra:
    """Marks as a vertebra with source `carried`."""
    pixels = marks / found.frame.factors
    plates = {}
    for side, rows in ROWS.items():
        corners = [
            Landmark(
                xy=Point(float(pixels[row, 0]), float(pixels[row, 1])),
                covariance=_covariance(found, row),
                source=MarkSource.CARRIED,
                method=found.method,
            )
            for row in rows
        ]
        plates[side] = Endplate(anterior=corners[0], posterior=corners[1])
    return Vertebra(
        level=vertebra.level,
        superior=plates[EndplateSide.SUPERIOR],
        inferior=plates[EndplateSide.INFERIOR],
    )


def _covariance(found: Estimate, row: int) -> tuple[tuple[float, float], tuple[float, float]]:
    (a, b), (_, d) = found.frame.covariance_to_pixels(found.covariances[row])
    return ((float(a), float(b)), (float(b), float(d)))
