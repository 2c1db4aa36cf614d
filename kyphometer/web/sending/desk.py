"""Sendings of this server: one after the other, each in a process of its own.

Nothing is kept for them: what an archive has confirmed is written down with what it was made from,
so that whoever sends again makes and sends only the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, get_args

from msgspec.structs import replace

from kyphometer.errors import KyphometerError, RequestError
from kyphometer.interop.network.destinations import Part, offered, the_destination
from kyphometer.messages import language, sentence
from kyphometer.web.sending.answers import Send, Sending, SendJob, SendTarget
from kyphometer.web.sending.job import ResultsOrder, run
from kyphometer.web.server.beside import told_by
from kyphometer.web.server.jobs import Jobs

PARTS: Final[tuple[Part, ...]] = get_args(Part)
"""Everything that can be sent of a reading."""


class SendDesk:
    """What is and was sent since the server started."""

    def __init__(self) -> None:
        self._jobs: Jobs[SendJob] = Jobs()

    def state(self, order: ResultsOrder) -> Sending:
        """Where this reading can go, and what became of the last sending."""
        known, problem = offered()
        return Sending(
            version=order.version,
            parts=list(PARTS),
            destinations=[
                SendTarget(name=one.name, address=one.address, parts=list(one.send))
                for one in known
            ],
            problem=problem,
            job=self._jobs.latest(_key(order)),
        )

    def start(self, order: ResultsOrder, wanted: Send, note: Callable[[SendJob], None]) -> Sending:
        """Begin to send; while a sending of this reading is under way, it is that one.

        `note` is told of each sending as it begins and as it ended, for the audit trail.

        Raises
        ------
        DestinationFileError, UnknownDestinationError
            If there is no such destination.
        RequestError
            If no part is wanted.
        """
        name = the_destination(wanted.destination).name
        parts = [part for part in PARTS if part in wanted.parts]
        if not parts:
            raise RequestError("nothing_chosen")
        begun = SendJob(destination=name, parts=parts, state="making", total=len(parts))
        self._jobs.start(
            _key(order),
            begun,
            written=note,  # nothing leaves that is not written down
            refused=lambda reason: replace(begun, state="done", ended=reason),
            work=partial(self._follow, order, begun, language(), note),
        )
        return self.state(order)

    def _follow(
        self, order: ResultsOrder, begun: SendJob, spoken: str, note: Callable[[SendJob], None]
    ) -> None:
        """Run the job's process in its turn, and note what it tells."""
        last, key = begun, _key(order)
        with self._jobs.turn(key, replace(begun, state="waiting")):
            for told in told_by(run, order, begun, spoken):
                last = told
                if last.state != "done":
                    self._jobs.note(key, last)
        if last.state != "done":
            stopped = sentence("send.stopped", {}, spoken)
            last = replace(last, state="done", ended=stopped)
        try:
            note(last)
        except KyphometerError as error:
            last = replace(last, problems=[*last.problems, str(error)])
        self._jobs.note(key, last)


def _key(order: ResultsOrder) -> tuple[Path, int, str]:
    return order.path, order.frame, order.observer
