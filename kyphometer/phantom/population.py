"""Population means of vertebral bodies and discs from T1 to S1.

Dimensions as in the project's ENDPLATES notes (T6 to L5: depth 25-35 mm, posterior height
18.5-27.5 mm, half-width 13.5-26 mm, disc 4-10 mm), smoothly continued to T1 and S1. Wedge and disc
angles are those of an average standing adult: kyphosis T4-T12 about 38 degrees, lordosis L1-S1
about 55 degrees, nearly none between T11 and L2.
"""

from __future__ import annotations

from dataclasses import dataclass

from kyphometer.anatomy import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelNorm:
    """Means of one level.

    Attributes
    ----------
    depth_mm, height_mm, half_width_mm
        Antero-posterior depth, posterior height and half of the lateral width of the body.
    disc_mm
        Height of the disc below at its middle.
    wedge_deg
        Angle between the endplates, kyphosis positive.
    disc_deg
        Angle of the disc below, kyphosis positive.
    """

    depth_mm: float
    height_mm: float
    half_width_mm: float
    disc_mm: float
    wedge_deg: float
    disc_deg: float


def _norm(*values: float) -> LevelNorm:
    names = ("depth_mm", "height_mm", "half_width_mm", "disc_mm", "wedge_deg", "disc_deg")
    return LevelNorm(**dict(zip(names, values, strict=True)))


NORMS: dict[Level, LevelNorm] = {
    Level.T1: _norm(17.5, 15.2, 14.5, 4.2, 1.5, -1.0),
    Level.T2: _norm(19.0, 15.9, 13.8, 3.9, 2.0, 0.0),
    Level.T3: _norm(20.5, 16.4, 13.4, 3.8, 2.6, 0.3),
    Level.T4: _norm(22.0, 17.0, 13.2, 3.8, 3.2, 0.4),
    Level.T5: _norm(23.5, 17.7, 13.3, 3.9, 3.6, 0.5),
    Level.T6: _norm(25.0, 18.5, 13.5, 4.0, 4.0, 0.5),
    Level.T7: _norm(26.3, 19.2, 14.0, 4.3, 4.2, 0.6),
    Level.T8: _norm(27.5, 20.0, 14.7, 4.6, 4.0, 0.4),
    Level.T9: _norm(28.5, 20.8, 15.5, 5.0, 3.4, 0.2),
    Level.T10: _norm(29.3, 22.0, 16.5, 5.5, 3.0, 0.0),
    Level.T11: _norm(30.0, 23.2, 18.0, 6.2, 3.2, -0.8),
    Level.T12: _norm(30.8, 24.8, 19.7, 7.2, 3.0, -2.0),
    Level.T13: _norm(31.4, 25.5, 20.2, 7.6, 2.6, -3.0),
    Level.L1: _norm(32.0, 26.2, 20.8, 8.0, 2.0, -4.0),
    Level.L2: _norm(33.0, 27.2, 21.8, 9.0, 0.5, -6.0),
    Level.L3: _norm(34.0, 27.5, 23.0, 9.8, -1.0, -8.0),
    Level.L4: _norm(34.5, 27.0, 24.5, 10.0, -2.5, -11.0),
    Level.L5: _norm(35.0, 24.8, 26.0, 9.5, -8.5, -14.0),
    Level.L6: _norm(35.0, 24.5, 26.5, 9.0, -8.5, -14.0),
    Level.S1: _norm(33.5, 27.0, 25.0, 2.0, -4.0, 0.0),
}
