"""Confirmed readings: append-only versions, one more for each correction."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, insert, select

from kyphometer.store.database import audit
from kyphometer.store.database.clock import from_text, now_text
from kyphometer.store.database.connection import insert_row
from kyphometer.store.database.schema import (
    films,
    observers,
    patients,
    reading_logs,
    readings,
    session_items,
)
from kyphometer.store.readings.documents import to_json
from kyphometer.store.records import MarkingLog, ReadingRecord

_NEWER = readings.alias("newer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a reading belongs: one film, one observer, in or out of a session."""

    film_id: int
    observer_id: int
    observer: str
    session_item: int | None
    session: str | None = None

    def matches(self, table: Any) -> ColumnElement[bool]:
        """The rows of `readings` or `drafts` at this place."""
        return and_(
            table.c.film_id == self.film_id,
            table.c.observer_id == self.observer_id,
            table.c.item_key == (self.session_item or 0),
        )

    @property
    def named(self) -> dict[str, int]:
        """Values of the parameters of `here`."""
        return {
            "film": self.film_id,
            "who": self.observer_id,
            "item": self.session_item or 0,
        }

    @property
    def subject(self) -> str:
        """Name of the place in the audit trail."""
        item = "" if self.session_item is None else f" item {self.session_item}"
        return f"film {self.film_id} observer {self.observer}{item}"


def here(table: Any) -> ColumnElement[bool]:
    """Rows of `readings` or `drafts` at the place that `Place.named` names.

    For statements that are built once: building one takes longer than asking.
    """
    return and_(
        table.c.film_id == bindparam("film"),
        table.c.observer_id == bindparam("who"),
        table.c.item_key == bindparam("item"),
    )


def _query() -> Select[Any]:
    return select(
        readings.c.id,
        readings.c.film_id,
        observers.c.code,
        readings.c.session_item_id,
        readings.c.version,
        readings.c.document,
        readings.c.reason,
        readings.c.saved_at,
        readings.c.saved_by,
    ).join_from(readings, observers)


def _record(row: Any) -> ReadingRecord:
    return ReadingRecord(
        id=row.id,
        film_id=row.film_id,
        observer=row.code,
        session_item=row.session_item_id,
        version=row.version,
        document_json=row.document,
        reason=row.reason,
        saved_at=from_text(row.saved_at),
        saved_by=row.saved_by,
    )


_LATEST = _query().where(here(readings)).order_by(readings.c.version.desc()).limit(1)


def latest_at(connection: Connection, place: Place) -> ReadingRecord | None:
    """The latest version at a place, or None."""
    row = connection.execute(_LATEST, place.named).first()
    return None if row is None else _record(row)


def latest(connection: Connection, *where: ColumnElement[bool]) -> list[ReadingRecord]:
    """The latest version at every place, by film and observer."""
    return _run(connection, _query().where(is_latest(), *where))


def readers(connection: Connection) -> dict[int, tuple[str, ...]]:
    """Observers with a reading outside of sessions, in order, by film."""
    query = select(readings.c.film_id, observers.c.code).join_from(readings, observers).distinct()
    found: dict[int, list[str]] = {}
    for film, code in connection.execute(query.where(readings.c.session_item_id.is_(None))):
        found.setdefault(film, []).append(code)
    return {film: tuple(sorted(codes)) for film, codes in found.items()}


@cache
def is_latest() -> ColumnElement[bool]:
    """Readings that no later version follows; built once, as building outlasts asking."""
    follows = exists().where(
        _NEWER.c.film_id == readings.c.film_id,
        _NEWER.c.observer_id == readings.c.observer_id,
        _NEWER.c.item_key == readings.c.item_key,
        _NEWER.c.version == readings.c.version + 1,
    )
    return ~follows


def all_versions(connection: Connection, *where: ColumnElement[bool]) -> list[ReadingRecord]:
    """Every version, oldest first at each place."""
    return _run(connection, _query().where(*where))


def of_patient(code: str) -> ColumnElement[bool]:
    """Readings of the films of one patient."""
    theirs = select(films.c.id).join(patients).where(patients.c.code == code)
    return readings.c.film_id.in_(theirs)


def in_session(session: int) -> ColumnElement[bool]:
    """Readings made in one reading session."""
    items = select(session_items.c.id).where(session_items.c.session_id == session)
    return readings.c.session_item_id.in_(items)


def _run(connection: Connection, query: Select[Any]) -> list[ReadingRecord]:
    order = (readings.c.film_id, readings.c.observer_id, readings.c.item_key, readings.c.version)
    return [_record(row) for row in connection.execute(query.order_by(*order))]


def append(
    connection: Connection,
    actor: str,
    place: Place,
    document: str,
    *,
    after: int,
    reason: str,
    log: MarkingLog | None = None,
) -> ReadingRecord:
    """Append the version that follows version `after`, inside the caller's transaction.

    Whether it may be written is for the caller to ask (`rules`).
    """
    row = _row(place, after + 1, document, reason, actor)
    reading_id = insert_row(connection, readings, row)
    if log is not None:
        _add_log(connection, reading_id, log)
    audit.record(
        connection,
        actor,
        "reading.correct" if after else "reading.confirm",
        place.subject,
        from_version=after,
        details={"reading": reading_id, "sha256": row["sha256"], "reason": reason},
    )
    return _as_record(reading_id, place, row)


def _row(place: Place, version: int, document: str, reason: str, actor: str) -> dict[str, Any]:
    return {
        "film_id": place.film_id,
        "observer_id": place.observer_id,
        "session_item_id": place.session_item,
        "version": version,
        "document": document,
        "sha256": hashlib.sha256(document.encode()).hexdigest(),
        "reason": reason,
        "saved_at": now_text(),
        "saved_by": actor,
    }


def _as_record(reading_id: int, place: Place, row: dict[str, Any]) -> ReadingRecord:
    return ReadingRecord(
        id=reading_id,
        film_id=place.film_id,
        observer=place.observer,
        session_item=place.session_item,
        version=row["version"],
        document_json=row["document"],
        reason=row["reason"],
        saved_at=from_text(row["saved_at"]),
        saved_by=row["saved_by"],
    )


def noted(connection: Connection) -> dict[tuple[int, str], tuple[dict[str, Any], ...]]:
    """What the page noted of readings outside of sessions, by film and observer, newest first."""
    query = (
        select(readings.c.film_id, observers.c.code, reading_logs.c.details)
        .join_from(readings, reading_logs, reading_logs.c.reading_id == readings.c.id)
        .join(observers, observers.c.id == readings.c.observer_id)
        .where(readings.c.session_item_id.is_(None))
        .order_by(readings.c.version.desc())
    )
    found: dict[tuple[int, str], tuple[dict[str, Any], ...]] = {}
    for film, observer, details in connection.execute(query):
        found[film, observer] = (*found.get((film, observer), ()), json.loads(details))
    return found


def _add_log(connection: Connection, reading_id: int, log: MarkingLog) -> None:
    connection.execute(
        insert(reading_logs).values(
            reading_id=reading_id,
            seconds=log.seconds,
            zoom=log.zoom,
            window_center=log.window_center,
            window_width=log.window_width,
            details=to_json(log.details or {}),
        )
    )
