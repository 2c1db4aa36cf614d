"""The choices that statistics packages make differently, stated in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kyphometer.errors import UnusableDataError


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsOptions:
    """How the statistics are computed where there is a choice.

    Attributes
    ----------
    alpha
        Significance level, stated once for the whole study.
    inclusive
        True if p equal to alpha counts as significant (p <= alpha), False for p < alpha.
    confidence
        Level of every confidence interval, for example 0.95.
    percentile_method
        Quartiles by `numpy.percentile`'s name; `weibull` is HAVERAGE of SPSS.
    signed_rank
        `exact` for the exact permutation distribution of the ranks, ties included;
        `asymptotic` for the tie-corrected normal approximation without continuity correction.
    continuity_correction
        True to apply Yates's correction to 2 x 2 chi-square tests.
    levene_center
        Centre of Levene's test: `median` (Brown-Forsythe) or `mean`.
    bias_corrected_moments
        True for the bias-corrected skewness and excess kurtosis.
    equal_scatter
        True to take treatment groups for equally scattered when they are compared; False for errors
        that hold where they are not (Welch, and what follows from it).
    name
        How the set of choices is called in a methods paragraph.
    """

    alpha: float = 0.05
    inclusive: bool = False
    confidence: float = 0.95
    percentile_method: Literal["linear", "weibull"] = "linear"
    signed_rank: Literal["exact", "asymptotic"] = "exact"
    continuity_correction: bool = False
    levene_center: Literal["median", "mean"] = "median"
    bias_corrected_moments: bool = True
    equal_scatter: bool = False
    name: str = "Kyphometer"

    def __post_init__(self) -> None:
        for name, value in (("alpha", self.alpha), ("confidence", self.confidence)):
            if not 0.0 < value < 1.0:
                raise UnusableDataError("option_share", name=name, value=value)

    def is_significant(self, p: float | None) -> bool | None:
        """Whether p is significant under these options; None where there is no p."""
        if p is None:
            return None
        return p <= self.alpha if self.inclusive else p < self.alpha


DEFAULT_OPTIONS = StatisticsOptions()

SPSS_OPTIONS = StatisticsOptions(
    percentile_method="weibull",
    signed_rank="asymptotic",
    continuity_correction=False,
    levene_center="mean",
    bias_corrected_moments=True,
    equal_scatter=True,
    name="SPSS parity",
)
"""SPSS's choices (science.md#spss): HAVERAGE quartiles, tie-corrected signed-rank normal
approximation without continuity correction, uncorrected Pearson chi-square,
mean-centred Levene, bias-corrected
skewness and kurtosis, groups of equal scatter."""
