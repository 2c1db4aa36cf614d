"""MMRM: visits compared where some are missing, every patient kept, covariance left free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import special

from kyphometer.errors import TooFewValuesError, UnusableDataError
from kyphometer.stats.distributions import t_two_sided_p
from kyphometer.stats.families import holm
from kyphometer.stats.linear_reml import JointTest, LinearFit, fit_linear_reml
from kyphometer.stats.long_data import (
    LongData,
    check_long,
    compound_symmetry,
    equal_covariances,
    independent,
    unstructured,
)
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.tabular import Row, Tabular
from kyphometer.stats.values import FloatArray, as_table

STRUCTURES = (
    ("unstructured", unstructured),
    ("one covariance, a variance for each visit", equal_covariances),
    ("compound symmetry (random intercept)", compound_symmetry),
    ("independent values", independent),
)
"""Covariances of the visits in the order in which they are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedEstimate:
    """A visit's mean, or the difference first minus second of two visits.

    Attributes
    ----------
    first, second
        Visits; second is None for a mean.
    estimate, standard_error, low, high
        Estimate and confidence interval.
    t, degrees_of_freedom, p, p_holm
        Student's t with Kenward and Roger's degrees of freedom; for differences only.
    """

    first: str
    second: str | None
    estimate: float
    standard_error: float
    low: float
    high: float
    degrees_of_freedom: float
    t: float | None = None
    p: float | None = None
    p_holm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariance:
    """Covariance of the visits that a mixed model rests on.

    Attributes
    ----------
    structure, parameters
        What was assumed and how many numbers it takes.
    fallback
        Why nothing freer was fitted, as a sentence; empty for an unstructured covariance.
    sds
        Standard deviation of each visit, shape (visits,).
    correlations
        Of the visits, shape (visits, visits).
    """

    structure: str
    parameters: int
    fallback: str
    sds: tuple[float, ...]
    correlations: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedModel(Tabular):
    """Mixed model for repeated measures, visits as categories.

    Attributes
    ----------
    name
        The endpoint.
    observations, patients
        What went in; a patient with any visit counts.
    visits
        In order of time.
    means
        Mean of each visit, as if nothing were missing (missing at random).
    differences
        All pairs of visits, with Holm's correction.
    all_visits
        F test that all visits have the same mean.
    covariance
        Of the visits.
    day_slope, day_slope_p
        Change per day away from the visit's target day, the same at every visit after surgery;
        None without days.
    method
        What was fitted, in words.
    """

    name: str
    observations: int
    patients: int
    visits: tuple[str, ...]
    means: tuple[MixedEstimate, ...]
    differences: tuple[MixedEstimate, ...]
    all_visits: JointTest
    covariance: Covariance
    day_slope: float | None
    day_slope_p: float | None
    method: str

    def rows(self) -> list[Row]:
        """Means, then differences."""
        fields = list(MixedEstimate.__dataclass_fields__)
        return [
            {"endpoint": self.name, **{field: getattr(e, field) for field in fields}}
            for e in (*self.means, *self.differences)
        ]


