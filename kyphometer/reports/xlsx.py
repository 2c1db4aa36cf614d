"""Tables of a report as one workbook: a sheet a topic, raw numbers with formats for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter

from kyphometer.reports.document import Column, Document, Heading, Table, plain

WIDEST = 60
_RULE = Side(style="thin")


def write_xlsx(document: Document, path: Path) -> None:
    """Write all tables into one workbook.

    A sheet is a chapter of the report with its tables below each other; tables of single patients,
    which another table holds together, are left out.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    about = book.properties
    about.title, about.creator = document.title, document.author or "Kyphometer"
    if document.made_at is not None:
        about.created = about.modified = document.made_at.replace(tzinfo=None)
    sheets: dict[str, Any] = {}
    topic, within_patient = "Tables", False
    for block in document.blocks:
        if isinstance(block, Heading):
            topic = block.text if block.level == 1 else topic
            within_patient = block.level > 1 and block.text.startswith("Patient ")
        elif isinstance(block, Table) and not within_patient:
            if topic not in sheets:
                sheets[topic] = book.create_sheet(_sheet_name(topic, set(book.sheetnames)))
                _print_whole(sheets[topic])
            _add(sheets[topic], block)
    if not book.worksheets:
        book.create_sheet("empty")
    book.save(path)


def _print_whole(sheet: Any) -> None:
    """On paper all columns stand on one page, on its side."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _add(sheet: Any, table: Table) -> None:
    start = sheet.max_row + 2 if sheet.max_row > 1 else 1
    sheet.cell(start, 1, table.title).font = Font(bold=True)
    for place, column in enumerate(table.columns, 1):
        head = sheet.cell(start + 1, place, column.label)
        head.font = Font(bold=True)
        right = "right" if column.is_number else "left"
        head.alignment = Alignment(wrap_text=True, vertical="bottom", horizontal=right)
        head.border = Border(top=_RULE, bottom=_RULE)
    for line, row in enumerate(table.rows, start + 2):
        for place, (column, value) in enumerate(zip(table.columns, row, strict=True), 1):
            _fill(sheet.cell(line, place), column, value)
    end = start + 1 + len(table.rows)
    for place in range(1, len(table.columns) + 1):
        sheet.cell(end, place).border = Border(bottom=_RULE)
    if table.note:
        sheet.cell(end + 1, 1, table.note).font = Font(italic=True)
    _widen(sheet, table)


def _fill(cell: Any, column: Column, value: object) -> None:
    value = plain(value)
    if isinstance(value, str):
        cell.value = column.words.get(value, value)
        cell.data_type = "s"  # no text is ever taken for a formula
        return
    if isinstance(value, bool):
        cell.value = column.show(value)
        return
    cell.value = value
    if isinstance(value, int | float):
        cell.number_format = number_format(column, value)


def number_format(column: Column, value: float) -> str:
    """Spreadsheet's format that shows a number as the report does."""
    if column.kind == "p":
        return '">0.999"' if 0.9995 <= value < 1.0 else '[<0.001]"<0.001";0.000'
    decimals = column.digits
    if column.kind == "percent":
        decimals = 1 if decimals is None else decimals
    zeros = "0." + "0" * decimals if decimals else "0"
    if column.kind == "percent":
        return f"{zeros}%"
    if decimals is None:
        return "0" if isinstance(value, int) or float(value).is_integer() else "General"
    return zeros


def _widen(sheet: Any, table: Table) -> None:
    for place, column in enumerate(table.columns, 1):
        words = max(map(len, column.label.split() or [""]))
        longest = max([words, *(len(row[place - 1]) for row in table.shown())])
        letter = get_column_letter(place)
        known = sheet.column_dimensions[letter].width or 0
        sheet.column_dimensions[letter].width = max(known, min(max(9, longest + 2), WIDEST))


def _sheet_name(topic: str, taken: set[str]) -> str:
    plain_topic = "".join(" " if letter in "[]:*?/\\" else letter for letter in topic)
    name, number = plain_topic[:31], 2
    while name.lower() in {other.lower() for other in taken}:
        name = f"{plain_topic[:28]} {number}"
        number += 1
    return name
