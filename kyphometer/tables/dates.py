"""Dates as people and programs write them in cells; the order of day and month is never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, Literal

from kyphometer.tables.numbers import CellError

DateOrder = Literal["dmy", "mdy", "ymd"]
ORDERS: Final[tuple[DateOrder, ...]] = ("dmy", "mdy", "ymd")
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}")


class MixedOrderError(Exception):
    """Some dates of a table are day first and others month first; carries one of each."""

    def __init__(self, day_first: str, month_first: str) -> None:
        self.day_first, self.month_first = day_first, month_first
        super().__init__(f"{day_first}, {month_first}")


def find_order(texts: Iterable[str]) -> tuple[DateOrder, str] | None:
    """Order of dates such as 18/04/2023, found where a day exceeds 12.

    Returns
    -------
    order
        `dmy` or `mdy`, with the date that shows it; None if no date does.

    Raises
    ------
    MixedOrderError
        If dates show both.
    """
    shown: dict[DateOrder, str] = {}
    for text in texts:
        match = _YEAR_LAST.fullmatch(text.strip())
        if match is None or match[2] == ".":
            continue
        if int(match[1]) > 12 >= int(match[3]):
            shown.setdefault("dmy", match[0])
        elif int(match[3]) > 12 >= int(match[1]):
            shown.setdefault("mdy", match[0])
    if len(shown) == 2:
        raise MixedOrderError(shown["dmy"], shown["mdy"])
    return next(iter(shown.items()), None)


def parse_date(cell: object, order: DateOrder | None = None) -> date:
    """Day that a cell states.

    Taken are dates of workbooks, 2023-04-18, 2023/4/8 and 20230418, all with or without a time of
    day, 18.04.2023 (points: day first), and 18/04/2023 in the given order.

    Raises
    ------
    CellError
        If it is no day of the calendar, or day and month cannot be told apart.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = str(cell).strip()
    year, month, day = _parts(text, order)
    try:
        return date(year, month, day)
    except ValueError:
        remedy = "correct the date (YYYY-MM-DD)"
        raise CellError(f"{text} is no day of the calendar", remedy) from None


def _parts(text: str, order: DateOrder | None) -> tuple[int, int, int]:
    compact = _COMPACT.fullmatch(text)
    if compact:
        return int(compact[1]), int(compact[2]), int(compact[3])
    first = _YEAR_FIRST.fullmatch(text)
    if first:
        return int(first[1]), int(first[3]), int(first[4])
    last = _YEAR_LAST.fullmatch(text)
    if last is None:
        remedy = "write YYYY-MM-DD, as 2024-03-01"
        raise CellError(f"'{text}' is no date that can be told apart", remedy)
    one, two, year = int(last[1]), int(last[3]), int(last[4])
    if last[2] == "." or order == "dmy":
        return year, two, one
    if order == "mdy":
        return year, one, two
    remedy = "write YYYY-MM-DD, as 2024-03-01, or state the order: --dates dmy or mdy"
    raise CellError(f"day and month of '{text}' cannot be told apart", remedy)
