"""Cells of a table, nothing interpreted."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from kyphometer.tables.problems import SheetError

Cell = str | int | float | bool | date | datetime | time | timedelta | None
"""Text of a CSV; text, number, truth value or date of a workbook; None if empty. A cell that is
shown in percent is text, such as `80%`, whatever file it comes from."""

MOST_CELLS = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Cells of a table.

    Attributes
    ----------
    file
        File name.
    header
        Cells of the header row, as text.
    rows
        (row number, cells) of the following rows that are not empty.
    ragged
        True if every row must have as many cells as the header (delimited text).
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    ragged: bool = False

    def column(self, place: int) -> list[tuple[int, Cell]]:
        """(row number, cell) of one column."""
        return [(number, cells[place]) for number, cells in self.rows if place < len(cells)]


def build_sheet(
    file: str, records: Sequence[tuple[int, Sequence[Cell]]], *, ragged: bool = False
) -> Sheet:
    """A sheet from numbered records, of which the first must be the header.

    Text is brought to Unicode NFC: equal letters are equal however they were typed.

    Raises
    ------
    SheetError
        If the first record holds nothing.
    """
    if not records or not any(_filled(cell) for cell in records[0][1]):
        number = records[0][0] if records else 1
        raise SheetError.at(file, f"row {number} is empty", "put the column names into it")
    header = tuple("" if cell is None else _whole(str(cell)).strip() for cell in records[0][1])
    rows = tuple(
        (number, tuple(_whole(cell) if isinstance(cell, str) else cell for cell in cells))
        for number, cells in records[1:]
        if any(_filled(cell) for cell in cells)
    )
    return Sheet(file=file, header=header, rows=rows, ragged=ragged)


def _whole(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _filled(cell: Cell) -> bool:
    return cell is not None and bool(str(cell).strip())


def column_key(title: str) -> str:
    """A header as it is compared: `VAS  Pre-op ` is `vas_pre_op`."""
    words = "".join(" " if letter in "-_." or letter.isspace() else letter for letter in title)
    return "_".join(words.lower().split())
