"""Fetches of this server: one after the other, each in a process of its own.

Nothing is kept for them: what has arrived whole lies in the folder, and whoever fetches again gets
only the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from kyphometer.errors import KyphometerError, RequestError
from kyphometer.interop.network.destinations import offered, the_destination
from kyphometer.messages import language, sentence, speaking
from kyphometer.web.fetching.answers import Fetch, Fetching, FetchJob, FetchTarget
from kyphometer.web.fetching.job import FetchOrder, run
from kyphometer.web.server.beside import told_by
from kyphometer.web.server.jobs import Jobs


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
        self._jobs: Jobs[FetchJob] = Jobs()

    def state(self, key: str) -> Fetching:
        """Archives, and what became of the last fetch of somebody."""
        known, problem = offered()
        targets = [FetchTarget(name=one.name, address=one.address) for one in known]
        return Fetching(destinations=targets, problem=problem, job=self._jobs.latest(key))

    def start(self, taker: Taker, wanted: Fetch) -> Fetching:
        """Begin to fetch; while a fetch of the same reader is under way, it is that one.

        Raises
        ------
        DestinationFileError, UnknownDestinationError
            If there is no such destination.
        RequestError
            If there is no place for films.
        """
        name = the_destination(wanted.destination).name
        if taker.folder is None:
            raise RequestError("fetch_nowhere")
        films = tuple({film.sop_instance_uid: film for film in wanted.films}.values())
        order = FetchOrder(destination=name, folder=taker.folder, films=films)
        begun = FetchJob(destination=name, state="fetching", total=len(films))
        self._jobs.start(
            taker.key,
            begun,
            written=taker.note,  # nothing comes that is not written down
            refused=lambda reason: replace(begun, state="done", ended=reason),
            work=partial(self._follow, taker, order, begun, language()),
        )
        return self.state(taker.key)

    def _follow(self, taker: Taker, order: FetchOrder, begun: FetchJob, spoken: str) -> None:
        """Run the job's process in its turn, take up what has come, and note what is told."""
        last = begun
        try:
            with self._jobs.turn(taker.key, replace(begun, state="waiting")), speaking(spoken):
                for told in told_by(run, order, begun, spoken):
                    last = told
                    self._jobs.note(taker.key, last)
                if last.state != "taking":
                    last = replace(last, ended=sentence("fetch.stopped", {}))
                last = _taken(taker, order, last)
        finally:
            self._jobs.note(taker.key, replace(last, state="done"))


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
