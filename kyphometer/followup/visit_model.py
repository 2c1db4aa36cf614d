"""Films with dates, visits, and the assignment of one to the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from kyphometer.film import Position
from kyphometer.followup.remarks import Remark
from kyphometer.followup.windows import VisitWindows
from kyphometer.stats.tabular import Row, Tabular


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedFilm:
    """What visits need to know of a film.

    Attributes
    ----------
    patient
        Code of the patient.
    film
        The caller's name or number of the film.
    taken_on, taken_at
        Day and time of the exposure (not of the clinic visit); None if unknown.
    position
        How the patient was held.
    day
        Days from surgery, where the source gives them instead of a date.
    visit
        The visit, where the source itself names it; goes before every window.
    name
        What sentences call it; `film 12` if empty.
    copy
        What it is a copy of, in words ("a copy of film 3"); such a film is no visit unless it is
        put there by hand. Empty if it is none.
    """

    patient: str
    film: int | str
    taken_on: date | None
    taken_at: time | None = None
    position: Position = Position.UNKNOWN
    day: int | None = None
    visit: str | None = None
    name: str = ""
    copy: str = ""

    def days_from(self, surgery_date: date | None) -> int | None:
        """Days from surgery: as given, else from its date; None if neither is known."""
        if self.day is not None or self.taken_on is None or surgery_date is None:
            return self.day
        return (self.taken_on - surgery_date).days

    @property
    def called(self) -> str:
        """Its name in sentences."""
        return self.name or f"film {self.film}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedVisit:
    """A film that somebody has put to a visit by hand, with the reason; goes before every rule."""

    film: int | str
    visit: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The film of one patient at one visit.

    Attributes
    ----------
    taken_on, day
        Day of the film, and days from surgery, negative before it; None where a source names the
        visit only.
    within_tolerance
        True if the film belongs to the primary analysis, False if only to the sensitivity
        analysis.
    stated_reason
        Why the film was put here by hand, or None.
    """

    patient: str
    visit: str
    film: int | str
    taken_on: date | None
    day: int | None
    position: Position
    within_tolerance: bool
    stated_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnassignedFilm:
    """A film that is no visit, with the reason; kept and listed."""

    patient: str
    film: int | str
    taken_on: date | None
    day: int | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitAssignment(Tabular):
    """Films of a cohort put to visits.

    Attributes
    ----------
    windows
        The windows used.
    visits
        At most one film a patient and visit, in order of patient and time.
    unassigned
        Films that are no visit.
    missing
        (patient, visit) pairs without a film.
    remarks
        Refused patients, flags on films, films left out.
    """

    windows: VisitWindows
    visits: tuple[Visit, ...]
    unassigned: tuple[UnassignedFilm, ...]
    missing: tuple[tuple[str, str], ...]
    remarks: tuple[Remark, ...] = ()

    def of(self, patient: str) -> dict[str, Visit]:
        """Visits of a patient by name."""
        return {visit.visit: visit for visit in self.visits if visit.patient == patient}

    def rows(self) -> list[Row]:
        """One row a film: first the visits, then films that are none."""
        used = [
            _row(v.patient, v.film, v.taken_on, v.day)
            | {
                "visit": v.visit,
                "position": v.position.value,
                "within_tolerance": v.within_tolerance,
                "reason": v.stated_reason,
            }
            for v in self.visits
        ]
        return used + [
            _row(u.patient, u.film, u.taken_on, u.day)
            | {"visit": None, "position": None, "within_tolerance": None, "reason": u.reason}
            for u in self.unassigned
        ]


def _row(patient: str, film: int | str, taken_on: date | None, day: int | None) -> Row:
    return {"patient": patient, "film": film, "taken_on": taken_on, "day": day}
