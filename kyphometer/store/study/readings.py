"""Films, readings and drafts of a study: the part that an annotator uses (`ReadingStore`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, select

from kyphometer.reading import Reading
from kyphometer.store.database.schema import films as films_table
from kyphometer.store.database.schema import observers
from kyphometer.store.database.schema import readings as readings_table
from kyphometer.store.films import films
from kyphometer.store.films.belonging import belonging_document
from kyphometer.store.people.people import observer_id
from kyphometer.store.readings import drafts, rules
from kyphometer.store.readings import versions as readings
from kyphometer.store.readings.documents import checked_text, to_json
from kyphometer.store.readings.versions import Place
from kyphometer.store.records import (
    DraftRecord,
    FilmRecord,
    MarkingLog,
    ReadingRecord,
    Stored,
    WorkItem,
)
from kyphometer.store.scan.hashes import fill_hash
from kyphometer.store.sessions import locks as session_locks
from kyphometer.store.sessions.plans import session_id
from kyphometer.store.study import work
from kyphometer.store.study.file import StudyFile


class StudyReadings(StudyFile):
    """`ReadingStore` on a study's database; its methods are described there."""

    # ------------------------------------------------------------------ films

    def films(self, *, patient: str | None = None) -> tuple[FilmRecord, ...]:
        """All films, or those of one patient, by patient, date and number."""
        with self._database.read() as connection:
            return films.list_films(connection, self._root, patient)

    def film(self, film_id: int) -> FilmRecord:
        """See `ReadingStore`."""
        with self._database.read() as connection:
            return films.one_film(connection, self._root, film_id)

    def film_path(self, film_id: int) -> Path:
        """See `ReadingStore`."""
        with self._database.read() as connection:
            return films.existing_file(connection, self._root, film_id)

    # ------------------------------------------------------------------ readings and drafts

    def work_list(self, observer: str, *, session: str | None = None) -> tuple[WorkItem, ...]:
        """See `ReadingStore`."""
        with self._database.read() as connection:
            return work.work_list(connection, observer, session)

    def draft(
        self, film_id: int, observer: str, *, session_item: int | None = None
    ) -> DraftRecord | None:
        """See `ReadingStore`."""
        with self._database.read() as connection:
            return drafts.get(connection, place_of(connection, film_id, observer, session_item))

    def stored(self, film_id: int, observer: str, *, session_item: int | None = None) -> Stored:
        """See `ReadingStore`."""
        with self._database.read() as connection:
            return drafts.stored(connection, place_of(connection, film_id, observer, session_item))

    def save_draft(
        self,
        film_id: int,
        observer: str,
        document: Mapping[str, Any],
        *,
        etag: str | None,
        base_version: int = 0,
        session_item: int | None = None,
    ) -> DraftRecord:
        """See `ReadingStore`."""
        text = to_json(document)
        with self._database.write(f"{film_id} {observer} {session_item}") as connection:
            place = place_of(connection, film_id, observer, session_item)
            session_locks.require_open(connection, session_item)
            return drafts.save(connection, place, text, etag=etag, base_version=base_version)

    def discard_draft(
        self, film_id: int, observer: str, *, etag: str, session_item: int | None = None
    ) -> None:
        """See `ReadingStore`."""
        with self._database.write() as connection:
            place = place_of(connection, film_id, observer, session_item)
            known = drafts.stored(connection, place)
            if known.draft is not None:
                rules.require_draft(known, etag)
                drafts.drop(connection, place)

    def save_reading(
        self,
        reading: Reading,
        film_id: int,
        observer: str,
        *,
        base_version: int,
        reason: str | None = None,
        draft_etag: str | None = None,
        session_item: int | None = None,
        log: MarkingLog | None = None,
    ) -> ReadingRecord:
        """See `ReadingStore`."""
        film = self._hashed(film_id)
        with self._database.write() as connection:
            place = place_of(connection, film_id, observer, session_item)
            document = to_json(belonging_document(reading, film, observer, place.session))
            known = drafts.stored(connection, place)
            if known.reading and rules.is_repeat(known, document, base_version):
                return known.reading
            why = checked_text(reason, "reason")
            rules.require_seen(known, base_version=base_version, etag=draft_etag)
            rules.require_reason(known, why)
            session_locks.require_open(connection, session_item)
            saved = readings.append(
                connection, self._actor, place, document, after=base_version, reason=why, log=log
            )
            drafts.drop(connection, place)
            session_locks.lock_item(connection, session_item)
            return saved

    def _hashed(self, film_id: int) -> FilmRecord:
        """The film with the hash of its pixels, which a confirmed reading must name."""
        film = self.film(film_id)
        if film.sha256_pixels is not None:
            return film
        return fill_hash(self._database, self._reader, self._actor, film, self.film_path(film_id))

    def latest_reading(
        self, film_id: int, observer: str, *, session_item: int | None = None
    ) -> ReadingRecord | None:
        """See `ReadingStore`."""
        with self._database.read() as connection:
            place = place_of(connection, film_id, observer, session_item)
            return readings.latest_at(connection, place)

    def history(
        self, film_id: int, observer: str | None = None, *, session_item: int | None = None
    ) -> tuple[ReadingRecord, ...]:
        """See `ReadingStore`."""
        table = readings_table.c
        where = [table.film_id == film_id]
        if observer is not None:
            where += [observers.c.code == observer, table.item_key == (session_item or 0)]
        with self._database.read() as connection:
            films.one_film(connection, self._root, film_id)
            return tuple(readings.all_versions(connection, *where))

    def latest_readings(
        self, *, observer: str | None = None, session: str | None = None
    ) -> tuple[ReadingRecord, ...]:
        """See `ReadingStore`; with `session` only those made in that reading session."""
        with self._database.read() as connection:
            where = [] if observer is None else [observers.c.code == observer]
            if session is not None:
                where.append(readings.in_session(session_id(connection, session)))
            return tuple(readings.latest(connection, *where))

    def noted(self) -> dict[tuple[int, str], tuple[dict[str, Any], ...]]:
        """What the page noted of readings outside of sessions, by film and observer."""
        with self._database.read() as connection:
            return readings.noted(connection)

    def readers(self) -> dict[int, tuple[str, ...]]:
        """See `ReadingStore`."""
        with self._database.read() as connection:
            return readings.readers(connection)

    def readings(
        self, *, patient: str | None = None, observer: str | None = None
    ) -> tuple[ReadingRecord, ...]:
        """Every confirmed version, of one patient or observer if named."""
        where = [] if observer is None else [observers.c.code == observer]
        if patient is not None:
            where.append(readings.of_patient(patient))
        with self._database.read() as connection:
            return tuple(readings.all_versions(connection, *where))


_WHO = select(
    select(observers.c.id).where(observers.c.code == bindparam("observer")).scalar_subquery(),
    select(films_table.c.id).where(films_table.c.id == bindparam("film")).scalar_subquery(),
)
"""Number of an observer, and of a film if there is that film: one question, built once."""


def observer_on_film(connection: Connection, observer: str, film_id: int) -> int:
    """Number of an observer; refuses one that is unknown, and an unknown film."""
    who, film = connection.execute(_WHO, {"observer": observer, "film": film_id}).one()
    if who is None or film is None:
        who = observer_id(connection, observer)
        films.require_film(connection, film_id)
    return int(who)


def place_of(
    connection: Connection, film_id: int, observer: str, session_item: int | None
) -> Place:
    """Where a reading belongs; refuses what is unknown or another observer's."""
    who = observer_on_film(connection, observer, film_id)
    session = (
        None
        if session_item is None
        else session_locks.require_item(connection, session_item, film_id, who)
    )
    return Place(
        film_id=film_id,
        observer_id=who,
        observer=observer,
        session_item=session_item,
        session=session,
    )
