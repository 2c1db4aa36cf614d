"""Taking up the films of a folder: what is new is added, what was moved is found again.

A file that was seen before with the same size and time is not opened. Films are written in batches,
so that an interrupted scan keeps what it has found, and other writers need not wait long.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from kyphometer.dicom.archive import Unpacked
from kyphometer.dicom.entries import Entries, PassedOver, is_no_film, shown_path
from kyphometer.dicom.look import look
from kyphometer.errors import FilmError, KyphometerError, StudyRefusedError
from kyphometer.film import Film, FilmHeader
from kyphometer.store.database import audit
from kyphometer.store.database.connection import Database
from kyphometer.store.films.file_reader import FilmReader
from kyphometer.store.films.films import stored_path
from kyphometer.store.scan import match as scan_match
from kyphometer.store.scan.known import FoundFilm
from kyphometer.store.scan.report import (
    MOST_FRAMES,
    Progress,
    ScanFailure,
    ScanOptions,
    ScanReport,
)

_BATCH = 50
_AT_ONCE = 1000
"""Films (frames of the files of a batch) that are written in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    stored: str
    size: int
    mtime_ns: int


class Scanner:
    """Takes up one folder (or one file) into one study."""

    def __init__(
        self, database: Database, reader: FilmReader, actor: str, options: ScanOptions
    ) -> None:
        self._database = database
        self._reader = reader
        self._actor = actor
        self._options = options
        self._import = uuid.uuid4().hex
        self._root = "" if database.path is None else str(database.path.parent)

    def run(self, folder: Path, progress: Progress | None = None) -> ScanReport:
        """Scan; see `Study.add_films`."""
        folder = Path(os.path.realpath(folder.expanduser()))
        if not folder.exists():
            raise StudyRefusedError("nothing_there", place=folder)
        files, passed = self._files(folder)
        with self._database.read() as connection:
            seen = scan_match.seen_files(connection)
        fresh = [file for file in files if seen.get(file.stored) != (file.size, file.mtime_ns)]
        tally = _Tally(known=len(files) - len(fresh), passed=passed)
        done = tally.known
        for start in range(0, len(fresh), _BATCH):
            found: list[FoundFilm] = []
            for file in fresh[start : start + _BATCH]:
                if progress is not None:
                    progress(done, len(files), file.path)
                found += self._look(file, folder, tally)
                done += 1
            for first in range(0, len(found), _AT_ONCE):
                self._write(found[first : first + _AT_ONCE], tally)
        if progress is not None:
            progress(len(files), len(files), folder)
        return tally.report(self._missing(folder, files))

    def _files(self, folder: Path) -> tuple[list[_File], list[PassedOver]]:
        """Files that may be films, and what was passed over."""
        entries = Entries(folder, Unpacked(keep=True))
        files, gone = [], []
        for entry in entries:
            if self._is_own(entry.name):
                continue
            try:
                files.append(self._file(entry))
            except OSError as error:
                sentence = f"It cannot be looked at ({error.strerror}); mend or remove it."
                gone.append(PassedOver(path=Path(shown_path(Path(entry))), sentence=sentence))
        return files, [*entries.passed, *gone]

    def _is_own(self, name: str) -> bool:
        """True for the study's own file and what SQLite keeps beside it."""
        own = None if self._database.path is None else self._database.path.name
        return own is not None and name in (own, f"{own}-wal", f"{own}-shm")

    def _file(self, entry: os.DirEntry[str] | Path) -> _File:
        stat = entry.stat()
        path = Path(entry)
        return _File(
            path=path,
            stored=stored_path(path, self._root),
            size=stat.st_size,
            mtime_ns=stat.st_mtime_ns,
        )

    def _look(self, file: _File, folder: Path, tally: _Tally) -> list[FoundFilm]:
        """Films in a file; none if it fails, which goes into the tally."""
        try:
            first = None if self._options.defer_hashes else self._reader.read_film(file.path, 1)
            header = self._reader.read_header(file.path) if first is None else first.header
            if header.frames > MOST_FRAMES and not self._options.all_frames:
                raise FilmError("too_many_frames", name=file.path.name, frames=header.frames)
            rest = range(2, header.frames + 1)
            return [
                self._film(file, folder, header, 1, first),
                *(self._film(file, folder, header, frame) for frame in rest),
            ]
        except FilmError as error:
            if is_no_film(file.path, error):
                tally.pass_over(file.path, str(error))
            else:
                tally.fail(file.path, str(error))
        except OSError as error:
            tally.fail(file.path, f"The file cannot be read ({error.strerror}); check its rights.")
        return []

    def _film(
        self, file: _File, folder: Path, header: FilmHeader, frame: int, film: Film | None = None
    ) -> FoundFilm:
        needs_hash = not self._options.defer_hashes or header.reference.sop_instance_uid is None
        if film is None and needs_hash:
            film = self._reader.read_film(file.path, frame)
        return FoundFilm(
            path=file.path,
            stored=file.stored,
            size=file.size,
            mtime_ns=file.mtime_ns,
            header=header if film is None else film.header,
            frame=frame,
            sha256=None if film is None else film.sha256_pixels,
            patient=self._patient(file.path, folder, header),
            look="" if film is None else look(film.pixels),
        )

    def _patient(self, path: Path, folder: Path, header: FilmHeader) -> str | None:
        if self._options.patients_from == "header":
            return (header.acquisition.patient_id or "").strip() or None
        parts = path.relative_to(folder).parts if path != folder else ()
        return parts[0] if len(parts) > 1 else None

    def _write(self, found: list[FoundFilm], tally: _Tally) -> None:
        """Write a batch; a film that is refused is left out, the others are kept."""
        if not found:
            return
        with self._database.write() as connection:
            matcher = scan_match.Matcher(
                connection,
                found,
                self._root,
                self._reader.read_film,
                import_name=self._import,
                accept_changes=self._options.accept_changes,
            )
            for film, outcome, notes in matcher.take_all():
                if isinstance(outcome, KyphometerError):
                    tally.fail(film.path, str(outcome))
                    continue
                tally.count(film.path, outcome)
                for sentence in notes:
                    tally.note(film.path, sentence)
            tally.changed |= matcher.changed
            if matcher.deeds:
                audit.record_all(connection, self._actor, matcher.deeds)

    def _missing(self, folder: Path, files: list[_File]) -> tuple[Path, ...]:
        with self._database.read() as connection:
            return scan_match.missing_files(
                connection, self._root, folder, {file.stored for file in files}
            )


