"""The audit trail: who did what, when, from which version; append-only and hash-chained.

Each entry's hash covers its content and the hash of the entry before it, so that an entry that was
changed, removed or slipped in behind the program's back is found by `first_broken`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, insert, select

from kyphometer.store.database.clock import from_text, now_text
from kyphometer.store.database.schema import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the audit trail.

    Attributes
    ----------
    action
        What was done, for example `reading.confirm`.
    subject
        On what, for example `film 12`.
    from_version
        Version that the actor had seen, where versions apply.
    details
        Whatever else tells what changed.
    """

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    from_version: int | None
    details: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something to be written into the audit trail."""

    action: str
    subject: str
    from_version: int | None = None
    details: Mapping[str, Any]


def record(
    connection: Connection,
    actor: str,
    action: str,
    subject: str,
    *,
    details: Mapping[str, Any],
    from_version: int | None = None,
) -> None:
    """Add one entry inside the caller's transaction."""
    deed = Deed(action=action, subject=subject, from_version=from_version, details=details)
    record_all(connection, actor, [deed])


def record_all(connection: Connection, actor: str, deeds: Iterable[Deed]) -> None:
    """Add entries, in their order, inside the caller's (writing) transaction."""
    last = select(audit.c.hash).order_by(audit.c.id.desc()).limit(1)
    previous = connection.execute(last).scalar() or ""
    rows = []
    for deed in deeds:
        row = {
            "at": now_text(),
            "actor": actor,
            "action": deed.action,
            "subject": deed.subject,
            "from_version": deed.from_version,
            "details": json.dumps(deed.details, sort_keys=True, ensure_ascii=False),
            "previous_hash": previous,
        }
        previous = row["hash"] = entry_hash(row)
        rows.append(row)
    if rows:
        connection.execute(insert(audit), rows)


_COVERED = ("previous_hash", "at", "actor", "action", "subject", "from_version", "details")


def entry_hash(row: Mapping[str, Any] | RowMapping) -> str:
    """Hash of an entry's content and of the hash before it."""
    content = json.dumps([row[name] for name in _COVERED], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def entries(connection: Connection, subject: str | None = None) -> tuple[AuditEntry, ...]:
    """The audit trail, oldest first; of one subject, or whole."""
    query = select(audit).order_by(audit.c.id)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    return tuple(_entry(row) for row in connection.execute(query))


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=from_text(row.at),
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        from_version=row.from_version,
        details=json.loads(row.details),
        hash=row.hash,
    )


def first_broken(connection: Connection) -> int | None:
    """Number of the first entry that does not fit the chain, or None if all do."""
    previous = ""
    for row in connection.execute(select(audit).order_by(audit.c.id)):
        if row.previous_hash != previous or row.hash != entry_hash(row._mapping):
            return int(row.id)
        previous = row.hash
    return None
