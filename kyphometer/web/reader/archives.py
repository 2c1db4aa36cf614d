"""What goes to archives and comes from them, for a reader who may see everything."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from kyphometer.errors import NotFoundError, UnknownRecordError
from kyphometer.geometry import SpacingSource
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import FilmRecord
from kyphometer.web.fetching.answers import FetchJob
from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.reader.catalogue import Catalogue, SharedFilms
from kyphometer.web.reader.film_files import film_source
from kyphometer.web.sending.answers import SendJob
from kyphometer.web.sending.job import ResultsOrder


class ArchiveService:
    """One observer, one store."""

    def __init__(
        self,
        store: ReadingStore,
        observer: str,
        agreement: Agreement,
        shared: SharedFilms | None = None,
    ) -> None:
        self._store = store
        self._observer = observer
        self.agreement = agreement
        self._catalogue = Catalogue(store, observer, shared=shared)

    def film_of_study(self, study_instance_uid: str) -> str:
        """The film that a link to a DICOM study opens: the first lateral one, or else the first."""
        films = [
            film
            for film in self._catalogue.films().values()
            if film.facts.get("study_instance_uid") == study_instance_uid
        ]
        if not films:
            raise NotFoundError("study_uid_not_here", study_instance_uid=study_instance_uid)
        return str(max(films, key=lambda film: film.is_lateral is True).id)

    def results(self, film_id: str) -> ResultsOrder:
        """The reader's latest confirmed reading, with the versions before it."""
        record = self._record(film_id)
        versions = self._store.history(record.id, self._observer)
        if not versions:
            raise NotFoundError("nothing_to_send")
        source = film_source(self._store, record)
        stated = record.geometry.source is SpacingSource.STATED
        return ResultsOrder(
            path=source.path,
            frame=source.frame,
            spacing_mm=record.geometry.require_mm("A film")[::-1] if stated else None,
            name=record.name,
            observer=self._observer,
            document_json=versions[-1].document_json,
            earlier_json=tuple(one.document_json for one in versions[:-1]),
            reason=versions[-1].reason,
            visit=record.visit,
            corner_sd_mm=self.agreement.corner_sd_mm,
        )

    def note_sending(self, film_id: str, version: int, job: SendJob) -> None:
        """Write into the audit trail that results of a version leave, or what came of it."""
        details = {
            "destination": job.destination,
            "parts": job.parts,
            "observer": self._observer,
            "version": version,
        }
        if job.state != "done":
            self._store.note_deed("results.send", f"film {film_id}", details)
            return
        details |= {"sent": job.sent, "known": job.known, "problems": job.problems}
        self._store.note_deed("results.sent", f"film {film_id}", details | {"ended": job.ended})

    def note_fetching(self, job: FetchJob) -> None:
        """Write into the audit trail that films are fetched, or what came of it."""
        details: dict[str, Any] = {"destination": job.destination, "films": job.total}
        if job.state != "done":
            self._store.note_deed("films.fetch", "study", details)
            return
        details |= {"arrived": job.arrived, "known": job.known, "problems": job.problems}
        self._store.note_deed("films.fetched", "study", details | {"ended": job.ended})

    def films_folder(self) -> Path | None:
        """Where fetched films come to lie."""
        return self._store.films_folder()

    def films_of(self, sop_instance_uids: Collection[str]) -> dict[str, str]:
        """Films by the UIDs of their instances, lateral ones first."""
        wanted = set(sop_instance_uids)
        found = [
            film
            for film in self._catalogue.films().values()
            if film.reference.sop_instance_uid in wanted
        ]
        found.sort(key=lambda film: film.is_lateral is not True)
        named: dict[str, str] = {}
        for film in found:  # of several frames the first stands for all
            named.setdefault(str(film.reference.sop_instance_uid), str(film.id))
        return named

    def take_up(self, folders: Sequence[Path]) -> Sequence[str]:
        """Take up films that have come into folders; they are on the work list at once."""
        reports = [self._store.add_films(folder) for folder in folders]
        self._catalogue.forget()
        return [
            f"{one.path.name}: {one.sentence}"
            for report in reports
            for one in (*report.failed, *report.notes)
        ]

    def _record(self, film_id: str) -> FilmRecord:
        if not (film_id.isascii() and film_id.isdigit() and len(film_id) <= 15):
            raise UnknownRecordError("film_not_listed", name=film_id[:40])
        return self._catalogue.film(int(film_id))
