"""XLSX: each cell as it is shown, or refused by its place."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any, cast

from kyphometer.tables.number_format import OtherDisplayError, shown_number
from kyphometer.tables.problems import SheetError
from kyphometer.tables.sheet import MOST_CELLS, Cell, Sheet, build_sheet
from kyphometer.tables.unpacked import require_small

_MERGE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}mergeCell"


def read_workbook(data: bytes, file: str, sheet: str | None = None) -> Sheet:
    """Cells of the sheet of a name, or of the first one.

    Raises
    ------
    SheetError
        If it is no workbook, or a cell does not show its value: a formula without stored value,
        cells merged over several rows, numbers that their format hides or scales.
    """
    require_small(data, file, "XLSX workbook")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles it does not keep
        try:
            values, merged = _load(data, sheet, file, data_only=True)
            formulas, _ = _load(data, sheet, file, data_only=False)
        except SheetError:
            raise
        except Exception:  # a damaged workbook makes openpyxl raise nearly anything
            remedy = "save it as XLSX or CSV UTF-8"
            raise SheetError.at(file, "it is no readable XLSX workbook", remedy) from None
    header = values[0][1] if values else ()
    _refuse_uncached(file, header, values, formulas)
    _refuse_merged(file, header, values, merged)
    shown = [(number, _shown(file, header, number, cells)) for number, cells in values]
    return build_sheet(file, shown)


_Rows = list[tuple[int, tuple[Any, ...]]]


def _load(
    data: bytes, wanted: str | None, file: str, *, data_only: bool
) -> tuple[_Rows, list[tuple[int, int, int, int]]]:
    """Rows of openpyxl's cells that hold something, with the merged ranges."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=data_only)
    try:
        named = {name.strip().lower(): name for name in book.sheetnames}
        sheet = cast("Any", book[named.get(wanted or "", book.sheetnames[0])])
        sheet.reset_dimensions()
        rows: _Rows = []
        count = 0
        for number, cells in enumerate(sheet.iter_rows(), start=1):
            if number == 1 or any(cell.value is not None for cell in cells):
                rows.append((number, cells))
                count += len(cells)
            if count > MOST_CELLS:
                raise SheetError.at(file, "it has too many cells", "export this table only")
        return rows, list(_merged(sheet)) if data_only else []
    finally:
        book.close()


def _merged(sheet: Any) -> Iterator[tuple[int, int, int, int]]:
    """(first column, first row, last column, last row) of merged cells, from 1."""
    from defusedxml.ElementTree import iterparse
    from openpyxl.utils import range_boundaries

    with sheet._get_source() as source:  # openpyxl keeps no merged cells when it reads by rows
        for _, element in iterparse(source):
            if element.tag == _MERGE and element.get("ref"):
                left, top, right, bottom = range_boundaries(element.get("ref"))
                if left and top and right and bottom:
                    yield left, top, right, bottom
            element.clear()


def _title(header: tuple[Any, ...], place: int) -> str:
    value = header[place].value if place < len(header) else None
    return str(place + 1) if value is None else str(value)


def _filled(rows: _Rows) -> set[tuple[int, int]]:
    """(row, column) of cells that hold something, from 1."""
    return {
        (number, column)
        for number, cells in rows
        for column, cell in enumerate(cells, start=1)
        if cell.value is not None
    }


def _refuse_uncached(file: str, header: tuple[Any, ...], values: _Rows, formulas: _Rows) -> None:
    """A formula that was never calculated reads as empty: that would lose a value silently."""
    stored = _filled(values)
    for number, row in formulas:
        for place, cell in enumerate(row):
            if cell.value is not None and (number, place + 1) not in stored:
                raise SheetError.at(
                    file,
                    "the formula has no stored value",
                    "open and save the workbook, or paste values",
                    row=number,
                    column=_title(header, place),
                )


def _refuse_merged(
    file: str, header: tuple[Any, ...], values: _Rows, merged: list[tuple[int, int, int, int]]
) -> None:
    """A merged cell is shown beside every patient but stored with the first one only."""
    filled = _filled(values)
    for left, top, right, bottom in merged:
        if (top, left) not in filled or left > len(header):
            continue
        span = f"rows {top} to {bottom}" if bottom > top else f"{right - left + 1} columns"
        raise SheetError.at(
            file,
            f"one cell is merged over {span}, so that it is not sure for whom it holds",
            "unmerge it and fill in each cell",
            row=top,
            column=_title(header, left - 1),
        )


def _shown(
    file: str, header: tuple[Any, ...], number: int, cells: tuple[Any, ...]
) -> tuple[Cell, ...]:
    return tuple(_cell(file, header, number, place, cell) for place, cell in enumerate(cells))


def _cell(file: str, header: tuple[Any, ...], number: int, place: int, cell: Any) -> Cell:
    value: Cell = cell.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        return shown_number(value, str(cell.number_format or "General"))
    except OtherDisplayError:
        raise SheetError.at(
            file,
            f"the cell holds {value:.10g}, but its number format shows something else",
            "give the cell the format General",
            row=number,
            column=_title(header, place),
        ) from None
