"""A reader service: all that one reader may see and do.

Routes know nothing but this. What a reader may not see (in a blinded session: patient, visit,
dates, other readings, own earlier values) is therefore left out in one place, the service, and not
in each route.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kyphometer.store.records import MarkingLog
from kyphometer.web.access.visitors import Visitor
from kyphometer.web.fetching.answers import FetchJob
from kyphometer.web.pixels.film_source import FilmSource
from kyphometer.web.pixels.page import PageKind, PageOrder
from kyphometer.web.pixels.picture import PictureOrder
from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.reader.assist import Target
from kyphometer.web.reader.carrying import CarryOrder
from kyphometer.web.reader.proposing import ProposalOrder
from kyphometer.web.sending.answers import SendJob
from kyphometer.web.sending.job import ResultsOrder
from kyphometer.web.views.visits import VisitTable
from kyphometer.web.wire.base import Pair
from kyphometer.web.wire.films import WorkQuery
from kyphometer.web.wire.marks import Candidates, Lines, Readings
from kyphometer.web.wire.people import Progress
from kyphometer.web.wire.told import (
    AssistedTold,
    ConfirmedTold,
    DocumentTold,
    FilmTold,
    MeasuredTold,
    SavedTold,
    WorkListTold,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmNote:
    """What goes with a confirmed reading: why it is corrected, how it was made."""

    reason: str | None = None
    log: MarkingLog | None = None
    sha256_pixels: str | None = None


class ReaderService(Protocol):
    """What one reader may see and do. Every method may be called from any thread."""

    @property
    def is_blinded(self) -> bool:
        """True if patient, visit, dates and values are hidden."""
        ...

    @property
    def agreement(self) -> Agreement:
        """What was agreed on before reading."""
        ...

    def work_list(self, query: WorkQuery) -> WorkListTold:
        """A page of the films to read, with progress."""
        ...

    def film_of_study(self, study_instance_uid: str) -> str:
        """The film that a link to a DICOM study opens: the first lateral one, or else the first."""
        ...

    def film(self, film_id: str) -> FilmTold:
        """Everything the page shows about a film but its pixels."""
        ...

    def source(self, film_id: str) -> FilmSource:
        """Where the pixels are."""
        ...

    def next_film(self, film_id: str) -> str | None:
        """The film that this reader will probably ask for next."""
        ...

    def picture(self, film_id: str) -> PictureOrder:
        """The picture of the confirmed reading, to be drawn."""
        ...

    def page(self, film_id: str, kind: PageKind) -> PageOrder:
        """The page of the reader's marks, to be made."""
        ...

    def table(self, film_id: str) -> str:
        """The numbers of the reader's marks, as CSV."""
        ...

    def results(self, film_id: str) -> ResultsOrder:
        """The reader's confirmed reading, of which results may be sent."""
        ...

    def note_sending(self, film_id: str, version: int, job: SendJob) -> None:
        """Write into the audit trail that results of a version leave, or what came of it."""
        ...

    def note_fetching(self, job: FetchJob) -> None:
        """Write into the audit trail that films are fetched, or what came of it."""
        ...

    def films_folder(self) -> Path | None:
        """Where fetched films come to lie; None if the store has no place."""
        ...

    def films_of(self, sop_instance_uids: Collection[str]) -> dict[str, str]:
        """Films by the UIDs of their instances, lateral first; what is not here is left out."""
        ...

    def take_up(self, folders: Sequence[Path]) -> Sequence[str]:
        """Take up films that have come into folders; what was refused, a sentence each."""
        ...

    def readings(self, film_id: str) -> Readings:
        """Everybody's confirmed readings of a film."""
        ...

    def candidates(self, film_id: str) -> Candidates:
        """Readings of others to adjudicate, without their names."""
        ...

    def lines(
        self,
        film_id: str,
        document: Mapping[str, Any],
        lines: Sequence[tuple[Pair, Pair]],
    ) -> Lines:
        """Lengths of lines beside the reading, and angles between them."""
        ...

    def progress(self) -> Progress:
        """How far everybody is."""
        ...

    def document(self, film_id: str) -> DocumentTold:
        """The reader's draft, or else the latest confirmed reading, with its tag."""
        ...

    def save_draft(self, film_id: str, document: Mapping[str, Any], base: str | None) -> SavedTold:
        """Save an unfinished reading made on the state `base`."""
        ...

    def discard_draft(self, film_id: str, base: str | None) -> DocumentTold:
        """Throw the draft `base` away."""
        ...

    def confirm(
        self, film_id: str, document: Mapping[str, Any], base: str | None, note: ConfirmNote
    ) -> ConfirmedTold:
        """Confirm a reading made on the state `base`."""
        ...

    def assist(
        self,
        film_id: str,
        document: Mapping[str, Any],
        targets: Sequence[Target],
        packed: NDArray[np.uint16],
    ) -> AssistedTold:
        """Marks moved onto the rim corners that the image, as this reader sees it, shows."""
        ...

    def carry_over(
        self,
        film_id: str,
        document: Mapping[str, Any],
        from_id: str | None,
        anchors: Mapping[str, tuple[float, float]],
    ) -> CarryOrder:
        """What is to be proposed from an earlier film of the patient."""
        ...

    def proposal(self, film_id: str) -> ProposalOrder:
        """On which film bodies are to be proposed."""
        ...

    def visits(self, film_id: str, document: Mapping[str, Any] | None) -> VisitTable:
        """All visits of the patient, with `document` as the marks of that film."""
        ...

    def measure(self, film_id: str, document: Mapping[str, Any]) -> MeasuredTold:
        """Everything that can be said about the marks so far."""
        ...


class ReaderServices(Protocol):
    """Finds the service of a visitor."""

    def of(self, visitor: Visitor) -> ReaderService:
        """The service at which that visitor reads; may ask the database."""
        ...

    def at_hand(self, visitor: Visitor) -> ReaderService | None:
        """The same at once, or None if something must be asked first."""
        ...
