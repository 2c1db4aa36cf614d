"""Where the column is on a film: at several sizes first, then at the size of its bodies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kyphometer.detect.candidates import Candidate, candidates, peaks
from kyphometer.detect.chain import Chain, best_chain
from kyphometer.detect.model import STRIDE, DetectorModel
from kyphometer.detect.pyramid import Base, View, channels

Array = NDArray[np.float64]

LONG_SIDES_PX = (130, 200, 340, 580, 980)
"""Sizes that a film is looked at: bodies of a spine that fills all or a quarter of it fit one."""
DEPTH_PX = 24.0
"""Depth of a body at which the network sees best."""
MOST_ENLARGED = 1.6
MARGIN = np.array([3.0, 4.5])
"""Looked at beside, and above and below, the column, in body depths."""
UPRIGHT_DEG = 8.0
"""A column that leans less is not turned."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A chain of bodies on the base picture, and the sacrum if it was seen.

    Attributes
    ----------
    chain
        The bodies.
    sacrum
        Probability that the sacrum's endplate lies right below the last body.
    """

    chain: Chain
    sacrum: float


def find_column(base: Base, model: DetectorModel) -> Column | None:
    """The column on a film; None if no two bodies fit together."""
    first = max(
        (c for side in _sides(base) if (c := _look(base.at(side), model)) is not None),
        key=lambda column: column.chain.score,
        default=None,
    )
    if first is None or len(first.chain.bodies) < 2:
        return None
    second = _look(_closer(base, first.chain), model)
    if second is None or second.chain.score < 0.6 * first.chain.score:
        return first
    return second


def _sides(base: Base) -> list[int]:
    """Sizes that differ on this film."""
    longest = max(base.picture.shape)
    return [s for n, s in enumerate(LONG_SIDES_PX) if n == 0 or LONG_SIDES_PX[n - 1] < longest]


def _closer(base: Base, chain: Chain) -> View:
    points = np.concatenate([body.corners for body in chain.bodies])
    tilt = chain.tilt_deg
    turn = -tilt if abs(tilt) > UPRIGHT_DEG else 0.0
    scale = min(DEPTH_PX / chain.depth, MOST_ENLARGED)
    return base.cut(points, MARGIN * chain.depth, scale, turn)


def _look(view: View, model: DetectorModel) -> Column | None:
    maps = model.maps(channels(view.picture))
    chain = best_chain(candidates(maps))
    if chain is None:
        return None
    sacrum = _sacrum(maps.sacrum, chain.bodies[-1])
    back = view.back
    bodies = tuple(body.moved(back) for body in chain.bodies)
    return Column(replace(chain, bodies=bodies), sacrum)


def _sacrum(heat: NDArray[np.float32], last: Candidate) -> float:
    """The likeliest endplate of a sacrum right below a body."""
    inferior = last.corners[3] - last.corners[2]
    along = inferior / np.hypot(*inferior)
    down = np.array([-along[1], along[0]])
    middle = last.corners[2:].mean(axis=0)
    best = 0.0
    for y, x in peaks(heat):
        step = ((np.array([x, y]) + 0.5) * STRIDE - middle) / last.depth
        if -0.1 < step @ down < 0.75 and abs(step @ along) < 0.55:
            best = max(best, float(heat[y, x]))
    return best
