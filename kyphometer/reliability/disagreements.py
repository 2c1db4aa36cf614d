"""Pairs of readings that differ by more than MDC95, for adjudication."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from kyphometer.reliability.table import Cube
from kyphometer.stats.estimate import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement(Result):
    """Two readings of one film whose difference, first minus second, is beyond the limit."""

    film: str
    first_observer: str
    first_replicate: str
    second_observer: str
    second_replicate: str
    first_value: float
    second_value: float
    difference: float
    limit: float

    @property
    def same_observer(self) -> bool:
        """Whether one observer disagrees with himself."""
        return self.first_observer == self.second_observer


def gross_disagreements(
    cube: Cube, between_limit: float, within_limit: float | None = None
) -> tuple[Disagreement, ...]:
    """Return the pairs of readings beyond MDC95, largest first.

    Parameters
    ----------
    between_limit
        MDC95 of agreement, for readings of two observers.
    within_limit
        Intra-observer MDC95, for two readings of one observer; None to leave those out.
    """
    found = []
    for film, values in zip(cube.films, cube.values, strict=True):
        present = [(o, r, float(values[o, r])) for o, r in np.argwhere(np.isfinite(values))]
        for (o1, r1, x), (o2, r2, y) in combinations(present, 2):
            limit = within_limit if o1 == o2 else between_limit
            if limit is not None and abs(x - y) > limit:
                found.append(
                    Disagreement(
                        film=film,
                        first_observer=cube.observers[o1],
                        first_replicate=cube.replicates[r1],
                        second_observer=cube.observers[o2],
                        second_replicate=cube.replicates[r2],
                        first_value=x,
                        second_value=y,
                        difference=x - y,
                        limit=limit,
                    )
                )
    return tuple(sorted(found, key=lambda d: -abs(d.difference)))
