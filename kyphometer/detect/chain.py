"""The column: the best sequence of bodies, by what each is worth and how neighbours fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.detect.candidates import Candidate

Array = NDArray[np.float64]

EVEN = 0.25
"""A body of this probability is worth nothing by itself."""
FITS = 3.5
"""Log odds that neighbours which fit each other well lend to both being bodies."""
MISSED = 3.0
"""What a body that was not found between two others costs."""
SLIP, BEND_DEG = 0.08, 10.0
"""SD of the shift along the disc, in depths, and of the angle between its two endplates."""
GROWTH, GROWTH_SD = 0.035, 0.09
"""Mean and SD of the logarithm by which depth grows from body to body."""
GAP, GAP_SD = 0.2, 0.11
"""Mean and SD of a disc's height, in depths."""
REACH = 3.5
"""Neighbours' centres are no further apart than this, in depths."""
WORST = 6.0
"""Neighbours that fit worse than this are none."""


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Bodies above each other, cranial to caudal.

    Attributes
    ----------
    bodies
        At least one.
    missed
        After which of them a body seems to be hidden.
    score
        Sum of log odds of the bodies and of their joints.
    """

    bodies: tuple[Candidate, ...]
    missed: tuple[int, ...]
    score: float

    @property
    def depth(self) -> float:
        """Median depth of the bodies."""
        return float(np.median([body.depth for body in self.bodies]))

    @property
    def tilt_deg(self) -> float:
        """How far the column leans: 0 upright, positive if its foot is to the left."""
        along = self.bodies[-1].centre - self.bodies[0].centre
        if len(self.bodies) < 2:
            return 0.0
        return float(np.degrees(np.arctan2(-along[0], along[1])))

    @property
    def offsets(self) -> NDArray[np.int_]:
        """How many levels each body lies below the first."""
        steps = [1 + (number in self.missed) for number in range(len(self.bodies) - 1)]
        offsets: NDArray[np.int_] = np.concatenate(([0], np.cumsum(steps))).astype(np.int_)
        return offsets


def worth(body: Candidate) -> float:
    """Log odds of a body over those of an even one."""
    chance = float(np.clip(body.chance, 1e-3, 1 - 1e-3))
    return float(np.log(chance / (1 - chance)) - np.log(EVEN / (1 - EVEN)))


def joint(upper: Candidate, lower: Candidate) -> tuple[float, bool]:
    """What it costs that one lies right below the other, and whether a body is hidden between."""
    depth = (upper.depth + lower.depth) / 2
    inferior, superior = upper.corners[3] - upper.corners[2], lower.corners[1] - lower.corners[0]
    along = inferior / np.hypot(*inferior) + superior / np.hypot(*superior)
    along /= max(float(np.hypot(*along)), 1e-6)
    down = np.array([-along[1], along[0]])
    step = (lower.corners[:2].mean(axis=0) - upper.corners[2:].mean(axis=0)) / depth
    gap, slip = float(step @ down), float(step @ along)
    bend = float(np.degrees(np.arctan2(_cross(inferior, superior), inferior @ superior)))
    ratio = float(np.log(lower.depth / upper.depth))
    tall = (upper.height + lower.height) / 2 / depth
    fit = (slip / SLIP) ** 2 + (bend / BEND_DEG) ** 2 + ((ratio - GROWTH) / GROWTH_SD) ** 2
    close = ((gap - GAP) / GAP_SD) ** 2
    far = ((gap - 2 * GAP - tall) / (2 * GAP_SD)) ** 2
    if close / 2 <= far / 2 + MISSED:
        return (fit + close) / 2, False
    return (fit + far) / 2 + MISSED, True


def trimmed(chain: Chain, least: float, inside: Callable[[Candidate], bool]) -> Chain | None:
    """The chain without ends that are less probable than `least` or not inside the film."""
    keep = [body.chance >= least and inside(body) for body in chain.bodies]
    if not any(keep):
        return None
    first, last = keep.index(True), len(keep) - 1 - keep[::-1].index(True)
    missed = tuple(at - first for at in chain.missed if first <= at < last)
    return Chain(chain.bodies[first : last + 1], missed, chain.score)


def _cross(a: Array, b: Array) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


def best_chain(found: Sequence[Candidate]) -> Chain | None:
    """The sequence of bodies with the highest score; None without a body worth anything."""
    bodies = sorted(found, key=lambda body: body.centre[1])
    centres = np.array([body.centre for body in bodies]).reshape(-1, 2)
    scores: list[float] = []
    before: list[int] = []
    hidden: list[bool] = []
    for at, body in enumerate(bodies):
        score, previous, missed = 0.0, -1, False
        apart = np.hypot(*(body.centre - centres[:at]).T)
        for other in np.flatnonzero(apart <= REACH * body.depth).tolist():
            cost, gap = joint(bodies[other], body)
            if cost < WORST + MISSED * gap and scores[other] + FITS - cost > score:
                score, previous, missed = scores[other] + FITS - cost, other, gap
        scores.append(score + worth(body))
        before.append(previous)
        hidden.append(missed)
    if not bodies or max(scores) <= 0:
        return None
    at = int(np.argmax(scores))
    path, gaps = [], []
    score = scores[at]
    while at >= 0:
        path.append(bodies[at])
        gaps.append(hidden[at])
        at = before[at]
    gaps = gaps[::-1][1:]
    return Chain(tuple(path[::-1]), tuple(n for n, gap in enumerate(gaps) if gap), score)
