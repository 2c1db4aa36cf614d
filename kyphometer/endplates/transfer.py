"""One vertebra from film to film: seen on both, carried as a rigid body or plate by plate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kyphometer.anatomy import EndplateSide
from kyphometer.endplates.carried import CarriedVertebra, NotCarried
from kyphometer.endplates.change_model import BodyChange, change_model
from kyphometer.endplates.corners import ROWS
from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS, network_tone
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.guards import Limits
from kyphometer.endplates.register import rigid_turn_deg, shape_difference
from kyphometer.geometry import Point
from kyphometer.reading import Endplate, Landmark, MarkSource, Vertebra

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kyphometer.endplates.estimate import Estimate
    from kyphometer.endplates.sight import Sight
    from kyphometer.reading import Covariance

    Array = NDArray[np.float64]

SAME_SHAPE = 0.030
"""A body whose corners fit within this (body depths, RMS) on both films is the same body."""
MOST_GROWTH = 0.20
"""A body that is larger or smaller by more than this part is another body."""


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
    change = _compared(seen, found)
    before, after = _placed(seen, change.before), _placed(found, change.after)
    local = seen.canonical(before), found.canonical(after)
    rigid = intact and shape_difference(*local) < SAME_SHAPE
    marks = _rigid_marks(seen, found, *local) if rigid else _plate_marks(seen, found, before, after)
    first, second = change.turn_sd_deg.tolist()
    return CarriedVertebra(
        vertebra=_proposed(vertebra, marks, seen.found, found.found, change),
        rigid=rigid,
        line_change_sd_deg=(first, second),
        shared=change.shared,
    )


def _compared(seen: Sight, found: Sight) -> BodyChange:
    """What the network of changes says of the body's crops on both films."""
    before, after = (
        network_tone(sight.window.crop(sight.found.frame, CROP_PIXELS, CROP_DEPTHS))
        for sight in (seen, found)
    )
    return change_model().compare(before, after)


def _placed(sight: Sight, corners: Array) -> Array:
    """Corners of a crop in square units."""
    return sight.found.frame.to_square(corners * (CROP_DEPTHS / 2))


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


def _plate_marks(seen: Sight, found: Sight, before: Array, after: Array) -> Array:
    """Each endplate where it is found, with the reader's way of placing it."""
    habit = seen.found.frame.from_square(seen.corners) - seen.found.frame.from_square(before)
    return found.found.frame.to_square(found.found.frame.from_square(after) + habit)


def _proposed(
    vertebra: Vertebra, marks: Array, seen: Estimate, found: Estimate, change: BodyChange
) -> Vertebra:
    """Marks as a vertebra with source `carried`."""
    pixels = marks / found.frame.factors
    method = f"{found.method}, {change_model().method}"
    plates = {}
    for (side, rows), turn_sd in zip(ROWS.items(), change.turn_sd_deg, strict=True):
        earlier = vertebra.endplates[side]
        corners = [
            Landmark(
                xy=Point(float(pixels[row, 0]), float(pixels[row, 1])),
                covariance=_covariance(mark, row, seen, found, float(turn_sd)),
                source=MarkSource.CARRIED,
                method=method,
            )
            for mark, row in zip((earlier.anterior, earlier.posterior), rows, strict=True)
        ]
        plates[side] = Endplate(anterior=corners[0], posterior=corners[1])
    return Vertebra(
        level=vertebra.level,
        superior=plates[EndplateSide.SUPERIOR],
        inferior=plates[EndplateSide.INFERIOR],
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
