"""REML of repeated values with a covariance that is linear in its parameters, and Kenward-Roger.

One patient's values have the covariance sum of theta_r G_r, with known matrices G_r: unstructured
(one parameter a variance or covariance), compound symmetry, and what lies between. Fisher scoring
finds the parameters; standard errors and degrees of freedom are Kenward and Roger's (1997, doi
10.2307/2533558), whose second-order term vanishes because the covariance is linear. With a single
contrast the scale factor of their F is exactly 1, so that t with these degrees of freedom serves.

The likelihood needs of the data only their cross-products within each pattern of observed visits:
its cost does not grow with the number of patients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from kyphometer.errors import UnusableDataError
from kyphometer.stats.long_data import LongData, Pattern, check_long, patterns_of
from kyphometer.stats.values import FloatArray

ITERATIONS = 200
TOLERANCE = 1e-9
"""Scoring stops when no parameter moves by more than this share of the largest."""
SINGULAR = 1e-12
"""Eigenvalues below this share of the largest make a matrix singular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JointTest:
    """F test that several contrasts are all zero, after Kenward and Roger."""

    f: float
    df_numerator: int
    df_denominator: float
    p: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearFit:
    """A fitted model.

    Attributes
    ----------
    coefficients
        Fixed effects, shape (p,).
    model_covariance, covariance
        Their covariance if the parameters were known, and Kenward and Roger's, shape (p, p).
    parameters, parameter_covariance
        Covariance parameters, shape (t,), and the inverse of their expected information.
    visit_covariance
        Covariance of the visits, shape (visits, visits).
    reml_criterion
        -2 log restricted likelihood, as lme4 prints it.
    observations, patients
        Counts.
    """

    coefficients: FloatArray
    model_covariance: FloatArray
    covariance: FloatArray
    parameters: FloatArray
    parameter_covariance: FloatArray
    visit_covariance: FloatArray
    reml_criterion: float
    observations: int
    patients: int
    _slopes: FloatArray

    def contrast(self, weights: FloatArray) -> tuple[float, float, float]:
        """Estimate, standard error and degrees of freedom of weights @ coefficients."""
        estimate = float(weights @ self.coefficients)
        error = math.sqrt(float(weights @ self.covariance @ weights))
        known = self.model_covariance @ weights
        gradient = np.einsum("i,rij,j->r", known, self._slopes, known)
        spread = float(gradient @ self.parameter_covariance @ gradient)
        return estimate, error, 2.0 * float(weights @ known) ** 2 / spread

    def joint_test(self, contrasts: FloatArray) -> JointTest:
        """F test that contrasts @ coefficients is zero; contrasts of shape (l, p), full rank."""
        rows = len(contrasts)
        phi = self.model_covariance
        theta = contrasts.T @ np.linalg.solve(contrasts @ phi @ contrasts.T, contrasts)
        moved = np.einsum("ij,jk,rkl,lm->rim", theta, phi, self._slopes, phi)
        traces = np.einsum("rii->r", moved)
        a1 = float(traces @ self.parameter_covariance @ traces)
        a2 = float(np.einsum("rs,rij,sji->", self.parameter_covariance, moved, moved))
        scale, df = _kenward_roger(rows, a1, a2)
        estimate = contrasts @ self.coefficients
        spread = contrasts @ self.covariance @ contrasts.T
        f = scale * float(estimate @ np.linalg.solve(spread, estimate)) / rows
        return JointTest(
            f=f, df_numerator=rows, df_denominator=df, p=float(special.fdtrc(rows, df, f))
        )


def _kenward_roger(rows: int, a1: float, a2: float) -> tuple[float, float]:
    """Scale and denominator degrees of freedom of the F of `rows` contrasts (their section 2.3)."""
    b = (a1 + 6.0 * a2) / (2.0 * rows)
    g = ((rows + 1) * a1 - (rows + 4) * a2) / ((rows + 2) * a2)
    divisor = 3.0 * rows + 2.0 * (1.0 - g)
    c1, c2, c3 = g / divisor, (rows - g) / divisor, (rows + 2 - g) / divisor
    mean = 1.0 / (1.0 - a2 / rows)
    # Their variance has no bound where c3 b is 1 (two contrasts on a saturated design), so the
    # inverse of their rho is taken.
    inverse = mean**2 * rows * (1.0 - c2 * b) ** 2 * (1.0 - c3 * b) / (1.0 + c1 * b)
    df = 4.0 + (rows + 2) * inverse / (rows - inverse)
    return df / (mean * (df - 2.0)), df


