"""Visits of the study's films: put there by the study's windows, or by hand with a reason.

What the windows say is worked out anew whenever films, surgery dates or windows change, in the same
transaction, so that the table never holds an assignment that no longer follows from them.
"""

from __future__ import annotations

from datetime import time
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from kyphometer.errors import StudyRefusedError
from kyphometer.film import Position
from kyphometer.followup.visit_model import DatedFilm, StatedVisit, VisitAssignment
from kyphometer.followup.visits import assign_visits
from kyphometer.store.database import audit
from kyphometer.store.database.clock import now_text
from kyphometer.store.database.schema import copies, films, patients, study, visits
from kyphometer.store.readings.documents import checked_text
from kyphometer.store.records import copy_words
from kyphometer.store.study.settings import settings_from_json


def assignment(connection: Connection, *where: ColumnElement[bool]) -> VisitAssignment:
    """Films put to visits by the study's windows and by hand; of all patients or those `where`."""
    known = select(patients.c.code, patients.c.surgery_date, patients.c.injury_date).where(*where)
    dates = {code: (surgery, injury) for code, surgery, injury in connection.execute(known)}
    settings = settings_from_json(connection.execute(select(study.c.settings)).scalar_one())
    dated = _dated(connection, settings.stated_position or Position.UNKNOWN, *where)
    filmed = {film.patient for film in dated}
    return assign_visits(
        dated,
        {code: surgery for code, (surgery, _) in dates.items() if surgery or code in filmed},
        injury_dates={code: injury for code, (_, injury) in dates.items() if injury},
        windows=settings.visits,
        stated=_stated(connection),
    )


def _dated(
    connection: Connection, unless_known: Position, *where: ColumnElement[bool]
) -> list[DatedFilm]:
    query = (
        select(
            patients.c.code,
            films.c.id,
            films.c.taken_on,
            films.c.taken_at,
            films.c.position,
            copies.c.copy_of,
            copies.c.how,
        )
        .join_from(films, patients)
        .outerjoin(copies, copies.c.film_id == films.c.id)
        .where(*where)
        .order_by(films.c.id)
    )
    return [
        DatedFilm(
            patient=code,
            film=film,
            taken_on=day,
            taken_at=None if at is None else time.fromisoformat(at),
            position=unless_known if position == Position.UNKNOWN else Position(position),
            copy=copy_words(copy_of, how),
        )
        for code, film, day, at, position, copy_of, how in connection.execute(query)
    ]


def _stated(connection: Connection) -> list[StatedVisit]:
    query = select(visits.c.film_id, visits.c.visit, visits.c.reason).where(visits.c.explicit)
    return [
        StatedVisit(film=film, visit=visit, reason=reason)
        for film, visit, reason in connection.execute(query)
    ]


def refresh(connection: Connection, actor: str, *where: ColumnElement[bool]) -> None:
    """Write down anew what the windows say, of all patients or those `where`."""
    found = assignment(connection, *where)
    theirs = select(films.c.id).join(patients).where(*where)
    stale = visits.c.film_id.in_(theirs) & ~visits.c.explicit
    connection.execute(delete(visits).where(stale))
    stated = {item.film for item in _stated(connection)}
    now = now_text()
    rows: list[dict[str, Any]] = [
        {
            "film_id": visit.film,
            "visit": str(visit.visit),
            "explicit": False,
            "day": visit.day,
            "within_tolerance": visit.within_tolerance,
            "reason": "",
            "assigned_at": now,
            "assigned_by": actor,
        }
        for visit in found.visits
        if visit.film not in stated
    ]
    if rows:
        connection.execute(insert(visits), rows)


def state(connection: Connection, actor: str, film_id: int, visit: str | None, reason: str) -> None:
    """Put a film to a visit by hand, or with None leave it to the windows again."""
    reason = checked_text(reason, "reason")
    if visit is not None and not reason:
        raise StudyRefusedError("visit_without_reason")
    patient = connection.execute(select(films.c.patient_id).where(films.c.id == film_id)).scalar()
    if patient is None:
        raise StudyRefusedError("film_without_patient", film_id=film_id)
    whose = patients.c.id == patient
    if visit is not None:
        _require_free(connection, film_id, visit, whose)
    before = connection.execute(select(visits.c.visit).where(visits.c.film_id == film_id)).scalar()
    connection.execute(delete(visits).where(visits.c.film_id == film_id))
    if visit is not None:
        row = {"film_id": film_id, "visit": visit, "explicit": True, "reason": reason}
        row |= {"assigned_at": now_text(), "assigned_by": actor}
        connection.execute(insert(visits).values(**row))
    refresh(connection, actor, whose)
    details = {"before": before, "visit": visit, "reason": reason}
    audit.record(connection, actor, "film.visit", f"film {film_id}", details=details)


def _require_free(
    connection: Connection, film_id: int, visit: str, whose: ColumnElement[bool]
) -> None:
    """A visit that exists, and that no other film of the patient was put to by hand."""
    text = connection.execute(select(study.c.settings)).scalar_one()
    settings_from_json(text).visits.window(visit)
    query = (
        select(visits.c.film_id)
        .join_from(visits, films)
        .join(patients)
        .where(whose, visits.c.explicit, visits.c.visit == visit, visits.c.film_id != film_id)
    )
    other = connection.execute(query).scalar()
    if other is not None:
        raise StudyRefusedError("visit_has_film", other=other, visit=visit)
