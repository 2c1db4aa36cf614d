"""What QA staff see: everybody's readings of a film, and how far everybody is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kyphometer.errors import KyphometerError
from kyphometer.measure import measure_reading
from kyphometer.web.measure_views import measurement_view
from kyphometer.web.work_views import STATUS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kyphometer.store.protocol import ReadingStore
    from kyphometer.store.records import FilmRecord, ReadingRecord
    from kyphometer.web.desk import Answer


def readings_view(store: ReadingStore, film: FilmRecord, corner_sd_mm: float) -> Answer:
    """Every confirmed version on a film, oldest first, with what it measures."""
    history = store.history(film.id)
    return {"readings": [_reading(record, film, corner_sd_mm) for record in history]}


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
