"""Numbers as people and programs write them in cells."""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
_COMMA = re.compile(r"[+-]?\d*,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_MARKS = str.maketrans({"−": "-", "\N{NO-BREAK SPACE}": None, "\N{NARROW NO-BREAK SPACE}": None})


class CellError(ValueError):
    """What is wrong with a cell and the remedy; whoever reads the table says where."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem)


def parse_number(text: str, decimal: str | None = None, *, percent: bool = False) -> float:
    """Value of a number.

    Parameters
    ----------
    text
        A cell's text.
    decimal
        Decimal mark: a point, or a comma; None takes both. A comma before exactly three digits
        could part thousands, and is taken only if `decimal` says so.
    percent
        True if the column is in percent: then `80%` is 80. Elsewhere a percent sign is refused.

    Raises
    ------
    CellError
        If the text is no finite number, or could mean two.
    """
    plain = text.translate(_MARKS).strip()
    if plain.endswith("%"):
        if not percent:
            remedy = "write the number in the unit of the column"
            raise CellError(f"'{text}' is in percent, the column is not", remedy)
        plain = plain[:-1].rstrip()
    if _COMMA.fullmatch(plain):
        plain = _with_point(text, plain, decimal)
    if not _NUMBER.fullmatch(plain) or not math.isfinite(float(plain)):
        remedy = "write a plain number, or leave the cell empty if not known"
        raise CellError(f"'{text}' is no number", remedy)
    return float(plain)


def _with_point(text: str, plain: str, decimal: str | None) -> str:
    pointed = plain.replace(",", ".")
    if decimal == ".":
        remedy = f"write {pointed}, or state that commas are decimal marks"
        raise CellError(f"'{text}' has a comma as decimal mark", remedy)
    if decimal is None and _THOUSANDS.fullmatch(plain):
        remedy = f"write {pointed} or {plain.replace(',', '')}, or state the decimal mark"
        raise CellError(f"the comma of '{text}' may part decimals or thousands", remedy)
    return pointed
