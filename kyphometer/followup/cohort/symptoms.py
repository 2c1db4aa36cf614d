"""Symptoms before surgery and at each later visit, in the same patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kyphometer.errors import StatisticsError
from kyphometer.followup.clinical.columns import NO_SYMPTOMS
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.windows import VisitWindows
from kyphometer.stats.families import holm
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.paired_shares import PairedShares, compare_paired_shares
from kyphometer.stats.tabular import Row, Tabular

ANY_SYMPTOM = "any symptom"


@dataclass(frozen=True, slots=True, kw_only=True)
class SymptomChange(Tabular):
    """One symptom before surgery and at one later visit.

    Attributes
    ----------
    symptom, visit
        What, and when.
    shares
        Patients by what they had at both times, with the tests.
    p_holm
        The exact p adjusted within this symptom over the later visits.
    """

    symptom: str
    visit: str
    shares: PairedShares
    p_holm: float | None

    def rows(self) -> list[Row]:
        """One row."""
        s, d = self.shares, self.shares.difference
        return [
            {
                "symptom": self.symptom.replace("_", " "),
                "visit": self.visit,
                "n": s.patients,
                "missing": s.missing,
                "before": s.both + s.gone,
                "after": s.both + s.come,
                "gone": s.gone,
                "come": s.come,
                "difference": d.value,
                "low": d.low,
                "high": d.high,
                "chi_square": s.chi_square,
                "p_chi_square": s.p_chi_square,
                "p": s.p_exact,
                "p_holm": self.p_holm,
            }
        ]


def symptom_names(records: Sequence[ClinicalRecord]) -> tuple[str, ...]:
    """Every symptom that anybody had, in alphabetical order."""
    found = {name for r in records for visit in r.symptoms.values() for name in visit}
    return tuple(sorted(found - {NO_SYMPTOMS}))


def has_symptom(record: ClinicalRecord, symptom: str, visit: str) -> bool | None:
    """Whether the patient had it (`ANY_SYMPTOM`: any); None where nobody asked."""
    known = record.symptoms.get(visit)
    if known is None:
        return None
    return known != (NO_SYMPTOMS,) if symptom == ANY_SYMPTOM else symptom in known


def analyse_symptoms(
    table: ClinicalTable, windows: VisitWindows, options: StatisticsOptions = DEFAULT_OPTIONS
) -> tuple[SymptomChange, ...]:
    """Each symptom at each later visit against the baseline; nothing if none was noted."""
    names = symptom_names(table.records)
    later = [str(visit) for visit in windows.visits if visit != windows.baseline]
    return tuple(
        change
        for name in ((ANY_SYMPTOM,) if len(names) > 1 else ()) + names
        for change in _changes(table, name, str(windows.baseline), later, options)
    )


def _changes(
    table: ClinicalTable,
    symptom: str,
    baseline: str,
    later: Sequence[str],
    options: StatisticsOptions,
) -> list[SymptomChange]:
    before = [has_symptom(record, symptom, baseline) for record in table.records]
    found: dict[str, PairedShares] = {}
    for visit in later:
        after = [has_symptom(record, symptom, visit) for record in table.records]
        try:
            found[visit] = compare_paired_shares(before, after, options)
        except StatisticsError:
            continue  # nobody was asked at both
    adjusted = holm([shares.p_exact for shares in found.values()])
    return [
        SymptomChange(symptom=symptom, visit=visit, shares=shares, p_holm=p)
        for (visit, shares), p in zip(found.items(), adjusted, strict=True)
    ]