class _Tally:
    """Counts while a scan runs."""

    def __init__(self, known: int, passed: list[PassedOver]) -> None:
        self.known = known
        self._passed = [ScanFailure(path=item.path, sentence=item.sentence) for item in passed]
        self._notes: list[ScanFailure] = []
        self.changed: set[int] = set()
        self._paths: dict[scan_match.Match, list[Path]] = {kind: [] for kind in scan_match.Match}
        self._failed: list[ScanFailure] = []

    def count(self, path: Path, match: scan_match.Match) -> None:
        self._paths[match].append(path)

    def fail(self, path: Path, sentence: str) -> None:
        self._failed.append(ScanFailure(path=path, sentence=sentence))

    def pass_over(self, path: Path, sentence: str) -> None:
        self._passed.append(ScanFailure(path=path, sentence=sentence))

    def note(self, path: Path, sentence: str) -> None:
        self._notes.append(ScanFailure(path=path, sentence=sentence))

    def report(self, missing: tuple[Path, ...]) -> ScanReport:
        match = scan_match.Match
        return ScanReport(
            added=tuple(self._paths[match.ADDED]),
            known=self.known + len(self._paths[match.KNOWN]) + len(self._paths[match.COPY]),
            moved=tuple(self._paths[match.MOVED]),
            failed=tuple(self._failed),
            passed_over=tuple(self._passed),
            notes=tuple(self._notes),
            changed=len(self.changed),
            missing=missing,
        )
