"""The work list as the page shows it: search, filter, pages, progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kyphometer.store.records import FilmRecord, ReadingState, WorkItem
from kyphometer.web.wire.base import Status
from kyphometer.web.wire.films import (
    Counts,
    Group,
    OtherReader,
    Sibling,
    WaitingDoubt,
    WorkLine,
    WorkQuery,
)

STATUS: Mapping[ReadingState, Status] = {
    ReadingState.UNREAD: "unread",
    ReadingState.DRAFT: "draft",
    ReadingState.CONFIRMED: "read",
    ReadingState.CORRECTING: "draft",
}


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that is no readable film: its name, and the sentence that says why."""

    name: str
    sentence: str


Line = tuple["WorkItem", "FilmRecord"]
BY_DOUBT = ("proposed", "doubtful", "refused")
"""Parts of the list that proposals beside films decide."""
_URGENCY = {"draft": 0, "unread": 1, "read": 2}


def matching(lines: Iterable[Line], query: WorkQuery) -> list[Line]:
    """Lines that hold every word of the search and are what was asked for, in order."""
    found = [
        (item, film)
        for item, film in lines
        if _is_asked_for(item, film, query.status)
        and all(word in _haystack(film) for word in query.words)
    ]
    return sorted(found, key=_ORDERS[query.sort]) if query.sort in _ORDERS else found


def _is_asked_for(item: WorkItem, film: FilmRecord, status: str | None) -> bool:
    if status == "mine":
        return STATUS[item.state] != "unread"
    if status == "flagged":
        return bool(film_warnings(film))
    if status in BY_DOUBT:
        return True  # `reader.waiting` knows which
    return status is None or STATUS[item.state] == status


def _newest(line: Line) -> int:
    taken_on = line[1].taken_on
    return -taken_on.toordinal() if taken_on else 0


_ORDERS: dict[str, Callable[[Line], Any]] = {
    "date": _newest,
    "status": lambda line: _URGENCY[STATUS[line[0].state]],
    "name": lambda line: line[1].name.casefold(),
}


def film_warnings(film: FilmRecord) -> list[str]:
    """What is to be known of a film before its numbers are believed, sentence by sentence."""
    copied = [f"It is {film.called_copy}; one of them is enough."] if film.copy_of else []
    return copied + [str(sentence) for sentence in film.facts.get("warnings", ())]


def _haystack(film: FilmRecord) -> str:
    date = film.taken_on.isoformat() if film.taken_on else ""
    return f"{film.name}\n{film.patient or ''}\n{film.visit or ''}\n{date}".casefold()


def matching_failed(failed: Sequence[FailedFile], query: WorkQuery) -> list[WorkLine]:
    """Lines of the files that are no readable films, as far as the search allows them."""
    if query.status not in (None, "failed"):
        return []
    return [
        _failed_line(number, item)
        for number, item in enumerate(failed)
        if all(word in item.name.casefold() for word in query.words)
    ]


def _failed_line(number: int, item: FailedFile) -> WorkLine:
    return WorkLine(
        film_id=f"failed-{number}",
        label=item.name,
        patient=None,
        visit=None,
        date=None,
        position=None,
        status="failed",
        fractured_levels=[],
        others=[],
        warnings=[],
        group=None,
        error=item.sentence,
    )


def progress(items: Sequence[WorkItem], failed: Sequence[FailedFile]) -> Counts:
    """How far the reader is with the whole list, whatever is shown of it."""
    states = [STATUS[item.state] for item in items]
    return Counts(
        read=states.count("read"),
        draft=states.count("draft"),
        total=len(states),
        failed=len(failed),
    )


def groups(lines: Sequence[Line], query: WorkQuery) -> dict[int, Group]:
    """Of every patient in a list by patient: films and films read, by number of the first film."""
    if query.sort != "patient":
        return {}
    by_patient: dict[str, list[Line]] = {}
    for line in lines:
        if line[1].patient is not None:
            by_patient.setdefault(line[1].patient, []).append(line)
    return {
        films[0][1].id: Group(
            films=len(films), read=sum(STATUS[item.state] == "read" for item, _ in films)
        )
        for films in by_patient.values()
    }


def other_readers(others: Mapping[int, Sequence[str]]) -> list[OtherReader]:
    """Other observers with confirmed readings, and of how many films."""
    counts = Counter(name for names in others.values() for name in names)
    return [OtherReader(observer=name, films=counts[name]) for name in sorted(counts)]


def line_view(
    item: WorkItem,
    film: FilmRecord,
    *,
    fractured: Sequence[str],
    others: Sequence[str],
    group: Group | None,
    waiting: WaitingDoubt | None = None,
) -> WorkLine:
    """A line of an open work list; `others` are the other observers who have read the film."""
    return WorkLine(
        **film_line(film),
        status=STATUS[item.state],
        fractured_levels=list(fractured),
        others=list(others),
        warnings=film_warnings(film),
        group=group,
        waiting=waiting,
    )


def sibling_view(film: FilmRecord, state: ReadingState) -> Sibling:
    """A film of the same patient."""
    return Sibling(**film_line(film), status=STATUS[state])


def film_line(film: FilmRecord) -> dict[str, Any]:
    """What names a film, where nothing is hidden: the members of `Named`."""
    return {
        "film_id": str(film.id),
        "label": film.name,
        "patient": film.patient,
        "visit": film.visit,
        "date": film.taken_on,
        "position": film.position,
    }
