"""A search in an archive, bounded, judged film by film."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import Final

from kyphometer.errors import KyphometerError, RequestError
from kyphometer.interop.network.archive import Entry, Query, is_uid
from kyphometer.interop.network.destinations import the_destination
from kyphometer.interop.network.lateral import Judged, judge
from kyphometer.interop.network.open import open_archive
from kyphometer.web.fetching.answers import Found, FoundFilm, Search

MOST: Final = 300
SECONDS: Final = 45.0

Here = Callable[[Collection[str]], dict[str, str]]


def search(wanted: Search, here: Here) -> Found:
    """Films that fit, with what each is chosen by.

    Parameters
    ----------
    here
        Gives films that are here already, by UID.

    Raises
    ------
    RequestError
        If nothing says which films are meant.
    PacsError
        If the archive cannot be asked.
    """
    query = _query(wanted)
    with open_archive(the_destination(wanted.destination)) as archive:
        parts: list[KyphometerError] = []
        entries, more = _bounded(archive.find(query, parts.append))
    known = here([entry.sop_instance_uid for entry in entries])
    films = [_view(judge(entry), known.get(entry.sop_instance_uid)) for entry in entries]
    order = {film.study_instance_uid: film.study_date or date.min for film in films}
    films.sort(key=lambda film: film.study_instance_uid)
    films.sort(key=lambda film: order[film.study_instance_uid], reverse=True)
    return Found(films=films, more=more or bool(parts))


def _query(wanted: Search) -> Query:
    name = "*".join(wanted.patient_name.split())
    if (name and not set(name) & set("*?")) or len(wanted.patient_name.split()) > 1:
        name = f"*{name}*"
    query = Query(
        patient_id=wanted.patient_id.strip(),
        patient_name=name,
        study_instance_uid=wanted.study_instance_uid.strip(),
        since=wanted.since,
        until=wanted.until,
        limit=MOST + 1,
    )
    uid = query.study_instance_uid
    if uid and not is_uid(uid):
        raise RequestError("search_uid")
    if not (uid or query.patient_id or name.strip("*?") or wanted.since or wanted.until):
        raise RequestError("search_nothing")
    return query


def _bounded(found: Iterable[Entry]) -> tuple[list[Entry], bool]:
    """What comes within the bounds, and whether there was more."""
    end = time.monotonic() + SECONDS
    entries: dict[str, Entry] = {}
    for entry in found:
        if len(entries) >= MOST or time.monotonic() > end:
            return list(entries.values()), True
        entries[entry.sop_instance_uid] = entry
    return list(entries.values()), False


def _view(judged: Judged, film_id: str | None) -> FoundFilm:
    entry = judged.entry
    return FoundFilm(
        study_instance_uid=entry.study_instance_uid,
        series_instance_uid=entry.series_instance_uid,
        sop_instance_uid=entry.sop_instance_uid,
        sop_class_uid=entry.sop_class_uid if is_uid(entry.sop_class_uid) else "",
        patient_id=entry.patient_id,
        patient_name=entry.patient_name,
        study_date=_day(entry.study_date),
        study_description=entry.study_description,
        series_description=entry.series_description or entry.protocol,
        modality=entry.modality,
        choice=judged.choice.value,
        reason=judged.reason(),
        film_id=film_id,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
