"""Rows of a table to patients: one row a patient, a visit, or a single angle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from kyphometer.errors import KyphometerError
from kyphometer.film import Position
from kyphometer.followup.clinical.cells import CellRules, parse_cell, parse_tick
from kyphometer.followup.clinical.columns import LIST_SEPARATOR, Column, Kind
from kyphometer.followup.clinical.headers import BY_VISIT, Meaning, visit_of
from kyphometer.followup.elsewhere import ElsewhereAngle
from kyphometer.followup.windows import VisitWindows
from kyphometer.measure.definitions import angle_definition
from kyphometer.tables import TableProblem
from kyphometer.tables.missing import is_missing, plain_text
from kyphometer.tables.numbers import CellError, parse_number

MOST_DEG = 120.0
"""No angle between endplates of one spine is larger."""
_ANGLE = Column(
    name="angle", kind=Kind.NUMBER, low=-MOST_DEG, high=MOST_DEG, meaning="Angle in degrees"
)
_DAY = Column(name="day", kind=Kind.WHOLE, low=-40_000, high=40_000, meaning="Days from surgery")
_REPLICATE = Column(name="replicate", kind=Kind.WHOLE, low=1, high=999, meaning="Which time")
_DATE = Column(name="date", kind=Kind.DATE, meaning="Day of the film")
_POSITION = Column(
    name="position", kind=Kind.CHOICE, choices=tuple(p.value for p in Position), meaning="How held"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A column at its place in the row."""

    place: int
    title: str
    meaning: Meaning


@dataclass(slots=True)
class Work:
    """What is found while a table is read."""

    file: str
    windows: VisitWindows
    rules: CellRules
    problems: list[TableProblem] = field(default_factory=list)
    remarks: dict[str, None] = field(default_factory=dict)

    def add(self, row: int | None, column: str | None, problem: str, remedy: str) -> None:
        """Note a problem."""
        self.problems.append(
            TableProblem(file=self.file, row=row, column=column, problem=problem, remedy=remedy)
        )


@dataclass(slots=True)
class Gathered:
    """What the rows say of one patient: values with the row that said them."""

    row: int
    values: dict[str, Any] = field(default_factory=dict)
    said_in: dict[str, int] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    angles: dict[str, ElsewhereAngle] = field(default_factory=dict)
    own: dict[str, dict[str, object]] = field(default_factory=dict)
    """Cells of the user's own columns, by column and visit."""


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: tuple[object, ...]
    roles: Mapping[str, Placed]

    def cell(self, place: int) -> object:
        cell = self.cells[place] if place < len(self.cells) else None
        return None if cell is None or not str(cell).strip() else cell

    def text(self, role: str, rules: CellRules) -> str:
        placed = self.roles.get(role)
        cell = None if placed is None else self.cell(placed.place)
        return "" if is_missing(cell, rules.missing or frozenset()) else plain_text(cell)


@dataclass(frozen=True, slots=True)
class _Occasion:
    """When and by whom, as the row says."""

    visit: str | None
    taken_on: date | None
    day: int | None
    observer: str
    replicate: int | None
    position: Position


def gather(
    work: Work,
    rows: Sequence[tuple[int, tuple[object, ...]]],
    places: Sequence[Placed],
    columns: Mapping[str, Column],
) -> dict[str, Gathered]:
    """Patients by code; problems go to `work`."""
    roles = {item.meaning.role: item for item in places}
    one_each = not roles.keys() & {"visit", "date", "day", "code", "upper", "value"}
    patients: dict[str, Gathered] = {}
    for number, cells in rows:
        row = _Row(number, cells, roles)
        patient = row.text("patient", work.rules)
        if not patient:
            work.add(number, "patient", "there is no patient code", "give one, or delete the row")
            continue
        known = patients.setdefault(patient, Gathered(row=number))
        if one_each and known.row != number:
            work.add(
                number,
                "patient",
                f"patient {patient} is already in row {known.row}",
                "keep one row a patient, or say which visit each row is in a column visit",
            )
            continue
        known.values["patient"] = patient
        _take_row(work, row, known, places, columns)
    return patients


