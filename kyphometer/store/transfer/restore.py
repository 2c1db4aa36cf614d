"""Making a study from an export: the same rows, numbers and audit trail, or nothing at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, Date, Table, insert, inspect, text
from sqlalchemy.exc import DBAPIError, StatementError

from kyphometer.errors import StudyRefusedError
from kyphometer.messages import Word
from kyphometer.store.database import audit, migrate
from kyphometer.store.database.integrity import problems
from kyphometer.store.database.schema import HEAD_REVISION
from kyphometer.store.transfer.export import FORMAT, VERSION, column_names, exported_tables
from kyphometer.store.transfer.target import OpenText

_CHUNK = 500


def restore(connection: Connection, open_text: OpenText, actor: str) -> None:
    """Fill an empty database inside the caller's (writing) transaction.

    Raises
    ------
    StudyRefusedError
        If the export is damaged, of another format, or does not fit together.
    """
    head = _head(open_text)
    migrate.make_tables(connection, head["revision"])
    made = set(inspect(connection).get_table_names())
    for table in exported_tables(accounts=bool(head.get("accounts"))):
        if table.name not in made:  # of a later format than the export
            continue
        count = _fill(connection, open_text, table)
        expected = head.get("rows", {}).get(table.name)
        if count != expected:
            raise _damaged(f"{table.name}.jsonl", "rows", count=count, expected=expected)
    migrate.make_tables(connection)
    found = problems(connection)
    if found:
        raise StudyRefusedError("export_inconsistent", found=found[0])
    details = {"exported_at": head.get("exported_at"), "software": head.get("software")}
    audit.record(connection, actor, "study.import", "study", details=details)


def _head(open_text: OpenText) -> dict[str, Any]:
    try:
        with open_text("study.json") as stream:
            head: Any = json.load(stream)
    except (KeyError, OSError, ValueError):
        raise _damaged("study.json", "no_json") from None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise _damaged("study.json", "format", format=FORMAT)
    revision = str(head.get("revision"))
    if head.get("version") != VERSION or not revision.isdigit() or revision > HEAD_REVISION:
        raise StudyRefusedError("export_newer")
    return head


def _fill(connection: Connection, open_text: OpenText, table: Table) -> int:
    name = f"{table.name}.jsonl"
    count = 0
    try:
        with open_text(f"tables/{name}") as stream:
            for rows in _chunks(stream, table):
                connection.execute(insert(table), rows)
                count += len(rows)
    except (KeyError, OSError):
        raise _damaged(name, "missing") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise _damaged(name, "row", row=count + 1, reason=str(error)) from None
    except StatementError as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise _damaged(name, "unfit", reason=str(cause)) from None
    _continue_numbers(connection, table)
    return count


def _chunks(lines: Any, table: Table) -> Iterator[list[dict[str, Any]]]:
    names = set(column_names(table))
    days = {column.name for column in table.columns if isinstance(column.type, Date)}
    rows: list[dict[str, Any]] = []
    for line in lines:
        row = json.loads(line)
        unknown = row.keys() - names
        if unknown:
            message = f"unknown column {sorted(unknown)[0]}"
            raise ValueError(message)
        rows.append(
            {
                name: date.fromisoformat(value) if name in days and value else value
                for name, value in row.items()
            }
        )
        if len(rows) == _CHUNK:
            yield rows
            rows = []
    if rows:
        yield rows


def _continue_numbers(connection: Connection, table: Table) -> None:
    """PostgreSQL counts on from the highest number; SQLite does so by itself."""
    if connection.dialect.name != "postgresql" or "id" not in table.columns:
        return
    sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
    highest = f"(SELECT max(id) FROM {table.name})"  # noqa: S608 - a name of our own
    connection.execute(
        text(f"SELECT setval({sequence}, coalesce({highest}, 1), {highest} IS NOT NULL)")
    )


def _damaged(name: str, how: str, **facts: Any) -> StudyRefusedError:
    problem = Word(f"damage.{how}", facts)
    return StudyRefusedError("export_damaged", name=name, problem=problem)
