"""Bodies that the reader marked by half or not at all: seen by the network, they speak for a place.

A reading of four endplates has one whole body, too little to recognise a column by. Its half-marked
bodies are completed, and the bodies next to it are looked for where they must lie; whatever the
network finds there with doubt, or not where the reader's own mark is, is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide, Level, neighbour
from kyphometer.carry.sight import Sight, look
from kyphometer.endplates.corners import (
    ASSUMED_HEIGHT,
    ROWS,
    line_directions_deg,
    line_lengths,
    vertebra_corners,
    wrap_deg,
)
from kyphometer.film import Film
from kyphometer.geometry import Facing
from kyphometer.reading import Reading

Array = NDArray[np.float64]

ENOUGH_BODIES = 5
"""With this many bodies a column is recognised by them alone."""
ASSUMED_DISC = 0.20
"""Height of a disc over the depth of a body (T10 to L4)."""
DISC = (0.0, 0.55)
"""Height of the disc to a body that was looked for, over its depth: at least and at most."""
GROWTH = (0.78, 1.28)
"""Depth of a body over its neighbour's, at least and at most."""
SAME_LINE = 0.15
"""A line that the network sees further than this from the reader's is another one, in depths."""
SAME_TURN_DEG = 15.0
CLEAR_LINE_SD_DEG = 4.0
"""A body whose lines are less sure than this is no witness."""


def witnesses(
    film: Film, factors: Array, facing: Facing, reading: Reading
) -> tuple[dict[Level, Sight], frozenset[Level]]:
    """What the network sees of the bodies of a reading and of those around them.

    Parameters
    ----------
    film, factors, facing
        The film that was read, its square units a pixel, where anterior is on it.
    reading
        Its reading; levels with one endplate are completed.

    Returns
    -------
    sights
        By level, cranial to caudal.
    marked
        Levels that the reader marked, wholly or by half; the others are witnesses only.
    """
    sights: dict[Level, Sight] = {}
    marked = set()
    for level, vertebra in reading.vertebrae.items():
        corners = vertebra_corners(vertebra, factors, facing.sign)
        if corners is None or not Level.T1 <= level < Level.S1:
            continue
        sight = look(film, factors, facing, corners)
        if sight is not None and len(vertebra.endplates) == 1:
            sight = _completed(sight, next(iter(vertebra.endplates)))
        if sight is not None:
            sights[level] = sight
            marked.add(level)
    if marked:
        _add_neighbours(sights, film, factors, facing)
    return dict(sorted(sights.items())), frozenset(marked)


def _completed(sight: Sight, side: EndplateSide) -> Sight | None:
    """A half-marked body with the network's other endplate; None if it sees another body."""
    rows = list(ROWS[side])
    corners = sight.own
    corners[rows] = sight.corners[rows]
    again = look(sight.film, sight.factors, sight.facing, corners)
    if again is None or not again.inside_film:
        return None
    depth = float(line_lengths(sight.corners)[rows[0] // 2])
    miss = float(np.hypot(*(again.own[rows] - sight.corners[rows]).mean(axis=0)))
    turn = wrap_deg(line_directions_deg(again.own) - line_directions_deg(sight.corners))
    same = miss < SAME_LINE * depth and abs(float(turn[rows[0] // 2])) < SAME_TURN_DEG
    return again if same else None


def _add_neighbours(sights: dict[Level, Sight], film: Film, factors: Array, facing: Facing) -> None:
    """Look for the bodies beyond the ends of the chain, until there are enough."""
    growing = {-1: True, 1: True}
    while len(sights) < ENOUGH_BODIES and any(growing.values()):
        for way in (-1, 1):
            if len(sights) >= ENOUGH_BODIES or not growing[way]:
                continue
            edge = min(sights) if way < 0 else max(sights)
            level = neighbour(edge, way)
            found = None
            if level is not None and Level.T1 <= level <= Level.L5:
                found = _beside(sights[edge], way, film, factors, facing)
            growing[way] = found is not None
            if found is not None and level is not None:
                sights[level] = found


def _beside(sight: Sight, way: int, film: Film, factors: Array, facing: Facing) -> Sight | None:
    """The body above (-1) or below (+1), if one is clearly there."""
    here = sight.own
    depth = float(line_lengths(here).mean())
    near = here[:2] if way < 0 else here[2:]
    far = here[2:] if way < 0 else here[:2]
    outward = _outward(near, far)
    close = near + ASSUMED_DISC * depth * outward
    away = close + ASSUMED_HEIGHT * depth * outward
    expected = np.concatenate((away, close) if way < 0 else (close, away))
    found = look(film, factors, facing, expected)
    found = None if found is None else look(film, factors, facing, found.own)
    if found is None or not found.inside_film:
        return None
    plate = found.own[2:] if way < 0 else found.own[:2]
    disc = float(((plate - near) @ outward).mean()) / depth
    growth = float(line_lengths(found.own).mean()) / depth
    clear = float(found.found.line_sd_deg.max()) <= CLEAR_LINE_SD_DEG
    return found if clear and _between(disc, DISC) and _between(growth, GROWTH) else None


def _outward(near: Array, far: Array) -> Array:
    """Unit vector across an endplate, away from the body's other one."""
    along = near[1] - near[0]
    across = np.array([-along[1], along[0]]) / np.hypot(*along)
    sign = np.sign((near.mean(axis=0) - far.mean(axis=0)) @ across) or 1.0
    outward: Array = across * sign
    return outward


def _between(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] < value < limits[1]
