"""What an annotator needs of a store; `Study` and `FolderStore` both offer it.

Optimistic locking, the same in both: a writer says which state it has seen (`etag` of a draft,
`base_version` of a confirmed reading) and gets `StudyConflictError`, carrying the current state, if
somebody was faster. Nothing is ever overwritten unseen, and nothing confirmed is ever changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from kyphometer.reading import Reading
from kyphometer.store.records import (
    DraftRecord,
    FilmRecord,
    MarkingLog,
    ReadingRecord,
    Stored,
    WorkItem,
)
from kyphometer.store.scan.report import ScanReport


class ReadingStore(Protocol):
    """Films with the readings and drafts that observers made on them.

    Every method may be called from any thread. `session_item` is the number of a work-list item of
    a reading session, None outside of sessions; a folder knows no sessions.
    """

    def films(self) -> Sequence[FilmRecord]:
        """All films, in a stable order (by patient, date, number)."""
        ...

    def add_films(self, folder: Path, /) -> ScanReport:
        """Take up the films of a folder, an archive or a file, and say what it holds."""
        ...

    def film(self, film_id: int) -> FilmRecord:
        """One film.

        Raises
        ------
        UnknownRecordError
            If there is no such film.
        """
        ...

    def film_path(self, film_id: int) -> Path:
        """Where the file of a film is now.

        Raises
        ------
        UnknownRecordError
            If there is no such film, or its file was moved away since it was last seen.
        """
        ...

    def work_list(self, observer: str, *, session: str | None = None) -> Sequence[WorkItem]:
        """What an observer has read and still has to read.

        Outside of sessions all films, in the order of `films()`; inside a session that observer's
        open items in their blinded order.
        """
        ...

    def readers(self) -> Mapping[int, Sequence[str]]:
        """Observers who have a confirmed reading outside of sessions, by film; none, no entry."""
        ...

    def draft(
        self, film_id: int, observer: str, *, session_item: int | None = None
    ) -> DraftRecord | None:
        """The unfinished reading of an observer, or None."""
        ...

    def stored(self, film_id: int, observer: str, *, session_item: int | None = None) -> Stored:
        """Draft and latest confirmed reading of an observer, as they are at one moment."""
        ...

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
        """Save an unfinished reading.

        Parameters
        ----------
        document
            Any JSON object; checked only when the reading is confirmed.
        etag
            Tag of the draft that this one replaces; None if none was there.
        base_version
            Confirmed version that the draft started from; 0 if there was none.

        Returns
        -------
        draft
            What was saved, with its new `etag`.

        Raises
        ------
        StudyConflictError
            If another draft or a newer confirmed version is there; `current` holds it.
        """
        ...

    def discard_draft(
        self, film_id: int, observer: str, *, etag: str, session_item: int | None = None
    ) -> None:
        """Throw a draft away; nothing happens if there is none.

        Raises
        ------
        StudyConflictError
            If the draft is not the one that `etag` names.
        """
        ...

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
        """Confirm a reading. When this returns it is on disk, and the observer's draft is gone.

        Sending the same reading again after an answer got lost returns what was saved.

        Parameters
        ----------
        base_version
            Latest confirmed version that the caller has seen; 0 for a first reading.
        reason
            Why an earlier version is corrected; needed if `base_version` is not 0.
        draft_etag
            Tag of the draft that becomes this reading; None if there is no draft.
        log
            How the film was read.

        Raises
        ------
        StudyConflictError
            If a newer version was confirmed (`current` is its `ReadingRecord`), or another draft
            was saved (`current` is its `DraftRecord`).
        ReadingFilmMismatchError
            If the reading was made on another film.
        StudyRefusedError
            If the reason is missing, or the session item is locked.
        """
        ...

    def latest_reading(
        self, film_id: int, observer: str, *, session_item: int | None = None
    ) -> ReadingRecord | None:
        """The latest confirmed version, or None."""
        ...

    def history(
        self, film_id: int, observer: str | None = None, *, session_item: int | None = None
    ) -> Sequence[ReadingRecord]:
        """Every confirmed version on a film, oldest first; of one observer, or of all if None."""
        ...

    def latest_readings(self, *, observer: str | None = None) -> Sequence[ReadingRecord]:
        """The latest confirmed version of each film and observer, outside and inside sessions."""
        ...

    # ------------------------------------------------------------------------------ archives

    def films_folder(self) -> Path | None:
        """Where films that are fetched or handed in come to lie; None if there is no place."""
        ...

    def note_deed(self, action: str, subject: str, details: Mapping[str, Any]) -> None:
        """Write a deed into the audit trail, where there is one; a folder has none."""
        ...
