"""Takes back what an import or a change of settings did, by its entry in the audit trail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select, update

from kyphometer.errors import StudyRefusedError, UnknownRecordError
from kyphometer.store.database import audit
from kyphometer.store.database.audit import Deed
from kyphometer.store.database.schema import audit as audit_table
from kyphometer.store.database.schema import films
from kyphometer.store.database.schema import study as study_table
from kyphometer.store.people import clinical
from kyphometer.store.people.people import ensure_patient
from kyphometer.store.readings import measured
from kyphometer.store.study import visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What was taken back.

    Attributes
    ----------
    action
        Action of the entries, for example `film.header`.
    entries
        Their numbers in the audit trail; several if an import changed several films.
    """

    action: str
    entries: tuple[int, ...]


def undo(connection: Connection, actor: str, entry: int, *, only: bool = False) -> Undone:
    """Take back an entry and whatever the same import changed; all stays in the trail.

    Parameters
    ----------
    only
        Take back this entry alone, not the rest of its import.

    Raises
    ------
    UnknownRecordError
        If there is no such entry.
    StudyRefusedError
        If it is of a kind that is not taken back, or something was changed since.
    """
    row = connection.execute(select(audit_table).where(audit_table.c.id == entry)).first()
    if row is None:
        raise UnknownRecordError("unknown_entry", name=entry)
    details: dict[str, Any] = json.loads(row.details)
    rows: list[Row[Any]] = [row]
    if row.action == "clinical.save" and "versions" in details:
        clinical.undo(connection, actor, details, entry)
    elif row.action == "film.header":
        rows = rows if only else _whole_import(connection, row, details.get("import"))
        _undo_headers(connection, rows)
    elif row.action == "study.settings":
        _undo_settings(connection, details)
    else:
        raise StudyRefusedError("not_taken_back", entry=entry, action=row.action)
    visits.refresh(connection, actor)
    deeds = [Deed(action="undo", subject=r.subject, details={"entry": r.id}) for r in rows]
    audit.record_all(connection, actor, deeds)
    return Undone(action=row.action, entries=tuple(r.id for r in rows))


def _whole_import(connection: Connection, row: Row[Any], name: str | None) -> list[Row[Any]]:
    """Every header that the import of this entry changed, but those taken back already."""
    if name is None:
        return [row]
    query = select(audit_table).where(
        audit_table.c.action == "film.header",
        audit_table.c.details.contains(json.dumps({"import": name})[1:-1], autoescape=True),
    )
    found = connection.execute(query.order_by(audit_table.c.id)).all()
    undone = _undone(connection)
    return [other for other in found if other.id == row.id or other.id not in undone]


def _undone(connection: Connection) -> set[int]:
    """Entries that were taken back."""
    query = select(audit_table.c.details).where(audit_table.c.action == "undo")
    return {json.loads(text)["entry"] for text in connection.execute(query).scalars()}


_FILM_FACTS = ("film.header", "film.patient", "film.spacing", "film.exposure")
"""Actions that change what a header says."""


def _undo_headers(connection: Connection, rows: list[Row[Any]]) -> None:
    undone = _undone(connection)
    subjects = {row.subject: row.id for row in rows}
    later = select(audit_table.c.id, audit_table.c.subject).where(
        audit_table.c.id >= min(subjects.values()), audit_table.c.action.in_(_FILM_FACTS)
    )
    for number, subject in connection.execute(later):
        if number == subjects.get(subject) and number in undone:
            raise StudyRefusedError("taken_back_already", number=number)
        if number > subjects.get(subject, number) and number not in undone:
            raise StudyRefusedError("changed_since", subject=subject.capitalize())
    for row in rows:
        film_id = int(row.subject.removeprefix("film "))
        _undo_header(connection, film_id, json.loads(row.details)["before"])


def _undo_header(connection: Connection, film_id: int, facts: Mapping[str, Any]) -> None:
    before = dict(facts)
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
        raise StudyRefusedError("settings_changed_since")
    connection.execute(update(study_table).values(settings=details["before"]))
