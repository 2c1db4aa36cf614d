"""Comparisons that belong together: all pairs of visits, with Holm's correction in the family."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np

from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.paired import PairedT, paired_t
from kyphometer.stats.signed_rank import SignedRank, signed_rank
from kyphometer.stats.tabular import Row, Tabular
from kyphometer.stats.values import FloatArray, as_table, as_values

Result = TypeVar("Result")


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Holm's (1979) step-down adjusted p values; None stays None and is not counted.

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    running = 0.0
    for step, (p, place) in enumerate(known):
        running = max(running, min(1.0, (len(known) - step) * p))
        adjusted[place] = running
    return tuple(adjusted)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairComparison:
    """One pair of the family.

    Attributes
    ----------
    first, second
        Names of the two; differences are first minus second.
    t
        Paired t, or None where too few patients have both.
    ranks
        Wilcoxon's test beside it, or None likewise.
    p_t_holm, p_ranks_holm
        p adjusted by Holm within the family.
    significant
        Whether the adjusted p of the t test is significant under the options; None without p.
    """

    first: str
    second: str
    t: PairedT | None
    ranks: SignedRank | None
    p_t_holm: float | None
    p_ranks_holm: float | None
    significant: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonFamily(Tabular):
    """All pre-specified comparisons of one endpoint.

    Attributes
    ----------
    name
        The endpoint, for example `VAS`.
    comparisons
        The pairs, in the order of the visits.
    """

    name: str
    comparisons: tuple[PairComparison, ...]

    def rows(self) -> list[Row]:
        """One row a pair."""
        return [_row(self.name, comparison) for comparison in self.comparisons]


def compare_pairs(
    name: str,
    columns: Mapping[str, Iterable[float | None]],
    pairs: Sequence[tuple[str, str]] | None = None,
    options: StatisticsOptions = DEFAULT_OPTIONS,
    excluded: Mapping[tuple[str, str], Collection[int]] | None = None,
) -> ComparisonFamily:
    """Paired t and Wilcoxon of every pair of columns, adjusted by Holm within this family.

    Parameters
    ----------
    name
        The endpoint.
    columns
        Values by visit, one a patient in the same order, None where missing.
    pairs
        The pre-specified pairs; all pairs in the columns' order if None.
    excluded
        Places of patients to leave out of a pair, for example because the change between those two
        visits may not be stated; they count as missing there.
    """
    values = {key: as_values(column, name) for key, column in columns.items()}
    wanted = tuple(pairs) if pairs is not None else tuple(combinations(values, 2))
    as_table(list(values.values()), name)
    data = [_without(values[a], values[b], (excluded or {}).get((a, b), ())) for a, b in wanted]
    t_tests = [_if_possible(paired_t, first, second, options, 2) for first, second in data]
    rank_tests = [_if_possible(signed_rank, first, second, options, 1) for first, second in data]
    p_t = holm([None if t is None else t.p for t in t_tests])
    p_ranks = holm([None if r is None else r.p for r in rank_tests])
    return ComparisonFamily(
        name=name,
        comparisons=tuple(
            PairComparison(
                first=pair[0],
                second=pair[1],
                t=t_tests[i],
                ranks=rank_tests[i],
                p_t_holm=p_t[i],
                p_ranks_holm=p_ranks[i],
                significant=options.is_significant(p_t[i]),
            )
            for i, pair in enumerate(wanted)
        ),
    )


def _without(
    first: FloatArray, second: FloatArray, excluded: Collection[int]
) -> tuple[FloatArray, FloatArray]:
    kept = first.copy()
    kept[list(excluded)] = np.nan
    return kept, second


def _if_possible(
    test: Callable[[FloatArray, FloatArray, StatisticsOptions], Result],
    first: FloatArray,
    second: FloatArray,
    options: StatisticsOptions,
    needed: int,
) -> Result | None:
    """The test, or None where too few patients have both values."""
    complete = int((~np.isnan(first + second)).sum())
    return test(first, second, options) if complete >= needed else None


_T_FIELDS = (
    "n", "missing", "mean_difference", "sd_difference", "low", "high", "t",
    "degrees_of_freedom", "p", "cohen_dz",
)  # fmt: skip


def _row(name: str, comparison: PairComparison) -> Row:
    t, ranks = comparison.t, comparison.ranks
    row: Row = {"endpoint": name, "first": comparison.first, "second": comparison.second}
    row |= {field: getattr(t, field) if t else None for field in _T_FIELDS}
    row |= {
        "p_holm": comparison.p_t_holm,
        "wilcoxon_z": ranks.z if ranks else None,
        "wilcoxon_p": ranks.p if ranks else None,
        "wilcoxon_method": ranks.method if ranks else None,
        "wilcoxon_p_holm": comparison.p_ranks_holm,
        "significant": comparison.significant,
    }
    return row
