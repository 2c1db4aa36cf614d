"""Intervals of variance components and of the ICC, SEM and MDC95 made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kyphometer.measure.model import Z95
from kyphometer.reliability.crossed import MeanSquares
from kyphometer.reliability.film_levels import FilmLevels
from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import Estimate, Result
from kyphometer.stats.pivots import mean_square_pivots, pivot_estimate

MDC95_FACTOR = Z95 * math.sqrt(2.0)

Pieces = tuple[float, float, float | None, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pivots:
    """Generalised pivots of the variances and of their sums.

    A single variance counts as 0 where its pivot is negative, as in the estimates. Sums are pivots
    of sums of mean squares, not sums of cut pivots, which are too large where observers agree well.
    """

    film: Floats
    observer: Floats
    interaction: Floats | None
    residual: Floats
    consistency: Floats
    agreement: Floats

    @property
    def total(self) -> Floats:
        """The variance of a single reading of a film taken at random."""
        return self.film + self.agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision(Result):
    """Standard errors of measurement and the minimal detectable changes they give.

    `intra_observer`: the same observer reads again. `consistency`: another observer reads, biases
    removed. `agreement`: another observer reads. The MDC95 is 1.96 x sqrt(2) x SEM, the change of
    one patient that such readings exceed by chance one time in twenty.
    """

    intra_observer: Estimate | None
    consistency: Estimate
    agreement: Estimate
    mdc95_intra_observer: Estimate | None
    mdc95_consistency: Estimate
    mdc95_agreement: Estimate


def component_pivots(table: MeanSquares, levels: FilmLevels | None = None) -> Pivots:
    """Return the pivots of the components of a table of mean squares.

    With `levels` the films of one patient resemble each other, and the pivot of their variance is
    that of both levels.
    """
    squares = [table.film, table.observer, table.interaction]
    dfs = [table.film_df, table.observer_df, table.interaction_df]
    p, o, r = table.films, table.observers, table.replicates
    if table.residual is not None:
        squares.append(table.residual)
        dfs.append(table.residual_df)
    if levels is not None:
        squares[0], dfs[0] = levels.patient, levels.patient_df
        squares.append(levels.film)
        dfs.append(levels.film_df)
    film, observer, interaction, *residual = mean_square_pivots(squares, dfs)
    if levels is not None:
        film = levels.over_all(film, residual.pop())
    error = residual[0] if residual else interaction
    consistency = interaction / r + error * (1.0 - 1.0 / r)
    return Pivots(
        film=np.maximum(film - interaction, 0.0) / (o * r),
        observer=np.maximum(observer - interaction, 0.0) / (p * r),
        interaction=np.maximum(interaction - residual[0], 0.0) / r if residual else None,
        residual=error,
        consistency=consistency,
        agreement=consistency + (observer - interaction) / (p * r),
    )


def component_estimates(
    pieces: Pieces, pivots: Pivots, confidence: float, unit: str
) -> tuple[Estimate, Estimate, Estimate | None, Estimate]:
    """Return the four variances with intervals, the third None where inseparable."""
    squared = f"{unit}^2" if unit else ""
    film, observer, interaction, residual = pieces
    return (
        pivot_estimate("variance of films", film, pivots.film, confidence, squared),
        pivot_estimate("variance of observers", observer, pivots.observer, confidence, squared),
        None
        if interaction is None or pivots.interaction is None
        else pivot_estimate(
            "variance of film x observer", interaction, pivots.interaction, confidence, squared
        ),
        pivot_estimate("residual variance", residual, pivots.residual, confidence, squared),
    )


def icc_estimates(
    pieces: Pieces, pivots: Pivots, confidence: float
) -> tuple[Estimate, Estimate | None]:
    """Return the inter- and the intra-observer ICC (the latter None without replicates)."""
    film, _, interaction, residual = pieces
    total = sum(piece or 0.0 for piece in pieces)
    inter = pivot_estimate(
        "inter-observer ICC", film / total, pivots.film / pivots.total, confidence
    )
    if interaction is None:
        return inter, None
    intra = pivot_estimate(
        "intra-observer ICC",
        1.0 - residual / total,
        np.maximum(1.0 - pivots.residual / pivots.total, 0.0),
        confidence,
    )
    return inter, intra


def precision_estimates(pieces: Pieces, pivots: Pivots, confidence: float, unit: str) -> Precision:
    """Return SEM and MDC95 within an observer, for consistency and for agreement."""
    _, observer, interaction, residual = pieces
    within = residual + (interaction or 0.0)

    def sem(name: str, variance: float, pivot: Floats) -> Estimate:
        return pivot_estimate(f"SEM, {name}", math.sqrt(variance), np.sqrt(pivot), confidence, unit)

    intra = None if interaction is None else sem("intra-observer", residual, pivots.residual)
    consistency = sem("consistency", within, pivots.consistency)
    agreement = sem("agreement", within + observer, pivots.agreement)
    return Precision(
        intra_observer=intra,
        consistency=consistency,
        agreement=agreement,
        mdc95_intra_observer=None if intra is None else mdc95(intra),
        mdc95_consistency=mdc95(consistency),
        mdc95_agreement=mdc95(agreement),
    )


def mdc95(standard_error_of_measurement: Estimate) -> Estimate:
    """Return the minimal detectable change at 95 %, 1.96 sqrt(2) SEM, with its interval."""
    name = standard_error_of_measurement.name.replace("SEM", "MDC95")
    return standard_error_of_measurement.scaled(MDC95_FACTOR, name)
