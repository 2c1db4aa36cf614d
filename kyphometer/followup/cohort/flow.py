"""Patient flow: how many were there at each visit, with film and with clinical data."""

from __future__ import annotations

from dataclasses import dataclass

from kyphometer.followup.clinical.record import ClinicalTable
from kyphometer.followup.correction_model import CohortCorrections
from kyphometer.followup.windows import VisitWindows
from kyphometer.stats.tabular import Row, Tabular


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFlow:
    """One visit.

    Attributes
    ----------
    visit, label
        Name and printed name.
    measured
        Patients with at least one angle.
    within_tolerance
        Of these, patients whose film is within tolerance.
    vas, odi, ais
        Patients with that score.
    filmed
        False if by protocol no film is taken at this visit: then 0 measured are no loss.
    """

    visit: str
    label: str
    measured: int
    within_tolerance: int
    vas: int
    odi: int
    ais: int
    filmed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFlow(Tabular):
    """The flow.

    Attributes
    ----------
    enrolled
        Patients in the clinical table or with angles.
    in_table
        Patients in the clinical table.
    measured
        Patients with at least one angle.
    paired
        Patients with an angle at the baseline and at a later visit.
    visits
        By visit.
    """

    enrolled: int
    in_table: int
    measured: int
    paired: int
    visits: tuple[VisitFlow, ...]

    def rows(self) -> list[Row]:
        """One row a visit."""
        names = tuple(VisitFlow.__dataclass_fields__)
        return [{name: getattr(visit, name) for name in names} for visit in self.visits]


def patient_flow(
    corrections: CohortCorrections, table: ClinicalTable, windows: VisitWindows
) -> PatientFlow:
    """Count patients by visit."""
    angles = [angle for item in corrections.patients for angle in item.angles]
    measured = {angle.patient for angle in angles}
    in_table = {record.patient for record in table.records}
    return PatientFlow(
        enrolled=len(measured | in_table),
        in_table=len(in_table),
        measured=len(measured),
        paired=len({item.patient for item in corrections.patients if item.corrections}),
        visits=tuple(
            VisitFlow(
                visit=str(window.visit),
                label=window.label,
                measured=len({a.patient for a in angles if a.visit == window.visit}),
                within_tolerance=len(
                    {a.patient for a in angles if a.visit == window.visit and a.within_tolerance}
                ),
                vas=sum(window.visit in record.vas for record in table.records),
                odi=sum(window.visit in record.odi for record in table.records),
                ais=sum(window.visit in record.ais for record in table.records),
                filmed=window.filmed,
            )
            for window in windows.windows
        ),
    )
