"""Reading sessions in the database: their plans, and which of their items are locked.

How a session is planned (order, spacing, duplicates) is no matter of the store.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from kyphometer.errors import StudyRefusedError, UnknownRecordError
from kyphometer.store.database import audit
from kyphometer.store.database.clock import from_text, now_text, to_text
from kyphometer.store.database.connection import insert_row
from kyphometer.store.database.schema import observers, reading_sessions, session_items
from kyphometer.store.people.people import observer_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedItem:
    """One film that one observer is to read in one round of a session.

    Attributes
    ----------
    round
        1 for the first reading, 2 for the second after the wash-out.
    place
        Position in that observer's order, from 1.
    code
        All that the observer sees of it; unique in the session.
    mirrored
        True if the film is shown mirrored.
    duplicate
        True for a hidden second showing within the round.
    training
        True for films of the training set.
    opens_at
        Not to be read before this moment (wash-out); None if at once.
    """

    film_id: int
    observer: str
    round: int
    place: int
    code: str
    mirrored: bool = False
    duplicate: bool = False
    training: bool = False
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionItemRecord(PlannedItem):
    """A planned item with its number and what became of it."""

    id: int
    first_opened_at: datetime | None = None
    locked_at: datetime | None = None


IMPORTED = "imported"
"""Kind of a session whose readings were made elsewhere and came from files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A reading session.

    Attributes
    ----------
    kind
        For example `reproducibility`, `training`, `certification`.
    settings
        What it was planned with (seed, wash-out days, level map, rule), as given.
    locked
        True once nothing of it may be read or corrected any more.
    """

    id: int
    code: str
    title: str
    kind: str
    settings: Mapping[str, Any]
    locked: bool
    created_at: datetime
    created_by: str

    @property
    def may_be_seen(self) -> bool:
        """True if a look at its values unblinds nobody: it is locked, or came from files."""
        return self.locked or self.kind == IMPORTED


def add(
    connection: Connection,
    actor: str,
    *,
    code: str,
    title: str,
    kind: str,
    settings: Mapping[str, Any],
    items: Sequence[PlannedItem],
) -> None:
    """Save a planned session whole; see `Study.add_session`."""
    known = select(reading_sessions.c.id).where(reading_sessions.c.code == code)
    if connection.execute(known).first():
        raise StudyRefusedError("session_there", code=code)
    row = {
        "code": code,
        "title": title,
        "kind": kind,
        "settings": json.dumps(settings, sort_keys=True, ensure_ascii=False, default=str),
        "state": "open",
        "created_at": now_text(),
        "created_by": actor,
    }
    session = insert_row(connection, reading_sessions, row)
    numbers = {name: observer_id(connection, name) for name in {i.observer for i in items}}
    rows = [_item_row(item, session, numbers[item.observer]) for item in items]
    if rows:
        connection.execute(insert(session_items), rows)
    audit.record(
        connection, actor, "session.add", f"session {code}", details={"items": len(rows), **row}
    )


def _item_row(item: PlannedItem, session: int, observer: int) -> dict[str, Any]:
    return {
        "session_id": session,
        "observer_id": observer,
        "round": item.round,
        "place": item.place,
        "code": item.code,
        "film_id": item.film_id,
        "mirrored": item.mirrored,
        "duplicate": item.duplicate,
        "training": item.training,
        "opens_at": None if item.opens_at is None else to_text(item.opens_at),
    }


def session_id(connection: Connection, code: str) -> int:
    """Number of a session.

    Raises
    ------
    UnknownRecordError
        If there is none with that code.
    """
    query = select(reading_sessions.c.id).where(reading_sessions.c.code == code)
    found = connection.execute(query).scalar()
    if found is None:
        raise UnknownRecordError("unknown_session", name=code)
    return int(found)


def list_sessions(connection: Connection) -> tuple[SessionRecord, ...]:
    """All sessions, oldest first."""
    rows = connection.execute(select(reading_sessions).order_by(reading_sessions.c.id))
    return tuple(
        SessionRecord(
            id=row.id,
            code=row.code,
            title=row.title,
            kind=row.kind,
            settings=json.loads(row.settings),
            locked=row.state == "locked",
            created_at=from_text(row.created_at),
            created_by=row.created_by,
        )
        for row in rows
    )


def list_items(
    connection: Connection, code: str, observer: str | None = None
) -> tuple[SessionItemRecord, ...]:
    """Items of a session, by observer, round and place."""
    item = session_items.c
    query = (
        select(session_items, observers.c.code.label("observer"))
        .join(observers)
        .where(item.session_id == session_id(connection, code))
        .order_by(observers.c.code, item.round, item.place)
    )
    if observer is not None:
        query = query.where(observers.c.code == observer)
    return tuple(_item(row) for row in connection.execute(query))


def _item(row: Row[Any]) -> SessionItemRecord:
    return SessionItemRecord(
        id=row.id,
        film_id=row.film_id,
        observer=row.observer,
        round=row.round,
        place=row.place,
        code=row.code,
        mirrored=row.mirrored,
        duplicate=row.duplicate,
        training=row.training,
        opens_at=_moment(row.opens_at),
        first_opened_at=_moment(row.first_opened_at),
        locked_at=_moment(row.locked_at),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)
