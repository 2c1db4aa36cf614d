"""Readings from JSON files into a study: each to the film that it was made on.

A reading that names a session goes to an item of that session; a session that the study does not
hold is made for it, so that repeated readings from elsewhere stay repeated readings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from kyphometer.errors import StudyRefusedError
from kyphometer.reading import Reading
from kyphometer.reading.document import read_reading
from kyphometer.store.database.schema import film_files, films, observers
from kyphometer.store.films.belonging import belonging_document
from kyphometer.store.people import people
from kyphometer.store.readings import versions as readings
from kyphometer.store.readings.documents import to_json
from kyphometer.store.readings.versions import Place
from kyphometer.store.records import FilmRecord
from kyphometer.store.scan.report import ScanFailure
from kyphometer.store.sessions.imported_items import imported_item

SUFFIX = ".reading.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingImport:
    """What came of an import.

    Attributes
    ----------
    imported
        Files whose readings are new to the study.
    known
        Number of files whose readings the study held already.
    failed
        Files that were refused, with the reason.
    notes
        New observers whose codes are nearly those of others, each told once.
    """

    imported: tuple[Path, ...] = ()
    known: int = 0
    failed: tuple[ScanFailure, ...] = ()
    notes: tuple[ScanFailure, ...] = ()


def reading_files(place: Path) -> Iterator[Path]:
    """Readings below a folder in the order of their names, or the one file."""
    if place.is_file():
        yield place
        return
    if not place.is_dir():
        raise StudyRefusedError("nothing_there", place=place)
    for path in sorted(place.rglob(f"*{SUFFIX}")):
        if not any(part.startswith(".") for part in path.relative_to(place).parts):
            yield path


def find_film(connection: Connection, reading: Reading, path: Path, stored: str) -> int:
    """The film that a reading was made on: by UID, else by pixels, else by the file's name.

    Raises
    ------
    StudyRefusedError
        If the study does not hold it.
    """
    ref = reading.film
    queries: list[Any] = []
    if ref.sop_instance_uid is not None:
        same = (films.c.sop_instance_uid == ref.sop_instance_uid) & (films.c.frame == ref.frame)
        queries.append(select(films.c.id).where(same))
    if ref.sha256_pixels is not None:
        queries.append(select(films.c.id).where(films.c.sha256_pixels == ref.sha256_pixels))
    if not queries:
        queries.append(_beside(path, stored))
    for query in queries:
        found = connection.execute(query).scalar()
        if found is not None:
            return int(found)
    raise StudyRefusedError("reading_of_no_film", name=path.name)


def _beside(path: Path, stored: str) -> Any:
    """The film in the same folder from whose name the reading's name was made."""
    folder = stored.removesuffix(path.name)
    stem = path.name.removesuffix(SUFFIX)
    names = {stem, stem.rpartition(".")[0]} - {""}
    exact = [film_files.c.path == f"{folder}{name}" for name in names]
    suffixed = [film_files.c.path.startswith(f"{folder}{name}.", autoescape=True) for name in names]
    condition = exact[0]
    for other in exact[1:] + suffixed:
        condition = condition | other
    best = func.length(film_files.c.path)
    return select(film_files.c.film_id).where(condition).order_by(best).limit(1)


class Importer:
    """Imports readings inside the caller's (writing) transactions.

    Attributes
    ----------
    notes
        Sentences about codes of new observers that are nearly those of others.
    """

    def __init__(self, actor: str, reason: str, observer: str | None) -> None:
        self._actor = actor
        self._reason = reason
        self._observer = observer
        self.notes: list[str] = []

    def load(self, path: Path) -> tuple[Reading, str]:
        """A reading and its observer.

        Raises
        ------
        StudyRefusedError
            If it names no observer and none was given.
        """
        reading = read_reading(path)
        observer = reading.observer or self._observer
        if observer is None:
            raise StudyRefusedError("reading_without_observer", name=path.name)
        return reading, observer

    def take(
        self, connection: Connection, reading: Reading, observer: str, film: FilmRecord
    ) -> bool:
        """Confirm a reading; False if the study holds the very same.

        Raises
        ------
        StudyRefusedError
            If the study holds another one by this observer and no reason was given.
        """
        self.notes += people.near_codes(connection, observers, observer, "observer")
        people.add_observer(connection, self._actor, observer, "")
        who = people.observer_id(connection, observer)
        document = to_json(belonging_document(reading, film, observer, reading.session))
        place = Place(film_id=film.id, observer_id=who, observer=observer, session_item=None)
        if reading.session is not None:
            found = imported_item(connection, self._actor, place, reading.session, document)
            if found is None:
                return False
            place = found
        latest = readings.latest_at(connection, place)
        if latest is not None and latest.document_json == document:
            return False
        version = 0 if latest is None else latest.version
        if version and not self._reason:
            raise StudyRefusedError("reading_there", film=film.id, observer=observer)
        reason = self._reason if version else ""
        readings.append(connection, self._actor, place, document, after=version, reason=reason)
        return True
