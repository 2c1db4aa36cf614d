"""Which levels the bodies of a column are: every evidence with its odds, added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.detect.model import LEVELS
from kyphometer.detect.search import Column
from kyphometer.detect.shape import shape_odds
from kyphometer.messages import Word

Array = NDArray[np.float64]

SHARE = 0.3
"""Part of each body's log odds that counts: neighbours look at the same picture."""
MOST = 4.0
"""The sacrum decides by no more than these log odds."""
SURE = 0.95
"""A numbering less probable than this is said to be uncertain."""
SACRUM = 0.5
"""Least probability of a sacrum that anchors the numbering."""
EARLIER_LEAST, EARLIER_MARGIN = 6.5, 3.0
"""An earlier visit is recognised by log odds of at least the first, the second beyond others."""
DISAGREES = 3.0
"""Log odds by which the bodies contradict the sacrum before a transitional vertebra is named."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """Levels of a column, and what else they could be.

    Attributes
    ----------
    levels
        The most probable, cranial to caudal.
    probability
        That these are right.
    alternatives
        Probability by the level that the uppermost body would have, the likeliest first, those
        above 1 %.
    evidence
        Log odds of `levels` against the next best, by what speaks for them: `bodies`, `shape`,
        `sacrum`, `reader`, `earlier`.
    transitional
        Whether bodies and sacrum contradict each other by one level, as with L6, T13 or a
        transitional vertebra.
    anchored
        Whether the sacrum is in view, an earlier visit was recognised or the reader gave a level;
        without that nothing is sure.
    """

    levels: tuple[Level, ...]
    probability: float
    alternatives: Mapping[Level, float]
    evidence: Mapping[str, float]
    transitional: bool = False
    anchored: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether the numbering needs no look."""
        return self.anchored and self.probability >= SURE

    @property
    def earlier_recognised(self) -> bool:
        """Whether the bodies of an earlier visit decided."""
        return "earlier" in self.evidence

    @property
    def others(self) -> tuple[Word, ...]:
        """What the uppermost body may be, each with its probability."""
        return tuple(
            Word("detect.level_chance", {"level": level, "chance": 100 * chance})
            for level, chance in self.alternatives.items()
        )


def number(
    column: Column,
    sign: int,
    *,
    lowest: Level | None = None,
    earlier: Mapping[Level, Array] | None = None,
) -> Numbering:
    """The levels of a column.

    Parameters
    ----------
    column
        Bodies and sacrum.
    sign
        +1 if anterior is at image right.
    lowest
        The lowest body's level if the reader gave it; it decides.
    earlier
        Log odds that the body of a level, as an earlier visit shows it, is each of the column's.
        They decide where one way of numbering is recognised, and say nothing elsewhere.
    """
    offsets: NDArray[np.int_] = column.chain.offsets
    firsts = np.arange(len(LEVELS) - int(offsets[-1]))
    if len(firsts) == 0:
        firsts = np.array([0])
    last = np.minimum(firsts + offsets[-1], len(LEVELS) - 1)
    evidence = {
        "bodies": _bodies(column, firsts, offsets),
        "shape": _shape(column, firsts, offsets, sign),
        "sacrum": _sacrum(column, last),
    }
    recognised = None if earlier is None else _recognised(earlier, firsts, offsets)
    if recognised is not None and lowest is None:
        evidence["earlier"] = np.where(firsts == recognised, 0.0, -50.0)
    if lowest is not None:
        evidence["reader"] = np.where(last == LEVELS.index(lowest), 0.0, -50.0)
    total = np.sum(list(evidence.values()), axis=0)
    chances = np.exp(total - total.max())
    chances /= chances.sum()
    best = int(chances.argmax())
    others = np.delete(np.arange(len(firsts)), best)
    rival = int(others[chances[others].argmax()]) if len(others) else best
    order = np.argsort(-chances)
    return Numbering(
        levels=tuple(LEVELS[min(firsts[best] + n, len(LEVELS) - 1)] for n in offsets),
        probability=float(chances[best]),
        alternatives={LEVELS[firsts[n]]: float(chances[n]) for n in order if chances[n] > 0.01},
        evidence={name: float(odds[best] - odds[rival]) for name, odds in evidence.items()},
        anchored=lowest is not None or "earlier" in evidence or column.sacrum >= SACRUM,
        transitional=lowest is None and _contradiction(evidence, column.sacrum),
    )


def _recognised(
    earlier: Mapping[Level, Array], firsts: NDArray[np.int_], offsets: NDArray[np.int_]
) -> int | None:
    """The uppermost body's place in `LEVELS` that the bodies of an earlier visit speak for."""
    odds = np.zeros(len(firsts))
    for level, row in earlier.items():
        bodies, ways = np.nonzero(firsts[None, :] + offsets[:, None] == LEVELS.index(level))
        np.add.at(odds, ways, row[bodies])
    order = np.argsort(-odds)
    second = max(float(odds[order[1]]), 0.0) if len(order) > 1 else 0.0
    best = float(odds[order[0]])
    clear = best >= EARLIER_LEAST and best - second >= EARLIER_MARGIN
    return int(firsts[order[0]]) if clear else None


def _bodies(column: Column, firsts: NDArray[np.int_], offsets: NDArray[np.int_]) -> Array:
    odds = np.zeros(len(firsts))
    for body, offset in zip(column.chain.bodies, offsets, strict=True):
        odds += SHARE * body.levels[np.minimum(firsts + offset, len(LEVELS) - 1)]
    return odds


def _shape(column: Column, firsts: NDArray[np.int_], offsets: NDArray[np.int_], sign: int) -> Array:
    bodies = column.chain.bodies
    table = shape_odds(bodies, [n in column.chain.missed for n in range(len(bodies))], sign)
    rows = np.arange(len(bodies))
    places = np.minimum(firsts[:, None] + offsets, len(LEVELS) - 1)
    return np.asarray(table[rows, places].sum(axis=1))


def _sacrum(column: Column, last: NDArray[np.int_]) -> Array:
    chance = float(np.clip(column.sacrum, 1e-3, 1 - 1e-3))
    seen = float(np.clip(np.log(chance / (1 - chance)) + 1.0, 0.0, MOST))
    return np.where(last == len(LEVELS) - 1, seen, 0.0)


def _contradiction(evidence: Mapping[str, Array], sacrum: float) -> bool:
    """Whether the bodies speak for a neighbour of what a sacrum well seen says."""
    odds = evidence["bodies"] + evidence["shape"]
    if sacrum < 0.5 or len(odds) < 2:
        return False
    return bool(odds[:-1].argmax() == len(odds) - 2 and odds[-2] - odds[-1] > DISAGREES)
