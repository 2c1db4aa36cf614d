"""Films into a folder: each once, whatever cuts the way, and only while bounds allow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kyphometer.errors import (
    KyphometerError,
    PacsCutError,
    PacsSlowError,
    PacsStalledError,
)
from kyphometer.interop.network.archive import Archive, Entry, Part
from kyphometer.interop.network.failure import Failure
from kyphometer.interop.network.headers import header_of
from kyphometer.interop.network.here import Here
from kyphometer.interop.network.incoming import Incoming, Kept, sweep
from kyphometer.interop.network.journal import Journal
from kyphometer.messages import Word
from kyphometer.store.folder.atomic import locked

JOURNAL: Final = ".kyphometer-fetched.jsonl"
LOCK: Final = ".kyphometer-fetched.lock"
Progress = Callable[[int, int, Path], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much may come; what is beyond waits for the next run.

    Attributes
    ----------
    film_bytes
        Of one film.
    total_bytes, films, seconds
        Of one run.
    tries
        How often a film is tried when the connection is cut or silent.
    """

    film_bytes: int = 512 * 1024 * 1024
    total_bytes: int = 50 * 1024**3
    films: int = 10_000
    seconds: float = 24 * 3600.0
    tries: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a run has fetched.

    Attributes
    ----------
    kept
        Films that came.
    known
        How many were there before.
    compared
        How many of those were fetched again and are the same.
    failed
        Films that the archive could not give.
    ended_by
        What ended the run early, None if nothing did.
    left
        How many are still to come.
    """

    kept: tuple[Kept, ...]
    known: int
    failed: tuple[Failure, ...]
    ended_by: KyphometerError | Word | None
    left: int
    compared: int = 0


def fetch(
    archive: Archive,
    entries: Sequence[Entry],
    folder: Path,
    *,
    source: str,
    bounds: Bounds | None = None,
    known: Mapping[str, Path | None] | None = None,
    again: bool = False,
    compare: bool = False,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch films into a folder; run again, it goes on where it was cut.

    A film that is here and of which the archive states something else (patient, study, size) has
    failed as another one under its UID.

    Parameters
    ----------
    archive
        Where they are.
    entries
        What is wanted; doubles count once.
    folder
        Films come to lie in it as `STUDY UID/SOP UID.dcm`. What was fetched into it once is
        written down there and not fetched again, also if it was moved away since.
    source
        Name of the archive, for sentences.
    known
        SOP instances that are not wanted because they are elsewhere, with their files where these
        are known.
    again
        Fetch also what was fetched before and is not here any more.
    compare
        Fetch also what is here, only to see whether it is the same to the last pixel.
    progress
        Told of each film that came.
    """
    bounds = bounds or Bounds()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK), Journal(folder / JOURNAL) as journal:
        sweep(folder)
        here = Here(folder, source, journal.lines, known or {}, is_wanted_again=again)
        run = _Run(archive, folder, source, bounds, journal, progress)
        same, refused = here.each_once(entries)
        return run.fetch(same, refused, here, compare=compare)


