"""Is this reading possible? What is crossed, swapped, out of order or out of place in its marks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from kyphometer.anatomy import levels_apart
from kyphometer.geometry import NULL_LENGTH, PixelGeometry, Point, cross, segments_cross
from kyphometer.reading.findings import (
    NO_FACTS,
    CornerName,
    Finding,
    FindingCode,
    FindingFacts,
    Severity,
    Unit,
)
from kyphometer.reading.model import Reading
from kyphometer.reading.square import SquareBody, SquarePlate, square_bodies

MIN_ENDPLATE_MM = 8.0
"""Shorter than any vertebral endplate from C3 to S1, child or adult."""
MIN_ENDPLATE_PX = 4.0
MAX_ENDPLATE_MM = 80.0
"""Longer than any endplate, even on a film with 1.5 times magnification."""
MAX_LENGTH_RATIO = 1.7
"""Endplates of one vertebra or of neighbours differ by less."""
MAX_HEIGHT_TO_DEPTH = 1.6
MIN_HEIGHT_TO_DEPTH = 0.12
MAX_DISC_TO_DEPTH = 0.65
MIN_ROOM_TO_DEPTH = 0.35
"""Two levels stand further apart for each level between them."""
MAX_WEDGE_DEG = 50.0
MAX_DEPRESSION_TO_DEPTH = 0.4


def check_reading(
    reading: Reading,
    geometry: PixelGeometry | None = None,
    *,
    bodies: Sequence[SquareBody] | None = None,
) -> tuple[Finding, ...]:
    """All that is impossible or improbable in the marks of a reading, except its facing.

    Checks, cranial to caudal: points outside the film, corners in one place, crossed and reversed
    endplates, superior below inferior, levels out of order, overlapping vertebrae, and sizes that
    no spine has. Facing is `derive_facing`'s.

    Parameters
    ----------
    reading
        The reading to check.
    geometry
        Pixel geometry of its film; None takes pixels as square and of unknown size.
    bodies
        `square_bodies(reading, geometry)`, if the caller has it already.

    Returns
    -------
    findings
        Errors first, then warnings; empty if all is well.
    """
    bodies = square_bodies(reading, geometry) if bodies is None else bodies
    calibrated = geometry is not None and geometry.is_calibrated
    found = [
        *_outside(reading),
        *(item for body in bodies for item in _check_plates(body, calibrated=calibrated)),
        *(item for body in bodies for item in _check_body(body)),
        *_check_order(bodies),
        *_check_neighbours(bodies),
    ]
    return tuple(sorted(found, key=lambda item: item.severity is not Severity.ERROR))


def _error(
    code: FindingCode, corners: Iterable[CornerName], facts: FindingFacts = NO_FACTS
) -> Finding:
    return _finding(code, Severity.ERROR, corners, facts)


def _warning(
    code: FindingCode, corners: Iterable[CornerName], facts: FindingFacts = NO_FACTS
) -> Finding:
    return _finding(code, Severity.WARNING, corners, facts)


def _finding(
    code: FindingCode, severity: Severity, corners: Iterable[CornerName], facts: FindingFacts
) -> Finding:
    named = tuple(corners)
    levels = tuple(dict.fromkeys(level for level, _, _ in named))
    return Finding(code=code, severity=severity, levels=levels, corners=named, facts=facts)


def _ratio(value: float, limit: float) -> FindingFacts:
    return FindingFacts(value=value, limit=limit, unit=Unit.RATIO)


def _rims(*plates: SquarePlate | None) -> Iterator[CornerName]:
    """Both corners of each endplate that is marked."""
    for plate in plates:
        if plate is not None:
            yield plate.level, plate.side, "anterior"
            yield plate.level, plate.side, "posterior"


def _outside(reading: Reading) -> Iterator[Finding]:
    columns, rows = reading.film.columns, reading.film.rows
    for level, side, name, mark in reading.landmarks():
        x, y = mark.xy
        if not (0 <= x <= columns and 0 <= y <= rows):
            yield _error(
                FindingCode.OUTSIDE_FILM,
                [(level, side, name)],
                FindingFacts(x=x, y=y, columns=columns, rows=rows),
            )


def _check_plates(body: SquareBody, *, calibrated: bool) -> Iterator[Finding]:
    shortest = MIN_ENDPLATE_MM if calibrated else MIN_ENDPLATE_PX
    unit = Unit.MM if calibrated else Unit.PX
    for plate in body.plates:
        if plate.length < NULL_LENGTH:
            here = _rims(plate)
            yield _error(FindingCode.CORNERS_COINCIDE, here)
            continue
        if plate.length < shortest:
            yield _error(
                FindingCode.ENDPLATE_SHORT,
                _rims(plate),
                FindingFacts(value=plate.length, limit=shortest, unit=unit),
            )
        if calibrated and plate.length > MAX_ENDPLATE_MM:
            yield _warning(
                FindingCode.ENDPLATE_LONG,
                _rims(plate),
                FindingFacts(value=plate.length, limit=MAX_ENDPLATE_MM, unit=Unit.MM),
            )
        if plate.middle is not None:
            yield from _check_middle(plate, plate.middle)


def _check_middle(plate: SquarePlate, middle: Point) -> Iterator[Finding]:
    ux, uy = plate.vector
    mx, my = middle.x - plate.posterior.x, middle.y - plate.posterior.y
    along = (mx * ux + my * uy) / plate.length**2
    across = abs(cross((ux, uy), (mx, my))) / plate.length**2
    if not 0.05 <= along <= 0.95 or across > MAX_DEPRESSION_TO_DEPTH:
        yield _warning(FindingCode.MIDDLE_MISPLACED, [(plate.level, plate.side, "middle")])


def _check_body(body: SquareBody) -> Iterator[Finding]:
    superior, inferior = body.superior, body.inferior
    if superior is None or inferior is None or min(superior.length, inferior.length) < NULL_LENGTH:
        return
    if segments_cross(superior.posterior, superior.anterior, inferior.posterior, inferior.anterior):
        yield _error(FindingCode.ENDPLATES_CROSS, _rims(superior, inferior))
        return
    u, v = superior.vector, inferior.vector
    if u[0] * v[0] + u[1] * v[1] < 0:
        yield _error(FindingCode.ENDPLATES_OPPOSED, _rims(superior, inferior))
        return
    yield from _check_shape(superior, inferior)


def _check_shape(superior: SquarePlate, inferior: SquarePlate) -> Iterator[Finding]:
    ratio = max(superior.length, inferior.length) / min(superior.length, inferior.length)
    if ratio > MAX_LENGTH_RATIO:
        yield _warning(
            FindingCode.ENDPLATES_UNLIKE, _rims(superior, inferior), _ratio(ratio, MAX_LENGTH_RATIO)
        )
    depth = (superior.length + inferior.length) / 2
    height = math.dist(superior.centre, inferior.centre) / depth
    if not MIN_HEIGHT_TO_DEPTH <= height <= MAX_HEIGHT_TO_DEPTH:
        yield _warning(
            FindingCode.HEIGHT_UNLIKELY,
            _rims(superior, inferior),
            _ratio(height, MAX_HEIGHT_TO_DEPTH if height > 1 else MIN_HEIGHT_TO_DEPTH),
        )
    u, v = superior.vector, inferior.vector
    wedge = abs(math.degrees(math.atan2(cross(u, v), u[0] * v[0] + u[1] * v[1])))
    if wedge > MAX_WEDGE_DEG:
        yield _warning(
            FindingCode.WEDGE_UNLIKELY,
            _rims(superior, inferior),
            FindingFacts(value=wedge, limit=MAX_WEDGE_DEG, unit=Unit.DEG),
        )


def _check_order(bodies: Sequence[SquareBody]) -> Iterator[Finding]:
    """Find swapped endplates and levels out of order."""
    for upper, lower in itertools.pairwise(bodies):
        a, b = upper.centre, lower.centre
        step = (b.x - a.x, b.y - a.y)
        against = [body for body in (upper, lower) if _runs_against(body, step)]
        if len(against) == 2:
            yield _error(FindingCode.LEVELS_SWAPPED, _rims(*upper.plates, *lower.plates))
        elif against:
            yield _error(FindingCode.ENDPLATES_SWAPPED, _rims(*against[0].plates))


def _runs_against(body: SquareBody, step: tuple[float, float]) -> bool:
    if body.superior is None or body.inferior is None:
        return False
    s, i = body.superior.centre, body.inferior.centre
    return (i.x - s.x) * step[0] + (i.y - s.y) * step[1] < 0


def _check_neighbours(bodies: Sequence[SquareBody]) -> Iterator[Finding]:
    marked = {body.level for body in bodies}
    for upper, lower in itertools.pairwise(bodies):
        between = levels_apart(upper.level, lower.level, marked) - 1
        yield from _check_disc(upper, lower, between)


def _check_disc(upper: SquareBody, lower: SquareBody, between: int) -> Iterator[Finding]:
    top, bottom = upper.inferior or upper.superior, lower.superior or lower.inferior
    if top is None or bottom is None or min(top.length, bottom.length) < NULL_LENGTH:
        return
    if segments_cross(top.posterior, top.anterior, bottom.posterior, bottom.anterior):
        here = _rims(top, bottom)
        yield _error(FindingCode.NEIGHBOURS_CROSS, here)
        return
    depth = (top.length + bottom.length) / 2
    gap = math.dist(top.centre, bottom.centre) / depth
    whole = upper.inferior is not None and lower.superior is not None
    if whole and between == 0 and gap > MAX_DISC_TO_DEPTH:
        yield _warning(
            FindingCode.NEIGHBOURS_APART, _rims(top, bottom), _ratio(gap, MAX_DISC_TO_DEPTH)
        )
    roomy = MIN_ROOM_TO_DEPTH * between
    if whole and between >= 1 and gap < roomy:
        yield _warning(
            FindingCode.NEIGHBOURS_CLOSE,
            _rims(top, bottom),
            FindingFacts(value=gap, limit=roomy, unit=Unit.RATIO, count=between),
        )
    ratio = max(top.length, bottom.length) / min(top.length, bottom.length)
    if between == 0 and ratio > MAX_LENGTH_RATIO:
        yield _warning(
            FindingCode.NEIGHBOURS_UNLIKE, _rims(top, bottom), _ratio(ratio, MAX_LENGTH_RATIO)
        )
