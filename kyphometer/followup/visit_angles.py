"""An angle of a patient at a visit, and the one series per endplate pair that can be compared."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kyphometer.errors import DifferentLevelsError, DuplicateReadingError, NotAnAngleError
from kyphometer.film import Position
from kyphometer.followup.visit_model import Visit
from kyphometer.measure.model import Measurement


class Source(StrEnum):
    """Where an angle comes from."""

    READING = "read on the film"
    ELSEWHERE = "measured elsewhere"
    """It came in a table; nothing is known of its marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitAngle:
    """One angle of one patient at one visit.

    Attributes
    ----------
    patient, visit
        Whose and when.
    code
        Measurement code, for example `RKA`.
    upper, lower
        The endplate pair, for example `T12.superior` and `L2.inferior`.
    value_deg
        Angle in degrees, kyphosis positive.
    standard_uncertainty_deg
        Its standard uncertainty, or None if unknown.
    day
        Days from surgery, or None.
    position
        How the patient was held.
    within_tolerance
        True if the visit belongs to the primary analysis.
    observers
        Who read it; several if the value is the mean of their readings.
    readings
        Readings that the value is the mean of.
    film
        The caller's name or number of the film.
    reading
        The caller's name or number of the reading; None for a mean of several.
    source
        Where it comes from; readings are never averaged over several sources.
    """

    patient: str
    visit: str
    code: str
    upper: str
    lower: str
    value_deg: float
    standard_uncertainty_deg: float | None = None
    day: int | None = None
    position: Position = Position.UNKNOWN
    within_tolerance: bool = True
    observers: tuple[str, ...] = ()
    readings: int = 1
    film: int | str | None = None
    reading: int | str | None = None
    source: Source = Source.READING

    @property
    def pair(self) -> tuple[str, str]:
        """The ordered endplate pair."""
        return (self.upper, self.lower)


def visit_angle(
    visit: Visit, measurement: Measurement, observers: tuple[str, ...] = ()
) -> VisitAngle:
    """Angle of a visit from a measurement of its film.

    Raises
    ------
    NotAnAngleError
        If the measurement is no angle in degrees with an endplate pair.
    """
    if measurement.unit != "deg" or measurement.upper is None or measurement.lower is None:
        raise NotAnAngleError(measurement.label)
    return VisitAngle(
        patient=visit.patient,
        visit=visit.visit,
        code=measurement.code,
        upper=measurement.upper,
        lower=measurement.lower,
        value_deg=measurement.value,
        standard_uncertainty_deg=measurement.standard_uncertainty,
        day=visit.day,
        position=visit.position,
        within_tolerance=visit.within_tolerance,
        observers=observers,
        film=visit.film,
    )


def mean_of_readings(angles: Iterable[VisitAngle]) -> tuple[VisitAngle, ...]:
    """Mean of all readings of each angle on each film, as the reading protocol's value.

    Nothing else ever averages. The standard uncertainty of the mean takes
    the readings as independent. Readings of different endplate pairs stay apart.

    Raises
    ------
    DuplicateReadingError
        If readings of different films claim the same visit.
    """
    groups: dict[tuple[str, ...], list[VisitAngle]] = defaultdict(list)
    for angle in angles:
        groups[angle.patient, angle.visit, angle.code, angle.upper, angle.lower].append(angle)
    return tuple(_mean(group) for group in groups.values())


def _mean(group: Sequence[VisitAngle]) -> VisitAngle:
    first = group[0]
    if len(group) == 1:
        return first
    if len({angle.film for angle in group}) > 1:
        raise DuplicateReadingError(first.patient, first.code, first.visit, films=True)
    n = sum(angle.readings for angle in group)
    value = math.fsum(angle.value_deg * angle.readings for angle in group) / n
    parts = [
        None if a.standard_uncertainty_deg is None else a.standard_uncertainty_deg * a.readings
        for a in group
    ]
    known = [part for part in parts if part is not None]
    observers = {name: None for angle in group for name in angle.observers}
    return VisitAngle(
        patient=first.patient,
        visit=first.visit,
        code=first.code,
        upper=first.upper,
        lower=first.lower,
        value_deg=value,
        standard_uncertainty_deg=math.hypot(*known) / n if len(known) == len(parts) else None,
        day=first.day,
        position=first.position,
        within_tolerance=first.within_tolerance,
        observers=tuple(observers),
        readings=n,
        film=first.film,
        source=first.source,
    )


def series_by_pair(
    angles: Sequence[VisitAngle], visits: Sequence[str]
) -> tuple[tuple[VisitAngle, ...], ...]:
    """One series over visits for each endplate pair of one patient and code.

    A patient with several fractures has several pairs at the first visit; each is a series of its
    own. A later visit may lack a pair, but one that was not measured at the first visit means that
    the levels were not the same, and is refused.

    Parameters
    ----------
    angles
        Angles of one patient and one code.
    visits
        Names of the visits in order of time.

    Raises
    ------
    DifferentLevelsError
        If a visit was measured between other endplates; names patient and levels.
    DuplicateReadingError
        If a visit has two readings of the same pair: choose one or ask for their mean.
    """
    order = {visit: place for place, visit in enumerate(visits)}
    ordered = sorted(angles, key=lambda a: order.get(a.visit, len(order)))
    pairs: dict[tuple[str, str], dict[str, VisitAngle]] = defaultdict(dict)
    for angle in ordered:
        if angle.visit in pairs[angle.pair]:
            raise DuplicateReadingError(angle.patient, angle.code, angle.visit, films=False)
        pairs[angle.pair][angle.visit] = angle
    first_visit = ordered[0].visit if ordered else ""
    if any(first_visit not in by_visit for by_visit in pairs.values()):
        found = {angle.visit: [] for angle in ordered}  # type: dict[str, list[str]]
        for angle in ordered:
            found[angle.visit].append(f"{angle.upper}-{angle.lower}")
        raise DifferentLevelsError(
            ordered[0].patient,
            ordered[0].code,
            "; ".join(f"{visit} {' and '.join(names)}" for visit, names in found.items()),
        )
    return tuple(tuple(by_visit.values()) for by_visit in pairs.values())
