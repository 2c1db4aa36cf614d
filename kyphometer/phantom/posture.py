"""How local kyphosis at an osteoporotic fracture moves with posture."""

from __future__ import annotations

from kyphometer.film import Position

_UNFIXED_DEG = {
    Position.SITTING: 0.0,
    Position.STANDING: 0.0,
    Position.LATERAL_DECUBITUS: -6.4,
    Position.PRONE: -10.8,
    Position.SUPINE: -10.8,
}
"""Against sitting, in the same 15 patients: 26.2 sitting, 19.8 lateral decubitus, 15.4 supine
(science.md#posture). Standing is taken as sitting and prone as supine: assumptions."""

_FIXED = 0.15
"""Part of the motion that screws and rods leave: an assumption."""


def posture_shift_deg(position: Position, *, instrumented: bool = False) -> float:
    """Change of local kyphosis against sitting, in degrees; 0 for an unknown position.

    Examples
    --------
    >>> from kyphometer.film import Position
    >>> posture_shift_deg(Position.SUPINE)
    -10.8
    """
    shift = _UNFIXED_DEG.get(position, 0.0)
    return shift * _FIXED if instrumented else shift
