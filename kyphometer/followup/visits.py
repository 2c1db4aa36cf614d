"""Which film is which visit: film dates against the date of surgery."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from kyphometer.errors import MissingSurgeryDateError, UnknownVisitFilmError
from kyphometer.followup.remarks import Remark, RemarkKind
from kyphometer.followup.visit_choice import choose_film
from kyphometer.followup.visit_model import (
    DatedFilm,
    StatedVisit,
    UnassignedFilm,
    Visit,
    VisitAssignment,
)
from kyphometer.followup.windows import DEFAULT_WINDOWS, VisitWindow, VisitWindows


@dataclass(slots=True)
class _Work:
    """What is being collected for one patient."""

    visits: list[Visit] = field(default_factory=list)
    unassigned: list[UnassignedFilm] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def leave_out(self, film: DatedFilm, day: int | None, reason: str) -> None:
        self.unassigned.append(
            UnassignedFilm(
                patient=film.patient, film=film.film, taken_on=film.taken_on, day=day, reason=reason
            )
        )
        self.remarks.append(
            Remark(
                kind=RemarkKind.EXCLUDED,
                patient=film.patient,
                sentence=f"{film.called[0].upper()}{film.called[1:]} of patient {film.patient} is "
                f"no visit: {reason}.",
            )
        )

    def warn(self, visit: Visit, sentence: str) -> None:
        self.remarks.append(
            Remark(
                kind=RemarkKind.WARNING,
                patient=visit.patient,
                sentence=f"Patient {visit.patient}, {visit.visit}: {sentence}.",
                visit=visit.visit,
            )
        )


def assign_patient_visits(
    patient: str,
    films: Iterable[DatedFilm],
    surgery_date: date | None,
    *,
    injury_date: date | None = None,
    windows: VisitWindows = DEFAULT_WINDOWS,
    stated: Sequence[StatedVisit] = (),
) -> VisitAssignment:
    """Put the films of one patient to visits (science.md#visits).

    A film whose source names the visit goes there. A film inside a visit's tolerance goes before
    one that is only inside its analysis window; among several the window's rule decides. Films that
    are no visit are kept and listed with the reason.

    Parameters
    ----------
    patient
        Code of the patient.
    films
        The patient's films; those of other patients are ignored.
    surgery_date
        Day 0.
    injury_date
        Films before it show an unhurt spine and are no pre-operative visit.
    windows
        The study's windows.
    stated
        Films put to visits by hand; they go before every rule.

    Raises
    ------
    MissingSurgeryDateError
        If there is no surgery date, and days from surgery or visits are not given either.
    UnknownVisitFilmError
        If two films are stated for one visit, or the stated film has no date.
    VisitWindowError
        If a stated visit does not exist.
    """
    own = [film for film in films if film.patient == patient]
    dated = [film for film in own if film.visit is None]
    if surgery_date is None and (not own or any(film.day is None for film in dated)):
        raise MissingSurgeryDateError(patient)
    work = _Work()
    for film in own:
        if film.visit is not None:
            _place_named(work, film, film.visit, surgery_date, windows)
    pinned = _pinned(dated, stated, windows, patient)
    for film, statement in pinned:
        _place_stated(work, film, statement, surgery_date, windows)
    taken = {film.film for film, _ in pinned}
    days = _eligible_days(
        work, [film for film in dated if film.film not in taken], surgery_date, injury_date, windows
    )
    for window in windows.windows:
        _place(work, window, days)
    found = {visit.visit for visit in work.visits}
    order = {visit: place for place, visit in enumerate(windows.visits)}
    return VisitAssignment(
        windows=windows,
        visits=tuple(sorted(work.visits, key=lambda v: order[v.visit])),
        unassigned=tuple(work.unassigned),
        missing=tuple((patient, visit) for visit in windows.filmed if visit not in found),
        remarks=tuple(work.remarks),
    )


def assign_visits(
    films: Iterable[DatedFilm],
    surgery_dates: Mapping[str, date | None],
    *,
    injury_dates: Mapping[str, date | None] | None = None,
    windows: VisitWindows = DEFAULT_WINDOWS,
    stated: Sequence[StatedVisit] = (),
) -> VisitAssignment:
    """Put the films of a cohort to visits; a refused patient is listed and the rest goes on.

    Parameters
    ----------
    films
        Films of all patients.
    surgery_dates
        Day 0 of each patient; patients listed here without films count as missing at every visit.
    injury_dates
        Day of the injury, where known.
    windows, stated
        As for one patient.
    """
    by_patient: dict[str, list[DatedFilm]] = defaultdict(list)
    for film in films:
        by_patient[film.patient].append(film)
    parts, refused = [], []
    for patient in sorted({*by_patient, *surgery_dates}):
        own = by_patient.get(patient, [])
        numbers = {film.film for film in own}
        try:
            parts.append(
                assign_patient_visits(
                    patient,
                    own,
                    surgery_dates.get(patient),
                    injury_date=(injury_dates or {}).get(patient),
                    windows=windows,
                    stated=[s for s in stated if s.film in numbers],
                )
            )
        except (MissingSurgeryDateError, UnknownVisitFilmError) as error:
            refused.append(Remark(kind=RemarkKind.REFUSED, patient=patient, sentence=str(error)))
    return VisitAssignment(
        windows=windows,
        visits=tuple(v for part in parts for v in part.visits),
        unassigned=tuple(u for part in parts for u in part.unassigned),
        missing=tuple(m for part in parts for m in part.missing),
        remarks=(*refused, *(r for part in parts for r in part.remarks)),
    )


def _pinned(
    own: Sequence[DatedFilm],
    stated: Sequence[StatedVisit],
    windows: VisitWindows,
    patient: str,
) -> list[tuple[DatedFilm, StatedVisit]]:
    by_film = {film.film: film for film in own}
    placed: list[tuple[DatedFilm, StatedVisit]] = []
    seen: set[str] = set()
    for statement in stated:
        windows.window(statement.visit)
        film = by_film.get(statement.film)
        if film is None or film.taken_on is None:
            raise UnknownVisitFilmError(patient, statement.film, statement.visit)
        if statement.visit in seen:
            raise UnknownVisitFilmError(patient, statement.film, statement.visit, twice=True)
        seen.add(statement.visit)
        placed.append((film, statement))
    return placed


def _place_stated(
    work: _Work,
    film: DatedFilm,
    statement: StatedVisit,
    surgery_date: date | None,
    windows: VisitWindows,
) -> None:
    day = film.days_from(surgery_date)
    within = day is not None and windows.window(statement.visit).within_tolerance(day)
    visit = _visit(film, statement.visit, day, within, statement.reason)
    work.visits.append(visit)
    work.warn(visit, f"film {film.film} of day {day} was put here by hand ({statement.reason})")


def _place_named(
    work: _Work, film: DatedFilm, name: str, surgery_date: date | None, windows: VisitWindows
) -> None:
    """Where the source names the visit its day, if it is known, only says whether it was kept."""
    window, day = windows.window(name), film.days_from(surgery_date)
    visit = _visit(film, name, day, day is None or window.within_tolerance(day))
    work.visits.append(visit)
    if day is not None:
        _flag(work, window, visit, ())


def _visit(
    film: DatedFilm, name: str, day: int | None, within: bool, reason: str | None = None
) -> Visit:
    return Visit(
        patient=film.patient,
        visit=name,
        film=film.film,
        taken_on=film.taken_on,
        day=day,
        position=film.position,
        within_tolerance=within,
        stated_reason=reason,
    )


def _eligible_days(
    work: _Work,
    films: Sequence[DatedFilm],
    surgery_date: date | None,
    injury_date: date | None,
    windows: VisitWindows,
) -> list[tuple[DatedFilm, int]]:
    """Films with a day inside some window; the others are left out with their reason."""
    eligible: list[tuple[DatedFilm, int]] = []
    for film in films:
        day = film.days_from(surgery_date)
        if film.copy:
            work.leave_out(film, day, f"it is {film.copy}")
        elif day is None:
            work.leave_out(film, None, "its date is unknown; state it in the study")
        elif injury_date is not None and film.taken_on is not None and film.taken_on < injury_date:
            work.leave_out(film, day, f"it was taken before the injury of {injury_date}")
        elif not any(window.within_analysis(day) for window in windows.windows):
            work.leave_out(film, day, f"day {day} after surgery is in no visit window")
        else:
            eligible.append((film, day))
    return eligible


def _place(work: _Work, window: VisitWindow, days: Sequence[tuple[DatedFilm, int]]) -> None:
    """Choose the film of one visit and say why the others are not."""
    candidates = [pair for pair in days if window.within_analysis(pair[1])]
    stated = any(visit.visit == window.visit for visit in work.visits)
    if stated or not candidates:
        for film, day in candidates:
            work.leave_out(film, day, f"another was put to {window.visit} by hand or by name")
        return
    primary = [pair for pair in candidates if window.within_tolerance(pair[1])]
    choice = choose_film(window, primary or candidates)
    film, day = choice.film, choice.day
    visit = _visit(film, window.visit, day, bool(primary))
    work.visits.append(visit)
    _flag(work, window, visit, choice.undecided)
    for other, other_day in candidates:
        if other is not film:
            work.leave_out(
                other,
                other_day,
                f"{film.called} of day {day} is that of {window.visit} ({choice.reason})",
            )


def _flag(work: _Work, window: VisitWindow, visit: Visit, undecided: tuple[int | str, ...]) -> None:
    low, high = window.tolerance
    if not visit.within_tolerance:
        work.warn(
            visit, f"day {visit.day} is outside {low} to {high}: for the sensitivity analysis only"
        )
    if visit.day is None:
        return
    if visit.day == 0:
        work.warn(visit, "the film is of the day of surgery: check that it was taken before it")
    if window.flag_before_day is not None and visit.day < window.flag_before_day:
        work.warn(visit, f"the film was taken {-visit.day} days before surgery")
    if undecided:
        names = ", ".join(str(name) for name in undecided)
        work.warn(
            visit,
            f"films {names} are of the same day and no time tells their order; film {visit.film} "
            "was taken, state the right one if it is not",
        )
