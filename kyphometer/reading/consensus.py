"""The mean of several readings of one film, corner by corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import ReadingError
from kyphometer.geometry import Point
from kyphometer.reading.model import (
    Covariance,
    Endplate,
    Landmark,
    MarkSource,
    Reading,
    Vertebra,
)

METHOD = "mean of readings"


def mean_reading(readings: Sequence[Reading]) -> Reading:
    """The mean of readings of one film: each corner that several marked at their mean place.

    What one of them alone marked is taken from that one. A mean corner is not stated to be better
    known than the corners that it is made of, because readers of one film err together: its
    covariance is the mean of theirs, or none if one of them states none.

    Parameters
    ----------
    readings
        Two or more, of the same film.

    Raises
    ------
    ReadingError
        If they are fewer, or name different fractured levels, or disagree about where anterior is.
    """
    first = readings[0]
    if len(readings) < 2:
        raise ReadingError("consensus_of_one")
    if any(other.fractured_levels != first.fractured_levels for other in readings):
        raise ReadingError("consensus_levels")
    if len({other.facing for other in readings} - {None}) > 1:
        raise ReadingError("consensus_facing")
    levels = {level: None for reading in readings for level in reading.levels}
    vertebrae = {level: _vertebra(readings, level) for level in levels}
    unseen = {
        (item.level, item.endplate): item
        for reading in readings
        for item in reading.not_measurable
        if item.level not in vertebrae or vertebrae[item.level].endplate(item.endplate) is None
    }
    return replace(
        first,
        vertebrae=vertebrae,
        facing=next((one.facing for one in readings if one.facing is not None), None),
        not_measurable=tuple(unseen.values()),
        comment="",
        known_size=first.known_size
        if all(one.known_size == first.known_size for one in readings)
        else None,
        next_intact=all(one.next_intact for one in readings),
        carried_over={},
        extra={},
    )


def _vertebra(readings: Sequence[Reading], level: Level) -> Vertebra:
    plates = {
        side: [plate for one in readings if (plate := one.endplate(level, side)) is not None]
        for side in EndplateSide
    }
    return Vertebra(
        level=level,
        superior=_endplate(plates[EndplateSide.SUPERIOR]),
        inferior=_endplate(plates[EndplateSide.INFERIOR]),
    )


def _endplate(plates: Sequence[Endplate]) -> Endplate | None:
    if not plates:
        return None
    middles = [plate.middle for plate in plates if plate.middle is not None]
    return Endplate(
        anterior=_mean([plate.anterior for plate in plates]),
        posterior=_mean([plate.posterior for plate in plates]),
        middle=_mean(middles) if middles else None,
    )


def _mean(marks: Sequence[Landmark]) -> Landmark:
    if len(marks) == 1:
        return marks[0]
    count = len(marks)
    sources = {mark.source for mark in marks}
    return Landmark(
        xy=Point(sum(m.xy.x for m in marks) / count, sum(m.xy.y for m in marks) / count),
        covariance=_mean_covariance([mark.covariance for mark in marks]),
        source=sources.pop() if len(sources) == 1 else MarkSource.HAND,
        method=METHOD,
    )


def _mean_covariance(known: Sequence[Covariance | None]) -> Covariance | None:
    stated = [one for one in known if one is not None]
    if len(stated) < len(known):
        return None
    a, b, c, d = (
        sum(one[i][j] for one in stated) / len(stated) for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))
    )
    return ((a, b), (c, d))
