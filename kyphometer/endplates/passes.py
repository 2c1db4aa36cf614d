"""The learned refinement of one vertebra: a pass on the clicks, then passes on what was found.

Because later passes look where the first one pointed, the result hardly depends on where within its
capture range the reader clicked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kyphometer.endplates.corners import line_directions_deg, wrap_deg
from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS, network_tone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kyphometer.endplates.crop import Window
    from kyphometer.endplates.frame import VertebraFrame
    from kyphometer.endplates.model import CornerModel, Prediction

    Array = NDArray[np.float64]

LOOKS = ((-2.0, 0.98), (2.0, 1.03))
"""Turn in degrees and stretch of the crops of the last pass."""


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
    restless_deg
        Difference of each line between the looks of the last pass, shape (2,).
    """

    frame: VertebraFrame
    corners: Array
    corner_sd: Array
    line_sd_deg: Array
    restless_deg: Array


def refine_by_network(window: Window, frame: VertebraFrame, model: CornerModel) -> LearnedCorners:
    """Rim corners of the vertebra that a frame points at."""
    first, _ = _look(window, frame, model)
    found = frame.around(first)
    looks = [_look(window, found.turned(*look), model) for look in LOOKS]
    corners = np.mean([place for place, _ in looks], axis=0)
    directions = line_directions_deg(np.stack([place for place, _ in looks]))
    spread = np.exp(np.mean([np.log(p.line_spread[0]) for _, p in looks], axis=0))
    corner_spread = np.exp(np.mean([np.log(p.corner_spread[0]) for _, p in looks], axis=0))
    return LearnedCorners(
        frame=frame.around(corners),
        corners=corners,
        corner_sd=np.sqrt(2.0) * corner_spread * (CROP_DEPTHS / 2),
        line_sd_deg=np.degrees(np.sqrt(2.0) * spread),
        restless_deg=np.abs(wrap_deg(directions[0] - directions[-1])),
    )


def _look(window: Window, frame: VertebraFrame, model: CornerModel) -> tuple[Array, Prediction]:
    """Corners in square units that one crop shows, and all that the network says of it."""
    crop = window.crop(frame, CROP_PIXELS, CROP_DEPTHS)
    said = model.predict(network_tone(crop)[None])
    return frame.to_square(said.corners[0] * (CROP_DEPTHS / 2)), said
