"""From a read film to the same patient's next one: the same corners, proposed there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.carry.carried import CarriedVertebra, CarryOver, NotCarried
from kyphometer.carry.chain import out_of_step
from kyphometer.carry.columns import Column
from kyphometer.carry.places import Side, settled_place
from kyphometer.carry.sight import Sight
from kyphometer.carry.surroundings import witnesses
from kyphometer.carry.transfer import transfer
from kyphometer.errors import CarryOverError
from kyphometer.film import Film
from kyphometer.geometry import Facing, PixelGeometry, Point
from kyphometer.messages import Word
from kyphometer.reading import Reading
from kyphometer.reading.facing import derive_facing

Array = NDArray[np.float64]


def carry_over(
    previous_film: Film,
    previous_reading: Reading,
    next_film: Film,
    *,
    previous_geometry: PixelGeometry | None = None,
    geometry: PixelGeometry | None = None,
    facing: Facing | None = None,
    anchors: Mapping[Level, Point] | None = None,
) -> CarryOver:
    """Propose the corners of a read film on the same patient's next film.

    The column is found by its appearance, instruments and cement allowed, and recognised by its
    bodies. Each body's corners are then told on both films with each other's help, and the reader's
    corners are moved as they moved: the reader's own way of placing a corner goes along and cancels
    in every change.

    Parameters
    ----------
    previous_film, previous_reading
        The film that was read, and its reading.
    next_film
        The film to propose marks on.
    previous_geometry, geometry
        Pixel geometry of the previous and of the next film, to use instead of their own.
    facing
        Where anterior is on the next film. If None, the side that its header states (else that of
        the previous film) and the other one are both tried, and a contradiction is told.
    anchors
        About where the middle of some bodies lies on the next film, in pixels: one click on a known
        level settles which level is which.

    Returns
    -------
    carried
        Proposals with their uncertainty; refused levels with reasons.

    Raises
    ------
    CarryOverError
        If the reading has no vertebra with an endplate, or the column is not found on the next
        film without doubt about the level.
    FacingError
        If the reading does not tell where anterior is.
    """
    side = previous_reading.facing or derive_facing(previous_reading)
    before = Side(previous_film, previous_geometry or previous_film.geometry, side)
    seen, marked = witnesses(before.film, before.factors, side, previous_reading)
    if not marked:
        raise CarryOverError("carry_no_body")
    stated = facing or next_film.acquisition.facing
    sides = (facing,) if facing else (stated or side, (stated or side).opposite)
    after, column, margin = settled_place(
        seen,
        [Side(next_film, geometry or next_film.geometry, where) for where in sides],
        levels=sorted(marked),
        calibrated=before.geometry.is_calibrated,
        anchors={level: at for level, at in (anchors or {}).items() if level in seen},
    )
    carried: list[CarriedVertebra] = []
    refused: list[NotCarried] = []
    for level in sorted(marked):
        found = column.sights.get(level)
        if found is None:
            refused.append(NotCarried(level=level, reason="outside"))
            continue
        vertebra = previous_reading.vertebrae[level]
        result = transfer(
            vertebra,
            seen[level],
            found,
            column.changes.get(level),
            intact=level not in previous_reading.fractured_levels,
            flanked=column.flanked(level),
        )
        if isinstance(result, NotCarried):
            refused.append(result)
        else:
            carried.append(result)
    carried, astray = _in_step(carried, seen, column)
    refused += astray
    return CarryOver(
        previous=replace(previous_reading, facing=side),
        reading=_proposal(before, previous_reading, after, carried),
        vertebrae=tuple(carried),
        refused=tuple(refused),
        evidence=column.evidence,
        margin=margin,
        previous_geometry=before.geometry,
        geometry=after.geometry,
        warnings=_contradiction(stated, after.facing),
    )


def _in_step(
    carried: list[CarriedVertebra], seen: Mapping[Level, Sight], column: Column
) -> tuple[list[CarriedVertebra], list[NotCarried]]:
    """Proposals that keep their distances to each other, and the others as refused."""
    found = {item.level: at for item in carried if (at := column.sights[item.level]) is not None}
    before = {level: seen[level].corners.mean(axis=0) for level in found}
    after = {level: at.own.mean(axis=0) for level, at in found.items()}
    grown = [at.depth / seen[level].depth for level, at in found.items()]
    gone = out_of_step(before, after, float(np.median(grown))) if grown else ()
    kept = [item for item in carried if item.level not in gone]
    return kept, [NotCarried(level=level, reason="out_of_step") for level in gone]


def _contradiction(stated: Facing | None, found: Facing) -> tuple[Word, ...]:
    """What to say where the film shows anterior at the other side than its header states."""
    if stated is None or stated is found:
        return ()
    sides = {"stated": Word(f"image.{stated}"), "found": Word(f"image.{found}")}
    return (Word("carry.facing_contradicted", sides),)


def _proposal(
    before: Side, previous: Reading, after: Side, carried: list[CarriedVertebra]
) -> Reading:
    """The proposals as a reading of the next film, with what is known about their change."""
    levels = {item.level for item in carried}
    origin = before.film.reference
    return Reading(
        film=after.film.reference,
        vertebrae={item.level: item.vertebra for item in carried},
        facing=after.facing,
        fractured_levels=tuple(f for f in previous.fractured_levels if f in levels),
        corner_rule=previous.corner_rule,
        carried_over={
            item.level: item.known_change(previous.vertebrae[item.level], origin)
            for item in carried
        },
    )
