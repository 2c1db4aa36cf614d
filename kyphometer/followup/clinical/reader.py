"""Reading the clinical table: every problem found and reported, nothing imported by halves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from kyphometer.errors import AmbiguousDefinitionError, ClinicalTableError
from kyphometer.followup.clinical.cells import CellRules
from kyphometer.followup.clinical.columns import PRIVATE_PREFIX, Column, Kind, clinical_columns
from kyphometer.followup.clinical.consistency import build_record, contradictions
from kyphometer.followup.clinical.headers import (
    BY_VISIT,
    OTHER_NAMES,
    ROLES,
    Meaning,
    meaning,
    suggestion,
)
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.clinical.rows import Placed, Work, gather, own_facts
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindows
from kyphometer.measure.definitions import ANGLES
from kyphometer.tables import Sheet, SheetError, read_sheet
from kyphometer.tables.dates import DateOrder, MixedOrderError, find_order
from kyphometer.tables.missing import is_missing
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
    known = {*columns, *(name for names in ROLES.values() for name in names), "vka", "rka"}
    try:
        sheet = read_sheet(path, known=known, encoding=options.encoding, sheet="clinical")
    except SheetError as error:
        raise ClinicalTableError(path.name, (error.problem,)) from None
    work = Work(file=path.name, windows=options.windows, rules=CellRules(today=date.today()))
    places = _places(work, sheet, columns)
    records, own = _records(work, sheet, places, columns, options) if places else ([], ())
    if work.problems:
        ordered = sorted(work.problems, key=lambda problem: problem.row or 0)
        raise ClinicalTableError(path.name, tuple(ordered))
    return ClinicalTable(
        records=tuple(records),
        source=path.name,
        columns=(*_named(places, columns, records), *own),
        remarks=tuple(work.remarks),
    )


def _named(
    places: list[Placed], columns: Mapping[str, Column], records: list[ClinicalRecord]
) -> list[str]:
    """Columns of the clinical table that the file speaks of."""
    facts = ("fact", "box")
    named = {p.meaning.name for p in places if p.meaning.role in facts} | {"patient"}
    for start in named & set(BY_VISIT):  # where rows tell the visit, what they tell
        field = "clinic_dates" if start == "clinic_date" else start
        named |= {f"{start}_{visit}" for r in records for visit in getattr(r, field)}
    return [name for name in columns if name in named]


def _places(work: Work, sheet: Sheet, columns: dict[str, Column]) -> list[Placed]:
    """What each column is for; header problems are added."""
    places: dict[Meaning, Placed] = {}
    for place, title in enumerate(sheet.header):
        key = column_key(title)
        if not key:
            if any(_filled(cells, place) for _, cells in sheet.rows):
                work.add(1, f"number {place + 1}", "the column has no name", "name or delete it")
            continue
        try:
            found = meaning(title, columns, work.windows)
        except AmbiguousDefinitionError as error:
            work.add(1, title, str(error).rstrip("."), "rename the column")
            continue
        if found is None:
            work.add(1, title, "it is no column of the clinical table", _remedy(key, title, work))
        elif found in places:
            work.add(1, title, "the column is there twice", "delete one of them")
        elif found.role != "nothing":
            places[found] = Placed(place=place, title=title, meaning=found)
            _note(work, key, title, found)
    _check_roles(work, places)
    return [] if work.problems and not _has(places, "patient") else list(places.values())


def _note(work: Work, key: str, title: str, found: Meaning) -> None:
    """Say how a name was understood that is not the study's."""
    if found.visit is not None and str(found.visit) not in key:
        name = found.name.removesuffix(f"_{found.visit}")
        work.remarks[f"The column '{title}' was read as {name} at {found.visit}."] = None
    if key in OTHER_NAMES:
        work.remarks[f"The column '{title}' was read as {found.name}, the treatment group."] = None


def _has(places: Mapping[Meaning, Placed], *roles: str) -> bool:
    return {item.role for item in places} >= set(roles)


def _check_roles(work: Work, places: Mapping[Meaning, Placed]) -> None:
    if not _has(places, "patient"):
        work.add(1, "patient", "the column is missing", "add it: Code of the patient")
    if _has(places, "value") and not (_has(places, "code") or _has(places, "upper", "lower")):
        remedy = "name the angle in a column code, or in columns upper and lower"
        work.add(1, "value", "it is not said of which angle the values are", remedy)
    twice = Counter(item.role for item in places if item.role in ROLES)
    for role, count in twice.items():
        if count > 1:
            work.add(1, role, "several columns could be it", "keep one")


def _remedy(key: str, title: str, work: Work) -> str:
    columns = {column.name: column for column in clinical_columns(work.windows)}
    close = suggestion(key, columns)
    angle = next((c for c in ANGLES if c.lower() in key.split("_")), None)
    if angle is not None:
        hint = f"name an angle as {angle}_VISIT or {angle}_VISIT_OBSERVER_rep2, where VISIT is "
        hint += f"one of {', '.join(map(str, work.windows.visits))}"
    else:
        hint = f"rename it to {close}" if close else "delete it"
    return f"{hint}, or name it {PRIVATE_PREFIX}{title} to keep it as a column of your own"


def _filled(cells: tuple[object, ...], place: int) -> bool:
    cell = cells[place] if place < len(cells) else None
    return cell is not None and bool(str(cell).strip())


def _records(
    work: Work,
    sheet: Sheet,
    places: list[Placed],
    columns: dict[str, Column],
    options: TableOptions,
) -> tuple[list[ClinicalRecord], tuple[str, ...]]:
    if not sheet.rows:
        work.add(None, None, "there is no patient in it", "fill in one row a patient")
    dates = [
        p.place
        for p in places
        if p.meaning.role == "date"
        or (p.meaning.role == "fact" and _kind(p.meaning.name, columns) is Kind.DATE)
    ]
    work.rules = _rules(work, sheet, dates, options)
    rows = [
        (number, cells) for number, cells in sheet.rows if _right_width(work, sheet, number, cells)
    ]
    patients = gather(work, rows, places, columns)
    own, names = own_facts(patients, options.decimal)
    records: list[ClinicalRecord] = []
    for patient, item in patients.items():
        _check_patient(work, item.row, patient, options)
        for column, problem, remedy in contradictions(item.values, options.windows, item.failed):
            work.add(item.row, column, problem, remedy)
        if not work.problems:
            angles = item.angles.values()
            records.append(build_record(item.values, options.windows, angles, own[patient]))
    return records, names


def _kind(name: str, columns: Mapping[str, Column]) -> Kind:
    return (
        Kind.DATE if name == "clinic_date" else columns[name].kind if name in columns else Kind.TEXT
    )


def _rules(work: Work, sheet: Sheet, dates: list[int], options: TableOptions) -> CellRules:
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
            work.remarks[f"Dates such as {example} were read as {what}."] = None
    return CellRules(
        today=options.today or date.today(),
        decimal=options.decimal,
        dates=order,
        missing=options.missing,
    )


def _right_width(work: Work, sheet: Sheet, number: int, cells: tuple[object, ...]) -> bool:
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


def _check_patient(work: Work, number: int, patient: str, options: TableOptions) -> None:
    known = options.known_patients
    if known is not None and patient not in known:
        close = get_close_matches(patient, known, n=1)
        hint = (
            f"perhaps {close[0]} is meant"
            if close
            else "add the patient's films first, or say --add-patients"
        )
        work.add(number, "patient", f"patient {patient} is not in the study", hint)
