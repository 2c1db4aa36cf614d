"""What the clinical table says about one patient, and about all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

from kyphometer.anatomy import Level
from kyphometer.errors import TableError
from kyphometer.followup.elsewhere import ElsewhereAngle
from kyphometer.stats.tabular import Row, Tabular

FORMAT = "kyphometer-clinical"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Complication:
    """One complication; site and symptoms None where not known."""

    type: str
    site: str | None = None
    symptomatic: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicalRecord:
    """One patient; None means not known.

    Attributes
    ----------
    patient
        Code of the patient.
    arm
        Treatment group.
    age_years
        Age at surgery.
    t_score
        Bone density T-score.
    fractured_levels
        Fractured levels, index level first.
    screws, screws_with_leak
        Pedicle screws placed, and those with cement leakage.
    complications
        None if not known, empty if there were none.
    vas, odi, ais, clinic_dates
        By visit, only where known: pain 0 to 10, disability 0 to 100 %, grade A to E, day.
    symptoms
        By visit, only where known: names of the symptoms, or `none` alone.
    lost
        By visit: why the patient was not seen, in words.
    revision_date
        Day of the first revision surgery.
    angles
        Angles that were measured elsewhere.
    own
        The user's own columns by name (`x_bmi`): numbers, or text where any cell is none.
    """

    patient: str
    arm: str | None = None
    sex: str | None = None
    age_years: float | None = None
    t_score: float | None = None
    history: str | None = None
    corticosteroids: bool | None = None
    mechanism: str | None = None
    injury_date: date | None = None
    surgery_date: date | None = None
    revision_date: date | None = None
    fractured_levels: tuple[Level, ...] = ()
    posterior_wall_ruptured: bool | None = None
    pedicle_fractured: bool | None = None
    posterior_arch_fractured: bool | None = None
    screws: int | None = None
    screws_with_leak: int | None = None
    complications: tuple[Complication, ...] | None = None
    vas: Mapping[str, float] = field(default_factory=dict)
    odi: Mapping[str, float] = field(default_factory=dict)
    ais: Mapping[str, str] = field(default_factory=dict)
    clinic_dates: Mapping[str, date] = field(default_factory=dict)
    symptoms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    comment: str | None = None
    angles: tuple[ElsewhereAngle, ...] = ()
    own: Mapping[str, float | str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON document of the record."""
        values = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        return {"format": FORMAT, "version": VERSION, **values}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ClinicalRecord:
        """Record from its JSON document.

        Raises
        ------
        TableError
            If the document is damaged or of another format.
        """
        if document.get("format") != FORMAT or document.get("version") != VERSION:
            raise TableError("clinical_format", format=FORMAT, version=VERSION)
        values = {k: v for k, v in document.items() if k not in ("format", "version")}
        try:
            for name in ("injury_date", "surgery_date", "revision_date"):
                if values.get(name) is not None:
                    values[name] = date.fromisoformat(values[name])
            dates = values.get("clinic_dates", {})
            values["clinic_dates"] = {v: date.fromisoformat(d) for v, d in dates.items()}
            symptoms = values.get("symptoms", {})
            values["symptoms"] = {visit: tuple(found) for visit, found in symptoms.items()}
            levels = values.get("fractured_levels", ())
            values["fractured_levels"] = tuple(Level.parse(level) for level in levels)
            if values.get("complications") is not None:
                values["complications"] = tuple(Complication(**c) for c in values["complications"])
            angles = values.get("angles", ())
            values["angles"] = tuple(map(ElsewhereAngle.from_dict, angles))
            return cls(**values)
        except (TypeError, ValueError, AttributeError) as error:
            raise TableError("clinical_damaged", reason=str(error)) from None


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Level):
        return value.value
    if isinstance(value, ElsewhereAngle):
        return value.to_dict()
    if isinstance(value, Complication):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicalTable(Tabular):
    """All patients of a clinical table.

    Attributes
    ----------
    records
        One a patient, in the order of the file.
    source
        File name.
    columns
        Names of the columns that the file has; None if it is not known which.
    remarks
        What the reader should be told of how the table was read.
    """

    records: tuple[ClinicalRecord, ...]
    source: str = ""
    columns: tuple[str, ...] | None = None
    remarks: tuple[str, ...] = ()

    @property
    def by_patient(self) -> dict[str, ClinicalRecord]:
        """Records by patient."""
        return {record.patient: record for record in self.records}

    @property
    def surgery_dates(self) -> dict[str, date | None]:
        """Day 0 of each patient."""
        return {record.patient: record.surgery_date for record in self.records}

    @property
    def injury_dates(self) -> dict[str, date | None]:
        """Day of the injury of each patient."""
        return {record.patient: record.injury_date for record in self.records}

    def rows(self) -> list[Row]:
        """One row a patient, visits as columns."""
        visits = {
            (name, visit)
            for record in self.records
            for name in ("vas", "odi", "ais", "symptoms", "lost")
            for visit in getattr(record, name)
        }
        columns = sorted(visits)
        return [_row(record, columns) for record in self.records]


_SINGLE = (
    "patient", "arm", "sex", "age_years", "t_score", "corticosteroids", "mechanism", "injury_date",
    "surgery_date", "revision_date", "posterior_wall_ruptured", "pedicle_fractured",
    "posterior_arch_fractured", "screws", "screws_with_leak",
)  # fmt: skip


def _row(record: ClinicalRecord, columns: list[tuple[str, str]]) -> Row:
    row: Row = {name: getattr(record, name) for name in _SINGLE}
    row["fractured_levels"] = "|".join(str(level) for level in record.fractured_levels)
    complications = record.complications
    row["complications"] = (
        None if complications is None else "|".join(c.type for c in complications)
    )
    row |= {f"{name}_{visit}": _shown(getattr(record, name).get(visit)) for name, visit in columns}
    return row | dict(record.own)


def _shown(value: object) -> object:
    return "|".join(value) if isinstance(value, tuple) else value
