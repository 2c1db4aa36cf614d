"""Work of a process beside the server: results made of a confirmed reading, and sent.

Drawing takes seconds and holds the interpreter, an archive may be silent for minutes, and what was
sent is written down under a lock: nobody who reads films is to wait for any of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kyphometer.errors import KyphometerError
from kyphometer.messages import Word, sentence, speaking
from kyphometer.web.pixels.decode_job import settle_in
from kyphometer.web.sending.answers import SendJob

if TYPE_CHECKING:
    from kyphometer.interop.network.outgoing import Offer
    from kyphometer.interop.network.send import Sent
    from kyphometer.interop.read_file import ReadFile
    from kyphometer.workflow.films import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsOrder:
    """A confirmed reading whose results may leave.

    Attributes
    ----------
    path, frame, spacing_mm
        The film; the spacing only where a person has stated it.
    name
        What its files are called.
    observer
        Whose reading it is.
    document_json, earlier_json
        The latest version, and those before it, oldest first.
    reason
        Why the version before was corrected.
    visit
        Name of the visit; None takes that of the film's header.
    corner_sd_mm
        SD of a hand-marked corner, behind the uncertainties.
    """

    path: Path
    frame: int
    spacing_mm: tuple[float, float] | None
    name: str
    observer: str
    document_json: str
    earlier_json: tuple[str, ...]
    reason: str
    visit: str | None
    corner_sd_mm: float

    @property
    def version(self) -> int:
        """Number of the version."""
        return len(self.earlier_json) + 1


def run(order: ResultsOrder, begun: SendJob, language: str, tell: Connection) -> None:
    """Make and send; `tell` gets a `SendJob` whenever something has changed."""
    settle_in()
    with speaking(language):
        try:
            _run(order, begun, tell)
        except KyphometerError as error:
            tell.send(replace(begun, state="done", ended=str(error)))
        except OSError as error:
            reason = Word("send.no_file", {"reason": error.strerror or "-"})
            tell.send(replace(begun, state="done", ended=str(reason)))


def _run(order: ResultsOrder, begun: SendJob, tell: Connection) -> None:
    from kyphometer.interop.network.destinations import the_destination
    from kyphometer.interop.network.open import open_archive
    from kyphometer.interop.network.send import journal_path, send
    from kyphometer.interop.results import results_of

    destination = the_destination(begun.destination)
    tell.send(begun)
    now = begun
    unmade: list[Failure] = []

    def offered(folder: Path) -> Iterator[Path | Offer]:
        nonlocal now
        yield from results_of([_read(order)], begun.parts, folder, unmade.append)
        problems = [_told(one.path.name, one.reason) for one in unmade]
        total = len(begun.parts) - len(unmade)
        now = replace(begun, state="sending", problems=problems, total=total)
        tell.send(now)

    def progress(done: int, total: int, _path: Path) -> None:
        tell.send(replace(now, done=done, total=total))

    with (
        tempfile.TemporaryDirectory(prefix="kyphometer-") as folder,
        open_archive(destination) as archive,
    ):
        files = offered(Path(folder))
        done = send(archive, files, journal=journal_path(destination), progress=progress)
    tell.send(_outcome(now, done))


def _read(order: ResultsOrder) -> ReadFile:
    from kyphometer.interop.read_file import ReadFile
    from kyphometer.reading.document import reading_from_json

    return ReadFile(
        path=order.path,
        frame=order.frame,
        spacing_mm=order.spacing_mm,
        reading=reading_from_json(order.document_json),
        name=order.name,
        earlier=tuple(map(reading_from_json, order.earlier_json)),
        reason=order.reason,
        visit=order.visit,
        corner_sd_mm=order.corner_sd_mm,
    )


def _outcome(now: SendJob, done: Sent) -> SendJob:
    refused = [_told(Path(one.name).name, str(one.error)) for one in done.failed]
    return replace(
        now,
        state="done",
        done=len(done.sent) + done.known,
        sent=len(done.sent),
        known=done.known,
        problems=[*now.problems, *refused],
        ended=None if done.ended_by is None else str(done.ended_by),
    )


def _told(part: str, reason: str) -> str:
    """A sentence about a part, called as people call it; the film by the name of its file."""
    known = part in ("sr", "sc", "pdf", "gsps")
    what = sentence(f"send.part_{part}", {}) if known else part
    return f"{what}: {reason}"
