"""How the items of a session were read: when, how often, and what the page noted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from kyphometer.store.database.clock import from_text
from kyphometer.store.database.schema import reading_logs, readings, session_items
from kyphometer.store.sessions.plans import session_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLog:
    """What is known about the reading of one item.

    Attributes
    ----------
    item_id
        Number of the item.
    versions
        Confirmed versions, 1 unless it was reopened.
    first_read_at, last_read_at
        When the first and the last version were confirmed.
    seconds
        Time at the film, all versions together; None if it was not noted.
    zoom, window_center, window_width, details
        Of the last version.
    """

    item_id: int
    versions: int
    first_read_at: datetime
    last_read_at: datetime
    seconds: float | None = None
    zoom: float | None = None
    window_center: float | None = None
    window_width: float | None = None
    details: dict[str, Any] | None = None


def item_logs(connection: Connection, code: str) -> dict[int, ItemLog]:
    """Logs by number of the item; items that were not read are left out."""
    query = (
        select(
            readings.c.session_item_id,
            readings.c.saved_at,
            reading_logs.c.seconds,
            reading_logs.c.zoom,
            reading_logs.c.window_center,
            reading_logs.c.window_width,
            reading_logs.c.details,
        )
        .join_from(readings, session_items)
        .outerjoin(reading_logs, reading_logs.c.reading_id == readings.c.id)
        .where(session_items.c.session_id == session_id(connection, code))
        .order_by(readings.c.session_item_id, readings.c.version)
    )
    rows: dict[int, list[Any]] = {}
    for row in connection.execute(query):
        rows.setdefault(row[0], []).append(row)
    return {item: _log(item, versions) for item, versions in rows.items()}


def _log(item: int, rows: list[Any]) -> ItemLog:
    times = [row[2] for row in rows if row[2] is not None]
    last = rows[-1]
    return ItemLog(
        item_id=item,
        versions=len(rows),
        first_read_at=from_text(rows[0][1]),
        last_read_at=from_text(last[1]),
        seconds=sum(times) if times else None,
        zoom=last[3],
        window_center=last[4],
        window_width=last[5],
        details=json.loads(last[6]) if last[6] else None,
    )
