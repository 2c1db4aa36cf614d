"""Numbers of the latest readings, computed when first asked for and kept.

A kept number is used only while its `basis` holds: program version, pixel geometry of the film, and
the stated corner SD. Otherwise it is computed anew. Kept numbers are no data: deleting them loses
nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select

from kyphometer import __version__
from kyphometer.errors import (
    AmbiguousDefinitionError,
    KyphometerError,
    UnknownDefinitionError,
)
from kyphometer.geometry import Facing, PixelGeometry, SpacingSource
from kyphometer.measure import DEFAULT_CORNER_SD_MM, angle_definition, measure_reading
from kyphometer.reading_json import reading_from_json
from kyphometer.store.readings import is_latest
from kyphometer.store.schema import films, measured, observers, patients, readings, visits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, Connection

    from kyphometer.measure import MeasurementSet

DEFAULT_CODES = ("VKA", "RKA")
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredValue:
    """One number of one latest reading; a line of the long table.

    Attributes
    ----------
    value
        The number, unrounded; None where it could not be measured, and then `note` says why.
    upper, lower
        The endplate pair of an angle.
    definition
        In words, with its version.
    """

    reading_id: int
    version: int
    film_id: int
    patient: str | None
    visit: str | None
    taken_on: date | None
    position: str
    observer: str
    session_item: int | None
    code: str
    label: str
    upper: str | None
    lower: str | None
    value: float | None
    unit: str
    standard_uncertainty: float | None
    definition: str
    note: str


def canonical(code: str) -> str:
    """The registry's code for a code or alias of an angle; other codes as they are.

    Raises
    ------
    AmbiguousDefinitionError
        If an alias means several angles.
    """
    try:
        return angle_definition(code).code
    except UnknownDefinitionError:
        return code.strip()


def values(
    connection: Connection, codes: Sequence[str], *where: ColumnElement[bool]
) -> tuple[MeasuredValue, ...]:
    """Kept numbers of the latest readings, by patient, date, observer and code."""
    query = (
        select(
            readings.c.id,
            readings.c.version,
            films.c.id,
            patients.c.code,
            visits.c.visit,
            films.c.taken_on,
            films.c.position,
            observers.c.code,
            readings.c.session_item_id,
            measured.c.code,
            measured.c.label,
            measured.c.upper,
            measured.c.lower,
            measured.c.value,
            measured.c.unit,
            measured.c.standard_uncertainty,
            measured.c.definition,
            measured.c.note,
        )
        .join_from(measured, readings)
        .join(films, films.c.id == readings.c.film_id)
        .join(observers, observers.c.id == readings.c.observer_id)
        .outerjoin(patients, patients.c.id == films.c.patient_id)
        .outerjoin(visits, visits.c.film_id == films.c.id)
        .where(measured.c.code.in_(codes), is_latest(), *where)
        .order_by(
            patients.c.code.nulls_last(),
            films.c.taken_on.nulls_last(),
            films.c.id,
            readings.c.id,
            measured.c.code,
            measured.c.part,
        )
    )
    return tuple(_value(row) for row in connection.execute(query))


def _value(row: Any) -> MeasuredValue:
    return MeasuredValue(
        reading_id=row[0],
        version=row[1],
        film_id=row[2],
        patient=row[3],
        visit=row[4],
        taken_on=row[5],
        position=row[6],
        observer=row[7],
        session_item=row[8],
        code=row[9],
        label=row[10],
        upper=row[11],
        lower=row[12],
        value=row[13],
        unit=row[14],
        standard_uncertainty=row[15],
        definition=row[16],
        note=row[17],
    )


def stale(
    connection: Connection, codes: Sequence[str], corner_sd_mm: float | None
) -> list[tuple[int, str]]:
    """Latest readings whose numbers are missing or no longer hold: number and new basis."""
    kept: dict[int, set[tuple[str, str]]] = {}
    query = select(measured.c.reading_id, measured.c.code, measured.c.basis).distinct()
    for reading, code, basis in connection.execute(query.where(measured.c.code.in_(codes))):
        kept.setdefault(reading, set()).add((code, basis))
    latest = select(readings.c.id, *_geometry_columns()).join_from(readings, films)
    found = []
    for row in connection.execute(latest.where(is_latest()).order_by(readings.c.id)):
        basis = _basis(row[1:], corner_sd_mm)
        if kept.get(row[0]) != {(code, basis) for code in codes}:
            found.append((row[0], basis))
    return found


def _geometry_columns() -> tuple[Any, ...]:
    names = ("row_mm", "column_mm", "aspect", "spacing_source", "spacing_in_patient", "facing")
    return tuple(films.c[name] for name in names)


def _basis(geometry: Iterable[Any], corner_sd_mm: float | None) -> str:
    text = json.dumps([__version__, *geometry, corner_sd_mm])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def compute(
    connection: Connection,
    codes: Sequence[str],
    todo: Sequence[tuple[int, str]],
    corner_sd_mm: float | None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Rows of `measured` for the readings `todo`; reads only."""
    bases = dict(todo)
    rows: list[dict[str, Any]] = []
    numbers = list(bases)
    for start in range(0, len(numbers), _CHUNK):
        if progress is not None:
            progress(start, len(numbers))
        query = (
            select(readings.c.id, readings.c.document, *_geometry_columns())
            .join_from(readings, films)
            .where(readings.c.id.in_(numbers[start : start + _CHUNK]))
        )
        for row in connection.execute(query):
            found = _measure(row, codes, corner_sd_mm)
            rows += [{"reading_id": row[0], "basis": bases[row[0]], **item} for item in found]
    return rows


