"""Where is anterior? Decided once per reading, from all marked vertebrae together.

Facing is a handedness: rotate a film and it stays, mirror it and it changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from kyphometer.anatomy import Level
from kyphometer.errors import FacingError
from kyphometer.geometry import Facing, PixelGeometry, cross
from kyphometer.messages import Word
from kyphometer.reading.model import Reading
from kyphometer.reading.square import SquareBody, square_bodies


def _down(bodies: Sequence[SquareBody], index: int) -> tuple[float, float] | None:
    """Direction from cranial to caudal at a body: its own axis, else towards its neighbours."""
    body = bodies[index]
    if body.superior is not None and body.inferior is not None:
        upper, lower = body.superior.centre, body.inferior.centre
    elif len(bodies) > 1:
        upper = bodies[max(index - 1, 0)].centre
        lower = bodies[min(index + 1, len(bodies) - 1)].centre
    else:
        return None
    return (lower.x - upper.x, lower.y - upper.y)


def _votes(bodies: Sequence[SquareBody]) -> dict[Level, Facing]:
    """What each vertebra says about facing; none where its marks do not tell."""
    votes = {}
    for index, body in enumerate(bodies):
        down = _down(bodies, index)
        if down is None:
            continue
        forward = [sum(parts) for parts in zip(*(p.vector for p in body.plates), strict=True)]
        turn = cross((forward[0], forward[1]), down)
        if turn != 0.0:
            votes[body.level] = Facing.RIGHT if turn > 0 else Facing.LEFT
    return votes


def derive_facing(
    reading: Reading,
    geometry: PixelGeometry | None = None,
    *,
    header: Facing | None = None,
    bodies: Sequence[SquareBody] | None = None,
) -> Facing:
    """Where anterior lies, from all marked vertebrae together.

    Parameters
    ----------
    reading
        The reading; its stored facing, if any, must agree with its marks.
    geometry
        Pixel geometry of its film; square pixels if None.
    header
        Facing by the film's PatientOrientation, if it has one. If the reading stores no facing of
        its own, marks that contradict the header are refused, because swapping all anterior and
        posterior corners would turn the sign of every angle.
    bodies
        `square_bodies(reading, geometry)`, if the caller has it already.

    Raises
    ------
    FacingError
        If vertebrae disagree (the sentence names them), the stored facing or the header
        contradicts the marks, or there is too little to tell.
    """
    votes = _votes(square_bodies(reading, geometry) if bodies is None else bodies)
    marked = _common_vote(votes)
    if marked is None:
        if reading.facing is not None:
            return reading.facing
        if header is not None:
            return header
        raise FacingError("facing_untold")
    if reading.facing is not None and reading.facing is not marked:
        raise FacingError(
            "facing_against_reading",
            stated=Word(f"word.{reading.facing}"),
            levels=list(votes),
            marked=Word(f"word.{marked}"),
        )
    if reading.facing is None and header is not None and header is not marked:
        raise FacingError(
            "facing_against_header",
            header=Word(f"word.{header}"),
            levels=list(votes),
            marked=Word(f"word.{marked}"),
        )
    return marked


def _common_vote(votes: dict[Level, Facing]) -> Facing | None:
    """Facing on which all vertebrae agree, or None without votes."""
    if not votes:
        return None
    right = [level for level, vote in votes.items() if vote is Facing.RIGHT]
    left = [level for level, vote in votes.items() if vote is Facing.LEFT]
    if not right or not left:
        return Facing.RIGHT if right else Facing.LEFT
    odd, even = (right, left) if len(right) < len(left) else (left, right)
    if len(odd) == len(even):
        raise FacingError("facing_halves", odd=odd, even=even)
    raise FacingError("facing_odd", odd=odd, even=even)
