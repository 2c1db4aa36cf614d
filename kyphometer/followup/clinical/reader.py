"""Reading the clinical table: every problem found and reported, nothing imported by halves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kyphometer.errors import ClinicalTableError
from kyphometer.followup.clinical.cells import CellRules, parse_cell
from kyphometer.followup.clinical.columns import PRIVATE_PREFIX, Column, Kind, clinical_columns
from kyphometer.followup.clinical.consistency import build_record, contradictions
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.tables import Sheet, SheetError, TableProblem, read_sheet
from kyphometer.tables.dates import DateOrder, MixedOrderError, find_order
from kyphometer.tables.missing import is_missing
from kyphometer.tables.numbers import CellError
from kyphometer.tables.sheet import column_key


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
        Decimal mark of numbers written as text: a point, a comma, or None for both where they
        cannot be confused.
    dates
        Order of dates such as 01/03/2024; None to find it where a day exceeds 12.
    missing
        Words and numbers that mean: not known, beside empty cells, NA, NaN, NULL and a point;
        None if nobody said so: then 99 is refused where it could be a value.
    today
        Dates after it are impossible; None for the day of reading.
    """

    windows: VisitWindows = DEFAULT_WINDOWS
    known_patients: Collection[str] | None = None
    encoding: str = "utf-8"
    decimal: str | None = None
    dates: DateOrder | None = None
    missing: frozenset[str] | None = None
    today: date | None = None


DEFAULT_TABLE_OPTIONS = TableOptions()


@dataclass(slots=True)
class _Work:
    file: str
    problems: list[TableProblem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, row: int | None, column: str | None, problem: str, remedy: str) -> None:
        self.problems.append(
            TableProblem(file=self.file, row=row, column=column, problem=problem, remedy=remedy)
        )


def read_clinical_table(
    path: Path | str, options: TableOptions = DEFAULT_TABLE_OPTIONS
) -> ClinicalTable:
    """Read a clinical table (CSV, XLSX, ODS or SAV), whole or not at all.

    Raises
    ------
    ClinicalTableError
        With every problem of the file in `problems`: file, row, column, remedy.
    """
    path = Path(path)
    columns = {column.name: column for column in clinical_columns(options.windows)}
    try:
        sheet = read_sheet(path, known=columns.keys(), encoding=options.encoding, sheet="clinical")
    except SheetError as error:
        raise ClinicalTableError(path.name, (error.problem,)) from None
    work = _Work(file=path.name)
    places = _places(work, sheet, columns)
    records = _records(work, sheet, places, options) if places else []
    if work.problems:
        raise ClinicalTableError(path.name, tuple(work.problems))
    return ClinicalTable(
        records=tuple(records),
        source=path.name,
        columns=tuple(name for name in columns if name in places),
        remarks=tuple(work.remarks),
    )


def _places(work: _Work, sheet: Sheet, columns: dict[str, Column]) -> dict[str, int]:
    """Where each known column stands; header problems are added."""
    places: dict[str, int] = {}
    for place, title in enumerate(sheet.header):
        name = column_key(title)
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
    rules = _rules(
        work, sheet, [p for n, p in places.items() if by_name[n].kind is Kind.DATE], options
    )
    records: list[ClinicalRecord] = []
    seen: dict[str, int] = {}
    for number, cells in sheet.rows:
        if not _right_width(work, sheet, number, cells):
            continue
        before = len(work.problems)
        values = _values(work, number, cells, places, by_name, rules)
        _check_patient(work, number, values.get("patient"), seen, options)
        for column, problem, remedy in contradictions(
            values, options.windows, failed=places.keys() - values.keys()
        ):
            work.add(number, column, problem, remedy)
        if len(work.problems) == before:
            records.append(build_record(values, options.windows))
    return records


def _rules(work: _Work, sheet: Sheet, dates: list[int], options: TableOptions) -> CellRules:
    """How the cells are read: as stated, else as the table itself shows."""
    order = options.dates
    if order is None:
        texts = (c for place in dates for _, c in sheet.column(place) if isinstance(c, str))
        try:
            found = find_order(texts)
        except MixedOrderError as mixed:
            found = None
            work.add(
                None,
                None,
                f"{mixed.day_first} has the day first and {mixed.month_first} the month",
                "write all dates as YYYY-MM-DD",
            )
        if found is not None:
            order, example = found
            what = "day/month/year" if order == "dmy" else "month/day/year"
            work.remarks.append(f"Dates such as {example} were read as {what}.")
    return CellRules(
        today=options.today or date.today(),
        decimal=options.decimal,
        dates=order,
        missing=options.missing,
    )


def _right_width(work: _Work, sheet: Sheet, number: int, cells: tuple[object, ...]) -> bool:
    surplus = [c for c in cells[len(sheet.header) :] if sheet.ragged or not is_missing(c)]
    if surplus:
        work.add(
            number,
            None,
            f"the row has {len(cells)} cells but the header has {len(sheet.header)}",
            "quote cells with separators inside, and write decimals with a point",
        )
        return False
    if sheet.ragged and len(cells) < len(sheet.header):
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
    rules: CellRules,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, place in places.items():
        try:
            values[name] = parse_cell(columns[name], _cell(cells, place), rules)
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
