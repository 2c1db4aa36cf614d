"""Wilcoxon's signed-rank test: exact with ties, and as SPSS prints it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from kyphometer.errors import TooFewValuesError
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.values import FloatArray, as_table

EXACT_LIMIT = 300
"""Differences up to which the exact distribution is computed (a fraction of a second)."""


HODGES_LEHMANN_LIMIT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRank:
    """Wilcoxon signed-rank test of first minus second.

    Attributes
    ----------
    n, missing
        Pairs used (with equal ones), and patients left out because one value is missing.
    zeros
        Pairs without difference; dropped from the ranks, as in SPSS.
    tied
        True if two differences have the same size.
    rank_sum_positive, rank_sum_negative
        Sums of ranks of the differences above and below zero.
    z
        Tie-corrected normal deviate, no continuity correction; None without differences.
    p_asymptotic, p_exact
        Two-sided p by the normal approximation and by the exact permutation distribution of the
        ranks, ties included; p_exact is None beyond 300 differences.
    p, method
        The p that the options ask for, and which it is.
    rank_biserial
        Effect size: (positive - negative) / all rank sums, -1 to 1.
    median_difference
        Hodges-Lehmann estimate: median of all pairwise means of the differences, zeros included;
        None beyond 2000 pairs, whose means are too many to list.
    """

    n: int
    missing: int
    zeros: int
    tied: bool
    rank_sum_positive: float
    rank_sum_negative: float
    z: float | None
    p_asymptotic: float
    p_exact: float | None
    p: float
    method: str
    rank_biserial: float | None
    median_difference: float | None


def signed_rank(
    first: Iterable[float | None],
    second: Iterable[float | None],
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> SignedRank:
    """Wilcoxon's test on complete pairs, first minus second.

    If no pair differs there is no evidence of a change: p is 1.

    Raises
    ------
    TooFewValuesError
        If no patient has both values.

    Examples
    --------
    >>> r = signed_rank([5.0, 6.0, 7.0, 8.0, 9.0], [4.0, 4.0, 4.0, 4.0, 4.0])
    >>> r.p, r.method
    (0.0625, 'exact')
    """
    table = as_table([first, second], "The paired comparison")
    pairs = table[~np.isnan(table).any(axis=1)]
    if len(pairs) == 0:
        raise TooFewValuesError("wilcoxon_pairs", n=0)
    difference = _differences(pairs)
    changed = difference[difference != 0]
    ranks = stats.rankdata(np.abs(changed)) if len(changed) else np.zeros(0)
    positive = float(ranks[changed > 0].sum())
    negative = float(ranks[changed < 0].sum())
    z = _normal_deviate(ranks, positive)
    p_asymptotic = 1.0 if z is None else min(1.0, 2.0 * float(special.ndtr(-abs(z))))
    p_exact = _exact_p(ranks, positive) if len(changed) <= EXACT_LIMIT else None
    exact = options.signed_rank == "exact" and p_exact is not None
    return SignedRank(
        n=len(pairs),
        missing=len(table) - len(pairs),
        zeros=len(difference) - len(changed),
        tied=len(np.unique(np.abs(changed))) < len(changed),
        rank_sum_positive=positive,
        rank_sum_negative=negative,
        z=z,
        p_asymptotic=p_asymptotic,
        p_exact=p_exact,
        p=p_exact if exact and p_exact is not None else p_asymptotic,
        method="exact" if exact else "asymptotic",
        rank_biserial=(positive - negative) / ranks.sum() if len(changed) else None,
        median_difference=_hodges_lehmann(difference),
    )


def _differences(pairs: FloatArray) -> FloatArray:
    """First minus second, freed of floating-point noise so that equal sizes tie."""
    difference = pairs[:, 0] - pairs[:, 1]
    scale = float(np.abs(pairs).max()) or 1.0
    step = 2.0 ** (math.ceil(math.log2(scale)) - 40)
    rounded: FloatArray = np.round(difference / step) * step
    return rounded


def _normal_deviate(ranks: FloatArray, positive: float) -> float | None:
    """Normal deviate with the variance sum(r^2) / 4, which is the tie-corrected variance."""
    if len(ranks) == 0:
        return None
    return float((positive - ranks.sum() / 2.0) / math.sqrt(float((ranks**2).sum()) / 4.0))


def _exact_p(ranks: FloatArray, positive: float) -> float:
    """Two-sided p over all 2^n sign assignments, by convolution over doubled (whole) ranks."""
    if len(ranks) == 0:
        return 1.0
    doubled = np.rint(2.0 * ranks).astype(int)
    total = int(doubled.sum())
    chance = np.zeros(total + 1)
    chance[0] = 1.0
    for rank in doubled:
        shifted = np.zeros_like(chance)
        shifted[rank:] = chance[: total + 1 - rank]
        chance = (chance + shifted) / 2.0
    observed = round(2.0 * positive)
    tail = chance[: min(observed, total - observed) + 1].sum()
    return min(1.0, 2.0 * float(tail))


def _hodges_lehmann(difference: FloatArray) -> float | None:
    if len(difference) > HODGES_LEHMANN_LIMIT:
        return None
    upper = np.triu_indices(len(difference))
    means = (difference[upper[0]] + difference[upper[1]]) / 2.0
    return float(np.median(means))
