"""DICOM files to an archive: each once, whatever cuts the way."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kyphometer.errors import (
    KyphometerError,
    PacsCutError,
    PacsFullError,
    PacsNotStoredError,
    PacsSlowError,
    UnsendableError,
)
from kyphometer.interop.network.archive import Archive, Outgoing
from kyphometer.interop.network.destinations import Destination
from kyphometer.interop.network.failure import Failure
from kyphometer.interop.network.journal import Journal
from kyphometer.interop.network.known import Known
from kyphometer.interop.network.outgoing import Chosen, Offer
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
    offers: Iterable[Path | Offer],
    *,
    journal: Path,
    again: bool = False,
    progress: Progress | None = None,
) -> Sent:
    """Send files; run again, it goes on where it was cut.

    Parameters
    ----------
    offers
        Files, and results, which are made where what they are made from is not known.
    journal
        File in which it is written down what was confirmed; a file that changed since is new.
    again
        Make and send also what was confirmed before.
    progress
        Told of each file that went.
    """
    journal.parent.mkdir(parents=True, exist_ok=True)
    with locked(journal.with_suffix(".lock")), Journal(journal) as lines:
        known = Known(lines)
        chosen = Chosen(offers, known, again=again)
        fresh, failed = chosen.fresh, chosen.failed
        run = _Run(archive, known, failed, progress)
        ended_by = run.send(fresh)
        promised = archive.committed(run.sent) if ended_by is None else None
        run.take_promises(promised)
        return Sent(
            sent=tuple(run.sent),
            known=chosen.unmade + len(chosen.items) - len(fresh),
            failed=tuple(failed),
            ended_by=ended_by,
            left=len(fresh) - len(run.done),
            committed=None if promised is None else sum(promised.values()),
        )


class _Run:
    """One run, with what has gone so far."""

    def __init__(
        self,
        archive: Archive,
        known: Known,
        failed: list[Failure],
        progress: Progress | None,
    ) -> None:
        self._archive = archive
        self._known = known
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
            self._known.confirm(item)
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
            self._known.lose(item)
            error = UnsendableError("not_committed", path=item.path)
            self.failed.append(Failure(name=str(item.path), error=error))
