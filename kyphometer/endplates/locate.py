"""Where the vertebrae of a read film lie on the next one: a chain of look-alikes.

Neighbours look alike, so no vertebra is looked for alone: of the best places for each, the chain
that keeps the distances and directions between them is taken. How much worse the best other chain
would be says whether the levels could be off by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kyphometer.endplates.appearance import Places, Reduced, places_like

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

STRETCH_WEIGHT = 1.2
"""Cost of a place that is one body depth away from where its neighbour expects it."""
TURN_WEIGHT = 0.0009
"""Cost of neighbours turned differently, per squared degree."""
FILM_WEIGHT = 0.012
"""Cost of a chain that lies elsewhere on the film, per squared body depth."""
OTHER = 0.5
"""A place that is further than this from the chosen one is another place, in body depths."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """Vertebrae found on the next film.

    Attributes
    ----------
    centre
        In its square units, shape (vertebrae, 2).
    turn_deg
        How far each has turned, shape (vertebrae,).
    score
        Mean correlation of the chain.
    margin
        How much better that is than the best chain elsewhere.
    """

    centre: Array
    turn_deg: Array
    score: float
    margin: float


def find_chain(
    before: Reduced,
    centres: Array,
    depth: float,
    after: Reduced,
    *,
    mirrored: bool,
    expected: Array | None = None,
) -> Chain | None:
    """The most likely chain, or None if the film shows nothing like it.

    Parameters
    ----------
    before, after
        Read film and next film, reduced.
    centres
        Centres of the vertebrae on the read film, square units, cranial to caudal, shape (N, 2).
    depth
        Mean body depth, in the same units.
    mirrored
        True if the two films face opposite sides.
    expected
        Where the middle of the column should lie on the next film if patients were held alike.
    """
    places = [places_like(before, centre, after, mirrored=mirrored) for centre in centres]
    if any(len(place.score) == 0 for place in places):
        return None
    steps = np.diff(centres, axis=0) * ((-1.0, 1.0) if mirrored else (1.0, 1.0)) / depth
    unit = after.pitch / before.pitch * depth
    gains = [_gain(place, expected, unit) for place in places]
    chosen, total = _best_chain(places, steps, gains, unit)
    kept = np.array([p.centre[c] for p, c in zip(places, chosen, strict=True)])
    elsewhere = [
        np.where(np.hypot(*(p.centre - at).T) < OTHER * unit, -np.inf, gain)
        for p, at, gain in zip(places, kept, gains, strict=True)
    ]
    _, other = _best_chain(places, steps, elsewhere, unit)
    count = len(places)
    margin = (total - other) / count if np.isfinite(other) else 1.0
    return Chain(
        centre=kept,
        turn_deg=np.array([p.turn_deg[c] for p, c in zip(places, chosen, strict=True)]),
        score=float(np.mean([p.score[c] for p, c in zip(places, chosen, strict=True)])),
        margin=float(margin),
    )


def _gain(places: Places, expected: Array | None, unit: float) -> Array:
    """Correlation less the cost of lying elsewhere on the film."""
    if expected is None:
        return places.score
    away = np.hypot(*((places.centre - expected) / unit).T)
    gain: Array = places.score - FILM_WEIGHT * np.minimum(away, 6.0) ** 2 / len(places.score)
    return gain


def _best_chain(
    places: Sequence[Places], steps: Array, gains: Sequence[Array], unit: float
) -> tuple[list[int], float]:
    """Viterbi: one place for each vertebra, and what the chain is worth in all."""
    worth = gains[0]
    back: list[NDArray[np.intp]] = []
    for index, step in enumerate(steps):
        here, there = places[index], places[index + 1]
        cost = _step_cost(here, there, step, unit)
        options = worth[:, None] - cost
        back.append(options.argmax(axis=0))
        worth = options.max(axis=0) + gains[index + 1]
    last = int(np.argmax(worth))
    chain = [last]
    for choice in reversed(back):
        chain.append(int(choice[chain[-1]]))
    return chain[::-1], float(worth[last])


def _step_cost(here: Places, there: Places, step: Array, unit: float) -> Array:
    """Cost of each pair of places, shape (here, there)."""
    turn = np.radians((here.turn_deg[:, None] + there.turn_deg[None, :]) / 2)
    c, s = np.cos(turn), np.sin(turn)
    wanted = np.stack((c * step[0] - s * step[1], s * step[0] + c * step[1]), axis=-1)
    found = (there.centre[None] - here.centre[:, None]) / unit
    away = np.hypot(*np.moveaxis(found - wanted, -1, 0))
    bend = here.turn_deg[:, None] - there.turn_deg[None, :]
    cost: Array = STRETCH_WEIGHT * away**2 + TURN_WEIGHT * bend**2
    return cost
