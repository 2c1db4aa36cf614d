"""Clinical data: one document a patient, versioned, imported whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select

from kyphometer.errors import StudyRefusedError, UnacceptedChangesError
from kyphometer.followup.clinical.record import ClinicalRecord
from kyphometer.messages import Word
from kyphometer.store.database import audit
from kyphometer.store.database.clock import now_text
from kyphometer.store.database.merge import Change, Merge, all_changes, merge
from kyphometer.store.database.schema import clinical_rows, patients
from kyphometer.store.people import people
from kyphometer.store.people.facts import facts_of, flat, nested
from kyphometer.store.readings.documents import checked_text
from kyphometer.store.study import visits


def patient_codes(connection: Connection) -> dict[str, int]:
    """Numbers of patients by every code under which a clinical table may name them."""
    query = select(patients.c.id, patients.c.code, patients.c.clinical_code)
    rows = connection.execute(query).all()
    codes = {code: number for number, code, _ in rows}
    return codes | {clinical: number for number, _, clinical in rows if clinical is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicalMerge:
    """What a clinical table would do to a study.

    Attributes
    ----------
    new
        Codes of patients about whom there is something new.
    different
        Facts that differ from what the study knows.
    emptied
        Facts that the study knows and the table has a cell for, which is empty.
    patients_added
        Patients whom the study does not know yet.
    alike
        Sentences about those of them whose code is nearly that of a known patient.
    """

    new: tuple[str, ...]
    different: tuple[Change, ...]
    emptied: tuple[Change, ...]
    patients_added: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()


def compare(
    connection: Connection,
    records: Iterable[ClinicalRecord],
    columns: tuple[str, ...] | None = None,
    *,
    add_patients: bool = False,
) -> dict[int, tuple[ClinicalRecord, dict[str, Any], Merge, ClinicalRecord]]:
    """What each patient's record would change: known record and facts, merge, record, by number.

    Patients whom the study does not know have negative numbers.

    Parameters
    ----------
    columns
        Columns that the table has; facts of others are left alone. None for all.
    add_patients
        Whether the table may name patients whom the study does not know.
    """
    codes = patient_codes(connection)
    latest = {number: data for number, _, data in _latest(connection)}
    days = _days(connection)
    found: dict[int, tuple[ClinicalRecord, dict[str, Any], Merge, ClinicalRecord]] = {}
    for place, record in enumerate(records, start=1):
        number = codes.get(record.patient)
        if number is None and not add_patients:
            raise StudyRefusedError("table_unknown_patient", patient=record.patient)
        number = -place if number is None else number
        stored = (
            ClinicalRecord.from_dict(json.loads(latest[number]))
            if number in latest
            else ClinicalRecord(patient=record.patient)
        )
        dates = {k: v for k, v in days.get(number, {}).items() if v is not None}
        before, after = {**flat(stored), **dates}, flat(record)
        wanted = facts_of(columns, before.keys() | after.keys(), record)
        after = {name: after.get(name) for name in sorted(wanted)}
        known = found.get(number)
        if known is not None:
            raise StudyRefusedError("table_patient_twice", patient=record.patient)
        change = merge(f"patient {record.patient}", before, after)
        found[number] = (stored, before, change, record)
    return found


def preview(
    connection: Connection,
    records: Iterable[ClinicalRecord],
    columns: tuple[str, ...] | None = None,
    *,
    add_patients: bool = False,
) -> ClinicalMerge:
    """What a table would do, without doing it."""
    found = compare(connection, records, columns, add_patients=add_patients)
    merges = [change for _, _, change, _ in found.values()]
    strangers = [record.patient for number, (*_, record) in found.items() if number < 0]
    return ClinicalMerge(
        new=tuple(record.patient for _, _, change, record in found.values() if change.added),
        different=tuple(c for change in merges for c in change.different),
        emptied=tuple(c for change in merges for c in change.emptied),
        patients_added=tuple(strangers),
        alike=tuple(
            sentence
            for code in strangers
            for sentence in people.near_codes(connection, patients, code, "patient")
        ),
    )


def save(
    connection: Connection,
    actor: str,
    records: Iterable[ClinicalRecord],
    source: str,
    *,
    columns: tuple[str, ...] | None = None,
    accept_changes: bool = False,
    erase_empty: bool = False,
    add_patients: bool = False,
) -> tuple[str, ...]:
    """Save what is new, and what differs if that is accepted; codes of the patients concerned.

    Patients whom the study does not know are added if `add_patients`. Surgery and injury dates go
    to the patients, and visits are put anew.

    Raises
    ------
    UnacceptedChangesError
        If facts differ and `accept_changes` is False; nothing is saved then.
    """
    source = checked_text(source, "table_name", longest=500)
    created: list[str] = []
    if add_patients:
        records = list(records)
        for record in records:
            if record.patient not in patient_codes(connection):
                people.ensure_patient(connection, record.patient)
                created.append(record.patient)
    found = compare(connection, records, columns)
    different = tuple(c for _, _, change, _ in found.values() for c in change.different)
    if different and not accept_changes:
        raise UnacceptedChangesError(source or Word("what.the_table"), different)
    versions = {number: version for number, version, _ in _latest(connection)}
    changed: dict[str, int] = {}
    for number, (stored, before, change, record) in found.items():
        taken = change.added | {c.name: c.after for c in change.different}
        if erase_empty:
            taken |= {c.name: None for c in change.emptied}
        if not taken and number in versions:
            continue
        document = nested(before | taken, record.patient, (*stored.angles, *record.angles))
        _add_version(connection, actor, number, document, source, versions.get(number, 0))
        changed[record.patient] = versions.get(number, 0)
    if changed:
        emptied = [c for _, _, m, _ in found.values() for c in m.emptied] if erase_empty else []
        details = {
            "source": source,
            "patients": list(changed),
            "versions": changed,
            "changes": all_changes([*different, *emptied]),
            **({"patients_created": created} if created else {}),
        }
        audit.record(connection, actor, "clinical.save", "clinical data", details=details)
        visits.refresh(connection, actor)
    return tuple(changed)


def undo(connection: Connection, actor: str, details: Mapping[str, Any], entry: int) -> None:
    """Take an import back: each patient's record becomes what it was before, as a new version.

    Raises
    ------
    StudyRefusedError
        If a record was changed since.
    """
    codes = patient_codes(connection)
    latest = {number: version for number, version, _ in _latest(connection)}
    for code, before in details["versions"].items():
        number = codes[code]
        if latest.get(number) != before + 1:
            raise StudyRefusedError("clinical_changed_since", code=code)
        query = select(clinical_rows.c.data).where(
            clinical_rows.c.patient_id == number, clinical_rows.c.version == before
        )
        data = connection.execute(query).scalar()
        document = json.loads(data) if data else ClinicalRecord(patient=code).to_dict()
        record = ClinicalRecord.from_dict(document)
        _add_version(connection, actor, number, record, f"{people.UNDO} {entry}", before + 1)
        own = [c for c in details["changes"] if c[0] == f"patient {code}" and c[1] in _DAYS]
        days = {name: _day(known) for _, name, known, _ in own}
        if code in details.get("patients_created", ()):
            days |= dict.fromkeys(_DAYS)
        if days:
            people.set_patient(connection, actor, _code(connection, number), days)


_DAYS = ("surgery_date", "injury_date")


def _days(connection: Connection) -> dict[int, dict[str, str | None]]:
    """Surgery and injury dates of the patients, as the documents write them."""
    query = select(patients.c.id, patients.c.surgery_date, patients.c.injury_date)
    return {
        number: {
            "surgery_date": surgery.isoformat() if surgery else None,
            "injury_date": injury.isoformat() if injury else None,
        }
        for number, surgery, injury in connection.execute(query)
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _code(connection: Connection, number: int) -> str:
    query = select(patients.c.code).where(patients.c.id == number)
    return str(connection.execute(query).scalar_one())


def _add_version(
    connection: Connection,
    actor: str,
    number: int,
    record: ClinicalRecord,
    source: str,
    version: int,
) -> None:
    data = json.dumps(record.to_dict(), ensure_ascii=False, sort_keys=True)
    row = {"patient_id": number, "version": version + 1, "data": data, "source": source}
    row |= {"saved_at": now_text(), "saved_by": actor}
    connection.execute(insert(clinical_rows).values(**row))
    _set_dates(connection, actor, number, record)


def _set_dates(connection: Connection, actor: str, number: int, record: ClinicalRecord) -> None:
    """Dates that the table gives; one that it leaves empty stays as the study has it."""
    given = {"surgery_date": record.surgery_date, "injury_date": record.injury_date}
    known = {name: day for name, day in given.items() if day is not None}
    if known:
        people.set_patient(connection, actor, _code(connection, number), known)


def _latest(connection: Connection) -> Iterable[tuple[int, int, str]]:
    newest = (
        select(clinical_rows.c.patient_id, func.max(clinical_rows.c.version).label("version"))
        .group_by(clinical_rows.c.patient_id)
        .subquery()
    )
    same = and_(
        clinical_rows.c.patient_id == newest.c.patient_id,
        clinical_rows.c.version == newest.c.version,
    )
    query = select(clinical_rows.c.patient_id, clinical_rows.c.version, clinical_rows.c.data).join(
        newest, same
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def load(connection: Connection) -> tuple[ClinicalRecord, ...]:
    """The latest record of each patient, in the order of the study's patient codes."""
    order = {patient.id: patient.code for patient in people.list_patients(connection)}
    found = {number: data for number, _, data in _latest(connection)}
    return tuple(
        ClinicalRecord.from_dict(json.loads(found[number])) for number in order if number in found
    )
