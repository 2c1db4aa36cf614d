"""A number over visits: summaries, all pairs, omnibus tests, mixed model for missing visits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from kyphometer.errors import StatisticsError
from kyphometer.stats.descriptive import Summary, summarise
from kyphometer.stats.families import ComparisonFamily, PairComparison, compare_pairs
from kyphometer.stats.mixed import MixedModel, mixed_model
from kyphometer.stats.normality import Normality, describe_normality
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.repeated import (
    Friedman,
    RepeatedAnova,
    friedman,
    repeated_anova,
)
from kyphometer.stats.tabular import Row, Tabular

Result = TypeVar("Result")
Columns = dict[str, list[float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointAnalysis(Tabular):
    """Everything about one endpoint.

    Attributes
    ----------
    name, unit
        For example `VAS` and `points`.
    visits
        Visits with at least one value, in order of time.
    patients
        Codes of the patients, in the order of the values.
    values
        Values by visit, one a patient, None where missing.
    summaries
        By visit.
    comparisons
        All pairs of visits, Holm within this endpoint.
    normality
        Of the differences of each pair, in the order of `comparisons`; shown, not used to choose.
    anova, friedman
        Omnibus tests of complete cases, for three visits or more.
    mixed, mixed_days
        Mixed model of all patients; the same adjusted for actual days if they are known.
    notes
        Why a test is missing.
    excluded
        Places of patients whose change between two visits may not be used.
    """

    name: str
    unit: str
    visits: tuple[str, ...]
    patients: tuple[str, ...]
    values: Mapping[str, tuple[float | None, ...]]
    summaries: Mapping[str, Summary]
    comparisons: ComparisonFamily
    normality: tuple[Normality, ...]
    anova: RepeatedAnova | None
    friedman: Friedman | None
    mixed: MixedModel | None
    mixed_days: MixedModel | None = None
    notes: tuple[str, ...] = ()
    excluded: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)

    @property
    def first_to_last(self) -> PairComparison | None:
        """The first visit against the last, None if there is only one."""
        ends = (self.visits[0], self.visits[-1])
        pairs = self.comparisons.comparisons
        return next((pair for pair in pairs if (pair.first, pair.second) == ends), None)

    def rows(self) -> list[Row]:
        """One row a visit: n, missing, mean, SD, minimum, maximum, quartiles, p against the first.

        `p` is of the paired t test against the first visit, `p_holm` the same adjusted within all
        pairs of this endpoint.
        """
        against = {c.second: c for c in self.comparisons.comparisons if c.first == self.visits[0]}
        rows = []
        for visit in self.visits:
            comparison = against.get(visit)
            row: Row = {"endpoint": self.name, "unit": self.unit, "visit": visit}
            row |= summary_cells(self.summaries[visit])
            row["p"] = comparison.t.p if comparison and comparison.t else None
            row["p_holm"] = comparison.p_t_holm if comparison else None
            row["wilcoxon_p_holm"] = comparison.p_ranks_holm if comparison else None
            rows.append(row)
        return rows


def summary_cells(summary: Summary | None) -> Row:
    """The columns that every table of numbers has."""
    names = (
        "n", "missing", "mean", "sd", "minimum", "first_quartile", "median", "third_quartile",
        "maximum",
    )  # fmt: skip
    return {name: getattr(summary, name) if summary else None for name in names}


def analyse_endpoint(
    name: str,
    unit: str,
    patients: Sequence[str],
    columns: Columns,
    options: StatisticsOptions = DEFAULT_OPTIONS,
    *,
    days_from_target: Columns | None = None,
    excluded: Mapping[tuple[str, str], Collection[int]] | None = None,
) -> EndpointAnalysis | None:
    """Summaries and tests of one endpoint; None if no visit has a value.

    Parameters
    ----------
    name, unit
        What it is.
    patients
        Codes of the patients.
    columns
        Values by visit in order of time, one a patient in that order, None where missing.
    options
        Statistical choices.
    days_from_target
        Actual minus target day by visit, for the mixed model adjusted for them.
    excluded
        Places of patients whose change between two visits may not be used. Patients with any such
        pair are left out of the omnibus tests and the mixed model.
    """
    present = {v: tuple(c) for v, c in columns.items() if any(x is not None for x in c)}
    if not present:
        return None
    left_out = {place for places in (excluded or {}).values() for place in places}
    usable = {
        v: [None if i in left_out else x for i, x in enumerate(c)] for v, c in present.items()
    }
    notes: list[str] = []
    comparisons = compare_pairs(name, present, None, options, excluded)
    several, many = len(present) > 1, len(present) > 2
    days = _days(usable, days_from_target, notes) if several else None
    return EndpointAnalysis(
        name=name,
        unit=unit,
        visits=tuple(present),
        patients=tuple(patients),
        values=present,
        summaries={v: summarise(c, options, name) for v, c in present.items()},
        comparisons=comparisons,
        normality=_normality(present, comparisons, options, excluded or {}),
        anova=_attempt(lambda: repeated_anova(usable), notes) if many else None,
        friedman=_attempt(lambda: friedman(usable), notes) if many else None,
        mixed=_attempt(lambda: mixed_model(name, usable, None, options), notes)
        if several
        else None,
        mixed_days=_attempt(lambda: mixed_model(name, usable, days, options), notes)
        if days
        else None,
        notes=tuple(dict.fromkeys(notes)),
        excluded={pair: tuple(places) for pair, places in (excluded or {}).items() if places},
    )


def _attempt(test: Callable[[], Result], notes: list[str]) -> Result | None:
    """The result, or None with the reason noted."""
    try:
        return test()
    except StatisticsError as error:
        notes.append(str(error))
        return None


def _days(columns: Columns, given: Columns | None, notes: list[str]) -> Columns | None:
    """Days for the mixed model, if every value has one."""
    if given is None:
        return None
    for visit, days in given.items():
        pairs = zip(columns.get(visit, ()), days, strict=False)
        if any(value is not None and day is None for value, day in pairs):
            notes.append(f"actual days are not known for every value at {visit}: not adjusted for")
            return None
    return given


def _normality(
    columns: Mapping[str, Sequence[float | None]],
    family: ComparisonFamily,
    options: StatisticsOptions,
    excluded: Mapping[tuple[str, str], Collection[int]],
) -> tuple[Normality, ...]:
    results = []
    for c in family.comparisons:
        first, second = (np.array(columns[v], dtype=float) for v in (c.first, c.second))
        difference = first - second
        difference[list(excluded.get((c.first, c.second), ()))] = np.nan
        results.append(describe_normality(difference, options))
    return tuple(results)