def mixed_model(
    name: str,
    columns: Mapping[str, Iterable[float | None]],
    days_from_target: Mapping[str, Iterable[float | None]] | None = None,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> MixedModel:
    """Compare visits where some are missing (science.md#tests).

    value = mean of the visit + slope x (actual day - target day) + error, the errors of one
    patient correlated without any assumption, fitted by REML with Kenward and Roger's standard
    errors and degrees of freedom. With complete data and no days each difference is the paired t
    test to the last digit. Where patients are too few for a free covariance, one with fewer
    parameters is used and `covariance.fallback` says so.

    Parameters
    ----------
    name
        The endpoint.
    columns
        Values by visit, one a patient in the same order, None where missing.
    days_from_target
        Actual day minus the visit's target day, same shape; a visit left out (pre-op) has 0. A
        value without its day cannot be adjusted and is refused.
    options
        Confidence level.

    Raises
    ------
    TooFewValuesError
        Too few visits, patients or observations.
    UnusableDataError
        If the effects cannot be told apart, or a value lacks its day.
    """
    if len(columns) < 2:
        raise TooFewValuesError("mixed_visits", n=len(columns))
    visits = tuple(columns)
    table = as_table([columns[visit] for visit in visits], name)
    patients, which = np.nonzero(~np.isnan(table))
    for place, visit in enumerate(visits):
        if not (which == place).any():
            raise TooFewValuesError("mixed_values", name=name, visit=visit, n=0)
    design = np.eye(len(visits))[which]
    days = _days(name, visits, table, days_from_target)
    adjusted = days is not None and bool(np.ptp(days[patients, which]) > 0)
    if days is not None and adjusted:
        design = np.column_stack([design, days[patients, which]])
    data = LongData(values=table[patients, which], design=design, patients=patients, visits=which)
    fit, covariance = fit_freest(data, table)
    return _result(name, visits, fit, covariance, adjusted, options)


def fit_freest(data: LongData, table: FloatArray) -> tuple[LinearFit, Covariance]:
    """The fit with the freest covariance that the values determine, and which that is.

    Parameters
    ----------
    data
        The values in long form.
    table
        The same as patients x visits with NaN where missing: which visits were seen together.

    Raises
    ------
    TooFewValuesError, UnusableDataError
        If not even one covariance and one variance can be found.
    """
    check_long(data)
    visits = table.shape[1]
    present = (~np.isnan(table)).astype(int)
    together = int((present.T @ present).min())
    reason = ""
    if together <= visits:
        reason = f"only {together} patients have values at both of some two visits"
    for place, (structure, bases) in enumerate(STRUCTURES):
        if place == 0 and reason:
            continue
        if visits == 2 and place == 1:
            continue  # one covariance and two variances: unstructured again
        try:
            fit = fit_linear_reml(data, bases(visits))
        except UnusableDataError:
            if place == len(STRUCTURES) - 1:
                raise
            reason = reason or f"the likelihood of {len(data.values)} values has no maximum"
            continue
        return fit, _covariance(fit, structure, reason if place else "")
    raise AssertionError("the last structure either fits or raises")


def _covariance(fit: LinearFit, structure: str, reason: str) -> Covariance:
    sds = np.sqrt(np.diag(fit.visit_covariance))
    return Covariance(
        structure=structure,
        parameters=len(fit.parameters),
        fallback=f"An unstructured covariance was not fitted, because {reason}; {structure} was "
        "assumed instead."
        if reason
        else "",
        sds=tuple(sds.tolist()),
        correlations=tuple(map(tuple, (fit.visit_covariance / np.outer(sds, sds)).tolist())),
    )


def _days(
    name: str,
    visits: tuple[str, ...],
    table: FloatArray,
    given: Mapping[str, Iterable[float | None]] | None,
) -> FloatArray | None:
    if given is None:
        return None
    zeros = np.zeros(len(table))
    days = as_table([given.get(visit, zeros) for visit in visits], f"The days of {name}")
    if days.shape != table.shape:
        raise UnusableDataError("days_mismatch", name=name)
    for place in np.argwhere(~np.isnan(table) & np.isnan(days)):
        raise UnusableDataError(
            "day_missing", name=name, value=place[0] + 1, visits=visits[place[1]]
        )
    return days


def _result(
    name: str,
    visits: tuple[str, ...],
    fit: LinearFit,
    covariance: Covariance,
    adjusted: bool,
    options: StatisticsOptions,
) -> MixedModel:
    unit = np.eye(len(fit.coefficients))
    means = tuple(
        contrast_estimate(fit, unit[i], visit, None, options) for i, visit in enumerate(visits)
    )
    slope = contrast_estimate(fit, unit[-1], "day", "", options) if adjusted else None
    return MixedModel(
        name=name,
        observations=fit.observations,
        patients=fit.patients,
        visits=visits,
        means=means,
        differences=_differences(fit, visits, unit, options),
        all_visits=fit.joint_test(unit[: len(visits) - 1] - unit[1 : len(visits)]),
        covariance=covariance,
        day_slope=slope.estimate if slope else None,
        day_slope_p=slope.p if slope else None,
        method="mixed model for repeated measures, visit as category"
        + (", actual day as deviation from target" if adjusted else "")
        + f", covariance of visits {covariance.structure}, REML, Kenward-Roger",
    )


def _differences(
    fit: LinearFit, visits: tuple[str, ...], unit: FloatArray, options: StatisticsOptions
) -> tuple[MixedEstimate, ...]:
    raw = [
        contrast_estimate(fit, unit[a] - unit[b], visits[a], visits[b], options)
        for a, b in combinations(range(len(visits)), 2)
    ]
    adjusted = holm([estimate.p for estimate in raw])
    return tuple(replace(e, p_holm=p) for e, p in zip(raw, adjusted, strict=True))


def contrast_estimate(
    fit: LinearFit,
    weights: FloatArray,
    first: str,
    second: str | None,
    options: StatisticsOptions,
    found: tuple[float, float, float] | None = None,
) -> MixedEstimate:
    """A mean, or where `second` is named a difference with its test, of a fitted model.

    `found` are estimate, standard error and degrees of freedom where they are not to be Kenward
    and Roger's.
    """
    estimate, error, df = found or fit.contrast(weights)
    half = float(special.stdtrit(df, 0.5 + options.confidence / 2)) * error
    t = None if second is None else estimate / error
    return MixedEstimate(
        first=first,
        second=second,
        estimate=estimate,
        standard_error=error,
        low=estimate - half,
        high=estimate + half,
        degrees_of_freedom=df,
        t=t,
        p=None if t is None else t_two_sided_p(t, df),
    )
