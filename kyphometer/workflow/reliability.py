"""From a study to its reliability: tables of repeated readings, their truth, the MDC they give."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from kyphometer import __version__
from kyphometer.errors import KyphometerError, StudyRefusedError
from kyphometer.measure import measure_reading
from kyphometer.reading import Reading
from kyphometer.reading.document import read_reading
from kyphometer.reliability import (
    CategoryRow,
    MarkedFilm,
    ReadingTable,
    StudyFacts,
    ValueRow,
)
from kyphometer.reliability.collected import CollectedReadings, HiddenPair
from kyphometer.store.readings.measured_values import MeasuredValue
from kyphometer.store.records import FilmRecord, ReadingRecord
from kyphometer.store.sessions.plans import SessionItemRecord
from kyphometer.store.study.study import Study
from kyphometer.workflow.films import READING_SUFFIX
from kyphometer.workflow.sessions import SessionRules, session_rules

DEFAULT_CODES = ("VKA", "RKA")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A reading that takes part, with the film it is of and its place in a session if any."""

    record: ReadingRecord
    reading: Reading
    film: FilmRecord
    label: str
    item: SessionItemRecord | None
    replicate: str


def collect_readings(
    study: Study,
    codes: Sequence[str] = DEFAULT_CODES,
    *,
    session: str | None = None,
    truth: Mapping[int, Reading] | None = None,
) -> CollectedReadings:
    """Collect the repeated readings of a study.

    Parameters
    ----------
    codes
        Measurements to take.
    session
        Only readings of this session, rounds as replicates. None takes everything outside of
        sessions and in locked ones, repeated readings numbered by time.
    truth
        True readings by film, where films are phantoms.

    Raises
    ------
    StudyRefusedError
        If the session is not locked: to look at values would unblind it.
    UnknownRecordError
        If there is no such session.
    """
    items = _items(study, session)
    values = _values(study, codes)
    truths = _true_values(study, codes, truth or {})
    surgery = {patient.code: patient.surgery_date for patient in study.patients()}
    own = [i for i in items if i.item is None or not (i.item.duplicate or i.item.training)]
    turn = {visit: place for place, visit in enumerate(study.settings.visits.visits)}
    rows = [
        row
        for entry in sorted(own, key=lambda i: turn.get(i.film.visit or "", len(turn)))
        for row in _value_rows(
            entry, values.get(entry.record.id, ()), truths, surgery.get(entry.film.patient or "")
        )
    ]
    rules = None if session is None else session_rules(study, session)
    return CollectedReadings(
        table=ReadingTable(values=tuple(_one_unit(rows))),
        hidden=tuple(_hidden(items, values)),
        marked=tuple(
            MarkedFilm(
                film=entry.label,
                observer=entry.record.observer,
                replicate=entry.replicate,
                reading=entry.reading,
                geometry=entry.film.geometry,
            )
            for entry in own
        ),
        levels=() if rules is not None and rules.levels is not None else tuple(_levels(own)),
        facts=_facts(rules),
        title=_title(study, session),
    )


def _value_rows(
    entry: _Item,
    values: Iterable[tuple[str, str, MeasuredValue]],
    truths: Mapping[tuple[int, str, str], float],
    surgery: date | None,
) -> Iterable[ValueRow]:
    """Rows of the long table from one reading."""
    taken = entry.film.taken_on
    for code, part, found in values:
        yield ValueRow(
            film=entry.label + part,
            observer=entry.record.observer,
            replicate=entry.replicate,
            value=found.value,
            code=code,
            unit=found.unit or "deg",
            visit=entry.film.visit or "",
            patient=entry.film.patient or "",
            instrumented=None if surgery is None or taken is None else taken >= surgery,
            created=entry.reading.created or entry.record.saved_at,
            truth=truths.get((entry.film.id, code, part)),
        )


def _title(study: Study, session: str | None) -> str:
    if session is None:
        return study.status().name
    found = study.sessions.get(session)
    return found.title or f"Session {session}"


