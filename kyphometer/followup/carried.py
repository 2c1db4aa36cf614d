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


def carried_change_sd_deg(first: Reading, second: Reading, upper: str, lower: str) -> float | None:
    """Standard uncertainty of how much an angle changed between two films, from a carry-over.

    It is known if the endplates of one reading were carried over from the film of the other, and
    the corners of both lines still lie on both films where they lay then. The lines of two bodies
    err apart from each other; those of one body by their stated correlation.

    Parameters
    ----------
    first, second
        The readings of the two films, in either order.
    upper, lower
        The two lines, for example `L1.superior` and `L1.inferior`.

    Returns
    -------
    sd_deg
        In degrees; None if it is not known, or was and does not hold any more.
    """
    above, below = _line(upper), _line(lower)
    if above is None or below is None:
        return None
    for origin, proposed in ((first, second), (second, first)):
        one, other = (_holding(origin, proposed, line) for line in (above, below))
        if one is not None and other is not None:
            return _sd_deg((one, above), (other, below))
    return None


def carried_change(
    earlier: VisitAngle, later: VisitAngle, readings: Mapping[ReadingKey, Reading]
) -> ChangeUncertainty | None:
    """The same for an angle at two visits, as `CorrectionRules` takes it.

    None for means of several readings, which no carry-over tells about.

    Parameters
    ----------
    readings
        Readings by what `VisitAngle.reading` names.
    """
    first, second = (
        None if angle.reading is None or angle.readings != 1 else readings.get(angle.reading)
        for angle in (earlier, later)
    )
    if first is None or second is None or earlier.pair != later.pair:
        return None
    sd_deg = carried_change_sd_deg(first, second, *earlier.pair)
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
        for earlier, later in combinations(own, 2):
            known = carried_change(earlier, later, readings)
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
        _is_same(body.film, origin.film)
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


def _sd_deg(upper: tuple[CarriedBody, Line], lower: tuple[CarriedBody, Line]) -> float:
    (above, (first_level, first)), (below, (second_level, second)) = upper, lower
    variance = above.covariance_deg2(first, first) + below.covariance_deg2(second, second)
    if first_level is second_level:
        variance -= 2 * above.covariance_deg2(first, second)
    return math.sqrt(max(variance, 0.0))
