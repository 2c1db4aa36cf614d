"""The work list as the page shows it: search, filter, pages, progress."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kyphometer.store.records import FilmRecord, ReadingState, WorkItem
from kyphometer.web.reader.answer import Answer
from kyphometer.web.reader.service import WorkQuery

STATUS = {
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


def matching(lines: Iterable[Line], query: WorkQuery) -> list[Line]:
    """Lines whose film holds every word of the search and whose status is the one asked for."""
    words = query.text.casefold().split()
    return [
        (item, film)
        for item, film in lines
        if (query.status is None or STATUS[item.state] == query.status)
        and all(word in _haystack(film) for word in words)
    ]


def _haystack(film: FilmRecord) -> str:
    date = film.taken_on.isoformat() if film.taken_on else ""
    return f"{film.name}\n{film.patient or ''}\n{film.visit or ''}\n{date}".casefold()


def matching_failed(failed: Sequence[FailedFile], query: WorkQuery) -> list[Answer]:
    """Lines of the files that are no readable films, as far as the search allows them."""
    if query.status not in (None, "failed"):
        return []
    words = query.text.casefold().split()
    return [
        _failed_line(number, item)
        for number, item in enumerate(failed)
        if all(word in item.name.casefold() for word in words)
    ]


def _failed_line(number: int, item: FailedFile) -> Answer:
    unknown = dict.fromkeys(("patient", "visit", "date", "position"))
    return {
        "film_id": f"failed-{number}",
        "label": item.name,
        **unknown,
        "status": "failed",
        "fractured_levels": [],
        "error": item.sentence,
    }


def progress(items: Sequence[WorkItem], failed: Sequence[FailedFile]) -> Answer:
    """How far the reader is with the whole list, whatever is shown of it."""
    states = [STATUS[item.state] for item in items]
    return {
        "read": states.count("read"),
        "draft": states.count("draft"),
        "total": len(states),
        "failed": len(failed),
    }


def line_view(item: WorkItem, film: FilmRecord, fractured: Sequence[str]) -> Answer:
    """A line of an open work list."""
    return {**film_line(film), "status": STATUS[item.state], "fractured_levels": list(fractured)}


def film_line(film: FilmRecord) -> Answer:
    """What names a film, where nothing is hidden."""
    return {
        "film_id": str(film.id),
        "label": film.name,
        "patient": film.patient,
        "visit": film.visit,
        "date": film.taken_on.isoformat() if film.taken_on else None,
        "position": film.position,
    }
