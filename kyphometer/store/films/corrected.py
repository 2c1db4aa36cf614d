"""Headers that were corrected after their films were taken up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, select, update

from kyphometer.errors import StudyRefusedError
from kyphometer.geometry import SpacingSource
from kyphometer.store.database.merge import Merge, merge
from kyphometer.store.database.schema import films, patients, visits
from kyphometer.store.people.people import ensure_patient
from kyphometer.store.readings import measured

_GEOMETRY: Final = ("row_mm", "column_mm", "aspect", "spacing_source", "spacing_in_patient")
_OTHERS: Final = ("taken_on", "taken_at", "position", "facing", "is_lateral")
_FACTS: Final = ("time_point", "view", "magnification")
_UNKNOWN: Final = ("unknown", SpacingSource.NONE.value)


def compare(film_id: int, known: Mapping[str, Any], row: Mapping[str, Any]) -> Merge:
    """What a header that comes again says otherwise than the study.

    A spacing that somebody stated by hand goes before the header's and is not compared.

    Parameters
    ----------
    known
        Columns of the film as they are, with `patient`, its code.
    row
        Columns as the header gives them now, with `patient`.
    """
    return merge(f"film {film_id}", _facts(known), _facts(row, like=known))


def _facts(row: Mapping[str, Any], like: Mapping[str, Any] | None = None) -> dict[str, Any]:
    stated = (like or row)["spacing_source"] == SpacingSource.STATED.value
    facts = json.loads(row["facts"])
    found = {name: row[name] for name in _OTHERS}
    if not stated:
        spaced = row["spacing_source"] != SpacingSource.NONE.value
        found |= {name: row[name] if spaced else None for name in _GEOMETRY}
    found |= {name: facts.get(name) for name in _FACTS}
    found["patient"] = row["patient"]
    return {k: None if v in _UNKNOWN else _plain(v) for k, v in found.items()}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def apply(
    connection: Connection, film_id: int, row: Mapping[str, Any], names: set[str]
) -> dict[str, Any]:
    """Put the named facts of a header into the film; what they were before, for the audit trail.

    Raises
    ------
    StudyRefusedError
        If the film's patient changes while it was put to a visit by hand.
    """
    whole = connection.execute(select(films).where(films.c.id == film_id)).one()._mapping
    columns = (set(_GEOMETRY) | set(_OTHERS)) & names
    if columns & set(_GEOMETRY):
        columns |= set(_GEOMETRY)
    before = {name: _plain(whole[name]) for name in sorted(columns)}
    values: dict[str, Any] = {name: row[name] for name in columns}
    if "patient" in names:
        before["patient"] = connection.execute(
            select(patients.c.code).where(patients.c.id == whole["patient_id"])
        ).scalar()
        values["patient_id"] = _new_patient(connection, film_id, row["patient"])
    before["facts"] = whole["facts"]
    values["facts"] = row["facts"]
    connection.execute(update(films).where(films.c.id == film_id).values(**values))
    measured.forget(connection, film_id)
    return before


def _new_patient(connection: Connection, film_id: int, code: str) -> int:
    by_hand = select(visits.c.visit).where(visits.c.film_id == film_id, visits.c.explicit)
    if connection.execute(by_hand).first():
        raise StudyRefusedError("put_by_hand", film_id=film_id)
    return ensure_patient(connection, code)
