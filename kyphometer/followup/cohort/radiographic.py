"""Angles over visits with p, who changed beyond error, correction and loss of the group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from kyphometer.anatomy import Level
from kyphometer.followup.cohort.endpoints import (
    Columns,
    EndpointAnalysis,
    analyse_endpoint,
)
from kyphometer.followup.cohort.group_changes import GroupChange, change_row, group_changes
from kyphometer.followup.correction import CorrectionRules
from kyphometer.followup.correction_model import ChangeKind, CohortCorrections, PatientCorrection
from kyphometer.followup.precision import MeasurementPrecision
from kyphometer.followup.remarks import Remark, RemarkKind
from kyphometer.followup.visit_angles import VisitAngle
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.tabular import Row, Tabular


@dataclass(frozen=True, slots=True, kw_only=True)
class AngleAnalysis(Tabular):
    """One angle over visits.

    Attributes
    ----------
    code
        For example `VKA`.
    endpoint
        Values, summaries and tests.
    changes
        Corrections, then losses, at each visit.
    precision
        SEM and MDC95 used, or None.
    remarks
        Patients left out, doubts.
    """

    code: str
    endpoint: EndpointAnalysis
    changes: tuple[GroupChange, ...]
    precision: MeasurementPrecision | None
    remarks: tuple[Remark, ...]

    @property
    def last_correction(self) -> GroupChange | None:
        """The correction at the last visit that has one."""
        found = [change for change in self.changes if change.kind is ChangeKind.CORRECTION]
        return found[-1] if found else None

    def rows(self) -> list[Row]:
        """The radiographic table: one row a visit, with p against the first visit."""
        return self.endpoint.rows()

    def change_rows(self) -> list[Row]:
        """One row a correction or loss."""
        return [change_row(self.code, change) for change in self.changes]


def analyse_angles(
    corrections: CohortCorrections,
    rules: CorrectionRules,
    index_levels: Mapping[str, Level] | None = None,
    options: StatisticsOptions = DEFAULT_OPTIONS,
    *,
    primary_only: bool = True,
) -> tuple[AngleAnalysis, ...]:
    """Analyse every angle.

    Parameters
    ----------
    corrections
        Of all patients.
    rules
        Those that the corrections were made with.
    index_levels
        Level that counts for patients with several fractures.
    options
        Statistical choices.
    primary_only
        True for films within tolerance only, False for the sensitivity analysis with all.
    """
    results = []
    for code in corrections.codes:
        chosen, remarks = _one_each(corrections.of_code(code), index_levels or {})
        analysed = _analyse(code, chosen, remarks, rules, options, primary_only)
        if analysed is not None:
            results.append(analysed)
    return tuple(results)


def _one_each(
    series: Sequence[PatientCorrection], index_levels: Mapping[str, Level]
) -> tuple[list[PatientCorrection], list[Remark]]:
    """One series a patient: that of the index level where there are several."""
    by_patient: dict[str, list[PatientCorrection]] = {}
    for item in series:
        by_patient.setdefault(item.patient, []).append(item)
    chosen: list[PatientCorrection] = []
    remarks: list[Remark] = []
    for patient, items in by_patient.items():
        level = index_levels.get(patient)
        matching = items if len(items) == 1 else [i for i in items if level and _holds(i, level)]
        if len(matching) == 1:
            chosen.append(matching[0])
            continue
        labels = ", ".join(item.label for item in items)
        remarks.append(
            Remark(
                kind=RemarkKind.EXCLUDED,
                patient=patient,
                code=items[0].code,
                sentence=f"Patient {patient} has several {items[0].code} ({labels}) and none of "
                "them is the index level's alone: left out; list the index level first in "
                "fractured_levels.",
            )
        )
    return chosen, remarks


def _holds(item: PatientCorrection, level: Level) -> bool:
    upper, lower = (Level.parse(line.partition(".")[0]) for line in (item.upper, item.lower))
    return upper <= level <= lower


def _analyse(
    code: str,
    chosen: Sequence[PatientCorrection],
    remarks: list[Remark],
    rules: CorrectionRules,
    options: StatisticsOptions,
    primary_only: bool,
) -> AngleAnalysis | None:
    visits = tuple(map(str, rules.windows.visits))
    angles = {visit: [_usable(item, visit, primary_only) for item in chosen] for visit in visits}
    columns: Columns = {v: [a.value_deg if a else None for a in angles[v]] for v in visits}
    days: Columns = {
        str(w.visit): [
            None if a is None or a.day is None else float(a.day - w.target_day)
            for a in angles[w.visit]
        ]
        for w in rules.windows.windows
        if w.target_day is not None
    }
    excluded = {
        (a, b): [i for i, item in enumerate(chosen) if not _comparable(item, a, b, rules)]
        for a, b in combinations(visits, 2)
    }
    endpoint = analyse_endpoint(
        code,
        "deg",
        [item.patient for item in chosen],
        columns,
        options,
        days_from_target=days,
        excluded=excluded,
    )
    if endpoint is None:
        return None
    precision = rules.precision.get(code)
    return AngleAnalysis(
        code=code,
        endpoint=endpoint,
        changes=group_changes(chosen, visits, options, primary_only=primary_only),
        precision=precision,
        remarks=(*remarks, *_implausible(code, endpoint, precision)),
    )


def _usable(item: PatientCorrection, visit: str, primary_only: bool) -> VisitAngle | None:
    angle = item.angle(visit)
    return angle if angle and (angle.within_tolerance or not primary_only) else None


def _comparable(item: PatientCorrection, a: str, b: str, rules: CorrectionRules) -> bool:
    first, second = item.angle(a), item.angle(b)
    if first is None or second is None:
        return True
    return rules.positions.judge(first.position, second.position).eligible


def _implausible(
    code: str, endpoint: EndpointAnalysis, precision: MeasurementPrecision | None
) -> list[Remark]:
    """An SEM above the SD between patients cannot be (science.md#spread-limits-error)."""
    if precision is None:
        return []
    sem = precision.standard_error_of_measurement_deg
    return [
        Remark(
            kind=RemarkKind.WARNING,
            patient="",
            visit=visit,
            code=code,
            sentence=f"The SD of {code} between patients at {visit} is {summary.sd:.1f}°, less "
            f"than the SEM of {sem:.1f}°: one of the two is not right for these films.",
        )
        for visit, summary in endpoint.summaries.items()
        if summary.sd is not None and summary.n >= 10 and summary.sd < sem
    ]
