"""What every world gives: a picture and the bodies on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.endplates.classical import DEPTHS, PIXELS
from kyphometer.endplates.crop import cut_window
from kyphometer.endplates.evidence import plate_evidence
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.strips import sample_strips

Array = NDArray[np.float64]
Image = NDArray[np.float32]


class Region(StrEnum):
    """Parts of the spine that tables are split by."""

    UPPER = "T1-T4"
    MIDDLE = "T5-T10"
    JUNCTION = "T11-L2"
    LUMBAR = "L3-L5"

    @classmethod
    def of(cls, level: Level) -> Region:
        """The region of a level."""
        limits = ((Level.T4, cls.UPPER), (Level.T10, cls.MIDDLE), (Level.L2, cls.JUNCTION))
        for last, region in limits:
            if level.order <= last.order:
                return region
        return cls.LUMBAR


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenBody:
    """One body on a picture.

    Attributes
    ----------
    corners
        Superior anterior, superior posterior, inferior anterior, inferior posterior rim corner in
        pixels (x, y), outer edge of the first pixel 0; the mid-sagittal apex of the rounded rim.
    level
        Which body; a world without levels gives one that its size would suit.
    fractured
        Whether it has lost height.
    """

    corners: Array
    level: Level
    fractured: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A picture of part of a spine.

    Attributes
    ----------
    pixels
        Bone bright, shape (rows, columns), float32 or unsigned 16 bit.
    factors
        Millimetres a pixel along x and y.
    facing_sign
        +1 if anterior is at image right, -1 if at image left.
    bodies
        Whole bodies on it, cranial to caudal.
    world, condition
        Where it came from.
    """

    pixels: NDArray
    factors: Array
    facing_sign: int
    bodies: tuple[SeenBody, ...]
    world: str
    condition: str = ""


def visibility(scene: Scene, body: SeenBody) -> Array:
    """Contrast across the true superior and inferior line, in standard errors, shape (2,).

    The stronger of the step from outside to inside and of a bright line, as the guards of the
    package count it; 0 where the body leaves the picture.
    """
    truth = body.corners * scene.factors
    frame = VertebraFrame.of_corners(truth, scene.factors, scene.facing_sign)
    window = cut_window(scene.pixels, frame, sign=1)
    if window is None:
        return np.zeros(2)
    crop = window.crop(frame, PIXELS, DEPTHS)
    strips = sample_strips(crop, DEPTHS, frame.from_square(truth))
    return plate_evidence(strips).strength
