"""A clinical table as CSV, in the columns that the reader takes."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from kyphometer.followup.clinical.columns import (
    LIST_SEPARATOR,
    NO_COMPLICATIONS,
    Column,
    clinical_columns,
)
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows


def write_clinical_table(
    table: ClinicalTable, path: Path | str, windows: VisitWindows = DEFAULT_WINDOWS
) -> None:
    """Write a clinical table as CSV; `read_clinical_table` gives the same records again."""
    columns = clinical_columns(windows)
    own = list(dict.fromkeys(name for record in table.records for name in record.own))
    with Path(path).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*(column.name for column in columns), *own])
        for record in table.records:
            cells = [cell_text(record, column) for column in columns]
            writer.writerow([*cells, *(_text(record.own.get(name)) for name in own)])


def cell_text(record: ClinicalRecord, column: Column) -> str:
    """What stands in a column's cell of a patient; empty if it is not known."""
    return _text(_value(record, column))


def _value(record: ClinicalRecord, column: Column) -> object:
    if column.visit is not None:
        return getattr(record, column.field).get(column.visit)
    if column.name.startswith("complication_"):
        return _complications(record, column.name.removeprefix("complication_"))
    return getattr(record, column.name)


def _complications(record: ClinicalRecord, part: str) -> object:
    if record.complications is None:
        return None
    if part == "types":
        return [item.type for item in record.complications] or NO_COMPLICATIONS
    name = "site" if part == "sites" else part
    values = [getattr(item, name) for item in record.complications]
    return values if any(value is not None for value in values) else None


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        return LIST_SEPARATOR.join(_text(item) for item in value)
    return str(value)
