"""What QA staff see: everybody's readings of a film, and how far everybody is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from kyphometer.errors import KyphometerError
from kyphometer.measure import measure_reading
from kyphometer.store.protocol import ReadingStore
from kyphometer.store.records import FilmRecord, ReadingRecord
from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.reader.answer import Answer
from kyphometer.web.views.measurements import measurement_view
from kyphometer.web.views.work import STATUS

FRACTURE_ANGLES = ("VKA", "RKA")


def readings_view(store: ReadingStore, film: FilmRecord, agreement: Agreement) -> Answer:
    """Every confirmed version on a film, oldest first, with what it measures, and their spread.

    Readings of a session that is not locked yet stay hidden: whoever sees them could tell others,
    or read in that session.
    """
    hidden = _unlocked_sessions(store)
    history = [one for one in store.history(film.id) if one.reading.session not in hidden]
    latest = {(one.observer, one.session_item): one.id for one in history}
    newest = set(latest.values())
    views = [
        {**_reading(one, film, agreement.corner_sd_mm), "latest": one.id in newest}
        for one in history
    ]
    return {"readings": views, "spread": _spread(views, agreement)}


def _unlocked_sessions(store: ReadingStore) -> frozenset[str]:
    sessions = getattr(store, "sessions", None)  # a folder has none
    if sessions is None:
        return frozenset()
    return frozenset(session.code for session in sessions.list() if not session.locked)


def _spread(views: Sequence[Answer], agreement: Agreement) -> list[Answer]:
    """How far the latest readings lie apart, for each fracture angle that several have."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for view in views:
        for item in view["measurements"] if view["latest"] else ():
            if item["code"] in FRACTURE_ANGLES:
                found[item["code"], item["label"]].append(item["value"])
    return [
        _apart(code, label, values, agreement)
        for (code, label), values in found.items()
        if len(values) > 1
    ]


def _apart(code: str, label: str, values: Sequence[float], agreement: Agreement) -> Answer:
    difference = max(values) - min(values)
    known = agreement.precision.get(code)
    mdc95 = None if known is None else known.minimal_detectable_change_95_deg
    return {
        "code": code,
        "label": label,
        "readings": len(values),
        "lowest": min(values),
        "highest": max(values),
        "difference": difference,
        "mdc95": mdc95,
        "beyond_mdc": None if mdc95 is None else difference > mdc95,
    }


def _reading(record: ReadingRecord, film: FilmRecord, corner_sd_mm: float) -> Answer:
    answer: Answer = {
        "observer": record.observer,
        "session": record.reading.session,
        "version": record.version,
        "reason": record.reason,
        "saved_at": record.saved_at.isoformat(),
        "document": record.document,
        "measurements": [],
        "error": None,
    }
    try:
        measured = measure_reading(
            record.reading,
            film.geometry,
            corner_sd_mm=corner_sd_mm,
            header_facing=film.header_facing,
            strict=False,
        )
    except KyphometerError as error:
        return {**answer, "error": str(error)}
    return {**answer, "measurements": [measurement_view(item) for item in measured.measurements]}


def progress_view(store: ReadingStore, observers: Iterable[str]) -> Answer:
    """How far each observer is, outside of sessions."""
    lines = []
    for observer in observers:
        states = [STATUS[item.state] for item in store.work_list(observer)]
        counts = {name: states.count(name) for name in ("read", "draft", "unread")}
        lines.append({"observer": observer, **counts, "total": len(states)})
    return {"observers": lines}
