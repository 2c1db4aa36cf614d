"""Limits of agreement for every pair of observers and every observer's own repeats."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from kyphometer.reliability.agreement import BlandAltman, bland_altman
from kyphometer.reliability.agreement_repeated import (
    RepeatedLimits,
    limits_true_value_constant,
    limits_true_value_varies,
)
from kyphometer.reliability.crossed import compact
from kyphometer.reliability.observers import tried
from kyphometer.reliability.table import Cube, ReadingTable
from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import NotComputed, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement(Result):
    """Agreement of two observers.

    `single` is of first readings. `replicates` uses all readings of each film (true value
    constant); `visits` takes the films of a patient as one cluster (true value varies) and is the
    one to quote where patients have several films.
    """

    label: str
    first_observer: str
    second_observer: str
    single: BlandAltman | NotComputed
    replicates: RepeatedLimits | NotComputed
    visits: RepeatedLimits | NotComputed


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatAgreement(Result):
    """Agreement of an observer's first and second reading."""

    label: str
    observer: str
    single: BlandAltman | NotComputed


def observer_pairs(
    table: ReadingTable, cube: Cube, confidence: float = 0.95
) -> tuple[PairAgreement, ...]:
    """Return the agreement of every pair of observers, differences first minus second."""
    readings = compact(cube.values)
    patients = table.patients_of_films()
    owners = tuple(patients[film] for film in cube.films)
    return tuple(
        _pair(readings, cube, owners, a, b, confidence, table.unit)
        for a, b in combinations(range(len(cube.observers)), 2)
    )


def repeat_agreements(
    cube: Cube, confidence: float = 0.95, unit: str = "deg"
) -> tuple[RepeatAgreement, ...]:
    """Return the agreement of the first two readings of each observer who read twice."""
    readings = compact(cube.values)
    if readings.shape[2] < 2:
        return ()
    found = []
    for index, name in enumerate(cube.observers):
        label = f"{name}, first - second reading"
        first, second = readings[:, index, 0], readings[:, index, 1]
        if np.isfinite(second).any():
            single = _single(first, second, label, confidence, unit)
            found.append(RepeatAgreement(label=label, observer=name, single=single))
    return tuple(found)


def _pair(
    readings: Floats,
    cube: Cube,
    owners: tuple[str, ...],
    a: int,
    b: int,
    confidence: float,
    unit: str,
) -> PairAgreement:
    first, second = cube.observers[a], cube.observers[b]
    label = f"{first} - {second}"
    differences = readings[:, a, 0] - readings[:, b, 0]
    return PairAgreement(
        label=label,
        first_observer=first,
        second_observer=second,
        single=_single(readings[:, a, 0], readings[:, b, 0], label, confidence, unit),
        replicates=tried(
            "limits of agreement from repeats",
            lambda: limits_true_value_constant(
                readings[:, a], readings[:, b], label=label, confidence=confidence, unit=unit
            ),
        ),
        visits=tried(
            "limits of agreement over visits",
            lambda: limits_true_value_varies(
                _by_owner(differences, owners), label=label, confidence=confidence, unit=unit
            ),
        ),
    )


def _single(
    first: Floats, second: Floats, label: str, confidence: float, unit: str
) -> BlandAltman | NotComputed:
    return tried(
        "limits of agreement",
        lambda: bland_altman(first, second, label=label, confidence=confidence, unit=unit),
    )


def _by_owner(differences: Floats, owners: tuple[str, ...]) -> list[list[float]]:
    groups: dict[str, list[float]] = defaultdict(list)
    for owner, difference in zip(owners, differences.tolist(), strict=True):
        groups[owner].append(difference)
    return list(groups.values())
