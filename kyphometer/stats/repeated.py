"""Three or more visits at once, complete cases: RM-ANOVA with epsilon, and Friedman's test."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import linalg, special, stats

from kyphometer.errors import TooFewValuesError
from kyphometer.stats.values import FloatArray, as_table, is_constant


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedAnova:
    """One-way repeated-measures ANOVA.

    Attributes
    ----------
    n, excluded
        Patients with every visit, and those left out because one is missing.
    f, df_visits, df_error, p_uncorrected
        F with its degrees of freedom and p under sphericity.
    greenhouse_geisser, huynh_feldt
        Epsilons, 1/(k-1) to 1; Huynh-Feldt is cut at 1.
    p_greenhouse_geisser, p_huynh_feldt
        p with degrees of freedom multiplied by the epsilon.
    mauchly_w, mauchly_p
        Mauchly's test of sphericity; None for two visits or a singular covariance.
    partial_eta_squared
        Effect size.
    note
        Why something is None, or empty.
    """

    n: int
    excluded: int
    f: float | None
    df_visits: int
    df_error: int
    p_uncorrected: float | None
    greenhouse_geisser: float | None
    huynh_feldt: float | None
    p_greenhouse_geisser: float | None
    p_huynh_feldt: float | None
    mauchly_w: float | None
    mauchly_p: float | None
    partial_eta_squared: float | None
    note: str = ""


def repeated_anova(columns: Mapping[str, Iterable[float | None]]) -> RepeatedAnova:
    """RM-ANOVA over visits on patients with all of them (science.md#tests).

    Greenhouse and Geisser's and Huynh and Feldt's corrections are both given; Mauchly's test is
    shown and chooses nothing.

    Parameters
    ----------
    columns
        Values by visit, one a patient in the same order, None where missing.

    Raises
    ------
    TooFewValuesError
        Below two visits or two complete patients.
    """
    table, excluded = _complete(columns, "A repeated-measures ANOVA")
    n, k = table.shape
    df_visits, df_error = k - 1, (n - 1) * (k - 1)
    visits, error = _sums_of_squares(table)
    nothing = dict.fromkeys(_TESTS)
    if error <= (1e-12 * max(1e-300, float(np.abs(table).max()))) ** 2 * table.size:
        note = "visits differ by the same amount in every patient: F does not exist"
        return RepeatedAnova(
            n=n, excluded=excluded, df_visits=df_visits, df_error=df_error, note=note, **nothing
        )
    f = (visits / df_visits) / (error / df_error)
    gg, hf = _epsilons(table)
    w, p_w = _mauchly(table)
    return RepeatedAnova(
        n=n,
        excluded=excluded,
        f=f,
        df_visits=df_visits,
        df_error=df_error,
        p_uncorrected=_f_tail(f, df_visits, df_error),
        greenhouse_geisser=gg,
        huynh_feldt=hf,
        p_greenhouse_geisser=_f_tail(f, gg * df_visits, gg * df_error),
        p_huynh_feldt=_f_tail(f, hf * df_visits, hf * df_error),
        mauchly_w=w,
        mauchly_p=p_w,
        partial_eta_squared=visits / (visits + error),
        note="" if w is not None or k == 2 else "covariance is singular: no test of sphericity",
    )


_TESTS = (
    "f", "p_uncorrected", "greenhouse_geisser", "huynh_feldt", "p_greenhouse_geisser",
    "p_huynh_feldt", "mauchly_w", "mauchly_p", "partial_eta_squared",
)  # fmt: skip


def _complete(columns: Mapping[str, Iterable[float | None]], what: str) -> tuple[FloatArray, int]:
    if len(columns) < 2:
        raise TooFewValuesError("repeated_visits", what=what, n=len(columns))
    table = as_table(list(columns.values()), what)
    complete = table[~np.isnan(table).any(axis=1)]
    if len(complete) < 2:
        raise TooFewValuesError("repeated_patients", what=what, n=len(complete))
    return complete, len(table) - len(complete)


def _sums_of_squares(table: FloatArray) -> tuple[float, float]:
    grand = table.mean()
    by_visit, by_patient = table.mean(axis=0), table.mean(axis=1)
    visits = len(table) * float(((by_visit - grand) ** 2).sum())
    residual = table - by_visit - by_patient[:, None] + grand
    return visits, float((residual**2).sum())


def _contrast_covariance(table: FloatArray) -> FloatArray:
    """Covariance of orthonormal contrasts between visits, shape (k - 1, k - 1)."""
    k = table.shape[1]
    contrasts = linalg.helmert(k)
    covariance: FloatArray = np.atleast_2d(np.cov(table @ contrasts.T, rowvar=False))
    return covariance


def _epsilons(table: FloatArray) -> tuple[float, float]:
    """Greenhouse-Geisser's and Huynh-Feldt's epsilon.

    GG is the squared trace over (k-1) times the squared Frobenius norm of the contrast covariance
    (Box 1954); HF is Huynh and Feldt 1976 for one group.
    """
    n, k = table.shape
    covariance = _contrast_covariance(table)
    gg = float(np.trace(covariance) ** 2 / ((k - 1) * (covariance**2).sum()))
    gg = min(1.0, gg)
    denominator = (k - 1) * (n - 1 - (k - 1) * gg)
    hf = 1.0 if denominator <= 0 else (n * (k - 1) * gg - 2) / denominator
    return gg, min(1.0, max(hf, gg))


def _mauchly(table: FloatArray) -> tuple[float | None, float | None]:
    """Mauchly's W with the second-order chi-square approximation of its p (Anderson 2003, 10.7)."""
    n, k = table.shape
    d, df = k - 1, n - 1
    if d < 2 or df < d:
        return None, None
    covariance = _contrast_covariance(table)
    w = float(np.linalg.det(covariance) / (np.trace(covariance) / d) ** d)
    if w <= 1e-14:
        return None, None
    rho = 1 - (2 * d**2 + d + 2) / (6 * d * df)
    chi_square = -df * rho * math.log(min(1.0, w))
    degrees = d * (d + 1) / 2 - 1
    omega = (d + 2) * (d - 1) * (d - 2) * (2 * d**3 + 6 * d**2 + 3 * d + 2)
    omega /= 288 * (d * df * rho) ** 2
    first = float(special.chdtrc(degrees, chi_square))
    second = float(special.chdtrc(degrees + 4, chi_square))
    return w, min(1.0, max(0.0, first + omega * (second - first)))


def _f_tail(f: float, df_visits: float, df_error: float) -> float:
    return float(special.fdtrc(df_visits, df_error, f))


@dataclass(frozen=True, slots=True, kw_only=True)
class Friedman:
    """Friedman's test.

    Attributes
    ----------
    n, excluded
        Patients with every visit, and those left out.
    chi_square, degrees_of_freedom, p
        Tie-corrected statistic; None where every patient's visits tie.
    kendall_w
        Agreement of the patients' rankings, 0 to 1.
    """

    n: int
    excluded: int
    chi_square: float | None
    degrees_of_freedom: int
    p: float | None
    kendall_w: float | None


def friedman(columns: Mapping[str, Iterable[float | None]]) -> Friedman:
    """Friedman's test over visits on patients with all of them, corrected for ties.

    Raises
    ------
    TooFewValuesError
        Below two visits or two complete patients.
    """
    table, excluded = _complete(columns, "Friedman's test")
    n, k = table.shape
    ranks = stats.rankdata(table, axis=1)
    spread = float(((ranks - (k + 1) / 2) ** 2).sum())
    if is_constant(ranks.ravel()):
        return Friedman(
            n=n, excluded=excluded, chi_square=None, degrees_of_freedom=k - 1, p=None,
            kendall_w=None,
        )  # fmt: skip
    between = float(((ranks.sum(axis=0) - n * (k + 1) / 2) ** 2).sum())
    chi_square = (k - 1) * between / spread
    return Friedman(
        n=n,
        excluded=excluded,
        chi_square=chi_square,
        degrees_of_freedom=k - 1,
        p=float(special.chdtrc(k - 1, chi_square)),
        kendall_w=chi_square / (n * (k - 1)),
    )
