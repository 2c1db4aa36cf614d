"""Films, visits and numbers of a study."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Self

from kyphometer.errors import KyphometerError, StudyRefusedError
from kyphometer.film import Position
from kyphometer.followup.visit_model import VisitAssignment
from kyphometer.store.database import audit
from kyphometer.store.database.connection import Snapshot
from kyphometer.store.films import changes as film_changes
from kyphometer.store.films.films import stored_path
from kyphometer.store.people import elsewhere
from kyphometer.store.readings import measured
from kyphometer.store.readings import versions as readings
from kyphometer.store.readings.documents import checked_text
from kyphometer.store.readings.import_files import Importer, ReadingImport, find_film, reading_files
from kyphometer.store.readings.measured_values import MeasuredValue, values
from kyphometer.store.scan.hashes import fill_hash
from kyphometer.store.scan.report import Progress, ScanFailure, ScanOptions, ScanReport
from kyphometer.store.scan.scan import Scanner
from kyphometer.store.study import visits
from kyphometer.store.study.file import settings_in
from kyphometer.store.study.people import StudyPeople
from kyphometer.store.study.undo import Undone, undo

_TRIES = 20
"""How often numbers are computed before a snapshot, while others go on confirming readings."""


class StudyData(StudyPeople):
    """What a study knows of its films."""

    def add_films(
        self,
        folder: str | os.PathLike[str],
        *,
        options: ScanOptions | None = None,
        progress: Progress | None = None,
    ) -> ScanReport:
        """Take up the films of a folder and all folders below it, or of one file.

        Parameters
        ----------
        progress
            Called with the files done, the files in all, and the next file.

        Returns
        -------
        report
            What was new, known, moved, refused (with the reason) and missing.
        """
        scanner = Scanner(self._database, self._reader, self._actor, options or ScanOptions())
        report = scanner.run(Path(folder), progress)
        if report.added or report.changed:
            with self._database.write() as connection:
                visits.refresh(connection, self._actor)
        return report

    def films_folder(self) -> Path | None:
        """See `ReadingStore`: folder `STUDY films` beside a study that is a file.

        A folder `films` that is there already is gone on with. None for a database elsewhere.
        """
        path = self._database.path
        if path is None:
            return None
        own, shared = path.with_name(f"{path.stem} films"), path.with_name("films")
        return shared if shared.is_dir() and not own.is_dir() else own

    def note_deed(self, action: str, subject: str, details: Mapping[str, Any]) -> None:
        """Write a deed that changes nothing of the study into its audit trail."""
        with self._database.write() as connection:
            audit.record(connection, self._actor, action, subject, details=details)

    def import_readings(
        self,
        place: str | os.PathLike[str],
        *,
        observer: str | None = None,
        reason: str = "",
        progress: Progress | None = None,
    ) -> ReadingImport:
        """Take up readings from JSON files, each to the film that it was made on.

        Parameters
        ----------
        place
            A folder, with all folders below it (`*.reading.json`), or one file.
        observer
            Who made those that name nobody.
        reason
            Why a reading of the study is corrected by a differing one of the same observer; without
            it such files are refused.

        Returns
        -------
        report
            What was new, known, and refused with the reason. Observers that the study does not know
            are added; a reading that names a session goes to a new item of that session.
        """
        root = Path(os.path.realpath(Path(place).expanduser()))
        importer = Importer(self._actor, checked_text(reason, "reason"), observer)
        files = list(reading_files(root))
        tally: dict[bool, list[Path]] = {True: [], False: []}
        failed, notes = [], []
        for done, path in enumerate(files):
            if progress is not None:
                progress(done, len(files), path)
            try:
                tally[self._import_reading(importer, path)].append(path)
            except KyphometerError as error:
                failed.append(ScanFailure(path=path, sentence=str(error)))
            notes += [ScanFailure(path=path, sentence=sentence) for sentence in importer.notes]
            importer.notes.clear()
        return ReadingImport(
            imported=tuple(tally[True]),
            known=len(tally[False]),
            failed=tuple(failed),
            notes=tuple(notes),
        )

    def _import_reading(self, importer: Importer, path: Path) -> bool:
        reading, observer = importer.load(path)
        with self._database.read() as connection:
            film_id = find_film(connection, reading, path, stored_path(path, self._root))
        film = self._hashed(film_id)
        with self._database.write() as connection:
            return importer.take(connection, reading, observer, film)

    def undo(self, entry: int, *, only: bool = False) -> Undone:
        """Take back an import of headers or clinical data, or a change of settings.

        Parameters
        ----------
        entry
            Number of one of its entries in the audit trail.
        only
            Take back this entry alone, not what the same import did to other films.

        Returns
        -------
        undone
            What was taken back.

        Raises
        ------
        UnknownRecordError, StudyRefusedError
            If there is no such entry, it is of another kind, or something was changed since.
        """
        with self._database.write() as connection:
            return undo(connection, self._actor, entry, only=only)

    def hash_films(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Decode the films whose pixels were not decoded when they were taken up; their number."""
        waiting = [film for film in self.films() if film.sha256_pixels is None]
        for done, film in enumerate(waiting):
            if progress is not None:
                progress(done, len(waiting))
            fill_hash(self._database, self._reader, self._actor, film, self.film_path(film.id))
        return len(waiting)

    def set_film_patient(self, film_id: int, code: str, *, reason: str) -> None:
        """Say whose film it is; the patient is added if unknown."""
        with self._database.write() as connection:
            film_changes.set_patient(connection, self._actor, film_id, code, reason)

    def state_spacing(self, film_id: int, row_mm: float, column_mm: float, *, reason: str) -> None:
        """State a film's pixel spacing, where the header's is missing or wrong."""
        with self._database.write() as connection:
            film_changes.state_spacing(
                connection, self._actor, film_id, (row_mm, column_mm), reason
            )

    def state_exposure(
        self,
        film_id: int,
        *,
        day: date | None = None,
        position: Position | str | None = None,
        reason: str,
    ) -> None:
        """State a film's day or position, where the header's is missing or wrong.

        Raises
        ------
        StudyRefusedError
            If the day is in the future, or no reason is given.
        """
        held = None if position is None else Position(position)
        with self._database.write() as connection:
            film_changes.state_exposure(
                connection, self._actor, film_id, day=day, position=held, reason=reason
            )

    def state_copy(self, film_id: int, of: int | None, *, reason: str) -> None:
        """State that a film is a copy of another, or with None that it is none.

        Raises
        ------
        StudyRefusedError
            If it would be a copy of itself or of a film that is a copy, or no reason is given.
        """
        with self._database.write() as connection:
            film_changes.state_copy(connection, self._actor, film_id, of, reason)

    # ------------------------------------------------------------------ visits and clinical data

    def visits(self) -> VisitAssignment:
        """Films put to visits by the study's windows and by hand; the others with the reason."""
        with self._database.read() as connection:
            return visits.assignment(connection)

    def visits_elsewhere(self) -> VisitAssignment:
        """Occasions at which patients were measured elsewhere, put to visits as films are."""
        with self._database.read() as connection:
            return elsewhere.assignment(connection)

    def state_visit(self, film_id: int, visit: str | None, *, reason: str = "") -> None:
        """Put a film to a visit by hand, or with None leave it to the windows again.

        Raises
        ------
        StudyRefusedError
            If the reason or the film's patient is missing, or the visit has another film by hand.
        VisitWindowError
            If the study has no such visit.
        """
        with self._database.write() as connection:
            visits.state(connection, self._actor, film_id, visit, reason)

    # ------------------------------------------------------------------ numbers

    @contextmanager
    def snapshot(self, codes: Sequence[str] = measured.DEFAULT_CODES) -> Iterator[Self]:
        """The study as it is now, whatever others save meanwhile: all is read in one transaction.

        Parameters
        ----------
        codes
            Measurements that will be asked for; they are computed beforehand where they are not
            kept, because a snapshot is never written to.

        Raises
        ------
        StudyRefusedError
            If something is to be changed in it, or measured that `codes` does not name.
        """
        if isinstance(self._database, Snapshot):
            yield self
            return
        wanted = [measured.canonical(code) for code in codes]
        for _ in range(_TRIES):
            self.measurements(wanted)
            with self._database.read() as connection:
                rests_on = measured.basis(settings_in(connection).corner_sd_mm)
                if measured.missing(connection, wanted, rests_on):
                    continue  # somebody confirmed a reading in between
                yield type(self)(Snapshot(self._database, connection), self._reader, self._actor)
                return
        raise StudyRefusedError("study_changes_too_fast")

    def measured_elsewhere(
        self, codes: Sequence[str] | None = None, *, patient: str | None = None
    ) -> tuple[MeasuredValue, ...]:
        """Angles that came in tables, as lines of the long table; None for all codes."""
        wanted = None if codes is None else set(map(measured.canonical, codes))
        with self._database.read() as connection:
            return elsewhere.values(connection, wanted, patient)

    def measurements(
        self,
        codes: Sequence[str] = measured.DEFAULT_CODES,
        *,
        patient: str | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> tuple[MeasuredValue, ...]:
        """Numbers of the latest readings, inside and outside of sessions.

        They are computed when first asked for, and kept while nothing that they rest on changes.

        Parameters
        ----------
        codes
            Measurement codes, see `kyphometer.measure`.
        patient
            Only of this patient.
        progress
            Called with the readings measured and those to be measured.

        Raises
        ------
        UnknownDefinitionError, AmbiguousDefinitionError
            If a code is not known, or means several things.
        """
        codes = list(dict.fromkeys(map(measured.canonical, codes)))
        own = () if patient is None else (readings.of_patient(patient),)
        with self._database.read() as connection:
            corner_sd_mm = settings_in(connection).corner_sd_mm
            rests_on = measured.basis(corner_sd_mm)
            waiting = measured.missing(connection, codes, rests_on, *own)
            if not waiting:
                return values(connection, codes, rests_on, *own)
        for start in range(0, len(waiting), measured.CHUNK):
            if progress is not None:
                progress(start, len(waiting))
            numbers = waiting[start : start + measured.CHUNK]
            with self._database.read() as connection:
                rows = measured.compute(connection, codes, numbers, corner_sd_mm)
            with self._database.write() as connection:
                measured.keep(connection, rows, codes)
        with self._database.read() as connection:
            return values(connection, codes, rests_on, *own)
