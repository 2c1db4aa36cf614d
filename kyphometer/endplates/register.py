"""How a vertebra turned between two films: its shape and its picture seen twice.

An intact body is rigid, so all four corners say how far it turned, and what the two endplates would
say apart from each other is error. A fractured body changes its shape; there each endplate is
compared by its own picture (enhanced correlation), which shares the anatomy on both films where a
corner of its own could not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from kyphometer.endplates.crop import network_tone
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.metal import metal_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kyphometer.endplates.crop import Window

    Array = NDArray[np.float64]
    Image = NDArray[np.float32]

PIXELS = 128
"""Side of the pictures of an endplate."""
DEPTHS = 1.4
"""Side in body depths."""
BAND = 0.26
"""What counts of an endplate's picture reaches this far to either side, in body depths."""
LEAST_CORRELATION = 0.70
"""Pictures that correlate less are not the same endplate seen twice."""
MOST_TURN_DEG = 3.0
"""A larger turn against what the corners say is not believed."""


def rigid_turn_deg(before: Array, after: Array) -> float:
    """Turn that best takes the four corners in one frame to those in another (Procrustes).

    Parameters
    ----------
    before, after
        Corners with the same handedness, shape (4, 2).
    """
    p, q = before - before.mean(axis=0), after - after.mean(axis=0)
    sine = float((p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum())
    return float(np.degrees(np.arctan2(sine, float((p * q).sum()))))


def shape_difference(before: Array, after: Array) -> float:
    """RMS distance of corners after the best similarity, in body depths; 0 for a rigid body."""
    p, q = before - before.mean(axis=0), after - after.mean(axis=0)
    a = complex(float((p * q).sum()), float((p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum()))
    fit = a / float((p * p).sum())
    moved = (p[:, 0] + 1j * p[:, 1]) * fit
    rest = np.abs(moved - (q[:, 0] + 1j * q[:, 1]))
    depth = float(np.hypot(*(after[1] - after[0])) + np.hypot(*(after[3] - after[2]))) / 2
    return float(np.sqrt((rest**2).mean()) / depth)


def plate_frame(frame: VertebraFrame, plate: Array) -> VertebraFrame:
    """Frame of one endplate: its middle, its direction, the body's depth; corners (2, 2)."""
    along = plate[1] - plate[0]
    x = along / max(float(np.hypot(*along)), 1e-12)
    y = frame.facing_sign * np.array([x[1], -x[0]])
    return VertebraFrame(
        centre=plate.mean(axis=0),
        depth=frame.depth,
        axes=np.stack((x, y), axis=1),
        factors=frame.factors,
    )


def picture_turn_deg(
    before: tuple[Window, VertebraFrame], after: tuple[Window, VertebraFrame]
) -> float | None:
    """How far an endplate's picture is turned against what the two frames say.

    Parameters
    ----------
    before, after
        A film's window and the endplate's frame on it, as its corners there have it.

    Returns
    -------
    turn_deg
        Positive from the frame's x towards its y; None if the pictures do not match.
    """
    template = _picture(*before)
    crop = after[0].crop(after[1], PIXELS, DEPTHS)
    image = _smooth(crop)
    band = round(BAND / DEPTHS * PIXELS)
    top = PIXELS // 2 - band
    start = np.eye(2, 3, dtype=np.float32)
    start[1, 2] = top
    try:
        correlation, warp = cv2.findTransformECC(
            np.ascontiguousarray(template[top : top + 2 * band]),
            image,
            start,
            cv2.MOTION_EUCLIDEAN,
            (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 50, 1e-4),
            _without_metal(crop),
            3,
        )
    except cv2.error:
        return None
    turn = float(np.degrees(np.arctan2(warp[1, 0], warp[0, 0])))
    if correlation < LEAST_CORRELATION or abs(turn) > MOST_TURN_DEG:
        return None
    return turn


def _picture(window: Window, frame: VertebraFrame) -> Image:
    return _smooth(window.crop(frame, PIXELS, DEPTHS))


def _smooth(crop: Image) -> Image:
    local = np.ascontiguousarray(network_tone(crop)[1])
    return np.asarray(cv2.GaussianBlur(local, (0, 0), 1.0), dtype=np.float32)


def _without_metal(crop: Image) -> NDArray[np.uint8]:
    """255 where a picture may be compared."""
    metal = metal_mask(crop).astype(np.uint8)
    free = 255 - cv2.resize(metal, (PIXELS, PIXELS), interpolation=cv2.INTER_NEAREST) * 255
    return np.asarray(cv2.erode(free, np.ones((5, 5), np.uint8)), dtype=np.uint8)
