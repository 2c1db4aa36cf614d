"""The service of a reader who may see everything: names, visits, earlier films and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

import kyphometer
from kyphometer.anatomy import Level
from kyphometer.errors import FilmError, NotFoundError, UnknownRecordError
from kyphometer.geometry import Point
from kyphometer.measure import measure_reading
from kyphometer.messages import language
from kyphometer.reading import Reading
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import FilmRecord, ReadingRecord, ReadingState, WorkItem
from kyphometer.web.incoming.answers import Incoming, Part
from kyphometer.web.incoming.desk import IncomingDesk
from kyphometer.web.pixels.film_source import FilmSource
from kyphometer.web.pixels.packing import unpack
from kyphometer.web.pixels.page import PageKind, PageOrder
from kyphometer.web.pixels.picture import PictureOrder
from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.reader.archives import ArchiveService
from kyphometer.web.reader.assist import Target, assist
from kyphometer.web.reader.before import FilmBefore
from kyphometer.web.reader.carrying import CarryOrder
from kyphometer.web.reader.catalogue import SharedFilms
from kyphometer.web.reader.confirming import checked_reading, draft_reading
from kyphometer.web.reader.earlier import Earlier
from kyphometer.web.reader.film_files import film_header, film_source
from kyphometer.web.reader.overview import candidates_view, progress_view, readings_view
from kyphometer.web.reader.printing import Printed, measurements_csv, page_order
from kyphometer.web.reader.proposing import ProposalOrder
from kyphometer.web.reader.service import ConfirmNote
from kyphometer.web.reader.versions import ReadingVersions, stored_view, tag_of
from kyphometer.web.reader.visits import ReadFilm, visit_table
from kyphometer.web.reader.waiting import WaitingProposals, doubt_view
from kyphometer.web.views.assisted import assisted_view
from kyphometer.web.views.films import facts_view, geometry_view, identity_view, pixels_view
from kyphometer.web.views.lines import lines_view
from kyphometer.web.views.measurements import measure_answer
from kyphometer.web.views.visits import VisitTable
from kyphometer.web.views.work import (
    STATUS,
    FailedFile,
    film_line,
    film_warnings,
    groups,
    line_view,
    matching,
    matching_failed,
    other_readers,
    progress,
    sibling_view,
)
from kyphometer.web.wire.base import Pair
from kyphometer.web.wire.films import Film, Sibling, WorkList, WorkQuery
from kyphometer.web.wire.marks import (
    Assisted,
    Candidates,
    Confirmed,
    Document,
    Lines,
    Measured,
    Readings,
    Saved,
)
from kyphometer.web.wire.people import Progress
from kyphometer.workflow.consensus import named


class OpenService(ArchiveService):
    """One observer, one store, nothing hidden."""

    is_blinded = False

    def __init__(
        self,
        store: ReadingStore,
        observer: str,
        agreement: Agreement,
        failed: Sequence[FailedFile] = (),
        shared: SharedFilms | None = None,
    ) -> None:
        super().__init__(store, observer, agreement, shared)
        self._failed = failed
        self._versions = ReadingVersions(store, observer)
        self._read_levels: dict[int, tuple[int, Sequence[str]]] = {}
        self._waiting = WaitingProposals()
        self._earlier = Earlier(store, observer, self._catalogue, agreement)

    def take_films(self, desk: IncomingDesk, part: Part, data: bytes) -> Incoming:
        """Take a part of a file with films; with the last one the films are in the work list.

        Raises
        ------
        RequestError, StudyRefusedError
            See `IncomingDesk.take`.
        """
        told = desk.take(part, data, self._store)
        if told.added:
            self._catalogue.forget()
        return told

    # ------------------------------------------------------------------------------ looking

    def work_list(self, query: WorkQuery) -> WorkList:
        """A page of the films to read, with progress."""
        films, items = self._catalogue.films(), tuple(self._catalogue.items().values())
        known = ((item, films[item.film_id]) for item in items if item.film_id in films)
        lines = self._waiting.matching(matching(known, query), query)
        failed = matching_failed(self._failed, query)
        start, end = query.offset, query.offset + query.limit
        others, first = self._catalogue.others(), groups(lines, query)
        shown = [
            line_view(
                item,
                film,
                fractured=self._fractured(item),
                others=others.get(film.id, ()),
                group=first.get(film.id),
                waiting=doubt_view(self._waiting.of(item, film)),
            )
            for item, film in lines[start:end]
        ]
        shown += failed[max(0, start - len(lines)) : max(0, end - len(lines))]
        return WorkList(
            total=len(lines) + len(failed),
            progress=progress(items, self._failed),
            others=other_readers(others),
            items=shown,
            waiting=self._waiting.any(films.values()),
        )

    def _fractured(self, item: WorkItem) -> Sequence[str]:
        version, levels = self._read_levels.get(item.film_id, (0, ()))
        if item.state in (ReadingState.UNREAD, ReadingState.CONFIRMED) and version == item.version:
            return levels
        stored = self._versions.stored(item.film_id)
        given = (stored_view(stored).document or {}).get("fractured_levels")
        found = [str(level) for level in given] if isinstance(given, list) else []
        if stored.draft is None:
            self._read_levels[item.film_id] = (stored.version, found)
        return found

    def film(self, film_id: str) -> Film:
        """Everything the page shows about a film but its pixels."""
        record = self._record(film_id)
        before = self._catalogue.before(record)
        header, error = None, None
        try:
            header = film_header(film_source(self._store, record))
        except (FilmError, UnknownRecordError) as refused:
            error = str(refused)
        return Film(
            **film_line(record),
            rows=record.rows,
            columns=record.columns,
            facing=record.header_facing,
            view=header.acquisition.view if header else None,
            facts=[*identity_view(header.acquisition), *facts_view(header)] if header else [],
            warnings=film_warnings(record),
            geometry=geometry_view(record.geometry),
            pixels=pixels_view(header.rendering) if header else None,
            siblings=self._siblings(record),
            fractured_levels=self._earlier.levels(record),
            previous=None if before is None else str(before.id),
            next=self._next(record),
            error=error,
        )

    def _siblings(self, record: FilmRecord) -> list[Sibling]:
        items = self._catalogue.items()
        found = []
        for film in self._catalogue.of_patient(record):
            item = items.get(film.id)
            state = ReadingState.UNREAD if item is None else item.state
            found.append(sibling_view(film, state))
        return found

    def _next(self, record: FilmRecord) -> str | None:
        """The next film of the work list that is not finished, round the end."""
        items = tuple(self._catalogue.items().values())
        here = next((i for i, item in enumerate(items) if item.film_id == record.id), -1)
        for item in (*items[here + 1 :], *items[: max(here, 0)]):
            if STATUS[item.state] != "read":
                return str(item.film_id)
        return None

    def source(self, film_id: str) -> FilmSource:
        """Where the pixels are."""
        return film_source(self._store, self._record(film_id))

    def next_film(self, film_id: str) -> str | None:
        """The next unfinished film of the work list."""
        return self._next(self._record(film_id))

    def picture(self, film_id: str) -> PictureOrder:
        """The picture of the latest confirmed reading, to be drawn."""
        record = self._record(film_id)
        reading = self._versions.stored(record.id).reading
        if reading is None:
            raise NotFoundError("nothing_to_draw")
        lines = (record.patient, record.visit, record.taken_on and record.taken_on.isoformat())
        whose = " · ".join(line for line in lines if line)
        return PictureOrder(
            source=film_source(self._store, record),
            document_json=reading.document_json,
            title=(whose or record.name, f"observer {self._observer}"),
            geometry=record.geometry,
            header_facing=record.header_facing,
            corner_sd_mm=self.agreement.corner_sd_mm,
        )

    def page(self, film_id: str, kind: PageKind) -> PageOrder:
        """The page of the draft, or else of the latest confirmed reading, to be made."""
        printed = self._printed(film_id)
        source = film_source(self._store, printed.film)
        visits = self.visits(film_id, None)
        return page_order(
            printed, kind, source, visits, self.agreement, datetime.now().astimezone()
        )

    def table(self, film_id: str) -> str:
        """The numbers of the draft, or else of the latest confirmed reading, as CSV."""
        printed = self._printed(film_id)
        film = printed.film
        measured = measure_reading(
            printed.reading,
            film.geometry,
            corner_sd_mm=self.agreement.corner_sd_mm,
            header_facing=film.header_facing,
            strict=False,
        )
        return measurements_csv(printed, measured)

    def _printed(self, film_id: str) -> Printed:
        record = self._record(film_id)
        stored = self._versions.stored(record.id)
        reading, version = None, 0
        if stored.draft is not None:
            reading = draft_reading(stored.draft.document, record.reference)
        elif stored.reading is not None:
            reading, version = stored.reading.reading, stored.version
        if reading is None or not reading.vertebrae:
            raise NotFoundError("nothing_marked_yet")
        return Printed(film=record, reading=reading, observer=self._observer, version=version)

    def readings(self, film_id: str) -> Readings:
        """Everybody's confirmed readings of a film."""
        return readings_view(self._store, self._record(film_id), self.agreement)

    def candidates(self, film_id: str) -> Candidates:
        """Readings of others to adjudicate, without their names."""
        record = self._record(film_id)
        return candidates_view(self._store, record, self._observer, self.agreement)

    def progress(self) -> Progress:
        """How far everybody is who has read anything, and this reader."""
        known = {record.observer for record in self._store.latest_readings()}
        return progress_view(self._store, sorted({*known, self._observer}))

    # ------------------------------------------------------------------------------ marking

    def document(self, film_id: str) -> Document:
        """The reader's draft, or else the latest confirmed reading, with its tag."""
        return stored_view(self._versions.stored(self._record(film_id).id))

    def save_draft(self, film_id: str, document: Mapping[str, Any], base: str | None) -> Saved:
        """Save an unfinished reading made on the state `base`."""
        record = self._record(film_id)
        tag = self._versions.save_draft(record.id, document, base)
        self._catalogue.noted(record.id, tag)
        return Saved(etag=str(tag))

    def discard_draft(self, film_id: str, base: str | None) -> Document:
        """Throw the draft `base` away."""
        record = self._record(film_id)
        stored = self._versions.discard_draft(record.id, base)
        self._catalogue.noted(record.id, tag_of(stored))
        return stored_view(stored)

    def confirm(
        self, film_id: str, document: Mapping[str, Any], base: str | None, note: ConfirmNote
    ) -> Confirmed:
        """Confirm a reading made on the state `base`, under this reader's name."""
        record = self._record(film_id)
        film = replace(record.reference, sha256_pixels=note.sha256_pixels)
        reading = checked_reading(document, film, record.geometry, record.header_facing)
        signed = replace(
            named(reading, self._store.history(record.id)) if reading.consensus else reading,
            observer=self._observer,
            session=None,
            created=datetime.now(UTC),
            software=f"kyphometer {kyphometer.__version__}",
        )
        tag = self._versions.confirm(record.id, signed, base, note)
        self._catalogue.noted(record.id, tag)
        measured = self._measured(record, signed).measurements
        return Confirmed(etag=str(tag), version=tag.version, measured=measured)

    def measure(self, film_id: str, document: Mapping[str, Any]) -> Measured:
        """Everything that can be said about the marks so far."""
        record = self._record(film_id)
        reading = draft_reading(document, record.reference)
        return self._measured(record, reading)

    def _measured(self, record: FilmRecord, reading: Reading) -> Measured:
        return measure_answer(
            reading,
            record.geometry,
            record.header_facing,
            self.agreement.corner_sd_mm,
            changes=lambda found: self._earlier.changes(record, reading, found),
        )

    def lines(
        self,
        film_id: str,
        document: Mapping[str, Any],
        lines: Sequence[tuple[Pair, Pair]],
    ) -> Lines:
        """Lengths of lines beside the reading, and angles between them."""
        record = self._record(film_id)
        reading = draft_reading(document, record.reference)
        return lines_view(lines, reading, record.geometry, self.agreement.corner_sd_mm)

    def visits(self, film_id: str, document: Mapping[str, Any] | None) -> VisitTable:
        """All visits of the patient, with `document` as the marks of that film."""
        record = self._record(film_id)
        films = [
            ReadFilm(
                film=film,
                stored=self._versions.stored(film.id),
                document=document if film.id == record.id else None,
            )
            for film in self._catalogue.of_patient(record)
        ]
        return visit_table(films, record.id, self.agreement)

    def carry_over(
        self,
        film_id: str,
        document: Mapping[str, Any],
        from_id: str | None,
        anchors: Mapping[str, tuple[float, float]],
    ) -> CarryOrder:
        """What is to be proposed from a film of the patient that was read before."""
        record = self._record(film_id)
        before = self._earlier.reading_before(record, self._record(from_id) if from_id else None)
        if before is None:
            raise NotFoundError("no_earlier_reading")
        film = {"rows": record.rows, "columns": record.columns}
        return CarryOrder(
            document={**document, "film": film},
            source=film_source(self._store, record),
            geometry=record.geometry,
            before=self._travelling(*before),
            anchors={Level.parse(level): Point(*at) for level, at in anchors.items()},
            language=language(),
        )

    def proposal(self, film_id: str) -> ProposalOrder:
        """On which film bodies are to be proposed."""
        record = self._record(film_id)
        before = self._earlier.reading_before(record)
        return ProposalOrder(
            source=film_source(self._store, record),
            geometry=record.geometry,
            before=None if before is None else self._travelling(*before),
            language=language(),
        )

    def _travelling(self, film: FilmRecord, reading: ReadingRecord) -> FilmBefore:
        return FilmBefore(
            source=film_source(self._store, film),
            geometry=film.geometry,
            reading_json=reading.document_json,
        )

    def assist(
        self,
        film_id: str,
        document: Mapping[str, Any],
        targets: Sequence[Target],
        packed: NDArray[np.uint16],
    ) -> Assisted:
        """Marks moved onto the rim corners that the image shows."""
        record = self._record(film_id)
        header = film_header(film_source(self._store, record))
        film = unpack(header, packed)
        reading = draft_reading(document, record.reference)
        return assisted_view(document, assist(reading, film, record.header_facing, targets))
