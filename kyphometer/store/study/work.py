"""Work lists: what an observer has read and still has to read."""

from __future__ import annotations

from sqlalchemy import Connection, and_, func, or_, select

from kyphometer.store.database.clock import now_text
from kyphometer.store.database.schema import drafts, films, patients, readings, session_items
from kyphometer.store.people.people import observer_id
from kyphometer.store.records import WorkItem, state_of
from kyphometer.store.sessions.plans import session_id


def work_list(connection: Connection, observer: str, session: str | None) -> tuple[WorkItem, ...]:
    """Films, or the due items of a session, with how far the observer is with each."""
    who = observer_id(connection, observer)
    if session is None:
        return _films(connection, who)
    return _items(connection, who, session_id(connection, session))


def _films(connection: Connection, who: int) -> tuple[WorkItem, ...]:
    done = (
        select(readings.c.film_id, func.max(readings.c.version).label("version"))
        .where(readings.c.observer_id == who, readings.c.item_key == 0)
        .group_by(readings.c.film_id)
        .subquery()
    )
    mine = and_(drafts.c.film_id == films.c.id, drafts.c.observer_id == who, drafts.c.item_key == 0)
    query = (
        select(films.c.id, done.c.version, drafts.c.id)
        .outerjoin_from(films, done, done.c.film_id == films.c.id)
        .outerjoin(drafts, mine)
        .outerjoin(patients, patients.c.id == films.c.patient_id)
        .order_by(patients.c.code.nulls_last(), films.c.taken_on.nulls_last(), films.c.id)
    )
    return tuple(
        WorkItem(
            film_id=film,
            version=version or 0,
            state=state_of(version or 0, has_draft=draft is not None),
        )
        for film, version, draft in connection.execute(query)
    )


def _items(connection: Connection, who: int, session: int) -> tuple[WorkItem, ...]:
    item = session_items.c
    done = (
        select(readings.c.session_item_id, func.max(readings.c.version).label("version"))
        .where(readings.c.observer_id == who)
        .group_by(readings.c.session_item_id)
        .subquery()
    )
    due = or_(item.opens_at.is_(None), item.opens_at <= now_text())
    query = (
        select(item.film_id, item.id, item.code, item.mirrored, done.c.version, drafts.c.id)
        .outerjoin_from(session_items, done, done.c.session_item_id == item.id)
        .outerjoin(drafts, drafts.c.session_item_id == item.id)
        .where(item.session_id == session, item.observer_id == who, due)
        .order_by(item.round, item.place)
    )
    return tuple(
        WorkItem(
            film_id=film,
            session_item=id_,
            code=code,
            mirrored=mirrored,
            version=version or 0,
            state=state_of(version or 0, has_draft=draft is not None),
        )
        for film, id_, code, mirrored, version, draft in connection.execute(query)
    )
