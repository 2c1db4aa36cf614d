"""Where the vertebrae of a read film lie on the next one: a chain of look-alikes.

Neighbours look alike, so no vertebra is looked for alone: of the best places for each, the chain
that keeps the distances and directions between them is taken, and the best chains elsewhere, since
a chain that is off by one level looks almost as good. Vertebrae at either end may lie beyond the
next film: then they are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.carry.appearance import DEPTH_PIXELS, Places, Reduced, places_like

Array = NDArray[np.float64]

STRETCH_WEIGHT = 3.0
"""Cost of a place that is one body depth away from where its neighbour expects it."""
TURN_WEIGHT = 0.0009
"""Cost of neighbours turned differently, per squared degree."""
LEAST_LIKENESS = 0.20
"""Correlation that a vertebra must have to speak for a chain."""
MISSING_COST = 0.35
"""Cost of leaving out a vertebra that should be on the film."""
OTHER = 0.5
"""A place that is further than this from the chosen one is another place, in body depths."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """Vertebrae found on the next film.

    Attributes
    ----------
    first
        Index of the first of them among those looked for.
    centre
        In the next film's square units, shape (vertebrae, 2).
    turn_deg
        How far each has turned, shape (vertebrae,).
    score
        Mean correlation of the chain.
    worth
        What speaks for it in all: correlations less costs.
    """

    first: int
    centre: Array
    turn_deg: Array
    score: float
    worth: float


def find_chains(
    before: Reduced,
    centres: Array,
    after: Reduced,
    *,
    mirrored: bool,
    anchors: Mapping[int, Array] | None = None,
    most: int = 3,
) -> list[Chain]:
    """The most likely chains that lie in different places, best first; empty if there is none.

    Parameters
    ----------
    before, after
        Read film and next film, reduced so that a body has the same depth on both.
    centres
        Centres of the vertebrae on the read film, square units, cranial to caudal, shape (N, 2).
    mirrored
        True if the two films face opposite sides.
    anchors
        Where some of them are known to lie, by index, in the next film's square units.
    most
        How many chains to look for.
    """
    places = [places_like(before, centre, after, mirrored=mirrored) for centre in centres]
    if any(len(place.score) == 0 for place in places):
        return []
    mirror = (-1.0, 1.0) if mirrored else (1.0, 1.0)
    problem = _Problem(
        places,
        np.diff(centres, axis=0) * mirror / (before.pitch * DEPTH_PIXELS),
        after.pitch * DEPTH_PIXELS,
        np.array(after.image.shape[::-1]) * after.pitch,
    )
    gains = [place.score - LEAST_LIKENESS for place in places]
    for index, at in (anchors or {}).items():
        far = np.hypot(*(places[index].centre - at).T) > OTHER * problem.unit
        gains[index][far] = -np.inf
    chains: list[Chain] = []
    for _ in range(most):
        first, chosen, worth = problem.best(gains)
        if not np.isfinite(worth) or worth <= 0:
            break
        chain = problem.chain(first, chosen, worth)
        chains.append(chain)
        gains = problem.without(gains, chain)
    return chains


def _turns(found: Array, steps: Array, coarse: Array) -> Array:
    """How far each vertebra turned, from the directions to its neighbours."""
    if len(found) < 2:
        return coarse
    seen = np.diff(found, axis=0)
    each = np.degrees(
        np.arctan2(steps[:, 0] * seen[:, 1] - steps[:, 1] * seen[:, 0], (steps * seen).sum(axis=1))
    )
    both = np.concatenate((each[:1], (each[:-1] + each[1:]) / 2, each[-1:]))
    turns: Array = np.where(np.abs(both - coarse) < 15.0, both, coarse)
    return turns


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Places of every vertebra, steps between them in body depths, the depth, the film's size."""

    places: Sequence[Places]
    steps: Array
    unit: float
    size: Array

    def chain(self, first: int, chosen: list[int], worth: float) -> Chain:
        """The chain that takes these places, from the first vertebra on."""
        kept = list(zip(self.places[first : first + len(chosen)], chosen, strict=True))
        found = np.array([place.centre[index] for place, index in kept])
        turns = np.array([place.turn_deg[index] for place, index in kept])
        return Chain(
            first=first,
            centre=found,
            turn_deg=_turns(found, self.steps[first : first + len(chosen) - 1], turns),
            score=float(np.mean([place.score[index] for place, index in kept])),
            worth=worth,
        )

    def without(self, gains: Sequence[Array], chain: Chain) -> list[Array]:
        """The gains with every place near a chain's own closed."""
        left = [gain.copy() for gain in gains]
        for index, at in enumerate(chain.centre, start=chain.first):
            near = np.hypot(*(self.places[index].centre - at).T) < OTHER * self.unit
            left[index][near] = -np.inf
        return left

    def best(self, gains: Sequence[Array]) -> tuple[int, list[int], float]:
        """First vertebra, place of each from there on, worth: Viterbi with free ends."""
        worth = gains[0]
        begun = [np.zeros(len(worth), dtype=np.intp)]
        back: list[NDArray[np.intp]] = [np.full(len(worth), -1)]
        ends = [worth - self._missing(0, +1)]
        for index in range(1, len(self.places)):
            options = worth[:, None] - self._step_cost(index)
            previous = options.argmax(axis=0)
            going, fresh = options.max(axis=0), -self._missing(index, -1)
            go_on = going >= fresh
            back.append(np.where(go_on, previous, -1))
            begun.append(np.where(go_on, begun[-1][previous], index))
            worth = np.maximum(going, fresh) + gains[index]
            ends.append(worth - self._missing(index, +1))
        last = int(np.argmax([end.max() for end in ends]))
        place = int(ends[last].argmax())
        chain = [place]
        for index in range(last, int(begun[last][place]), -1):
            chain.append(int(back[index][chain[-1]]))
        return int(begun[last][place]), chain[::-1], float(ends[last].max())

    def _missing(self, index: int, way: int) -> Array:
        """Cost of ending the chain at each place, where the next vertebra should be on the film."""
        places = self.places[index]
        beyond = range(index + 1, len(self.places)) if way > 0 else range(index - 1, -1, -1)
        cost = np.zeros(len(places.score))
        at = places.centre
        for other in beyond:
            step = self.steps[min(other, other - way)] * way
            at = at + _rotated(step, places.turn_deg) * self.unit
            inside = np.all((at > 0.35 * self.unit) & (at < self.size - 0.35 * self.unit), axis=1)
            cost += MISSING_COST * inside
        return cost

    def _step_cost(self, index: int) -> Array:
        """Cost of each pair of places of a vertebra and the one above, shape (above, here)."""
        above, here = self.places[index - 1], self.places[index]
        turn = (above.turn_deg[:, None] + here.turn_deg[None, :]) / 2
        wanted = _rotated(self.steps[index - 1], turn)
        found = (here.centre[None] - above.centre[:, None]) / self.unit
        away = np.hypot(*np.moveaxis(found - wanted, -1, 0))
        bend = above.turn_deg[:, None] - here.turn_deg[None, :]
        cost: Array = STRETCH_WEIGHT * away**2 + TURN_WEIGHT * bend**2
        return cost


def _rotated(step: Array, turn_deg: Array) -> Array:
    """A step turned by each angle, shape (..., 2)."""
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    return np.stack((c * step[0] - s * step[1], s * step[0] + c * step[1]), axis=-1)
