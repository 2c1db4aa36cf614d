"""Restricted maximum likelihood of film, observer, film x observer and residual variances.

For unbalanced readings and missing cells. The likelihood is written for the cell means and the
scatter inside cells; the covariance of the cell means is one block a film plus a term of as many
columns as there are observers, so that one evaluation costs cells x observers squared however many
films there are (Sherman-Morrison inside films, Woodbury across observers).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from kyphometer.errors import NoVariationError
from kyphometer.reliability.crossed import cell_counts
from kyphometer.stats.distributions import Floats

STARTS = ((1.0, 0.1, 0.3, 0.5), (0.1, 0.05, 0.05, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class RemlFit:
    """Variances that maximise the restricted likelihood; `interaction` is None if inseparable."""

    film: float
    observer: float
    interaction: float | None
    residual: float
    mean: float
    deviance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Readings as cell means in the order of films, with the scatter inside the cells."""

    film: NDArray[np.int64]
    observers: Floats  # indicator matrix, shape (cells, observers)
    count: Floats
    mean: Floats
    scatter: float
    scatter_df: int
    starts: NDArray[np.int64]  # first cell of each film; cells are in the order of films


def fit_reml(cube: Floats) -> RemlFit:
    """Return the REML variances of a (films, observers, replicates) array with NaN where missing.

    Raises
    ------
    NoVariationError
        All readings are equal, or all repeats are.
    """
    cells, scale = _cells(cube)
    fits = [_maximise(cells, np.asarray(start)) for start in STARTS]
    best = np.asarray(min(fits, key=lambda fit: float(fit.fun)).x)
    deviance, _, mean = restricted_deviance(best, cells)
    film, observer, interaction, residual = (float(v) * scale**2 for v in best)
    return RemlFit(
        film=film,
        observer=observer,
        interaction=interaction if cells.scatter_df else None,
        residual=residual,
        mean=mean * scale + float(np.nanmean(cube)),
        deviance=deviance,
    )


def _maximise(cells: Cells, start: Floats) -> optimize.OptimizeResult:
    upper = None if cells.scatter_df else 0.0
    start = start.copy()
    start[2] = start[2] if cells.scatter_df else 0.0
    return optimize.minimize(
        lambda variances: restricted_deviance(variances, cells)[:2],
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None), (0.0, None), (0.0, upper), (1e-9, None)],
        options={"ftol": 1e-13, "gtol": 1e-8, "maxiter": 500},
    )


def _cells(cube: Floats) -> tuple[Cells, float]:
    scale = float(np.nanstd(cube))
    if scale == 0.0:
        raise NoVariationError("all_readings_equal")
    scaled = (cube - np.nanmean(cube)) / scale
    counts = cell_counts(cube)
    film, observer = np.nonzero(counts)
    count = counts[film, observer].astype(np.float64)
    mean = np.nansum(scaled, axis=2)[film, observer] / count
    scatter = float(np.nansum((scaled[film, observer] - mean[:, None]) ** 2))
    scatter_df = int(count.sum()) - count.size
    if scatter_df and scatter <= 1e-20:
        raise NoVariationError("all_repeats_equal")
    return Cells(
        film=film,
        observers=np.eye(cube.shape[1])[observer],
        count=count,
        mean=mean,
        scatter=scatter,
        scatter_df=scatter_df,
        starts=np.flatnonzero(np.diff(film, prepend=-1)),
    ), scale


def restricted_deviance(variances: Floats, cells: Cells) -> tuple[float, Floats, float]:
    """Return minus twice the restricted log likelihood (but for a constant), gradient and mean.

    Parameters
    ----------
    variances
        Film, observer, film x observer and residual variance, shape (4,).
    """
    film, observer, interaction, residual = variances
    diagonal = interaction + residual / cells.count
    columns = np.column_stack([cells.mean, np.ones_like(cells.mean), cells.observers])
    solved, shrink, log_det = _solve_within_films(columns, diagonal, film, cells)
    gram = columns.T @ solved
    core = np.linalg.inv(np.eye(gram.shape[0] - 2) + observer * gram[2:, 2:])
    log_det -= float(np.linalg.slogdet(core)[1])
    across = observer * core
    reduced = gram[:2, :2] - gram[:2, 2:] @ across @ gram[2:, :2]
    information = reduced[1, 1]
    mean = reduced[0, 1] / information
    misfit = reduced[0, 0] - mean * reduced[0, 1]
    inside = cells.scatter_df * np.log(residual) + cells.scatter / residual
    gradient = _gradient(solved, diagonal, shrink, across, core @ gram[2:, 2:], mean, cells)
    gradient[3] += cells.scatter_df / residual - cells.scatter / residual**2
    return float(inside + log_det + np.log(information) + misfit), gradient, float(mean)


def _gradient(
    solved: Floats,
    diagonal: Floats,
    shrink: Floats,
    across: Floats,
    observer_block: Floats,
    mean: float,
    cells: Cells,
) -> Floats:
    """Return tr(P V_k) - y' P V_k P y for each of the four sources."""
    spread = solved[:, 2:]
    full = solved[:, :2] - spread @ across @ (cells.observers.T @ solved[:, :2])
    ones = full[:, 1]
    residuals, unit = full[:, 0] - mean * ones, ones / np.sqrt(ones.sum())
    leverage = 1.0 / diagonal - shrink[cells.film] / diagonal**2
    leverage = leverage - np.einsum("ci,ij,cj->c", spread, across, spread) - unit**2
    per_cell = leverage - residuals**2
    films = np.add.reduceat(
        np.column_stack([1.0 / diagonal, spread, residuals, unit]), cells.starts
    )
    own, shared = films[:, 0], films[:, 1:-2]
    trace = np.sum(own - shrink * own**2) - np.einsum("fi,ij,fj->", shared, across, shared)
    by_observer = cells.observers.T @ np.column_stack([residuals, unit])
    return np.array(
        [
            trace - np.sum(films[:, -2:] ** 2),
            np.trace(observer_block) - np.sum(by_observer**2),
            np.sum(per_cell),
            np.sum(per_cell / cells.count),
        ]
    )


def _solve_within_films(
    columns: Floats, diagonal: Floats, film: float, cells: Cells
) -> tuple[Floats, Floats, float]:
    weighted = columns / diagonal[:, None]
    sums = np.add.reduceat(weighted, cells.starts, axis=0)
    precision = np.add.reduceat(1.0 / diagonal, cells.starts)
    shrink = film / (1.0 + film * precision)
    solved = weighted - (shrink[:, None] * sums)[cells.film] / diagonal[:, None]
    log_det = float(np.sum(np.log(diagonal)) + np.sum(np.log1p(film * precision)))
    return solved, shrink, log_det
