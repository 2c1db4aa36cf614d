"""MMRM of two groups: their difference at each visit, adjusted for baseline, every patient kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kyphometer.errors import TooFewValuesError
from kyphometer.stats.clustered import clustered_contrast
from kyphometer.stats.linear_reml import JointTest, LinearFit
from kyphometer.stats.long_data import LongData
from kyphometer.stats.mixed import Covariance, MixedEstimate, contrast_estimate, fit_freest
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.values import FloatArray, as_table, is_constant


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmModel:
    """Mixed model for repeated measures of two groups.

    Attributes
    ----------
    patients, observations
        What went in: patients with baseline and any later visit.
    differences
        Group 1 minus group 2 by visit.
    all_visits
        F test that the groups do not differ at any visit, which takes them for equally scattered.
    covariance
        Of the later visits.
    """

    patients: tuple[int, int]
    observations: int
    differences: Mapping[str, MixedEstimate]
    all_visits: JointTest
    covariance: Covariance


def compare_arms(
    name: str,
    baseline: Iterable[float | None],
    columns: Mapping[str, Iterable[float | None]],
    in_first: Iterable[bool],
    options: StatisticsOptions = DEFAULT_OPTIONS,
    covariates: Sequence[Iterable[float | None]] = (),
) -> ArmModel:
    """Compare two groups at later visits of which some are missing (science.md#two-arms).

    value = mean of the visit + difference of the visit x group + slope of the visit x baseline
    + slope x covariate + error, the errors of one patient correlated without any assumption, REML
    with standard errors that hold where the groups scatter unequally (`stats.clustered`), or where
    the options say that they do not, Kenward and Roger's. With complete data and no covariate each
    difference is that of the analysis of covariance to the last digit.

    Parameters
    ----------
    name
        The endpoint.
    baseline
        One value a patient, None where missing: such patients are left out.
    columns
        Values of at least two later visits, one a patient in the same order.
    in_first
        Whether a patient is in group 1.
    options
        Confidence level, and whether groups scatter equally.
    covariates
        Further numbers known before treatment.

    Raises
    ------
    TooFewValuesError
        Too few visits, patients or observations.
    UnusableDataError
        If the effects cannot be told apart.
    """
    if len(columns) < 2:
        raise TooFewValuesError("arms_visits", n=len(columns))
    visits = tuple(columns)
    table = as_table([columns[visit] for visit in visits], name)
    known = as_table([baseline, *covariates], f"The baseline of {name}")
    group = np.array([*in_first], dtype=float)
    kept = ~np.isnan(known).any(axis=1) & ~np.isnan(table).all(axis=1)
    table, known, group = table[kept], known[kept], group[kept]
    _check(name, visits, table, group)
    patients, which = np.nonzero(~np.isnan(table))
    design = _design(known, group, patients, which, len(visits))
    data = LongData(values=table[patients, which], design=design, patients=patients, visits=which)
    fit, covariance = fit_freest(data, table)
    unit = np.eye(design.shape[1])[: len(visits)]
    return ArmModel(
        patients=(int(group.sum()), int((1.0 - group).sum())),
        observations=fit.observations,
        differences={
            visit: _difference(data, fit, unit[place], options)
            for place, visit in enumerate(visits)
        },
        all_visits=fit.joint_test(unit),
        covariance=covariance,
    )


def _difference(
    data: LongData, fit: LinearFit, weights: FloatArray, options: StatisticsOptions
) -> MixedEstimate:
    found = None if options.equal_scatter else clustered_contrast(data, fit, weights)
    return contrast_estimate(fit, weights, "group 1", "group 2", options, found)


def _check(name: str, visits: Sequence[str], table: FloatArray, group: FloatArray) -> None:
    present = ~np.isnan(table)
    for place, visit in enumerate(visits):
        for side in (0.0, 1.0):
            count = int(present[group == side, place].sum())
            if count < 2:
                raise TooFewValuesError("arms_patients", name=name, visit=visit, n=count)


def _design(
    known: FloatArray,
    group: FloatArray,
    patients: np.typing.NDArray[np.int64],
    which: np.typing.NDArray[np.int64],
    visits: int,
) -> FloatArray:
    """Columns: differences, means and slopes on the baseline by visit, slopes on covariates."""
    of_visit = np.eye(visits)[which]
    centred = (known - known.mean(axis=0))[patients]
    parts = [of_visit * group[patients][:, None], of_visit]
    if not is_constant(known[:, 0]):
        parts.append(of_visit * centred[:, :1])
    parts += [
        centred[:, place : place + 1]
        for place in range(1, known.shape[1])
        if not is_constant(known[:, place])
    ]
    return np.hstack(parts)
