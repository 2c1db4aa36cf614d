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


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """What is looked for, and what is known of where it lies.

    Attributes
    ----------
    seen
        The vertebrae of the read film, cranial to caudal.
    calibrated
        True if the read film is in mm.
    anchors
        About where the middle of some of them lies on the next film, in pixels.
    """

    seen: Mapping[Level, Sight]
    calibrated: bool
    anchors: Mapping[Level, Point]

    @property
    def anchored(self) -> bool:
        return bool(self.anchors)

    def known(self, side: Side) -> dict[Level, Array]:
        """The anchors in square units."""
        return {level: np.array(at) * side.factors for level, at in self.anchors.items()}

    def sized(self, side: Side) -> bool:
        """Whether sizes say something: both films are in mm, and nobody said which body it is."""
        return self.calibrated and side.geometry.is_calibrated and not self.anchored

    def place(self, side: Side, sights: Mapping[Level, Sight | None]) -> Place:
        return Place(side, judged(self.seen, sights, sized=self.sized(side)))


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
    search = _Search(seen, calibrated, anchors)
    places = _ranked(search, [place for side in sides for place in _likely(search, side)])
    if not _clear(search, places):
        places = _ranked(search, [*places, *_detected(search, sides)])
    if not places or places[0].column.evidence < _least(search):
        raise CarryOverError("carry_unrecognised", levels=levels)
    if not _clear(search, places):
        raise CarryOverError("carry_two_places", levels=levels)
    return places[0].side, places[0].column, _margin(places)


def _likely(search: _Search, side: Side) -> Iterator[Place]:
    """Places grown from the anchors, and those that look like the column."""
    known = search.known(side)
    for sights in _anchored(search.seen, side, known):
        yield search.place(side, sights)
    for column in columns_like(
        search.seen,
        side.film,
        side.factors,
        side.facing,
        calibrated=search.calibrated and side.geometry.is_calibrated,
        anchors=known,
    ):
        yield Place(side, column)


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


def _detected(search: _Search, sides: Sequence[Side]) -> list[Place]:
    """Places that the detector leads to, if the anchors lie in them."""
    first = sides[0]
    facing = first.facing if len(sides) == 1 else None
    places = []
    for where, sights in found_columns(search.seen, first.film, first.geometry, facing):
        side = Side(first.film, first.geometry, where)
        known = search.known(side)
        if all(_lies_at(sights.get(level), at) for level, at in known.items()):
            places.append(search.place(side, sights))
    return places


def _lies_at(sight: Sight | None, at: Array) -> bool:
    """Whether a body lies where an anchor says."""
    return sight is not None and bool(
        np.hypot(*(sight.own.mean(axis=0) - at)) <= NEAR * sight.depth
    )


def _ranked(search: _Search, places: list[Place]) -> list[Place]:
    """Places that differ and show enough bodies, the best first; the first two grown anew."""
    least = 1 if search.anchored else min(LEAST_BODIES, len(search.seen))
    order = _different([place for place in places if len(place.column.changes) >= least])
    return _different([*(_completed(search, place) for place in order[:2]), *order[2:]])


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


def _completed(search: _Search, place: Place) -> Place:
    """The place grown anew from its surest body, if more speaks for it then."""
    odds = {level: change.log_odds for level, change in place.column.changes.items()}
    surest = max(odds, key=lambda level: odds[level])
    sight = place.column.sights[surest]
    if sight is None or len(odds) == len(search.seen):
        return place
    again = search.place(place.side, grown(search.seen, surest, sight))
    return again if again.column.evidence > place.column.evidence else place


def _margin(places: list[Place]) -> float:
    """By how much more the bodies speak for the first place than for the second, or for none."""
    second = places[1].column.evidence if len(places) > 1 else 0.0
    return places[0].column.evidence - max(second, 0.0)


def _least(search: _Search) -> float:
    """What must speak for a place; a reader who clicked has said that it is the same patient."""
    return 0.0 if search.anchored else LEAST_EVIDENCE


def _clear(search: _Search, places: list[Place]) -> bool:
    """Whether the first place is recognised and no other comes near it."""
    if not places or places[0].column.evidence < _least(search):
        return False
    return search.anchored or _margin(places) >= LEAST_MARGIN
