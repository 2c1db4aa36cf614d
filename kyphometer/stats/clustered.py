"""Standard errors of a mixed model that hold where groups scatter unequally.

The covariance of the visits is a working model only: the error of a contrast comes from each
patient's own residuals, corrected for their leverage (CR2), with Satterthwaite's degrees of freedom
(Bell and McCaffrey 2002; Pustejovsky and Tipton 2018, doi 10.1080/07350015.2016.1247004). Of one
visit and two groups without covariates the statistic is Welch's t; where nothing is missing it is
that of the analysis of covariance with HC2 errors.
"""

from __future__ import annotations

import math

import numpy as np

from kyphometer.stats.linear_reml import LinearFit
from kyphometer.stats.long_data import LongData
from kyphometer.stats.values import FloatArray

LEAST = 1e-10
"""Share of the largest eigenvalue below which a patient alone decides an effect."""


def clustered_contrast(
    data: LongData, fit: LinearFit, weights: FloatArray
) -> tuple[float, float, float]:
    """Estimate, standard error and degrees of freedom of weights @ coefficients.

    Parameters
    ----------
    data
        What was fitted.
    fit
        The fit, whose covariance of visits is the working model.
    weights
        The contrast, shape (p,).
    """
    phi, residual = fit.model_covariance, data.values - data.design @ fit.coefficients
    order = np.lexsort((data.visits, data.patients))
    _, firsts = np.unique(data.patients[order], return_index=True)
    towards = phi @ weights
    meat, own, sums = 0.0, [], []
    for rows in np.split(order, firsts[1:]):
        x = data.design[rows]
        at = np.ix_(data.visits[rows], data.visits[rows])
        v = fit.visit_covariance[at]
        adjusted = _adjustment(v, v - x @ phi @ x.T) @ np.linalg.solve(v, x @ towards)
        meat += float(adjusted @ residual[rows]) ** 2
        own.append(float(adjusted @ v @ adjusted))
        sums.append(x.T @ adjusted)
    df = satterthwaite(np.array(own), np.array(sums), phi)
    return float(weights @ fit.coefficients), math.sqrt(meat), df


def satterthwaite(own: FloatArray, sums: FloatArray, phi: FloatArray) -> float:
    """Degrees of freedom of a sum of squares whose terms have the covariance diag(own) - S phi S'.

    Parameters
    ----------
    own
        Shape (patients,).
    sums
        S, shape (patients, p).
    phi
        Shape (p, p).
    """
    taken = np.einsum("ij,jk,ik->i", sums, phi, sums)
    cross = phi @ (sums.T @ sums)
    squares = float(np.sum(own**2) - 2.0 * np.sum(own * taken) + np.trace(cross @ cross))
    return float(np.sum(own - taken)) ** 2 / squares


def _adjustment(v: FloatArray, left: FloatArray) -> FloatArray:
    """The symmetric A with A left A = v, `left` being the covariance of a patient's residuals."""
    root = np.linalg.cholesky(v)
    values, vectors = np.linalg.eigh(root.T @ left @ root)
    kept = values > LEAST * max(float(values[-1]), LEAST * float(np.trace(v)) ** 2)
    scaled = vectors[:, kept] / np.sqrt(values[kept])
    half = scaled @ vectors[:, kept].T
    return np.asarray(root @ half @ root.T, dtype=np.float64)
