"""Which place of the column on the next film is the right one: the one where every body fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level, levels_apart
from kyphometer.endplates.appearance import reduce_film
from kyphometer.endplates.change_model import BodyChange
from kyphometer.endplates.corners import line_lengths, shape_difference, wrap_deg
from kyphometer.endplates.locate import Chain, find_chains
from kyphometer.endplates.sight import Sight, compare, look
from kyphometer.endplates.tone import bone_sign
from kyphometer.film import Film
from kyphometer.geometry import Facing

Array = NDArray[np.float64]

SCALES_KNOWN = (0.95, 1.0, 1.05)
"""Size on the next film if both have a pixel spacing (magnification differs)."""
SCALES_UNKNOWN = tuple(1.12**k for k in range(-5, 6))
"""Size if one of them has none, relative to both films showing equally much."""
MOST_COLUMNS = 6
"""Places of the column that are looked at closely."""
LEAST_BODIES = 3
"""A place that shows fewer of the bodies (if as many were read) says too little to be looked at."""
CROWDED = (0.75, 1.30)
"""Distance of neighbours on the next film over that on the read one, at least and at most."""
MOST_ODDS = 4.0
"""Largest logarithm of odds, of either sign, that one body counts with."""
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
    score
        Correlation of the two films along the column.
    changes
        How each body that is seen on both films changed, if it is the same.
    """

    sights: Mapping[Level, Sight | None]
    score: float
    changes: Mapping[Level, BodyChange]

    @property
    def evidence(self) -> float:
        """What its bodies say for this place.

        Sum of the logarithms of the odds that each is the same body on both films; none speaks for
        or against the place with more than `MOST_ODDS`.
        """
        odds = [change.log_odds for change in self.changes.values()]
        return float(np.clip(odds, -MOST_ODDS, MOST_ODDS).sum())


def find_columns(
    seen: Mapping[Level, Sight],
    film: Film,
    factors: Array,
    facing: Facing,
    *,
    calibrated: bool,
    anchors: Mapping[Level, Array],
) -> list[Column]:
    """Places of the column on the next film, best evidence first.

    Parameters
    ----------
    seen
        The vertebrae of the read film, cranial to caudal.
    film, factors, facing
        The next film.
    calibrated
        True if both films are in mm.
    anchors
        Where some of them are known to lie on the next film, in its square units.
    """
    known = {index: anchors[level] for index, level in enumerate(seen) if level in anchors}
    centres = np.array([sight.corners.mean(axis=0) for sight in seen.values()])
    depth = float(np.mean([line_lengths(sight.corners).mean() for sight in seen.values()]))
    read = next(iter(seen.values()))
    before = reduce_film(read.film.pixels, read.factors, depth, sign=bone_sign(read.film))
    mirrored = read.facing is not facing
    chains: list[tuple[Chain, float]] = []
    likely = 1.0 if calibrated else _size(film, factors) / _size(read.film, read.factors)
    for relative in SCALES_KNOWN if calibrated else SCALES_UNKNOWN:
        scale = likely * relative
        after = reduce_film(film.pixels, factors, depth * scale, sign=bone_sign(film))
        found = find_chains(before, centres, after, mirrored=mirrored, anchors=known)
        chains += [
            (chain, scale)
            for chain in found
            if all(0 <= index - chain.first < len(chain.centre) for index in known)
        ]
    columns = []
    least = 1 if known else min(LEAST_BODIES, len(seen))
    chains = [item for item in chains if len(item[0].centre) >= least]
    for chain, scale in _different(chains, depth * likely):
        sights = {
            level: look(film, factors, facing, corners)
            for level, corners in _placed(seen, chain, scale, mirrored=mirrored).items()
        }
        kept = _coherent(seen, _uncrowded(seen, sights))
        changes = {
            level: compare(seen[level], sight)
            for level, sight in kept.items()
            if sight is not None and sight.inside_film
        }
        columns.append(Column(sights=kept, score=chain.score, changes=changes))
    return sorted(columns, key=lambda column: -column.evidence)


def _size(film: Film, factors: Array) -> float:
    """Geometric mean of a film's width and height in its square units."""
    return float(np.sqrt(np.prod(np.array(film.shape[::-1]) * factors)))


def _different(chains: list[tuple[Chain, float]], depth: float) -> list[tuple[Chain, float]]:
    """The best chains that do not lie in the same place."""
    kept: list[tuple[Chain, float]] = []
    for chain, scale in sorted(chains, key=lambda item: -item[0].worth):
        if all(_apart(chain, other) > 0.35 * depth for other, _ in kept):
            kept.append((chain, scale))
        if len(kept) == MOST_COLUMNS:
            break
    return kept


def _apart(a: Chain, b: Chain) -> float:
    """Median distance of the vertebrae that two chains share."""
    first = max(a.first, b.first)
    last = min(a.first + len(a.centre), b.first + len(b.centre))
    if last <= first:
        return np.inf
    difference = a.centre[first - a.first : last - a.first]
    return float(np.median(np.hypot(*(difference - b.centre[first - b.first : last - b.first]).T)))


def _placed(
    seen: Mapping[Level, Sight], chain: Chain, scale: float, *, mirrored: bool
) -> dict[Level, Array]:
    """Corners of each vertebra of a chain where it puts them, in the next film's square units."""
    placed = {}
    for index, (level, sight) in enumerate(seen.items(), start=-chain.first):
        if 0 <= index < len(chain.centre):
            corners = sight.corners
            mirror = (-1.0, 1.0) if mirrored else (1.0, 1.0)
            local = (corners - corners.mean(axis=0)) * mirror * scale
            angle = np.radians(chain.turn_deg[index])
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            placed[level] = chain.centre[index] + local @ turn.T
    return placed


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
