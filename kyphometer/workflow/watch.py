"""A folder that films arrive in: each is looked at once, and its proposal waits in a file.

A proposal file is named after its film, written whole by a rename, and says which state of the
film it belongs to; films that change are looked at again, films that somebody has read are left
alone. A film on which nothing can be proposed has a file too, with the sentence that says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kyphometer.detect import Proposal
from kyphometer.errors import KyphometerError
from kyphometer.workflow.beside import find_readings
from kyphometer.workflow.films import film_files
from kyphometer.workflow.proposals import left_document, propose_file
from kyphometer.workflow.waiting import SUFFIX, Stamp, leave, proposal_file, stamp_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A film that was looked at.

    Attributes
    ----------
    film
        Its file.
    proposal
        The file of its proposal.
    levels
        What is proposed, cranial to caudal; empty if nothing is.
    sure
        Whether the numbering is sure.
    largest_doubt
        Probability that a corner of the most doubtful body is off by more than 3 mm; None if
        nothing is proposed.
    reason
        Why nothing is proposed, else empty.
    """

    film: Path
    proposal: Path
    levels: tuple[str, ...] = ()
    sure: bool = False
    largest_doubt: float | None = None
    reason: str = ""


@dataclass(slots=True, kw_only=True)
class Watch:
    """A watched folder.

    Attributes
    ----------
    folder
        Where films arrive.
    out
        Where proposals go, under the films' names; the folder itself unless said otherwise.
    seen
        Size and time of each film at the last round: one that still changes is left to the next.
    """

    folder: Path
    out: Path
    seen: dict[Path, Stamp] = field(default_factory=dict)

    def round(self, *, settled: bool = False) -> Iterator[Waiting]:
        """Look at every new film.

        Parameters
        ----------
        settled
            Take films as they are, also those not seen before: nothing is being written.
        """
        before, self.seen = self.seen, {}
        for path in film_files(self.folder):
            stamp = stamp_of(path)
            if stamp is None:
                continue
            self.seen[path] = stamp
            if (settled or before.get(path) == stamp) and not self._is_done(path, stamp):
                yield self._look(path, stamp)

    def _target(self, path: Path) -> Path:
        below = path.relative_to(self.folder) if path.is_relative_to(self.folder) else path.name
        target = self.out / below
        return target.with_name(target.name + SUFFIX)

    def _is_done(self, path: Path, stamp: Stamp) -> bool:
        if find_readings(path):
            return True
        return proposal_file(self._target(path), stamp) is not None

    def _look(self, path: Path, stamp: Stamp) -> Waiting:
        target = self._target(path)
        found: Proposal | KyphometerError
        try:
            _film, found = propose_file(path)
            waiting = Waiting(
                film=path,
                proposal=target,
                levels=tuple(str(body.level) for body in found.bodies),
                sure=found.numbering.is_sure,
                largest_doubt=max(body.doubt for body in found.bodies),
            )
        except KyphometerError as error:
            found = error
            waiting = Waiting(film=path, proposal=target, reason=str(error))
        leave(target, left_document(path, stamp, found))
        return waiting