def _take_row(
    work: Work,
    row: _Row,
    known: Gathered,
    places: Sequence[Placed],
    columns: Mapping[str, Column],
) -> None:
    before = len(work.problems)
    occasion = _occasion(work, row)
    if len(work.problems) > before:
        return
    for listed, boxes in _fields_of_boxes(places).items():
        _take_boxes(work, row, known, (listed, boxes), columns, occasion)
    for placed in places:
        role = placed.meaning.role
        try:
            if role == "fact":
                cell = row.cell(placed.place)
                _take_fact(work, known, placed, (row.number, cell), columns, occasion)
            elif role == "own":
                cell = row.cell(placed.place)
                if not is_missing(cell, work.rules.missing or frozenset()):
                    by_visit = known.own.setdefault(placed.meaning.name, {})
                    by_visit.setdefault(occasion.visit or "", cell)
            elif role == "angle":
                _take_angle(work, row, known, placed, occasion)
        except CellError as error:
            known.failed.add(placed.meaning.name)
            work.add(row.number, placed.title, error.problem, error.remedy)
    if "value" in row.roles:
        _take_long(work, row, known, occasion)


def _occasion(work: Work, row: _Row) -> _Occasion:
    found: dict[str, Any] = {}
    columns = {"date": _DATE, "day": _DAY, "replicate": _REPLICATE, "position": _POSITION}
    for role, column in columns.items():
        placed = row.roles.get(role)
        if placed is not None:
            try:
                found[role] = parse_cell(column, row.cell(placed.place), work.rules)
            except CellError as error:
                work.add(row.number, placed.title, error.problem, error.remedy)
    return _Occasion(
        visit=_row_visit(work, row),
        taken_on=found.get("date"),
        day=found.get("day"),
        observer=row.text("observer", work.rules),
        replicate=found.get("replicate"),
        position=Position(found.get("position") or Position.UNKNOWN),
    )


def _row_visit(work: Work, row: _Row) -> str | None:
    said = row.text("visit", work.rules)
    if not said:
        return None
    visit = visit_of(said, work.windows)
    if visit is None:
        names = ", ".join(map(str, work.windows.visits))
        work.add(
            row.number, row.roles["visit"].title, f"'{said}' is no visit of the study",
            f"use {names}",
        )  # fmt: skip
        return None
    _note_reading(work, said, visit)
    return str(visit)


def _note_reading(work: Work, said: str, visit: str) -> None:
    label = work.windows.labels.get(visit, visit)
    if said.strip().lower() not in (str(visit).lower(), label.lower()):
        work.remarks[f"'{said}' was read as the visit {visit}."] = None


def _fields_of_boxes(places: Sequence[Placed]) -> dict[Placed, list[Placed]]:
    """Boxes by the field that they make up, which stands where its first box does."""
    fields: dict[Meaning, list[Placed]] = {}
    for placed in places:
        if placed.meaning.role == "box":
            fields.setdefault(replace(placed.meaning, word=""), []).append(placed)
    return {replace(boxes[0], meaning=whole): boxes for whole, boxes in fields.items()}


def _take_boxes(
    work: Work,
    row: _Row,
    known: Gathered,
    listed: tuple[Placed, list[Placed]],
    columns: Mapping[str, Column],
    occasion: _Occasion,
) -> None:
    """A list of which each word is a column; nothing ticked says nothing, as REDCap exports it."""
    placed, boxes = listed
    try:
        ticks = {box: parse_tick(row.cell(box.place), work.rules) for box in boxes}
        words = [box.meaning.word for box in boxes if ticks[box]]
        if any(word.isdigit() for word in words):
            raise CellError(f"the box {words[0]} is a number only", "export labels, not raw data")
        if words:
            cell = LIST_SEPARATOR.join(words)
            _take_fact(work, known, placed, (row.number, cell), columns, occasion)
        elif False in ticks.values():
            name = placed.meaning.name
            remark = f"Where no box of {name} is ticked it was taken as not known."
            work.remarks[remark] = None
    except CellError as error:
        known.failed.add(placed.meaning.name)
        work.add(row.number, placed.title, error.problem, error.remedy)


