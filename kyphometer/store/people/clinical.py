"""Clinical data: one document a patient, versioned, imported whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlalchemy import Connection, and_, func, insert, select

from kyphometer.errors import StudyRefusedError
from kyphometer.followup.clinical.record import ClinicalRecord
from kyphometer.store.database import audit
from kyphometer.store.database.clock import now_text
from kyphometer.store.database.schema import clinical_rows, patients
from kyphometer.store.people import people
from kyphometer.store.readings.documents import checked_text
from kyphometer.store.study import visits


def patient_codes(connection: Connection) -> dict[str, int]:
    """Numbers of patients by every code under which a clinical table may name them."""
    query = select(patients.c.id, patients.c.code, patients.c.clinical_code)
    rows = connection.execute(query).all()
    codes = {code: number for number, code, _ in rows}
    return codes | {clinical: number for number, _, clinical in rows if clinical is not None}


def save(
    connection: Connection, actor: str, records: Iterable[ClinicalRecord], source: str
) -> tuple[str, ...]:
    """Save what is new or changed; codes of the patients concerned.

    Surgery and injury dates go to the patients, and visits are put anew.
    """
    source = checked_text(source, "name of the table", longest=500)
    codes = patient_codes(connection)
    latest = {number: (version, data) for number, version, data in _latest(connection)}
    changed = []
    for record in records:
        number = codes.get(record.patient)
        if number is None:
            raise StudyRefusedError(
                f"The clinical table names the patient '{record.patient}', whom the study does not "
                "hold",
                "add the patient's films first, or correct the code; nothing was imported",
            )
        version, before = latest.get(number, (0, ""))
        data = json.dumps(record.to_dict(), ensure_ascii=False, sort_keys=True)
        if data == before:
            continue
        row = {"patient_id": number, "version": version + 1, "data": data, "source": source}
        row |= {"saved_at": now_text(), "saved_by": actor}
        connection.execute(insert(clinical_rows).values(**row))
        latest[number] = (version + 1, data)
        _set_dates(connection, actor, number, record)
        changed.append(record.patient)
    if changed:
        details = {"source": source, "patients": changed}
        audit.record(connection, actor, "clinical.save", "clinical data", details=details)
        visits.refresh(connection, actor)
    return tuple(changed)


def _set_dates(connection: Connection, actor: str, number: int, record: ClinicalRecord) -> None:
    """Dates that the table gives; one that it leaves empty stays as the study has it."""
    given = {"surgery_date": record.surgery_date, "injury_date": record.injury_date}
    known = {name: day for name, day in given.items() if day is not None}
    code = connection.execute(select(patients.c.code).where(patients.c.id == number)).scalar_one()
    if known:
        people.set_patient(connection, actor, code, known)


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
