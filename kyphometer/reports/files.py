"""Tables and figures of a report as files: CSV, XLSX, PNG, SVG."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from kyphometer.reports.document import Bullets, Document, Table, plain


def write_csv_tables(document: Document, folder: Path) -> list[Path]:
    """Write each table as `KEY.csv` in UTF-8, with raw values; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in document.tables:
        path = folder / f"{table.key}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow([column.name for column in table.columns])
            for row in table.rows:
                writer.writerow(["" if (value := plain(cell)) is None else value for cell in row])
        written.append(path)
    return written


FORMAT, VERSION = "kyphometer-report", 1


def write_json(document: Document, path: Path) -> None:
    """Write facts, main results in words, and every table with raw values as one JSON object."""
    summary = next((block.items for block in document.blocks if isinstance(block, Bullets)), ())
    content = {
        "format": FORMAT,
        "version": VERSION,
        "title": document.title,
        "facts": dict(document.facts),
        "summary": list(summary),
        "tables": {
            table.key: {"title": table.title, "note": table.note, "rows": table.records()}
            for table in document.tables
        },
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_xlsx(document: Document, path: Path) -> None:
    """Write all tables into one workbook, one sheet a table, with raw values."""
    book = Workbook()
    book.remove(book.worksheets[0])
    names: set[str] = set()
    for table in document.tables:
        sheet = book.create_sheet(_sheet_name(table.key, names))
        sheet.append([table.title])
        sheet["A1"].font = Font(bold=True)
        sheet.append([column.label for column in table.columns])
        for cell in sheet[2]:
            cell.font = Font(bold=True)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        for row in table.rows:
            sheet.append([_safe(plain(cell)) for cell in row])
        if table.note:
            sheet.append([])
            sheet.append([table.note])
        sheet.freeze_panes = "A3"
        _set_widths(sheet, table)
    if not book.worksheets:
        book.create_sheet("empty")
    book.save(path)


def _safe(value: object) -> object:
    """Text that a spreadsheet would take for a formula is kept as text."""
    if isinstance(value, str) and value[:1] in "=+@" and len(value) > 1:
        return "'" + value
    return value


def _sheet_name(key: str, taken: set[str]) -> str:
    name = key[:31]
    number = 2
    while name.lower() in taken:
        name = f"{key[:28]}_{number}"
        number += 1
    taken.add(name.lower())
    return name


def _set_widths(sheet: object, table: Table) -> None:
    for place, column in enumerate(table.columns, 1):
        longest = max([len(column.label), *(len(row[place - 1]) for row in table.shown())])
        width = min(max(8, longest + 2), 60)
        sheet.column_dimensions[get_column_letter(place)].width = width  # type: ignore[attr-defined]


def write_figures(document: Document, folder: Path) -> list[Path]:
    """Write each figure as `KEY.png` and, where there is one, `KEY.svg`; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for figure in document.figures:
        path = folder / f"{figure.key}.png"
        path.write_bytes(figure.png)
        written.append(path)
        if figure.svg is not None:
            drawing = folder / f"{figure.key}.svg"
            drawing.write_text(figure.svg, encoding="utf-8")
            written.append(drawing)
    return written
