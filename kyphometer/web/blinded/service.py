"""The service of a reader in a blinded session.

Everything that reaches this reader is built here, in types of `answers`: films are known by codes
that belong to one place of the session's plan; nothing is measured, and errors become codes.
Mirrored showings are mirrored before they go out and mirrored back before they are kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import kyphometer
from kyphometer.anatomy import Level
from kyphometer.errors import (
    FacingError,
    FilmError,
    KyphometerError,
    StudyRefusedError,
    UnknownRecordError,
)
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.measure import ANGLES
from kyphometer.reading import MarkSource, Reading
from kyphometer.reading.checks import check_reading
from kyphometer.reading.facing import derive_facing
from kyphometer.sessions.mirroring import mirror_facing, mirror_reading
from kyphometer.store.records import FilmRecord, MarkingLog
from kyphometer.store.sessions.plans import SessionItemRecord
from kyphometer.store.study.study import Study
from kyphometer.web.blinded.answers import (
    BlindedAssisted,
    BlindedConfirmed,
    BlindedCounts,
    BlindedDocument,
    BlindedFilm,
    BlindedGeometry,
    BlindedLine,
    BlindedMeasured,
    BlindedPixels,
    BlindedSaved,
    BlindedWorkList,
)
from kyphometer.web.blinded.findings import blinded_finding, blinded_missing, facing_finding
from kyphometer.web.blinded.hidden import Hidden
from kyphometer.web.blinded.readings import blinded_assisted, blinded_reading
from kyphometer.web.blinded.refusals import BlindedRefusalError, RefusalCode, refusal
from kyphometer.web.pixels.film_source import FilmSource
from kyphometer.web.pixels.packing import unpack
from kyphometer.web.reader.agreement import study_agreement
from kyphometer.web.reader.assist import Target, assist
from kyphometer.web.reader.confirming import ImpossibleReadingError, checked_reading, draft_reading
from kyphometer.web.reader.film_files import film_header, film_source
from kyphometer.web.reader.needs import needed_endplates, next_intact_helps
from kyphometer.web.reader.service import ConfirmNote
from kyphometer.web.reader.versions import DocumentConflictError, ReadingVersions, tag_of
from kyphometer.web.wire.base import Status
from kyphometer.web.wire.films import WorkQuery
from kyphometer.workflow.session_progress import due_items
from kyphometer.workflow.sessions import SessionRules, session_rules

_LONGEST_SITTING_S = 3600.0
_AROUND_FRACTURE = tuple(code for code, angle in ANGLES.items() if angle.around_fracture)


class BlindedService(Hidden):
    """One observer in one session."""

    is_blinded = True

    def __init__(self, study: Study, observer: str, session: str) -> None:
        self._study = study
        self._observer = observer
        self._session = session
        self._versions = ReadingVersions(study, observer)
        self._rules: SessionRules = session_rules(study, session)
        self._opened: dict[str, float] = {}
        self.agreement = replace(
            study_agreement(study.settings, may_assist=self._rules.assist), levels={}, precision={}
        )

    # ------------------------------------------------------------------------------ looking

    def work_list(self, query: WorkQuery) -> BlindedWorkList:
        """The due items of this observer under their codes, with progress."""
        with self._hiding("session"):
            lines = [
                BlindedLine(film_id=item.code, label=item.code, status=self._status(item))
                for item in due_items(self._study, self._session, self._observer)
            ]
        found = [
            line
            for line in lines
            if _is_asked_for(line, query.status)
            and all(word in line.label.casefold() for word in query.words)
        ]
        states = [line.status for line in lines]
        return BlindedWorkList(
            total=len(found),
            progress=BlindedCounts(
                read=states.count("read"), draft=states.count("draft"), total=len(states)
            ),
            items=found[query.offset : query.offset + query.limit],
        )

    def _status(self, item: SessionItemRecord) -> Status:
        if item.locked_at is not None:
            return "read"
        kept = self._versions.stored(item.film_id, item.id)
        return "unread" if kept.draft is None and kept.reading is None else "draft"

    def film(self, film_id: str) -> BlindedFilm:
        """What the page needs to show the picture, and nothing that tells whose it is."""
        with self._hiding(film_id):
            item = self._item(film_id)
            record = self._study.film(item.film_id)
            if item.locked_at is None:
                self._study.sessions.mark_opened(item.id)
                self._opened[film_id] = time.monotonic()
            pixels, error = None, None
            try:
                film_source(self._study, record)
                pixels = BlindedPixels()
            except (FilmError, UnknownRecordError):
                error = str(BlindedRefusalError(RefusalCode.FILM, film=item.code))
            return BlindedFilm(
                film_id=item.code,
                label=item.code,
                rows=record.rows,
                columns=record.columns,
                facing=_facing(record, item),
                geometry=BlindedGeometry(aspect=round(record.geometry.aspect, 3)),
                pixels=pixels,
                fractured_levels=self._fixed_levels(record),
                next=self._next(item),
                error=error,
            )

    def _fixed_levels(self, record: FilmRecord) -> list[Level]:
        return [Level.parse(name) for name in self._rules.levels_of(record.patient)]

    def source(self, film_id: str) -> FilmSource:
        """Where the pixels are."""
        with self._hiding(film_id):
            item = self._item(film_id)
            record = self._study.film(item.film_id)
            found = film_source(self._study, record, mirrored=item.mirrored)
            return replace(found, alias=item.code, normalised=True)

    def next_film(self, film_id: str) -> str | None:
        """The next unread item of the list."""
        with self._hiding(film_id):
            return self._next(self._item(film_id))

    def _next(self, item: SessionItemRecord) -> str | None:
        items = list(due_items(self._study, self._session, self._observer))
        here = next((i for i, other in enumerate(items) if other.id == item.id), -1)
        for other in (*items[here + 1 :], *items[: max(here, 0)]):
            if other.locked_at is None:
                return other.code
        return None

    # ------------------------------------------------------------------------------ marking

    def document(self, film_id: str) -> BlindedDocument:
        """The reader's draft, or the reading if it was reopened for correction.

        A locked reading stays hidden: nobody is to look up what he marked in an earlier round.
        """
        with self._hiding(film_id):
            return self._shown(self._item(film_id))

    def _shown(self, item: SessionItemRecord) -> BlindedDocument:
        kept = self._versions.stored(item.film_id, item.id)
        document: dict[str, Any] | None = None
        source: Literal["draft", "reading", "none"] = "none"
        status: Status = "unread"
        if item.locked_at is not None:
            status = "read"
        elif kept.draft is not None:
            document, source, status = kept.draft.document, "draft", "draft"
        elif kept.reading is not None:
            document = blinded_reading(kept.reading.reading, mirrored=item.mirrored)
            source, status = "reading", "read"
        return BlindedDocument(
            document=document,
            etag=str(tag_of(kept)),
            version=kept.version,
            source=source,
            status=status,
        )

    def save_draft(
        self, film_id: str, document: Mapping[str, Any], base: str | None
    ) -> BlindedSaved:
        """Save an unfinished reading, as it lies on the picture shown."""
        with self._hiding(film_id):
            item = self._item(film_id)
            tag = self._versions.save_draft(item.film_id, document, base, item.id)
            return BlindedSaved(etag=str(tag))

    def discard_draft(self, film_id: str, base: str | None) -> BlindedDocument:
        """Throw the draft `base` away."""
        with self._hiding(film_id):
            item = self._item(film_id)
            self._versions.discard_draft(item.film_id, base, item.id)
            return self._shown(item)

    def confirm(
        self, film_id: str, document: Mapping[str, Any], base: str | None, note: ConfirmNote
    ) -> BlindedConfirmed:
        """Keep a reading and lock its item; no value is told."""
        with self._hiding(film_id):
            item = self._item(film_id)
            record = self._study.film(item.film_id)
            film = replace(record.reference, sha256_pixels=note.sha256_pixels)
            marked = checked_reading(document, film, record.geometry, _facing(record, item))
            shown = replace(marked, carried_over={})  # a session knows no film before
            self._check_rules(shown, record)
            reading = mirror_reading(shown) if item.mirrored else shown
            signed = replace(
                reading,
                observer=self._observer,
                session=self._session,
                created=datetime.now(UTC),
                software=f"kyphometer {kyphometer.__version__}",
            )
            noted = replace(note, log=self._log(film_id, note.log))
            try:
                tag = self._versions.confirm(item.film_id, signed, base, noted, item.id)
            except StudyRefusedError:
                raise BlindedRefusalError(self._rule_broken(item, note)) from None
            self._opened.pop(film_id, None)
            return BlindedConfirmed(etag=str(tag), version=tag.version)

    def _check_rules(self, reading: Reading, record: FilmRecord) -> None:
        agreed = self._fixed_levels(record)
        if agreed and list(reading.fractured_levels) != agreed:
            raise BlindedRefusalError(RefusalCode.LEVELS_FIXED, levels=agreed)
        helped = {mark.source for *_, mark in reading.landmarks()} - {MarkSource.HAND}
        if helped and not self._rules.assist:
            raise BlindedRefusalError(RefusalCode.HAND_ONLY)

    def _rule_broken(self, item: SessionItemRecord, note: ConfirmNote) -> RefusalCode:
        """Which rule of the store it was."""
        if item.locked_at is not None:
            return RefusalCode.LOCKED
        kept = self._versions.stored(item.film_id, item.id).reading
        return RefusalCode.RULES if kept is None or note.reason else RefusalCode.REASON

    def _log(self, film_id: str, given: MarkingLog | None) -> MarkingLog | None:
        """The page's log, or else the time since the film was opened."""
        opened = self._opened.get(film_id)
        if given is not None or opened is None:
            return given
        seconds = min(time.monotonic() - opened, _LONGEST_SITTING_S)
        return MarkingLog(seconds=seconds, details={"timed_by": "server"})

    def measure(self, film_id: str, document: Mapping[str, Any]) -> BlindedMeasured:
        """What is wrong or missing about the marks; nothing is measured."""
        with self._hiding(film_id):
            item = self._item(film_id)
            record = self._study.film(item.film_id)
            reading = draft_reading(document, record.reference)
            return _seen(reading, record.geometry, _facing(record, item))

    def assist(
        self,
        film_id: str,
        document: Mapping[str, Any],
        targets: Sequence[Target],
        packed: NDArray[np.uint16],
    ) -> BlindedAssisted:
        """Marks moved onto the rim corners of the picture shown, where the session allows it."""
        with self._hiding(film_id):
            item = self._item(film_id)
            record = self._study.film(item.film_id)
            film = unpack(film_header(film_source(self._study, record)), packed)
            reading = draft_reading(document, record.reference)
            found = assist(reading, film, _facing(record, item), targets)
            return blinded_assisted(document, found)

    # ------------------------------------------------------------------------------ hiding

    def _item(self, code: str) -> SessionItemRecord:
        for item in due_items(self._study, self._session, self._observer):
            if item.code == code:
                return item
        raise BlindedRefusalError(RefusalCode.NOT_DUE)

    @contextmanager
    def _hiding(self, code: str) -> Iterator[None]:
        """Let errors out by their code only."""
        try:
            yield
        except BlindedRefusalError:
            raise
        except DocumentConflictError:
            stored = self._shown(self._item(code))
            raise BlindedRefusalError(RefusalCode.CONFLICT, stored=stored) from None
        except ImpossibleReadingError as error:
            findings = [blinded_finding(item) for item in error.findings]
            levels = sorted({level for item in findings for level in item.levels})
            raise BlindedRefusalError(
                RefusalCode.IMPOSSIBLE, levels=levels, findings=findings
            ) from None
        except (KyphometerError, OSError) as error:
            raise refusal(error, code[:20]) from None


def _seen(reading: Reading, geometry: PixelGeometry, header: Facing | None) -> BlindedMeasured:
    """Findings by code, and which angles around the fracture lack which endplates."""
    findings = [blinded_finding(item) for item in check_reading(reading, geometry)]
    facing = reading.facing or header
    missing: dict[str, list[str]] = {}
    helped: list[str] = []
    if reading.vertebrae:
        try:
            facing = derive_facing(reading, geometry, header=header)
        except FacingError:
            findings.insert(0, facing_finding())
    if reading.vertebrae and reading.fractured_levels:
        missing = {code: needed_endplates(reading, code) for code in _AROUND_FRACTURE}
        helped = [code for code in missing if next_intact_helps(reading, code)]
    return BlindedMeasured(
        facing=facing, findings=findings, missing=blinded_missing(missing, helped)
    )


def _facing(record: FilmRecord, item: SessionItemRecord) -> Facing | None:
    facing = record.header_facing
    return mirror_facing(facing) if item.mirrored else facing


def _is_asked_for(line: BlindedLine, status: str | None) -> bool:
    """True if a line is in the part of the list asked for; nothing is told of a film's header."""
    if status == "mine":
        return line.status != "unread"
    return status is None or line.status == status
