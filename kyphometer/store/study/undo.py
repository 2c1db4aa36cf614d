"""Takes back what an import or a change of settings did, by its entry in the audit trail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, select, update

from kyphometer.errors import StudyRefusedError, UnknownRecordError
from kyphometer.store.database import audit
from kyphometer.store.database.schema import audit as audit_table
from kyphometer.store.database.schema import films
from kyphometer.store.database.schema import study as study_table
from kyphometer.store.people import clinical
from kyphometer.store.people.people import ensure_patient
from kyphometer.store.readings import measured
from kyphometer.store.study import visits


def undo(connection: Connection, actor: str, entry: int) -> str:
    """Take back one entry, which stays in the trail beside that of the undoing; its action.

    Raises
    ------
    UnknownRecordError
        If there is no such entry.
    StudyRefusedError
        If it is of a kind that is not taken back, or something was changed since.
    """
    row = connection.execute(select(audit_table).where(audit_table.c.id == entry)).first()
    if row is None:
        raise UnknownRecordError("entry", entry, "see 'kyphometer study audit'")
    details: dict[str, Any] = json.loads(row.details)
    if row.action == "clinical.save" and "versions" in details:
        clinical.undo(connection, actor, details, entry)
    elif row.action == "film.header":
        _undo_header(connection, int(row.subject.removeprefix("film ")), entry, details)
        visits.refresh(connection, actor)
    elif row.action == "study.settings":
        _undo_settings(connection, details)
        visits.refresh(connection, actor)
    else:
        raise StudyRefusedError(
            f"Entry {entry} ({row.action}) is none that can be taken back",
            "imports of headers and clinical tables and changes of settings can",
        )
    audit.record(connection, actor, "undo", row.subject, details={"entry": entry})
    return str(row.action)


def _undo_header(
    connection: Connection, film_id: int, entry: int, details: Mapping[str, Any]
) -> None:
    later = select(audit_table.c.id).where(
        audit_table.c.id > entry,
        audit_table.c.subject == f"film {film_id}",
        audit_table.c.action.in_(("film.header", "film.patient", "film.spacing", "undo")),
    )
    if connection.execute(later).first():
        raise StudyRefusedError(
            f"Film {film_id} was changed since", "take the later change back first"
        )
    before = dict(details["before"])
    if before.get("taken_on"):
        before["taken_on"] = date.fromisoformat(before["taken_on"])
    if "patient" in before:
        code = before.pop("patient")
        before["patient_id"] = None if code is None else ensure_patient(connection, code)
    connection.execute(update(films).where(films.c.id == film_id).values(**before))
    measured.forget(connection, film_id)


def _undo_settings(connection: Connection, details: Mapping[str, Any]) -> None:
    now = connection.execute(select(study_table.c.settings)).scalar_one()
    if now != details["after"]:
        raise StudyRefusedError(
            "The settings were changed since", "take the later change back first"
        )
    connection.execute(update(study_table).values(settings=details["before"]))
