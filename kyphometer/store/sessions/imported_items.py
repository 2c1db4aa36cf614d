"""Places in reading sessions for readings that were made elsewhere."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, func, select

from kyphometer.store.database.connection import insert_row
from kyphometer.store.database.schema import reading_sessions, session_items
from kyphometer.store.readings import versions as readings
from kyphometer.store.readings.versions import Place
from kyphometer.store.sessions import plans as sessions


def imported_item(
    connection: Connection, actor: str, place: Place, session: str, document: str
) -> Place | None:
    """The place of a reading in a session; None if the session holds the very same.

    An item that waits for a reading is taken; otherwise the session gets a new item, one round
    after those that this observer has read of the film.
    """
    number = _ensure_session(connection, actor, session)
    item = session_items.c
    mine = (item.session_id == number) & (item.observer_id == place.observer_id)
    on_film = select(item.id).where(mine, item.film_id == place.film_id).order_by(item.round)
    taken = connection.execute(on_film).scalars().all()
    for item_id in taken:
        here = replace(place, session_item=item_id, session=session)
        latest = readings.latest_at(connection, here)
        if latest is None:
            return here
        if latest.document_json == document:
            return None
    turn = len(taken) + 1
    last = connection.execute(select(func.max(item.place)).where(mine, item.round == turn)).scalar()
    total = select(func.count()).select_from(session_items).where(item.session_id == number)
    row = {
        "session_id": number,
        "observer_id": place.observer_id,
        "round": turn,
        "place": (last or 0) + 1,
        "code": f"I{connection.execute(total).scalar_one() + 1}",
        "film_id": place.film_id,
        "mirrored": False,
        "duplicate": False,
        "training": False,
    }
    item_id = insert_row(connection, session_items, row)
    return replace(place, session_item=item_id, session=session)


def _ensure_session(connection: Connection, actor: str, code: str) -> int:
    known = select(reading_sessions.c.id).where(reading_sessions.c.code == code)
    if connection.execute(known).first() is None:
        sessions.add(
            connection, actor, code=code, title="", kind=sessions.IMPORTED, settings={}, items=()
        )
    return sessions.session_id(connection, code)
