"""Delimited text: what separates the cells is told by the header, or by Excel's `sep=` line."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection

from kyphometer.tables.problems import SheetError
from kyphometer.tables.sheet import Sheet, build_sheet, column_key

_LINE_END = re.compile(r"\r\n?|\n")
_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"\ufeff?\"?sep=(.)\"?\n", re.IGNORECASE)
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_delimited(
    data: bytes, file: str, known: Collection[str] = (), encoding: str = "utf-8"
) -> Sheet:
    """Cells of delimited text; comma, semicolon, tab or bar is told by the header.

    Parameters
    ----------
    data
        The file.
    file
        Its name, for refusals.
    known
        Names of known columns, which tell the separator.
    encoding
        Encoding of the text: UTF-8 with or without byte-order mark unless stated; UTF-16 with its
        mark is known by that.

    Raises
    ------
    SheetError
        If the text is empty or not in that encoding, or its quotes do not match.
    """
    text = _decode(file, data, encoding).replace("\r\n", "\n").replace("\r", "\n")
    stated = _SEPARATOR_LINE.match(text)
    delimiter = stated[1] if stated else _delimiter(text, known)
    before = 1 if stated else 0
    body = text[stated.end() :] if stated else text
    try:
        records = list(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        lines = text.count("\n") + 1
        raise SheetError.at(
            file,
            f"the quotes do not match ({error}, {lines} lines)",
            "close every quoted cell and double quotes inside cells",
        ) from None
    numbered = [(number, tuple(r)) for number, r in enumerate(records, start=1 + before)]
    return build_sheet(file, numbered, ragged=True)


def _decode(file: str, data: bytes, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        b"".decode(name)
    except (LookupError, UnicodeError, ValueError):
        remedy = "state utf-8, cp1252 or utf-16"
        raise SheetError.at(file, f"'{encoding}' is no encoding", remedy) from None
    if name == "utf-8":
        name = "utf-16" if data.startswith(_WIDE_MARKS) else "utf-8-sig"
        if name == "utf-8-sig" and b"\x00" in data[:4000]:
            remedy = "save it as 'CSV UTF-8', or state the encoding utf-16"
            raise SheetError.at(file, "the text is UTF-16, not UTF-8", remedy, row=1)
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise _bad_byte(file, data, error, encoding) from None
    except (UnicodeError, LookupError) as error:
        problem = f"the text is not {encoding} ({error})"
        raise SheetError.at(file, problem, "state the right encoding") from None


def _bad_byte(file: str, data: bytes, error: UnicodeDecodeError, encoding: str) -> SheetError:
    """Row and column of the first byte that does not fit."""
    before = data[: error.start].decode("latin-1")
    lines = _LINE_END.split(before)
    whole = data.decode("latin-1")
    delimiter = _delimiter(whole, ())
    place = len(_cells(lines[-1], delimiter))
    header = _LINE_END.split(whole, maxsplit=1)[0].split(delimiter)
    name = header[place - 1].strip() if place <= len(header) else str(place)
    return SheetError.at(
        file,
        f"byte 0x{data[error.start : error.start + 1].hex()} is not {encoding}",
        "save it as 'CSV UTF-8', or state the encoding, such as cp1252",
        row=len(lines),
        column=name if name.isascii() else str(place),
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
        names = [column_key(name.strip().strip('"')) for name in first.split(delimiter)]
        return sum(name in known for name in names), len(names)

    return max(_DELIMITERS, key=score)
