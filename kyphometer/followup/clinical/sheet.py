"""Rows of a CSV or XLSX file as cells, nothing interpreted; refuses what it cannot read surely."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kyphometer.errors import TableError
from kyphometer.followup.clinical.problems import TableProblem

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

LARGEST_BYTES = 50_000_000
_LINE_END = re.compile(r"\r\n?|\n")
_DELIMITERS = (",", ";", "\t")


class SheetError(TableError):
    """The file as a whole cannot be read; carries its problem. Caught by the reader."""

    def __init__(self, problem: TableProblem) -> None:
        self.problem = problem
        super().__init__(str(problem))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Cells of a table.

    Attributes
    ----------
    file
        File name.
    header
        Cells of row 1, as text.
    rows
        (row number, cells) of the following rows that are not empty.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[object, ...]], ...]


def read_csv_sheet(path: Path, known: Collection[str], encoding: str = "utf-8") -> Sheet:
    """Cells of a CSV; comma, semicolon or tab is told by the header.

    Parameters
    ----------
    path
        The file.
    known
        Names of known columns, which tell the separator.
    encoding
        Encoding of the text; UTF-8 with or without byte-order mark unless stated.

    Raises
    ------
    SheetError
        If the file is missing, too large, empty, or not in that encoding.
    """
    data = _bytes(path)
    text = _decode(path.name, data, encoding)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    delimiter = _delimiter(text, known)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        line = str(text.count("\n") + 1)
        raise SheetError(
            TableProblem(
                file=path.name,
                row=None,
                column=None,
                problem=f"the quotes do not match ({error}, {line} lines)",
                remedy="close every quoted cell and double quotes inside cells",
            )
        ) from None
    return _sheet(path.name, [tuple(record) for record in records])


def _sheet(file: str, records: list[tuple[object, ...]]) -> Sheet:
    if not records or not any(str(c or "").strip() for c in records[0]):
        raise SheetError(_whole(file, "row 1 is empty", "put the column names into row 1"))
    header = tuple(str(cell if cell is not None else "").strip() for cell in records[0])
    rows = tuple(
        (number, cells)
        for number, cells in enumerate(records[1:], start=2)
        if any(cell is not None and str(cell).strip() for cell in cells)
    )
    return Sheet(file=file, header=header, rows=rows)


def _whole(file: str, problem: str, remedy: str, row: int | None = None) -> TableProblem:
    return TableProblem(file=file, row=row, column=None, problem=problem, remedy=remedy)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise SheetError(
                _whole(path.name, "the file is larger than 50 MB", "export the clinical table only")
            )
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise SheetError(
            _whole(path.name, f"the file cannot be opened ({reason})", "check path and permissions")
        ) from None


def _decode(file: str, data: bytes, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise SheetError(
            _whole(file, f"'{encoding}' is no encoding", "state utf-8, cp1252 or utf-16")
        ) from None
    if name == "utf-8":
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        if wide or b"\x00" in data[:4000]:
            raise SheetError(
                TableProblem(
                    file=file,
                    row=1,
                    column=None,
                    problem="the text is UTF-16, not UTF-8",
                    remedy="save it as 'CSV UTF-8', or state the encoding utf-16",
                )
            )
        name = "utf-8-sig"
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise SheetError(_bad_byte(file, data, error, encoding)) from None
    except UnicodeError as error:
        raise SheetError(
            _whole(file, f"the text is not {encoding} ({error})", "state the right encoding")
        ) from None


def _bad_byte(file: str, data: bytes, error: UnicodeDecodeError, encoding: str) -> TableProblem:
    """Row and column of the first byte that does not fit."""
    before = data[: error.start].decode("latin-1")
    lines = _LINE_END.split(before)
    delimiter = _delimiter(data.decode("latin-1"), ())
    place = len(_cells(lines[-1], delimiter))
    header = _LINE_END.split(data.decode("latin-1"), maxsplit=1)[0].split(delimiter)
    name = header[place - 1].strip() if place <= len(header) else str(place)
    byte = data[error.start : error.start + 1].hex()
    return TableProblem(
        file=file,
        row=len(lines),
        column=name if name.isascii() else str(place),
        problem=f"byte 0x{byte} is not {encoding}",
        remedy="save it as 'CSV UTF-8', or state the encoding, such as cp1252",
    )


def _cells(line: str, delimiter: str) -> list[str]:
    """Cells of the beginning of a line, at least one; quotes count only where they close."""
    try:
        return next(csv.reader([line], delimiter=delimiter), []) or [""]
    except csv.Error:
        return line.split(delimiter)


def _delimiter(text: str, known: Collection[str]) -> str:
    """The separator under which the header has most known names, then most cells."""
    first = text.lstrip("\ufeff\r\n").partition("\n")[0]

    def score(delimiter: str) -> tuple[int, int]:
        names = [name.strip().strip('"').lower() for name in first.split(delimiter)]
        return sum(name in known for name in names), len(names)

    return max(_DELIMITERS, key=score)


def read_xlsx_sheet(path: Path) -> Sheet:
    """Cells of the sheet named `clinical`, or of the first sheet.

    Raises
    ------
    SheetError
        If it is no workbook, or a cell holds a formula without a stored value.
    """
    import warnings
    from zipfile import BadZipFile

    from openpyxl.utils.exceptions import InvalidFileException

    data = _bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles it does not keep
            values = _workbook_rows(data, data_only=True)
            formulas = _workbook_rows(data, data_only=False)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError):
        raise SheetError(
            _whole(path.name, "it is no readable XLSX workbook", "save it as XLSX or CSV UTF-8")
        ) from None
    _refuse_uncached(path.name, values, formulas)
    return _sheet(path.name, values)


def _workbook_rows(data: bytes, *, data_only: bool) -> list[tuple[object, ...]]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=data_only)
    try:
        named = {name.strip().lower(): name for name in book.sheetnames}
        sheet = book[named.get("clinical", book.sheetnames[0])]
        sheet.reset_dimensions()
        return [tuple(row) for row in sheet.iter_rows(values_only=True)]
    finally:
        book.close()


def _refuse_uncached(
    file: str, values: list[tuple[object, ...]], formulas: list[tuple[object, ...]]
) -> None:
    """A formula that was never calculated reads as empty: that would lose a value silently."""
    for number, (value_row, formula_row) in enumerate(zip(values, formulas, strict=True), start=1):
        for place, (value, formula) in enumerate(zip(value_row, formula_row, strict=True)):
            if value is None and formula is not None:
                raise SheetError(
                    TableProblem(
                        file=file,
                        row=number,
                        column=str(values[0][place]) if place < len(values[0]) else str(place + 1),
                        problem="the formula has no stored value",
                        remedy="open and save the workbook, or paste values",
                    )
                )
