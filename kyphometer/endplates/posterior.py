"""Where the image leaves an endplate uncertain, the reader's click still says something.

A click is a measurement of its own: 1.5 mm per axis and corner, so about 4 degrees for a line.
Where the network is surer than that by far, its answer stands. Where it is not, both are joined as
independent measurements of the line's direction and of its height; the less the image shows, the
nearer the answer stays to the click, and its interval is hardly ever wider than the click's.

How wide an interval must be and how much an answer is worth are two questions. What the image says
is stated with the SD that covers 95 % of the errors in the hardest world; most errors are smaller
than that, so it is weighed with a part of it (`WEIGHED_PART`). The SD of what is joined counts the
stated one in full.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kyphometer.endplates.calibration import corner_covariances
from kyphometer.endplates.corners import line_lengths
from kyphometer.endplates.estimate import Estimate

Array = NDArray[np.float64]

CLICK_DEPTHS = 0.048
"""SD of a click per axis and corner, body depths (1.5 mm of 31)."""


WEIGHED_PART = 1 / 1.5
"""The stated SD of what the image shows, when it is weighed against the click, times this.

Chosen on the films that size the intervals (`docs/endplates.md`).
"""


def joined(found: Estimate, clicks: Array, sure_sd_deg: float) -> Estimate:
    """What image and click say together of endplates that the image alone leaves uncertain.

    Parameters
    ----------
    found
        What the network found.
    clicks
        Where the corners were clicked, square units, shape (4, 2).
    sure_sd_deg
        SD of a line up to which the image alone is believed.
    """
    local = found.frame.from_square(clicks)
    corners, line_sd = found.corners.copy(), found.line_sd_deg.copy()
    lengths = line_lengths(corners)
    sd = np.sqrt(np.diagonal(found.covariances, axis1=1, axis2=2)).copy()
    for plate in np.flatnonzero(found.line_sd_deg > sure_sd_deg):
        rows = slice(2 * plate, 2 * plate + 2)
        corners[rows], line_sd[plate], sd[rows, 0] = _joined_line(
            corners[rows], local[rows], float(line_sd[plate]), sd[rows]
        )
    covariances = corner_covariances(sd, line_sd, lengths)
    certain = found.line_sd_deg <= sure_sd_deg
    kept = np.repeat(certain, 2)
    covariances[kept] = found.covariances[kept]
    return replace(found, corners=corners, line_sd_deg=line_sd, covariances=covariances)


def _joined_line(
    seen: Array, clicked: Array, line_sd_deg: float, corner_sd: Array
) -> tuple[Array, float, Array]:
    """Two corners, the SD of their line, and their SD along it, from image and click."""
    along = seen[1] - seen[0]
    length = float(np.hypot(*along))
    along = along / length
    across = np.array([-along[1], along[0]])
    away = clicked - seen
    turn, height = _split(away @ across, length)
    turned_sd, click_sd = np.radians(line_sd_deg), np.sqrt(2) * CLICK_DEPTHS / length
    height_sd = np.hypot(*corner_sd[:, 1]) / 2
    turned = _weight(turned_sd, click_sd)
    turn *= float(turned)
    height *= float(_weight(height_sd, CLICK_DEPTHS / np.sqrt(2)))
    moved = _weight(corner_sd[:, 0], CLICK_DEPTHS)
    offset = height + turn * length * np.array([-0.5, 0.5])
    corners = seen + offset[:, None] * across + ((away @ along) * moved)[:, None] * along
    line_sd = np.degrees(_joined_sd(turned_sd, click_sd, turned))
    return corners, float(line_sd), _joined_sd(corner_sd[:, 0], CLICK_DEPTHS, moved)


def _split(across: Array, length: float) -> tuple[float, float]:
    """Turn (radians) and height of a line that passes two corners so far away."""
    return float(across[1] - across[0]) / length, float(across.mean())


def _weight(seen_sd: ArrayLike, click_sd: ArrayLike) -> Array:
    """Weight of the click."""
    seen = np.square(WEIGHED_PART * np.asarray(seen_sd))
    share: Array = seen / (seen + np.square(click_sd))
    return share


def _joined_sd(seen_sd: ArrayLike, click_sd: ArrayLike, click_weight: Array) -> Array:
    """SD of the weighed mean of two independent measurements."""
    seen, clicked = np.asarray(seen_sd), np.asarray(click_sd)
    sd: Array = np.hypot((1 - click_weight) * seen, click_weight * clicked)
    return sd
