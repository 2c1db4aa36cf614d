"""AIS grades: from the grade before surgery to each later visit."""

from __future__ import annotations

from dataclasses import dataclass

from kyphometer.followup.clinical.columns import AIS_GRADES
from kyphometer.followup.clinical.record import ClinicalTable
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.stats.ordinal import Transitions, transitions
from kyphometer.stats.tabular import Row, Tabular


@dataclass(frozen=True, slots=True, kw_only=True)
class NeurologyAnalysis(Tabular):
    """Transitions of AIS grades.

    Attributes
    ----------
    baseline
        Visit that all are compared with.
    transitions
        By later visit, where anybody has a grade; in order of time.
    """

    baseline: str
    transitions: dict[str, Transitions]

    @property
    def last(self) -> Transitions | None:
        """Transitions to the last visit with grades."""
        return list(self.transitions.values())[-1] if self.transitions else None

    def rows(self) -> list[Row]:
        """One row a later visit."""
        return [
            {
                "from": self.baseline,
                "to": visit,
                "n": t.n,
                "missing": t.missing,
                "improved": t.improved,
                "unchanged": t.unchanged,
                "worse": t.worse,
                "p_sign": t.p_sign,
                "p_marginal_homogeneity": t.p_marginal_homogeneity,
            }
            for visit, t in self.transitions.items()
        ]


def analyse_neurology(
    table: ClinicalTable, windows: VisitWindows = DEFAULT_WINDOWS
) -> NeurologyAnalysis:
    """Transition tables with exact tests, from the baseline to each later visit with grades."""
    before = [record.ais.get(windows.baseline) for record in table.records]
    found: dict[str, Transitions] = {}
    for visit in windows.visits:
        after = [record.ais.get(visit) for record in table.records]
        if visit == windows.baseline or all(grade is None for grade in after):
            continue
        found[str(visit)] = transitions(before, after, AIS_GRADES)
    return NeurologyAnalysis(baseline=str(windows.baseline), transitions=found)
