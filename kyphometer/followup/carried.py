"""How uncertain a change is whose later marks were carried over from the earlier film.

Here alone is judged whether what a reading keeps about that (`Reading.carried_over`) still holds.
Any doubt means no: the change is then that of two readings made apart.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import UnknownLevelError
from kyphometer.film import FilmReference
from kyphometer.followup.correction import ChangeKey, ChangeUncertainty
from kyphometer.followup.visit_angles import VisitAngle
from kyphometer.geometry import Point
from kyphometer.reading import Endplate, MarkSource, Reading
from kyphometer.reading.carried import CarriedBody

ReadingKey = int | str
Line = tuple[Level, EndplateSide]

CARRIED = "marks carried over"
"""Source of an uncertainty that knows what both marks of a line share."""
SAME_PLACE_PX = 1e-3
"""A corner this near lies where it lay: no reader moves one by so little, files round by less."""


def carried_change_sd_deg(
    first: Reading, second: Reading, upper: str, lower: str, between: Iterable[Reading] = ()
) -> float | None:
    """Standard uncertainty of how much an angle changed between two films, from a carry-over.

    It is known if the endplates of one reading were carried over from the film of the other, and
    the corners of both lines still lie on both films where they lay then. The lines of two bodies
    err apart from each other; those of one body by their stated correlation. Films that were not
    carried from each other may hang together by others: from pre-op to discharge to 6 months the
    variances of the steps are added, on the fewest steps (the steps share the film between them,
    whose errors partly cancel: the sum errs to the cautious side).

    Parameters
    ----------
    first, second
        The readings of the two films, in either order.
    upper, lower
        The two lines, for example `L1.superior` and `L1.inferior`.
    between
        Other readings of the patient by which these two may hang together.

    Returns
    -------
    sd_deg
        In degrees; None if it is not known, or was and does not hold any more.
    """
    above, below = _line(upper), _line(lower)
    if above is None or below is None:
        return None
    reached, waiting = [(first, 0.0)], list(between)
    while reached:
        farther = []
        for reading, variance in reached:
            last = _step_variance_deg2(reading, second, above, below)
            if last is not None:
                return math.sqrt(variance + last)
            for other in tuple(waiting):
                step = _step_variance_deg2(reading, other, above, below)
                if step is not None:
                    waiting.remove(other)
                    farther.append((other, variance + step))
        reached = farther
    return None


def _step_variance_deg2(one: Reading, other: Reading, above: Line, below: Line) -> float | None:
    """Variance of an angle's change between two readings, one carried from the other."""
    for origin, proposed in ((one, other), (other, one)):
        upper, lower = (_holding(origin, proposed, line) for line in (above, below))
        if upper is not None and lower is not None:
            return _variance_deg2((upper, above), (lower, below))
    return None


def carried_change(
    earlier: VisitAngle,
    later: VisitAngle,
    readings: Mapping[ReadingKey, Reading],
    between: Iterable[ReadingKey] = (),
) -> ChangeUncertainty | None:
    """The same for an angle at two visits, as `CorrectionRules` takes it.

    None for means of several readings, which no carry-over tells about.

    Parameters
    ----------
    readings
        Readings by what `VisitAngle.reading` names.
    between
        Names of the patient's other readings, by which the two may hang together.
    """
    first, second = (
        None if angle.reading is None or angle.readings != 1 else readings.get(angle.reading)
        for angle in (earlier, later)
    )
    if first is None or second is None or earlier.pair != later.pair:
        return None
    others = (readings[name] for name in between if name in readings)
    sd_deg = carried_change_sd_deg(first, second, *earlier.pair, between=others)
    if sd_deg is None:
        return None
    return ChangeUncertainty(
        patient=earlier.patient,
        code=earlier.code,
        upper=earlier.upper,
        lower=earlier.lower,
        earlier=earlier.visit,
        later=later.visit,
        standard_uncertainty_deg=sd_deg,
        source=CARRIED,
    )


def carried_changes(
    angles: Iterable[VisitAngle], readings: Mapping[ReadingKey, Reading], visits: Sequence[str]
) -> dict[ChangeKey, ChangeUncertainty]:
    """Every change between two visits that a carry-over tells about, for `CorrectionRules`.

    Parameters
    ----------
    angles
        Angles of any number of patients; what no reading in `readings` belongs to is passed over.
    readings
        Readings by what `VisitAngle.reading` names.
    visits
        Names of the visits in order of time.
    """
    order = {visit: place for place, visit in enumerate(visits)}
    series: dict[tuple[str, ...], list[VisitAngle]] = defaultdict(list)
    for angle in angles:
        if angle.reading in readings and angle.visit in order:
            series[angle.patient, angle.code, *angle.pair].append(angle)
    found = {}
    for own in series.values():
        own.sort(key=lambda angle: order[angle.visit])
        names = [angle.reading for angle in own if angle.reading is not None]
        for earlier, later in combinations(own, 2):
            apart = [name for name in names if name not in (earlier.reading, later.reading)]
            known = carried_change(earlier, later, readings, apart)
            if known is not None:
                found[known.key] = known
    return found


def _line(name: str) -> Line | None:
    """An endplate line by its name; None for walls and other lines that nobody carries over."""
    level, _, part = name.partition(".")
    try:
        return (Level.parse(level), EndplateSide(part))
    except (UnknownLevelError, ValueError):
        return None


def _holding(origin: Reading, proposed: Reading, line: Line) -> CarriedBody | None:
    """What is known about a line carried from one reading to the other, while it holds."""
    level, side = line
    body = proposed.carried_over.get(level)
    there, here = origin.endplate(level, side), proposed.endplate(level, side)
    if body is None or there is None or here is None:
        return None
    known = body.line(side)
    holds = (
        known is not None
        and _is_same(body.film, origin.film)
        and _lies_at(there, known.before)
        and _lies_at(here, known.here)
        and here.anterior.source is here.posterior.source is MarkSource.CARRIED
    )
    return body if holds else None


def _is_same(one: FilmReference, other: FilmReference) -> bool:
    """True if two references name the same film without doubt."""
    if (one.frame, one.rows, one.columns) != (other.frame, other.rows, other.columns):
        return False
    names = (
        (one.sop_instance_uid, other.sop_instance_uid),
        (one.sha256_pixels, other.sha256_pixels),
    )
    known = [(a, b) for a, b in names if a and b]
    return bool(known) and all(a == b for a, b in known)


def _lies_at(plate: Endplate, corners: tuple[Point, Point]) -> bool:
    marks = (plate.anterior.xy, plate.posterior.xy)
    return all(math.dist(*pair) <= SAME_PLACE_PX for pair in zip(marks, corners, strict=True))


def _variance_deg2(upper: tuple[CarriedBody, Line], lower: tuple[CarriedBody, Line]) -> float:
    (above, (first_level, first)), (below, (second_level, second)) = upper, lower
    variance = above.covariance_deg2(first, first) + below.covariance_deg2(second, second)
    if first_level is second_level:
        variance -= 2 * above.covariance_deg2(first, second)
    return max(variance, 0.0)
