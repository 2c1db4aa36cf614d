"""What QA staff see: everybody's readings of a film, and how far everybody is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from kyphometer.errors import KyphometerError
from kyphometer.measure import measure_reading
from kyphometer.reading import Reading
from kyphometer.reading.document import reading_to_dict
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import FilmRecord, ReadingRecord
from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.views.measurements import measurement_view
from kyphometer.web.views.work import STATUS
from kyphometer.web.wire.marks import Candidate, Candidates, Readings, Spread, StoredReading
from kyphometer.web.wire.people import ObserverProgress, Progress
from kyphometer.workflow.consensus import candidates, proposed, unlocked_sessions

FRACTURE_ANGLES = ("VKA", "RKA")


def readings_view(store: ReadingStore, film: FilmRecord, agreement: Agreement) -> Readings:
    """Every confirmed version on a film, oldest first, with what it measures, and their spread.

    Readings of a session that is not locked yet stay hidden: whoever sees them could tell others,
    or read in that session.
    """
    hidden = unlocked_sessions(store)
    history = [one for one in store.history(film.id) if one.reading.session not in hidden]
    newest = {(one.observer, one.session_item): one.id for one in history}
    latest = set(newest.values())
    found = [
        _reading(one, film, agreement.corner_sd_mm, latest=one.id in latest) for one in history
    ]
    return Readings(readings=found, spread=_spread(found, agreement))


def candidates_view(
    store: ReadingStore, film: FilmRecord, adjudicator: str, agreement: Agreement
) -> Candidates:
    """Readings of others to adjudicate, by letters, and their mean; says nobody's name."""
    seen = candidates(store, film.id, adjudicator, unlocked_sessions(store))
    made = [("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i], [record]) for i, record in enumerate(seen[:26])]
    if len(made) < 2:
        return Candidates(candidates=[], refused=None)
    try:
        mean, refused = proposed(seen, seen), None
    except KyphometerError as error:
        mean, refused = None, str(error)
    found = [_candidate(label, proposed(seen, used), film, agreement) for label, used in made]
    if mean is not None:
        found.append(_candidate("", mean, film, agreement))
    return Candidates(candidates=found, refused=refused)


def _candidate(label: str, reading: Reading, film: FilmRecord, agreement: Agreement) -> Candidate:
    try:
        measured = measure_reading(
            reading,
            film.geometry,
            codes=FRACTURE_ANGLES,
            corner_sd_mm=agreement.corner_sd_mm,
            header_facing=film.header_facing,
            strict=False,
        ).measurements
    except KyphometerError:
        measured = ()
    return Candidate(
        label=label,
        document=reading_to_dict(reading),
        measurements=[measurement_view(item) for item in measured],
    )


def _spread(readings: Sequence[StoredReading], agreement: Agreement) -> list[Spread]:
    """How far the latest readings lie apart, for each fracture angle that several have."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for reading in readings:
        for item in reading.measurements if reading.latest else ():
            if item.code in FRACTURE_ANGLES:
                found[item.code, item.label].append(item.value)
    return [
        _apart(code, label, values, agreement)
        for (code, label), values in found.items()
        if len(values) > 1
    ]


def _apart(code: str, label: str, values: Sequence[float], agreement: Agreement) -> Spread:
    difference = max(values) - min(values)
    known = agreement.precision.get(code)
    mdc95 = None if known is None else known.minimal_detectable_change_95_deg
    return Spread(
        code=code,
        label=label,
        readings=len(values),
        lowest=min(values),
        highest=max(values),
        difference=difference,
        mdc95=mdc95,
        beyond_mdc=None if mdc95 is None else difference > mdc95,
    )


def _reading(
    record: ReadingRecord, film: FilmRecord, corner_sd_mm: float, *, latest: bool
) -> StoredReading:
    measured, error = None, None
    try:
        measured = measure_reading(
            record.reading,
            film.geometry,
            corner_sd_mm=corner_sd_mm,
            header_facing=film.header_facing,
            strict=False,
        )
    except KyphometerError as refused:
        error = str(refused)
    return StoredReading(
        observer=record.observer,
        session=record.reading.session,
        version=record.version,
        reason=record.reason,
        saved_at=record.saved_at.isoformat(),
        document=record.document,
        measurements=[measurement_view(item) for item in measured.measurements] if measured else [],
        error=error,
        latest=latest,
    )


def progress_view(store: ReadingStore, observers: Iterable[str]) -> Progress:
    """How far each observer is, outside of sessions."""
    lines = []
    for observer in observers:
        states = [STATUS[item.state] for item in store.work_list(observer)]
        lines.append(
            ObserverProgress(
                observer=observer,
                read=states.count("read"),
                draft=states.count("draft"),
                unread=states.count("unread"),
                total=len(states),
            )
        )
    return Progress(observers=lines)
