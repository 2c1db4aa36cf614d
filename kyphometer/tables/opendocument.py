"""ODS (LibreOffice): each cell as it is shown, or refused by its place.

Elements and attributes: OASIS OpenDocument 1.3, part 3.
"""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from typing import Any, Final

from kyphometer.tables.problems import SheetError
from kyphometer.tables.sheet import MOST_CELLS, Cell, Sheet, build_sheet
from kyphometer.tables.unpacked import require_small

_TABLE: Final = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE: Final = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT: Final = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_MOST_COLUMNS: Final = 20_000


def read_opendocument(data: bytes, file: str, sheet: str | None = None) -> Sheet:
    """Cells of the sheet of a name, or of the first one.

    Raises
    ------
    SheetError
        If it is no spreadsheet, a cell is merged with others, or a formula has no stored value.
    """
    from defusedxml.ElementTree import fromstring

    require_small(data, file, "ODS spreadsheet")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            root = fromstring(archive.read("content.xml"))
        tables = root.findall(f"{_OFFICE}body/{_OFFICE}spreadsheet/{_TABLE}table")
        named = {str(t.get(f"{_TABLE}name", "")).strip().lower(): t for t in tables}
        table = named.get(sheet or "", tables[0])
    except Exception:  # whatever a damaged zip or XML raises
        remedy = "save it again, or as CSV UTF-8"
        raise SheetError.at(file, "it is no readable ODS spreadsheet", remedy) from None
    return build_sheet(file, _rows(file, table))


def _rows(file: str, table: Any) -> list[tuple[int, tuple[Cell, ...]]]:
    rows: list[tuple[int, tuple[Cell, ...]]] = []
    number, count = 1, 0
    for row in table.iter(f"{_TABLE}table-row"):
        repeated = _count(row, "number-rows-repeated")
        cells = _cells(file, number, row)
        if cells or number == 1:
            count += len(cells) * repeated
            if count > MOST_CELLS or (cells and repeated > MOST_CELLS):
                raise SheetError.at(file, "it has too many cells", "export this table only")
            rows += [(number + step, cells) for step in range(repeated if cells else 1)]
        number += repeated
    return rows


def _cells(file: str, number: int, row: Any) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for element in row:
        if element.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        value = _value(file, number, len(cells) + 1, element)
        repeated = _count(element, "number-columns-repeated")
        if len(cells) + repeated > _MOST_COLUMNS:
            repeated = 0 if value is None else _MOST_COLUMNS - len(cells)
        cells += [value] * repeated
    while cells and cells[-1] is None:
        cells.pop()
    return tuple(cells)


def _count(element: Any, name: str) -> int:
    text = str(element.get(f"{_TABLE}{name}", "1"))
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _value(file: str, number: int, place: int, element: Any) -> Cell:
    kind = element.get(f"{_OFFICE}value-type")
    text = "\n".join("".join(part.itertext()) for part in element.findall(f"{_TEXT}p"))
    merged = _count(element, "number-rows-spanned") * _count(element, "number-columns-spanned")
    problem = remedy = ""
    if merged > 1 and (kind or text):
        problem = "one cell is merged with others, so that it is not sure for whom it holds"
        remedy = "unmerge it and fill in each cell"
    elif kind is None and not text and element.get(f"{_TABLE}formula"):
        problem = "the formula has no stored value"
        remedy = "open and save the spreadsheet, or paste values"
    if problem:
        raise SheetError.at(file, problem, remedy, row=number, column=str(place))
    return _typed(kind, element, text)


def _typed(kind: str | None, element: Any, text: str) -> Cell:
    """A cell's value; what is not what its kind says is taken as the text that is shown."""
    stated = str(element.get(f"{_OFFICE}value", ""))
    try:
        if kind in ("float", "currency"):
            return text if "%" in text else float(stated)
        if kind == "percentage":
            return f"{float(stated) * 100:.10g}%"
        if kind == "date":
            moment = datetime.fromisoformat(str(element.get(f"{_OFFICE}date-value")))
            return moment if "T" in str(element.get(f"{_OFFICE}date-value")) else _day(moment)
        if kind == "boolean":
            return str(element.get(f"{_OFFICE}boolean-value")) == "true"
    except ValueError:
        return text or None
    return text or None


def _day(moment: datetime) -> date:
    return moment.date()
