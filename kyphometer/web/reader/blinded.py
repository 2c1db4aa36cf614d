"""The service of a reader in a blinded session.

Everything that reaches this reader passes here: films are known by codes that belong to one place
of the session's plan; patient, visit, dates, file names, UIDs, header facts, other readings and the
own values stay behind. Mirrored showings are mirrored before they go out and mirrored back before
they are kept.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import kyphometer
from kyphometer.errors import (
    EndplateError,
    FacingError,
    FilmError,
    ForbiddenError,
    KyphometerError,
    LandmarkError,
    ReadingFormatError,
    RequestError,
    StudyRefusedError,
    UnknownLevelError,
    UnknownRecordError,
)
from kyphometer.reading import MarkSource
from kyphometer.reading.document import reading_to_dict
from kyphometer.sessions.mirroring import mirror_facing, mirror_reading
from kyphometer.store.records import MarkingLog
from kyphometer.web.pixels.decoder import hidden_film_sentence
from kyphometer.web.pixels.packing import unpack
from kyphometer.web.reader.agreement import study_agreement
from kyphometer.web.reader.assist import assisted
from kyphometer.web.reader.confirming import ImpossibleReadingError, checked_reading
from kyphometer.web.reader.film_files import film_header, film_source
from kyphometer.web.reader.versions import DocumentConflictError, ReadingVersions
from kyphometer.web.views.films import geometry_view, pixels_view
from kyphometer.web.views.measurements import draft_reading, measure_answer
from kyphometer.workflow.session_progress import due_items
from kyphometer.workflow.sessions import SessionRules, session_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from kyphometer.reading import Reading
    from kyphometer.store.records import FilmRecord
    from kyphometer.store.sessions.plans import SessionItemRecord
    from kyphometer.store.study.study import Study
    from kyphometer.web.pixels.picture import PictureOrder
    from kyphometer.web.reader.assist import Target
    from kyphometer.web.reader.carrying import CarryOrder
    from kyphometer.web.reader.service import Answer, ConfirmNote, FilmSource, WorkQuery

_TELLING = (
    EndplateError,
    FacingError,
    ForbiddenError,
    LandmarkError,
    ReadingFormatError,
    RequestError,
    StudyRefusedError,
    UnknownLevelError,
)
"""Errors that speak of marks and of the session only."""
_LONGEST_SITTING_S = 3600.0


class BlindedService:
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

    def work_list(self, query: WorkQuery) -> Answer:
        """The due items of this observer under their codes, with progress."""
        with self._hiding("session"):
            lines = [
                (item, self._status(item))
                for item in due_items(self._study, self._session, self._observer)
            ]
        words = query.text.casefold().split()
        found = [
            (item, status)
            for item, status in lines
            if (query.status is None or status == query.status)
            and all(word in item.code.casefold() for word in words)
        ]
        states = [status for _, status in lines]
        return {
            "total": len(found),
            "progress": {
                "read": states.count("read"),
                "draft": states.count("draft"),
                "total": len(states),
                "failed": 0,
            },
            "items": [
                {**_line(item.code), "status": status, "fractured_levels": []}
                for item, status in found[query.offset : query.offset + query.limit]
            ],
        }

    def _status(self, item: SessionItemRecord) -> str:
        if item.locked_at is not None:
            return "read"
        state = self._versions.state(item.film_id, item.id)
        return "unread" if state.draft is None and state.reading is None else "draft"

    def film(self, film_id: str) -> Answer:
        """What the page needs to show the picture, and nothing that tells whose it is."""
        with self._hiding(film_id):
            item = self._item(film_id)
            record = self._study.film(item.film_id)
            if item.locked_at is None:
                self._study.sessions.mark_opened(item.id)
                self._opened[film_id] = time.monotonic()
            answer: Answer = {
                **_line(item.code),
                "rows": record.rows,
                "columns": record.columns,
                "facing": _text(_facing(record, item)),
                "view": None,
                "facts": [],
                "warnings": [],
                "geometry": geometry_view(record.geometry),
                "pixels": None,
                "siblings": [],
                "fractured_levels": list(self._rules.levels_of(record.patient)),
                "previous": None,
                "next": self._next(item),
                "error": None,
            }
            try:
                rendering = film_header(film_source(self._study, record)).rendering
            except (FilmError, UnknownRecordError):
                answer["error"] = hidden_film_sentence(item.code)
                return answer
            answer["pixels"] = _unnamed(pixels_view(rendering))
            return answer

    def source(self, film_id: str) -> FilmSource:
        """Where the pixels are."""
        with self._hiding(film_id):
            item = self._item(film_id)
            record = self._study.film(item.film_id)
            found = film_source(self._study, record, mirrored=item.mirrored)
            return replace(found, alias=item.code)

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

    def document(self, film_id: str) -> Answer:
        """The reader's draft, or the reading if it was reopened for correction.

        A locked reading stays hidden: nobody is to look up what he marked in an earlier round.
        """
        with self._hiding(film_id):
            return self._shown(self._item(film_id))

    def _shown(self, item: SessionItemRecord) -> Answer:
        state = self._versions.state(item.film_id, item.id)
        answer = state.answer()
        if item.locked_at is not None:
            return {**answer, "document": None, "source": "none", "status": "read"}
        if state.draft is not None:
            return answer
        if state.reading is not None:
            return {**answer, "document": _public_document(state.reading.reading, item)}
        return answer

    def save_draft(self, film_id: str, document: Mapping[str, Any], base: str | None) -> Answer:
        """Save an unfinished reading, as it lies on the picture shown."""
        with self._hiding(film_id):
            item = self._item(film_id)
            return {"etag": str(self._versions.save_draft(item.film_id, document, base, item.id))}

    def discard_draft(self, film_id: str, base: str | None) -> Answer:
        """Throw the draft `base` away."""
        with self._hiding(film_id):
            item = self._item(film_id)
            self._versions.discard_draft(item.film_id, base, item.id)
            return self._shown(item)

    def confirm(
        self, film_id: str, document: Mapping[str, Any], base: str | None, note: ConfirmNote
    ) -> Answer:
        """Keep a reading and lock its item; no value is told."""
        with self._hiding(film_id):
            item = self._item(film_id)
            record = self._study.film(item.film_id)
            film = replace(record.reference, sha256_pixels=note.sha256_pixels)
            facing = _facing(record, item)
            marked = checked_reading(document, film, record.geometry, facing)
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
            tag = self._versions.confirm(item.film_id, signed, base, noted, item.id)
            self._opened.pop(film_id, None)
            return {"etag": str(tag), "version": tag.version, "measured": []}

    def _check_rules(self, reading: Reading, record: FilmRecord) -> None:
        agreed = self._rules.levels_of(record.patient)
        found = tuple(level.value for level in reading.fractured_levels)
        if agreed and found != agreed:
            raise StudyRefusedError(
                f"The session fixes the fractured level to {', '.join(agreed)}",
                "mark that level as the fractured one",
            )
        helped = {mark.source for *_, mark in reading.landmarks()} - {MarkSource.HAND}
        if helped and not self._rules.assist:
            raise StudyRefusedError(
                "Help from the image is not allowed in this session", "place every corner by hand"
            )

    def _log(self, film_id: str, given: MarkingLog | None) -> MarkingLog | None:
        """The page's log, or else the time since the film was opened."""
        opened = self._opened.get(film_id)
        if given is not None or opened is None:
            return given
        seconds = min(time.monotonic() - opened, _LONGEST_SITTING_S)
        return MarkingLog(seconds=seconds, details={"timed_by": "server"})

    def measure(self, film_id: str, document: Mapping[str, Any]) -> Answer:
        """What is wrong or missing about the marks; no value."""
        with self._hiding(film_id):
            item = self._item(film_id)
            record = self._study.film(item.film_id)
            reading = draft_reading(document, record.reference)
            facing, corner_sd_mm = _facing(record, item), self.agreement.corner_sd_mm
            answer = measure_answer(reading, record.geometry, facing, corner_sd_mm)
            findings = [_valueless(finding) for finding in answer["findings"]]
            hidden: Answer = {"measurements": [], "warnings": [], "change": None}
            return {**answer, **hidden, "findings": findings}

    def assist(
        self,
        film_id: str,
        document: Mapping[str, Any],
        targets: Sequence[Target],
        packed: NDArray[np.uint16],
    ) -> Answer:
        """Marks moved onto the rim corners of the picture shown, where the session allows it."""
        with self._hiding(film_id):
            item = self._item(film_id)
            record = self._study.film(item.film_id)
            film = unpack(film_header(film_source(self._study, record)), packed)
            reading = draft_reading(document, record.reference)
            return assisted(document, reading, film, _facing(record, item), targets)

    def carry_over(
        self, film_id: str, _document: Mapping[str, Any], _from_id: str | None
    ) -> CarryOrder:
        """Refused: there is no film before in a blinded session."""
        problem = f"Nothing is carried over to {film_id[:20]} in a blinded session"
        raise ForbiddenError(problem, "mark it by hand")

    def readings(self, film_id: str) -> Answer:
        """Refused: other readings stay hidden."""
        problem = f"Readings of {film_id[:20]} are hidden in a blinded session"
        raise ForbiddenError(problem, "wait until its owner has locked it")

    def progress(self) -> Answer:
        """Refused: other readers stay hidden."""
        problem = "The progress of others is hidden in a blinded session"
        raise ForbiddenError(problem, "ask the owner of the session")

    def picture(self, film_id: str) -> PictureOrder:
        """Refused: a picture would show values."""
        problem = f"No picture of {film_id[:20]} is drawn in a blinded session"
        raise ForbiddenError(problem, "wait until its owner has locked it")

    # ------------------------------------------------------------------------------ hiding

    def _item(self, code: str) -> SessionItemRecord:
        for item in due_items(self._study, self._session, self._observer):
            if item.code == code:
                return item
        raise RequestError("There is no such film in your list", "go back to the work list")

    @contextmanager
    def _hiding(self, code: str) -> Iterator[None]:
        """Let out only what errors may tell this reader."""
        try:
            yield
        except DocumentConflictError as error:
            item = self._item(code)
            error.facts = {**error.facts, "document": self._shown(item)["document"]}
            raise
        except ImpossibleReadingError as error:
            findings = [_valueless(finding) for finding in error.facts["findings"]]
            error.facts = {"findings": findings}
            error.args = (_without_angles(str(error)),)
            raise
        except _TELLING:
            raise
        except (KyphometerError, OSError):
            raise FilmError(hidden_film_sentence(code[:20])) from None


