"""Reading the clinical table: every problem found and reported, nothing imported by halves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kyphometer.errors import ClinicalTableError
from kyphometer.followup.clinical.cells import CellError, is_missing, parse_cell
from kyphometer.followup.clinical.columns import PRIVATE_PREFIX, Column, clinical_columns
from kyphometer.followup.clinical.consistency import build_record, contradictions
from kyphometer.followup.clinical.problems import TableProblem
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.clinical.sheet import Sheet, SheetError, read_csv_sheet, read_xlsx_sheet
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How a clinical table is read.

    Attributes
    ----------
    windows
        The study's visits: VAS, ODI, AIS and clinic date have a column for each.
    known_patients
        Patients of the study; others are refused. None to take any.
    encoding
        Encoding of a CSV.
    decimal
        Decimal mark of numbers written as text: a point, or a comma if stated.
    today
        Dates after it are impossible; None for the day of reading.
    """

    windows: VisitWindows = DEFAULT_WINDOWS
    known_patients: Collection[str] | None = None
    encoding: str = "utf-8"
    decimal: str = "."
    today: date | None = None


DEFAULT_TABLE_OPTIONS = TableOptions()


@dataclass(slots=True)
class _Work:
    file: str
    problems: list[TableProblem] = field(default_factory=list)

    def add(self, row: int | None, column: str | None, problem: str, remedy: str) -> None:
        self.problems.append(
            TableProblem(file=self.file, row=row, column=column, problem=problem, remedy=remedy)
        )


def read_clinical_table(
    path: Path | str, options: TableOptions = DEFAULT_TABLE_OPTIONS
) -> ClinicalTable:
    """Read a clinical CSV or XLSX, whole or not at all.

    Raises
    ------
    ClinicalTableError
        With every problem of the file in `problems`: file, row, column, remedy.
    """
    path = Path(path)
    columns = {column.name: column for column in clinical_columns(options.windows)}
    try:
        sheet = _read_sheet(path, columns, options)
    except SheetError as error:
        raise ClinicalTableError(path.name, (error.problem,)) from None
    work = _Work(file=path.name)
    places = _places(work, sheet, columns)
    records = _records(work, sheet, places, options) if places else []
    if work.problems:
        raise ClinicalTableError(path.name, tuple(work.problems))
    return ClinicalTable(records=tuple(records), source=path.name)


def _read_sheet(path: Path, columns: dict[str, Column], options: TableOptions) -> Sheet:
    suffix = path.suffix.lower()
    if suffix in (".xlsx", ".xlsm"):
        return read_xlsx_sheet(path)
    if suffix in (".csv", ".tsv", ".txt"):
        return read_csv_sheet(path, columns, options.encoding)
    raise SheetError(
        TableProblem(
            file=path.name,
            row=None,
            column=None,
            problem=f"'{suffix or 'no suffix'}' is no table that can be read",
            remedy="save it as CSV UTF-8 or XLSX",
        )
    )


def _places(work: _Work, sheet: Sheet, columns: dict[str, Column]) -> dict[str, int]:
    """Where each known column stands; header problems are added."""
    places: dict[str, int] = {}
    for place, title in enumerate(sheet.header):
        name = title.lower()
        if name.startswith(PRIVATE_PREFIX):
            continue
        if not name:
            if any(_cell(cells, place) is not None for _, cells in sheet.rows):
                work.add(1, f"number {place + 1}", "the column has no name", "name or delete it")
            continue
        if name in places:
            work.add(1, title, "the column is there twice", "delete one of them")
        elif name in columns:
            places[name] = place
        else:
            close = get_close_matches(name, columns, n=1)
            hint = f"rename it to {close[0]}" if close else "delete it"
            work.add(1, title, "it is no column of the clinical table", _or_private(hint, title))
    for column in columns.values():
        if column.required and column.name not in places:
            work.add(1, column.name, "the column is missing", f"add it: {column.meaning}")
    return places if "patient" in places else {}


def _or_private(hint: str, title: str) -> str:
    return f"{hint}, or name it {PRIVATE_PREFIX}{title} to keep it beside the table"


def _cell(cells: tuple[object, ...], place: int) -> object:
    cell = cells[place] if place < len(cells) else None
    return None if cell is None or not str(cell).strip() else cell


def _records(
    work: _Work, sheet: Sheet, places: dict[str, int], options: TableOptions
) -> list[ClinicalRecord]:
    if not sheet.rows:
        work.add(None, None, "there is no patient in it", "fill in one row a patient")
    by_name = {column.name: column for column in clinical_columns(options.windows)}
    records: list[ClinicalRecord] = []
    seen: dict[str, int] = {}
    for number, cells in sheet.rows:
        if not _right_width(work, sheet, number, cells):
            continue
        before = len(work.problems)
        values = _values(work, number, cells, places, by_name, options)
        _check_patient(work, number, values.get("patient"), seen, options)
        for column, problem, remedy in contradictions(
            values, options.windows, failed=places.keys() - values.keys()
        ):
            work.add(number, column, problem, remedy)
        if len(work.problems) == before:
            records.append(build_record(values, options.windows))
    return records


def _right_width(work: _Work, sheet: Sheet, number: int, cells: tuple[object, ...]) -> bool:
    is_csv = sheet.file.lower().endswith((".csv", ".tsv", ".txt"))
    surplus = [cell for cell in cells[len(sheet.header) :] if is_csv or not is_missing(cell)]
    if surplus:
        work.add(
            number,
            None,
            f"the row has {len(cells)} cells but the header has {len(sheet.header)}",
            "quote cells with separators inside, and write decimals with a point",
        )
        return False
    if is_csv and len(cells) < len(sheet.header):
        work.add(
            number,
            sheet.header[len(cells)],
            f"the row ends early, after {len(cells)} of {len(sheet.header)} cells",
            "complete the row; leave cells empty where nothing is known",
        )
        return False
    return True


def _values(
    work: _Work,
    number: int,
    cells: tuple[object, ...],
    places: dict[str, int],
    columns: dict[str, Column],
    options: TableOptions,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    today = options.today or date.today()
    for name, place in places.items():
        try:
            values[name] = parse_cell(
                columns[name], _cell(cells, place), decimal=options.decimal, today=today
            )
        except CellError as error:
            work.add(number, name, error.problem, error.remedy)
    return values


def _check_patient(
    work: _Work, number: int, patient: str | None, seen: dict[str, int], options: TableOptions
) -> None:
    if patient is None:
        work.add(number, "patient", "there is no patient code", "give one, or delete the row")
        return
    if patient in seen:
        work.add(
            number,
            "patient",
            f"patient {patient} is already in row {seen[patient]}",
            "keep one row a patient",
        )
    seen.setdefault(patient, number)
    known = options.known_patients
    if known is not None and patient not in known:
        close = get_close_matches(patient, known, n=1)
        hint = f"perhaps {close[0]} is meant" if close else "add the patient's films first"
        work.add(number, "patient", f"patient {patient} is not in the study", hint)
