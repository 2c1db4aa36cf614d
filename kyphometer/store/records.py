"""What the store hands out: plain, frozen records. Knows no database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from kyphometer.film import FilmReference, Position
from kyphometer.geometry import Facing, PixelGeometry, SpacingSource
from kyphometer.reading import Reading


class ReadingState(StrEnum):
    """How far an observer is with a film."""

    UNREAD = "unread"
    DRAFT = "draft"
    """A draft was saved, nothing is confirmed yet."""
    CONFIRMED = "confirmed"
    CORRECTING = "correcting"
    """A reading is confirmed and a draft of its correction was saved."""


def state_of(version: int, *, has_draft: bool) -> ReadingState:
    """How far a film is whose latest confirmed reading is `version` (0: none)."""
    if has_draft:
        return ReadingState.CORRECTING if version else ReadingState.DRAFT
    return ReadingState.CONFIRMED if version else ReadingState.UNREAD


def copy_words(copy_of: int | None, how: str | None) -> str:
    """What a film is a copy of and how it differs, in words; empty if it is none."""
    if copy_of is None:
        return ""
    return f"a copy of film {copy_of}" + (f" ({how})" if how else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmRecord:
    """A film that the store knows; flat, so that tens of thousands are listed quickly.

    Attributes
    ----------
    id
        Number of the film in its store; says nothing about patient or visit.
    path_text
        Last place where its file was seen, or None; see `path`.
    patient
        Code of the patient, or None if unknown.
    visit
        Visit that the film was put to, or None.
    sop_instance_uid, frame, sha256_pixels, rows, columns
        See `kyphometer.film.FilmReference`; the hash is None until the pixels were decoded.
    row_mm, column_mm, aspect, spacing_source, spacing_in_patient
        See `kyphometer.geometry.PixelGeometry`.
    taken_on, taken_at
        Day and time (ISO 8601) of the exposure, or None.
    copy_of, copy_how
        The film that this one is a copy of, or None, and how it differs from it, in words.
    facts_json
        Further header facts and warnings, as JSON; see `facts`.
    """

    id: int
    path_text: str | None
    patient: str | None = None
    visit: str | None = None
    sop_instance_uid: str | None = None
    frame: int = 1
    sha256_pixels: str | None = None
    rows: int
    columns: int
    row_mm: float | None = None
    column_mm: float | None = None
    aspect: float = 1.0
    spacing_source: str = SpacingSource.NONE.value
    spacing_in_patient: bool = False
    taken_on: date | None = None
    taken_at: str | None = None
    position: str = Position.UNKNOWN.value
    facing: str | None = None
    is_lateral: bool | None = None
    copy_of: int | None = None
    copy_how: str = ""
    facts_json: str = "{}"

    @property
    def path(self) -> Path | None:
        """Last place where its file was seen."""
        return None if self.path_text is None else Path(self.path_text)

    @property
    def name(self) -> str:
        """File name, or a name made of the number where no file was seen."""
        return f"film {self.id}" if self.path is None else self.path.name

    @property
    def called_copy(self) -> str:
        """What it is a copy of and how it differs, in words; empty if it is none."""
        return copy_words(self.copy_of, self.copy_how)

    @property
    def reference(self) -> FilmReference:
        """Identity and size of the film."""
        return FilmReference(
            rows=self.rows,
            columns=self.columns,
            sop_instance_uid=self.sop_instance_uid,
            frame=self.frame,
            sha256_pixels=self.sha256_pixels,
        )

    @property
    def geometry(self) -> PixelGeometry:
        """Pixel geometry with its source."""
        return PixelGeometry(
            row_mm=self.row_mm,
            column_mm=self.column_mm,
            aspect=self.aspect,
            source=SpacingSource(self.spacing_source),
            in_patient=self.spacing_in_patient,
        )

    @property
    def patient_position(self) -> Position:
        """How the patient was held."""
        return Position(self.position)

    @property
    def header_facing(self) -> Facing | None:
        """Where anterior lies by the header."""
        return None if self.facing is None else Facing(self.facing)

    @property
    def facts(self) -> dict[str, Any]:
        """Further header facts, and `warnings`, a list of sentences."""
        found: dict[str, Any] = json.loads(self.facts_json)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRecord:
    """One confirmed version of a reading; never changed once it was saved.

    Attributes
    ----------
    id
        Number of this version in its store.
    session_item
        Number of the work-list item of a reading session, or None outside of sessions.
    version
        1 for the first reading of this film by this observer (in this session item).
    document_json
        The reading document (format `kyphometer-reading`), compact JSON.
    reason
        Why the version before was corrected; empty for version 1.
    saved_at
        When it was confirmed.
    saved_by
        Who confirmed it.
    """

    id: int
    film_id: int
    observer: str
    session_item: int | None = None
    version: int
    document_json: str
    reason: str = ""
    saved_at: datetime
    saved_by: str

    @property
    def document(self) -> dict[str, Any]:
        """The reading document, decoded afresh at each call."""
        found: dict[str, Any] = json.loads(self.document_json)
        return found

    @property
    def reading(self) -> Reading:
        """The reading, decoded afresh at each call."""
        from kyphometer.reading.document import reading_from_json

        return reading_from_json(self.document_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRecord:
    """An unfinished reading.

    Attributes
    ----------
    etag
        Changes with every save; the next save must name it, so that nobody overwrites what he has
        not seen.
    base_version
        Version of the confirmed reading that it corrects, or 0.
    document_json
        What the browser saved: a reading document, perhaps incomplete, as compact JSON.
    """

    film_id: int
    observer: str
    session_item: int | None = None
    etag: str
    base_version: int
    document_json: str
    saved_at: datetime

    @property
    def document(self) -> dict[str, Any]:
        """The draft's document, decoded afresh at each call."""
        found: dict[str, Any] = json.loads(self.document_json)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What one observer has on one film, seen at one moment.

    Attributes
    ----------
    draft
        The unfinished reading, or None.
    reading
        The latest confirmed version, or None.
    """

    draft: DraftRecord | None
    reading: ReadingRecord | None

    @property
    def version(self) -> int:
        """Number of the latest confirmed version, or 0."""
        return 0 if self.reading is None else self.reading.version

    @property
    def etag(self) -> str | None:
        """Tag of the draft, or None."""
        return None if self.draft is None else self.draft.etag


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """A line of an observer's work list.

    Attributes
    ----------
    code
        What an observer may see of the film inside a blinded session; None outside.
    version
        Latest confirmed version, or 0.
    mirrored
        True if the film is to be shown mirrored.
    """

    film_id: int
    session_item: int | None = None
    code: str | None = None
    state: ReadingState = ReadingState.UNREAD
    version: int = 0
    mirrored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkingLog:
    """How a film was read: kept beside the confirmed reading.

    Attributes
    ----------
    seconds
        Time that the film was open and in use.
    zoom
        Largest magnification used, in screen pixels a film pixel.
    window_center, window_width
        Window last used, in modality values.
    details
        Anything else worth keeping (clicks, undos), as a JSON object.
    """

    seconds: float
    zoom: float | None = None
    window_center: float | None = None
    window_width: float | None = None
    details: dict[str, Any] | None = None