class _Run:
    """One run, with what it has brought so far."""

    def __init__(
        self,
        archive: Archive,
        folder: Path,
        source: str,
        bounds: Bounds,
        journal: Journal,
        progress: Progress | None,
    ) -> None:
        self._archive = archive
        self._folder = folder
        self._source = source
        self._bounds = bounds
        self._journal = journal
        self._progress = progress
        self._started = time.monotonic()
        self._keeping = threading.Lock()
        self._to_compare: dict[str, Path] = {}
        self._incoming = Incoming(folder, source, bounds.film_bytes, self._keep)
        self._kept: list[Kept] = []
        self._failed: list[Failure] = []
        self._compared: set[str] = set()

    def fetch(
        self, entries: list[Entry], refused: list[Failure], here: Here, *, compare: bool
    ) -> Fetched:
        wanted = [one for one in entries if not here.holds(one.sop_instance_uid)]
        fresh = [one for one in wanted if not self._is_here(one)]
        self._to_compare = here.files() if compare else {}
        again = [one for one in entries if one.sop_instance_uid in self._to_compare]
        ended_by = self._fetch([*fresh, *again])
        differing = {one.name for one in self._failed} & set(self._to_compare)
        return Fetched(
            kept=tuple(self._kept),
            known=len(entries) - len(fresh) - len(differing),
            failed=(*refused, *self._failed),
            ended_by=ended_by,
            left=len(fresh) + len(again) - self._done,
            compared=len(self._compared),
        )

    @property
    def _done(self) -> int:
        return len(self._kept) + len(self._compared) + len(self._failed)

    @contextmanager
    def receive(self, sop_instance_uid: str) -> Iterator[Part]:
        """Take a film in, or compare it with the one that is here."""
        path = self._to_compare.get(sop_instance_uid)
        if path is None:
            with self._incoming.receive(sop_instance_uid) as part:
                yield part
            return
        with self._incoming.compare(sop_instance_uid, path) as part:
            yield part
        with self._keeping:
            self._compared.add(sop_instance_uid)

    def _is_here(self, entry: Entry) -> bool:
        """True for a film that had its name when a run ended before it was written down."""
        path = self._folder / entry.study_instance_uid / f"{entry.sop_instance_uid}.dcm"
        if not path.is_file():
            return False
        elements: Any = header_of(path, self._source)
        if elements.code("SOPInstanceUID") != entry.sop_instance_uid:
            return False
        self._note(entry.sop_instance_uid, path, path.stat().st_size)
        return True

    def _note(self, uid: str, path: Path, size: int) -> None:
        place = path.relative_to(self._folder).as_posix()
        self._journal.add(sop=uid, file=place, bytes=size)

    def _keep(self, kept: Kept) -> None:
        with self._keeping:  # an archive may give several at once
            self._note(kept.sop_instance_uid, kept.path, kept.size)
            self._kept.append(kept)

    def _fetch(self, fresh: list[Entry]) -> KyphometerError | Word | None:
        """Fetch what is fresh; what ended it early, None if nothing did."""
        tries = 0
        total = len(fresh)
        while fresh:
            before = self._done
            try:
                wanted = fresh[: self._bounds.films - len(self._kept)]
                for entry, error in self._archive.fetch(wanted, self):
                    if error is not None:
                        self._failed.append(Failure(name=entry.sop_instance_uid, error=error))
                    if self._progress is not None:
                        self._progress(self._done, total, Path(entry.sop_instance_uid))
                    reached = self._reached()
                    if reached is not None and self._done < total:
                        return reached
                if self._done == before:
                    return None
                fresh = self._left(fresh)
            except PacsStalledError as error:
                return error
            except (PacsCutError, PacsSlowError) as error:
                tries = 1 if self._done > before else tries + 1
                if tries >= self._bounds.tries:
                    return error
                time.sleep(min(5.0, 0.2 * 2**tries))
                fresh = self._left(fresh)
            except KyphometerError as error:
                return error
        return None

    def _left(self, fresh: list[Entry]) -> list[Entry]:
        done = {one.sop_instance_uid for one in self._kept} | {one.name for one in self._failed}
        done |= self._compared
        return [one for one in fresh if one.sop_instance_uid not in done]

    def _reached(self) -> Word | None:
        """The bound that the run has come to."""
        bounds = self._bounds
        if len(self._kept) >= bounds.films:
            return Word("pacs.bound_films", {"bound": bounds.films})
        if sum(one.size for one in self._kept) >= bounds.total_bytes:
            return Word("pacs.bound_bytes", {"bound": bounds.total_bytes})
        if time.monotonic() - self._started >= bounds.seconds:
            return Word("pacs.bound_seconds", {"bound": bounds.seconds})
        return None
