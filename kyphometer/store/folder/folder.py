"""Readings beside their films, without a study: the same promises as a study, on plain files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from kyphometer.errors import (
    StudyRefusedError,
    UnknownRecordError,
)
from kyphometer.reading import Reading
from kyphometer.store.database.clock import from_text, now_text
from kyphometer.store.films.belonging import belonging_document, require_same_film
from kyphometer.store.films.file_reader import DicomReader, FilmReader
from kyphometer.store.folder.atomic import locked, told
from kyphometer.store.folder.files import Listing, ReadingFiles, Version, observers_of
from kyphometer.store.folder.films import FolderFilms
from kyphometer.store.readings import rules
from kyphometer.store.readings.documents import checked_text, to_json
from kyphometer.store.records import (
    DraftRecord,
    FilmRecord,
    MarkingLog,
    ReadingRecord,
    Stored,
    WorkItem,
    state_of,
)
from kyphometer.store.scan.report import Progress, ScanFailure, ScanReport


class FolderStore:
    """`ReadingStore` on a folder of films, or on one film; its methods are described there.

    The folder is looked through when the store is made, and again when `films` is asked for: films
    that arrive meanwhile appear.

    Attributes
    ----------
    failed
        Films that cannot be read, and why.
    passed_over
        Entries that are no films, or could not be looked at, and why.
    """

    def __init__(
        self,
        target: str | os.PathLike[str],
        *,
        reader: FilmReader | None = None,
        all_frames: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._root = Path(os.path.realpath(Path(target).expanduser()))
        if not self._root.exists():
            raise StudyRefusedError("nothing_there", place=self._root)
        self._reader: FilmReader = reader or DicomReader()
        self._found = FolderFilms(self._root, self._reader, all_frames=all_frames)
        self._found.look(progress)

    @property
    def root(self) -> Path:
        """The folder, or the one film."""
        return self._root

    @property
    def failed(self) -> tuple[ScanFailure, ...]:
        """Films that cannot be read, and why."""
        return self._found.failed

    @property
    def passed_over(self) -> tuple[ScanFailure, ...]:
        """Entries that are no films, or could not be looked at, and why."""
        return self._found.passed_over

    # ------------------------------------------------------------------------------- films

    def films(self) -> tuple[FilmRecord, ...]:
        """See `ReadingStore`; what arrived in the folder since the last look is there too."""
        self._found.look()
        return self._found.films()

    def film(self, film_id: int) -> FilmRecord:
        """See `ReadingStore`."""
        found = self._found.film(film_id)
        if found is None:
            raise UnknownRecordError("unknown_film", name=film_id)
        return found

    def add_films(self, folder: Path, /) -> ScanReport:
        """See `ReadingStore`."""
        return self._found.take_up(folder)

    def film_path(self, film_id: int) -> Path:
        """See `ReadingStore`."""
        path = Path(str(self.film(film_id).path_text))
        if not path.is_file():
            raise UnknownRecordError("file_moved", name=path.name)
        return path

    def work_list(self, observer: str, *, session: str | None = None) -> tuple[WorkItem, ...]:
        """See `ReadingStore`."""
        if session is not None:
            _no_sessions()
        return tuple(self._work_item(film, observer) for film in self._found.films())

    def _work_item(self, film: FilmRecord, observer: str) -> WorkItem:
        kept = self._files(film.id, observer)
        with told(self._root):
            latest = kept.latest()
            has_draft = kept.draft() is not None
        version = latest.number if latest else 0
        state = state_of(version, has_draft=has_draft)
        return WorkItem(film_id=film.id, version=version, state=state)

    def readers(self) -> dict[int, tuple[str, ...]]:
        """See `ReadingStore`; every folder is listed once."""
        listed: dict[Path, Listing] = {}
        found = {}
        for film in self._found.films():
            path = Path(str(film.path_text))
            if path.parent not in listed:
                listed[path.parent] = Listing(path.parent)
            if names := observers_of(path, self._frame(film), listed[path.parent]):
                found[film.id] = tuple(names)
        return found

    # ---------------------------------------------------------------------------- archives

    def films_folder(self) -> Path | None:
        """See `ReadingStore`: the folder itself."""
        return self._root if self._root.is_dir() else None

    def note_deed(self, action: str, subject: str, details: Mapping[str, Any]) -> None:
        """See `ReadingStore`: a folder keeps no trail."""

    # ------------------------------------------------------------------------------ drafts

    def draft(
        self, film_id: int, observer: str, *, session_item: int | None = None
    ) -> DraftRecord | None:
        """See `ReadingStore`."""
        kept = self._files(film_id, observer, session_item)
        with told(self._root):
            found = kept.draft()
        return None if found is None else _draft(film_id, observer, found)

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
        to_json(document)
        with self._writing(film_id, observer, session_item) as kept:
            known = self._known(kept, film_id, observer)
            rules.require_seen(known, base_version=base_version, etag=etag)
            row = {
                "format": "kyphometer-draft",
                "version": 1,
                "etag": secrets.token_hex(12),
                "base_version": base_version,
                "saved_at": now_text(),
                "document": dict(document),
            }
            kept.write_draft(row)
        return _draft(film_id, observer, row)

    def discard_draft(
        self, film_id: int, observer: str, *, etag: str, session_item: int | None = None
    ) -> None:
        """See `ReadingStore`."""
        with self._writing(film_id, observer, session_item) as kept:
            known = self._known(kept, film_id, observer)
            if known.draft is not None:
                rules.require_draft(known, etag)
                kept.drop_draft()

    # ---------------------------------------------------------------------------- readings

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
        log: MarkingLog | None = None,  # noqa: ARG002 - a folder keeps no logs
    ) -> ReadingRecord:
        """See `ReadingStore`; how the film was read is not kept."""
        film = self._hashed(film_id)
        document = to_json(belonging_document(reading, film, observer))
        reason = checked_text(reason, "reason")
        with self._writing(film_id, observer, session_item) as kept:
            kept.settle()
            known = self._known(kept, film_id, observer)
            if known.reading and rules.is_repeat(known, document, base_version):
                return known.reading
            rules.require_seen(known, base_version=base_version, etag=draft_etag)
            rules.require_reason(known, reason)
            version = Version(
                number=base_version + 1,
                document_json=document,
                reason=reason,
                saved_at=now_text(),
                saved_by=observer,
            )
            kept.add(version)
            kept.drop_draft()
        return _record(film_id, observer, version)

    def _hashed(self, film_id: int) -> FilmRecord:
        film = self.film(film_id)
        if film.sha256_pixels is None:
            found = self._reader.read_film(self.film_path(film_id), film.frame)
            require_same_film(replace(found.reference, frame=film.frame), film.reference)
            film = replace(film, sha256_pixels=found.sha256_pixels)
            self._found.keep(film)
        return film

    def latest_reading(
        self, film_id: int, observer: str, *, session_item: int | None = None
    ) -> ReadingRecord | None:
        """See `ReadingStore`."""
        kept = self._files(film_id, observer, session_item)
        with told(self._root):
            return self._latest(kept, film_id, observer)

    def _latest(self, kept: ReadingFiles, film_id: int, observer: str) -> ReadingRecord | None:
        found = kept.latest()
        return _record(film_id, observer, found) if found else None

    def stored(self, film_id: int, observer: str, *, session_item: int | None = None) -> Stored:
        """See `ReadingStore`."""
        kept = self._files(film_id, observer, session_item)
        with told(self._root):
            return self._known(kept, film_id, observer)

    def _known(self, kept: ReadingFiles, film_id: int, observer: str) -> Stored:
        draft = kept.draft()
        return Stored(
            draft=None if draft is None else _draft(film_id, observer, draft),
            reading=self._latest(kept, film_id, observer),
        )

    def history(
        self, film_id: int, observer: str | None = None, *, session_item: int | None = None
    ) -> tuple[ReadingRecord, ...]:
        """See `ReadingStore`."""
        names = [observer] if observer is not None else self._observers(film_id)
        with told(self._root):
            return tuple(
                _record(film_id, name, version)
                for name in names
                for version in self._files(film_id, name, session_item).versions()
            )

    def latest_readings(self, *, observer: str | None = None) -> tuple[ReadingRecord, ...]:
        """See `ReadingStore`."""
        found = []
        for film_id in (film.id for film in self._found.films()):
            names = [observer] if observer is not None else self._observers(film_id)
            found += [self.latest_reading(film_id, name) for name in names]
        return tuple(record for record in found if record is not None)

    # ------------------------------------------------------------------------------- files

    def _observers(self, film_id: int) -> list[str]:
        film = self.film(film_id)
        return observers_of(Path(str(film.path_text)), self._frame(film))

    def _frame(self, film: FilmRecord) -> int | None:
        return film.frame if self._found.is_one_of_several(film.id) else None

    def _files(self, film_id: int, observer: str, session_item: int | None = None) -> ReadingFiles:
        if session_item is not None:
            _no_sessions()
        film = self.film(film_id)
        return ReadingFiles(Path(str(film.path_text)), observer, self._frame(film))

    @contextmanager
    def _writing(
        self, film_id: int, observer: str, session_item: int | None
    ) -> Iterator[ReadingFiles]:
        kept = self._files(film_id, observer, session_item)
        with told(self._root), locked(kept.lock):
            yield kept


def _no_sessions() -> None:
    raise UnknownRecordError("no_sessions_in_folder")


def _draft(film_id: int, observer: str, found: Mapping[str, Any]) -> DraftRecord:
    return DraftRecord(
        film_id=film_id,
        observer=observer,
        etag=found["etag"],
        base_version=found["base_version"],
        document_json=to_json(found["document"]),
        saved_at=from_text(found["saved_at"]),
    )


def _record(film_id: int, observer: str, version: Version) -> ReadingRecord:
    return ReadingRecord(
        id=film_id,
        film_id=film_id,
        observer=observer,
        version=version.number,
        document_json=version.document_json,
        reason=version.reason,
        saved_at=from_text(version.saved_at),
        saved_by=version.saved_by,
    )
