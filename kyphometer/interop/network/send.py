"""DICOM files to an archive: each once, whatever cuts the way."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kyphometer.dicom.parse import open_dicom
from kyphometer.dicom.source import open_source
from kyphometer.errors import (
    FilmError,
    KyphometerError,
    PacsCutError,
    PacsFullError,
    PacsNotStoredError,
    PacsSlowError,
    UnsendableError,
)
from kyphometer.interop.network.archive import Archive, Outgoing, is_uid
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.failure import Failure
from kyphometer.interop.network.journal import Journal
from kyphometer.interop.network.multipart import PIECE
from kyphometer.store.folder.atomic import locked

Progress = Callable[[int, int, Path], None]
_TRIES: Final = 3
_REFUSED: Final = 3
"""So many in a row for which there is no room, and the archive is taken to be full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a run has sent.

    Attributes
    ----------
    sent
        Files that the archive has confirmed.
    known
        How many it had confirmed before.
    failed
        Files that it refused, or that cannot be sent.
    ended_by
        What ended the run early, None if nothing did.
    left
        How many are still to go.
    committed
        How many of those sent the archive promised to keep; None where that is not offered.
    """

    sent: tuple[Outgoing, ...]
    known: int
    failed: tuple[Failure, ...]
    ended_by: KyphometerError | None
    left: int
    committed: int | None


def journal_path(to: Destination) -> Path:
    """Where it is written down what a destination has confirmed; another address is another."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    safe = "".join(c if c.isalnum() or c in "-_" else "_" for c in to.name)
    what = "\n".join((to.name, to.address, to.called_ae if to.kind == "dimse" else ""))
    digest = hashlib.sha256(what.encode()).hexdigest()[:8]
    return Path(home) / "kyphometer" / f"sent-{safe[:40]}-{digest}.jsonl"


def send(
    archive: Archive,
    paths: Iterable[Path],
    *,
    journal: Path,
    again: bool = False,
    progress: Progress | None = None,
) -> Sent:
    """Send files; run again, it goes on where it was cut.

    Parameters
    ----------
    journal
        File in which it is written down what was confirmed; a file that changed since is new.
    again
        Send also what was confirmed before.
    progress
        Told of each file that went.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    with locked(journal.with_suffix(".lock")), Journal(journal) as lines:
        items, failed = _outgoing(paths)
        had = _confirmed(lines.lines)
        fresh = [one for one in items if again or (one.sop_instance_uid, one.sha256) not in had]
        run = _Run(archive, lines, failed, progress)
        ended_by = run.send(fresh)
        promised = archive.committed(run.sent) if ended_by is None else None
        run.take_promises(promised)
        return Sent(
            sent=tuple(run.sent),
            known=len(items) - len(fresh),
            failed=tuple(failed),
            ended_by=ended_by,
            left=len(fresh) - len(run.done),
            committed=None if promised is None else sum(promised.values()),
        )


def _confirmed(lines: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    """What was confirmed and not said to be lost since."""
    had: set[tuple[str, str]] = set()
    for line in lines:
        key = (str(line.get("sop")), str(line.get("sha256")))
        had.discard(key) if line.get("lost") else had.add(key)
    return had


class _Run:
    """One run, with what has gone so far."""

    def __init__(
        self,
        archive: Archive,
        journal: Journal,
        failed: list[Failure],
        progress: Progress | None,
    ) -> None:
        self._archive = archive
        self._journal = journal
        self._progress = progress
        self.failed = failed
        self._full = 0
        self.sent: list[Outgoing] = []
        self.done: set[str] = set()

    def send(self, fresh: Sequence[Outgoing]) -> KyphometerError | None:
        """Send what is fresh; what ended it early, None if nothing did."""
        tries, left = 0, list(fresh)
        while left:
            before = len(self.done)
            try:
                for item, error in self._archive.send(left):
                    self._take(item, error, len(fresh))
                return None
            except (PacsCutError, PacsSlowError) as error:
                tries = 1 if len(self.done) > before else tries + 1
                if tries >= _TRIES:
                    return error
                time.sleep(min(5.0, 0.2 * 2**tries))
                left = [one for one in left if one.sop_instance_uid not in self.done]
            except KyphometerError as error:
                return error
        return None

    def _take(self, item: Outgoing, error: KyphometerError | None, total: int) -> None:
        self.done.add(item.sop_instance_uid)
        if error is None:
            self.sent.append(item)
            self._journal.add(sop=item.sop_instance_uid, sha256=item.sha256)
        else:
            self.failed.append(Failure(name=str(item.path), error=error))
        if self._progress is not None:
            self._progress(len(self.done), total, item.path)
        full = isinstance(error, PacsFullError | PacsNotStoredError)
        self._full = self._full + 1 if full else 0
        if error is not None and self._full == _REFUSED:
            raise error

    def take_promises(self, promised: dict[str, bool] | None) -> None:
        """What the archive does not promise to keep has failed and is sent again next time."""
        for item in tuple(self.sent):
            if promised is None or promised.get(item.sop_instance_uid):
                continue
            self.sent.remove(item)
            self._journal.add(sop=item.sop_instance_uid, sha256=item.sha256, lost=True)
            error = UnsendableError("not_committed", path=item.path)
            self.failed.append(Failure(name=str(item.path), error=error))


def _outgoing(paths: Iterable[Path]) -> tuple[list[Outgoing], list[Failure]]:
    """Files as they go out, each instance once, and those that cannot go."""
    found: dict[str, Outgoing] = {}
    failed: list[Failure] = []
    for path in paths:
        try:
            item = outgoing(path)
        except (FilmError, UnsendableError) as error:
            failed.append(Failure(name=str(path), error=error))
            continue
        except OSError as error:
            unread = UnsendableError("unreadable", path=path, reason=error.strerror or "-")
            failed.append(Failure(name=str(path), error=unread))
            continue
        had = found.setdefault(item.sop_instance_uid, item)
        if had.sha256 != item.sha256:
            doubled = UnsendableError("two_of_one", path=path, other=had.path)
            failed.append(Failure(name=str(path), error=doubled))
    return list(found.values()), failed


def outgoing(path: Path) -> Outgoing:
    """A DICOM file with what an archive must be told of it.

    Raises
    ------
    FilmError
        If it cannot be read.
    UnsendableError
        If it is no DICOM file with its meta information, or lacks a UID.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        start = stream.read(132)
        if start[128:] != b"DICM":
            raise UnsendableError("no_dicom_file", path=path)
        digest.update(start)
        while piece := stream.read(PIECE):
            digest.update(piece)
        size = stream.tell()
    with open_source(path) as source:
        dicom = open_dicom(source)
    uids = (dicom.elements.code("SOPInstanceUID"), dicom.elements.code("SOPClassUID"))
    if not all(map(is_uid, (*uids, dicom.transfer_syntax_uid))):
        raise UnsendableError("no_uid", path=path)
    return Outgoing(
        path=path,
        sop_instance_uid=uids[0],
        sop_class_uid=uids[1],
        transfer_syntax_uid=dicom.transfer_syntax_uid,
        size=size,
        sha256=digest.hexdigest(),
    )


def dicom_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves, and of folders every DICOM file by its first bytes."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for inner in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in inner.relative_to(path).parts)
            if not hidden and inner.is_file() and _is_dicom(inner):
                yield inner


def _is_dicom(path: Path) -> bool:
    """True also for what cannot be read, so that it is told."""
    try:
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError:
        return True
