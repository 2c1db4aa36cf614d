"""Observers and patients by their codes."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

from kyphometer.errors import StudyRefusedError, UnknownRecordError
from kyphometer.messages import Word
from kyphometer.store.database import audit
from kyphometer.store.database.connection import insert_row
from kyphometer.store.database.schema import clinical_rows, films, observers, patients
from kyphometer.store.readings.documents import checked_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverRecord:
    """Somebody who reads films."""

    id: int
    code: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRecord:
    """A patient, known by a code only.

    Attributes
    ----------
    clinical_code
        The patient's code in the clinical table, where it differs from `code`.
    """

    id: int
    code: str
    clinical_code: str | None
    injury_date: date | None
    surgery_date: date | None


def observer_id(connection: Connection, code: str) -> int:
    """Number of an observer.

    Raises
    ------
    UnknownRecordError
        If nobody has that code.
    """
    found = connection.execute(select(observers.c.id).where(observers.c.code == code)).scalar()
    if found is None:
        raise UnknownRecordError("unknown_observer", name=code)
    return int(found)


def add_observer(connection: Connection, actor: str, code: str, name: str) -> bool:
    """Add an observer; False if the code is known already."""
    code = checked_code(code, "observer")
    name = checked_text(name, "observer_name", longest=200)
    if connection.execute(select(observers.c.id).where(observers.c.code == code)).first():
        return False
    connection.execute(insert(observers).values(code=code, name=name, active=True))
    audit.record(connection, actor, "observer.add", f"observer {code}", details={"name": name})
    return True


def list_observers(connection: Connection) -> tuple[ObserverRecord, ...]:
    """All observers, by code."""
    rows = connection.execute(select(observers).order_by(observers.c.code))
    return tuple(ObserverRecord(**row._mapping) for row in rows)


UNDO = "undo of entry"
"""How the source of a clinical record begins that took an import back."""


def list_patients(connection: Connection) -> tuple[PatientRecord, ...]:
    """All patients, by code, but those whom a table brought and `undo` took back."""
    rows = connection.execute(select(patients).order_by(patients.c.code)).all()
    gone = _taken_back(connection)
    return tuple(_patient(row) for row in rows if row.id not in gone)


def _taken_back(connection: Connection) -> set[int]:
    """Patients without films of whom nothing is known since an import was taken back."""
    rows = clinical_rows.c
    undone = select(rows.patient_id, rows.version, rows.data).where(rows.source.like(f"{UNDO} %"))
    empty = {
        number: version
        for number, version, data in connection.execute(undone)
        if not any(v for k, v in json.loads(data).items() if k not in _ABOUT_ITSELF)
    }
    if not empty:
        return set()
    newest = select(rows.patient_id, func.max(rows.version)).group_by(rows.patient_id)
    latest = {row[0]: row[1] for row in connection.execute(newest)}
    filmed = set(connection.execute(select(films.c.patient_id).distinct()).scalars())
    return {n for n, version in empty.items() if latest[n] == version and n not in filmed}


_ABOUT_ITSELF = ("format", "version", "patient")


def _patient(row: Any) -> PatientRecord:
    return PatientRecord(
        id=row[0], code=row[1], clinical_code=row[2], injury_date=row[3], surgery_date=row[4]
    )


def patient_id(connection: Connection, code: str) -> int:
    """Number of a patient.

    Raises
    ------
    UnknownRecordError
        If no patient has that code.
    """
    found = connection.execute(select(patients.c.id).where(patients.c.code == code)).scalar()
    if found is None:
        raise UnknownRecordError("unknown_patient", name=code)
    return int(found)


def ensure_patient(connection: Connection, code: str) -> int:
    """Number of a patient; one who is not known yet is added."""
    code = checked_code(code, "patient")
    found = connection.execute(select(patients.c.id).where(patients.c.code == code)).scalar()
    return insert_row(connection, patients, {"code": code}) if found is None else int(found)


def set_patient(connection: Connection, actor: str, code: str, facts: dict[str, Any]) -> None:
    """Change facts of a patient (`clinical_code`, `injury_date`, `surgery_date`)."""
    row_id = patient_id(connection, code)
    names = [patients.c[name] for name in facts]
    before = connection.execute(select(*names).where(patients.c.id == row_id)).one()._mapping
    changed = {name: value for name, value in facts.items() if before[name] != value}
    if not changed:
        return
    connection.execute(update(patients).where(patients.c.id == row_id).values(**changed))
    shown = {name: [_shown(before[name]), _shown(value)] for name, value in changed.items()}
    audit.record(connection, actor, "patient.change", f"patient {code}", details=shown)


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)


def checked_code(code: str, kind: str) -> str:
    """A code without spaces around it; refuses what could not be typed, shown or exported."""
    code = unicodedata.normalize("NFC", code).strip()
    if not code or len(code) > 64 or not code.isprintable():
        raise StudyRefusedError("code_unusable", kind=Word(f"what.{kind}"), code=code)
    return code


def near_codes(connection: Connection, table: Table, code: str, kind: str) -> list[str]:
    """Sentences about known codes that a new one differs from in case, blanks or zeros only."""
    known = list(connection.execute(select(table.c.code)).scalars())
    if code in known:
        return []
    alike = [other for other in known if plain_code(other) == plain_code(code)]
    return [alike_sentence(kind, code, other) for other in alike]


def alike_sentence(kind: str, code: str, other: str) -> str:
    """What to say of two codes that may be meant to be one."""
    return (
        f"The {kind} codes '{code}' and '{other}' differ only in case, blanks, marks or leading "
        "zeros; if they are one, give both the same code."
    )


def plain_code(code: str) -> str:
    """A code without what people vary when they type it: case, blanks, marks, leading zeros."""
    bare = unicodedata.normalize("NFKC", code).casefold()
    letters = "".join(letter for letter in bare if letter.isalnum())
    return re.sub(r"(?<!\d)0+(?=\d)", "", letters)
