"""When the assist must keep a click, or ask the reader to look: limits and sentences."""

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
        Furthest that a corner may be moved, in body depths: beyond that it is another endplate.
    sure_move_depths
        Furthest that it may be moved without doubt when the endplate is not certain.
    sure_line_sd_deg, sure_path_sd_deg
        SD of the line up to which an endplate counts as certain, by the network and by the path
        refiner.
    line_sd_deg
        SD of the line above which it is doubted.
    off_chance
        Chance of a corner that is off by more than 3 mm above which it is doubted.
    blind_sd_deg
        SD of the line above which an endplate without evidence counts as not seen at all.
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
    sure_line_sd_deg: float = 2.3
    sure_path_sd_deg: float = 2.2
    line_sd_deg: float = 3.0
    off_chance: float = 0.2
    blind_sd_deg: float = 3.0
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
    off_chance
        How likely one of them is off by more than 3 mm.
    """

    moved_depths: Array
    depth_mm: float | None
    line_sd_deg: float
    step: float
    ridge: float
    by_path: bool
    on_metal: bool
    inside_film: bool
    off_chance: float = 0.0


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


def doubt(found: Found, limits: Limits) -> str:
    """Why the reader should look at an endplate that the network moved; empty if there is none."""
    return next((text for _, _, text in _doubts(found, limits)), "")


def _objections(found: Found, limits: Limits) -> list[tuple[RefusalReason, str]]:
    """What gives away that it is no endplate of this body; of the path refiner, all doubts too."""
    wrong = limits.wrong_path_step if found.by_path else limits.wrong_step
    checks = (
        (not found.inside_film, RefusalReason.OUTSIDE, "the rim would lie outside the film"),
        (
            _is_faint(found, limits) and (found.by_path or found.line_sd_deg > limits.blind_sd_deg),
            RefusalReason.FLAT,
            "there is no edge to be seen along the endplate",
        ),
        (
            found.step < -wrong and (found.by_path or found.ridge < abs(found.step)),
            RefusalReason.NEIGHBOUR,
            "what was found is dark inside and bright outside, as the neighbour's endplate",
        ),
        (found.on_metal, RefusalReason.METAL, "a corner would lie on metal"),
        (
            _furthest(found) > limits.move_depths,
            RefusalReason.TOO_FAR,
            f"a corner would move by {_distance(_furthest(found), found.depth_mm)} (limit "
            f"{_distance(limits.move_depths, found.depth_mm)} here)",
        ),
    )
    objections = [(reason, text) for fails, reason, text in checks if fails]
    if found.by_path:
        objections += [(reason, text) for reason, text, _ in _doubts(found, limits)]
    return objections


def _doubts(found: Found, limits: Limits) -> list[tuple[RefusalReason, str, str]]:
    """What makes an endplate uncertain: reason, words for a refusal, words for a mark."""
    reach = limits.move_depths if _is_sure(found, limits) else limits.sure_move_depths
    furthest = _furthest(found)
    checks = (
        (
            found.line_sd_deg > limits.line_sd_deg,
            RefusalReason.UNCERTAIN,
            f"the line would be uncertain by {found.line_sd_deg:.1f} degrees (limit "
            f"{limits.line_sd_deg:g})",
            f"the image alone gives the line to ±{1.96 * found.line_sd_deg:.0f}°",
        ),
        (
            found.off_chance > limits.off_chance,
            RefusalReason.UNCERTAIN,
            f"a corner is off by more than 3 mm with a chance of {found.off_chance:.0%}",
            f"a corner is off by more than 3 mm with a chance of {found.off_chance:.0%}",
        ),
        (
            furthest > reach,
            RefusalReason.TOO_FAR,
            f"a corner would move by {_distance(furthest, found.depth_mm)} (limit "
            f"{_distance(reach, found.depth_mm)} here)",
            f"a corner was seen {_distance(furthest, found.depth_mm)} from where it was clicked",
        ),
        (
            _is_faint(found, limits),
            RefusalReason.FLAT,
            "there is no edge to be seen along the endplate",
            "there is hardly an edge to be seen along the endplate",
        ),
    )
    return [(reason, text, note) for fails, reason, text, note in checks if fails]


def _is_sure(found: Found, limits: Limits) -> bool:
    return found.line_sd_deg <= limits.sure_sd_deg(by_path=found.by_path)


def _is_faint(found: Found, limits: Limits) -> bool:
    """True if hardly anything lies under the line that should be one."""
    least = limits.strength if not _is_sure(found, limits) else 0.0
    return max(abs(found.step), found.ridge) < (limits.path_strength if found.by_path else least)


def _furthest(found: Found) -> float:
    return float(found.moved_depths.max())


def _distance(depths: float, depth_mm: float | None) -> str:
    """A length in mm, or in parts of the body depth on a film without pixel spacing."""
    return f"{depths:.2f} body depths" if depth_mm is None else f"{depths * depth_mm:.1f} mm"
