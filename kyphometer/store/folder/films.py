"""The films of a folder, looked for again whenever somebody asks."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kyphometer.dicom.archive import Unpacked
from kyphometer.dicom.entries import Entries, is_no_film
from kyphometer.errors import FilmError
from kyphometer.store.films.file_reader import FilmReader
from kyphometer.store.films.header_rows import film_row
from kyphometer.store.records import FilmRecord
from kyphometer.store.scan.report import MOST_FRAMES, Progress, ScanFailure, ScanReport


class FolderFilms:
    """Films of a folder, or of one file; a file is read again only if it has changed.

    Parameters
    ----------
    root
        The folder, or the file.
    all_frames
        Take every frame of a file, however many there are.
    """

    def __init__(self, root: Path, reader: FilmReader, *, all_frames: bool) -> None:
        self._root = root
        self._reader = reader
        self._films: dict[int, FilmRecord] = {}
        self._several: set[int] = set()
        self._all_frames = all_frames
        self._looked: dict[str, tuple[int, int]] = {}
        self._problems: dict[str, tuple[bool, ScanFailure]] = {}
        self._skipped: tuple[ScanFailure, ...] = ()
        self._looking = threading.Lock()

    @property
    def failed(self) -> tuple[ScanFailure, ...]:
        """Films that cannot be read, and why."""
        return tuple(found for passed, found in self._problems.values() if not passed)

    @property
    def passed_over(self) -> tuple[ScanFailure, ...]:
        """Entries that are no films, or could not be looked at, and why."""
        return self._skipped + tuple(found for passed, found in self._problems.values() if passed)

    def films(self) -> tuple[FilmRecord, ...]:
        """Those found so far, by patient and day."""
        return tuple(self._films.values())

    def film(self, film_id: int) -> FilmRecord | None:
        """One of them."""
        return self._films.get(film_id)

    def keep(self, film: FilmRecord) -> None:
        """Know more of a film than before."""
        self._films[film.id] = film

    def is_one_of_several(self, film_id: int) -> bool:
        """Whether the film's file has further frames."""
        return film_id in self._several

    def look(self, progress: Progress | None = None) -> None:
        """Read the headers of files that are new or changed since the last look."""
        with self._looking:
            self._look(progress)

    def _look(self, progress: Progress | None) -> None:
        entries = Entries(self._root, Unpacked(keep=True))
        fresh = [path for entry in entries if (path := self._unseen(entry)) is not None]
        for done, path in enumerate(fresh):
            if progress is not None:
                progress(done, len(fresh), path)
            self._take(path)
        if progress is not None and fresh:
            progress(len(fresh), len(fresh), self._root)
        self._skipped = tuple(
            ScanFailure(path=item.path, sentence=item.sentence) for item in entries.passed
        )
        if fresh:
            self._sort()

    def _unseen(self, entry: os.DirEntry[str] | Path) -> Path | None:
        """The path of a file that was not looked at as it is now, or None."""
        path = Path(entry)
        try:
            facts = entry.stat()
            stamp = (facts.st_size, facts.st_mtime_ns)
        except OSError:
            stamp = (-1, -1)
        if self._looked.get(str(path)) == stamp:
            return None
        self._looked[str(path)] = stamp
        return path

    def _take(self, path: Path) -> None:
        self._problems.pop(str(path), None)
        try:
            for film in self._records(path, all_frames=self._all_frames):
                self._films[film.id] = film
        except FilmError as error:
            found = ScanFailure(path=path, sentence=str(error))
            self._problems[str(path)] = (is_no_film(path, error), found)
        except OSError as error:
            sentence = f"The file cannot be read ({error.strerror}); check its rights."
            self._problems[str(path)] = (False, ScanFailure(path=path, sentence=sentence))

    def _records(self, path: Path, *, all_frames: bool) -> Iterator[FilmRecord]:
        header = self._reader.read_header(path)
        if header.frames > MOST_FRAMES and not all_frames:
            raise FilmError("too_many_frames", name=path.name, frames=header.frames)
        for frame in range(1, header.frames + 1):
            row = film_row(header, frame, None)
            row["facts_json"] = row.pop("facts")
            visit = (header.acquisition.time_point or "").strip() or None
            patient = (header.acquisition.patient_id or "").strip() or None
            film = FilmRecord(
                id=self._number(path, frame),
                path_text=str(path),
                patient=patient,
                visit=visit,
                **row,
            )
            if header.frames > 1:
                self._several.add(film.id)
            yield film

    def _number(self, path: Path, frame: int) -> int:
        """The same at each start; says nothing about the name."""
        base = self._root if self._root.is_dir() else self._root.parent
        name = f"{path.relative_to(base).as_posix()}#{frame}"
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")

    def take_up(self, folder: Path) -> ScanReport:
        """Take up a file or an archive that has come into the folder, and say what it holds."""
        entries = Entries(folder, Unpacked(keep=True))
        added: list[Path] = []
        failed: list[ScanFailure] = []
        passed: list[ScanFailure] = []
        known = 0
        with self._looking:
            for entry in entries:
                path, is_new = Path(entry), self._unseen(entry) is not None
                if is_new:
                    self._take(path)
                is_passed, found = self._problems.get(str(path), (False, None))
                if found is not None:
                    (passed if is_passed else failed).append(found)
                elif is_new:
                    added.append(path)
                else:
                    known += 1
            self._sort()
        passed += [ScanFailure(path=one.path, sentence=one.sentence) for one in entries.passed]
        return ScanReport(
            added=tuple(added), known=known, failed=tuple(failed), passed_over=tuple(passed)
        )

    def _sort(self) -> None:
        self._films = dict(sorted(self._films.items(), key=lambda item: _order(item[1])))


def _order(film: FilmRecord) -> tuple[Any, ...]:
    day = film.taken_on.isoformat() if film.taken_on else "~"
    return (film.patient is None, film.patient or "", day, film.path_text, film.frame)
