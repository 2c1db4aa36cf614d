"""Reading a table of readings: every bad row is named, none is guessed.

The first line names the columns; film, observer and value are needed, the others optional; or a row
is a film and a column an observer (`wide_table`). In CSV commas, semicolons and tabs separate; with
semicolons or tabs a decimal comma is understood. XLSX, ODS and SAV are read as they are shown.
Empty values (or NA, NaN, "not measurable") are readings that could not be made and are counted as
such.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from kyphometer.errors import BadTableRowsError
from kyphometer.messages import Word
from kyphometer.reliability.table import ReadingTable, ValueRow
from kyphometer.reliability.wide_table import is_wide, long_rows, needed_value
from kyphometer.tables import SheetError, read_sheet

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
    "duplicate": ("duplicate",),
    "training": ("training",),
    "mirrored": ("mirrored",),
}
MISSING = frozenset({"", "na", "nan", "n/a", "null", "none", ".", "not measurable"})
YES = frozenset({"1", "yes", "true", "y", "t", "instrumented"})
NO = frozenset({"0", "no", "false", "n", "f", "not instrumented"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Cells of a table as text.

    Attributes
    ----------
    name
        The table, for refusals.
    header
        Names of the columns.
    records
        Numbered rows.
    decimal_comma
        True if a comma in a number is its decimal mark.
    """

    name: str
    header: list[str]
    records: list[tuple[int, list[str]]]
    decimal_comma: bool


def read_reading_table(path: Path) -> ReadingTable:
    """Return the table of a file: CSV (UTF-8, or Windows-1252 where it is not), XLSX, ODS or SAV.

    Raises
    ------
    BadTableRowsError
        The file cannot be read, a column is missing, or rows are wrong; each is named.
    DuplicateReadingsError
        A film, observer, replicate and code come twice.
    """
    return readings_of(read_rows(path))[0]


def read_rows(path: Path) -> Rows:
    """Return the cells of a file.

    Raises
    ------
    BadTableRowsError
        If it cannot be read, or holds nothing.
    """
    name = path.name
    if path.suffix.lower() not in (".xlsx", ".xlsm", ".ods", ".sav", ".zsav"):
        return split_rows(read_text(path), name)
    try:
        sheet = read_sheet(path)
    except SheetError as error:
        raise BadTableRowsError(name, (Word("rows.sheet", {"problem": error.problem}),)) from None
    if not sheet.rows:
        raise BadTableRowsError(name, (Word("rows.empty"),))
    return Rows(
        name=name,
        header=list(sheet.header),
        records=[(number, [_text(cell) for cell in cells]) for number, cells in sheet.rows],
        decimal_comma=True,
    )


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, datetime) else str(cell).strip()


def read_text(path: Path) -> str:
    """Return the text of a CSV file (UTF-8, or Windows-1252 where it is not)."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        problem = Word("rows.unreadable", {"reason": error.strerror})
        raise BadTableRowsError(path.name, (problem,)) from error
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BadTableRowsError(path.name, (Word("rows.utf16"),))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenRow:
    """A row of a session's export that is no independent reading: shown again, or training.

    `mirrored` says that one of the two showings was mirrored and the other was not.
    """

    row: ValueRow
    training: bool
    mirrored: bool


def parse_reading_table(text: str, name: str = "CSV") -> ReadingTable:
    """Return the table of CSV text; see `read_reading_table`."""
    return readings_of(split_rows(text, name))[0]


def readings_of(given: Rows) -> tuple[ReadingTable, tuple[HiddenRow, ...]]:
    """Return the table of cells, and the hidden duplicates and training that are not in it.

    Such rows say so in a column duplicate or training, as `session export` writes them, or, in a
    table that has the first, by a replicate that ends in d or t.
    """
    name = given.name
    given = lengthened(given, COLUMNS, ("film", "observer", "value"))
    columns = find_columns(given.header, name, COLUMNS, ("film", "observer", "value"))
    problems: list[Word] = []
    rows: list[ValueRow] = []
    hidden: list[HiddenRow] = []
    turned: dict[tuple[str, str, str, str], bool] = {}
    for number, record in given.records:
        cells = cells_of(record, columns)
        row = _row(cells, number, problems, decimal_comma=given.decimal_comma)
        kinds = {k: _kind(k, cells, number, problems) for k in ("duplicate", "training")}
        mirrored = _flag(cells.get("mirrored", ""), "mirrored", number, problems)
        if row is None:
            continue
        if any(kinds.values()):
            plain = replace(row, replicate=row.replicate.rstrip("dt"))
            hidden.append(HiddenRow(row=plain, training=kinds["training"], mirrored=bool(mirrored)))
        else:
            rows.append(row)
            turned[_key(row)] = bool(mirrored)
    if problems:
        raise BadTableRowsError(name, tuple(problems))
    pairs = [
        replace(item, mirrored=item.mirrored != turned.get(_key(item.row), False))
        for item in hidden
    ]
    return ReadingTable(values=tuple(rows)), tuple(pairs)


def _key(row: ValueRow) -> tuple[str, str, str, str]:
    return (row.code, row.film, row.observer, row.replicate)


def _kind(kind: str, cells: Mapping[str, str], number: int, problems: list[Word]) -> bool:
    """Whether a row is a hidden duplicate, or training."""
    marked = _flag(cells.get(kind, ""), kind, number, problems)
    return bool(marked) or ("duplicate" in cells and _ends_in(kind[0], cells.get("replicate", "")))


def _ends_in(letter: str, replicate: str) -> bool:
    return replicate.endswith(letter) and replicate[:-1].isdigit()


def split_rows(text: str, name: str) -> Rows:
    """Return the cells of CSV text: a line of column names, and numbered rows below it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count) if first else ","
    try:
        records = list(csv.reader(io.StringIO(text, newline=None), delimiter=delimiter))
    except csv.Error as error:
        problem = Word("rows.not_csv", {"reason": str(error)})
        raise BadTableRowsError(name, (problem,)) from error
    numbered = [(i, row) for i, row in enumerate(records, 1) if any(cell.strip() for cell in row)]
    if len(numbered) < 2:
        raise BadTableRowsError(name, (Word("rows.empty"),))
    return Rows(
        name=name, header=numbered[0][1], records=numbered[1:], decimal_comma=delimiter != ","
    )


