"""Variance components of crossed readings, and every precision that follows from them.

The model: reading = mean + film + observer + film x observer + residual, all random. Balanced
readings are analysed by analysis of variance (negative estimates become 0), others by REML; the
result says which. Intervals are generalised confidence intervals on the mean squares; unbalanced
readings use the mean squares of their effective design (harmonic numbers of readings).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from kyphometer.errors import NoVariationError, TooFewDataError
from kyphometer.reliability.component_intervals import (
    Pivots,
    Precision,
    component_estimates,
    component_pivots,
    icc_estimates,
    precision_estimates,
)
from kyphometer.reliability.crossed import (
    CrossedDesign,
    MeanSquares,
    cell_counts,
    compact,
    crossed_cube,
    design_of,
    mean_squares,
    read_films,
)
from kyphometer.reliability.film_levels import FilmLevels, film_levels
from kyphometer.reliability.reml import RemlFit, fit_reml
from kyphometer.stats.distributions import Floats
from kyphometer.stats.estimate import Estimate, Result, check_confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceComponents(Result):
    """Variances by source, and the ICC, SEM and MDC95 that they give.

    `film_by_observer` is None without replicates: it is then part of `residual`. `shares` are the
    parts of the total variance by source, in the order film, observer, film x observer, residual.
    `icc_intra_observer` and `precision.intra_observer` are None without replicates. `levels` is
    None where every film is of another patient.
    """

    design: CrossedDesign
    method: str
    mean: float
    unit: str
    film: Estimate
    observer: Estimate
    film_by_observer: Estimate | None
    residual: Estimate
    shares: tuple[float, ...]
    icc_inter_observer: Estimate
    icc_intra_observer: Estimate | None
    precision: Precision
    mean_squares: MeanSquares
    levels: FilmLevels | None = None


def variance_components(
    values: ArrayLike,
    *,
    confidence: float = 0.95,
    unit: str = "deg",
    patients: Sequence[Hashable] | None = None,
) -> VarianceComponents:
    """Return the variance components of readings by film, observer and replicate.

    Parameters
    ----------
    values
        Readings, shape (films, observers, replicates) or (films, observers); NaN where missing.
    confidence
        Confidence of all intervals.
    unit
        Unit of the readings; variances are in its square.
    patients
        The patient of each film. Films of one patient are not independent: intervals of the
        variance of films and of ICCs then count patients. None if every film is of another.

    Returns
    -------
    Components with intervals, inter- and intra-observer ICC (science.md#icc), SEM and MDC95
    (science.md#sem).

    Raises
    ------
    TooFewDataError
        Fewer than two films or observers, or no degree of freedom for the residual.
    NoVariationError
        Readings do not vary.
    """
    check_confidence(confidence)
    cube = compact(crossed_cube(values))
    patients = None if patients is None else read_films(values, patients)
    design = design_of(cube)
    if design.balanced:
        table, method, mean = mean_squares(cube), "ANOVA (balanced)", float(cube.mean())
        pieces = anova_components(table)
    else:
        fit = fit_reml(cube)
        table, pieces = effective_mean_squares(cube, fit), _pieces_of(fit)
        method, mean = "REML (unbalanced or missing readings)", fit.mean
    negligible = 1e-22 * max(1.0, float(np.nanmax(np.abs(cube)))) ** 2
    smallest = table.interaction if table.residual is None else table.residual
    if min(smallest, table.interaction) <= negligible:
        raise NoVariationError("component_exact")
    readings = table.observers * table.replicates
    levels = film_levels(_cell_means(cube), patients, readings)
    if levels is not None:
        pieces = (max(0.0, (levels.rows - table.interaction) / readings), *pieces[1:])
        method += "; films within patients"
    pivots = component_pivots(table, levels)
    return replace(
        _assemble(design, table, pieces, pivots, method, mean, confidence, unit), levels=levels
    )


def _cell_means(cube: Floats) -> Floats:
    """Mean of each cell, shape (films, observers), NaN where there is no reading."""
    counts = cell_counts(cube)
    total = np.nansum(cube, axis=2)
    means = np.full(total.shape, np.nan)
    return np.asarray(np.divide(total, counts, out=means, where=counts > 0))


def anova_components(table: MeanSquares) -> tuple[float, float, float | None, float]:
    """Return film, observer, film x observer and residual variances; negative ones as 0.

    The third is None without replicates, where it is part of the residual.
    """
    p, o, r = table.films, table.observers, table.replicates
    film = max(0.0, (table.film - table.interaction) / (o * r))
    observer = max(0.0, (table.observer - table.interaction) / (p * r))
    if table.residual is None:
        return film, observer, None, table.interaction
    return film, observer, max(0.0, (table.interaction - table.residual) / r), table.residual


def effective_mean_squares(cube: Floats, fit: RemlFit) -> MeanSquares:
    """Return mean squares of the balanced design that carries as much as the unbalanced one.

    Numbers of replicates, observers a film and films an observer are harmonic means over what was
    read; degrees of freedom are those of the readings present.
    """
    counts = cell_counts(cube)
    present = counts > 0
    films, observers = counts.shape
    cells, readings = int(present.sum()), int(counts.sum())
    separable = readings > cells
    replicates = cells / float(np.sum(1.0 / counts[present])) if separable else 1.0
    a_film = films / float(np.sum(1.0 / present.sum(axis=1)))
    an_observer = observers / float(np.sum(1.0 / present.sum(axis=0)))
    interaction_df = cells - films - observers + 1
    if interaction_df < 1:
        raise TooFewDataError("crossed_cells", cells=cells)
    interaction = fit.residual + replicates * (fit.interaction or 0.0)
    return MeanSquares(
        film=interaction + a_film * replicates * fit.film,
        observer=interaction + an_observer * replicates * fit.observer,
        interaction=interaction,
        residual=fit.residual if separable else None,
        film_df=films - 1,
        observer_df=observers - 1,
        interaction_df=interaction_df,
        residual_df=readings - cells,
        films=an_observer,
        observers=a_film,
        replicates=replicates,
    )


def _pieces_of(fit: RemlFit) -> tuple[float, float, float | None, float]:
    return fit.film, fit.observer, fit.interaction, fit.residual


def _assemble(
    design: CrossedDesign,
    table: MeanSquares,
    pieces: tuple[float, float, float | None, float],
    pivots: Pivots,
    method: str,
    mean: float,
    confidence: float,
    unit: str,
) -> VarianceComponents:
    film, observer, interaction, residual = component_estimates(pieces, pivots, confidence, unit)
    inter, intra = icc_estimates(pieces, pivots, confidence)
    total = sum(piece or 0.0 for piece in pieces)
    return VarianceComponents(
        design=design,
        method=method,
        mean=mean,
        unit=unit,
        film=film,
        observer=observer,
        film_by_observer=interaction,
        residual=residual,
        shares=tuple((piece or 0.0) / total for piece in pieces),
        icc_inter_observer=inter,
        icc_intra_observer=intra,
        precision=precision_estimates(pieces, pivots, confidence, unit),
        mean_squares=table,
    )
