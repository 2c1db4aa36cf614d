"""Repeated values in long form, their patterns of observed visits, and covariances of visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.errors import TooFewValuesError, UnusableDataError
from kyphometer.stats.values import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LongData:
    """Repeated values in long form.

    Attributes
    ----------
    values
        Observations, shape (n,).
    design
        Fixed-effect columns, shape (n, p), of full rank.
    patients
        Which patient each observation is of, shape (n,).
    visits
        At which visit, 0 to visits - 1, shape (n,); a patient has each at most once.
    """

    values: FloatArray
    design: FloatArray
    patients: NDArray[Any]
    visits: NDArray[np.int64]


def unstructured(visits: int) -> FloatArray:
    """Bases of a covariance with every variance and covariance free."""
    bases = []
    for i in range(visits):
        for j in range(i, visits):
            base = np.zeros((visits, visits))
            base[i, j] = base[j, i] = 1.0
            bases.append(base)
    return np.array(bases)


def equal_covariances(visits: int) -> FloatArray:
    """Bases of a common covariance and a variance for each visit."""
    own = [np.diag(row) for row in np.eye(visits)]
    return np.array([np.ones((visits, visits)), *own])


def compound_symmetry(visits: int) -> FloatArray:
    """Bases of one covariance and one variance: a random intercept."""
    return np.array([np.ones((visits, visits)), np.eye(visits)])


def independent(visits: int) -> FloatArray:
    """The base of one variance and no covariance."""
    return np.eye(visits)[None]


def check_long(data: LongData) -> None:
    """Refuse data that no covariance could serve; see `fit_linear_reml`."""
    n, p = data.design.shape
    patients = len(np.unique(data.patients))
    if patients < 2:
        raise TooFewValuesError("mixed_patients", n=patients)
    if n <= max(p, patients):
        raise TooFewValuesError("mixed_observations", needed=max(p, patients) + 1, n=n)
    if np.linalg.matrix_rank(data.design) < p:
        raise UnusableDataError("mixed_effects")
    residual = data.values - data.design @ np.linalg.lstsq(data.design, data.values)[0]
    _, codes = np.unique(data.patients, return_inverse=True)
    within = residual - (np.bincount(codes, residual) / np.bincount(codes))[codes]
    if float(np.abs(within).max()) <= 1e-10 * max(float(np.abs(data.values).max()), 1e-300):
        raise UnusableDataError("mixed_no_variation")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pattern:
    """Cross-products of the patients observed at the same visits.

    `xx` has shape (q, q, p, p), `xr` (q, q, p), `rr` (q, q): sums over patients of products of
    rows for each pair of visits.
    """

    visits: NDArray[np.int64]
    patients: int
    xx: FloatArray
    xr: FloatArray
    rr: FloatArray


def patterns_of(data: LongData, residual: FloatArray) -> list[Pattern]:
    """Cross-products of the design and the residuals, pattern by pattern."""
    order = np.lexsort((data.visits, data.patients))
    _, firsts = np.unique(data.patients[order], return_index=True)
    groups: dict[tuple[int, ...], list[NDArray[np.int64]]] = {}
    for rows in np.split(order, firsts[1:]):
        groups.setdefault(tuple(data.visits[rows].tolist()), []).append(rows)
    found = []
    for visits, members in groups.items():
        rows = np.array(members)
        x, r = data.design[rows], residual[rows]
        found.append(
            Pattern(
                visits=np.array(visits),
                patients=len(members),
                xx=np.einsum("iaj,ibk->abjk", x, x),
                xr=np.einsum("iaj,ib->abj", x, r),
                rr=r.T @ r,
            )
        )
    return found