def lengthened(given: Rows, known: Mapping[str, Sequence[str]], needed: Sequence[str]) -> Rows:
    """Return the cells as one row a reading, also where a row is a film."""
    if not is_wide(given.header, known, needed):
        return given
    header, records = long_rows(
        given.header, given.records, known, needed_value(needed), given.name
    )
    return replace(given, header=header, records=records)


def cells_of(record: list[str], columns: Mapping[str, int]) -> dict[str, str]:
    """Return the cells of a row by column; a row that ends early lacks the rest."""
    return {name: record[at].strip() if at < len(record) else "" for name, at in columns.items()}


def find_columns(
    header: list[str], name: str, known: Mapping[str, Sequence[str]], needed: Sequence[str]
) -> dict[str, int]:
    """Return the place of each column, found by its name or one of its other names."""
    names = [cell.strip().lower().replace(" ", "_") for cell in header]
    found: dict[str, int] = {}
    problems: list[Word] = []
    for column, aliases in known.items():
        at = [i for i, cell in enumerate(names) if cell == column] or [
            i for i, cell in enumerate(names) if cell in aliases
        ]
        if len(at) > 1:
            several = [header[i].strip() for i in at]
            facts = {"column": column, "columns": several}
            problems.append(Word("rows.several_columns", facts))
        if at:
            found[column] = at[0]
    lacking = [column for column in needed if column not in found]
    problems += [
        Word("rows.no_column", {"column": column, "others": known[column][1:]})
        for column in lacking
    ]
    if lacking:
        problems.append(Word("rows.its_columns", {"columns": names}))
    if problems:
        raise BadTableRowsError(name, tuple(problems))
    return found


def _row(
    cells: dict[str, str], number: int, problems: list[Word], *, decimal_comma: bool
) -> ValueRow | None:
    before = len(problems)
    problems += [
        Word("rows.lacks", {"row": number, "column": column})
        for column in ("film", "observer")
        if not cells[column]
    ]
    value = _number(cells["value"], "value", number, problems, decimal_comma)
    truth = _number(cells.get("truth", ""), "truth", number, problems, decimal_comma)
    instrumented = _flag(cells.get("instrumented", ""), "instrumented", number, problems)
    created = _time(cells.get("created", ""), number, problems)
    if "replicate" in cells and not cells["replicate"]:
        problems.append(Word("rows.no_replicate", {"row": number}))
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
    text: str, column: str, number: int, problems: list[Word], decimal_comma: bool
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
        problems.append(Word("rows.no_number", {"row": number, "column": column, "text": text}))
        return None
    return value


def _flag(text: str, column: str, number: int, problems: list[Word]) -> bool | None:
    if text.lower() in YES or text.lower() in NO:
        return text.lower() in YES
    if text.lower() not in MISSING:
        problems.append(Word("rows.no_yes_no", {"row": number, "column": column, "text": text}))
    return None


def _time(text: str, number: int, problems: list[Word]) -> datetime | None:
    if text.lower() in MISSING:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        problems.append(Word("rows.no_time", {"row": number, "text": text}))
        return None
