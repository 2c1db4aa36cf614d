"""Films and work list of one reader, kept at hand so that thousands of films do not lag.

What this reader saves is seen at once; what other programs do, within a few seconds.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kyphometer.errors import UnknownRecordError
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import FilmRecord, WorkItem, state_of
from kyphometer.web.reader.versions import Tag

FRESH_S = 4.0
BUSY_SHARE = 0.05
"""Looking again may take at most this share of the time (a folder of thousands takes longer)."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found at one look."""

    films: Mapping[int, FilmRecord]
    patients: Mapping[str, Sequence[FilmRecord]]
    items: dict[int, WorkItem]
    readers: Mapping[int, Sequence[str]]
    stale_at: float


class Catalogue:
    """Films and work list of one observer."""

    def __init__(
        self, store: ReadingStore, observer: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._observer = observer
        self._clock = clock
        self._lock = threading.Lock()
        self._last: _Look | None = None

    def films(self) -> Mapping[int, FilmRecord]:
        """All films by number, in the store's order."""
        return self._look().films

    def film(self, film_id: int) -> FilmRecord:
        """One film.

        Raises
        ------
        UnknownRecordError
            If there is no such film.
        """
        found = self.films().get(film_id)
        if found is None:
            raise UnknownRecordError("film_not_listed", name=film_id)
        return found

    def of_patient(self, film: FilmRecord) -> Sequence[FilmRecord]:
        """All films of a film's patient, oldest first; itself alone if nobody knows whose it is."""
        return (film,) if film.patient is None else self._look().patients[film.patient]

    def before(self, film: FilmRecord) -> FilmRecord | None:
        """The patient's film before that one, or None."""
        earlier = [one for one in self.of_patient(film) if age(one) < age(film)]
        return earlier[-1] if earlier and film.taken_on is not None else None

    def items(self) -> Mapping[int, WorkItem]:
        """The work list by film number, in its order."""
        return self._look().items

    def others(self) -> Mapping[int, Sequence[str]]:
        """Other observers who have confirmed a reading, by film number."""
        return self._look().readers

    def forget(self) -> None:
        """Look again at the next question: there are other films now."""
        with self._lock:
            self._last = None

    def noted(self, film_id: int, tag: Tag) -> None:
        """Take over what this reader has just saved."""
        with self._lock:
            if self._last is not None and film_id in self._last.items:
                state = state_of(tag.version, has_draft=tag.draft is not None)
                self._last.items[film_id] = WorkItem(
                    film_id=film_id, state=state, version=tag.version
                )

    def _look(self) -> _Look:
        with self._lock:
            began = self._clock()
            if self._last is None or began >= self._last.stale_at:
                films = {film.id: film for film in self._store.films()}
                items = {item.film_id: item for item in self._store.work_list(self._observer)}
                readers = _without(self._store.readers(), self._observer)
                took = self._clock() - began
                stale_at = began + max(FRESH_S, took / BUSY_SHARE)
                self._last = _Look(films, _by_patient(films), items, readers, stale_at)
            return self._last


def age(film: FilmRecord) -> tuple[str, int]:
    """Sorts films of a patient, oldest first."""
    return (film.taken_on.isoformat() if film.taken_on else "", film.id)


def _without(readers: Mapping[int, Sequence[str]], observer: str) -> dict[int, Sequence[str]]:
    others = {film: [one for one in names if one != observer] for film, names in readers.items()}
    return {film: names for film, names in others.items() if names}


def _by_patient(films: Mapping[int, FilmRecord]) -> dict[str, Sequence[FilmRecord]]:
    groups = defaultdict(list)
    for film in films.values():
        if film.patient is not None:
            groups[film.patient].append(film)
    return {patient: sorted(group, key=age) for patient, group in groups.items()}
