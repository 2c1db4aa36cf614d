"""The crossed design film x observer x replicate: its counts and its mean squares."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kyphometer.errors import IncompleteDesignError, TooFewDataError
from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedDesign(Result):
    """What was read: counts of films, observers, replicates, readings, and what is missing.

    `replicates` is the most readings of one film by one observer; `missing` counts the readings
    lacking to the full films x observers x replicates design.
    """

    films: int
    observers: int
    replicates: int
    readings: int
    cells: int
    missing: int

    @property
    def balanced(self) -> bool:
        """Whether every observer has read every film in every replicate."""
        return self.missing == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanSquares(Result):
    """Mean squares and degrees of freedom of the crossed design, and its effective size.

    `residual` is None without replicates; `interaction` (film x observer) then holds the residual.
    The effective numbers are the counts themselves in a balanced design.
    """

    film: float
    observer: float
    interaction: float
    residual: float | None
    film_df: float
    observer_df: float
    interaction_df: float
    residual_df: float
    films: float
    observers: float
    replicates: float


def crossed_cube(values: ArrayLike) -> Floats:
    """Return readings as an array (films, observers, replicates), NaN where missing.

    A films x observers table becomes one with a single replicate. Films and observers without any
    reading are dropped.

    Raises
    ------
    TooFewDataError
        Fewer than two films or two observers remain.
    """
    cube = np.asarray(values, dtype=np.float64)
    if cube.ndim == 2:
        cube = cube[:, :, None]
    if cube.ndim != 3:
        raise TooFewDataError("crossed_shape", shape=cube.shape)
    present = np.isfinite(cube)
    cube = np.where(present, cube, np.nan)
    cube = cube[present.any(axis=(1, 2))][:, present.any(axis=(0, 2))]
    if min(cube.shape[:2]) < 2:
        raise TooFewDataError("crossed_least", shape=cube.shape[0], shape2=cube.shape[1])
    return cube


def read_films(values: ArrayLike, labels: Sequence[Hashable]) -> tuple[Hashable, ...]:
    """Return the labels of the films that `crossed_cube` keeps: those with a reading."""
    cube = np.asarray(values, dtype=np.float64)
    kept = np.isfinite(cube).reshape(cube.shape[0], -1).sum(axis=1)
    return tuple(label for label, count in zip(labels, kept, strict=True) if count)


def design_of(cube: Floats) -> CrossedDesign:
    """Return the counts of a (films, observers, replicates) array."""
    counts = cell_counts(cube)
    replicates = int(counts.max())
    films, observers = counts.shape
    return CrossedDesign(
        films=films,
        observers=observers,
        replicates=replicates,
        readings=int(counts.sum()),
        cells=int(np.count_nonzero(counts)),
        missing=films * observers * replicates - int(counts.sum()),
    )


def cell_counts(cube: Floats) -> NDArray[np.int64]:
    """Return the number of readings in each film x observer cell."""
    return np.asarray(np.isfinite(cube).sum(axis=2), dtype=np.int64)


def compact(cube: Floats) -> Floats:
    """Return the cube with each cell's readings moved to the front, at most `replicates` deep."""
    deepest = int(cell_counts(cube).max())
    order = np.argsort(~np.isfinite(cube), axis=2, kind="stable")
    return np.asarray(np.take_along_axis(cube, order, axis=2)[:, :, :deepest])


def mean_squares(cube: Floats) -> MeanSquares:
    """Return the mean squares of a complete (films, observers, replicates) array.

    Raises
    ------
    IncompleteDesignError
        A reading is missing.
    """
    missing = int(np.count_nonzero(~np.isfinite(cube)))
    if missing:
        raise IncompleteDesignError("variance_incomplete", missing=missing, size=cube.size)
    p, o, r = cube.shape
    centred = cube - cube.mean()
    cells = centred.mean(axis=2)
    film, observer = cells.mean(axis=1), cells.mean(axis=0)
    interaction = cells - film[:, None] - observer
    residual_df = p * o * (r - 1)
    within = float(np.sum((centred - cells[:, :, None]) ** 2))
    return MeanSquares(
        film=o * r * float(film @ film) / (p - 1),
        observer=p * r * float(observer @ observer) / (o - 1),
        interaction=r * float(np.sum(interaction**2)) / ((p - 1) * (o - 1)),
        residual=within / residual_df if residual_df else None,
        film_df=p - 1,
        observer_df=o - 1,
        interaction_df=(p - 1) * (o - 1),
        residual_df=residual_df,
        films=p,
        observers=o,
        replicates=r,
    )
