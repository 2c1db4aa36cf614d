"""One vertebra on one film: what each refiner finds, in one form, with honest uncertainty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.calibration import corner_covariances
from kyphometer.endplates.classical import (
    DEPTHS,
    METHOD,
    PIXELS,
    path_line_sd_deg,
    refine_classically,
    refine_once,
)
from kyphometer.endplates.corners import line_directions_deg, line_lengths, wrap_deg
from kyphometer.endplates.crop import Window
from kyphometer.endplates.evidence import PlateEvidence, plate_evidence
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.metal import lies_on, metal_mask, metal_share
from kyphometer.endplates.model import CornerModel, corner_model
from kyphometer.endplates.passes import refine_by_network
from kyphometer.endplates.strips import sample_strips

Array = NDArray[np.float64]
Image = NDArray[np.float32]

DISAGREEMENT_DEG = 2.0
"""The two refiners disagree if their lines differ by more than this ..."""
DISAGREEMENT_SD = 3.0
"""... and by more than this many times the line's SD."""
DISAGREEMENT_SHARE = 0.35
"""Part of the disagreement that is added to the line's SD, in quadrature."""


class Refiner(StrEnum):
    """Which refiner places the marks."""

    LEARNED = "learned"
    """The corner network, cross-checked by the path refiner."""
    CLASSICAL = "classical"
    """The path refiner alone: no learned part, less exact (see the benchmark)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """Corners of one vertebra, before the guards.

    Attributes
    ----------
    frame
        The vertebra's frame from these corners.
    corners
        In the frame, shape (4, 2).
    covariances
        In the frame, shape (4, 2, 2).
    line_sd_deg
        Of the two endplates, shape (2,).
    evidence
        What lies across the endplates.
    on_metal
        Which corners lie on metal, shape (4,).
    differs_deg
        By how much the other refiner's lines differ where that is more than the uncertainty
        explains, else 0; shape (2,).
    refiner, method
        Which refiner it was, and its name and version.
    metal
        Part of the body's inside that is metal or cement.
    off_chance
        How likely a corner of each endplate is off by more than 3 mm, shape (2,); None if unknown.
    """

    frame: VertebraFrame
    corners: Array
    covariances: Array
    line_sd_deg: Array
    evidence: PlateEvidence
    on_metal: NDArray[np.bool_]
    differs_deg: Array
    refiner: Refiner
    method: str
    metal: float = 0.0
    off_chance: Array | None = None


def estimate(window: Window, frame: VertebraFrame, clicks: Array, refiner: Refiner) -> Estimate:
    """Rim corners of the vertebra that four clicks (square units) point at."""
    if refiner is Refiner.LEARNED:
        return _learned(window, frame, corner_model())
    return _classical(window, frame, clicks)


def looks_inverted(
    window: Window,
    frame: VertebraFrame,
    clicks: Array,
    found: Estimate,
    refiner: Refiner,
    sure_deg: float,
) -> bool:
    """True if nothing certain was found, but would be with bone dark: the polarity is wrong."""
    if found.line_sd_deg.min() <= sure_deg:
        return False
    other = estimate(replace(window, image=-window.image), frame, clicks, refiner)
    surer = other.line_sd_deg.max() < 0.6 * found.line_sd_deg.min()
    return bool(surer and other.line_sd_deg.max() <= sure_deg)


def _learned(window: Window, frame: VertebraFrame, model: CornerModel) -> Estimate:
    found = refine_by_network(window, frame, model)
    calibration = model.calibration
    corners = found.frame.from_square(found.corners)
    crop = window.crop(found.frame, PIXELS, DEPTHS)
    strips = sample_strips(crop, DEPTHS, corners)
    check = refine_once(strips, corners)
    lines = line_directions_deg(corners)
    turned = np.abs(wrap_deg(line_directions_deg(check.corners) - lines))
    wedge = float(wrap_deg(lines[1] - lines[0]))
    line_sd = calibration.line_sd_deg(found.line_sd_deg[:2], wedge)
    differs = np.where(
        (turned > DISAGREEMENT_DEG) & (turned > DISAGREEMENT_SD * line_sd), turned, 0.0
    )
    line_sd = np.hypot(line_sd, DISAGREEMENT_SHARE * differs)
    corner_sd = calibration.corner(found.corner_sd)
    mask = metal_mask(crop)
    return Estimate(
        frame=found.frame,
        corners=corners,
        covariances=corner_covariances(corner_sd, line_sd, line_lengths(corners)),
        line_sd_deg=line_sd,
        evidence=plate_evidence(strips),
        on_metal=lies_on(mask, DEPTHS, corners),
        metal=metal_share(mask, crop, DEPTHS, corners),
        differs_deg=differs,
        refiner=Refiner.LEARNED,
        method=model.method,
        off_chance=calibration.doubt(found.corner_sd) if calibration.doubt else None,
    )


def _classical(window: Window, frame: VertebraFrame, clicks: Array) -> Estimate:
    found = refine_classically(window, frame, frame.from_square(clicks))
    place = frame.to_square(found.corners)
    around = frame.around(place)
    corners = around.from_square(place)
    crop = window.crop(around, PIXELS, DEPTHS)
    evidence = plate_evidence(sample_strips(crop, DEPTHS, corners))
    corner_sd = np.sqrt(np.diagonal(found.covariances, axis1=1, axis2=2))
    formal = np.hypot(*corner_sd[:, 1].reshape(2, 2).T) / line_lengths(corners)
    line_sd = path_line_sd_deg(np.degrees(formal), found.moved_deg, evidence.strength)
    mask = metal_mask(crop)
    return Estimate(
        frame=around,
        corners=corners,
        covariances=corner_covariances(corner_sd, line_sd, line_lengths(corners)),
        line_sd_deg=line_sd,
        evidence=evidence,
        on_metal=lies_on(mask, DEPTHS, corners),
        metal=metal_share(mask, crop, DEPTHS, corners),
        differs_deg=np.zeros(2),
        refiner=Refiner.CLASSICAL,
        method=METHOD,
    )
