"""Films into a folder: each once, whatever cuts the way, and only while bounds allow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kyphometer.errors import (
    KyphometerError,
    PacsCutError,
    PacsDoubledError,
    PacsSlowError,
)
from kyphometer.interop.network.archive import Archive, Entry, is_uid
from kyphometer.interop.network.headers import header_of
from kyphometer.interop.network.incoming import Incoming, Kept, sweep
from kyphometer.interop.network.journal import Journal
from kyphometer.messages import Word
from kyphometer.store.folder.atomic import locked

_STUDY: Final = "StudyInstanceUID"
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
class Failure:
    """What did not come or go, and why."""

    name: str
    error: KyphometerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a run has fetched.

    Attributes
    ----------
    kept
        Films that came.
    known
        How many were there before.
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


def fetch(
    archive: Archive,
    entries: Sequence[Entry],
    folder: Path,
    *,
    source: str,
    bounds: Bounds | None = None,
    known: frozenset[str] = frozenset(),
    again: bool = False,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch films into a folder; run again, it goes on where it was cut.

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
        SOP instances that are not wanted because they are elsewhere.
    again
        Fetch also what was fetched before and is not here any more.
    progress
        Told of each film that came.
    """
    bounds = bounds or Bounds()
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK), Journal(folder / JOURNAL) as journal:
        sweep(folder)
        run = _Run(archive, folder, source, bounds, journal, progress)
        had = known if again else known | {str(line.get("sop")) for line in journal.lines}
        return run.fetch(run.each_once(entries), had)


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
        self._kept: list[Kept] = []
        self._failed: list[Failure] = []
        self._refused: list[Failure] = []

    def each_once(self, entries: Sequence[Entry]) -> list[Entry]:
        """Entries without doubles; another film under the UID of one that is known has failed."""
        studies: dict[str, str | None] = {}
        for line in self._journal.lines:
            study, _, _ = str(line.get("file")).rpartition("/")
            studies[str(line.get("sop"))] = study if is_uid(study) else None
        found: dict[str, Entry] = {}
        for one in entries:
            uid = one.sop_instance_uid
            known = studies.setdefault(uid, one.study_instance_uid)
            if known not in (None, one.study_instance_uid):
                error = PacsDoubledError(self._source, uid, [_STUDY])
                self._refused.append(Failure(name=uid, error=error))
            else:
                found[uid] = one
        return list(found.values())

    def fetch(self, entries: list[Entry], had: frozenset[str]) -> Fetched:
        wanted = [one for one in entries if one.sop_instance_uid not in had]
        fresh = [one for one in wanted if not self._is_here(one)]
        ended_by = self._fetch(fresh)
        return Fetched(
            kept=tuple(self._kept),
            known=len(entries) - len(fresh),
            failed=(*self._refused, *self._failed),
            ended_by=ended_by,
            left=len(fresh) - len(self._kept) - len(self._failed),
        )

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
        incoming = Incoming(self._folder, self._source, self._bounds.film_bytes, self._keep)
        tries = 0
        total = len(fresh)
        while fresh:
            before = len(self._kept) + len(self._failed)
            try:
                wanted = fresh[: self._bounds.films - len(self._kept)]
                for entry, error in self._archive.fetch(wanted, incoming):
                    if error is not None:
                        self._failed.append(Failure(name=entry.sop_instance_uid, error=error))
                    if self._progress is not None:
                        done = len(self._kept) + len(self._failed)
                        self._progress(done, total, Path(entry.sop_instance_uid))
                    reached = self._reached()
                    if reached is not None and len(self._kept) + len(self._failed) < total:
                        return reached
                if len(self._kept) + len(self._failed) == before:
                    return None
                fresh = self._left(fresh)
            except (PacsCutError, PacsSlowError) as error:
                done = len(self._kept) + len(self._failed)
                tries = 1 if done > before else tries + 1
                if tries >= self._bounds.tries:
                    return error
                time.sleep(min(5.0, 0.2 * 2**tries))
                fresh = self._left(fresh)
            except KyphometerError as error:
                return error
        return None

    def _left(self, fresh: list[Entry]) -> list[Entry]:
        done = {one.sop_instance_uid for one in self._kept} | {one.name for one in self._failed}
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
