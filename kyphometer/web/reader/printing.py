"""What is printed of a reading: its page, and its numbers as a table for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import kyphometer
from kyphometer.measure import MeasurementSet
from kyphometer.measure.words import measured_pair
from kyphometer.messages import language
from kyphometer.reading import Reading
from kyphometer.reading.document import reading_to_dict
from kyphometer.reports.document import Column, Table
from kyphometer.reports.film_page_words import (
    film_line,
    made_line,
    read_line,
    say,
    visit_words,
)
from kyphometer.stats.formatting import format_number, format_signed
from kyphometer.store.records import FilmRecord
from kyphometer.web.pixels.film_source import FilmSource
from kyphometer.web.pixels.page import PageKind, PageOrder
from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.views.visits import (
    VisitAngleColumn,
    VisitChange,
    VisitRow,
    VisitTable,
    VisitValue,
)

CSV_COLUMNS = (
    "film", "patient", "visit", "date", "observer", "version", "code", "label", "value", "unit",
    "standard_uncertainty", "levels", "note", "comment",
)  # fmt: skip
_VISIT_COLUMNS = {
    "angle": "page.angle",
    "visit": "page.visit",
    "date": "page.date",
    "value": "page.value_deg",
    "change": "page.change_deg",
    "loss": "page.loss_deg",
    "verdict": "page.verdict",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A reading that is to be printed.

    Attributes
    ----------
    film
        The film.
    reading
        Its reading.
    observer
        Who read it.
    version
        Number of the confirmed version; 0 for a draft.
    """

    film: FilmRecord
    reading: Reading
    observer: str
    version: int

    @property
    def title(self) -> str:
        """Patient and visit, or the name of the file."""
        words = [self.film.patient, visit_words(self.film.visit)]
        return " · ".join(word for word in words if word) if self.film.patient else self.film.name


def page_order(
    printed: Printed,
    kind: PageKind,
    source: FilmSource,
    visits: VisitTable | None,
    agreement: Agreement,
    now: datetime,
) -> PageOrder:
    """The page, to be made in another process; `now` is what stands on it."""
    film, version = printed.film, printed.version
    created = printed.reading.created
    on = created.date() if created and version else None
    return PageOrder(
        kind=kind,
        source=source,
        document_json=json.dumps(reading_to_dict(printed.reading)),
        confirmed=printed.version > 0,
        title=printed.title,
        film=film_line(film.name, film.taken_on, film.patient_position, film.geometry.source),
        read=read_line(printed.observer, on, version),
        made=made_line(f"kyphometer {kyphometer.__version__}", now),
        geometry=film.geometry,
        header_facing=film.header_facing,
        corner_sd_mm=agreement.corner_sd_mm,
        visits=visits_in_print(visits),
        language=language(),
    )


def visits_in_print(table: VisitTable | None) -> Table | None:
    """The table of visits as a report has it, or None where there is one film only."""
    if table is None or len(table.visits) < 2:
        return None
    records = [
        _visit_record(row, value, angle, table.loss_limit)
        for place, angle in enumerate(table.angles)
        for row in table.visits
        if (value := row.values[place] if place < len(row.values) else None) is not None
    ]
    if not records:
        return None
    names = {row.film_id: _name(row) for row in table.visits}
    since = say("page.since", visit=names[table.baseline]) if table.baseline else ""
    loss = say("page.loss_since", visit=names[table.reference]) if table.reference else ""
    columns = tuple(Column(name=name, label=say(key)) for name, key in _VISIT_COLUMNS.items())
    note = " ".join(filter(None, (since, loss, _bases(table))))
    return Table.from_records("visits", say("page.visits"), columns, records, note)


def _improved(change: VisitChange | None) -> str:
    return say(f"page.change.{_code(change)}") if change else ""


def _held(loss: VisitChange | None, limit: float) -> str:
    if loss is None:
        return ""
    return say("page.loss.small", limit=limit) if loss.small else say(f"page.loss.{_code(loss)}")


def _code(change: VisitChange) -> str:
    return str(change.verdict).replace(" ", "_")


def _visit_record(
    row: VisitRow, value: VisitValue, angle: VisitAngleColumn, limit: float
) -> dict[str, Any]:
    found = [_improved(value.change), _held(value.loss, limit)]
    name = _name(row)
    return {
        "angle": f"{angle.code} ({measured_pair(angle.upper, angle.lower)})",
        "visit": say("page.visit_draft", visit=name) if row.status == "draft" else name,
        "date": row.date,
        "value": f"{format_number(value.value)}{_spread(value.half_width)}",
        "change": _change(value.change),
        "loss": _change(value.loss),
        "verdict": ", ".join(filter(None, found)),
    }


def _name(row: VisitRow) -> str:
    return visit_words(row.visit) or (row.date.isoformat() if row.date else row.label)


def _spread(half_width: float | None) -> str:
    return "" if half_width is None else f" ± {half_width:.1f}"


def _change(change: VisitChange | None) -> str:
    return "" if change is None else f"{format_signed(change.difference)}{_spread(change.limit)}"


def _bases(table: VisitTable) -> str:
    values = [value for row in table.visits for value in row.values if value is not None]
    changes = [found for value in values for found in (value.change, value.loss) if found]
    names = dict.fromkeys(str(found.basis) for found in changes if found.basis is not None)
    if not names:
        return say("page.no_basis") if changes else ""
    return say("page.basis", bases="; ".join(say(f"page.basis.{name}") for name in names))


def measurements_csv(printed: Printed, measured: MeasurementSet) -> str:
    """The numbers in long form, one a line."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    film = printed.film
    whose: Mapping[str, Any] = {
        "film": film.name,
        "patient": film.patient,
        "visit": film.visit,
        "date": film.taken_on,
        "observer": printed.observer,
        "version": printed.version or "draft",
    }
    for item in measured.measurements:
        row = {
            "code": item.code,
            "label": item.label,
            "value": item.value,
            "unit": item.unit,
            "standard_uncertainty": item.standard_uncertainty,
            "levels": " ".join(map(str, item.levels)),
            "note": item.note,
            "comment": printed.reading.comment,
        }
        writer.writerow({**whose, **row})
    return out.getvalue()
