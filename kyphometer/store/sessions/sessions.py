"""Reading sessions of a study; reached as `Study.sessions`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kyphometer.store.database.connection import Database
from kyphometer.store.sessions import locks as session_locks
from kyphometer.store.sessions import logs as session_logs
from kyphometer.store.sessions import plans as sessions
from kyphometer.store.sessions.plans import PlannedItem, SessionItemRecord, SessionRecord


class Sessions:
    """Keeps planned sessions and the state of their items; how to plan one is no matter of it."""

    def __init__(self, database: Database, actor: str) -> None:
        self._database = database
        self._actor = actor

    def add(
        self,
        code: str,
        items: Sequence[PlannedItem],
        *,
        title: str = "",
        kind: str = "reproducibility",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Save a planned session, whole or not at all.

        Raises
        ------
        StudyRefusedError
            If the code is taken, two items share a code or a place, or a film is unknown.
        UnknownRecordError
            If an observer is unknown.
        """
        with self._database.write() as connection:
            sessions.add(
                connection,
                self._actor,
                code=code,
                title=title,
                kind=kind,
                settings=settings or {},
                items=items,
            )

    def list(self) -> tuple[SessionRecord, ...]:
        """All sessions, oldest first."""
        with self._database.read() as connection:
            return sessions.list_sessions(connection)

    def get(self, code: str) -> SessionRecord:
        """One session.

        Raises
        ------
        UnknownRecordError
            If there is none of that code.
        """
        with self._database.read() as connection:
            number = sessions.session_id(connection, code)
            return next(item for item in sessions.list_sessions(connection) if item.id == number)

    def items(self, code: str, *, observer: str | None = None) -> tuple[SessionItemRecord, ...]:
        """Items of a session with what became of them, by observer, round and place."""
        with self._database.read() as connection:
            return sessions.list_items(connection, code, observer)

    def logs(self, code: str) -> dict[int, session_logs.ItemLog]:
        """When and how the items that were read were read, by number of the item."""
        with self._database.read() as connection:
            return session_logs.item_logs(connection, code)

    def mark_opened(self, item_id: int) -> None:
        """Note when an item was first shown; refuses items that are locked or not due."""
        with self._database.write() as connection:
            session_locks.mark_opened(connection, item_id)

    def reopen_item(self, item_id: int, reason: str) -> None:
        """Let the observer correct a locked item."""
        with self._database.write() as connection:
            session_locks.reopen_item(connection, self._actor, item_id, reason)

    def lock(self, code: str, reason: str = "") -> None:
        """End a session: nothing of it may be read or corrected any more."""
        with self._database.write() as connection:
            session_locks.set_session_lock(
                connection, self._actor, code, locked=True, reason=reason
            )

    def reopen(self, code: str, reason: str) -> None:
        """Open a locked session again."""
        with self._database.write() as connection:
            session_locks.set_session_lock(
                connection, self._actor, code, locked=False, reason=reason
            )
