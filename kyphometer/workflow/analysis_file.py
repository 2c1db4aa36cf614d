"""A study as one tidy file, a row a patient and visit, that gives the report's numbers again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kyphometer.followup.clinical.columns import AIS_GRADES, PRIVATE_PREFIX
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.correction_model import Change, PatientCorrection, Verdict
from kyphometer.followup.visit_angles import VisitAngle
from kyphometer.tables.data_file import DataColumn, DataFile, Value

YES_NO = {0: "no", 1: "yes"}
_OF_PATIENT: tuple[tuple[str, str, str], ...] = (
    ("age_years", "Age at surgery", "years"),
    ("t_score", "Bone density T-score", ""),
    ("screws", "Pedicle screws placed", ""),
    ("screws_with_leak", "Screws with cement leakage", ""),
)
_FINDINGS = (
    ("corticosteroids", "On corticosteroids"),
    ("posterior_wall_ruptured", "Posterior wall of the body ruptured"),
    ("pedicle_fractured", "Pedicle fractured"),
    ("posterior_arch_fractured", "Posterior arch fractured"),
)
_WORDS = (("arm", "Treatment group"), ("sex", "Sex"), ("mechanism", "How the fracture happened"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Occasion:
    """One patient at one visit."""

    patient: str
    visit: str
    record: ClinicalRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    column: DataColumn
    value: Callable[[_Occasion], Value]


def analysis_file(results: StudyResults, table: ClinicalTable) -> DataFile:
    """The tidy file of a study: a row for every patient and every visit of the study.

    Parameters
    ----------
    results
        Results of the study.
    table
        Its clinical table, under the study's codes of patients.
    """
    visits = list(map(str, results.cohort.rules.windows.visits))
    records = table.by_patient
    patients = list(
        dict.fromkeys([*records, *(i.patient for i in results.cohort.corrections.patients)])
    )
    fields = [
        *_about(results),
        *_of_patients(table),
        *_own(table),
        *_at_visits(table),
        *(field for item in results.cohort.angles for field in _of_angle(results, item.endpoint)),
    ]
    rows = [
        tuple(field.value(occasion) for field in fields)
        for patient in sorted(patients)
        for visit in visits
        for occasion in (
            _Occasion(
                patient=patient,
                visit=visit,
                record=records.get(patient, ClinicalRecord(patient=patient)),
            ),
        )
    ]
    return DataFile(
        title=f"{results.name}: a row a patient and visit ({results.software})",
        columns=tuple(field.column for field in fields),
        rows=tuple(rows),
    )


def _about(results: StudyResults) -> list[_Field]:
    windows = results.cohort.rules.windows
    numbers = {str(visit): place for place, visit in enumerate(windows.visits)}
    days: dict[tuple[str, str], int | None] = {
        (angle.patient, angle.visit): angle.day
        for item in results.cohort.corrections.patients
        for angle in item.angles
    }
    labels = {place: windows.labels[visit] for visit, place in numbers.items()}
    return [
        _Field(
            column=DataColumn(name="patient", label="Code of the patient", numeric=False),
            value=lambda o: o.patient,
        ),
        _Field(
            column=DataColumn(
                name="visit",
                label="Visit, by its name in the study",
                numeric=False,
                values={visit: windows.labels[visit] for visit in numbers},
            ),
            value=lambda o: o.visit,
        ),
        _Field(
            column=DataColumn(
                name="visit_number", label="Place of the visit in time, 0 first", values=labels
            ),
            value=lambda o: numbers[o.visit],
        ),
        _Field(
            column=DataColumn(name="day", label="Day of the film, day 0 is surgery", unit="days"),
            value=lambda o: days.get((o.patient, o.visit)),
        ),
    ]


def _of_patients(table: ClinicalTable) -> list[_Field]:
    """Facts of patients, the same at every visit; what nobody has is left out."""
    fields = [
        *(_words(name, label) for name, label in _WORDS),
        *(_number(*given) for given in _OF_PATIENT),
        *(_yes_no(name, label, _fact(name)) for name, label in _FINDINGS),
        _Field(
            column=DataColumn(
                name="fractured_level", label="Fractured level, the index level", numeric=False
            ),
            value=lambda o: (
                str(o.record.fractured_levels[0]) if o.record.fractured_levels else None
            ),
        ),
        _yes_no("complication", "Any complication", _any_complication),
        _yes_no("complication_symptomatic", "A symptomatic complication", _felt_complication),
    ]
    occasions = [_Occasion(patient=r.patient, visit="", record=r) for r in table.records]
    return [field for field in fields if any(field.value(o) is not None for o in occasions)]


def _fact(name: str) -> Callable[[ClinicalRecord], bool | None]:
    return lambda record: getattr(record, name)


def _any_complication(record: ClinicalRecord) -> bool | None:
    return None if record.complications is None else bool(record.complications)


def _felt_complication(record: ClinicalRecord) -> bool | None:
    found = record.complications
    return None if found is None else any(item.symptomatic for item in found)


def _words(name: str, label: str) -> _Field:
    column = DataColumn(name=name, label=label, numeric=False)
    return _Field(column=column, value=lambda o: getattr(o.record, name))


def _number(name: str, label: str, unit: str) -> _Field:
    column = DataColumn(name=name, label=label, unit=unit)
    return _Field(column=column, value=lambda o: getattr(o.record, name))


def _yes_no(name: str, label: str, of: Callable[[ClinicalRecord], bool | None]) -> _Field:
    def value(occasion: _Occasion) -> int | None:
        known = of(occasion.record)
        return None if known is None else int(known)

    return _Field(column=DataColumn(name=name, label=label, values=YES_NO), value=value)


def _own(table: ClinicalTable) -> list[_Field]:
    """The user's own columns, by their own names."""
    fields = []
    for name in dict.fromkeys(name for record in table.records for name in record.own):
        values = [record.own.get(name) for record in table.records]
        words = any(isinstance(value, str) for value in values)
        label = f"{name.removeprefix(PRIVATE_PREFIX).replace('_', ' ')} (column of one's own)"
        column = DataColumn(name=column_name(name), label=label, numeric=not words)
        fields.append(_Field(column=column, value=_own_value(name, words)))
    return fields