def _items(study: Study, session: str | None) -> list[_Item]:
    """Readings that take part, oldest first."""
    chosen, locked = _session_items(study, session)
    films = {film.id: film for film in study.films()}
    labels = film_labels(films.values())
    found = []
    counted: Counter[tuple[int, str]] = Counter()
    records = study.latest_readings(session=session) if session else study.latest_readings()
    for record in sorted(records, key=lambda r: (r.saved_at, r.id)):
        item = None if record.session_item is None else chosen.get(record.session_item)
        if record.session_item is not None and record.session_item not in locked:
            continue
        if record.reading.consensus is not None:
            continue  # made of the others, not beside them
        counts = item is None or not (item.duplicate or item.training)
        if counts:
            counted[record.film_id, record.observer] += 1
        number = counted[record.film_id, record.observer]
        if session is not None and item is not None:
            number = item.round
        film = films[record.film_id]
        found.append(
            _Item(
                record=record,
                reading=record.reading,
                film=film,
                label=labels[film.id],
                item=item,
                replicate=str(number),
            )
        )
    return found


def _session_items(
    study: Study, session: str | None
) -> tuple[dict[int, SessionItemRecord], set[int]]:
    """Items by number, and the numbers of those that may be looked at."""
    sessions = study.sessions.list() if session is None else (study.sessions.get(session),)
    if session is not None and not sessions[0].may_be_seen:
        raise StudyRefusedError("session_not_locked", session=session)
    by_number: dict[int, SessionItemRecord] = {}
    for found in sessions:
        if found.may_be_seen:
            by_number.update((item.id, item) for item in study.sessions.items(found.code))
    return by_number, set(by_number)


def film_labels(films: Iterable[FilmRecord]) -> dict[int, str]:
    """A short name for each film, different for each: patient and visit, else the file's name."""
    films = list(films)
    names = {
        film.id: " ".join(part for part in (film.patient, film.visit) if part)
        if film.visit
        else Path(film.name).stem
        for film in films
    }
    counts = Counter(names.values())
    return {
        number: name if counts[name] == 1 else f"{name} (film {number})"
        for number, name in names.items()
    }


_Values = dict[int, list[tuple[str, str, "MeasuredValue"]]]
"""By reading: code, which of several (empty if there is one), value."""


def _values(study: Study, codes: Sequence[str]) -> _Values:
    """Values by reading; with several fractured levels each is a target of its own."""
    by_reading: dict[int, dict[str, list[MeasuredValue]]] = defaultdict(lambda: defaultdict(list))
    for value in study.measurements(tuple(codes)):
        by_reading[value.reading_id][value.code].append(value)
    return {
        reading: [
            (code, part, value)
            for code, found in by_code.items()
            for part, value in zip(_parts([v.upper for v in found]), found, strict=True)
        ]
        for reading, by_code in by_reading.items()
    }


def _parts(uppers: Sequence[str | None]) -> list[str]:
    """What tells several values of one code apart: the level of the upper endplate."""
    if len(uppers) == 1:
        return [""]
    return [f" {(upper or str(i)).partition('.')[0]}" for i, upper in enumerate(uppers, 1)]


def _one_unit(rows: Iterable[ValueRow]) -> list[ValueRow]:
    """A reading that could not be measured has the unit of those that could."""
    rows = list(rows)
    units = {row.code: row.unit for row in rows if row.value is not None}
    return [
        replace(row, unit=units.get(row.code, row.unit)) if row.value is None else row
        for row in rows
    ]


def _hidden(items: Sequence[_Item], values: _Values) -> Iterable[HiddenPair]:
    """Pairs of showings within a round."""
    first: dict[tuple[int, str, int], _Item] = {}
    for entry in items:
        if entry.item is not None and not (entry.item.duplicate or entry.item.training):
            first[_place(entry)] = entry
    for entry in items:
        if entry.item is None or not entry.item.duplicate or _place(entry) not in first:
            continue
        before = values.get(first[_place(entry)].record.id, ())
        one = {(code, part): value for code, part, value in before}
        shown_first = first[_place(entry)].item
        turned = shown_first is not None and shown_first.mirrored != entry.item.mirrored
        for code, part, value in values.get(entry.record.id, ()):
            if (code, part) in one:
                yield HiddenPair(
                    code=code,
                    film=entry.label + part,
                    observer=entry.record.observer,
                    round=entry.item.round,
                    mirrored=turned,
                    first=one[code, part].value,
                    second=value.value,
                )


