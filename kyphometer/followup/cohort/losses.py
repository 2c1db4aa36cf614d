"""Who is missing at which visit, and why: the losses that STROBE asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kyphometer.followup.clinical.record import ClinicalRecord
from kyphometer.followup.correction_model import CohortCorrections
from kyphometer.followup.remarks import Remark, RemarkKind
from kyphometer.followup.windows import VisitWindows
from kyphometer.stats.tabular import Row, Tabular

ANGLE = "angle"
NO_VALUE = "no film or value"
NOT_STATED = "no reason stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A patient without a value at a visit.

    Attributes
    ----------
    patient, visit
        Who and when.
    what
        `angle`, `VAS` or `ODI`.
    reason
        As the clinical table states it, else as it was found, in words.
    """

    patient: str
    visit: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses(Tabular):
    """Every loss of a study.

    Attributes
    ----------
    items
        By visit, what is missing, and patient.
    """

    items: tuple[Loss, ...]

    def grouped(self) -> dict[tuple[str, str, str], list[str]]:
        """Patients by visit, what is missing, and reason."""
        found: dict[tuple[str, str, str], list[str]] = {}
        for item in self.items:
            found.setdefault((item.visit, item.what, item.reason), []).append(item.patient)
        return found

    def rows(self) -> list[Row]:
        """One row a visit, what is missing, and reason, with the patients."""
        return [
            {
                "visit": visit,
                "missing": what,
                "reason": reason,
                "count": len(patients),
                "patients": ", ".join(patients),
            }
            for (visit, what, reason), patients in self.grouped().items()
        ]


def study_losses(
    corrections: CohortCorrections,
    windows: VisitWindows,
    remarks: Iterable[Remark],
    records: Mapping[str, ClinicalRecord],
) -> Losses:
    """Patients who lack an angle at a visit with films, or a score where others have one.

    A reason in the clinical table (`lost_six_months`) goes before what the program knows: that
    there is no film, that the film was not read, why its angle was left out. It holds for later
    visits too, until another stands there or the patient is seen again.

    Parameters
    ----------
    corrections
        Every angle of every patient.
    windows
        The visits, and at which of them films are taken by protocol.
    remarks
        What was left out, with the reasons.
    records
        The clinical table by patient.
    """
    visits = [str(visit) for visit in windows.visits]
    known = _known(corrections, records)
    patients = sorted({patient for seen in known.values() for patient, _ in seen} | set(records))
    found = _left_out(remarks)
    items = []
    for what, visit in ((w, v) for v in visits for w in known):
        expected = _expected(what, visit, known[what], windows)
        for patient in patients if expected else ():
            if (patient, visit) in known[what]:
                continue
            seen = {v for pairs in known.values() for p, v in pairs if p == patient}
            reason = _stated(records.get(patient), visits, visit, seen)
            if not reason and what == ANGLE:
                reason = found.get((patient, visit), NO_VALUE)
            items.append(Loss(patient=patient, visit=visit, what=what, reason=reason or NOT_STATED))
    return Losses(items=tuple(items))


def _known(
    corrections: CohortCorrections, records: Mapping[str, ClinicalRecord]
) -> dict[str, set[tuple[str, str]]]:
    """Patients and visits with a value, by what it is; what nobody has is left out."""
    angles = {(a.patient, a.visit) for item in corrections.patients for a in item.angles}
    scores = {
        name.upper(): {
            (p, visit) for p, record in records.items() for visit in getattr(record, name)
        }
        for name in ("vas", "odi")
    }
    return {what: pairs for what, pairs in ({ANGLE: angles} | scores).items() if pairs}


def _expected(what: str, visit: str, seen: set[tuple[str, str]], windows: VisitWindows) -> bool:
    if what == ANGLE:
        return visit in map(str, windows.filmed)
    return any(v == visit for _, v in seen)


def _stated(record: ClinicalRecord | None, visits: list[str], visit: str, seen: set[str]) -> str:
    """The reason at the visit, else the last one before it if the patient was not seen since."""
    if record is None:
        return ""
    for earlier in reversed(visits[: visits.index(visit) + 1]):
        if record.lost.get(earlier):
            return record.lost[earlier]
        if earlier in seen:
            return ""
    return ""


def _left_out(remarks: Iterable[Remark]) -> dict[tuple[str, str], str]:
    """Why the values of a patient's visit were left out, by patient and visit."""
    found: dict[tuple[str, str], str] = {}
    for remark in remarks:
        if remark.kind is RemarkKind.WARNING or remark.visit is None:
            continue
        _, _, words = remark.sentence.partition(": ")
        found.setdefault(
            (remark.patient, str(remark.visit)), (words or remark.sentence).rstrip(".")
        )
    return found
