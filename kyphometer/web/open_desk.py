"""The desk of a reader who may see everything: names, visits, earlier films and values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import kyphometer
from kyphometer.errors import FilmError, UnknownRecordError
from kyphometer.store.records import ReadingState
from kyphometer.web.confirming import checked_reading
from kyphometer.web.desk import FilmSource
from kyphometer.web.drawer import Drawer
from kyphometer.web.film_views import facts_view, geometry_view, identity_view, pixels_view
from kyphometer.web.measure_views import draft_reading, measure_answer
from kyphometer.web.work_views import (
    STATUS,
    film_line,
    line_view,
    matching,
    matching_failed,
    progress,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kyphometer.film import FilmHeader
    from kyphometer.reading import Reading
    from kyphometer.store.protocol import ReadingStore
    from kyphometer.store.records import FilmRecord, WorkItem
    from kyphometer.web.desk import Answer, ConfirmNote, WorkQuery
    from kyphometer.web.work_views import FailedFile


class OpenDesk:
    """One observer, one store, nothing hidden."""

    is_blinded = False

    def __init__(
        self,
        store: ReadingStore,
        observer: str,
        *,
        corner_sd_mm: float,
        may_assist: bool,
        failed: Sequence[FailedFile] = (),
    ) -> None:
        self._store = store
        self._observer = observer
        self._drawer = Drawer(store, observer)
        self._corner_sd_mm = corner_sd_mm
        self._failed = failed
        self.may_assist = may_assist

    # ------------------------------------------------------------------------------ looking

    def work_list(self, query: WorkQuery) -> Answer:
        """A page of the films to read, with progress."""
        films = {film.id: film for film in self._store.films()}
        items = self._store.work_list(self._observer)
        lines = matching(((item, films[item.film_id]) for item in items), query)
        failed = matching_failed(self._failed, query)
        end = query.offset + query.limit
        shown = [
            line_view(item, film, self._fractured(item)) for item, film in lines[query.offset : end]
        ]
        shown += failed[max(0, query.offset - len(lines)) : max(0, end - len(lines))]
        return {
            "total": len(lines) + len(failed),
            "progress": progress(items, self._failed),
            "items": shown,
        }

    def _fractured(self, item: WorkItem) -> Sequence[str]:
        if item.state is ReadingState.UNREAD:
            return ()
        document = self._drawer.state(item.film_id).answer()["document"] or {}
        levels = document.get("fractured_levels")
        return [str(level) for level in levels] if isinstance(levels, list) else ()

    def film(self, film_id: str) -> Answer:
        """Everything the page shows about a film but its pixels."""
        record = self._record(film_id)
        answer = {
            **film_line(record),
            "rows": record.rows,
            "columns": record.columns,
            "facing": record.facing,
            "view": None,
            "facts": [],
            "warnings": list(record.facts.get("warnings", ())),
            "geometry": geometry_view(record.geometry),
            "pixels": None,
            "siblings": self._siblings(record),
            "previous": self._previous(record),
            "next": self._next(record),
            "error": None,
        }
        try:
            header = _header(*self._file(record))
        except (FilmError, UnknownRecordError) as error:
            answer["error"] = str(error)
            return answer
        answer["facts"] = identity_view(header.acquisition) + facts_view(header)
        answer["view"] = header.acquisition.view
        answer["pixels"] = pixels_view(header.rendering)
        return answer

    def _siblings(self, record: FilmRecord) -> list[Answer]:
        states = {item.film_id: item.state for item in self._store.work_list(self._observer)}
        return [
            {**film_line(film), "status": STATUS[states.get(film.id, ReadingState.UNREAD)]}
            for film in self._of_patient(record)
        ]

    def _of_patient(self, record: FilmRecord) -> list[FilmRecord]:
        """All films of that patient, oldest first; only the film itself if nobody knows whose."""
        if record.patient is None:
            return [record]
        films = [film for film in self._store.films() if film.patient == record.patient]
        return sorted(films, key=_age)

    def _previous(self, record: FilmRecord) -> str | None:
        earlier = [film for film in self._of_patient(record) if _age(film) < _age(record)]
        return str(earlier[-1].id) if earlier and record.taken_on else None

    def _next(self, record: FilmRecord) -> str | None:
        """The next film of the work list that is not finished, round the end."""
        items = list(self._store.work_list(self._observer))
        here = next((i for i, item in enumerate(items) if item.film_id == record.id), -1)
        for item in (*items[here + 1 :], *items[: max(here, 0)]):
            if STATUS[item.state] != "read":
                return str(item.film_id)
        return None

    def source(self, film_id: str) -> FilmSource:
        """Where the pixels are."""
        record = self._record(film_id)
        path, stamp = self._file(record)
        syntax = _header(path, stamp).transfer_syntax_uid
        return FilmSource(path=path, frame=record.frame, stamp=stamp, syntax=syntax)

    def _file(self, record: FilmRecord) -> tuple[Path, tuple[int, int]]:
        """The film's file, with what changes when the file changes."""
        path = self._store.film_path(record.id)
        try:
            facts = path.stat()
        except OSError as error:
            problem = f"The file of film '{record.name}' cannot be opened ({error.strerror})"
            raise FilmError(f"{problem}; bring it back or add the films again.") from None
        return path, (facts.st_size, facts.st_mtime_ns)

    def next_film(self, film_id: str) -> str | None:
        """The next unfinished film of the work list."""
        return self._next(self._record(film_id))

    # ------------------------------------------------------------------------------ marking

    def document(self, film_id: str) -> Answer:
        """The reader's draft, or else the latest confirmed reading, with its tag."""
        return self._drawer.state(self._record(film_id).id).answer()

    def save_draft(self, film_id: str, document: Mapping[str, Any], base: str | None) -> Answer:
        """Save an unfinished reading made on the state `base`."""
        return {"etag": str(self._drawer.save_draft(self._record(film_id).id, document, base))}

    def discard_draft(self, film_id: str, base: str | None) -> Answer:
        """Throw the draft `base` away."""
        return self._drawer.discard_draft(self._record(film_id).id, base).answer()

    def confirm(
        self, film_id: str, document: Mapping[str, Any], base: str | None, note: ConfirmNote
    ) -> Answer:
        """Confirm a reading made on the state `base`, under this reader's name."""
        record = self._record(film_id)
        film = replace(record.reference, sha256_pixels=note.sha256_pixels)
        reading = checked_reading(document, film, record.geometry, record.header_facing)
        signed = replace(
            reading,
            observer=self._observer,
            session=None,
            created=datetime.now(UTC),
            software=f"kyphometer {kyphometer.__version__}",
        )
        tag = self._drawer.confirm(record.id, signed, base, note)
        measured = self._measured(film_id, signed)["measurements"]
        return {"etag": str(tag), "version": tag.version, "measured": measured}

    def measure(self, film_id: str, document: Mapping[str, Any]) -> Answer:
        """Everything that can be said about the marks so far."""
        reading = draft_reading(document, self._record(film_id).reference)
        return self._measured(film_id, reading)

    def _measured(self, film_id: str, reading: Reading) -> Answer:
        record = self._record(film_id)
        return measure_answer(reading, record.geometry, record.header_facing, self._corner_sd_mm)

    def _record(self, film_id: str) -> FilmRecord:
        if not (film_id.isascii() and film_id.isdigit() and len(film_id) <= 15):
            raise UnknownRecordError("film", film_id[:40], "go back to the work list")
        return self._store.film(int(film_id))


def _age(film: FilmRecord) -> tuple[str, int]:
    return (film.taken_on.isoformat() if film.taken_on else "", film.id)


@lru_cache(maxsize=512)
def _header(path: Path, _stamp: tuple[int, int]) -> FilmHeader:
    """Header of a file; read again when the file changes."""
    from kyphometer.dicom import read_header

    return read_header(path)
