"""Visits with missing values: a mixed model that keeps every patient, by actual days if known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy import special

from kyphometer.errors import TooFewValuesError, UnusableDataError
from kyphometer.stats.families import holm
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.random_intercept import (
    RandomInterceptFit,
    fit_random_intercept,
    t_tail,
)
from kyphometer.stats.tabular import Row, Tabular
from kyphometer.stats.values import FloatArray, as_table


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
        Student's t with Satterthwaite's degrees of freedom; for differences only.
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
class MixedModel(Tabular):
    """Random-intercept model with visits as categories.

    Attributes
    ----------
    name
        The endpoint.
    observations, patients
        What went in; a patient with any visit counts.
    means
        Mean of each visit, as if nothing were missing (missing at random).
    differences
        All pairs of visits, with Holm's correction.
    sd_patients, sd_residual
        Standard deviations of the patients' intercepts and of the residuals.
    day_slope, day_slope_p
        Change per day away from the visit's target day, the same at every visit after surgery;
        None without days.
    at_boundary
        True if patients do not vary beyond the residual.
    method
        What was fitted, in words.
    """

    name: str
    observations: int
    patients: int
    means: tuple[MixedEstimate, ...]
    differences: tuple[MixedEstimate, ...]
    sd_patients: float
    sd_residual: float
    day_slope: float | None
    day_slope_p: float | None
    at_boundary: bool
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
    """Compare visits where some are missing (science.md#tests: sensitivity analysis).

    value = mean of the visit + slope x (actual day - target day) + patient + residual, fitted by
    REML. With complete data and no days its differences are those of the paired means, and its F
    that of RM-ANOVA under sphericity.

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
        raise TooFewValuesError("A mixed model", len(columns), 2, "visits")
    visits = tuple(columns)
    table = as_table([columns[visit] for visit in visits], name)
    patients, which = np.nonzero(~np.isnan(table))
    for place, visit in enumerate(visits):
        if not (which == place).any():
            raise TooFewValuesError(f"A mixed model of {name}", 0, 1, f"values at {visit}")
    design = np.eye(len(visits))[which]
    days = _days(name, visits, table, days_from_target)
    adjusted = days is not None and bool(np.ptp(days[patients, which]) > 0)
    if days is not None and adjusted:
        design = np.column_stack([design, days[patients, which]])
    fit = fit_random_intercept(table[patients, which], design, patients)
    return _result(name, visits, fit, adjusted, options)


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
        raise UnusableDataError(
            f"The days of {name}", "do not match its values", "give one day a patient"
        )
    for place in np.argwhere(~np.isnan(table) & np.isnan(days)):
        raise UnusableDataError(
            f"{name} of patient {place[0] + 1} at {visits[place[1]]}",
            "has no day",
            "give the day of the visit, or fit without days",
        )
    return days


def _result(
    name: str,
    visits: tuple[str, ...],
    fit: RandomInterceptFit,
    adjusted: bool,
    options: StatisticsOptions,
) -> MixedModel:
    unit = np.eye(len(fit.coefficients))
    means = tuple(_estimate(fit, unit[i], visit, None, options) for i, visit in enumerate(visits))
    slope = _estimate(fit, unit[-1], "day", "", options) if adjusted else None
    return MixedModel(
        name=name,
        observations=fit.observations,
        patients=fit.patients,
        means=means,
        differences=_differences(fit, visits, unit, options),
        sd_patients=math.sqrt(fit.variance_patients),
        sd_residual=math.sqrt(fit.variance_residual),
        day_slope=slope.estimate if slope else None,
        day_slope_p=slope.p if slope else None,
        at_boundary=fit.at_boundary,
        method="random intercept by patient, visit as category"
        + (", actual day as deviation from target" if adjusted else "")
        + ", REML, Satterthwaite degrees of freedom",
    )


def _differences(
    fit: RandomInterceptFit, visits: tuple[str, ...], unit: FloatArray, options: StatisticsOptions
) -> tuple[MixedEstimate, ...]:
    raw = [
        _estimate(fit, unit[a] - unit[b], visits[a], visits[b], options)
        for a, b in combinations(range(len(visits)), 2)
    ]
    adjusted = holm([estimate.p for estimate in raw])
    return tuple(replace(e, p_holm=p) for e, p in zip(raw, adjusted, strict=True))


def _estimate(
    fit: RandomInterceptFit,
    weights: FloatArray,
    first: str,
    second: str | None,
    options: StatisticsOptions,
) -> MixedEstimate:
    estimate, error, df = fit.contrast(weights)
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
        p=None if t is None else t_tail(t, df),
    )
