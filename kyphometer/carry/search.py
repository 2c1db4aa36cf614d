"""Places of the column that look like it: chains of look-alikes at several sizes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.carry.appearance import reduce_film
from kyphometer.carry.columns import LEAST_BODIES, Column, judged
from kyphometer.carry.locate import Chain, find_chains
from kyphometer.carry.sight import Sight, look
from kyphometer.endplates.corners import line_lengths
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


def columns_like(
    seen: Mapping[Level, Sight],
    film: Film,
    factors: Array,
    facing: Facing,
    *,
    calibrated: bool,
    anchors: Mapping[Level, Array],
) -> list[Column]:
    """Places of the column on the next film that look like it.

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
        columns.append(judged(seen, sights, sized=calibrated and not anchors))
    return columns


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