def _own_value(name: str, words: bool) -> Callable[[_Occasion], Value]:
    def value(occasion: _Occasion) -> Value:
        known = occasion.record.own.get(name)
        return known if known is None or not words else str(known)

    return value


def _at_visits(table: ClinicalTable) -> list[_Field]:
    scores = (
        DataColumn(name="vas", label="Pain, visual analogue scale, 0 none to 10 worst"),
        DataColumn(name="odi", label="Disability, Oswestry index, 0 none to 100", unit="%"),
        DataColumn(
            name="ais",
            label="ASIA impairment scale, A complete to E normal",
            numeric=False,
            values=dict.fromkeys(AIS_GRADES, "grade") | {"A": "complete", "E": "normal"},
        ),
    )
    return [
        _Field(column=column, value=_score(column.name))
        for column in scores
        if any(getattr(record, column.name) for record in table.records)
    ]


def _score(name: str) -> Callable[[_Occasion], Value]:
    def value(occasion: _Occasion) -> Value:
        found: Value = getattr(occasion.record, name).get(occasion.visit)
        return found

    return value


def column_name(text: str) -> str:
    """Text as a name of a column: `T12.sup-L2.inf` is `t12_sup_l2_inf`."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40]
    return name if name[:1].isalpha() else f"c_{name}"


def _of_angle(results: StudyResults, endpoint: EndpointAnalysis) -> list[_Field]:
    code, name = endpoint.name, column_name(endpoint.name)
    wide = next((i.endpoint for i in results.cohort.angles_sensitivity if i.code == code), endpoint)
    windows = results.cohort.rules.windows
    baseline, reference = str(windows.baseline), str(windows.reference)
    series = _series(results.cohort.corrections.of_code(code), wide)
    earlier, later = windows.labels[baseline], windows.labels[reference]
    degrees = [
        ("", "films within the visit's tolerance", lambda o: _value(endpoint, o.patient, o.visit)),
        ("_sensitivity", "films of the wider windows too",
         lambda o: _value(wide, o.patient, o.visit)),
        ("_correction", f"{earlier} minus this visit, where it may be stated",
         lambda o: _change(endpoint, o, baseline, 1.0)),
        ("_loss", f"this visit minus {later}, where it may be stated",
         lambda o: _change(endpoint, o, reference, -1.0)),
        ("_uncertainty", "standard uncertainty from the marks, scaled to the study's repeats",
         lambda o: _angle(series, o, "standard_uncertainty_deg")),
    ]  # fmt: skip
    words = [
        ("_verdict", "correction against measurement error (MDC95)", _verdict(series),
         {item.value: item.value for item in Verdict}),
        ("_position", "how the patient was held", lambda o: _angle(series, o, "position"), {}),
        ("_source", "read here, or measured elsewhere", lambda o: _angle(series, o, "source"), {}),
    ]  # fmt: skip
    return [
        *(
            _Field(
                column=DataColumn(name=f"{name}{end}", label=f"{code}: {label}", unit="degrees"),
                value=value,
            )
            for end, label, value in degrees
        ),
        *(
            _Field(
                column=DataColumn(
                    name=f"{name}{end}", label=f"{code}: {label}", numeric=False, values=values
                ),
                value=value,
            )
            for end, label, value, values in words
        ),
    ]


def _value(endpoint: EndpointAnalysis, patient: str, visit: str) -> float | None:
    if patient not in endpoint.patients or visit not in endpoint.values:
        return None
    return endpoint.values[visit][endpoint.patients.index(patient)]


def _change(
    endpoint: EndpointAnalysis, occasion: _Occasion, start: str, sign: float
) -> float | None:
    """Start minus this visit times the sign, of visits after the start."""
    order = list(endpoint.visits)
    visit = occasion.visit
    if start not in order or visit not in order or order.index(visit) <= order.index(start):
        return None
    first, second = (_value(endpoint, occasion.patient, v) for v in (start, visit))
    if first is None or second is None:
        return None
    if endpoint.patients.index(occasion.patient) in endpoint.excluded.get((start, visit), ()):
        return None
    return sign * (first - second)


def _series(
    items: Sequence[PatientCorrection], endpoint: EndpointAnalysis
) -> Mapping[str, PatientCorrection]:
    """The series of each patient that the analysis took."""
    found: dict[str, PatientCorrection] = {}
    for item in items:
        if all(_value(endpoint, a.patient, a.visit) == a.value_deg for a in item.angles):
            found.setdefault(item.patient, item)
    return found


def _angle(series: Mapping[str, PatientCorrection], occasion: _Occasion, member: str) -> Value:
    item = series.get(occasion.patient)
    angle: VisitAngle | None = item.angle(occasion.visit) if item else None
    value: Value = getattr(angle, member) if angle else None
    return str(value) if isinstance(value, StrEnum) else value


def _verdict(series: Mapping[str, PatientCorrection]) -> Callable[[_Occasion], Value]:
    def value(occasion: _Occasion) -> Value:
        item = series.get(occasion.patient)
        change: Change | None = item.correction(occasion.visit) if item else None
        return change.verdict.value if change else None

    return value
