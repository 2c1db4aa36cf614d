"""What is done to one film of an archive: its rows, or the row that says why there are none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kyphometer.errors import KyphometerError
from kyphometer.reading.beside import SUFFIX
from kyphometer.workflow.beside import find_readings
from kyphometer.workflow.films import (
    SOFTWARE,
    Failure,
    MeasuredFilm,
    failure_of,
    measure_file,
)

Row = dict[str, Any]
COLUMNS = (
    "film", "patient", "visit", "date", "position", "observer", "session", "state", "code", "label",
    "value", "unit", "standard_uncertainty", "levels", "note", "warnings", "software",
)  # fmt: skip
NUMBERS = ("value", "standard_uncertainty")
MEASURED, NOT_GIVEN, FAILED, PASSED_OVER = "measured", "not given", "failed", "passed over"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmTask:
    """One film to measure; it travels to another process.

    Attributes
    ----------
    path
        The film's file.
    name
        How the results call it; the same at every run.
    mark
        See `mark_of`.
    options
        For `workflow.measure_file`.
    """

    path: Path
    name: str
    mark: str
    options: Mapping[str, Any] = field(default_factory=dict)


def mark_of(path: Path, options: Mapping[str, Any], *, timed: bool = True) -> str:
    """What a film's rows depend on: file, readings, options, program; changed, they are redone.

    Times of files count unless they came out of an archive, whose own time is in their name.
    """
    facts: list[Any] = [SOFTWARE, sorted((key, repr(value)) for key, value in options.items())]
    files = [path, *find_readings(path)]
    if options.get("auto") is not None and len(files) == 1:
        files += sorted(path.parent.glob(f"*{SUFFIX}"))  # an earlier visit says the levels
    facts.append([_stamp(file, timed=timed) for file in files])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _stamp(path: Path, *, timed: bool) -> tuple[str, int, int]:
    try:
        facts = path.stat()
    except OSError:
        return (path.name, -1, -1)
    return (path.name, facts.st_size, facts.st_mtime_ns if timed else 0)


def film_rows(task: FilmTask) -> list[Row]:
    """Measure a film: one row a measurement, one a refused one, at least one a film.

    Nothing gets out but rows: a film must not stop the others, so that a fault of the program is a
    row too, named as one.
    """
    try:
        _film, item = measure_file(task.path, with_pixels=False, **task.options)
    except KyphometerError as error:
        return [failure_row(task.name, failure_of(task.path, error))]
    except Exception as error:
        reason = f"The program failed ({type(error).__name__}: {error}); please report it."
        return [failure_row(task.name, Failure(path=task.path, reason=reason))]
    return _rows(task, item)


def failure_row(name: str, failure: Failure) -> Row:
    """The row of a film without numbers."""
    state = PASSED_OVER if failure.passed_over else FAILED
    return _row(film=name, state=state, note=failure.reason)


def _rows(task: FilmTask, item: MeasuredFilm) -> list[Row]:
    exposed = item.header.acquisition.exposed_at
    known = {
        "film": task.name,
        "patient": item.patient,
        "visit": item.visit,
        "date": None if exposed is None else exposed.date().isoformat(),
        "position": str(item.header.acquisition.position),
        "observer": item.reading.observer,
        "session": item.reading.session,
        "warnings": " ".join((*item.header.warnings, *item.measured.warnings)) or None,
    }
    rows = [
        _row(**{**row, **known, "state": MEASURED, "note": row["note"] or None})
        for row in item.rows()
    ]
    for refused in item.measured.refused:
        own = {"state": NOT_GIVEN, "code": refused.code, "label": refused.label}
        rows.append(_row(**known, **own, note=refused.reason))
    nothing = "The reading gives no measurement."
    return rows or [_row(**known, state=NOT_GIVEN, note=nothing)]


def _row(**known: Any) -> Row:
    return {name: known.get(name) for name in COLUMNS[:-1]} | {"software": SOFTWARE}


def state_of(rows: Sequence[Row]) -> str:
    """What became of a film, by its first row."""
    return str(rows[0]["state"])