def _measure(row: Any, codes: Sequence[str], corner_sd_mm: float | None) -> list[dict[str, Any]]:
    """Numbers of one reading; what cannot be measured is a row that says why."""
    geometry = PixelGeometry(
        row_mm=row[2],
        column_mm=row[3],
        aspect=row[4],
        source=SpacingSource(row[5]),
        in_patient=row[6],
    )
    try:
        measurements = measure_reading(
            reading_from_json(row[1]),
            geometry,
            codes=codes,
            corner_sd_mm=DEFAULT_CORNER_SD_MM if corner_sd_mm is None else corner_sd_mm,
            header_facing=None if row[7] is None else Facing(row[7]),
            strict=False,
        )
    except (UnknownDefinitionError, AmbiguousDefinitionError):
        raise
    except KyphometerError as error:
        return [_refused(code, code, str(error)) for code in codes]
    return _rows(measurements, codes)


def _rows(found: MeasurementSet, codes: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for code in codes:
        items = found.all(code)
        for part, item in enumerate(items):
            rows.append(
                {
                    "code": code,
                    "part": part,
                    "label": item.label,
                    "upper": item.upper,
                    "lower": item.lower,
                    "value": item.value,
                    "unit": item.unit,
                    "standard_uncertainty": item.standard_uncertainty,
                    "definition": item.definition,
                    "note": item.note,
                }
            )
        refused = [item for item in found.refused if item.code == code]
        for part, refusal in enumerate(refused, len(items)):
            rows.append(_refused(code, refusal.label, refusal.reason, part))
        if not items and not refused:
            rows.append(_refused(code, code, "it was not measured in this reading"))
    return rows


def _refused(code: str, label: str, reason: str, part: int = 0) -> dict[str, Any]:
    empty = dict.fromkeys(("upper", "lower", "value", "standard_uncertainty"))
    return {
        "code": code,
        "part": part,
        "label": label,
        **empty,
        "unit": "",
        "definition": "",
        "note": reason,
    }


def keep(connection: Connection, rows: Sequence[dict[str, Any]], codes: Sequence[str]) -> None:
    """Replace what was kept for these readings and codes."""
    numbers = sorted({row["reading_id"] for row in rows})
    for start in range(0, len(numbers), _CHUNK):
        chosen = measured.c.reading_id.in_(numbers[start : start + _CHUNK])
        connection.execute(delete(measured).where(and_(chosen, measured.c.code.in_(codes))))
    if rows:
        connection.execute(insert(measured), rows)
