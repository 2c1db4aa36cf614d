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
from kyphometer.followup.correction_model import Verdict
from kyphometer.measure import MeasurementSet
from kyphometer.reading import Reading
from kyphometer.reading.document import reading_to_dict
from kyphometer.reports.document import Column, Table
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
_VISIT_COLUMNS = (
    Column(name="angle", label="Angle"),
    Column(name="visit", label="Visit"),
    Column(name="date", label="Date"),
    Column(name="value", label="Value (deg)"),
    Column(name="change", label="Change (deg)"),
    Column(name="loss", label="Loss (deg)"),
    Column(name="verdict", label="Verdict"),
)
_BASES = {
    "carried": "marks carried over (± of the change itself)",
    "own_repeats": "SEM of repeat readings of this study",
    "stated": "SEM that the study states",
    "published": "published SEM (Alanay 2007), as this study has none",
}
_HELD = {
    Verdict.IMPROVED: "gained more",
    Verdict.UNCHANGED: "held",
    Verdict.WORSE: "lost",
    Verdict.NOT_JUDGED: "loss not judged",
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
        words = [self.film.patient, self.film.visit]
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
    film = printed.film
    taken = film.taken_on.isoformat() if film.taken_on else "no date"
    position = film.patient_position.replace("_", " ")
    version = f"version {printed.version}, confirmed" if printed.version else "draft, not confirmed"
    created = printed.reading.created
    on = f", {created.date().isoformat()}" if created and printed.version else ""
    return PageOrder(
        kind=kind,
        source=source,
        document_json=json.dumps(reading_to_dict(printed.reading)),
        confirmed=printed.version > 0,
        title=printed.title,
        film=f"{film.name}, {taken}, position {position}, pixel spacing {film.geometry.source}",
        read=f"observer {printed.observer}, {version}{on}",
        made=f"kyphometer {kyphometer.__version__}, printed {now:%Y-%m-%d %H:%M}",
        geometry=film.geometry,
        header_facing=film.header_facing,
        corner_sd_mm=agreement.corner_sd_mm,
        visits=visits_in_print(visits),
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
    since = f"Change is since {names[table.baseline]}." if table.baseline else ""
    loss = f" Loss is since {names[table.reference]}." if table.reference else ""
    note = f"{since}{loss} A verdict rests on {_bases(table)}."
    return Table.from_records("visits", "Visits of this patient", _VISIT_COLUMNS, records, note)


def _held(loss: VisitChange, limit: float) -> str:
    return f"lost less than {limit:g}°" if loss.small else _HELD[loss.verdict]


def _visit_record(
    row: VisitRow, value: VisitValue, angle: VisitAngleColumn, limit: float
) -> dict[str, Any]:
    found = [value.change and value.change.verdict, value.loss and _held(value.loss, limit)]
    return {
        "angle": f"{angle.code} ({_short(angle.upper)} - {_short(angle.lower)})",
        "visit": _name(row) + (" (draft)" if row.status == "draft" else ""),
        "date": row.date,
        "value": f"{format_number(value.value)}{_spread(value.half_width)}",
        "change": _change(value.change),
        "loss": _change(value.loss),
        "verdict": ", ".join(str(word) for word in found if word),
    }


def _name(row: VisitRow) -> str:
    return row.visit or (row.date.isoformat() if row.date else row.label)


def _short(endplate: str) -> str:
    level, _, side = endplate.partition(".")
    return f"{level} {side[:3]}"


def _spread(half_width: float | None) -> str:
    return "" if half_width is None else f" ± {half_width:.1f}"


def _change(change: VisitChange | None) -> str:
    return "" if change is None else f"{format_signed(change.difference)}{_spread(change.limit)}"


def _bases(table: VisitTable) -> str:
    values = [value for row in table.visits for value in row.values if value is not None]
    changes = [found for value in values for found in (value.change, value.loss) if found]
    names = dict.fromkeys(str(found.basis) for found in changes if found.basis is not None)
    return "; ".join(_BASES[name] for name in names) or "nothing: no error of measurement is known"


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
