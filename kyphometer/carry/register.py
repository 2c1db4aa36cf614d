"""How an endplate that changed its shape's frame turned: its profiles on both films laid over.

Where a fractured body was reduced its endplates turned against each other. The profiles across each
endplate share the anatomy on both films where corners of their own could not.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.crop import Window
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.metal import lies_on, metal_mask
from kyphometer.endplates.paths import sub_sample, tukey_fit
from kyphometer.endplates.strips import COLUMNS, REACH, ROWS, along, sample_strips, strip_points

Array = NDArray[np.float64]
Image = NDArray[np.float32]

PIXELS = 160
"""Side of the crop that profiles are read from, in pixels."""
DEPTHS = 2.0
"""Side of that crop in body depths."""
SHIFT = 9
"""Furthest shift of a profile that is tried, in its samples (0.07 body depths)."""
SHIFT_COST = 0.004
"""Cost of a shift by one sample, in correlation; grows with the square of the shift."""
SMOOTH_ALONG, SMOOTH_ACROSS = 1.5, 2.5
"""SD of the smoothing of profiles, in profiles and in their samples."""
BELIEVED_TURN_DEG = 1.0
"""The larger a turn against what the corners say, the less it is believed; SD of that."""
PROFILE_SHARE = 0.5
"""Weight of the profiles' turn against that of the corners, where it is believed."""


def profile_turns_deg(
    before: tuple[Window, VertebraFrame, Array], after: tuple[Window, VertebraFrame, Array]
) -> Array:
    """How far both endplates' profiles are turned against what the corners say.

    Each profile across an endplate of the next film is shifted until it correlates best with the
    one at the same place of the previous film; a redescending line through the shifts is the turn.

    Parameters
    ----------
    before, after
        A film's window, the vertebra's frame and its corners (in the frame) there.

    Returns
    -------
    turns_deg
        Superior and inferior, positive from the frame's x towards its y, as far as they are to be
        believed; shape (2,).
    """
    slopes_before, free_before = _profiles(*before)
    slopes_after, free_after = _profiles(*after)
    shift, likeness = _shifts(slopes_before, slopes_after)
    t = 2 * along() - 1
    on_plate = (np.abs(t) <= 1.05) & free_before & free_after
    weights = np.where(on_plate, np.clip(likeness, 0.0, 1.0) ** 2, 0.0) + 1e-6
    basis = np.stack((np.ones_like(t), t), axis=1)
    fits, _, _ = tukey_fit(basis, shift, weights)
    turns: Array = np.degrees(2 * fits[:, 1]) * np.array([-1.0, 1.0])
    belief = np.exp(-((np.abs(turns).max() / BELIEVED_TURN_DEG) ** 2) / 2)
    believed: Array = PROFILE_SHARE * belief * turns
    return believed


def _profiles(
    window: Window, frame: VertebraFrame, corners: Array
) -> tuple[Image, NDArray[np.bool_]]:
    """Slopes along the profiles of both endplates, and which profiles are free of metal."""
    crop = window.crop(frame, PIXELS, DEPTHS)
    strips = sample_strips(crop, DEPTHS, corners)[:2]
    smooth = [
        cv2.GaussianBlur(s, (0, 0), sigmaX=SMOOTH_ALONG, sigmaY=SMOOTH_ACROSS) for s in strips
    ]
    points = strip_points(corners)[:2].reshape(-1, 2)
    metal = lies_on(metal_mask(crop), DEPTHS, points).reshape(2, ROWS, COLUMNS)
    slopes: Image = np.asarray(np.gradient(np.array(smooth), axis=1), dtype=np.float32)
    return slopes, np.logical_not(np.any(metal, axis=1))


def _shifts(before: Image, after: Image) -> tuple[Array, Array]:
    """Shift of each profile out of the body in body depths, and its correlation; (2, COLUMNS)."""
    core = _centred(before[:, SHIFT : ROWS - SHIFT])
    tried = range(-SHIFT, SHIFT + 1)
    moved = [_centred(after[:, SHIFT + k : ROWS - SHIFT + k]) for k in tried]
    likeness = np.stack([(core * other).sum(axis=1) for other in moved], axis=1)
    cost = SHIFT_COST * np.arange(-SHIFT, SHIFT + 1) ** 2
    best = np.clip((likeness - cost[None, :, None]).argmax(axis=1), 1, 2 * SHIFT - 1)
    top = np.take_along_axis(likeness, best[:, None, :], axis=1)[:, 0]
    samples = sub_sample(likeness.astype(np.float32), best) - SHIFT
    return samples * (2 * REACH / (ROWS - 1)), top.astype(np.float64)


def _centred(profiles: Image) -> Image:
    """Profiles less their mean, of unit length, shape (2, samples, COLUMNS)."""
    rest = profiles - profiles.mean(axis=1, keepdims=True)
    unit: Image = rest / (np.sqrt((rest**2).sum(axis=1, keepdims=True)) + 1e-6)
    return unit
