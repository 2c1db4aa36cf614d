"""Random-intercept linear model by REML, with Satterthwaite's degrees of freedom.

One patient, one intercept. The variance ratio is the only unknown of the search, so the whole
likelihood is a curve over one bounded number: the boundary (no variation between patients) is a
value like any other and the fit cannot fail to converge. General libraries answer here with z
tests, with a failure at the boundary, or with fixed effects of 0.0 (science.md#software-traps).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from kyphometer.errors import TooFewValuesError, UnusableDataError

FloatArray = NDArray[np.float64]

BOUNDARY = 1e-6
"""Intraclass correlation below which the fit counts as on the boundary."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomInterceptFit:
    """A fitted model.

    Attributes
    ----------
    coefficients, covariance
        Fixed effects, shape (p,), and their covariance, shape (p, p).
    variance_patients, variance_residual
        Variance of the intercepts and of the residuals.
    reml_criterion
        -2 log restricted likelihood, as lme4 prints it.
    at_boundary
        True if patients do not vary beyond the residual: the model is then a plain regression.
    observations, patients
        Counts.
    """

    coefficients: FloatArray
    covariance: FloatArray
    variance_patients: float
    variance_residual: float
    reml_criterion: float
    at_boundary: bool
    observations: int
    patients: int
    _data: _Data

    def contrast(self, weights: FloatArray) -> tuple[float, float, float]:
        """Estimate, standard error and Satterthwaite degrees of freedom of weights @ coefficients.

        Degrees of freedom are 2 v^2 / (g' A g): v the contrast's variance, g its gradient by the
        variance components and A their covariance (expected information). At the boundary they are
        those of the plain regression.
        """
        estimate = float(weights @ self.coefficients)
        variance = float(weights @ self.covariance @ weights)
        n, p = self._data.design.shape
        if self.at_boundary:
            return estimate, math.sqrt(variance), float(n - p)
        gradient = _variance_gradient(self._data, self.components, weights)
        spread = _component_covariance(self._data, self.components)
        return (
            estimate,
            math.sqrt(variance),
            float(2 * variance**2 / (gradient @ spread @ gradient)),
        )

    @property
    def components(self) -> tuple[float, float]:
        """Variance of patients and of residuals."""
        return self.variance_patients, self.variance_residual


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Data:
    values: FloatArray
    design: FloatArray
    patients: NDArray[np.int64]


def fit_random_intercept(
    values: FloatArray, design: FloatArray, patients: NDArray[Any]
) -> RandomInterceptFit:
    """Fit values = design @ coefficients + intercept of the patient + residual by REML.

    Parameters
    ----------
    values
        Observations, shape (n,).
    design
        Fixed-effect columns, shape (n, p), of full rank.
    patients
        Which patient each observation is of, shape (n,).

    Raises
    ------
    TooFewValuesError
        If there are not more observations than effects and patients allow.
    UnusableDataError
        If columns of the design depend on each other, or the design explains every value exactly.
    """
    _, codes = np.unique(patients, return_inverse=True)
    data = _Data(values=values, design=design, patients=codes)
    _check(data)
    sums = _sums(data)
    result = optimize.minimize_scalar(
        lambda icc: _criterion(sums, icc)[0],
        bounds=(0.0, 1.0 - 1e-9),
        method="bounded",
        options={"xatol": 1e-10},
    )
    icc = float(result.x)
    if _criterion(sums, 0.0)[0] <= float(result.fun):
        icc = 0.0
    criterion, residual, coefficients, unscaled = _criterion(sums, icc)
    return RandomInterceptFit(
        coefficients=coefficients,
        covariance=residual * unscaled,
        variance_patients=residual * icc / (1.0 - icc),
        variance_residual=residual,
        reml_criterion=criterion,
        at_boundary=icc < BOUNDARY,
        observations=len(values),
        patients=int(codes.max()) + 1,
        _data=data,
    )


def _check(data: _Data) -> None:
    n, p = data.design.shape
    patients = int(data.patients.max()) + 1 if n else 0
    if patients < 2:
        raise TooFewValuesError("A mixed model", patients, 2, "patients")
    if n <= max(p, patients):
        raise TooFewValuesError("A mixed model", n, max(p, patients) + 1, "observations")
    if np.linalg.matrix_rank(data.design) < p:
        raise UnusableDataError(
            "A mixed model", "has effects that cannot be told apart", "leave one of them out"
        )
    residual = data.values - data.design @ np.linalg.lstsq(data.design, data.values)[0]
    scale = max(float(np.abs(data.values).max()), 1e-300)
    within = residual - _patient_means(data, residual)[data.patients]
    if float(np.abs(within).max()) <= 1e-10 * scale:
        raise UnusableDataError(
            "A mixed model",
            "has no variation left within patients",
            "every patient changes by the same amount, which no test can judge",
        )


