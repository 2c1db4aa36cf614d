"""Where the column is on a film: at several sizes first, then at the size of its bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kyphometer.detect.agreement import agreed, likeliest
from kyphometer.detect.candidates import Candidate, candidates, peaks
from kyphometer.detect.chain import Chain, best_chain, trimmed
from kyphometer.detect.model import STRIDE, DetectorModel, Maps
from kyphometer.detect.pyramid import Base, View, channels

Array = NDArray[np.float64]

LONG_SIDES_PX = (100, 150, 230, 350, 540, 820)
"""Sizes that a film is looked at: bodies of a spine that fills all or a quarter of it fit two."""
DEPTHS_PX = (15.0, 20.0, 27.0)
"""Depths of a body at which the column is then looked at."""
FAINT = 0.3
"""A body that all views together see with less probability is not proposed."""
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


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What the network sees on one view, in the base picture's pixels.

    Attributes
    ----------
    bodies
        Candidates.
    sacra
        Middles of what may be the sacrum's endplate, (n, 2), and the probability of each.
    """

    bodies: list[Candidate]
    sacra: Array
    chances: Array


def find_column(base: Base, model: DetectorModel) -> Column | None:
    """The column on a film; None if no two bodies fit together."""
    first = best_chain(likeliest([_look(base.at(s), model).bodies for s in _sides(base)]))
    if first is None or len(first.bodies) < 2:
        return None
    views = [_closer(base, first, depth) for depth in DEPTHS_PX]
    looks = [_look(side, model) for view in views for side in (view, view.mirrored)]
    chain = best_chain(agreed([look.bodies for look in looks]))
    if chain is not None:
        chain = trimmed(chain, FAINT, partial(_inside, base))
    return None if chain is None else Column(chain, _sacrum(looks, chain.bodies[-1]))


def _inside(base: Base, body: Candidate) -> bool:
    """Whether a body's corners lie on the film, but for a twentieth of its depth."""
    size, margin = np.array(base.picture.shape[::-1]), 0.05 * body.depth
    return bool(((body.corners > -margin) & (body.corners < size + margin)).all())


def _sides(base: Base) -> list[int]:
    """Sizes that differ on this film."""
    longest = max(base.picture.shape)
    return [s for n, s in enumerate(LONG_SIDES_PX) if n == 0 or LONG_SIDES_PX[n - 1] < longest]


def _closer(base: Base, chain: Chain, depth: float) -> View:
    points = np.concatenate([body.corners for body in chain.bodies])
    tilt = chain.tilt_deg
    turn = -tilt if abs(tilt) > UPRIGHT_DEG else 0.0
    scale = min(depth / chain.depth, MOST_ENLARGED)
    return base.cut(points, MARGIN * chain.depth, scale, turn)


def _look(view: View, model: DetectorModel) -> Look:
    maps = model.maps(channels(view.picture))
    back = view.back
    at = _sacra(maps)
    return Look(
        bodies=[body.moved(back) for body in candidates(maps)],
        sacra=(at[:, :2] + 0.5) * STRIDE @ back[:, :2].T + back[:, 2],
        chances=at[:, 2],
    )


def _sacra(maps: Maps) -> Array:
    """Cell (x, y) and probability of every peak of the sacrum's map, (n, 3)."""
    found = [(x, y, float(maps.sacrum[y, x])) for y, x in peaks(maps.sacrum)]
    return np.array(found, np.float64).reshape(-1, 3)


def _sacrum(looks: Sequence[Look], last: Candidate) -> float:
    """How likely an endplate of the sacrum lies right below a body: the mean of all looks."""
    inferior = last.corners[3] - last.corners[2]
    along = inferior / np.hypot(*inferior)
    down = np.array([-along[1], along[0]])
    middle = last.corners[2:].mean(axis=0)
    best = []
    for look in looks:
        step = (look.sacra - middle) / last.depth
        deep, aside = step @ down, np.abs(step @ along)
        near = (deep > -0.1) & (deep < 0.75) & (aside < 0.55)
        best.append(float(look.chances[near].max(initial=0.0)))
    return float(np.mean(best))
