"""Readings of one film before a further reader, and the consensus that is made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from kyphometer.errors import ReadingError, UnknownRecordError
from kyphometer.measure import measure_reading
from kyphometer.reading import Consensus, ConsensusPart, Reading
from kyphometer.reading.consensus import mean_reading
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import FilmRecord, ReadingRecord
from kyphometer.store.study.study import Study
from kyphometer.workflow.films import SOFTWARE

ANGLES = ("VKA", "RKA")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFilm:
    """A film that several have read and that has no consensus.

    Attributes
    ----------
    observers
        Who has read it.
    apart_deg
        How far VKA and RKA lie apart, by code; a code that fewer than two measured is left out.
    """

    film: FilmRecord
    observers: tuple[str, ...]
    apart_deg: dict[str, float]


def candidates(
    store: ReadingStore, film_id: int, adjudicator: str, hidden: frozenset[str] = frozenset()
) -> list[ReadingRecord]:
    """Readings that an adjudicator may choose from, one an observer, in an order that names nobody.

    Of each other observer the latest version outside of sessions, else that of the earliest item
    of a session; a consensus is none.

    Parameters
    ----------
    hidden
        Sessions whose readings may not be seen yet.
    """
    latest: dict[tuple[str, int], ReadingRecord] = {}
    for record in store.history(film_id):
        reading = record.reading
        if record.observer != adjudicator and reading.session not in hidden:
            latest[record.observer, record.session_item or 0] = record
    found: dict[str, ReadingRecord] = {}
    for (observer, _), record in sorted(latest.items(), key=lambda item: item[0]):
        if record.reading.consensus is None:
            found.setdefault(observer, record)
    return sorted(found.values(), key=document_hash)


def document_hash(record: ReadingRecord) -> str:
    """SHA-256 of a version's document, by which a consensus names it."""
    return hashlib.sha256(record.document_json.encode()).hexdigest()


def proposed(seen: Sequence[ReadingRecord], used: Iterable[ReadingRecord]) -> Reading:
    """What a consensus begins with: one of the readings, or the mean of several; names nobody.

    Raises
    ------
    ReadingError
        If they cannot be averaged.
    """
    chosen = list(used)
    ids = {record.id for record in chosen}
    parts = tuple(
        ConsensusPart(sha256=document_hash(record), used=record.id in ids) for record in seen
    )
    marks = [record.reading for record in chosen]
    reading = marks[0] if len(marks) == 1 else mean_reading(marks)
    return replace(
        reading,
        observer=None,
        session=None,
        created=None,
        software=None,
        comment="",
        consensus=Consensus(of=parts),
    )


def named(reading: Reading, history: Sequence[ReadingRecord]) -> Reading:
    """A consensus that says whose versions it was made of, and whether marks were changed since.

    Raises
    ------
    UnknownRecordError
        If it names a version that is not one of that film.
    """
    if reading.consensus is None:
        return reading
    known = {document_hash(record): record for record in history}
    seen = []
    for part in reading.consensus.of:
        if part.sha256 not in known:
            raise UnknownRecordError("consensus_of_unknown", sha256=part.sha256[:12])
        seen.append(known[part.sha256])
    parts = tuple(
        replace(part, observer=record.observer, version=record.version)
        for part, record in zip(reading.consensus.of, seen, strict=True)
    )
    begun = proposed(seen, [record for part, record in zip(parts, seen, strict=True) if part.used])
    edited = begun.vertebrae != reading.vertebrae
    return replace(reading, consensus=Consensus(of=parts, edited=edited))


def make_consensus(
    study: Study,
    film_id: int,
    adjudicator: str,
    *,
    chosen: str | None = None,
    reason: str | None = None,
) -> ReadingRecord:
    """Keep a consensus of a film's readings as the adjudicator's next version.

    Parameters
    ----------
    chosen
        Whose reading is taken; None takes the mean.

    Raises
    ------
    ReadingError
        If fewer than two others have read the film, or they cannot be averaged.
    UnknownRecordError
        If that observer has not read it.
    StudyRefusedError
        If the adjudicator has a reading there and no reason is given.
    """
    seen = candidates(study, film_id, adjudicator, unlocked_sessions(study))
    if len(seen) < 2:
        raise ReadingError("consensus_of_one")
    used = [record for record in seen if chosen in (None, record.observer)]
    if not used:
        raise UnknownRecordError("no_reading_of", observer=chosen, film=film_id)
    reading = named(proposed(seen, used), study.history(film_id))
    signed = replace(reading, observer=adjudicator, created=datetime.now(UTC), software=SOFTWARE)
    stored = study.stored(film_id, adjudicator)
    return study.save_reading(
        signed,
        film_id,
        adjudicator,
        base_version=stored.version,
        reason=reason,
        draft_etag=stored.etag,
    )


def unlocked_sessions(store: ReadingStore) -> frozenset[str]:
    """Sessions whose readings nobody may see yet."""
    sessions = getattr(store, "sessions", None)  # a folder has none
    if sessions is None:
        return frozenset()
    return frozenset(session.code for session in sessions.list() if not session.locked)


def open_films(study: Study) -> list[OpenFilm]:
    """Films that two or more have read and that have no consensus, farthest apart first."""
    hidden, agreed = unlocked_sessions(study), set(consensus_readings(study))
    found = []
    for film in study.films():
        seen = [] if film.id in agreed else candidates(study, film.id, "", hidden)
        if len(seen) > 1:
            names = tuple(sorted(record.observer for record in seen))
            found.append(OpenFilm(film=film, observers=names, apart_deg=_apart(seen, film)))
    return sorted(found, key=lambda one: -max(one.apart_deg.values(), default=0.0))


def consensus_readings(study: Study) -> dict[int, int]:
    """The newest consensus of each film that has one, by number."""
    found: dict[int, int] = {}
    for record in sorted(study.latest_readings(), key=lambda record: record.id):
        if '"consensus"' in record.document_json and record.reading.consensus is not None:
            found[record.film_id] = record.id
    return found


def _apart(seen: Sequence[ReadingRecord], film: FilmRecord) -> dict[str, float]:
    values: dict[str, list[float]] = {code: [] for code in ANGLES}
    for record in seen:
        measured = measure_reading(
            record.reading, film.geometry, codes=ANGLES, header_facing=film.header_facing,
            strict=False,
        )  # fmt: skip
        for item in measured.measurements:
            values[item.code].append(item.value)
    return {code: max(all_) - min(all_) for code, all_ in values.items() if len(all_) > 1}