def fit_linear_reml(data: LongData, bases: FloatArray) -> LinearFit:
    """Fit values = design @ coefficients + error, correlated within patients, by REML.

    Parameters
    ----------
    data
        Values in long form.
    bases
        The matrices G_r over all visits, shape (t, visits, visits).

    Raises
    ------
    TooFewValuesError
        Fewer than two patients, or no more observations than effects.
    UnusableDataError
        Effects that cannot be told apart, no variation within patients, or a covariance that
        these values do not determine.
    """
    check_long(data)
    start = np.linalg.lstsq(data.design, data.values)[0].astype(np.float64)
    residual = data.values - data.design @ start
    scale = float(residual.std()) or 1.0
    problem = _Problem(
        patterns=patterns_of(data, residual / scale), bases=bases, size=data.design.shape
    )
    parameters = problem.scoring()
    state = problem.state(parameters)
    assert state is not None
    return _fitted(problem, state, start, scale)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _State:
    """Everything that the likelihood and Kenward-Roger need at one set of parameters."""

    parameters: FloatArray
    criterion: float
    change: FloatArray  # of the coefficients from the least-squares start
    phi: FloatArray
    slopes: FloatArray  # X' V^-1 G_r V^-1 X, shape (t, p, p)
    products: FloatArray  # X' V^-1 G_r V^-1 G_s V^-1 X, shape (t, t, p, p)
    information: FloatArray
    target: FloatArray  # half of y' P G_r P y


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Problem:
    patterns: list[Pattern]
    bases: FloatArray
    size: tuple[int, int]

    def scoring(self) -> FloatArray:
        """The parameters of the highest restricted likelihood."""
        count = len(self.bases)
        parameters = np.linalg.lstsq(
            self.bases.reshape(count, -1).T, np.eye(self.bases.shape[1]).ravel()
        )[0].astype(np.float64)
        state = self.state(parameters)
        for _ in range(ITERATIONS):
            if state is None:
                break
            values = np.linalg.eigvalsh(state.information)
            if values[0] <= SINGULAR * values[-1]:
                break
            wanted = np.linalg.solve(state.information, state.target).astype(np.float64)
            moved = self._towards(state, wanted)
            if moved is None:
                break
            step = float(np.abs(moved.parameters - state.parameters).max())
            state = moved
            if step <= TOLERANCE * float(np.abs(state.parameters).max()):
                return state.parameters
        raise UnusableDataError("covariance_undetermined")

    def _towards(self, state: _State, wanted: FloatArray) -> _State | None:
        """The furthest of the halved steps that keeps the covariance proper and loses nothing."""
        share = 1.0
        for _ in range(40):
            moved = self.state(state.parameters + share * (wanted - state.parameters))
            if moved is not None and moved.criterion <= state.criterion + 1e-9:
                return moved
            share /= 2.0
        return None

    def state(self, parameters: FloatArray) -> _State | None:
        """The state at some parameters; None where they are no covariance."""
        whole = np.tensordot(parameters, self.bases, axes=1)
        eigenvalues = np.linalg.eigvalsh(whole)
        if eigenvalues[0] <= SINGULAR * abs(eigenvalues[-1]):
            return None
        return self._sums(parameters, whole)

    def _sums(self, parameters: FloatArray, whole: FloatArray) -> _State:
        t, (n, p) = len(self.bases), self.size
        xvx, xvr = np.zeros((p, p)), np.zeros(p)
        slopes, slopes_r, slopes_rr = np.zeros((t, p, p)), np.zeros((t, p)), np.zeros(t)
        products, traces = np.zeros((t, t, p, p)), np.zeros((t, t))
        criterion = (n - p) * math.log(2.0 * math.pi)
        for pattern in self.patterns:
            at = np.ix_(pattern.visits, pattern.visits)
            inverse = np.linalg.inv(whole[at])
            own = self.bases[:, at[0], at[1]]
            left = inverse @ own  # V^-1 G_r
            weighted = left @ inverse
            double = np.einsum("rab,sbc->rsac", left, weighted)
            criterion += pattern.patients * float(np.linalg.slogdet(whole[at])[1])
            criterion += float(np.sum(inverse * pattern.rr))
            xvx += np.einsum("ab,abjk->jk", inverse, pattern.xx)
            xvr += np.einsum("ab,abj->j", inverse, pattern.xr)
            slopes += np.einsum("rab,abjk->rjk", weighted, pattern.xx)
            slopes_r += np.einsum("rab,abj->rj", weighted, pattern.xr)
            slopes_rr += np.einsum("rab,ab->r", weighted, pattern.rr)
            products += np.einsum("rsab,abjk->rsjk", double, pattern.xx)
            traces += pattern.patients * np.einsum("rab,sba->rs", left, left)
        phi = np.linalg.inv(xvx).astype(np.float64)
        change = phi @ xvr
        criterion += float(np.linalg.slogdet(xvx)[1]) - float(change @ xvr)
        moved = phi @ slopes
        information = (
            traces
            - 2.0 * np.einsum("ij,rsji->rs", phi, products)
            + np.einsum("rij,sji->rs", moved, moved)
        )
        target = slopes_rr - 2.0 * slopes_r @ change
        target = target + np.einsum("i,rij,j->r", change, slopes, change)
        return _State(
            parameters=parameters,
            criterion=criterion,
            change=change,
            phi=phi,
            slopes=slopes,
            products=products,
            information=0.5 * information,
            target=0.5 * target,
        )


def _fitted(problem: _Problem, state: _State, start: FloatArray, scale: float) -> LinearFit:
    spread = np.linalg.inv(state.information).astype(np.float64)
    phi, slopes = state.phi, state.slopes
    inner = np.einsum(
        "rs,rsij->ij",
        spread,
        state.products - np.einsum("rij,jk,skl->rsil", slopes, phi, slopes),
    )
    adjusted = phi + 2.0 * phi @ inner @ phi
    n, p = problem.size
    return LinearFit(
        coefficients=start + scale * state.change,
        model_covariance=scale**2 * phi,
        covariance=scale**2 * (adjusted + adjusted.T) / 2.0,
        parameters=scale**2 * state.parameters,
        parameter_covariance=scale**4 * spread,
        visit_covariance=scale**2 * np.tensordot(state.parameters, problem.bases, axes=1),
        reml_criterion=state.criterion + 2.0 * (n - p) * math.log(scale),
        observations=n,
        patients=sum(pattern.patients for pattern in problem.patterns),
        _slopes=slopes / scale**4,
    )
