"""Complications: counts, per patient and per screw, with exact intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.proportions import (
    ClusteredRate,
    Proportion,
    clustered_rate,
    percent,
    proportion,
)
from kyphometer.stats.tabular import Row, Tabular


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplicationCount:
    """One type of complication.

    Attributes
    ----------
    type
        For example `cement_leak`.
    patients
        Patients with it, out of those whose complications are known.
    events
        How often it occurred.
    sites
        Events by site; `unknown` where it was not given.
    symptomatic, asymptomatic, unknown
        Events by symptoms.
    """

    type: str
    patients: Proportion
    events: int
    sites: Mapping[str, int]
    symptomatic: int
    asymptomatic: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplicationAnalysis(Tabular):
    """All complications.

    Attributes
    ----------
    any
        Patients with at least one, out of those whose complications are known.
    symptomatic
        Patients with at least one symptomatic complication.
    types
        By type, most frequent first.
    missing
        Patients whose complications are not known.
    leaks_per_screw
        Leaking screws out of screws placed, allowing for screws of one patient going together; None
        if screws were not counted.
    """

    any: Proportion
    symptomatic: Proportion
    types: tuple[ComplicationCount, ...]
    missing: int
    leaks_per_screw: ClusteredRate | None

    def rows(self) -> list[Row]:
        """Any complication, then one row a type."""
        rows = [_row("any", self.any), _row("any symptomatic", self.symptomatic)]
        for item in self.types:
            sites = ", ".join(f"{site} {count}" for site, count in item.sites.items())
            rows.append(
                _row(item.type, item.patients)
                | {
                    "events": item.events,
                    "sites": sites,
                    "symptomatic": item.symptomatic,
                    "asymptomatic": item.asymptomatic,
                    "unknown": item.unknown,
                }
            )
        return rows


def _row(name: str, share: Proportion) -> Row:
    return {
        "complication": name,
        "patients": share.count,
        "of": share.total,
        "percent": percent(share.fraction),
        "exact_low_percent": percent(share.exact_low),
        "exact_high_percent": percent(share.exact_high),
        "wilson_low_percent": percent(share.wilson_low),
        "wilson_high_percent": percent(share.wilson_high),
        "events": None,
        "sites": None,
        "symptomatic": None,
        "asymptomatic": None,
        "unknown": None,
    }


def analyse_complications(
    table: ClinicalTable, options: StatisticsOptions = DEFAULT_OPTIONS
) -> ComplicationAnalysis:
    """Counts and rates with exact intervals; patients not known are left out of the totals."""
    known = [record for record in table.records if record.complications is not None]
    types = Counter(c.type for record in known for c in record.complications or ())
    ordered = sorted(types, key=lambda name: (-types[name], name))
    symptomatic = sum(any(c.symptomatic for c in record.complications or ()) for record in known)
    return ComplicationAnalysis(
        any=proportion(sum(bool(record.complications) for record in known), len(known), options),
        symptomatic=proportion(symptomatic, len(known), options),
        types=tuple(_count(name, known, options) for name in ordered),
        missing=len(table.records) - len(known),
        leaks_per_screw=_per_screw(table, options),
    )


def _count(name: str, known: list[ClinicalRecord], options: StatisticsOptions) -> ComplicationCount:
    events = [c for record in known for c in record.complications or () if c.type == name]
    patients = sum(any(c.type == name for c in r.complications or ()) for r in known)
    return ComplicationCount(
        type=name,
        patients=proportion(patients, len(known), options),
        events=len(events),
        sites=dict(Counter(c.site or "unknown" for c in events)),
        symptomatic=sum(c.symptomatic is True for c in events),
        asymptomatic=sum(c.symptomatic is False for c in events),
        unknown=sum(c.symptomatic is None for c in events),
    )


def _per_screw(table: ClinicalTable, options: StatisticsOptions) -> ClusteredRate | None:
    counted = [
        (record.screws_with_leak, record.screws)
        for record in table.records
        if record.screws_with_leak is not None and record.screws
    ]
    if not counted:
        return None
    return clustered_rate([leak for leak, _ in counted], [n for _, n in counted], options)
