"""Time to loss of correction, and to revision surgery (science.md#time-to-an-event).

A loss is seen at a visit and came at some time since the visit before. All patients have the same
visits, so that losses are put to visits and not to days: Kaplan and Meier's curve on visits is
then the estimate for such data, and that one group came a week later to its visit is no delay.
A revision has its day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.cohort.arm_risks import lost
from kyphometer.followup.cohort.endpoints import EndpointAnalysis
from kyphometer.followup.windows import VisitWindow, VisitWindows
from kyphometer.stats.estimate import Estimate
from kyphometer.stats.options import DEFAULT_OPTIONS, StatisticsOptions
from kyphometer.stats.survival import SurvivalCurve, log_rank, survival_curve
from kyphometer.stats.tabular import Row, Tabular

EVERYBODY = "all patients"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """How long one patient was followed, in days, and whether to the event."""

    patient: str
    day: float
    event: bool
    gap: bool = False
    """True if a visit was missed between the last one without and the one with the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTimes:
    """One group's curve.

    Attributes
    ----------
    group
        Treatment group, or `EVERYBODY`.
    curve
        Kaplan and Meier's.
    at_visits
        Share still free at each later visit, by visit; visits that nobody reached are left out.
    at_risk
        Patients followed to each of them without the event before.
    p
        Log-rank test against the reference group; None for the reference and for everybody.
    """

    group: str
    curve: SurvivalCurve
    at_visits: Mapping[str, Estimate]
    at_risk: Mapping[str, int]
    p: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToEvent(Tabular):
    """Time to one event.

    Attributes
    ----------
    event
        In words, for example `VKA: correction lost by 5° or more`.
    groups
        Everybody first, then treatment groups, the reference last.
    visits
        Day of each visit on the curve.
    gaps
        Events before which a visit was missed, so that they may have come one visit earlier.
    """

    event: str
    groups: tuple[GroupTimes, ...]
    visits: Mapping[str, float]
    gaps: int

    def rows(self) -> list[Row]:
        """One row a group and visit."""
        return [
            {
                "event": self.event,
                "group": item.group,
                "n": item.curve.patients,
                "events": item.curve.events,
                "visit": visit,
                "at_risk": item.at_risk[visit],
                "free": found.value,
                "low": found.low,
                "high": found.high,
                "p": item.p,
            }
            for item in self.groups
            for visit, found in item.at_visits.items()
        ]


def times_to_loss(
    angles: Sequence[EndpointAnalysis],
    windows: VisitWindows,
    limit_deg: float,
    arms: Mapping[str, str],
    reference: str,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> tuple[TimeToEvent, ...]:
    """Time until an angle is `limit_deg` or more above its value at the reference visit.

    Parameters
    ----------
    arms
        Treatment group by patient; empty where groups are not compared.
    reference
        The group that the others are compared with.
    """
    found = []
    for endpoint in angles:
        patients = _losses(endpoint, windows, limit_deg)
        if patients:
            event = f"{endpoint.name}: correction lost by {limit_deg:g}° or more"
            days = {v: _day(windows.window(v)) for v in _after_reference(endpoint, windows)}
            found.append(_time_to(event, patients, days, arms, reference, options))
    return tuple(found)


def time_to_revision(
    table: ClinicalTable,
    last_films: Mapping[str, int],
    windows: VisitWindows,
    arms: Mapping[str, str],
    reference: str,
    options: StatisticsOptions = DEFAULT_OPTIONS,
) -> TimeToEvent | None:
    """Time from surgery to revision; None if no revision has a date.

    Parameters
    ----------
    last_films
        Day after surgery of each patient's last angle.
    """
    if not any(record.revision_date for record in table.records):
        return None
    patients = [f for record in table.records if (f := _revision(record, last_films)) is not None]
    if not patients:
        return None
    later = [w for w in windows.windows if w.visit != windows.baseline]
    days = {str(w.visit): float(w.tolerance[0]) for w in later}
    return _time_to("Revision surgery", patients, days, arms, reference, options)


def _after_reference(endpoint: EndpointAnalysis, windows: VisitWindows) -> list[str]:
    order = list(endpoint.visits)
    if windows.reference not in order:
        return []
    return order[order.index(windows.reference) + 1 :]


def _day(window: VisitWindow) -> float:
    target = window.target_day
    return float(sum(window.tolerance) / 2 if target is None else target)


def _losses(endpoint: EndpointAnalysis, windows: VisitWindows, limit_deg: float) -> list[Followed]:
    """Patients with a value at the reference visit, up to the loss or the last visit without."""
    later = _after_reference(endpoint, windows)
    first = str(windows.reference)
    changes = {visit: lost(endpoint, first, visit, endpoint.patients) for visit in later}
    found = []
    for place, patient in enumerate(endpoint.patients):
        known = [visit for visit in later if changes[visit][place] is not None]
        if not known:
            continue
        over = [v for v in known if (changes[v][place] or 0.0) >= limit_deg - 1e-9]
        end = over[0] if over else known[-1]
        before = later[: later.index(end)]
        gap = bool(over) and bool(before) and before[-1] not in known
        day = _day(windows.window(end))
        found.append(Followed(patient=patient, day=day, event=bool(over), gap=gap))
    return found


def _revision(record: ClinicalRecord, last_films: Mapping[str, int]) -> Followed | None:
    """From surgery to revision or to the last day on which the patient was seen."""
    if record.surgery_date is None:
        return None
    if record.revision_date is not None:
        day = (record.revision_date - record.surgery_date).days
        return Followed(patient=record.patient, day=float(day), event=True)
    seen: list[date] = list(record.clinic_dates.values())
    if record.patient in last_films:
        seen.append(record.surgery_date + timedelta(days=last_films[record.patient]))
    last = max(((day - record.surgery_date).days for day in seen), default=0)
    return Followed(patient=record.patient, day=float(last), event=False) if last > 0 else None


def _time_to(
    event: str,
    patients: Sequence[Followed],
    days: Mapping[str, float],
    arms: Mapping[str, str],
    reference: str,
    options: StatisticsOptions,
) -> TimeToEvent:
    names = {arms[item.patient] for item in patients if item.patient in arms}
    several = reference in names and len(names) > 1
    order = [*sorted(names - {reference}), reference] if several else []
    own = {name: [item for item in patients if arms.get(item.patient) == name] for name in order}
    against = own.get(reference, [])
    return TimeToEvent(
        event=event,
        groups=(
            _group(EVERYBODY, patients, days, None, options),
            *(
                _group(name, own[name], days, None if name == reference else against, options)
                for name in order
            ),
        ),
        visits=days,
        gaps=sum(item.gap for item in patients),
    )


def _group(
    name: str,
    patients: Sequence[Followed],
    days: Mapping[str, float],
    against: Sequence[Followed] | None,
    options: StatisticsOptions,
) -> GroupTimes:
    curve = survival_curve(*_columns(patients))
    at_visits = {visit: curve.at(day, options) for visit, day in days.items()}
    known = {visit: found for visit, found in at_visits.items() if found is not None}
    return GroupTimes(
        group=name,
        curve=curve,
        at_visits=known,
        at_risk={visit: curve.risk_set(days[visit]) for visit in known},
        p=log_rank(_columns(patients), _columns(against)) if against else None,
    )


def _columns(patients: Sequence[Followed]) -> tuple[list[float], list[bool]]:
    return [item.day for item in patients], [item.event for item in patients]
