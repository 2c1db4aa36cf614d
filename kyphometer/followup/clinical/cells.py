"""One cell: its value, or what is wrong with it and how to write it."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from kyphometer.anatomy import Level
from kyphometer.errors import TableError, UnknownLevelError
from kyphometer.followup.clinical.columns import LIST_SEPARATOR, MISSING_WORDS, Column, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+")
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_YES = ("yes", "y", "true", "1", "1.0")
_NO = ("no", "n", "false", "0", "0.0")
_SHEET_ERRORS = ("#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!")
EARLIEST = date(1900, 1, 1)


class CellError(TableError):
    """What is wrong with a cell and the remedy; caught by the reader, never shown as it is."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem)


def is_missing(cell: object) -> bool:
    """True for cells that mean: not known."""
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING_WORDS)


def parse_cell(column: Column, cell: object, *, decimal: str = ".", today: date) -> object:
    """Value of a cell, None if missing.

    Parameters
    ----------
    column
        What the cell must hold.
    cell
        Text from a CSV, or text, number, date or truth value from a spreadsheet.
    decimal
        Decimal mark of numbers written as text.
    today
        Dates after it are impossible.

    Raises
    ------
    CellError
        If the cell does not hold that.
    """
    if is_missing(cell):
        return None
    text = _text(cell)
    if text.upper() in _SHEET_ERRORS:
        raise CellError(f"{text} is a spreadsheet error", "correct the formula or leave it empty")
    if column.kind in (Kind.NUMBER, Kind.WHOLE):
        return _number(column, text, decimal)
    if column.kind is Kind.DATE:
        return _date(cell, text, today)
    if column.kind in (Kind.CHOICES, Kind.TEXTS, Kind.YES_NOS, Kind.LEVELS):
        return _list(column, text)
    return _SINGLE.get(column.kind, _as_text)(column, text)


def _text(cell: object) -> str:
    """Text of a cell; whole numbers of a spreadsheet without their `.0`."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _as_text(_column: Column, text: str) -> str:
    return text


def _number(column: Column, text: str, decimal: str) -> float | int:
    plain = text.replace("−", "-")
    if decimal == "," and _COMMA_NUMBER.fullmatch(plain):
        plain = plain.replace(",", ".")
    if _COMMA_NUMBER.fullmatch(plain):
        raise CellError(
            f"'{text}' has a comma as decimal mark",
            f"write {plain.replace(',', '.')}, or state that commas are decimal marks",
        )
    if not _NUMBER.fullmatch(plain):
        raise CellError(
            f"'{text}' is no number", "write a plain number, or leave the cell empty if not known"
        )
    value = float(plain)
    low, high = column.low, column.high
    if (low is not None and value < low) or (high is not None and value > high):
        raise CellError(f"{text} is out of range", f"give a {column.allowed}")
    if column.kind is Kind.WHOLE:
        if not value.is_integer():
            raise CellError(f"{text} is no whole number", f"give a {column.allowed}")
        return int(value)
    return value


def _date(cell: object, text: str, today: date) -> date:
    value = cell.date() if isinstance(cell, datetime) else cell
    if not isinstance(value, date):
        match = _DATE.fullmatch(text)
        if match is None:
            raise CellError(
                f"'{text}' is no date that can be told apart", "write YYYY-MM-DD, as 2024-03-01"
            )
        try:
            value = date(*map(int, match.groups()))
        except ValueError:
            raise CellError(
                f"{text} is no day of the calendar", "correct the date (YYYY-MM-DD)"
            ) from None
    if not EARLIEST <= value <= today:
        where = "in the future" if value > today else f"before {EARLIEST.year}"
        raise CellError(f"{value} is {where}", "correct the date (YYYY-MM-DD)")
    return value


def _yes_no(_column: Column, text: str) -> bool:
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError(f"'{text}' is neither yes nor no", "write yes or no, or leave it empty")


def _choice(column: Column, text: str) -> str:
    word = _word(text)
    for choice in column.choices:
        if word == choice.lower():
            return choice
    shorter = {choice[0].lower(): choice for choice in column.choices}
    if column.name == "sex" and word in shorter:
        return shorter[word]
    raise CellError(f"'{text}' is not in the list", f"use {', '.join(column.choices)}")


def _word(text: str) -> str:
    return re.sub(r"[\s_-]+", "_", text.strip().lower())


def _list(column: Column, text: str) -> tuple[object, ...]:
    return tuple(
        None if is_missing(part) else _PARTS[column.kind](column, part.strip())
        for part in text.split(LIST_SEPARATOR)
    )


def _level(_column: Column, text: str) -> Level:
    try:
        return Level.parse(text)
    except UnknownLevelError:
        raise CellError(
            f"'{text}' is no vertebral level", "use T12 or L1, several as L1|L2"
        ) from None


def _site(_column: Column, text: str) -> str:
    return _word(text)


_SINGLE: dict[Kind, Callable[[Column, str], object]] = {
    Kind.YES_NO: _yes_no,
    Kind.CHOICE: _choice,
}
_PARTS: dict[Kind, Callable[[Column, str], object]] = {
    Kind.CHOICES: _choice,
    Kind.TEXTS: _site,
    Kind.YES_NOS: _yes_no,
    Kind.LEVELS: _level,
}
