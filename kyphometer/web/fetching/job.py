"""Work of a process beside the server: films fetched from an archive into a folder.

An archive may be silent for minutes, and a folder may be locked by another fetch: nobody who reads
films is to wait for any of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kyphometer.errors import KyphometerError
from kyphometer.messages import Word, speaking
from kyphometer.web.fetching.answers import FetchJob, WantedFilm
from kyphometer.web.pixels.decode_job import settle_in

if TYPE_CHECKING:
    from kyphometer.interop.network.fetch import Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOrder:
    """Films of an archive that are wanted in a folder."""

    destination: str
    folder: Path
    films: tuple[WantedFilm, ...]

    def folders(self) -> list[Path]:
        """Where films of these studies lie now."""
        names = dict.fromkeys(film.study_instance_uid for film in self.films)
        return [folder for name in names if (folder := self.folder / name).is_dir()]


def run(order: FetchOrder, begun: FetchJob, language: str, tell: Connection) -> None:
    """Fetch; `tell` gets a `FetchJob` whenever something has changed."""
    settle_in()
    with speaking(language):
        try:
            _run(order, begun, tell)
        except KyphometerError as error:
            tell.send(replace(begun, state="taking", ended=str(error)))
        except OSError as error:
            reason = Word("fetch.no_file", {"reason": error.strerror or "-"})
            tell.send(replace(begun, state="taking", ended=str(reason)))


def _run(order: FetchOrder, begun: FetchJob, tell: Connection) -> None:
    from kyphometer.interop.network.archive import Entry
    from kyphometer.interop.network.destinations import the_destination
    from kyphometer.interop.network.fetch import fetch
    from kyphometer.interop.network.open import open_archive

    entries = [
        Entry(
            sop_instance_uid=film.sop_instance_uid,
            series_instance_uid=film.series_instance_uid,
            study_instance_uid=film.study_instance_uid,
            sop_class_uid=film.sop_class_uid,
        )
        for film in order.films
    ]
    destination = the_destination(order.destination)

    def progress(done: int, _total: int, _path: Path) -> None:
        tell.send(replace(begun, done=done))

    with open_archive(destination) as archive:
        done = fetch(
            archive, entries, order.folder, source=destination.name, again=True, progress=progress
        )
    tell.send(_outcome(begun, done))


def _outcome(begun: FetchJob, done: Fetched) -> FetchJob:
    return replace(
        begun,
        state="taking",
        done=len(done.kept) + done.known,
        arrived=len(done.kept),
        known=done.known,
        problems=[str(one.error) for one in done.failed],
        ended=None if done.ended_by is None else str(done.ended_by),
    )
