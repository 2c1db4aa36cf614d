"""Drafts and confirmed readings of one reader on one film, with the tag of their state.

A tag names what the page has seen: the version that is confirmed and the draft on top of it. A page
that has not seen the present state is told so and gets it; nothing is overwritten unseen.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kyphometer.errors import StudyConflictError
from kyphometer.reading import Reading
from kyphometer.reading.document import reading_to_dict
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import DraftRecord, ReadingRecord
from kyphometer.web.reader.answer import Answer
from kyphometer.web.reader.service import ConfirmNote

_EPHEMERAL = ("created", "software")


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


@dataclass(frozen=True, slots=True)
class State:
    """What is stored for one reader on one film."""

    draft: DraftRecord | None
    reading: ReadingRecord | None

    @property
    def tag(self) -> Tag:
        """The tag of this state."""
        version = 0 if self.reading is None else self.reading.version
        return Tag(version, None if self.draft is None else self.draft.etag)

    def answer(self) -> Answer:
        """What the page is told: the draft if there is one, else the reading."""
        shown = self.draft or self.reading
        source = "none" if shown is None else "reading" if self.draft is None else "draft"
        return {
            "document": None if shown is None else shown.document,
            "etag": str(self.tag),
            "version": self.tag.version,
            "source": source,
            "status": "unread" if shown is None else "read" if self.draft is None else "draft",
        }


class DocumentConflictError(StudyConflictError):
    """Another page or another person was faster; carries what is stored now."""

    def __init__(self, state: State) -> None:
        super().__init__("This reading was changed in another window or by another program", state)
        self.kind = "StudyConflictError"
        answer = state.answer()
        self.members = {key: answer[key] for key in ("etag", "document", "version", "source")}


class ReadingVersions:
    """Reads and writes one reader's documents; one writer at a time in this process."""

    def __init__(self, store: ReadingStore, observer: str) -> None:
        self._store = store
        self._observer = observer
        self._lock = threading.Lock()

    def state(self, film_id: int, item: int | None = None) -> State:
        """What is stored now."""
        return State(
            self._store.draft(film_id, self._observer, session_item=item),
            self._store.latest_reading(film_id, self._observer, session_item=item),
        )

    def save_draft(
        self, film_id: int, document: Mapping[str, Any], base: str | None, item: int | None = None
    ) -> Tag:
        """Save an unfinished reading that was made on the state `base`."""
        with self._lock:
            seen = self._expect(film_id, base, item)
            try:
                saved = self._store.save_draft(
                    film_id,
                    self._observer,
                    document,
                    etag=seen.draft,
                    base_version=seen.version,
                    session_item=item,
                )
            except StudyConflictError:
                raise DocumentConflictError(self.state(film_id, item)) from None
            return replace(seen, draft=saved.etag)

    def discard_draft(self, film_id: int, base: str | None, item: int | None = None) -> State:
        """Throw the draft of the state `base` away."""
        with self._lock:
            seen = self._expect(film_id, base, item)
            if seen.draft is not None:
                try:
                    self._store.discard_draft(
                        film_id, self._observer, etag=seen.draft, session_item=item
                    )
                except StudyConflictError:
                    raise DocumentConflictError(self.state(film_id, item)) from None
            return self.state(film_id, item)

    def confirm(
        self,
        film_id: int,
        reading: Reading,
        base: str | None,
        note: ConfirmNote,
        item: int | None = None,
    ) -> Tag:
        """Confirm a reading that was made on the state `base`."""
        with self._lock:
            if self._is_repeat(film_id, reading, base, item):
                return self.state(film_id, item).tag
            seen = self._expect(film_id, base, item)
            try:
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
            except StudyConflictError:
                raise DocumentConflictError(self.state(film_id, item)) from None
            return Tag(saved.version)

    def _expect(self, film_id: int, base: str | None, item: int | None) -> Tag:
        state, seen = self.state(film_id, item), Tag.parse(base)
        if seen != state.tag:
            raise DocumentConflictError(state)
        return state.tag

    def _is_repeat(
        self, film_id: int, reading: Reading, base: str | None, item: int | None
    ) -> bool:
        """True if this very reading is already there, because an answer got lost on its way."""
        state, seen = self.state(film_id, item), Tag.parse(base)
        if seen is None or state.reading is None or state.draft is not None:
            return False
        if state.reading.version != seen.version + 1:
            return False
        return _content(state.reading.document) == _content(reading_to_dict(reading))


def _content(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in _EPHEMERAL}
