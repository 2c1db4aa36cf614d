"""Films and work list of one reader, kept at hand so that thousands of films do not lag.

What this reader saves is seen at once; what other programs do, within a few seconds. The films, and
who has read them, are the same for all readers of a store: they are looked up once for all.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kyphometer.errors import UnknownRecordError
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import FilmRecord, WorkItem, state_of
from kyphometer.web.reader.versions import Tag

FRESH_S = 4.0
BUSY_SHARE = 0.05
"""Looking again may take at most this share of the time (a folder of thousands takes longer)."""


Clock = Callable[[], float]
_T = TypeVar("_T")


class Kept(Generic[_T]):
    """What was found at the last look, as long as that is fresh."""

    def __init__(self, look: Callable[[], _T], clock: Clock, fresh_s: float = FRESH_S) -> None:
        self._look = look
        self._clock = clock
        self._fresh_s = fresh_s
        self._found: tuple[_T] | None = None
        self._stale_at = 0.0
        self.lock = threading.Lock()

    def get(self) -> _T:
        """What there is; looks again if what is known is old."""
        with self.lock:
            began = self._clock()
            if self._found is None or began >= self._stale_at:
                self._found = (self._look(),)
                took = self._clock() - began
                self._stale_at = began + max(self._fresh_s, took / BUSY_SHARE)
            return self._found[0]

    def fresh(self) -> _T | None:
        """What there is, if it is not old; never looks, waits for nobody."""
        found, stale_at = self._found, self._stale_at
        return None if found is None or self._clock() >= stale_at else found[0]

    def known(self) -> _T | None:
        """What was found last, if anything was; for whoever holds the lock."""
        return None if self._found is None else self._found[0]

    def forget(self) -> None:
        """Look again at the next question."""
        with self.lock:
            self._found = None


@dataclass(frozen=True, slots=True)
class _Films:
    by_number: Mapping[int, FilmRecord]
    by_patient: Mapping[str, Sequence[FilmRecord]]


class SharedFilms:
    """Films of a store, and who has read them."""

    def __init__(self, store: ReadingStore, clock: Clock = time.monotonic) -> None:
        self._store = store
        self.films = Kept(self._films, clock)
        self.readers = Kept(store.readers, clock)

    def _films(self) -> _Films:
        found = {film.id: film for film in self._store.films()}
        return _Films(found, _by_patient(found))


class Catalogue:
    """Films and work list of one observer.

    Parameters
    ----------
    shared
        The films, where other observers ask for them too.
    """

    def __init__(
        self,
        store: ReadingStore,
        observer: str,
        clock: Clock = time.monotonic,
        shared: SharedFilms | None = None,
    ) -> None:
        self._store = store
        self._observer = observer
        self._shared = SharedFilms(store, clock) if shared is None else shared
        self._items = Kept(self._work_list, clock)

    def films(self) -> Mapping[int, FilmRecord]:
        """All films by number, in the store's order."""
        return self._shared.films.get().by_number

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
        return (
            (film,) if film.patient is None else self._shared.films.get().by_patient[film.patient]
        )

    def before(self, film: FilmRecord) -> FilmRecord | None:
        """The patient's film before that one, or None."""
        earlier = [one for one in self.of_patient(film) if age(one) < age(film)]
        return earlier[-1] if earlier and film.taken_on is not None else None

    def items(self) -> Mapping[int, WorkItem]:
        """The work list by film number, in its order."""
        return self._items.get()

    def others(self) -> Mapping[int, Sequence[str]]:
        """Other observers who have confirmed a reading, by film number."""
        return _without(self._shared.readers.get(), self._observer)

    def forget(self) -> None:
        """Look again at the next question: there are other films now."""
        for kept in (self._shared.films, self._shared.readers, self._items):
            kept.forget()

    def noted(self, film_id: int, tag: Tag) -> None:
        """Take over what this reader has just saved."""
        with self._items.lock:
            items = self._items.known()
            if items is not None and film_id in items:
                state = state_of(tag.version, has_draft=tag.draft is not None)
                items[film_id] = WorkItem(film_id=film_id, state=state, version=tag.version)

    def _work_list(self) -> dict[int, WorkItem]:
        return {item.film_id: item for item in self._store.work_list(self._observer)}


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
