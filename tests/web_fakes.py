"""A store in memory for tests of the web server: the protocol's rules and nothing else."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kyphometer.errors import UnknownRecordError
from kyphometer.reading.document import reading_to_dict
from kyphometer.store.readings import rules
from kyphometer.store.records import (
    DraftRecord,
    FilmRecord,
    ReadingRecord,
    ReadingState,
    Stored,
    WorkItem,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kyphometer.reading import Reading
    from kyphometer.store.records import MarkingLog


class MemoryStore:
    """Films with readings, in memory."""

    def __init__(self, films: Sequence[FilmRecord]) -> None:
        self._films = {film.id: film for film in films}
        self._drafts: dict[tuple[int, str, int | None], DraftRecord] = {}
        self._readings: dict[tuple[int, str, int | None], list[ReadingRecord]] = {}
        self.logs: list[MarkingLog | None] = []
        self._counter = 0
        self._lock = threading.RLock()

    def films_folder(self):
        """A store in memory has no place for files."""
        return

    def note_deed(self, action, subject, details):
        """Nor an audit trail."""

    def films(self) -> Sequence[FilmRecord]:
        return list(self._films.values())

    def film(self, film_id: int) -> FilmRecord:
        if film_id not in self._films:
            raise UnknownRecordError("unknown_film", name=film_id)
        return self._films[film_id]

    def film_path(self, film_id: int) -> Path:
        path = self.film(film_id).path
        if path is None:
            raise UnknownRecordError("file_moved", name=film_id)
        return path

    def work_list(self, observer: str, *, session: str | None = None) -> Sequence[WorkItem]:
        items = []
        for film in self._films.values():
            draft = self.draft(film.id, observer)
            latest = self.latest_reading(film.id, observer)
            version = latest.version if latest else 0
            if draft:
                state = ReadingState.CORRECTING if latest else ReadingState.DRAFT
            else:
                state = ReadingState.CONFIRMED if latest else ReadingState.UNREAD
            items.append(WorkItem(film_id=film.id, state=state, version=version))
        return items

    def readers(self) -> Mapping[int, Sequence[str]]:
        found: dict[int, list[str]] = {}
        for film_id, observer, item in sorted(self._readings, key=str):
            if item is None:
                found.setdefault(film_id, []).append(observer)
        return found

    def draft(
        self, film_id: int, observer: str, *, session_item: int | None = None
    ) -> DraftRecord | None:
        return self._drafts.get((film_id, observer, session_item))

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
        with self._lock:
            key = (film_id, observer, session_item)
            rules.require_seen(self._known(key), base_version=base_version, etag=etag)
            self._counter += 1
            saved = DraftRecord(
                film_id=film_id,
                observer=observer,
                session_item=session_item,
                etag=f"e{self._counter}",
                base_version=base_version,
                document_json=json.dumps(document),
                saved_at=datetime.now(UTC),
            )
            self._drafts[key] = saved
            return saved

    def discard_draft(
        self, film_id: int, observer: str, *, etag: str, session_item: int | None = None
    ) -> None:
        with self._lock:
            key = (film_id, observer, session_item)
            if key in self._drafts:
                rules.require_draft(self._known(key), etag)
                del self._drafts[key]

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
        with self._lock:
            key = (film_id, observer, session_item)
            known = self._known(key)
            document = json.dumps(reading_to_dict(reading))
            if known.reading and rules.is_repeat(known, document, base_version):
                return known.reading
            rules.require_seen(known, base_version=base_version, etag=draft_etag)
            rules.require_reason(known, reason or "")
            self._counter += 1
            saved = ReadingRecord(
                id=self._counter,
                film_id=film_id,
                observer=observer,
                session_item=session_item,
                version=base_version + 1,
                document_json=document,
                reason=reason or "",
                saved_at=datetime.now(UTC),
                saved_by=observer,
            )
            self._readings.setdefault(key, []).append(saved)
            self._drafts.pop(key, None)
            self.logs.append(log)
            return saved

    def stored(self, film_id: int, observer: str, *, session_item: int | None = None) -> Stored:
        return self._known((film_id, observer, session_item))

    def _known(self, key: tuple[int, str, int | None]) -> Stored:
        versions = self._readings.get(key)
        return Stored(draft=self._drafts.get(key), reading=versions[-1] if versions else None)

    def latest_reading(
        self, film_id: int, observer: str, *, session_item: int | None = None
    ) -> ReadingRecord | None:
        versions = self._readings.get((film_id, observer, session_item))
        return versions[-1] if versions else None

    def history(
        self, film_id: int, observer: str | None = None, *, session_item: int | None = None
    ) -> Sequence[ReadingRecord]:
        return [
            record
            for (film, who, _), versions in self._readings.items()
            if film == film_id and observer in (None, who)
            for record in versions
        ]

    def latest_readings(self, *, observer: str | None = None) -> Sequence[ReadingRecord]:
        return [
            versions[-1]
            for (_, who, _), versions in self._readings.items()
            if versions and observer in (None, who)
        ]


def film_record(number: int, path: Path | None = None, **changes: Any) -> FilmRecord:
    """A calibrated film of 900 x 1800 pixels."""
    film = FilmRecord(
        id=number,
        path_text=None if path is None else str(path),
        rows=1800,
        columns=900,
        row_mm=0.15,
        column_mm=0.15,
        spacing_source="calibrated",
        spacing_in_patient=True,
    )
    return replace(film, **changes)
