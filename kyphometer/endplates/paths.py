"""Minimal-cost paths through strips, and redescending fits to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kyphometer.endplates.ranks import row_medians

Array = NDArray[np.float64]

MAXIMUM_STEP = 2
"""Rows that a path may climb from one column to the next."""
TUKEY = 4.685
"""Tukey's constant: 95 % efficiency for Gaussian residuals."""
ROUNDS = 7
"""Reweightings of the fit; the first `GENTLE` by absolute residuals, the others redescending."""
GENTLE = 3


def cheapest_paths(cost: Array, step_cost: float) -> NDArray[np.intp]:
    """The row that the cheapest path takes in each column, for several strips at once.

    Parameters
    ----------
    cost
        Cost of each sample, shape (strips, rows, columns).
    step_cost
        Cost of a climb by one row; grows with the square of the climb.

    Returns
    -------
    rows
        Shape (strips, columns).
    """
    strips, rows, columns = cost.shape
    padded = np.full((columns, strips, rows + 2 * MAXIMUM_STEP), np.inf)
    padded[:, :, MAXIMUM_STEP:-MAXIMUM_STEP] = cost.transpose(2, 0, 1)
    total = padded.reshape(columns, -1)
    best = np.empty((columns - 1, total.shape[1] - 2 * MAXIMUM_STEP))
    # The climbs of MAXIMUM_STEP, written out: this loop is most of the time.
    near = (_places_from(total, climb) for climb in (0, 1, -1, 2, -2))
    here = total[1:, MAXIMUM_STEP:-MAXIMUM_STEP]
    once, twice = np.full_like(best[0], step_cost), np.full_like(best[0], 4 * step_cost)
    far = np.empty_like(best[0])
    for now, cheapest, level, up, down, far_up, far_down in zip(here, best, *near, strict=False):
        np.minimum(up, down, out=cheapest)
        np.add(cheapest, once, out=cheapest)
        np.minimum(cheapest, level, out=cheapest)
        np.minimum(far_up, far_down, out=far)
        np.add(far, twice, out=far)
        np.minimum(cheapest, far, out=cheapest)
        np.add(now, cheapest, out=now)
    starts = np.arange(strips) * (rows + 2 * MAXIMUM_STEP)
    last = padded[-1].argmin(axis=1) - MAXIMUM_STEP + starts
    paths = _traced_back(last, _climbs(total[:-1], best, step_cost))
    return np.asarray(paths - starts[:, None], dtype=np.intp)


def _places_from(total: Array, climb: int) -> Array:
    """The totals so many places further on, shape (columns, places less the padding)."""
    first = MAXIMUM_STEP + climb
    return total[:, first : first + total.shape[1] - 2 * MAXIMUM_STEP]


def _climbs(total: Array, best: Array, step_cost: float) -> NDArray[np.int8]:
    """Which climb from the column before gave the best, shape (columns - 1, places)."""
    taken = np.zeros(best.shape, dtype=np.int8)
    for climb in range(MAXIMUM_STEP, -MAXIMUM_STEP - 1, -1):
        before = _places_from(total, climb)
        np.copyto(taken, climb, where=before + step_cost * climb**2 == best)
    return taken


def _traced_back(last: NDArray[np.intp], climbs: NDArray[np.int8]) -> NDArray[np.intp]:
    """The paths that end at given places of the last column, shape (strips, columns)."""
    path: NDArray[np.intp] = np.empty((len(climbs) + 1, len(last)), dtype=np.intp)
    path[-1] = last
    for column in range(len(climbs) - 1, -1, -1):
        last = last + climbs[column].take(last)
        path[column] = last
    across: NDArray[np.intp] = path.T
    return across


def sub_sample(evidence: NDArray[np.float32], path: NDArray[np.intp]) -> Array:
    """Paths moved to the top of the parabola through the evidence beside them."""
    strips, rows, columns = evidence.shape
    inner = np.minimum(np.maximum(path, 1), rows - 2)
    strip, column = np.arange(strips)[:, None], np.arange(columns)
    before, middle, after = (
        evidence[strip, inner + offset, column].astype(np.float64) for offset in (-1, 0, 1)
    )
    bend = before - 2 * middle + after
    shift = np.where(bend < -1e-6, 0.5 * (before - after) / np.minimum(bend, -1e-6), 0.0)
    moved: Array = inner + np.clip(shift, -0.5, 0.5)
    return moved


def tukey_fit(basis: Array, values: Array, weights: Array) -> tuple[Array, Array, Array]:
    """Least squares that lets go of what lies far off (Tukey's biweight, from a least-L1 start).

    Parameters
    ----------
    basis
        Shape (points, terms), the same for all.
    values, weights
        Shape (lines, points): what is fitted and how far each point is to be believed at all.

    Returns
    -------
    coefficients
        Shape (lines, terms).
    covariances
        Of the coefficients, shape (lines, terms, terms), from the robust residual spread.
    kept
        Part of the weight that was kept, shape (lines,).
    """
    share = weights.copy()
    terms = basis.shape[1]
    products = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), -1)
    ridge = 1e-9 * np.eye(terms)
    for turn in range(ROUNDS):
        normal = (share @ products).reshape(-1, terms, terms) + ridge
        right = (share * values) @ basis
        coefficients = np.asarray(np.linalg.solve(normal, right[..., None])[..., 0], np.float64)
        residual = np.abs(values - coefficients @ basis.T)
        spread = 1.4826 * row_medians(residual) + 1e-6
        if turn < GENTLE:
            share = weights / np.maximum(residual, 0.1 * spread[:, None])
            continue
        scaled = residual / (TUKEY * spread[:, None])
        share = weights * np.maximum(1 - scaled**2, 0.0) ** 2
    normal = (share @ products).reshape(-1, terms, terms) + ridge
    covariances: Array = spread[:, None, None] ** 2 * np.linalg.inv(normal)
    kept: Array = share.sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    return coefficients, covariances, kept
