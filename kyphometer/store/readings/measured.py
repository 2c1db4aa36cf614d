"""Numbers of the latest readings, computed when first asked for and kept.

A kept number is used only while its `basis` holds: program version and stated corner SD. Otherwise
it is computed anew, as it is when the pixel geometry of its film is corrected. Kept numbers are no
data: deleting them loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, not_, select

from kyphometer import __version__
from kyphometer.errors import (
    AmbiguousDefinitionError,
    KyphometerError,
    UnknownDefinitionError,
)
from kyphometer.geometry import Facing, PixelGeometry, SpacingSource
from kyphometer.measure import (
    DEFAULT_CORNER_SD_MM,
    MeasurementSet,
    angle_definition,
    measure_reading,
)
from kyphometer.reading.document import reading_from_json
from kyphometer.store.database.schema import films, measured, readings
from kyphometer.store.readings.versions import is_latest

DEFAULT_CODES = ("VKA", "RKA")
CHUNK = 500
"""Readings measured in one go."""


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


def basis(corner_sd_mm: float | None) -> str:
    """What numbers rest on besides the reading and its film."""
    return f"kyphometer {__version__}, corner SD {corner_sd_mm or DEFAULT_CORNER_SD_MM} mm"


def forget(connection: Connection, film_id: int) -> None:
    """Drop the numbers of a film whose geometry was corrected."""
    of_film = select(readings.c.id).where(readings.c.film_id == film_id)
    connection.execute(delete(measured).where(measured.c.reading_id.in_(of_film)))


def missing(
    connection: Connection, codes: Sequence[str], rests_on: str, *where: ColumnElement[bool]
) -> list[int]:
    """Latest readings of which a number is not kept, or rests on something else by now."""
    kept = [
        exists().where(
            measured.c.reading_id == readings.c.id,
            measured.c.code == code,
            measured.c.basis == rests_on,
        )
        for code in codes
    ]
    query = select(readings.c.id).where(is_latest(), not_(and_(*kept)), *where)
    return list(connection.execute(query.order_by(readings.c.id)).scalars())


def compute(
    connection: Connection, codes: Sequence[str], numbers: Sequence[int], corner_sd_mm: float | None
) -> list[dict[str, Any]]:
    """Rows of `measured` for the readings of these numbers; reads only."""
    geometry = ("row_mm", "column_mm", "aspect", "spacing_source", "spacing_in_patient", "facing")
    query = (
        select(readings.c.id, readings.c.document, *(films.c[name] for name in geometry))
        .join_from(readings, films)
        .where(readings.c.id.in_(numbers))
    )
    rests_on = basis(corner_sd_mm)
    return [
        {"reading_id": row[0], "basis": rests_on, **item}
        for row in connection.execute(query)
        for item in _measure(row, codes, corner_sd_mm)
    ]


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
    numbers = {row["reading_id"] for row in rows}
    stale = measured.c.reading_id.in_(numbers) & measured.c.code.in_(codes)
    connection.execute(delete(measured).where(stale))
    if rows:
        connection.execute(insert(measured), rows)
