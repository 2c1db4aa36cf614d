"""Drafts and confirmed readings of one reader on one film, with the tag of their state.

A tag names what the page has seen: the version that is confirmed and the draft on top of it. A page
that has not seen the present state is told so and gets it; nothing is overwritten unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kyphometer.errors import StudyConflictError
from kyphometer.reading import Reading
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import Stored
from kyphometer.web.reader.service import ConfirmNote
from kyphometer.web.wire.base import STATE
from kyphometer.web.wire.marks import Document


@dataclass(frozen=True, slots=True)
class Tag:
    """A state: the latest confirmed version (0: none) and the draft on top of it, if any."""

    version: int = 0
    draft: str | None = None

    def __str__(self) -> str:
        return f"{self.version}.{self.draft or ''}"

    @classmethod
    def parse(cls, text: str | None) -> Tag | None:
        """The tag that a page sent back; None if it is none of ours."""
        version, dot, draft = (text or "0.").partition(".")
        if not dot or not version.isascii() or not version.isdigit() or len(version) > 9:
            return None
        return cls(int(version), draft or None)


def tag_of(stored: Stored) -> Tag:
    """The tag of what is stored."""
    return Tag(stored.version, stored.etag)


def stored_view(stored: Stored) -> Document:
    """What the page is told: the draft if there is one, else the reading."""
    shown = stored.draft or stored.reading
    return Document(
        document=None if shown is None else shown.document,
        etag=str(tag_of(stored)),
        version=stored.version,
        source="none" if shown is None else "reading" if stored.draft is None else "draft",
        status="unread" if shown is None else "read" if stored.draft is None else "draft",
    )


class DocumentConflictError(StudyConflictError):
    """Another page or another person was faster; carries what is stored now."""

    def __init__(self, stored: Stored) -> None:
        super().__init__("reading_changed", current=stored)
        self.kind = "StudyConflictError"
        answer = stored_view(stored)
        self.members = {key: getattr(answer, key) for key in STATE}


class ReadingVersions:
    """Reads and writes one reader's documents; what may be written is the store's rule."""

    def __init__(self, store: ReadingStore, observer: str) -> None:
        self._store = store
        self._observer = observer

    def stored(self, film_id: int, item: int | None = None) -> Stored:
        """What is stored now."""
        return self._store.stored(film_id, self._observer, session_item=item)

    def save_draft(
        self, film_id: int, document: Mapping[str, Any], base: str | None, item: int | None = None
    ) -> Tag:
        """Save an unfinished reading that was made on the state `base`."""
        with self._telling(film_id, base, item) as seen:
            saved = self._store.save_draft(
                film_id,
                self._observer,
                document,
                etag=seen.draft,
                base_version=seen.version,
                session_item=item,
            )
            return Tag(seen.version, saved.etag)

    def discard_draft(self, film_id: int, base: str | None, item: int | None = None) -> Stored:
        """Throw the draft of the state `base` away."""
        with self._telling(film_id, base, item) as seen:
            if seen.draft is not None:
                self._store.discard_draft(
                    film_id, self._observer, etag=seen.draft, session_item=item
                )
            stored = self.stored(film_id, item)
            if tag_of(stored) != Tag(seen.version):
                raise DocumentConflictError(stored)
            return stored

    def confirm(
        self,
        film_id: int,
        reading: Reading,
        base: str | None,
        note: ConfirmNote,
        item: int | None = None,
    ) -> Tag:
        """Confirm a reading that was made on the state `base`."""
        with self._telling(film_id, base, item) as seen:
            saved = self._store.save_reading(
                reading,
                film_id,
                self._observer,
                base_version=seen.version,
                reason=note.reason,
                draft_etag=seen.draft,
                session_item=item,
                log=note.log,
            )
            return Tag(saved.version)

    @contextmanager
    def _telling(self, film_id: int, base: str | None, item: int | None) -> Iterator[Tag]:
        """The state that the page has seen; a conflict is told with what is stored instead."""
        seen = Tag.parse(base)
        try:
            if seen is None:
                raise StudyConflictError("state_unknown")
            yield seen
        except DocumentConflictError:
            raise
        except StudyConflictError:
            raise DocumentConflictError(self.stored(film_id, item)) from None
