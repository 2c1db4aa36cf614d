"""Which place of the column on the next film is the right one: the one where every body fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level, levels_apart
from kyphometer.carry.change_model import BodyChange
from kyphometer.carry.sight import Sight, compare
from kyphometer.endplates.corners import line_lengths, shape_difference, wrap_deg

Array = NDArray[np.float64]

LEAST_BODIES = 3
"""A place that shows fewer of the bodies (if as many were read) says too little to be looked at."""
CROWDED = (0.75, 1.30)
"""Distance of neighbours on the next film over that on the read one, at least and at most."""
MOST_ODDS = 4.0
"""Largest logarithm of odds, of either sign, that one body counts with."""
GROWTH_SD = 0.06
"""SD of the logarithm of a body's size from film to film: films are magnified differently."""
GROWTH_FREE = 1.4
"""Logarithm of the odds that nothing is said against: sizes may differ by a tenth."""
FLANK_ODDS = 1.0
"""Log odds from which a body vouches for the one beside it."""
MOST_TURN_DEG = 25.0
"""A body that turned by so much more than the others is another thing; corrections are less."""
MOST_MISS = 0.45
"""A body further than this from where its neighbours expect it, a level, is in another place."""
SIZE_SHARE = 0.3
"""Weight of a body's size against its shape."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """The vertebrae of a read film in one place on the next.

    Attributes
    ----------
    sights
        What is seen of each level there.
    changes
        How each body that is seen on both films changed, if it is the same.
    growth
        Logarithm of the bodies' size there over that on the read film, their median; 0 where the
        films do not tell sizes.
    """

    sights: Mapping[Level, Sight | None]
    changes: Mapping[Level, BodyChange]
    growth: float = 0.0

    @property
    def evidence(self) -> float:
        """What its bodies say for this place.

        Sum of the logarithms of the odds that each is the same body on both films; none speaks for
        or against the place with more than `MOST_ODDS`. Bodies of another size speak against it.
        """
        odds = [change.log_odds for change in self.changes.values()]
        against = max((self.growth / GROWTH_SD) ** 2 / 2 - GROWTH_FREE, 0.0)
        return float(np.clip(odds, -MOST_ODDS, MOST_ODDS).sum()) - against

    def flanked(self, level: Level) -> bool:
        """Whether the bodies right above and right below are surely the same.

        Then a body between them is the same too, however much it changed.
        """
        levels = list(self.sights)
        at = levels.index(level)
        sides = levels[at - 1 : at] + levels[at + 1 : at + 2]
        return len(sides) == 2 and all(
            abs(levels_apart(other, level)) == 1
            and other in self.changes
            and self.changes[other].log_odds >= FLANK_ODDS
            for other in sides
        )


def judged(
    seen: Mapping[Level, Sight], sights: Mapping[Level, Sight | None], *, sized: bool
) -> Column:
    """A place of the column: without bodies that contradict the others, each compared.

    Parameters
    ----------
    seen
        The vertebrae of the read film, cranial to caudal.
    sights
        What is seen of each on the next film.
    sized
        Whether both films tell sizes, so that another size is another body.
    """
    kept = _coherent(seen, _uncrowded(seen, sights))
    changes = {
        level: compare(seen[level], sight)
        for level, sight in kept.items()
        if sight is not None and sight.inside_film
    }
    grown = [
        np.log(sight.depth / seen[level].depth)
        for level, sight in kept.items()
        if sight is not None and level in changes
    ]
    growth = float(np.median(grown)) if sized and grown else 0.0
    return Column(sights=kept, changes=changes, growth=growth)


def _differences(
    seen: Mapping[Level, Sight], sights: Mapping[Level, Sight | None]
) -> dict[Level, float]:
    """How much each body that is seen on both films differs, in body depths."""
    pairs = {
        level: (seen[level], sight)
        for level, sight in sights.items()
        if sight is not None and sight.inside_film
    }
    grown = {
        level: float(np.log(after.found.frame.depth / before.found.frame.depth))
        for level, (before, after) in pairs.items()
    }
    usual = float(np.median(list(grown.values()))) if grown else 0.0
    return {
        level: float(
            np.hypot(
                shape_difference(before.canonical(before.own), after.canonical(after.own)),
                SIZE_SHARE * (grown[level] - usual),
            )
        )
        for level, (before, after) in pairs.items()
    }


def _uncrowded(
    seen: Mapping[Level, Sight], sights: Mapping[Level, Sight | None]
) -> dict[Level, Sight | None]:
    """Without those that were found where their neighbour is, or far from it."""
    kept = dict(sights)
    levels = [level for level, sight in sights.items() if sight is not None]
    ratios = {pair: _spread(seen, sights, *pair) for pair in pairwise(levels)}
    usual = float(np.median(list(ratios.values()))) if ratios else 1.0
    for (above, below), ratio in ratios.items():
        if not CROWDED[0] < ratio / usual < CROWDED[1]:
            both = _differences(seen, {level: sights[level] for level in (above, below)})
            kept[max((above, below), key=lambda level: both.get(level, np.inf))] = None
    return kept


def _coherent(
    seen: Mapping[Level, Sight], sights: Mapping[Level, Sight | None]
) -> dict[Level, Sight | None]:
    """Without those that lie or stand otherwise than the nearest others expect them.

    Each body, turned and grown as it is on the next film, says where every other should be; a
    correction bends the column by a few degrees a level, another place is a body's depth away.
    """
    kept = dict(sights)
    turns = {
        level: float(np.degrees(np.angle(_similarity(seen[level], sight))))
        for level, sight in kept.items()
        if sight is not None
    }
    usual = float(np.median(list(turns.values()))) if turns else 0.0
    for level, turn in turns.items():
        if len(turns) > 2 and abs(float(wrap_deg(np.asarray(turn - usual)))) > MOST_TURN_DEG:
            kept[level] = None
    while True:
        there = [level for level, sight in kept.items() if sight is not None]
        miss = {}
        for level in there if len(there) > 2 else ():
            others = sorted(there, key=lambda other: abs(levels_apart(other, level)))[1:4]
            pairs = [
                max(_miss(seen, kept, other, level), _miss(seen, kept, level, other))
                for other in others
            ]
            miss[level] = float(np.median(pairs))
        worst = max(miss, key=lambda level: miss[level], default=None)
        if worst is None or miss[worst] <= MOST_MISS:
            return kept
        kept[worst] = None


def _similarity(seen: Sight, found: Sight) -> complex:
    """The turn and growth that carry a body over, as a complex factor."""
    before, here = seen.canonical(seen.own), found.canonical(found.own)
    p, q = before - before.mean(axis=0), here - here.mean(axis=0)
    turned = (p[:, 0] - 1j * p[:, 1]) @ (q[:, 0] + 1j * q[:, 1])
    return complex(turned / float((p * p).sum()))


def _miss(
    seen: Mapping[Level, Sight], sights: Mapping[Level, Sight | None], by: Level, level: Level
) -> float:
    """How far a body lies from where another expects it, in body depths a level between them."""
    at, to = sights[by], sights[level]
    if at is None or to is None:
        return 0.0
    before, here = seen[by].canonical(seen[by].own), at.canonical(at.own)
    wanted = seen[level].canonical(seen[level].own).mean(axis=0) - before.mean(axis=0)
    z = _similarity(seen[by], at)
    expected = z * complex(*wanted)
    found = to.canonical(to.own).mean(axis=0) - here.mean(axis=0)
    depth = float(line_lengths(here).mean())
    away = float(np.hypot((complex(*found) - expected).real, (complex(*found) - expected).imag))
    return away / depth / max(abs(levels_apart(by, level)), 1)


def _spread(
    seen: Mapping[Level, Sight], sights: Mapping[Level, Sight | None], above: Level, below: Level
) -> float:
    """Distance of two bodies on the next film over that on the read film."""
    first, second = sights[above], sights[below]
    if first is None or second is None:
        return 1.0
    now = np.hypot(*(first.own.mean(axis=0) - second.own.mean(axis=0)))
    then = np.hypot(*(seen[above].own.mean(axis=0) - seen[below].own.mean(axis=0)))
    return float(now / max(float(then), 1e-9))
