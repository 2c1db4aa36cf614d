"""How far a study is, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, FromClause, func, select

from kyphometer.store.database.migrate import revision_of
from kyphometer.store.database.schema import (
    clinical_rows,
    copies,
    drafts,
    films,
    observers,
    patients,
    reading_sessions,
    readings,
    study,
    visits,
)
from kyphometer.store.readings.versions import is_latest


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyStatus:
    """How far a study is.

    Attributes
    ----------
    where
        Its file or address.
    revision
        Format of its tables.
    films_without_patient, films_without_date
        Films that can belong to no visit until this is mended.
    films_copied
        Films that are copies of others, and no visits.
    films_not_hashed
        Films whose pixels were not decoded yet.
    patients_without_surgery_date
        Patients whose films cannot be put to visits.
    readings
        Confirmed readings, of which `corrections` replace an earlier version.
    films_read
        Films read outside of sessions, by observer.
    films_at_visit
        Films by visit, within tolerance and outside of it.
    """

    name: str
    where: str
    revision: str
    created_at: str
    patients: int
    patients_without_surgery_date: int
    patients_with_clinical_data: int
    films: int
    films_without_patient: int
    films_without_date: int
    films_copied: int
    films_not_hashed: int
    observers: int
    sessions: int
    readings: int
    corrections: int
    drafts: int
    films_read: Mapping[str, int]
    films_at_visit: Mapping[str, int]


def status(connection: Connection, where: str) -> StudyStatus:
    """Count."""

    def count(table: FromClause, *conditions: Any) -> int:
        query = select(func.count()).select_from(table).where(*conditions)
        return int(connection.execute(query).scalar_one())

    name, created_at = connection.execute(select(study.c.name, study.c.created_at)).one()
    with_data = select(func.count(func.distinct(clinical_rows.c.patient_id)))
    return StudyStatus(
        name=name,
        where=where,
        revision=revision_of(connection) or "",
        created_at=created_at,
        patients=count(patients),
        patients_without_surgery_date=count(patients, patients.c.surgery_date.is_(None)),
        patients_with_clinical_data=int(connection.execute(with_data).scalar_one()),
        films=count(films),
        films_without_patient=count(films, films.c.patient_id.is_(None)),
        films_without_date=count(films, films.c.taken_on.is_(None)),
        films_copied=count(copies, copies.c.copy_of.is_not(None)),
        films_not_hashed=count(films, films.c.sha256_pixels.is_(None)),
        observers=count(observers),
        sessions=count(reading_sessions),
        readings=count(readings),
        corrections=count(readings, readings.c.version > 1),
        drafts=count(drafts),
        films_read=_films_read(connection),
        films_at_visit=_films_at_visit(connection),
    )


def _films_read(connection: Connection) -> dict[str, int]:
    free = (readings.c.observer_id == observers.c.id) & (readings.c.item_key == 0)
    query = (
        select(observers.c.code, func.count(readings.c.id))
        .outerjoin_from(observers, readings, free & is_latest())
        .group_by(observers.c.code)
        .order_by(observers.c.code)
    )
    return {code: int(number) for code, number in connection.execute(query)}


def _films_at_visit(connection: Connection) -> dict[str, int]:
    query = select(visits.c.visit, func.count()).group_by(visits.c.visit).order_by(visits.c.visit)
    return {visit: int(number) for visit, number in connection.execute(query)}
