"""Opening, locking and reopening the items of reading sessions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select, update

from kyphometer.errors import StudyRefusedError, UnknownRecordError
from kyphometer.store.database import audit
from kyphometer.store.database.clock import now_text
from kyphometer.store.database.schema import reading_sessions, session_items
from kyphometer.store.readings.documents import checked_text
from kyphometer.store.sessions.plans import session_id


def require_item(connection: Connection, item_id: int, film_id: int, observer: int) -> str:
    """Code of the session that an item belongs to.

    Raises
    ------
    UnknownRecordError
        If there is no such item, or it is about another film or observer.
    """
    row = _row(connection, item_id)
    if row.film_id != film_id or row.observer_id != observer:
        raise UnknownRecordError("item_of_nobody", name=item_id)
    return str(row.session_code)


def _row(connection: Connection, item_id: int) -> Row[Any]:
    query = (
        select(
            session_items,
            reading_sessions.c.state,
            reading_sessions.c.code.label("session_code"),
        )
        .join_from(session_items, reading_sessions)
        .where(session_items.c.id == item_id)
    )
    row = connection.execute(query).first()
    if row is None:
        raise UnknownRecordError("unknown_item", name=item_id)
    return row


def require_open(connection: Connection, item_id: int | None) -> None:
    """Refuse to write to an item that is locked, or not due before its wash-out is over.

    Raises
    ------
    StudyRefusedError
        Says why it is closed, and who can open it.
    """
    if item_id is None:
        return
    row = _row(connection, item_id)
    if row.state == "locked":
        raise StudyRefusedError("session_locked")
    if row.locked_at is not None:
        raise StudyRefusedError("item_locked", code=row.code)
    if row.opens_at is not None and row.opens_at > now_text():
        raise StudyRefusedError("item_not_due", code=row.code, opens_at=row.opens_at[:16])


def mark_opened(connection: Connection, item_id: int) -> None:
    """Note when an item was first shown to its observer."""
    require_open(connection, item_id)
    connection.execute(
        update(session_items)
        .where(session_items.c.id == item_id, session_items.c.first_opened_at.is_(None))
        .values(first_opened_at=now_text())
    )


def lock_item(connection: Connection, item_id: int | None) -> None:
    """Lock an item after its reading was confirmed."""
    if item_id is not None:
        _set_locked(connection, item_id, now_text())


def reopen_item(connection: Connection, actor: str, item_id: int, reason: str) -> None:
    """Let an observer correct a locked item."""
    row = _row(connection, item_id)
    _set_locked(connection, item_id, None)
    subject = f"session {row.session_code}"
    reason = _required(reason)
    details = {"item": item_id, "code": row.code, "reason": reason}
    audit.record(connection, actor, "session.reopen_item", subject, details=details)


def _set_locked(connection: Connection, item_id: int, moment: str | None) -> None:
    chosen = session_items.c.id == item_id
    connection.execute(update(session_items).where(chosen).values(locked_at=moment))


def set_session_lock(
    connection: Connection, actor: str, code: str, *, locked: bool, reason: str
) -> None:
    """Lock or reopen a session; reopening needs a reason."""
    number = session_id(connection, code)
    if not locked:
        reason = _required(reason)
    state = "locked" if locked else "open"
    chosen = reading_sessions.c.id == number
    connection.execute(update(reading_sessions).where(chosen).values(state=state))
    audit.record(
        connection, actor, f"session.{state}", f"session {code}", details={"reason": reason}
    )


def _required(reason: str) -> str:
    reason = checked_text(reason, "reason")
    if not reason:
        raise StudyRefusedError("reopening_without_reason")
    return reason
