"""The long table of numbers: who measured what on which film of whom, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from kyphometer.followup.visit_angles import Source
from kyphometer.store.database.schema import (
    films,
    measured,
    observers,
    patients,
    reading_sessions,
    readings,
    session_items,
    visits,
)
from kyphometer.store.readings.versions import is_latest


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredValue:
    """One number of one latest reading; a line of the long table.

    Attributes
    ----------
    value
        The number, unrounded; None where it could not be measured, and then `note` says why.
    session, round
        Reading session and its round, None outside of sessions.
    upper, lower
        The endplate pair of an angle.
    definition
        In words, with its version.
    source
        Where the number comes from.
    film_id, reading_id
        Numbers of the study; of an angle measured elsewhere the occasion in words, and a number
        below 0.
    """

    reading_id: int
    version: int
    film_id: int | str
    patient: str | None
    visit: str | None
    taken_on: date | None
    position: str
    observer: str
    session: str | None
    round: int | None
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
    source: Source = Source.READING


def values(
    connection: Connection, codes: Sequence[str], rests_on: str, *where: ColumnElement[bool]
) -> tuple[MeasuredValue, ...]:
    """Kept numbers of the latest readings, by patient, date, film, reading and code.

    The facts of the readings are asked for apart from the numbers: joined and sorted in one
    statement, the repeated texts would take most of the time.
    """
    numbers: dict[int, list[Any]] = {}
    for row in connection.execute(_numbers(codes, rests_on, *where)):
        numbers.setdefault(row[0], []).append(row)
    return tuple(
        _value(reading, row)
        for reading in connection.execute(_readings(*where))
        for row in sorted(numbers.get(reading[0], ()), key=_code_and_part)
    )


def _code_and_part(row: Any) -> tuple[str, int]:
    return row[1], row[9]


def _numbers(codes: Sequence[str], rests_on: str, *where: ColumnElement[bool]) -> Any:
    query = _all_numbers()
    if where:
        of_these = select(readings.c.id).join_from(readings, films).outerjoin(patients)
        query = query.where(measured.c.reading_id.in_(of_these.where(*where)))
    return query.where(measured.c.code.in_(codes), measured.c.basis == rests_on)


@cache
def _all_numbers() -> Any:
    names = "code label upper lower value unit standard_uncertainty definition part note"
    return select(measured.c.reading_id, *(measured.c[name] for name in names.split()))


def _readings(*where: ColumnElement[bool]) -> Any:
    return _latest_readings().where(*where)


@cache
def _latest_readings() -> Any:
    return (
        select(
            readings.c.id,
            readings.c.version,
            films.c.id,
            patients.c.code,
            visits.c.visit,
            films.c.taken_on,
            films.c.position,
            observers.c.code,
            reading_sessions.c.code,
            session_items.c.round,
            readings.c.session_item_id,
        )
        .join_from(readings, films)
        .join(observers, observers.c.id == readings.c.observer_id)
        .outerjoin(patients, patients.c.id == films.c.patient_id)
        .outerjoin(visits, visits.c.film_id == films.c.id)
        .outerjoin(session_items, session_items.c.id == readings.c.session_item_id)
        .outerjoin(reading_sessions, reading_sessions.c.id == session_items.c.session_id)
        .where(is_latest())
        .order_by(
            patients.c.code.nulls_last(), films.c.taken_on.nulls_last(), films.c.id, readings.c.id
        )
    )


def _value(reading: Any, row: Any) -> MeasuredValue:
    return MeasuredValue(
        reading_id=reading[0],
        version=reading[1],
        film_id=reading[2],
        patient=reading[3],
        visit=reading[4],
        taken_on=reading[5],
        position=reading[6],
        observer=reading[7],
        session=reading[8],
        round=reading[9],
        session_item=reading[10],
        code=row[1],
        label=row[2],
        upper=row[3],
        lower=row[4],
        value=row[5],
        unit=row[6],
        standard_uncertainty=row[7],
        definition=row[8],
        note=row[10],
    )