def _patient_means(data: _Data, column: FloatArray) -> FloatArray:
    means: FloatArray = np.bincount(data.patients, column) / np.bincount(data.patients)
    return means


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sums:
    """What the likelihood needs of the data: cross-products and sums by patient.

    The ordinary least-squares fit is taken out first, so that no digits are lost where the values
    are large and vary little.
    """

    least_squares: FloatArray
    degrees: int
    sizes: FloatArray
    xx: FloatArray
    xr: FloatArray
    rr: float
    x_by_patient: FloatArray
    r_by_patient: FloatArray


def _sums(data: _Data) -> _Sums:
    x = data.design
    least_squares: FloatArray = np.linalg.lstsq(x, data.values)[0].astype(np.float64)
    residual = data.values - x @ least_squares
    return _Sums(
        least_squares=least_squares,
        degrees=x.shape[0] - x.shape[1],
        sizes=np.bincount(data.patients).astype(float),
        xx=x.T @ x,
        xr=x.T @ residual,
        rr=float(residual @ residual),
        x_by_patient=np.column_stack([np.bincount(data.patients, c) for c in x.T]),
        r_by_patient=np.bincount(data.patients, residual).astype(np.float64),
    )


def _criterion(sums: _Sums, icc: float) -> tuple[float, float, FloatArray, FloatArray]:
    """REML criterion, residual variance, coefficients and (X' V^-1 X)^-1 at an ICC.

    V = I + theta J within a patient, theta = icc / (1 - icc), whose inverse and determinant are
    closed forms.
    """
    theta = icc / (1.0 - icc)
    shrink = theta / (1.0 + theta * sums.sizes)
    shrunk = sums.x_by_patient * shrink[:, None]
    information = sums.xx - shrunk.T @ sums.x_by_patient
    right = sums.xr - shrunk.T @ sums.r_by_patient
    unscaled: FloatArray = np.linalg.inv(information).astype(np.float64)
    step = unscaled @ right
    quadratic = sums.rr - float(shrink @ sums.r_by_patient**2) - float(step @ right)
    variance = quadratic / sums.degrees
    criterion = sums.degrees * (math.log(2 * math.pi * variance) + 1.0)
    criterion += float(np.log1p(theta * sums.sizes).sum())
    criterion += float(np.linalg.slogdet(information)[1])
    return criterion, variance, sums.least_squares + step, unscaled


def _weighted(data: _Data, theta: float, columns: FloatArray) -> FloatArray:
    """V^-1 times the columns."""
    sizes = np.bincount(data.patients)
    shrink = theta / (1.0 + theta * sizes)
    sums = np.column_stack([np.bincount(data.patients, column) for column in columns.T])
    weighted: FloatArray = columns - (shrink[:, None] * sums)[data.patients]
    return weighted


def _contrast_variance(data: _Data, components: tuple[float, float], weights: FloatArray) -> float:
    theta = components[0] / components[1]
    weighted = _weighted(data, theta, data.design)
    information = data.design.T @ weighted / components[1]
    return float(weights @ np.linalg.solve(information, weights))


def _variance_gradient(
    data: _Data, components: tuple[float, float], weights: FloatArray
) -> FloatArray:
    """Derivatives of the contrast's variance by the two components, by central differences."""
    slopes = []
    for which in (0, 1):
        step = 1e-5 * components[which]
        values = []
        for sign in (1.0, -1.0):
            moved = list(components)
            moved[which] += sign * step
            values.append(_contrast_variance(data, (moved[0], moved[1]), weights))
        slopes.append((values[0] - values[1]) / (2 * step))
    return np.array(slopes)


def _component_covariance(data: _Data, components: tuple[float, float]) -> FloatArray:
    """Inverse of the expected REML information of the two variance components.

    Entries are tr(P Z_i P Z_j) / 2 with P = V^-1 - A C A', A = V^-1 X, C = (X' A)^-1, and Z the
    patients' blocks of ones and the identity; written with sums over patients, never n x n.
    """
    between, within = components
    sizes = np.bincount(data.patients)
    block = 1.0 / (within + sizes * between)
    a = _weighted(data, between / within, data.design) / within
    b = np.column_stack([np.bincount(data.patients, column) for column in a.T])
    c = np.linalg.inv(data.design.T @ a)
    leverage = np.einsum("ij,jk,ik->i", b, c, b)
    ca, cb = c @ (a.T @ a), c @ (b.T @ b)
    cwa = c @ (a.T @ _weighted(data, between / within, a)) / within
    pp = (sizes - 1).sum() / within**2 + (block**2).sum() - 2 * np.trace(cwa) + np.trace(ca @ ca)
    pj = (sizes * block**2).sum() - 2 * (block * leverage).sum() + np.trace(ca @ cb)
    jj = ((sizes * block) ** 2).sum() - 2 * (sizes * block * leverage).sum() + np.trace(cb @ cb)
    covariance: FloatArray = np.linalg.inv(0.5 * np.array([[jj, pj], [pj, pp]])).astype(float)
    return covariance


def t_tail(t: float, degrees_of_freedom: float) -> float:
    """Two-sided p of Student's t."""
    return min(1.0, 2.0 * float(special.stdtr(degrees_of_freedom, -abs(t))))
