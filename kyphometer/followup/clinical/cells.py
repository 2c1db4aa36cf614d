"""One cell: its value, or what is wrong with it and how to write it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from kyphometer.anatomy import Level
from kyphometer.errors import UnknownLevelError
from kyphometer.followup.clinical.columns import LIST_SEPARATOR, LISTS, Column, Kind
from kyphometer.tables.dates import DateOrder, parse_date
from kyphometer.tables.missing import USUAL_CODES, is_missing, plain_text
from kyphometer.tables.numbers import CellError, parse_number

_YES = ("yes", "y", "true", "1", "1.0")
_NO = ("no", "n", "false", "0", "0.0")
_TICKED, _UNTICKED = ("checked", "x", *_YES), ("unchecked", *_NO)
_OTHER_WORDS = {"nam": "male", "nữ": "female", "nu": "female", "m": "male", "f": "female"}
"""Sexes in Vietnamese, and first letters."""
_SHEET_ERRORS = ("#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!")
EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRules:
    """How the cells of one table are read.

    Attributes
    ----------
    today
        Dates after it are impossible.
    decimal
        Decimal mark of numbers written as text; None takes both where they cannot be confused.
    dates
        Order of dates such as 01/03/2024; None if no date told it and nobody stated it.
    missing
        Words and numbers that mean: not known; None if nobody stated any, then numbers such as 99
        are refused where they could be values.
    """

    today: date
    decimal: str | None = None
    dates: DateOrder | None = None
    missing: frozenset[str] | None = None


def parse_cell(column: Column, cell: object, rules: CellRules) -> object:
    """Value of a cell, None if missing.

    Parameters
    ----------
    column
        What the cell must hold.
    cell
        Text from a CSV, or text, number, date or truth value from a spreadsheet.
    rules
        How the table's cells are read.

    Raises
    ------
    CellError
        If the cell does not hold that.
    """
    if is_missing(cell, rules.missing or frozenset()):
        return None
    text = plain_text(cell)
    if text.upper() in _SHEET_ERRORS:
        raise CellError(f"{text} is a spreadsheet error", "correct the formula or leave it empty")
    if column.kind in (Kind.NUMBER, Kind.WHOLE):
        return _number(column, text, rules)
    if column.kind is Kind.DATE:
        return _date(cell, rules)
    if column.kind in LISTS:
        return _list(column, text)
    return _SINGLE.get(column.kind, _as_text)(column, text)


def _as_text(_column: Column, text: str) -> str:
    return text


def _number(column: Column, text: str, rules: CellRules) -> float | int:
    value = parse_number(text, rules.decimal, percent=column.percent)
    low, high = column.low, column.high
    coded = rules.missing is None and text in USUAL_CODES
    if (low is not None and value < low) or (high is not None and value > high):
        remedy = f"give a {column.allowed}"
        if coded:
            remedy += f"; if it means not known, say so: --missing {text}"
        raise CellError(f"{text} is out of range", remedy)
    if coded and abs(value) >= 99:
        raise CellError(
            f"{text} is a usual code for not known",
            f"empty the cell, or say which numbers mean so: --missing {text}, or --missing none",
        )
    if column.kind is Kind.WHOLE:
        if not value.is_integer():
            raise CellError(f"{text} is no whole number", f"give a {column.allowed}")
        return int(value)
    return value


def _date(cell: object, rules: CellRules) -> date:
    value = parse_date(cell, rules.dates)
    if not EARLIEST <= value <= rules.today:
        where = "in the future" if value > rules.today else f"before {EARLIEST.year}"
        raise CellError(f"{value} is {where}", "correct the date (YYYY-MM-DD)")
    return value


def _yes_no(_column: Column, text: str) -> bool:
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise CellError(f"'{text}' is neither yes nor no", "write yes or no, or leave it empty")


def parse_tick(cell: object, rules: CellRules) -> bool | None:
    """Whether a box is ticked, None if the cell is empty.

    Raises
    ------
    CellError
        If the cell says neither.
    """
    if is_missing(cell, rules.missing or frozenset()):
        return None
    word = plain_text(cell).lower()
    if word not in (*_TICKED, *_UNTICKED):
        raise CellError(f"'{word}' is neither ticked nor not", "write 1 or 0, or leave it empty")
    return word in _TICKED


def _choice(column: Column, text: str) -> str:
    word = _word(text)
    for choice in column.choices:
        if word == choice.lower():
            return choice
    if column.name == "sex" and word in _OTHER_WORDS:
        return _OTHER_WORDS[word]
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
