"""Reading a long table of readings from CSV: every bad row is named, none is guessed.

The first line names the columns; film, observer and value are needed, the others optional. Commas,
semicolons and tabs separate; with semicolons or tabs a decimal comma is understood. Empty values
(or NA, NaN, "not measurable") are readings that could not be made and are counted as such.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from kyphometer.errors import BadTableRowsError
from kyphometer.reliability.table import ReadingTable, ValueRow

COLUMNS = {
    "film": ("film", "film_id", "image", "case", "subject", "target", "item"),
    "observer": ("observer", "rater", "reader", "judge", "meth", "method"),
    "replicate": ("replicate", "repl", "repeat", "reading", "session", "trial"),
    "value": ("value", "measurement", "angle", "score", "y"),
    "code": ("code", "measure", "parameter"),
    "unit": ("unit",),
    "visit": ("visit", "timepoint", "time_point"),
    "patient": ("patient", "patient_id"),
    "instrumented": ("instrumented", "implant"),
    "created": ("created", "time", "date", "datetime"),
    "truth": ("truth", "true_value", "reference"),
}
MISSING = frozenset({"", "na", "nan", "n/a", "null", "none", ".", "not measurable"})
YES = frozenset({"1", "yes", "true", "y", "t", "instrumented"})
NO = frozenset({"0", "no", "false", "n", "f", "not instrumented"})


def read_reading_table(path: Path) -> ReadingTable:
    """Return the table of a CSV file (UTF-8, or Windows-1252 where it is not).

    Raises
    ------
    BadTableRowsError
        The file cannot be read, a column is missing, or rows are wrong; each is named.
    DuplicateReadingsError
        A film, observer, replicate and code come twice.
    """
    return parse_reading_table(read_text(path), f"The table {path.name}")


def read_text(path: Path) -> str:
    """Return the text of a CSV file (UTF-8, or Windows-1252 where it is not)."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadTableRowsError(f"The table {path.name}", (f"{error.strerror}.",)) from error
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        remedy = "It is UTF-16, not UTF-8: save it as 'CSV UTF-8'."
        raise BadTableRowsError(f"The table {path.name}", (remedy,))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def parse_reading_table(text: str, name: str = "The table") -> ReadingTable:
    """Return the table of CSV text; see `read_reading_table`."""
    header, records, delimiter = split_rows(text, name)
    columns = find_columns(header, name, COLUMNS, ("film", "observer", "value"))
    problems: list[str] = []
    rows: list[ValueRow] = []
    for number, record in records:
        cells = cells_of(record, columns)
        row = _row(cells, number, problems, decimal_comma=delimiter != ",")
        if row is not None:
            rows.append(row)
    if problems:
        raise BadTableRowsError(name, tuple(problems))
    return ReadingTable(values=tuple(rows))


def split_rows(text: str, name: str) -> tuple[list[str], list[tuple[int, list[str]]], str]:
    """Return the line of column names, the numbered rows below it, and what separates cells."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count) if first else ","
    try:
        records = list(csv.reader(io.StringIO(text, newline=None), delimiter=delimiter))
    except csv.Error as error:
        raise BadTableRowsError(name, (f"It is not CSV: {error}.",)) from error
    numbered = [(i, row) for i, row in enumerate(records, 1) if any(cell.strip() for cell in row)]
    if len(numbered) < 2:
        raise BadTableRowsError(name, ("It holds no rows below a line of column names.",))
    return numbered[0][1], numbered[1:], delimiter


def cells_of(record: list[str], columns: Mapping[str, int]) -> dict[str, str]:
    """Return the cells of a row by column; a row that ends early lacks the rest."""
    return {name: record[at].strip() if at < len(record) else "" for name, at in columns.items()}


def find_columns(
    header: list[str], name: str, known: Mapping[str, Sequence[str]], needed: Sequence[str]
) -> dict[str, int]:
    """Return the place of each column, found by its name or one of its other names."""
    names = [cell.strip().lower().replace(" ", "_") for cell in header]
    found: dict[str, int] = {}
    problems = []
    for column, aliases in known.items():
        at = [i for i, cell in enumerate(names) if cell == column] or [
            i for i, cell in enumerate(names) if cell in aliases
        ]
        if len(at) > 1:
            several = ", ".join(header[i].strip() for i in at)
            problems.append(f"Several columns could be the {column} ({several}): keep one.")
        if at:
            found[column] = at[0]
    lacking = [column for column in needed if column not in found]
    problems += [
        f"There is no column {column} (nor {', '.join(known[column][1:])})." for column in lacking
    ]
    if lacking:
        problems.append(f"Its columns are {', '.join(names)}: rename them, one row a reading.")
    if problems:
        raise BadTableRowsError(name, tuple(problems))
    return found


def _row(
    cells: dict[str, str], number: int, problems: list[str], *, decimal_comma: bool
) -> ValueRow | None:
    before = len(problems)
    problems += [f"Row {number} has no {c}." for c in ("film", "observer") if not cells[c]]
    value = _number(cells["value"], "value", number, problems, decimal_comma)
    truth = _number(cells.get("truth", ""), "truth", number, problems, decimal_comma)
    instrumented = _flag(cells.get("instrumented", ""), number, problems)
    created = _time(cells.get("created", ""), number, problems)
    if "replicate" in cells and not cells["replicate"]:
        problems.append(f"Row {number} has no replicate although the table has that column.")
    if len(problems) > before:
        return None
    return ValueRow(
        film=cells["film"],
        observer=cells["observer"],
        replicate=cells.get("replicate", "1"),
        value=value,
        code=cells.get("code", ""),
        unit=cells.get("unit", "") or "deg",
        visit=cells.get("visit", ""),
        patient=cells.get("patient", ""),
        instrumented=instrumented,
        created=created,
        truth=truth,
    )


def _number(
    text: str, column: str, number: int, problems: list[str], decimal_comma: bool
) -> float | None:
    if text.lower() in MISSING:
        return None
    if decimal_comma and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        value = float(text.replace("\u2212", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        problems.append(f"Row {number}: the {column} '{text}' is not a number.")
        return None
    return value


def _flag(text: str, number: int, problems: list[str]) -> bool | None:
    if text.lower() in YES or text.lower() in NO:
        return text.lower() in YES
    if text.lower() not in MISSING:
        problems.append(f"Row {number}: instrumented is '{text}', write yes or no.")
    return None


def _time(text: str, number: int, problems: list[str]) -> datetime | None:
    if text.lower() in MISSING:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        problems.append(f"Row {number}: '{text}' is not a date and time such as 2026-11-22T10:00.")
        return None
