"""Unfinished readings: one a place, replaced only by whoever has seen it."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from kyphometer.store.database.clock import from_text, now_text
from kyphometer.store.database.schema import drafts
from kyphometer.store.readings.rules import require_seen
from kyphometer.store.readings.versions import Place, here, latest_at
from kyphometer.store.records import DraftRecord, Stored

_DRAFT = select(drafts).where(here(drafts))


def get(connection: Connection, place: Place) -> DraftRecord | None:
    """The draft at a place, or None."""
    row = connection.execute(_DRAFT, place.named).first()
    return None if row is None else _record(place, row._mapping)


def _record(place: Place, row: Any) -> DraftRecord:
    return DraftRecord(
        film_id=place.film_id,
        observer=place.observer,
        session_item=place.session_item,
        etag=row["etag"],
        base_version=row["base_version"],
        document_json=row["document"],
        saved_at=from_text(row["saved_at"]),
    )


def stored(connection: Connection, place: Place) -> Stored:
    """Draft and latest reading at a place."""
    return Stored(draft=get(connection, place), reading=latest_at(connection, place))


def save(
    connection: Connection, place: Place, document: str, *, etag: str | None, base_version: int
) -> DraftRecord:
    """Save a draft inside the caller's (writing) transaction; see `ReadingStore`."""
    known = stored(connection, place)
    require_seen(known, base_version=base_version, etag=etag)
    row = {
        "etag": secrets.token_hex(12),
        "base_version": base_version,
        "document": document,
        "saved_at": now_text(),
    }
    if known.draft is None:
        key = {"film_id": place.film_id, "observer_id": place.observer_id}
        connection.execute(insert(drafts).values(**key, session_item_id=place.session_item, **row))
    else:
        connection.execute(update(drafts).where(place.matches(drafts)).values(**row))
    return _record(place, row)


def drop(connection: Connection, place: Place) -> None:
    """Take the draft at a place away, if there is one."""
    connection.execute(delete(drafts).where(place.matches(drafts)))
