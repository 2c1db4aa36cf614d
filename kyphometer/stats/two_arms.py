"""Two groups of different patients: balance, adjusted change, shares, correlation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special
from scipy.stats import fisher_exact

from kyphometer.errors import TooFewValuesError, UnusableDataError
from kyphometer.stats.association import exact_odds_ratio
from kyphometer.stats.clustered import satterthwaite
from kyphometer.stats.distributions import t_quantile, t_two_sided_p
from kyphometer.stats.estimate import Estimate
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.proportions import wilson
from kyphometer.stats.values import FloatArray, as_table, as_values, is_constant

LARGEST_LOG_RATIO = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskComparison:
    """How many of two groups had an event; group 1 against group 2.

    Attributes
    ----------
    events, totals
        Of both groups.
    difference
        Share of group 1 minus that of group 2, interval of Newcombe (1998, method 10).
    ratio
        Share of group 1 over that of group 2, score interval of Laud (2017); None if nobody in
        group 2 had the event. Its `high` is None where the data set no upper limit.
    odds_ratio
        Conditional maximum likelihood with its exact interval; None where it is 0 or infinite.
    p
        Fisher's exact.
    """

    events: tuple[int, int]
    totals: tuple[int, int]
    difference: Estimate
    ratio: Estimate | None
    odds_ratio: Estimate | None
    p: float


def compare_risks(
    events: tuple[int, int], totals: tuple[int, int], options: StatisticsOptions = DEFAULT_OPTIONS
) -> RiskComparison:
    """Compare the shares of two groups of different patients.

    Parameters
    ----------
    events, totals
        Patients with the event and patients, of group 1 and group 2.
    options
        Confidence level.

    Raises
    ------
    UnusableDataError
        If a group is empty, or has more events than patients.
    """
    for count, total in zip(events, totals, strict=True):
        if not 0 <= count <= total or total == 0:
            raise UnusableDataError("events_of_patients", count=count, total=total)
    rest = [[events[i], totals[i] - events[i]] for i in (0, 1)]
    return RiskComparison(
        events=events,
        totals=totals,
        difference=_difference(events, totals, options.confidence),
        ratio=_ratio(events, totals, options.confidence) if events[1] else None,
        odds_ratio=_odds(rest, options.confidence),
        p=float(fisher_exact(rest).pvalue),
    )


def _difference(events: tuple[int, int], totals: tuple[int, int], confidence: float) -> Estimate:
    one, two = (x / n for x, n in zip(events, totals, strict=True))
    (low1, high1), (low2, high2) = (
        wilson(x, n, confidence) for x, n in zip(events, totals, strict=True)
    )
    return Estimate(
        name="risk difference",
        value=one - two,
        low=one - two - math.hypot(one - low1, high2 - two),
        high=one - two + math.hypot(high1 - one, two - low2),
        confidence=confidence,
        method="Newcombe",
    )


def _ratio(events: tuple[int, int], totals: tuple[int, int], confidence: float) -> Estimate:
    value = events[0] / totals[0] / (events[1] / totals[1])
    limit = float(special.ndtri(0.5 + confidence / 2.0))
    centre = math.log(value) if value else -LARGEST_LOG_RATIO

    def end(edge: float, wanted: float) -> float | None:
        def beyond(log_ratio: float) -> float:
            return ratio_statistic(events, totals, math.exp(log_ratio)) - wanted

        if beyond(edge) * beyond(centre) > 0.0:
            return None
        return math.exp(float(optimize.brentq(beyond, centre, edge)))

    low = end(-LARGEST_LOG_RATIO, limit) if value else 0.0
    return Estimate(
        name="risk ratio",
        value=value,
        low=0.0 if low is None else low,
        high=end(LARGEST_LOG_RATIO, -limit),
        confidence=confidence,
        method="score, corrected for skewness (Laud)",
    )


def ratio_statistic(events: tuple[int, int], totals: tuple[int, int], ratio: float) -> float:
    """A statistic that is about standard normal if the shares have this ratio; falls as it rises.

    Koopman's (1984) score with Miettinen and Nurminen's (1985) factor N/(N - 1) and Gart and Nam's
    (1988) correction for skewness, as Laud (2017, doi 10.1002/pst.1813) puts them together: z with
    z + skewness (z^2 - 1) / 6 = score. Koopman's alone covers 90 % where groups of about ten
    differ much.
    """
    score, skewness = ratio_score(events, totals, ratio)
    k = skewness / 6.0
    if abs(k) < 1e-9:
        return score
    return (math.sqrt(max(0.0, 1.0 + 4.0 * k * (score + k))) - 1.0) / (2.0 * k)


def ratio_score(
    events: tuple[int, int], totals: tuple[int, int], ratio: float
) -> tuple[float, float]:
    """Score that the ratio of shares is `ratio`, of mean 0 and SD 1 if it is, and its skewness."""
    (x1, x2), (n1, n2) = events, totals
    second = _restricted_share(events, totals, ratio)
    first = ratio * second
    distance = x1 / n1 - ratio * x2 / n2
    spread = first * (1.0 - first) / n1 + ratio**2 * second * (1.0 - second) / n2
    if spread * (n1 + n2) <= 1e-14 * ratio**2:
        return (0.0 if abs(distance) < 1e-9 else math.copysign(1e6, distance)), 0.0
    score = distance / math.sqrt(spread * (n1 + n2) / (n1 + n2 - 1))
    if not (0.0 < first < 1.0 and 0.0 < second < 1.0):
        return score, 0.0
    one, two = (1.0 - first) / (n1 * first), (1.0 - second) / (n2 * second)
    third = (1.0 - first) * (1.0 - 2.0 * first) / (n1 * first) ** 2
    third -= (1.0 - second) * (1.0 - 2.0 * second) / (n2 * second) ** 2
    return score, third / math.pow(one + two, 1.5)


def _restricted_share(events: tuple[int, int], totals: tuple[int, int], ratio: float) -> float:
    """Share of group 2 that is likeliest if that of group 1 is `ratio` times as large."""
    (x1, x2), (n1, n2) = events, totals
    middle = ratio * (n1 + x2) + x1 + n2
    root = math.sqrt(max(0.0, middle**2 - 4.0 * ratio * (n1 + n2) * (x1 + x2)))
    return 2.0 * (x1 + x2) / (middle + root)


def _odds(table: list[list[int]], confidence: float) -> Estimate | None:
    return exact_odds_ratio(table, confidence) if min(map(min, table)) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedDifference:
    """Group 1 minus group 2 at follow-up, adjusted for the baseline (analysis of covariance).

    `patients` are those of each group who have both values.
    """

    patients: tuple[int, int]
    difference: Estimate
    t: float
    degrees_of_freedom: float
    p: float


def ancova(
    baseline: Iterable[float | None],
    follow_up: Iterable[float | None],
    in_first: Iterable[bool],
    options: StatisticsOptions = DEFAULT_OPTIONS,
    covariates: Sequence[Iterable[float | None]] = (),
) -> AdjustedDifference:
    """Compare two groups at follow-up, with the baseline as covariate.

    The model is follow-up = constant + difference x group + slope x baseline. The difference equals
    that of changes where groups start alike, and does not depend on where they start where not.
    A baseline or covariate that does not vary is left out. Errors hold where the groups scatter
    unequally (HC2; Welch's statistic where there is nothing to adjust for), unless the
    options say that they scatter equally.

    Parameters
    ----------
    baseline, follow_up
        One value a patient, None where missing; patients without both are left out.
    in_first
        Whether a patient is in group 1.
    options
        Confidence level, and whether groups scatter equally.
    covariates
        Further numbers known before treatment, one column each, one value a patient.

    Raises
    ------
    TooFewValuesError
        If a group has fewer than two patients with every value, or patients are fewer than effects.
    UnusableDataError
        If effects cannot be told apart, or the model fits exactly.
    """
    table = as_table([follow_up, baseline, *covariates], "A comparison of two groups")
    group = np.array([*in_first], dtype=float)
    kept = ~np.isnan(table).any(axis=1)
    after, group, known = table[kept, 0], group[kept], table[kept, 1:]
    patients = (int(group.sum()), int((1.0 - group).sum()))
    if min(patients) < 2:
        raise TooFewValuesError("groups_patients", n=min(patients))
    known = known[:, [not is_constant(column) for column in known.T]]
    design = np.column_stack([group, np.ones_like(group), known - known.mean(axis=0)])
    df = after.size - design.shape[1]
    if df < 1:
        raise TooFewValuesError("ancova_patients", needed=design.shape[1] + 1, n=int(after.size))
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise UnusableDataError("ancova_effects")
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ after
    scatter = float(np.sum((after - design @ coefficients) ** 2))
    if scatter <= 1e-20 * float(np.sum(after**2)):
        raise UnusableDataError("ancova_exact")
    value, error = float(coefficients[0]), math.sqrt(scatter / df * float(inverse[0, 0]))
    freedom = float(df)
    if not options.equal_scatter:
        error, freedom = _unequal_error(design, inverse, after - design @ coefficients)
    half = t_quantile(0.5 + options.confidence / 2.0, freedom) * error
    return AdjustedDifference(
        patients=patients,
        difference=Estimate(
            name="difference adjusted for the baseline",
            value=value,
            low=value - half,
            high=value + half,
            confidence=options.confidence,
            method="analysis of covariance",
        ),
        t=value / error,
        degrees_of_freedom=freedom,
        p=t_two_sided_p(value / error, freedom),
    )


def _unequal_error(
    design: FloatArray, inverse: FloatArray, residual: FloatArray
) -> tuple[float, float]:
    """HC2 error of the first coefficient and Bell and McCaffrey's degrees of freedom."""
    free = 1.0 - np.einsum("ij,jk,ik->i", design, inverse, design)
    alone = free < 1e-10  # patients who decide an effect by themselves have no residual
    pull = np.where(alone, 0.0, design @ inverse[0] / np.sqrt(np.where(alone, 1.0, free)))
    freedom = satterthwaite(pull**2, design * pull[:, None], inverse)
    return math.sqrt(float(np.sum((pull * residual) ** 2))), freedom


def hedges_g(
    first: Iterable[float | None],
    second: Iterable[float | None],
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> Estimate:
    """Return the difference of two means over their pooled SD, corrected for bias (Hedges 1981).

    The interval is that of the noncentral t distribution, exact for normal values of equal SD.

    Raises
    ------
    TooFewValuesError
        If a group has fewer than two values.
    UnusableDataError
        If neither group varies.
    """
    one, two = (v[~np.isnan(v)] for v in (as_values(v, "An effect size") for v in (first, second)))
    if min(one.size, two.size) < 2:
        raise TooFewValuesError("effect_patients", n=min(one.size, two.size))
    df, root = one.size + two.size - 2, math.sqrt(one.size * two.size / (one.size + two.size))
    squares = float(np.sum((one - one.mean()) ** 2) + np.sum((two - two.mean()) ** 2))
    difference = float(one.mean() - two.mean())
    centred = np.concatenate([one - one.mean(), two - two.mean()])
    if is_constant(centred, float(np.abs(np.concatenate([one, two])).max())) or squares == 0.0:
        raise UnusableDataError("effect_constant")
    size = difference / math.sqrt(squares / df)
    correction = math.exp(
        math.lgamma(df / 2.0) - math.lgamma((df - 1.0) / 2.0) - math.log(math.sqrt(df / 2.0))
    )
    tail = (1.0 - options.confidence) / 2.0
    low, high = (
        float(special.nctdtrinc(df, share, size * root)) / root for share in (1.0 - tail, tail)
    )
    return Estimate(
        name="Hedges' g",
        value=correction * size,
        low=correction * low,
        high=correction * high,
        confidence=options.confidence,
        method="pooled SD, noncentral t",
    )


def standardised_difference(first: FloatArray, second: FloatArray) -> float | None:
    """Return the difference of two means over the root mean square of both SDs.

    Of shares give 0 and 1: SDs are then those of the shares. None where neither group varies.
    """
    spread = math.sqrt((float(np.var(first)) + float(np.var(second))) / 2.0)
    return (float(np.mean(first)) - float(np.mean(second))) / spread if spread else None


def correlation(
    x: Iterable[float | None],
    y: Iterable[float | None],
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> Estimate:
    """Return Pearson's correlation over patients who have both, with Fisher's z interval.

    Raises
    ------
    TooFewValuesError
        If fewer than four patients have both.
    UnusableDataError
        If either does not vary.
    """
    first, second = (np.array([*column], dtype=float) for column in (x, y))
    kept = np.isfinite(first) & np.isfinite(second)
    first, second = first[kept], second[kept]
    if first.size < 4:
        raise TooFewValuesError("correlation_patients", n=int(first.size))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        raise UnusableDataError("correlation_constant")
    value = max(-1.0, min(1.0, float(np.corrcoef(first, second)[0, 1])))
    half = float(special.ndtri(0.5 + options.confidence / 2.0)) / math.sqrt(first.size - 3)
    with np.errstate(divide="ignore"):
        centre = float(np.arctanh(value))
    return Estimate(
        name="correlation",
        value=value,
        low=math.tanh(centre - half),
        high=math.tanh(centre + half),
        confidence=options.confidence,
        method=f"Fisher's z, {first.size} patients",
    )