def _place(entry: _Item) -> tuple[int, str, int]:
    number = 0 if entry.item is None else entry.item.round
    return (entry.film.id, entry.record.observer, number)


def _levels(items: Iterable[_Item]) -> Iterable[CategoryRow]:
    for entry in items:
        levels = "+".join(str(level) for level in entry.reading.fractured_levels)
        yield CategoryRow(
            film=entry.label,
            observer=entry.record.observer,
            replicate=entry.replicate,
            category=levels or None,
        )


def _facts(rules: SessionRules | None) -> StudyFacts:
    software = f"kyphometer {__version__}"
    if rules is None:
        return StudyFacts(software=software)
    return StudyFacts(
        planning=rules.planning,
        sampling=f"Films: {rules.sampling}." if rules.sampling else "",
        process=rules.process_in("en"),
        independence="Each observer saw only his own list under codes, neither the readings of "
        "others nor his own earlier ones; a reading was locked when it was confirmed.",
        software=software,
    )


# ------------------------------------------------------------------------------ truth


def read_truths(study: Study, folder: Path) -> dict[int, Reading]:
    """True readings below a folder, by the film of the study that they belong to.

    Raises
    ------
    StudyRefusedError
        If none belongs to a film of the study.
    """
    films = {film.sop_instance_uid: film.id for film in study.films() if film.sop_instance_uid}
    found = {}
    for path in sorted(folder.rglob(f"*{READING_SUFFIX}")):
        reading = read_reading(path)
        number = films.get(reading.film.sop_instance_uid or "")
        if number is not None:
            found[number] = reading
    if not found:
        raise StudyRefusedError("key_of_no_film", folder=folder)
    return found


def _true_values(
    study: Study, codes: Sequence[str], truth: Mapping[int, Reading]
) -> dict[tuple[int, str, str], float]:
    found = {}
    for film_id, reading in truth.items():
        geometry = study.film(film_id).geometry
        try:
            measured = measure_reading(reading, geometry, codes=list(codes))
        except KyphometerError:
            continue
        for code in codes:
            values = measured.all(code)
            for part, value in zip(_parts([v.upper for v in values]), values, strict=True):
                found[film_id, code, part] = value.value
    return found


# ------------------------------------------------------------------------------ export


def session_records(
    study: Study,
    session: str,
    codes: Sequence[str] = DEFAULT_CODES,
    truth: Mapping[int, Reading] | None = None,
) -> list[dict[str, Any]]:
    """Every value of a locked session as a row of the long table, hidden duplicates included.

    Raises
    ------
    StudyRefusedError
        If the session is not locked.
    """
    logs = study.sessions.logs(session)
    values = _values(study, codes)
    truths = _true_values(study, codes, truth or {})
    records = []
    for entry in _items(study, session):
        item = entry.item
        if item is None:
            continue
        log = logs.get(item.id)
        kind = "d" if item.duplicate else "t" if item.training else ""
        for code, part, value in values.get(entry.record.id, ()):
            records.append(
                {
                    "film": entry.label + part,
                    "observer": entry.record.observer,
                    "replicate": f"{item.round}{kind}",
                    "value": value.value,
                    "code": code,
                    "unit": value.unit or "deg",
                    "visit": entry.film.visit or "",
                    "patient": entry.film.patient or "",
                    "created": (entry.reading.created or entry.record.saved_at).isoformat(),
                    "truth": truths.get((entry.film.id, code, part)),
                    "item": item.code,
                    "place": item.place,
                    "mirrored": "yes" if item.mirrored else "no",
                    "duplicate": "yes" if item.duplicate else "no",
                    "training": "yes" if item.training else "no",
                    "label": value.label,
                    "note": value.note,
                    "seconds": None if log is None else log.seconds,
                    "zoom": None if log is None else log.zoom,
                    "window_center": None if log is None else log.window_center,
                    "window_width": None if log is None else log.window_width,
                }
            )
    return records
