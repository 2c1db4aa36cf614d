"""A study for REDCap: data dictionary, events, and the records, which `import-angles` reads again.

Patients are one form at the first event, scores and angles another at every event. Field names are
the columns of the clinical table, codes of choices the words that it takes, so that what REDCap
exports, raw or with labels, comes in again without a mapping.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kyphometer.film import Position
from kyphometer.followup.clinical.columns import (
    LISTS,
    PRIVATE_PREFIX,
    Column,
    Kind,
    clinical_columns,
)
from kyphometer.followup.clinical.headers import BY_VISIT, event_stem
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.clinical.writer import cell_text
from kyphometer.followup.cohort.study import StudyResults
from kyphometer.followup.visit_angles import VisitAngle
from kyphometer.followup.windows import VisitWindows
from kyphometer.store import Study
from kyphometer.workflow.analysis_export import analysed_for
from kyphometer.workflow.analysis_file import column_name
from kyphometer.workflow.study import (
    DEFAULT_CHOICES,
    AnalysisChoices,
)

_DICTIONARY = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?",
    "Custom Alignment", "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?",
    "Field Annotation",
)  # fmt: skip
PATIENT_FORM, VISIT_FORM = "patient", "followup"
_VALIDATION = {Kind.NUMBER: "number", Kind.WHOLE: "integer", Kind.DATE: "date_ymd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One field of the dictionary."""

    name: str
    form: str
    label: str
    kind: Kind
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    note: str = ""

    def row(self) -> list[str]:
        """The field's row of the data dictionary."""
        types = {Kind.YES_NO: "yesno", Kind.CHOICE: "radio"}
        choices = " | ".join(f"{word}, {word.replace('_', ' ')}" for word in self.choices)
        low, high = ("" if limit is None else f"{limit:g}" for limit in (self.low, self.high))
        return [
            self.name, self.form, "", types.get(self.kind, "text"), self.label,
            choices if self.kind is Kind.CHOICE else "", self.note,
            _VALIDATION.get(self.kind, ""), low, high, *[""] * 8,
        ]  # fmt: skip


def export_redcap(
    study: Study, folder: Path, choices: AnalysisChoices = DEFAULT_CHOICES
) -> dict[str, int]:
    """Write the files that a longitudinal REDCap project is made of into a new folder.

    `data_dictionary.csv`, `events.csv` and `event_forms.csv` are uploaded in the project's set-up,
    in that order, then `records.csv` by the Data Import Tool. An angle is the value that the report
    uses: the mean of the readings of its film.

    Returns
    -------
    Patients, events and fields, by name.

    Raises
    ------
    StudyRefusedError
        If the folder holds anything already.
    """
    results, table = analysed_for(study, folder, choices)
    windows = results.cohort.rules.windows
    angles = [a for item in results.cohort.corrections.patients for a in item.angles]
    fields = _fields(windows, table, angles, results)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "data_dictionary.csv", _DICTIONARY, [field.row() for field in fields])
    _write_events(folder, windows)
    rows = _records(table, angles, windows, fields)
    header = ["record_id", "redcap_event_name", *(f.name for f in fields[1:])]
    _write(folder / "records.csv", header, rows)
    patients = len({row[0] for row in rows})
    return {"patients": patients, "events": len(windows.windows), "fields": len(fields)}


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def _write_events(folder: Path, windows: VisitWindows) -> None:
    names = [event_name(str(visit)) for visit in windows.visits]
    unique = [unique_event_name(str(visit)) for visit in windows.visits]
    _write(
        folder / "events.csv",
        ["event_name", "arm_num", "unique_event_name"],
        [[name, "1", known] for name, known in zip(names, unique, strict=True)],
    )
    forms = [[1, unique[0], PATIENT_FORM], *([1, known, VISIT_FORM] for known in unique)]
    header = ["arm_num", "unique_event_name", "form"]
    _write(folder / "event_forms.csv", header, [[str(cell) for cell in row] for row in forms])


def event_name(visit: str) -> str:
    """What REDCap's event of a visit is called."""
    return " ".join(re.findall(r"[a-z0-9]+", visit.lower()))


