"""When the assist must keep a click: limits, and the sentences that say why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.endplates.results import Refusal, RefusalReason

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far the assist may go before it must ask.

    Attributes
    ----------
    move_depths
        Furthest that a corner may be moved, in body depths.
    sure_move_depths
        Furthest that it may be moved when the endplate is not certain.
    sure_line_sd_deg, sure_path_sd_deg
        SD of the line up to which an endplate counts as certain, by the network and by the path
        refiner.
    line_sd_deg
        SD of the line above which the click is kept.
    strength
        Least evidence across an endplate that is not certain, in standard errors.
    path_strength
        Least evidence across any endplate of the path refiner, whose SD says how well a path fits
        and not whether there is an endplate.
    wrong_step, wrong_path_step
        Contrast of the wrong sign, in standard errors, that gives away a neighbour's endplate: one
        found by the network, which knows bodies, and one by the path refiner.
    """

    move_depths: float = 0.27
    sure_move_depths: float = 0.10
    sure_line_sd_deg: float = 1.5
    sure_path_sd_deg: float = 2.2
    line_sd_deg: float = 3.0
    strength: float = 2.0
    path_strength: float = 3.0
    wrong_step: float = 6.0
    wrong_path_step: float = 1.5

    def sure_sd_deg(self, *, by_path: bool) -> float:
        """SD up to which a line counts as certain."""
        return self.sure_path_sd_deg if by_path else self.sure_line_sd_deg


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """What is known about one endplate before it is accepted.

    Attributes
    ----------
    moved_depths
        How far its two corners would move, in body depths, shape (2,).
    depth_mm
        Body depth, to say distances, or None on a film without pixel spacing.
    line_sd_deg
        SD of its direction.
    step, ridge
        Evidence (see `PlateEvidence`).
    by_path
        Whether the path refiner found it.
    on_metal
        Whether a corner lies on metal.
    inside_film
        Whether both corners lie on the film.
    """

    moved_depths: Array
    depth_mm: float | None
    line_sd_deg: float
    step: float
    ridge: float
    by_path: bool
    on_metal: bool
    inside_film: bool


def judge(found: Found, limits: Limits, level: Level, side: EndplateSide) -> Refusal | None:
    """The first reason to keep the click, or None."""
    for reason, text in _objections(found, limits):
        return Refusal(
            level=level,
            endplate=side,
            reason=reason,
            message=f"{level} {side}: click kept, {text}.",
        )
    return None


def _objections(found: Found, limits: Limits) -> list[tuple[RefusalReason, str]]:
    furthest = float(found.moved_depths.max())
    sure = found.line_sd_deg <= limits.sure_sd_deg(by_path=found.by_path)
    reach = limits.move_depths if sure else limits.sure_move_depths
    wrong = limits.wrong_path_step if found.by_path else limits.wrong_step
    strength = max(abs(found.step), found.ridge)
    faint = limits.path_strength if found.by_path else 0.0 if sure else limits.strength
    checks = (
        (not found.inside_film, RefusalReason.OUTSIDE, "the rim would lie outside the film"),
        (
            strength < faint,
            RefusalReason.FLAT,
            "there is no edge to be seen along the endplate",
        ),
        (
            found.line_sd_deg > limits.line_sd_deg,
            RefusalReason.UNCERTAIN,
            f"the line would be uncertain by {found.line_sd_deg:.1f} degrees (limit "
            f"{limits.line_sd_deg:g})",
        ),
        (
            found.step < -wrong and (found.by_path or found.ridge < abs(found.step)),
            RefusalReason.NEIGHBOUR,
            "what was found is dark inside and bright outside, as the neighbour's endplate",
        ),
        (found.on_metal, RefusalReason.METAL, "a corner would lie on metal"),
        (
            furthest > reach,
            RefusalReason.TOO_FAR,
            f"a corner would move by {_distance(furthest, found.depth_mm)} (limit "
            f"{_distance(reach, found.depth_mm)} here)",
        ),
    )
    return [(reason, text) for fails, reason, text in checks if fails]


def _distance(depths: float, depth_mm: float | None) -> str:
    """A length in mm, or in parts of the body depth on a film without pixel spacing."""
    return f"{depths:.2f} body depths" if depth_mm is None else f"{depths * depth_mm:.1f} mm"
