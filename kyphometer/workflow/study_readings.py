"""Reading files into a study: each goes to its film by UID and pixel hash, repeats to a session."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kyphometer.errors import KyphometerError, NoFilmForReadingError
from kyphometer.reading_json import read_reading
from kyphometer.store.sessions import PlannedItem
from kyphometer.workflow.films import READING_SUFFIX, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from kyphometer.reading import Reading
    from kyphometer.store import FilmRecord, Study

TRUTH_OBSERVER = "truth"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingImport:
    """What came of reading files.

    Attributes
    ----------
    saved
        Files whose readings are new in the study.
    known
        Files whose readings the study holds already.
    failed
        Files that were refused, each with its reason.
    """

    saved: tuple[Path, ...]
    known: tuple[Path, ...]
    failed: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    path: Path
    reading: Reading
    film: FilmRecord


def reading_files(places: Iterable[Path]) -> list[Path]:
    """Reading files: those named, and those below the folders named."""
    found: list[Path] = []
    for place in places:
        below = place.rglob(f"*{READING_SUFFIX}") if place.is_dir() else [place]
        found += sorted(below)
    return found


def import_readings(
    study: Study,
    files: Sequence[Path],
    *,
    observer: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReadingImport:
    """Save reading files to their films in a study; a file that fails is told and the rest goes on.

    A reading that names a session becomes a reading of that session, so that repeated readings of
    one observer are told apart; a session that the study lacks is added. A reading that differs
    from what the same observer confirmed before is saved as its next version.

    Parameters
    ----------
    study
        The study, with its films.
    files
        The reading files.
    observer
        Code for readings that name none; they are refused otherwise.
    progress
        Called with the files done and the files in all.
    """
    films = _Films(study.films())
    found, failed = [], []
    for path in files:
        try:
            reading = read_reading(path)
            if reading.observer is None and observer is not None:
                reading = replace(reading, observer=observer)
            found.append(_Found(path, reading, films.find(path, reading)))
        except (KyphometerError, OSError) as error:
            failed.append(Failure(path=path, reason=str(error)))
    places = _session_places(study, found)
    for code in sorted({item.reading.observer or "" for item in found}):
        study.add_observer(code)
    saved: list[Path] = []
    known_files: list[Path] = []
    for done, item in enumerate(found):
        if progress is not None:
            progress(done, len(found))
        try:
            (saved if _save(study, item, places) else known_files).append(item.path)
        except KyphometerError as error:
            failed.append(Failure(path=item.path, reason=str(error)))
    return ReadingImport(saved=tuple(saved), known=tuple(known_files), failed=tuple(failed))


class _Films:
    """Films by UID and frame, else by pixel hash."""

    def __init__(self, films: Iterable[FilmRecord]) -> None:
        self._by_uid: dict[tuple[str, int], FilmRecord] = {}
        self._by_hash: dict[str, FilmRecord] = {}
        for film in films:
            if film.sop_instance_uid is not None:
                self._by_uid[film.sop_instance_uid, film.frame] = film
            if film.sha256_pixels is not None:
                self._by_hash[film.sha256_pixels] = film

    def find(self, path: Path, reading: Reading) -> FilmRecord:
        if not reading.observer:
            raise NoFilmForReadingError(path.name, "names no observer", "name one with --observer")
        if reading.observer == TRUTH_OBSERVER:
            raise NoFilmForReadingError(
                path.name, "is the truth of a simulated film and no reading", "leave it out"
            )
        film = reading.film
        found = self._by_uid.get((film.sop_instance_uid or "", film.frame))
        if found is None and film.sop_instance_uid is None:
            found = self._by_hash.get(film.sha256_pixels or "")
        if found is None:
            raise NoFilmForReadingError(
                path.name,
                "belongs to no film of the study (by SOP instance UID, or by pixel hash)",
                "add its film first",
            )
        return found


def _session_places(study: Study, found: Sequence[_Found]) -> dict[tuple[str, int, str], int]:
    """Session items by session, film and observer; sessions that are not there are added."""
    wanted: dict[str, list[_Found]] = defaultdict(list)
    for item in found:
        if item.reading.session:
            wanted[item.reading.session].append(item)
    known = {session.code for session in study.sessions.list()}
    places: dict[tuple[str, int, str], int] = {}
    for code, items in wanted.items():
        if code not in known:
            _add_session(study, code, items)
        for place in study.sessions.items(code):
            if not place.training and not place.duplicate:
                places.setdefault((code, place.film_id, place.observer), place.id)
    return places


def _add_session(study: Study, code: str, items: Sequence[_Found]) -> None:
    pairs = dict.fromkeys((item.film.id, item.reading.observer or "") for item in items)
    for observer in sorted({observer for _, observer in pairs}):
        study.add_observer(observer)
    planned = [
        PlannedItem(
            film_id=film, observer=observer, round=1, place=place, code=f"{code}-{place:04d}"
        )
        for place, (film, observer) in enumerate(pairs, 1)
    ]
    study.sessions.add(code, planned, title="Readings from files", kind="imported")


def _save(study: Study, item: _Found, places: dict[tuple[str, int, str], int]) -> bool:
    """Save one reading; False if the study holds the same already."""
    observer, session = item.reading.observer or "", item.reading.session
    place = None
    if session:
        place = places.get((session, item.film.id, observer))
        if place is None:
            raise NoFilmForReadingError(
                item.path.name,
                f"names the session '{session}', in which {observer} does not read this film",
                "correct the session in the file",
            )
    before = study.latest_reading(item.film.id, observer, session_item=place)
    if before is not None and before.reading.vertebrae == item.reading.vertebrae:
        return False
    study.save_reading(
        item.reading,
        item.film.id,
        observer,
        base_version=0 if before is None else before.version,
        reason=None if before is None else f"replaced by the file {item.path.name}",
        session_item=place,
    )
    return True
