"""A whole study as files: JSON lines to be imported again, CSV to be looked at.

Format `kyphometer-study`, version 1: `study.json` says what is in it; `tables/NAME.jsonl` holds one
JSON object a row with every column, and `tables/NAME.csv` the same for people. `measurements.csv`
is the long table of the numbers. Paths of films are whole, so that they are found from anywhere.

History: version 1, first.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, select

from kyphometer import __version__
from kyphometer.store.database.clock import now_text
from kyphometer.store.database.migrate import revision_of
from kyphometer.store.database.schema import film_files, measured, metadata, users
from kyphometer.store.films.films import absolute
from kyphometer.store.readings.measured_values import MeasuredValue
from kyphometer.store.transfer.target import OpenText

FORMAT = "kyphometer-study"
VERSION = 1


def exported_tables(*, accounts: bool) -> list[Table]:
    """Tables of an export, each after those that it refers to.

    Computed numbers are left out, since they are no data.
    """
    left_out = {measured} if accounts else {measured, users}
    return [table for table in metadata.sorted_tables if table not in left_out]


def column_names(table: Table) -> list[str]:
    """Columns that hold data (a computed one does not)."""
    return [column.name for column in table.columns if column.computed is None]


def write_export(
    connection: Connection,
    open_text: OpenText,
    *,
    root: str,
    accounts: bool,
    values: Sequence[MeasuredValue],
) -> dict[str, int]:
    """Write everything; rows written by table."""
    counts = {
        table.name: _write_table(connection, open_text, table, root)
        for table in exported_tables(accounts=accounts)
    }
    _write_measurements(open_text, values)
    head = {
        "format": FORMAT,
        "version": VERSION,
        "revision": revision_of(connection),
        "software": f"kyphometer {__version__}",
        "exported_at": now_text(),
        "accounts": accounts,
        "rows": counts,
    }
    with open_text("study.json") as stream:
        stream.write(json.dumps(head, indent=1) + "\n")
    return counts


def _write_table(connection: Connection, open_text: OpenText, table: Table, root: str) -> int:
    names = column_names(table)
    count = 0
    with open_text(f"tables/{table.name}.jsonl") as lines:
        for row in _rows(connection, table, names, root):
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    with open_text(f"tables/{table.name}.csv") as stream:
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        for row in _rows(connection, table, names, root):
            writer.writerow({name: _cell(value) for name, value in row.items()})
    return count


def _rows(
    connection: Connection, table: Table, names: list[str], root: str
) -> Iterator[dict[str, Any]]:
    query = select(*(table.c[name] for name in names)).order_by(*table.primary_key.columns)
    for found in connection.execute(query.execution_options(yield_per=1000)):
        row = {name: _plain(value) for name, value in zip(names, found, strict=True)}
        if table is film_files:
            row["path"] = absolute(row["path"], root)
        yield row


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _cell(value: Any) -> Any:
    """A cell of a CSV; text that a spreadsheet would take for a formula is disarmed."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return "" if value is None else value


def _write_measurements(open_text: OpenText, values: Sequence[MeasuredValue]) -> None:
    names = [item.name for item in fields(MeasuredValue)]
    with open_text("measurements.csv") as stream:
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        for value in values:
            writer.writerow({name: _cell(cell) for name, cell in asdict(value).items()})
