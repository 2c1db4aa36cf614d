"""Opens a table of any kind that is read."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

from kyphometer.tables.delimited import read_delimited
from kyphometer.tables.opendocument import read_opendocument
from kyphometer.tables.problems import SheetError
from kyphometer.tables.sheet import Sheet
from kyphometer.tables.spss import read_spss
from kyphometer.tables.unpacked import LARGEST_BYTES
from kyphometer.tables.workbook import read_workbook

SUFFIXES: Final = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".ods", ".sav", ".zsav")
"""Ends of names of tables that are read."""


def read_sheet(
    path: Path,
    *,
    known: Collection[str] = (),
    encoding: str = "utf-8",
    sheet: str | None = None,
) -> Sheet:
    """Cells of a table, as a person would see them.

    Parameters
    ----------
    path
        A file whose name ends in one of `SUFFIXES`.
    known
        Names of columns that are expected, in the form of `column_key`: they tell what separates
        the cells of a CSV.
    encoding
        Encoding of a CSV.
    sheet
        Name of the sheet of a workbook, in lower case; the first one if there is none of the name.

    Raises
    ------
    SheetError
        If the file, or a cell of it, cannot be read surely; its `problem` says where and what to
        do.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        problem = f"'{suffix or 'no suffix'}' is no table that can be read"
        raise SheetError.at(path.name, problem, "save it as CSV UTF-8 or XLSX")
    data = _bytes(path)
    if suffix in (".sav", ".zsav"):
        return read_spss(path)
    if suffix == ".ods":
        return read_opendocument(data, path.name, sheet)
    if suffix in (".xlsx", ".xlsm"):
        return read_workbook(data, path.name, sheet)
    return read_delimited(data, path.name, known, encoding)


def _bytes(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise SheetError.at(path.name, "it is no file", "give a table")
        if path.stat().st_size > LARGEST_BYTES:
            remedy = "export this table only"
            raise SheetError.at(path.name, "the file is larger than 50 MB", remedy)
        return path.read_bytes()
    except OSError as error:
        problem = f"the file cannot be opened ({error.strerror or 'unreadable'})"
        raise SheetError.at(path.name, problem, "check path and permissions") from None
