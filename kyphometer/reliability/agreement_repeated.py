"""Limits of agreement from repeated readings, where differences are not independent.

Two designs. The true value varies: paired readings of several films (visits) of each patient;
Bland and Altman 2007 (doi 10.1080/10543400701329422). The true value is constant: each film read
several times by each of two observers, readings not linked; Bland and Altman 1999, section 5.
Intervals are generalised ones, which for a single reading are Carkeet's exact limits, individual
and pair; MOVER (Zou 2013, doi 10.1177/0962280211402548) stands beside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from kyphometer.errors import NoVariationError, TooFewDataError
from kyphometer.reliability.agreement import LimitBounds, bias_estimate, limit_estimates
from kyphometer.stats.distributions import Floats, chi2_quantile, normal_quantile, t_quantile
from kyphometer.stats.estimate import Estimate, Result, check_confidence
from kyphometer.stats.pivots import chi2_factors, pivot_estimate, pivot_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedLimits(Result):
    """Limits of agreement of single readings, estimated from repeated ones.

    `between_variance` is that of the subjects' true differences, `within_variance` that of a
    single difference about its subject's mean. `subjects` are patients (true value varies) or
    films (true value constant).
    """

    label: str
    design: str
    subjects: int
    differences: int
    bias: Estimate
    between_variance: float
    within_variance: float
    sd_of_differences: Estimate
    lower: Estimate
    upper: Estimate
    individual: LimitBounds
    pair: LimitBounds
    mover: LimitBounds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Squares:
    """Mean squares whose weighted sum is the variance of one difference."""

    bias: float
    between: float  # may be negative before truncation
    within: float
    of_means: float  # mean square of subject means
    noise: tuple[tuple[float, float, float], ...]  # (mean square, df, share in a subject mean)
    subjects: int
    bias_weights: tuple[float, float]  # of between and within in the variance of the bias


def limits_true_value_varies(
    differences: Sequence[ArrayLike],
    *,
    label: str = "first - second",
    confidence: float = 0.95,
    coverage: float = 0.95,
    unit: str = "deg",
) -> RepeatedLimits:
    """Return limits of agreement where each patient has several paired readings.

    Parameters
    ----------
    differences
        One array of differences (first - second) a patient, one value a film.

    Raises
    ------
    TooFewDataError
        Fewer than three patients, or none with two differences.
    """
    groups = [_finite(d) for d in differences]
    groups = [g for g in groups if g.size]
    n, counts = len(groups), np.array([g.size for g in groups], dtype=np.float64)
    total = float(counts.sum())
    _check_counts(n, total - n, "patients", "2 films")
    means = np.array([g.mean() for g in groups])
    within = sum(float(np.sum((g - g.mean()) ** 2)) for g in groups) / (total - n)
    bias = float(counts @ means) / total
    between_square = float(counts @ (means - bias) ** 2) / (n - 1)
    m0 = (total**2 - float(counts @ counts)) / ((n - 1) * total)
    squares = _Squares(
        bias=bias,
        between=(between_square - within) / m0,
        within=within,
        of_means=float(means.var(ddof=1)),
        noise=((within, total - n, float(np.mean(1.0 / counts))),),
        subjects=n,
        bias_weights=(float(counts @ counts) / total**2, 1.0 / total),
    )
    design = "true value varies (Bland-Altman 2007)"
    return _limits(squares, label, design, int(total), confidence, coverage, unit)


def limits_true_value_constant(
    first: ArrayLike,
    second: ArrayLike,
    *,
    label: str = "first - second",
    confidence: float = 0.95,
    coverage: float = 0.95,
    unit: str = "deg",
) -> RepeatedLimits:
    """Return limits of agreement where each film was read several times by both observers.

    Parameters
    ----------
    first, second
        Readings, shape (films, replicates), NaN where missing; the two may have different numbers
        of replicates. Films that one observer did not read are left out.

    Raises
    ------
    TooFewDataError
        Fewer than three films read by both, or no repeats.
    """
    x, y = (np.atleast_2d(np.asarray(v, dtype=np.float64)) for v in (first, second))
    both = np.isfinite(x).any(axis=1) & np.isfinite(y).any(axis=1)
    x, y = x[both], y[both]
    repeats = [np.isfinite(v).sum(axis=1) for v in (x, y)]
    n = int(both.sum())
    _check_counts(n, min(float(r.sum()) - n for r in repeats), "films", "2 readings by both")
    means = np.nanmean(x, axis=1) - np.nanmean(y, axis=1)
    noise = tuple(
        (_within(v), float(r.sum()) - n, float(np.mean(1.0 / r)))
        for v, r in zip((x, y), repeats, strict=True)
    )
    of_means = float(means.var(ddof=1))
    squares = _Squares(
        bias=float(means.mean()),
        between=of_means - sum(ms * share for ms, _, share in noise),
        within=float(sum(ms for ms, _, _ in noise)),
        of_means=of_means,
        noise=noise,
        subjects=n,
        bias_weights=(math.nan, math.nan),
    )
    design = "true value constant (Bland-Altman 1999)"
    pairs = int(min(r.sum() for r in repeats))
    return _limits(squares, label, design, pairs, confidence, coverage, unit)


def _limits(
    squares: _Squares,
    label: str,
    design: str,
    differences: int,
    confidence: float,
    coverage: float,
    unit: str,
) -> RepeatedLimits:
    check_confidence(confidence)
    z = normal_quantile((1.0 + coverage) / 2.0)
    between = max(0.0, squares.between)
    sd = math.sqrt(between + squares.within)
    if squares.within <= 1e-20 * max(1.0, squares.bias**2):
        raise NoVariationError("repeats_agree")
    bias, spread = _pivots(squares)
    individual = _individual(bias, spread, squares.bias, z, confidence)
    lower, upper = limit_estimates(squares.bias, z * sd, individual, confidence, unit)
    return RepeatedLimits(
        label=label,
        design=design,
        subjects=squares.subjects,
        differences=differences,
        bias=bias_estimate(
            squares.bias, _bias_error(squares, between), squares.subjects - 1, confidence, unit
        ),
        between_variance=float(between),
        within_variance=squares.within,
        sd_of_differences=pivot_estimate("SD of differences", sd, spread, confidence, unit),
        lower=lower,
        upper=upper,
        individual=individual,
        pair=_pair(bias, spread, squares.bias, coverage, confidence),
        mover=_mover(squares, sd, z, confidence),
    )


def _bias_error(squares: _Squares, between: float) -> float:
    by_between, by_within = squares.bias_weights
    if math.isnan(by_between):
        return math.sqrt(squares.of_means / squares.subjects)
    return math.sqrt(by_between * between + by_within * squares.within)


def _pivots(squares: _Squares) -> tuple[Floats, Floats]:
    """Return the pivots of the bias and of the SD of a single difference."""
    dfs = (float(squares.subjects - 1), *(df for _, df, _ in squares.noise))
    of_means, *noise, normal = chi2_factors(dfs, normals=1)
    means = squares.of_means * of_means
    within = [ms * factor for (ms, _, _), factor in zip(squares.noise, noise, strict=True)]
    shares = [share for _, _, share in squares.noise]
    between = means - sum(w * share for w, share in zip(within, shares, strict=True))
    spread = np.sqrt(np.maximum(between, 0.0) + sum(within))
    by_between, by_within = squares.bias_weights
    if math.isnan(by_between):
        bias_variance = means / squares.subjects
    else:
        bias_variance = by_between * between + by_within * sum(within)
        bias_variance = np.maximum(bias_variance, 1e-9 * means / squares.subjects)
    return squares.bias + normal * np.sqrt(bias_variance), spread


def _individual(
    bias: Floats, spread: Floats, centre: float, z: float, confidence: float
) -> LimitBounds:
    inner, outer = pivot_interval(bias - centre + z * spread, confidence)
    return LimitBounds(
        method="generalised, each limit",
        lower_outer=centre - outer,
        lower_inner=centre - inner,
        upper_inner=centre + inner,
        upper_outer=centre + outer,
    )


def _pair(
    bias: Floats, spread: Floats, centre: float, coverage: float, confidence: float
) -> LimitBounds:
    reach = spread * _half_width(np.abs(bias - centre) / spread, coverage)
    inner, outer = pivot_interval(reach, confidence)
    return LimitBounds(
        method="generalised, both limits",
        lower_outer=centre - outer,
        lower_inner=centre - inner,
        upper_inner=centre + inner,
        upper_outer=centre + outer,
    )


def _half_width(off_centre: Floats, content: float) -> Floats:
    """Return u such that a standard normal lies within off_centre -+ u with probability content.

    Newton's method: beyond off_centre the probability rises and bends down in u, and both starting
    values lie below the root, so that it converges from one side.
    """
    centred, one_sided = normal_quantile((1.0 + content) / 2.0), normal_quantile(content)
    reach = np.maximum(centred, off_centre + one_sided)
    for _ in range(8):
        upper, lower = off_centre + reach, off_centre - reach
        held = special.ndtr(upper) - special.ndtr(lower)
        density = np.exp(-(upper**2) / 2.0) + np.exp(-(lower**2) / 2.0)
        reach = reach + (content - held) * math.sqrt(2.0 * math.pi) / density
    return reach


def _mover(squares: _Squares, sd: float, z: float, confidence: float) -> LimitBounds:
    tail = (1.0 - confidence) / 2.0
    terms = [(squares.of_means, float(squares.subjects - 1))]
    terms += [(ms * (1.0 - share), df) for ms, df, share in squares.noise]
    below = sum((v * (1.0 - df / chi2_quantile(1.0 - tail, df))) ** 2 for v, df in terms)
    above = sum((v * (df / chi2_quantile(tail, df) - 1.0)) ** 2 for v, df in terms)
    low_sd = math.sqrt(max(0.0, sd**2 - math.sqrt(below)))
    high_sd = math.sqrt(sd**2 + math.sqrt(above))
    half = t_quantile(1.0 - tail, squares.subjects - 1) * math.sqrt(
        squares.of_means / squares.subjects
    )
    inner = z * sd - math.hypot(half, z * (sd - low_sd))
    outer = z * sd + math.hypot(half, z * (high_sd - sd))
    return LimitBounds(
        method="MOVER",
        lower_outer=squares.bias - outer,
        lower_inner=squares.bias - inner,
        upper_inner=squares.bias + inner,
        upper_outer=squares.bias + outer,
    )


def _within(readings: Floats) -> float:
    means = np.nanmean(readings, axis=1, keepdims=True)
    df = np.count_nonzero(np.isfinite(readings)) - readings.shape[0]
    return float(np.nansum((readings - means) ** 2)) / int(df)


def _finite(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[np.isfinite(array)]


def _check_counts(subjects: int, repeats: float, what: str, twice: str) -> None:
    statistic = "A limit of agreement from repeated readings"
    if subjects < 3:
        raise TooFewDataError(
            "subjects_needed", statistic=statistic, what=what, subjects=str(subjects)
        )
    if repeats < 1:
        raise TooFewDataError("repeats_needed", statistic=statistic, what=what, twice=twice)
