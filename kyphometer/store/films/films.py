"""Films in the database: listing them, finding their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, select

from kyphometer.errors import UnknownRecordError
from kyphometer.store.database.schema import copies, film_files, films, patients, visits
from kyphometer.store.records import FilmRecord


def _query() -> Select[Any]:
    """Everything a `FilmRecord` holds; the path is that of the file last seen."""
    last_seen = (
        select(film_files.c.path)
        .where(film_files.c.film_id == films.c.id)
        .order_by(film_files.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            films.c.id,
            last_seen.label("path"),
            patients.c.code,
            visits.c.visit,
            films.c.sop_instance_uid,
            films.c.frame,
            films.c.sha256_pixels,
            films.c.rows,
            films.c.columns,
            films.c.row_mm,
            films.c.column_mm,
            films.c.aspect,
            films.c.spacing_source,
            films.c.spacing_in_patient,
            films.c.taken_on,
            films.c.taken_at,
            films.c.position,
            films.c.facing,
            films.c.is_lateral,
            films.c.facts,
            copies.c.copy_of,
            copies.c.how,
        )
        .select_from(films)
        .outerjoin(patients, patients.c.id == films.c.patient_id)
        .outerjoin(visits, visits.c.film_id == films.c.id)
        .outerjoin(copies, copies.c.film_id == films.c.id)
    )


def _record(row: Any, root: str) -> FilmRecord:
    path = row.path
    return FilmRecord(
        id=row.id,
        path_text=None if path is None else absolute(path, root),
        patient=row.code,
        visit=row.visit,
        sop_instance_uid=row.sop_instance_uid,
        frame=row.frame,
        sha256_pixels=row.sha256_pixels,
        rows=row.rows,
        columns=row.columns,
        row_mm=row.row_mm,
        column_mm=row.column_mm,
        aspect=row.aspect,
        spacing_source=row.spacing_source,
        spacing_in_patient=row.spacing_in_patient,
        taken_on=row.taken_on,
        taken_at=row.taken_at,
        position=row.position,
        facing=row.facing,
        is_lateral=row.is_lateral,
        facts_json=row.facts,
        copy_of=row.copy_of,
        copy_how=row.how or "",
    )


def absolute(stored: str, root: str) -> str:
    """Path of a file from how it is stored: beside the study relative to it, otherwise whole."""
    return stored if not stored.startswith("./") else f"{root}/{stored[2:]}"


def stored_path(path: Path, root: str) -> str:
    """How the path of a file is stored, so that a study moves together with its films."""
    if root and path.is_relative_to(root):
        return f"./{path.relative_to(root).as_posix()}"
    return str(path)


def list_films(
    connection: Connection, root: str, patient: str | None = None
) -> tuple[FilmRecord, ...]:
    """All films, or those of one patient, by patient, date and number."""
    query = _query().order_by(
        patients.c.code.nulls_last(), films.c.taken_on.nulls_last(), films.c.id
    )
    if patient is not None:
        query = query.where(patients.c.code == patient)
    return tuple(_record(row, root) for row in connection.execute(query))


def one_film(connection: Connection, root: str, film_id: int) -> FilmRecord:
    """One film.

    Raises
    ------
    UnknownRecordError
        If there is none with that number.
    """
    row = connection.execute(_query().where(films.c.id == film_id)).first()
    if row is None:
        raise _unknown(film_id)
    return _record(row, root)


def require_film(connection: Connection, film_id: int) -> None:
    """Refuse a number that is no film's; `UnknownRecordError` like `one_film`, but cheaper."""
    if connection.execute(select(films.c.id).where(films.c.id == film_id)).first() is None:
        raise _unknown(film_id)


def _unknown(film_id: int) -> UnknownRecordError:
    return UnknownRecordError("unknown_film", name=film_id)


def existing_file(connection: Connection, root: str, film_id: int) -> Path:
    """The file of a film, at the newest place where it still is.

    Raises
    ------
    UnknownRecordError
        If it is at none of the places where it was seen.
    """
    found = connection.execute(
        select(film_files.c.path)
        .where(film_files.c.film_id == film_id)
        .order_by(film_files.c.id.desc())
    )
    places = [absolute(path, root) for (path,) in found]
    for place in places:
        if Path(place).is_file():
            return Path(place)
    if not places:
        require_film(connection, film_id)
    seen = f"it was last seen as '{places[0]}'; " if places else ""
    raise UnknownRecordError("film_file_gone", name=film_id, seen=seen)
