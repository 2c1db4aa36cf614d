"""The learned refinement of one vertebra: a pass on the clicks, then passes on what was found.

Because later passes look where the one before pointed, the result hardly depends on where within
its capture range the reader clicked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS, Window, network_tone
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.model import CornerModel

Array = NDArray[np.float64]

PASSES = 4
"""Most passes."""
SETTLED = 0.02
"""No further pass once corners moved by less than this on average, in body depths (0.6 mm)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedCorners:
    """What the network found, before calibration.

    Attributes
    ----------
    frame
        The vertebra's frame from the corners found.
    corners
        In square units, shape (4, 2).
    corner_sd
        SD along and across the endplate in body depths, shape (4, 2).
    line_sd_deg
        SD of superior line, inferior line, wedge and mid line in degrees, shape (4,).
    """

    frame: VertebraFrame
    corners: Array
    corner_sd: Array
    line_sd_deg: Array


def refine_by_network(window: Window, frame: VertebraFrame, model: CornerModel) -> LearnedCorners:
    """Rim corners of the vertebra that a frame points at; at least two passes."""
    place = np.full((4, 2), np.inf)
    for _ in range(PASSES):
        crop = window.crop(frame, CROP_PIXELS, CROP_DEPTHS)
        said = model.predict(network_tone(crop)[None])
        before, place = place, frame.to_square(said.corners[0] * (CROP_DEPTHS / 2))
        frame = frame.around(place)
        moved = float(np.hypot(*(place - before).T).mean())
        if moved < SETTLED * frame.depth:
            break
    laplace = np.sqrt(2.0)
    return LearnedCorners(
        frame=frame,
        corners=place,
        corner_sd=laplace * said.corner_spread[0] * (CROP_DEPTHS / 2),
        line_sd_deg=np.degrees(laplace * said.line_spread[0]),
    )
