"""Which place of the column on the next film is the right one, from every way to look for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.carry.columns import LEAST_BODIES, Column, judged
from kyphometer.carry.found import found_columns
from kyphometer.carry.grow import at_point, grown
from kyphometer.carry.search import columns_like
from kyphometer.carry.sight import Sight, compare
from kyphometer.endplates.corners import square_factors
from kyphometer.errors import CarryOverError
from kyphometer.film import Film
from kyphometer.geometry import Facing, PixelGeometry, Point

Array = NDArray[np.float64]

LEAST_EVIDENCE = 6.5
"""A place whose bodies speak less for it than this was not recognised (see `Column`).

In simulation one of 117 films of another patient reached 6.0, and one of 113 right places had less
than 6.5 (`benchmarks/carry_over.py`).
"""
LEAST_MARGIN = 3.0
"""A column whose bodies speak for it by no more than this beyond another place is in doubt."""
OTHER = 0.35
"""Columns whose bodies lie further apart than this are in other places, in body depths."""
NEAR = 0.5
"""A body lies where an anchor says if it is no further from it, in body depths."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of the two films: the film, its geometry, where anterior is on it."""

    film: Film
    geometry: PixelGeometry
    facing: Facing

    @property
    def factors(self) -> Array:
        """Square units a pixel along x and y."""
        return square_factors(self.geometry)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A column on the next film, seen from one side."""

    side: Side
    column: Column


def settled_place(
    seen: Mapping[Level, Sight],
    sides: Sequence[Side],
    *,
    levels: Sequence[Level],
    calibrated: bool,
    anchors: Mapping[Level, Point],
) -> tuple[Side, Column, float]:
    """The place where the bodies fit, and by how much better than elsewhere.

    The column is looked for by its appearance and from the anchors; where that does not settle
    it, by the bodies that the whole-film detector sees.

    Parameters
    ----------
    seen
        The vertebrae of the read film, cranial to caudal.
    sides
        The next film with anterior at either side that comes into question, the likelier first.
    levels
        What the reader marked, for the sentence.
    calibrated
        True if the read film is in mm.
    anchors
        About where the middle of some of them lies on the next film, in pixels.

    Raises
    ------
    CarryOverError
        If the column is not recognised, or could lie in two places.
    """
    places: list[Place] = []
    for side in sides:
        known = {level: np.array(at) * side.factors for level, at in anchors.items()}
        columns = [judged(seen, sights) for sights in _anchored(seen, side, known)]
        columns += columns_like(
            seen,
            side.film,
            side.factors,
            side.facing,
            calibrated=calibrated and side.geometry.is_calibrated,
            anchors=known,
        )
        places += [Place(side, column) for column in columns]
    places = _ranked(seen, places, anchored=bool(anchors))
    if not _clear(places, anchored=bool(anchors)):
        places = _ranked(seen, [*places, *_detected(seen, sides, anchors)], anchored=bool(anchors))
    return _chosen(places, levels, anchored=bool(anchors))


def _anchored(
    seen: Mapping[Level, Sight], side: Side, anchors: Mapping[Level, Array]
) -> Iterator[dict[Level, Sight | None]]:
    """The column grown from the anchor whose body is the surest."""
    found = {
        level: at_point(seen[level], side.film, side.factors, side.facing, at)
        for level, at in anchors.items()
    }
    odds = {
        level: compare(seen[level], sight).log_odds
        for level, sight in found.items()
        if sight is not None and sight.inside_film
    }
    if odds:
        surest = max(odds, key=lambda level: odds[level])
        sight = found[surest]
        if sight is not None:
            yield grown(seen, surest, sight)


def _detected(
    seen: Mapping[Level, Sight], sides: Sequence[Side], anchors: Mapping[Level, Point]
) -> list[Place]:
    """Places that the detector leads to, if the anchors lie in them."""
    first = sides[0]
    facing = first.facing if len(sides) == 1 else None
    places = []
    for where, sights in found_columns(seen, first.film, first.geometry, facing):
        side = Side(first.film, first.geometry, where)
        known = {level: np.array(at) * side.factors for level, at in anchors.items()}
        if all(_lies_at(sights.get(level), at) for level, at in known.items()):
            places.append(Place(side, judged(seen, sights)))
    return places


def _lies_at(sight: Sight | None, at: Array) -> bool:
    """Whether a body lies where an anchor says."""
    return sight is not None and bool(
        np.hypot(*(sight.own.mean(axis=0) - at)) <= NEAR * sight.depth
    )


def _ranked(seen: Mapping[Level, Sight], places: list[Place], *, anchored: bool) -> list[Place]:
    """Places that differ and show enough bodies, the best first; the first two grown anew."""
    least = 1 if anchored else min(LEAST_BODIES, len(seen))
    order = _different([place for place in places if len(place.column.changes) >= least])
    return _different([*(_completed(seen, place) for place in order[:2]), *order[2:]])


def _different(places: list[Place]) -> list[Place]:
    """Places that do not lie in the same place, best evidence first."""
    kept: list[Place] = []
    for place in sorted(places, key=lambda item: -item.column.evidence):
        if all(_apart(place, other) for other in kept):
            kept.append(place)
    return kept


def _apart(a: Place, b: Place) -> bool:
    """Whether the bodies that two places share lie apart, by their median distance."""
    if a.side.facing is not b.side.facing:
        return True
    pairs = [
        (first, second)
        for level, first in a.column.sights.items()
        if first is not None and (second := b.column.sights.get(level)) is not None
    ]
    if not pairs:
        return True
    away = [np.hypot(*(p.own - q.own).mean(axis=0)) / p.depth for p, q in pairs]
    return float(np.median(away)) > OTHER


def _completed(seen: Mapping[Level, Sight], place: Place) -> Place:
    """The place grown anew from its surest body, if more speaks for it then."""
    odds = {level: change.log_odds for level, change in place.column.changes.items()}
    surest = max(odds, key=lambda level: odds[level])
    sight = place.column.sights[surest]
    if sight is None or len(odds) == len(seen):
        return place
    again = judged(seen, grown(seen, surest, sight))
    return Place(place.side, again) if again.evidence > place.column.evidence else place


def _margin(places: list[Place]) -> float:
    """By how much more the bodies speak for the first place than for the second, or for none."""
    second = places[1].column.evidence if len(places) > 1 else 0.0
    return places[0].column.evidence - max(second, 0.0)


def _clear(places: list[Place], *, anchored: bool) -> bool:
    """Whether the first place is recognised and no other comes near it."""
    if not places or places[0].column.evidence < (0.0 if anchored else LEAST_EVIDENCE):
        return False
    return anchored or _margin(places) >= LEAST_MARGIN


def _chosen(
    places: list[Place], levels: Sequence[Level], *, anchored: bool
) -> tuple[Side, Column, float]:
    if not places or places[0].column.evidence < (0.0 if anchored else LEAST_EVIDENCE):
        raise CarryOverError("carry_unrecognised", levels=levels)
    if not _clear(places, anchored=anchored):
        raise CarryOverError("carry_two_places", levels=levels)
    return places[0].side, places[0].column, _margin(places)
