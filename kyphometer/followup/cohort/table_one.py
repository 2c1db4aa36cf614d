"""Table 1: who the patients are."""

from __future__ import annotations

from collections.abc import Sequence
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


def table_one(
    table: ClinicalTable,
    baseline: str = TimePoint.PREOPERATIVE,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> TableOne:
    """Table 1 from the clinical table; variables that nobody has are left out."""
    records = table.records
    items = [
        *(_number(records, *variable, options) for variable in _NUMBERS),
        *(_choice(records, *variable, options) for variable in _CHOICES),
        *(_finding(records, *variable, options) for variable in _FINDINGS),
        _levels(records, options),
        Characteristic(
            name="ais",
            label="AIS grade before surgery",
            counts=count_categories([r.ais.get(baseline) for r in records], AIS_GRADES, options),
        ),
        *_own(records, options),
    ]
    known = [
        item
        for item in items
        if (item.summary and item.summary.n)
        or (item.counts and any(share.count for share in item.counts.shares))
    ]
    return TableOne(patients=len(records), characteristics=tuple(known))


def _number(
    records: Sequence[ClinicalRecord], name: str, label: str, unit: str, options: StatisticsOptions
) -> Characteristic:
    values = [getattr(record, name) for record in records]
    return Characteristic(
        name=name, label=label, unit=unit, summary=summarise(values, options, label)
    )


def _choice(
    records: Sequence[ClinicalRecord],
    name: str,
    label: str,
    categories: Sequence[str],
    options: StatisticsOptions,
) -> Characteristic:
    values = [getattr(record, name) for record in records]
    return Characteristic(
        name=name, label=label, counts=count_categories(values, categories, options)
    )


def _finding(
    records: Sequence[ClinicalRecord], name: str, label: str, options: StatisticsOptions
) -> Characteristic:
    words = {True: "yes", False: "no", None: None}
    values = [words[getattr(record, name)] for record in records]
    return Characteristic(
        name=name, label=label, counts=count_categories(values, ("yes", "no"), options)
    )


def _levels(records: Sequence[ClinicalRecord], options: StatisticsOptions) -> Characteristic:
    """Index level: the first listed."""
    levels = [r.fractured_levels[0] if r.fractured_levels else None for r in records]
    order = [str(level) for level in sorted({level for level in levels if level})]
    return Characteristic(
        name="fractured_level",
        label="Fractured level",
        counts=count_categories(
            [str(level) if level else None for level in levels], order, options
        ),
    )


MOST_CATEGORIES = 12
"""Words of more kinds than this are notes, no categories."""


def _own(records: Sequence[ClinicalRecord], options: StatisticsOptions) -> list[Characteristic]:
    """The user's own columns: numbers summarised, words of few kinds counted."""
    names = dict.fromkeys(name for record in records for name in record.own)
    found = []
    for name in names:
        label = name.removeprefix(PRIVATE_PREFIX).replace("_", " ")
        values = [record.own.get(name) for record in records]
        numbers = [value for value in values if not isinstance(value, str)]
        words = sorted({value for value in values if isinstance(value, str)})
        if not words:
            summary = summarise(numbers, options, label)
            found.append(Characteristic(name=name, label=label, summary=summary))
        elif len(words) <= MOST_CATEGORIES:
            shown = [None if value is None else str(value) for value in values]
            counts = count_categories(shown, words, options)
            found.append(Characteristic(name=name, label=label, counts=counts))
    return found


def _rows(item: Characteristic) -> list[Row]:
    base: Row = {"variable": item.name, "label": item.label, "unit": item.unit}
    if item.counts is None:
        return [
            base
            | {"category": None, "count": None, "percent": None, "low": None, "high": None}
            | summary_cells(item.summary)
        ]
    cells = summary_cells(None)
    return [
        base
        | {
            "category": category,
            "count": share.count,
            "percent": None if share.fraction is None else 100.0 * share.fraction,
            "low": share.exact_low,
            "high": share.exact_high,
        }
        | cells
        | {"n": share.total, "missing": item.counts.missing}
        for category, share in zip(item.counts.categories, item.counts.shares, strict=True)
        if share.count or category in ("yes", "female")
    ]