def _line(code: str) -> Answer:
    unknown = dict.fromkeys(("patient", "visit", "date"))
    return {"film_id": code, "label": code, **unknown, "position": "unknown"}


def _valueless(finding: Answer) -> Answer:
    """A finding without the angle that it may name."""
    words = {key: _without_angles(finding[key]) for key in ("message", "remedy", "sentence")}
    return {**finding, **words}


def _without_angles(text: str) -> str:
    return re.sub(r"-?\d+(\.\d+)? ?(degrees|deg|°)", "an angle", text)


def _facing(record: FilmRecord, item: SessionItemRecord) -> Any:
    facing = record.header_facing
    return mirror_facing(facing) if item.mirrored else facing


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _unnamed(view: Answer) -> Answer:
    """The picture's rendering without the words that a header puts to its windows."""
    return {
        **view,
        "windows": [{**window, "explanation": ""} for window in view["windows"]],
        "luts": [{**table, "explanation": ""} for table in view["luts"]],
    }


def _public_document(reading: Reading, item: SessionItemRecord) -> Answer:
    """A reading as it lies on the picture shown, without the film's identity."""
    shown = mirror_reading(reading) if item.mirrored else reading
    document = reading_to_dict(shown)
    document["film"] = {"rows": reading.film.rows, "columns": reading.film.columns}
    return {
        key: value
        for key, value in document.items()
        if key not in ("created", "observer", "session", "software")
    }
