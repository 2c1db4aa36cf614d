"""All results of the study from angles and clinical table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kyphometer.followup.clinical.record import ClinicalTable
from kyphometer.followup.cohort.arm_model import ArmComparison
from kyphometer.followup.cohort.arm_rules import DEFAULT_ARM_RULES, ArmRules
from kyphometer.followup.cohort.arms import compare_treatments, one_spelling
from kyphometer.followup.cohort.associations import ComplicationsBy, complications_by
from kyphometer.followup.cohort.complications import ComplicationAnalysis, analyse_complications
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.flow import PatientFlow, patient_flow
from kyphometer.followup.cohort.missing import MissingSensitivity, missing_sensitivity
from kyphometer.followup.cohort.neurology import NeurologyAnalysis, analyse_neurology
from kyphometer.followup.cohort.outcomes import OutcomeCorrelation, outcome_correlations
from kyphometer.followup.cohort.radiographic import AngleAnalysis, analyse_angles
from kyphometer.followup.cohort.scores import analyse_disability, analyse_pain
from kyphometer.followup.cohort.symptoms import SymptomChange, analyse_symptoms
from kyphometer.followup.cohort.table_one import TableOne, table_one
from kyphometer.followup.cohort.times import TimeToEvent, time_to_revision, times_to_loss
from kyphometer.followup.correction import CorrectionRules, correct_cohort
from kyphometer.followup.correction_model import CohortCorrections
from kyphometer.followup.remarks import Remark, RemarkKind
from kyphometer.followup.visit_angles import VisitAngle
from kyphometer.followup.visit_model import VisitAssignment
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions

CLINIC_TO_FILM_DAYS = 14
"""Film and clinic visit further apart than this describe different days (science.md#visits)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortResults:
    """Every result of the study; each part has `rows()` and `to_frame()`.

    Attributes
    ----------
    flow
        Patients by visit.
    table_one
        Who the patients are.
    angles
        Primary analysis of each angle: films within tolerance.
    angles_sensitivity
        The same with every film in the wider analysis windows.
    pain, disability
        VAS and ODI over visits; None if nobody has a value.
    neurology
        AIS transitions.
    complications, complications_by
        Counts and rates; by characteristics of the patients, exploratory.
    corrections
        Each patient's values, corrections, losses and verdicts.
    rules, options
        What was done, for the methods paragraph.
    remarks
        Every exclusion, refusal and warning.
    arms
        Treatment groups compared; None if the clinical table names fewer than two.
    outcomes
        Correlations of changes of angles with changes of pain and disability.
    symptoms
        Symptoms before surgery and at each later visit.
    times
        Time to loss of correction of each angle, and to revision surgery.
    loss_limit_deg
        Loss that counts as one.
    lost
        The main comparisons if missing values are worse than the models predict.
    """

    flow: PatientFlow
    table_one: TableOne
    angles: tuple[AngleAnalysis, ...]
    angles_sensitivity: tuple[AngleAnalysis, ...]
    pain: EndpointAnalysis | None
    disability: EndpointAnalysis | None
    neurology: NeurologyAnalysis
    complications: ComplicationAnalysis
    complications_by: tuple[ComplicationsBy, ...]
    corrections: CohortCorrections
    rules: CorrectionRules
    options: StatisticsOptions
    remarks: tuple[Remark, ...]
    arms: ArmComparison | None = None
    outcomes: tuple[OutcomeCorrelation, ...] = ()
    symptoms: tuple[SymptomChange, ...] = ()
    times: tuple[TimeToEvent, ...] = ()
    loss_limit_deg: float = DEFAULT_ARM_RULES.loss_limit_deg
    lost: tuple[MissingSensitivity, ...] = ()

    @property
    def scores(self) -> tuple[EndpointAnalysis, ...]:
        """Pain and disability, as far as anybody has a value."""
        return tuple(item for item in (self.pain, self.disability) if item is not None)

    def angle(self, code: str) -> AngleAnalysis | None:
        """Primary analysis of one angle, or None."""
        return next((item for item in self.angles if item.code == code), None)


def analyse_cohort(
    angles: Iterable[VisitAngle],
    table: ClinicalTable,
    rules: CorrectionRules,
    *,
    options: StatisticsOptions = DEFAULT_OPTIONS,
    assignment: VisitAssignment | None = None,
    arm_rules: ArmRules = DEFAULT_ARM_RULES,
) -> CohortResults:
    """Compute every result of the study (science.md#published-study).

    Parameters
    ----------
    angles
        Angles of all patients at their visits (`visit_angles.visit_angle`).
    table
        The clinical table.
    rules
        Precision, windows and positions policy.
    options
        Statistical choices; `SPSS_OPTIONS` for those of SPSS.
    assignment
        How films were put to visits, for its remarks.
    arm_rules
        What a comparison of treatment groups rests on.
    """
    corrections = correct_cohort(angles, rules)
    index = {r.patient: r.fractured_levels[0] for r in table.records if r.fractured_levels}
    windows = rules.windows
    primary = analyse_angles(corrections, rules, index, options)
    everything = analyse_angles(corrections, rules, index, options, primary_only=False)
    remarks = [
        *(assignment.remarks if assignment else ()),
        *corrections.remarks,
        *(remark for item in primary for remark in item.remarks),
        *_change_remarks(corrections),
        *_unmatched(corrections, table),
        *(_far_from_clinic(assignment, table) if assignment else ()),
    ]
    pain = analyse_pain(table, windows, options)
    disability = analyse_disability(table, windows, options)
    scores = [item for item in (pain, disability) if item is not None]
    endpoints = [item.endpoint for item in primary]
    arms = compare_treatments(endpoints, scores, table, windows, arm_rules, options)
    arm_of: dict[str, str] = {}
    if arms is not None:
        arm_of = {r.patient: r.arm for r in one_spelling(table.records)[0] if r.arm}
    return CohortResults(
        flow=patient_flow(corrections, table, windows),
        table_one=table_one(table, windows.baseline, options),
        angles=primary,
        angles_sensitivity=everything,
        pain=pain,
        disability=disability,
        neurology=analyse_neurology(table, windows),
        complications=analyse_complications(table, options),
        complications_by=complications_by(table, options),
        corrections=corrections,
        rules=rules,
        options=options,
        remarks=tuple(dict.fromkeys(remarks)),
        arms=arms,
        outcomes=outcome_correlations(endpoints, scores, str(windows.baseline), options),
        symptoms=analyse_symptoms(table, windows, options),
        times=_times(endpoints, corrections, table, rules, arm_rules, arms, arm_of, options),
        loss_limit_deg=arm_rules.loss_limit_deg,
        lost=missing_sensitivity(
            [*endpoints, *scores], arms, arm_of, str(windows.baseline), arm_rules, options
        ),
    )


def _times(
    endpoints: Sequence[EndpointAnalysis],
    corrections: CohortCorrections,
    table: ClinicalTable,
    rules: CorrectionRules,
    arm_rules: ArmRules,
    arms: ArmComparison | None,
    arm_of: Mapping[str, str],
    options: StatisticsOptions,
) -> tuple[TimeToEvent, ...]:
    """Times to loss of correction, then to revision, by treatment group where there are any."""
    reference = arms.reference if arms is not None else ""
    last_films: dict[str, int] = {}
    for item in corrections.patients:
        for angle in item.angles:
            if angle.day is not None:
                last_films[item.patient] = max(angle.day, last_films.get(item.patient, angle.day))
    limit = arm_rules.loss_limit_deg
    losses = times_to_loss(endpoints, rules.windows, limit, arm_of, reference, options)
    revision = time_to_revision(table, last_films, rules.windows, arm_of, reference, options)
    return losses if revision is None else (*losses, revision)


def _change_remarks(corrections: CohortCorrections) -> list[Remark]:
    """One remark for each change that may not be stated."""
    return [
        Remark(
            kind=RemarkKind.EXCLUDED,
            patient=item.patient,
            visit=change.later.visit,
            code=item.code,
            sentence=f"Patient {item.patient}, {item.label}, {change.kind.value} from "
            f"{change.earlier.visit} to {change.later.visit}: not stated, because of "
            f"{'; '.join(change.reasons)}.",
        )
        for item in corrections.patients
        for change in (*item.corrections, *item.losses)
        if not change.eligible
    ]


def _unmatched(corrections: CohortCorrections, table: ClinicalTable) -> list[Remark]:
    """Patients with angles but no clinical row, and the other way round."""
    measured = {item.patient for item in corrections.patients}
    known = set(table.by_patient)
    found = [
        *((patient, "angles but no row in the clinical table") for patient in measured - known),
        *((patient, "a row in the clinical table but no angle") for patient in known - measured),
    ]
    return [
        Remark(
            kind=RemarkKind.WARNING, patient=patient, sentence=f"Patient {patient} has {problem}."
        )
        for patient, problem in sorted(found)
    ]


def _far_from_clinic(assignment: VisitAssignment, table: ClinicalTable) -> list[Remark]:
    """Visits whose film and scores are of days too far apart."""
    records = table.by_patient
    found = []
    for visit in assignment.visits:
        record = records.get(visit.patient)
        seen = record.clinic_dates.get(visit.visit) if record else None
        if seen is None or visit.taken_on is None:
            continue
        if abs((visit.taken_on - seen).days) <= CLINIC_TO_FILM_DAYS:
            continue
        sentence = (
            f"Patient {visit.patient}, {visit.visit}: film of {visit.taken_on} and clinic visit of "
            f"{seen} are {abs((visit.taken_on - seen).days)} days apart."
        )
        found.append(
            Remark(
                kind=RemarkKind.WARNING,
                patient=visit.patient,
                visit=visit.visit,
                sentence=sentence,
            )
        )
    return found