def unique_event_name(visit: str) -> str:
    """The name that REDCap makes of it: at most 18 letters, and the arm."""
    return f"{event_stem(visit)}_arm_1"


def _fields(
    windows: VisitWindows, table: ClinicalTable, angles: list[VisitAngle], results: StudyResults
) -> list[_Field]:
    columns = clinical_columns(windows)
    first = next(column.visit for column in columns if column.visit is not None)
    found = [
        _Field(name="record_id", form=PATIENT_FORM, label="Code of the patient", kind=Kind.TEXT)
    ]
    found += [_of_column(c, c.name, PATIENT_FORM) for c in columns[1:] if c.visit is None]
    own = dict.fromkeys(name for record in table.records for name in record.own)
    for name in own:
        texts = any(isinstance(record.own.get(name), str) for record in table.records)
        label = name.removeprefix(PRIVATE_PREFIX).replace("_", " ")
        kind = Kind.TEXT if texts else Kind.NUMBER
        found.append(_Field(name=column_name(name), form=PATIENT_FORM, label=label, kind=kind))
    for column in columns:
        if column.visit == first:
            start = next(s for s in BY_VISIT if column.name == f"{s}_{first}")
            found.append(_of_column(column, start, VISIT_FORM))
    for code in dict.fromkeys(angle.code for angle in angles):
        label = results.definitions.get(code) or f"Angle {code}"
        found.append(
            _Field(name=column_name(code), form=VISIT_FORM, label=f"{code} (degrees): {label}",
                   kind=Kind.NUMBER, low=-180, high=180)
        )  # fmt: skip
    words = tuple(position.value for position in Position)
    found.append(
        _Field(name="position", form=VISIT_FORM, label="How the patient was held", kind=Kind.CHOICE,
               choices=words)
    )  # fmt: skip
    return found


def _of_column(column: Column, name: str, form: str) -> _Field:
    label = column.meaning.replace(f" at {column.visit}", "") if column.visit else column.meaning
    note = ", ".join(column.choices) if column.kind is Kind.CHOICES else ""
    several = column.kind in LISTS
    return _Field(
        name=name, form=form, label=label, kind=column.kind, choices=column.choices,
        low=column.low, high=column.high, note=f"several as a|b {note}".strip() if several else "",
    )  # fmt: skip


def _records(
    table: ClinicalTable, angles: list[VisitAngle], windows: VisitWindows, fields: list[_Field]
) -> list[list[str]]:
    records = table.by_patient
    columns = {column.name: column for column in clinical_columns(windows)}
    measured: dict[tuple[str, str], dict[str, str]] = {}
    for angle in angles:
        cells = measured.setdefault((angle.patient, angle.visit), {})
        cells[column_name(angle.code)] = f"{angle.value_deg:.10g}"
        if angle.position is not Position.UNKNOWN:
            cells["position"] = angle.position.value
    rows = []
    for patient in sorted({*records, *(p for p, _ in measured)}):
        record = records.get(patient, ClinicalRecord(patient=patient))
        for place, visit in enumerate(map(str, windows.visits)):
            cells = dict(measured.get((patient, visit), {}))
            for field in fields[1:]:
                if field.form == PATIENT_FORM and place == 0:
                    cells[field.name] = _of_patient(record, field, columns)
                elif field.form == VISIT_FORM and f"{field.name}_{visit}" in columns:
                    cells[field.name] = cell_text(record, columns[f"{field.name}_{visit}"])
            if place == 0 or any(cells.values()):
                row = [patient, unique_event_name(visit)]
                rows.append(row + [cells.get(f.name, "") for f in fields[1:]])
    return rows


def _of_patient(record: ClinicalRecord, field: _Field, columns: dict[str, Column]) -> str:
    if field.name in columns:
        text = cell_text(record, columns[field.name])
        return {"yes": "1", "no": "0"}.get(text, text) if field.kind is Kind.YES_NO else text
    own = {column_name(name): value for name, value in record.own.items()}.get(field.name)
    return f"{own:.10g}" if isinstance(own, float) else "" if own is None else str(own)
