"""Sendings of this server: one after the other, each in a process of its own.

Nothing is kept for them: results are made anew each time with the same UIDs and bytes, and what an
archive has confirmed is written down, so that whoever sends again sends only the rest.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final, get_args

from msgspec.structs import replace

from kyphometer.errors import KyphometerError, RequestError, UnknownDestinationError
from kyphometer.interop.network.destinations import (
    Destination,
    Part,
    destinations_path,
    read_destinations,
)
from kyphometer.messages import language, sentence
from kyphometer.web.sending.answers import Send, Sending, SendJob, SendTarget
from kyphometer.web.sending.job import ResultsOrder, run
from kyphometer.web.server.beside import told_by

PARTS: Final[tuple[Part, ...]] = get_args(Part)
"""Everything that can be sent of a reading."""
_KEPT: Final = 500
_Key = tuple[Path, int, str]


class SendDesk:
    """What is and was sent since the server started."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[_Key, SendJob] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Semaphore()

    def state(self, order: ResultsOrder) -> Sending:
        """Where this reading can go, and what became of the last sending."""
        problem, known = None, list[Destination]()
        try:
            known = list(read_destinations().values())
        except KyphometerError as error:
            problem = str(error)
        if not known and problem is None:
            problem = sentence("send.no_destination", {"path": destinations_path()})
        with self._lock:
            job = self._jobs.get(_key(order))
        return Sending(
            version=order.version,
            parts=list(PARTS),
            destinations=[
                SendTarget(name=one.name, address=one.address, parts=list(one.send))
                for one in known
            ],
            problem=problem,
            job=job,
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
        destination = wanted.destination
        known = read_destinations()
        if destination not in known:
            raise UnknownDestinationError(destination, sorted(known), destinations_path())
        parts = [part for part in PARTS if part in wanted.parts]
        if not parts:
            raise RequestError("nothing_chosen")
        begun = SendJob(destination=destination, parts=parts, state="making", total=len(parts))
        if self._begin(order, begun):
            try:
                note(begun)
            except KyphometerError as error:  # nothing leaves that is not written down
                self._note(order, replace(begun, state="done", ended=str(error)))
                raise
            arguments = (order, begun, language(), note)
            threading.Thread(target=self._follow, args=arguments, daemon=True).start()
        return self.state(order)

    def _begin(self, order: ResultsOrder, begun: SendJob) -> bool:
        """Note a job; False while one of this reading is under way."""
        key = _key(order)
        with self._lock:
            now = self._jobs.get(key)
            if now is not None and now.state != "done":
                return False
            self._jobs[key] = begun
            self._jobs.move_to_end(key)
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)
            return True

    def _follow(
        self,
        order: ResultsOrder,
        begun: SendJob,
        spoken: str,
        note: Callable[[SendJob], None],
    ) -> None:
        """Run the job's process in its turn, and note what it tells."""
        last = begun
        if not self._turn.acquire(blocking=False):
            self._note(order, replace(begun, state="waiting"))
            self._turn.acquire()
        try:
            for told in told_by(run, order, begun, spoken):
                last = told
                if last.state != "done":
                    self._note(order, last)
        finally:
            self._turn.release()
        if last.state != "done":
            stopped = sentence("send.stopped", {}, spoken)
            last = replace(last, state="done", ended=stopped)
        try:
            note(last)
        except KyphometerError as error:
            last = replace(last, problems=[*last.problems, str(error)])
        self._note(order, last)

    def _note(self, order: ResultsOrder, job: SendJob) -> None:
        with self._lock:
            self._jobs[_key(order)] = job


def _key(order: ResultsOrder) -> _Key:
    return order.path, order.frame, order.observer