def _take_fact(
    work: Work,
    known: Gathered,
    placed: Placed,
    said: tuple[int, object],
    columns: Mapping[str, Column],
    occasion: _Occasion,
) -> None:
    """A fact of the clinical table, from the row and cell that say it."""
    name, (number, cell) = placed.meaning.name, said
    if name in BY_VISIT:
        if is_missing(cell):
            return
        if occasion.visit is None:
            remedy = "say which in a column visit, or in the column's name"
            raise CellError("it does not say at which visit", remedy)
        name = f"{name}_{occasion.visit}"
    value = parse_cell(columns[name], cell, work.rules)
    if value is None:
        known.values.setdefault(name, None)
    elif known.values.get(name) not in (None, value):
        where = known.said_in[name]
        raise CellError(f"{plain_text(cell)} differs from row {where}", "correct one")
    else:
        known.values[name] = value
        known.said_in.setdefault(name, number)


def _take_angle(
    work: Work, row: _Row, known: Gathered, placed: Placed, occasion: _Occasion
) -> None:
    value = parse_cell(_ANGLE, row.cell(placed.place), work.rules)
    own = placed.meaning
    when = (occasion.visit, occasion.taken_on, occasion.day)
    if own.visit is not None:
        when = (str(own.visit), None, None)
    elif when == (None, None, None):
        if value is None:
            return
        remedy = "add a column visit, date or days, or name the visit in the column's name"
        raise CellError("it does not say when the angle was measured", remedy)
    angle = ElsewhereAngle(
        visit=when[0],
        taken_on=when[1],
        day=when[2],
        code=own.name,
        observer=own.observer or occasion.observer,
        replicate=own.replicate or occasion.replicate or 1,
        position=occasion.position,
        value_deg=value,  # type: ignore[arg-type]
    )
    if angle.name in known.angles and known.angles[angle.name].value_deg is not None:
        if value is None:
            return
        raise CellError(
            f"{angle.name} is there twice", "number repeated measurements in a column replicate"
        )
    known.angles[angle.name] = angle


def _take_long(work: Work, row: _Row, known: Gathered, occasion: _Occasion) -> None:
    """An angle that the row names."""
    upper, lower = row.text("upper", work.rules), row.text("lower", work.rules)
    name = f"{upper}-{lower}" if upper and lower else row.text("code", work.rules)
    placed = row.roles["value"]
    try:
        if not name:
            remedy = "name it in a column code, or in columns upper and lower"
            raise CellError("it does not say which angle", remedy)
        try:
            code = angle_definition(name).code
        except KyphometerError as error:
            raise CellError(str(error).rstrip("."), "correct it") from None
        own = Placed(
            place=placed.place, title=placed.title, meaning=Meaning(role="angle", name=code)
        )
        _take_angle(work, row, known, own, occasion)
    except CellError as error:
        work.add(row.number, placed.title, error.problem, error.remedy)


def own_facts(
    patients: Mapping[str, Gathered], decimal: str | None
) -> tuple[dict[str, dict[str, float | str]], tuple[str, ...]]:
    """The user's own columns by patient, and their names.

    A column is the patient's where each has one value of it, else each visit's
    (`x_weight_discharge`). It holds numbers if every cell is one.
    """
    changing = {
        name
        for item in patients.values()
        for name, by_visit in item.own.items()
        if len(set(map(plain_text, by_visit.values()))) > 1
    }
    cells = {
        patient: {
            f"{name}_{visit}" if name in changing and visit else name: cell
            for name, by_visit in item.own.items()
            for visit, cell in by_visit.items()
        }
        for patient, item in patients.items()
    }
    names = tuple(dict.fromkeys(name for own in cells.values() for name in own))
    numeric = {
        name
        for name in names
        if all(_is_number(own[name], decimal) for own in cells.values() if name in own)
    }
    return {
        patient: {
            name: parse_number(plain_text(cell), decimal) if name in numeric else plain_text(cell)
            for name, cell in own.items()
        }
        for patient, own in cells.items()
    }, names


def _is_number(cell: object, decimal: str | None) -> bool:
    try:
        parse_number(plain_text(cell), decimal)
    except CellError:
        return False
    return not isinstance(cell, bool)
