"""Angles measured elsewhere: kept in the patients' records, given as lines of the long table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import Connection, select

from kyphometer.anatomy import Level
from kyphometer.film import Position
from kyphometer.followup.clinical.record import ClinicalRecord
from kyphometer.followup.elsewhere import (
    ElsewhereAngle,
    endplate_pair,
    occasion_key,
    occasions,
)
from kyphometer.followup.visit_angles import Source
from kyphometer.followup.visit_model import DatedFilm, VisitAssignment
from kyphometer.followup.visits import assign_visits
from kyphometer.measure.definitions import angle_definition
from kyphometer.store.database.schema import patients, study
from kyphometer.store.people import clinical
from kyphometer.store.readings.measured_values import MeasuredValue
from kyphometer.store.study.settings import StudySettings, settings_from_json

UNNAMED = "not stated"
"""Observer of an angle whose table does not say who measured it."""


def assignment(connection: Connection) -> VisitAssignment:
    """Occasions of all patients, put to the study's visits by name, day or date."""
    settings = _settings(connection)
    films: list[DatedFilm] = []
    for code, record in _records(connection):
        known = [angle for angle in record.angles if angle.value_deg is not None]
        films += occasions(code, known, settings.stated_position or Position.UNKNOWN)
    named = {film.patient for film in films}
    query = select(patients.c.code, patients.c.surgery_date, patients.c.injury_date)
    dates = {code: (surgery, injury) for code, surgery, injury in connection.execute(query)}
    return assign_visits(
        films,
        {code: surgery for code, (surgery, _) in dates.items() if code in named},
        injury_dates={code: injury for code, (_, injury) in dates.items() if injury},
        windows=settings.visits,
    )


def values(
    connection: Connection, codes: Collection[str] | None, patient: str | None
) -> tuple[MeasuredValue, ...]:
    """Lines of the long table, by patient, occasion, observer, replicate and angle.

    All angles of an observer's one measurement of an occasion have one reading's number, below 0
    and less than that of the next time.

    Parameters
    ----------
    codes
        Only these angles; None for all.
    patient
        Only of this patient.
    """
    levels = _settings(connection).levels
    placed = {str(v.film): v for v in assignment(connection).visits}
    found: list[MeasuredValue] = []
    numbers: dict[tuple[str, str, int], int] = {}
    for code, record in _records(connection):
        if patient not in (None, code):
            continue
        fractured = record.fractured_levels or levels.get(code, ())
        for angle in _ordered(record.angles):
            if angle.value_deg is None or (codes is not None and angle.code not in codes):
                continue
            visit = placed.get(occasion_key(code, angle))
            line = _line(code, angle, fractured, None if visit is None else str(visit.visit))
            reading = (str(line.film_id), line.observer, angle.replicate)
            found.append(replace(line, reading_id=numbers.setdefault(reading, len(numbers))))
    return tuple(replace(line, reading_id=line.reading_id - len(numbers)) for line in found)


def _line(
    patient: str, angle: ElsewhereAngle, fractured: tuple[Level, ...], visit: str | None
) -> MeasuredValue:
    upper, lower = endplate_pair(angle.code, fractured)
    pair = f"{_short(upper)} - {_short(lower)}"
    return MeasuredValue(
        reading_id=-1,
        version=1,
        film_id=occasion_key(patient, angle),
        patient=patient,
        visit=visit,
        taken_on=angle.taken_on,
        position=angle.position.value,
        observer=angle.observer or UNNAMED,
        session=None,
        round=None,
        session_item=None,
        code=angle.code,
        label=f"{angle.code} ({pair})",
        upper=upper,
        lower=lower,
        value=angle.value_deg,
        unit="deg",
        standard_uncertainty=None,
        definition=angle_definition(angle.code).text,
        note="",
        source=Source.ELSEWHERE,
    )


def _short(line: str) -> str:
    level, _, part = line.partition(".")
    return f"{level} {part.replace('superior', 'sup').replace('inferior', 'inf').replace('_', ' ')}"


def _ordered(angles: Iterable[ElsewhereAngle]) -> list[ElsewhereAngle]:
    """In the order of the table, the measurements of an occasion together."""
    order: dict[str, int] = defaultdict(lambda: len(order))
    return sorted(
        angles, key=lambda a: (order[a.when], a.observer.casefold(), a.replicate, order[a.code])
    )


def _records(connection: Connection) -> list[tuple[str, ClinicalRecord]]:
    """Records with the study's own codes of their patients."""
    query = select(patients.c.clinical_code, patients.c.code)
    codes = {row.clinical_code: row.code for row in connection.execute(query)}
    return [(codes.get(r.patient, r.patient), r) for r in clinical.load(connection)]


def _settings(connection: Connection) -> StudySettings:
    return settings_from_json(connection.execute(select(study.c.settings)).scalar_one())
