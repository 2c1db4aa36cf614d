"""An empty clinical table to fill in, with its columns explained."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

from kyphometer.errors import ClinicalTableError
from kyphometer.followup.clinical.columns import clinical_columns, describe_columns
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.tables import TableProblem


def write_template(
    path: Path | str, windows: VisitWindows = DEFAULT_WINDOWS, patients: Collection[str] = ()
) -> None:
    """Write an empty table, one row for each patient given.

    A CSV has the header and the patients; an XLSX has a second sheet that explains each column.

    Raises
    ------
    ClinicalTableError
        If the name ends neither in .csv nor in .xlsx.
    """
    path = Path(path)
    names = [column.name for column in clinical_columns(windows)]
    rows = [[patient] + [""] * (len(names) - 1) for patient in patients]
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([names, *rows])
    elif path.suffix.lower() == ".xlsx":
        _write_xlsx(path, names, list(patients), windows)
    else:
        problem = TableProblem(
            file=path.name, row=None, column=None, problem="the template's format is unknown",
            remedy="let the name end in .csv or .xlsx",
        )  # fmt: skip
        raise ClinicalTableError(path.name, (problem,))


def _write_xlsx(path: Path, names: list[str], patients: list[str], windows: VisitWindows) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet("clinical")
    sheet.append(names)
    for patient in patients:
        sheet.append([patient])
    sheet.freeze_panes = "B2"
    notes = book.create_sheet("columns")
    described = describe_columns(windows)
    notes.append(list(described[0]))
    for row in described:
        notes.append(["yes" if value is True else value or "" for value in row.values()])
    for page in (sheet, notes):
        for place, cell in enumerate(page[1], start=1):
            cell.font = Font(bold=True)
            page.column_dimensions[get_column_letter(place)].width = len(str(cell.value)) + 4
    notes.column_dimensions["C"].width = notes.column_dimensions["D"].width = 60
    book.save(path)
