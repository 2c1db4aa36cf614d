"""Validation of help from the image on a study's own films: two sessions, and what they show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from kyphometer.dicom import read_film
from kyphometer.endplates.looks import stability
from kyphometer.errors import KyphometerError, StudyRefusedError, TooFewDataError
from kyphometer.reading import MarkSource
from kyphometer.sessions.validation import (
    LEAST_FILMS,
    PairedReadings,
    Validation,
    ValidationMargins,
    looks_line,
    validate_help,
)
from kyphometer.store.records import FilmRecord
from kyphometer.store.study.study import Study
from kyphometer.workflow.session_progress import session_progress
from kyphometer.workflow.sessions import SessionRequest, new_session

ALONE, HELPED = "help-without", "help-with"
"""Codes of the two sessions."""
CODES = ("VKA", "RKA")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationState:
    """Where a validation stands.

    Attributes
    ----------
    films, read, due
        Films of the sample, showings that were read, and all of them.
    locked
        True if both sessions are locked, so that values may be seen.
    order
        The sessions of each observer in the order in which he is to read them.
    """

    films: int
    read: int
    due: int
    locked: bool
    order: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationFacts:
    """What was found beside the judgement.

    Attributes
    ----------
    set_aside
        Readings of an angle whose level was not the same in every reading of the film.
    days_apart
        Median time between the two readings of a film by one observer; None if unknown.
    moved
        Part of the helped readings' marks that the image moved or proposed.
    observers
        Codes.
    """

    set_aside: int
    days_apart: float | None
    moved: float | None
    observers: tuple[str, ...]


def begin_validation(
    study: Study, observers: Sequence[str], *, films: int = 30, seed: int | None = None
) -> ValidationState:
    """Draw the films and plan both sessions.

    One film a patient is drawn before a patient comes twice.

    Raises
    ------
    StudyRefusedError
        If there are fewer than two observers or too few films, or if it has begun already.
    """
    if len(set(observers)) < 2:
        raise StudyRefusedError("validation_observers")
    if films < LEAST_FILMS:
        raise StudyRefusedError("validation_too_small", films=films, least_films=LEAST_FILMS)
    rng = Random(seed)  # noqa: S311
    chosen = _drawn(
        [f for f in study.films() if f.is_lateral is not False and f.copy_of is None], films, rng
    )
    rule = replace(SessionRequest(code=ALONE, observers=tuple(observers)).films,
                   film_ids=tuple(film.id for film in chosen))  # fmt: skip
    for code, assist in ((ALONE, False), (HELPED, True)):
        request = SessionRequest(
            code=code,
            observers=tuple(observers),
            films=rule,
            title=f"Validation of help from the image: {'with' if assist else 'without'} help",
            kind="validation",
            seed=rng.randrange(2**31),
            rounds=1,
            duplicates=0.0,
            assist=assist,
        )
        new_session(study, request)
    return validation_state(study)


def _drawn(films: Sequence[FilmRecord], count: int, rng: Random) -> list[FilmRecord]:
    if len(films) < count:
        raise StudyRefusedError("validation_films_missing", count=count, there=len(films))
    mixed = rng.sample(list(films), len(films))
    turn: dict[str, int] = defaultdict(int)
    order = []
    for film in mixed:
        patient = film.patient or f"film {film.id}"
        order.append(turn[patient])
        turn[patient] += 1
    ranked = sorted(zip(order, mixed, strict=True), key=lambda pair: pair[0])
    return [film for _, film in ranked[:count]]


def has_begun(study: Study) -> bool:
    """True if the study has the sessions of a validation."""
    return {ALONE, HELPED} <= {found.code for found in study.sessions.list()}


def validation_state(study: Study) -> ValidationState:
    """Where the validation stands; tells no value.

    Raises
    ------
    UnknownRecordError
        If none has begun.
    """
    locked = all(study.sessions.get(code).locked for code in (ALONE, HELPED))
    items = study.sessions.items(ALONE)
    observers = sorted({item.observer for item in items})
    rounds = [
        part
        for code in (ALONE, HELPED)
        for progress in session_progress(study, code)
        for part in progress.rounds
    ]
    return ValidationState(
        films=len({item.film_id for item in items}),
        read=sum(part.read for part in rounds),
        due=sum(part.total for part in rounds),
        locked=locked,
        order={
            name: (ALONE, HELPED) if number % 2 == 0 else (HELPED, ALONE)
            for number, name in enumerate(observers)
        },
    )


def judge_validation(
    study: Study,
    margins: ValidationMargins | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Validation, ValidationFacts, tuple[PairedReadings, ...]]:
    """Judge a validation whose sessions are locked.

    Besides, every film is shown to the image's help in other looks, turns and scales, with the
    marks that the first observer made without help as clicks: what VKA moves by needs no truth.

    Parameters
    ----------
    study, margins
        What is judged, by what.
    progress
        Told how many films of how many were shown in other looks.

    Raises
    ------
    StudyRefusedError
        If a session is not locked: to look at values would unblind it.
    TooFewDataError
        If too few films were read both ways.
    """
    for code in (ALONE, HELPED):
        if not study.sessions.get(code).may_be_seen:
            raise StudyRefusedError("session_not_locked", session=code)
    observers = tuple(sorted({item.observer for item in study.sessions.items(ALONE)}))
    paired, aside = [], 0
    for code in CODES:
        found, left = _paired(study, code, observers)
        aside += left
        if found is not None:
            paired.append(found)
    if not paired:
        raise TooFewDataError("validation_no_films")
    days, moved = _circumstances(study)
    facts = ValidationFacts(set_aside=aside, days_apart=days, moved=moved, observers=observers)
    judged = validate_help(tuple(paired), margins)
    looks = looks_line("VKA", _over_looks(study, observers[0], progress))
    if looks is not None:
        judged = replace(judged, lines=(*judged.lines, looks))
    return judged, facts, tuple(paired)


def _over_looks(
    study: Study, observer: str, progress: Callable[[int, int], None] | None
) -> dict[str, list[float]]:
    """SD of VKA over looks of every film that can be read, by patient."""
    records = [r for r in study.latest_readings(session=ALONE) if r.observer == observer]
    films = {film.id: film for film in study.films()}
    found: dict[str, list[float]] = defaultdict(list)
    for number, record in enumerate(records, 1):
        film = films[record.film_id]
        try:
            pixels = read_film(study.film_path(film.id))
            bodies = stability(pixels, record.reading, geometry=film.geometry)
        except KyphometerError:
            continue  # a film that lies elsewhere or shows too little says nothing here
        known = [body.sd_deg for body in bodies if np.isfinite(body.sd_deg)]
        if known:
            rms = float(np.sqrt(np.mean(np.square(known))))
            found[film.patient or f"film {film.id}"].append(rms)
        if progress is not None:
            progress(number, len(records))
    return found


def _paired(
    study: Study, code: str, observers: tuple[str, ...]
) -> tuple[PairedReadings | None, int]:
    """Values of one angle, and how many were set aside because levels differ."""
    column = {name: place for place, name in enumerate(observers)}
    seconds = _seconds(study)
    cells: dict[tuple[int | str, str], np.ndarray] = {}
    number = 0
    for value in study.measurements((code,)):
        if value.session not in (ALONE, HELPED) or value.value is None:
            continue
        number += 1
        key = (value.film_id, value.upper or "")
        cell = cells.setdefault(key, np.full((5, len(observers)), np.nan))
        at, with_help = column[value.observer], value.session == HELPED
        cell[int(with_help), at] = value.value
        cell[3 + int(with_help), at] = seconds.get(value.session_item or 0, np.nan)
        if with_help and value.standard_uncertainty is not None:
            cell[2, at] = value.standard_uncertainty
    whole = {key: cell for key, cell in cells.items() if np.isfinite(cell[:2]).all()}
    if not whole:
        return None, number
    patients: dict[int | str, str] = {
        film.id: film.patient or f"film {film.id}" for film in study.films()
    }
    alone, helped, stated, time_alone, time_helped = np.stack(list(whole.values()), axis=1)
    found = PairedReadings(
        code=code,
        observers=observers,
        patients=tuple(patients[film] for film, _ in whole),
        alone=alone,
        helped=helped,
        stated_sd=stated,
        seconds_alone=time_alone,
        seconds_helped=time_helped,
    )
    return found, number - 2 * len(observers) * len(whole)


def _seconds(study: Study) -> dict[int, float]:
    """Time at each showing."""
    return {
        item: log.seconds
        for code in (ALONE, HELPED)
        for item, log in study.sessions.logs(code).items()
        if log.seconds
    }


def _circumstances(study: Study) -> tuple[float | None, float | None]:
    """Median days between both readings of a film, and the part of marks that the image moved."""
    times: dict[tuple[int, str], list[float]] = defaultdict(list)
    marks = moved = 0
    for code in (ALONE, HELPED):
        for record in study.latest_readings(session=code):
            times[record.film_id, record.observer].append(record.saved_at.timestamp() / 86400)
            if code == ALONE:
                continue
            for body in record.reading.vertebrae.values():
                for plate in body.endplates.values():
                    for mark in (plate.anterior, plate.posterior):
                        marks += 1
                        moved += mark.source not in (MarkSource.HAND, MarkSource.TRUTH)
    gaps = [abs(pair[1] - pair[0]) for pair in times.values() if len(pair) == 2]
    return (float(np.median(gaps)) if gaps else None), (moved / marks if marks else None)
