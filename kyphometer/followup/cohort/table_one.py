"""Table 1: who the patients are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kyphometer.followup.clinical.columns import AIS_GRADES, MECHANISMS, PRIVATE_PREFIX, SEXES
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.cohort.endpoints import summary_cells
from kyphometer.followup.windows import TimePoint
from kyphometer.stats.descriptive import (
    CategoryCounts,
    Summary,
    count_categories,
    summarise,
)
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.proportions import percent
from kyphometer.stats.tabular import Row, Tabular

_NUMBERS = (
    ("age_years", "Age", "years"),
    ("t_score", "T-score", ""),
    ("screws", "Screws", ""),
)
_CHOICES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("sex", "Sex", SEXES),
    ("mechanism", "Mechanism", MECHANISMS),
)
_FINDINGS = (
    ("corticosteroids", "On corticosteroids"),
    ("posterior_wall_ruptured", "Posterior wall ruptured"),
    ("pedicle_fractured", "Pedicle fractured"),
    ("posterior_arch_fractured", "Posterior arch fractured"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Characteristic:
    """One variable of table 1: a summary of numbers, or counts of categories."""

    name: str
    label: str
    unit: str = ""
    summary: Summary | None = None
    counts: CategoryCounts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOne(Tabular):
    """Characteristics of the patients.

    Attributes
    ----------
    patients
        Patients in the table.
    characteristics
        Variables known in at least one patient, in the usual order.
    """

    patients: int
    characteristics: tuple[Characteristic, ...]

    def rows(self) -> list[Row]:
        """One row a number, one row a category that occurs."""
        return [row for item in self.characteristics for row in _rows(item)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable of table 1 with its values, one a patient; categories None for numbers."""

    name: str
    label: str
    unit: str = ""
    values: tuple[float | str | None, ...]
    categories: tuple[str, ...] | None = None

    def describe(
        self, places: Collection[int], options: StatisticsOptions = DEFAULT_OPTIONS
    ) -> Characteristic:
        """Summary or counts of some of the patients."""
        values = [self.values[place] for place in places]
        if self.categories is None:
            numbers = [value for value in values if not isinstance(value, str)]
            summary = summarise(numbers, options, self.label)
            return Characteristic(name=self.name, label=self.label, unit=self.unit, summary=summary)
        words = [None if value is None else str(value) for value in values]
        counts = count_categories(words, self.categories, options)
        return Characteristic(name=self.name, label=self.label, unit=self.unit, counts=counts)


def table_one(
    table: ClinicalTable,
    baseline: str = TimePoint.PREOPERATIVE,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> TableOne:
    """Table 1 from the clinical table; variables that nobody has are left out."""
    everybody = range(len(table.records))
    found = (v.describe(everybody, options) for v in variables(table.records, baseline))
    return TableOne(patients=len(table.records), characteristics=tuple(found))


def variables(
    records: Sequence[ClinicalRecord], baseline: str = TimePoint.PREOPERATIVE
) -> list[Variable]:
    """Variables known in at least one patient, in the usual order; the user's own come last."""
    items = [
        _choice(records, "arm", "Treatment group", ()),
        *(_number(records, *variable) for variable in _NUMBERS),
        *(_choice(records, *variable) for variable in _CHOICES),
        *(_finding(records, *variable) for variable in _FINDINGS),
        _levels(records),
        Variable(
            name="ais",
            label="AIS grade before surgery",
            values=tuple(r.ais.get(baseline) for r in records),
            categories=AIS_GRADES,
        ),
        *_own(records),
    ]
    return [item for item in items if any(value is not None for value in item.values)]


def _number(records: Sequence[ClinicalRecord], name: str, label: str, unit: str) -> Variable:
    values = tuple(getattr(record, name) for record in records)
    return Variable(name=name, label=label, unit=unit, values=values)


def _choice(
    records: Sequence[ClinicalRecord], name: str, label: str, categories: tuple[str, ...]
) -> Variable:
    values = tuple(getattr(record, name) for record in records)
    return Variable(name=name, label=label, values=values, categories=categories)


def _finding(records: Sequence[ClinicalRecord], name: str, label: str) -> Variable:
    words = {True: "yes", False: "no", None: None}
    values = tuple(words[getattr(record, name)] for record in records)
    return Variable(name=name, label=label, values=values, categories=("yes", "no"))


def _levels(records: Sequence[ClinicalRecord]) -> Variable:
    """Index level: the first listed."""
    levels = [r.fractured_levels[0] if r.fractured_levels else None for r in records]
    return Variable(
        name="fractured_level",
        label="Fractured level",
        values=tuple(str(level) if level else None for level in levels),
        categories=tuple(str(level) for level in sorted({level for level in levels if level})),
    )


MOST_CATEGORIES = 12
"""Words of more kinds than this are notes, no categories."""


def _own(records: Sequence[ClinicalRecord]) -> list[Variable]:
    """The user's own columns: numbers summarised, words of few kinds counted."""
    names = dict.fromkeys(name for record in records for name in record.own)
    found = []
    for name in names:
        label = name.removeprefix(PRIVATE_PREFIX).replace("_", " ")
        values = tuple(record.own.get(name) for record in records)
        words = sorted({value for value in values if isinstance(value, str)})
        if len(words) <= MOST_CATEGORIES:
            categories = tuple(words) or None
            found.append(Variable(name=name, label=label, values=values, categories=categories))
    return found


def _rows(item: Characteristic) -> list[Row]:
    base: Row = {"variable": item.name, "label": item.label, "unit": item.unit}
    if item.counts is None:
        return [
            base
            | dict.fromkeys(("category", "count", "percent", "low_percent", "high_percent"))
            | summary_cells(item.summary)
        ]
    cells = summary_cells(None)
    return [
        base
        | {
            "category": category,
            "count": share.count,
            "percent": percent(share.fraction),
            "low_percent": percent(share.exact_low),
            "high_percent": percent(share.exact_high),
        }
        | cells
        | {"n": share.total, "missing": item.counts.missing}
        for category, share in zip(item.counts.categories, item.counts.shares, strict=True)
        if share.count or category in ("yes", "female")
    ]
