"""Minimal-cost paths through strips, and redescending fits to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    inner = slice(MAXIMUM_STEP, MAXIMUM_STEP + rows)
    by_column = np.ascontiguousarray(cost.transpose(2, 0, 1), dtype=np.float64)
    total = np.full((columns, strips, rows + 2 * MAXIMUM_STEP), np.inf)
    total[0, :, inner] = by_column[0]
    for column in range(1, columns):
        before = total[column - 1]
        best = before[:, inner].copy()
        for climb in range(1, MAXIMUM_STEP + 1):
            up = before[:, MAXIMUM_STEP + climb : MAXIMUM_STEP + climb + rows]
            down = before[:, MAXIMUM_STEP - climb : MAXIMUM_STEP - climb + rows]
            np.minimum(best, np.minimum(up, down) + step_cost * climb**2, out=best)
        np.add(best, by_column[column], out=total[column, :, inner])
    return _traced_back(total, rows, step_cost)


def _traced_back(total: Array, rows: int, step_cost: float) -> NDArray[np.intp]:
    """The cheapest path to the last column, from the totals (padded) of every column."""
    columns, strips, _ = total.shape
    reach = np.arange(2 * MAXIMUM_STEP + 1)
    climb = step_cost * (reach - MAXIMUM_STEP) ** 2.0
    path = np.zeros((strips, columns), dtype=np.intp)
    path[:, -1] = total[-1, :, MAXIMUM_STEP : MAXIMUM_STEP + rows].argmin(axis=1)
    each = np.arange(strips)[:, None]
    for column in range(columns - 1, 0, -1):
        options = total[column - 1][each, path[:, column, None] + reach] + climb
        path[:, column - 1] = path[:, column] + options.argmin(axis=1) - MAXIMUM_STEP
    return path


def sub_sample(evidence: NDArray[np.float32], path: NDArray[np.intp]) -> Array:
    """Paths moved to the top of the parabola through the evidence beside them."""
    inner = np.clip(path, 1, evidence.shape[1] - 2)

    def beside(offset: int) -> Array:
        picked = np.take_along_axis(evidence, (inner + offset)[:, None, :], axis=1)
        return np.asarray(picked[:, 0, :], dtype=np.float64)

    before, middle, after = beside(-1), beside(0), beside(1)
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
    products = np.einsum("pi,pj->pij", basis, basis).reshape(len(basis), -1)
    ridge = 1e-9 * np.eye(terms)
    for turn in range(ROUNDS):
        normal = (share @ products).reshape(-1, terms, terms) + ridge
        right = (share * values) @ basis
        coefficients = np.linalg.solve(normal, right[..., None])[..., 0]
        residual = values - coefficients @ basis.T
        spread = 1.4826 * np.median(np.abs(residual), axis=1) + 1e-6
        if turn < GENTLE:
            share = weights / np.maximum(np.abs(residual), 0.1 * spread[:, None])
            continue
        scaled = residual / (TUKEY * spread[:, None])
        share = weights * np.where(np.abs(scaled) < 1, (1 - scaled**2) ** 2, 0.0)
    normal = (share @ products).reshape(-1, terms, terms) + ridge
    covariances = spread[:, None, None] ** 2 * np.linalg.inv(normal)
    kept = share.sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    return coefficients, covariances, kept
