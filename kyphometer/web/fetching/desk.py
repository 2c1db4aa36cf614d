"""Fetches of this server: one after the other, each in a process of its own.

Nothing is kept for them: what has arrived whole lies in the folder, and whoever fetches again gets
only the rest.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from kyphometer.errors import KyphometerError, RequestError, UnknownDestinationError
from kyphometer.interop.network.destinations import (
    Destination,
    destinations_path,
    read_destinations,
)
from kyphometer.messages import language, sentence, speaking
from kyphometer.web.fetching.answers import Fetch, Fetching, FetchJob, FetchTarget
from kyphometer.web.fetching.job import FetchOrder, run
from kyphometer.web.server.beside import told_by

_KEPT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """Who fetches, and what becomes of films that have come.

    Attributes
    ----------
    key
        Who it is.
    folder
        Where films come to lie; None if there is no place.
    take_up
        Takes up the films of folders; what was refused, a sentence each.
    films_of
        Films by the UIDs of their instances, the one to be opened first.
    note
        Told of each fetch as it begins and as it ended, for the audit trail.
    """

    key: str
    folder: Path | None
    take_up: Callable[[Sequence[Path]], Sequence[str]]
    films_of: Callable[[Collection[str]], dict[str, str]]
    note: Callable[[FetchJob], None]


class FetchDesk:
    """What is and was fetched since the server started."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, FetchJob] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Semaphore()

    def state(self, key: str) -> Fetching:
        """Archives, and what became of the last fetch of somebody."""
        problem, known = None, list[Destination]()
        try:
            known = list(read_destinations().values())
        except KyphometerError as error:
            problem = str(error)
        if not known and problem is None:
            problem = sentence("send.no_destination", {"path": destinations_path()})
        with self._lock:
            job = self._jobs.get(key)
        targets = [FetchTarget(name=one.name, address=one.address) for one in known]
        return Fetching(destinations=targets, problem=problem, job=job)

    def start(self, taker: Taker, wanted: Fetch) -> Fetching:
        """Begin to fetch; while a fetch of the same reader is under way, it is that one.

        Raises
        ------
        DestinationFileError, UnknownDestinationError
            If there is no such destination.
        RequestError
            If there is no place for films.
        """
        known = read_destinations()
        if wanted.destination not in known:
            raise UnknownDestinationError(wanted.destination, sorted(known), destinations_path())
        if taker.folder is None:
            raise RequestError("fetch_nowhere")
        films = tuple({film.sop_instance_uid: film for film in wanted.films}.values())
        order = FetchOrder(destination=wanted.destination, folder=taker.folder, films=films)
        begun = FetchJob(destination=order.destination, state="fetching", total=len(films))
        if self._begin(taker.key, begun):
            try:
                taker.note(begun)
            except KyphometerError as error:  # nothing comes that is not written down
                self._note(taker.key, replace(begun, state="done", ended=str(error)))
                raise
            arguments = (taker, order, begun, language())
            threading.Thread(target=self._follow, args=arguments, daemon=True).start()
        return self.state(taker.key)

    def _begin(self, key: str, begun: FetchJob) -> bool:
        """Note a job; False while one of the same reader is under way."""
        with self._lock:
            now = self._jobs.get(key)
            if now is not None and now.state != "done":
                return False
            self._jobs[key] = begun
            self._jobs.move_to_end(key)
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)
            return True

    def _follow(self, taker: Taker, order: FetchOrder, begun: FetchJob, spoken: str) -> None:
        """Run the job's process in its turn, take up what has come, and note what is told."""
        last = begun
        if not self._turn.acquire(blocking=False):
            self._note(taker.key, replace(begun, state="waiting"))
            self._turn.acquire()
        try:
            with speaking(spoken):
                for told in told_by(run, order, begun, spoken):
                    last = told
                    self._note(taker.key, last)
                if last.state != "taking":
                    last = replace(last, ended=sentence("fetch.stopped", {}))
                last = _taken(taker, order, last)
        finally:
            self._turn.release()
            self._note(taker.key, replace(last, state="done"))

    def _note(self, key: str, job: FetchJob) -> None:
        with self._lock:
            self._jobs[key] = job


def _taken(taker: Taker, order: FetchOrder, last: FetchJob) -> FetchJob:
    """The job once the films are taken up; whatever lies there is, also after a cut."""
    problems = list(last.problems)
    film_id = None
    try:
        problems += taker.take_up(order.folders())
        here = taker.films_of([film.sop_instance_uid for film in order.films])
        film_id = next(iter(here.values()), None)
    except (KyphometerError, OSError) as error:
        problems.append(str(error))
    done = replace(last, state="done", problems=problems, film_id=film_id)
    try:
        taker.note(done)
    except KyphometerError as error:
        done = replace(done, problems=[*problems, str(error)])
    return done
