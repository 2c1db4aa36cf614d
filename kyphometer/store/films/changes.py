"""What people may correct about a film: its patient and its stated pixel spacing."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from kyphometer.errors import StudyRefusedError
from kyphometer.film import Position
from kyphometer.geometry import PixelGeometry
from kyphometer.store.database import audit
from kyphometer.store.database.schema import copies, films, patients
from kyphometer.store.database.schema import visits as visits_table
from kyphometer.store.films.films import require_film
from kyphometer.store.people.people import ensure_patient
from kyphometer.store.readings import measured
from kyphometer.store.readings.documents import checked_text
from kyphometer.store.study import visits


def set_patient(connection: Connection, actor: str, film_id: int, code: str, reason: str) -> None:
    """Say whose film it is; the patient is added if unknown."""
    require_film(connection, film_id)
    before = connection.execute(
        select(patients.c.code).join_from(films, patients).where(films.c.id == film_id)
    ).scalar()
    stated = select(visits_table.c.visit).where(
        visits_table.c.film_id == film_id, visits_table.c.explicit
    )
    if connection.execute(stated).first():
        raise StudyRefusedError("put_by_hand", film_id=film_id)
    _change(connection, film_id, {"patient_id": ensure_patient(connection, code)})
    details = {"before": before, "after": code, "reason": _required(reason)}
    audit.record(connection, actor, "film.patient", f"film {film_id}", details=details)
    visits.refresh(connection, actor, patients.c.code.in_([code, before or code]))


def state_spacing(
    connection: Connection, actor: str, film_id: int, spacing_mm: tuple[float, float], reason: str
) -> None:
    """State the pixel spacing (rows, columns) of a film, where the header's is missing or wrong."""
    require_film(connection, film_id)
    geometry = PixelGeometry.from_spacing(*spacing_mm)
    names = ("row_mm", "column_mm", "aspect", "spacing_source", "spacing_in_patient")
    query = select(*(films.c[name] for name in names)).where(films.c.id == film_id)
    before = dict(zip(names, connection.execute(query).one(), strict=True))
    after = {
        "row_mm": geometry.row_mm,
        "column_mm": geometry.column_mm,
        "aspect": geometry.aspect,
        "spacing_source": geometry.source.value,
        "spacing_in_patient": geometry.in_patient,
    }
    _change(connection, film_id, after)
    measured.forget(connection, film_id)
    details = {"before": before, "after": after, "reason": _required(reason)}
    audit.record(connection, actor, "film.spacing", f"film {film_id}", details=details)


def state_exposure(
    connection: Connection,
    actor: str,
    film_id: int,
    *,
    day: date | None,
    position: Position | None,
    reason: str,
) -> None:
    """State the day of a film, or how the patient was held, where the header's is missing or wrong.

    Raises
    ------
    StudyRefusedError
        If the day is in the future, or no reason is given.
    """
    require_film(connection, film_id)
    if day is not None and day > date.today():
        raise StudyRefusedError("date_in_future", day=day)
    after: dict[str, Any] = {}
    if day is not None:
        after |= {"taken_on": day, "taken_at": None}
    if position is not None:
        after["position"] = position.value
    query = select(*(films.c[name] for name in after)).where(films.c.id == film_id)
    before = dict(zip(after, connection.execute(query).one(), strict=True))
    _change(connection, film_id, after)
    shown = {
        name: {k: None if v is None else str(v) for k, v in values.items()}
        for name, values in (("before", before), ("after", after))
    }
    details = {**shown, "reason": _required(reason)}
    audit.record(connection, actor, "film.exposure", f"film {film_id}", details=details)
    visits.refresh(connection, actor)


def state_copy(
    connection: Connection, actor: str, film_id: int, of: int | None, reason: str
) -> None:
    """State that a film is a copy of another, or with None that it is none.

    Raises
    ------
    StudyRefusedError
        If it would be a copy of itself or of a film that is a copy, or no reason is given.
    """
    require_film(connection, film_id)
    query = select(copies.c.film_id, copies.c.copy_of).where(copies.c.copy_of.is_not(None))
    known = {row.film_id: row.copy_of for row in connection.execute(query)}
    if of is not None:
        require_film(connection, of)
        if of in known or of == film_id or film_id in known.values():
            raise StudyRefusedError("copy_of_copy", film_id=film_id, of=of)
    connection.execute(delete(copies).where(copies.c.film_id == film_id))
    row = {"film_id": film_id, "copy_of": of, "how": "", "stated": True}
    connection.execute(insert(copies).values(**row))
    details = {"before": known.get(film_id), "of": of, "reason": _required(reason)}
    audit.record(connection, actor, "film.copy", f"film {film_id}", details=details)
    visits.refresh(connection, actor)


def _change(connection: Connection, film_id: int, values: dict[str, Any]) -> None:
    connection.execute(update(films).where(films.c.id == film_id).values(**values))


def _required(reason: str) -> str:
    reason = checked_text(reason, "reason")
    if not reason:
        raise StudyRefusedError("fact_without_reason")
    return reason
