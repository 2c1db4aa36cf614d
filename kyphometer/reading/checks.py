"""Is this reading possible? What is crossed, swapped, out of order or out of place in its marks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kyphometer.anatomy import EndplateSide, Level, levels_apart
from kyphometer.geometry import NULL_LENGTH, PixelGeometry, Point, cross, segments_cross
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
MAX_WEDGE_DEG = 50.0
MAX_DEPRESSION_TO_DEPTH = 0.4


CornerName = tuple[Level, EndplateSide, str]
"""A corner by level, endplate, and `anterior`, `middle` or `posterior`."""


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """No number may be given from these marks."""
    WARNING = "warning"
    """Possible, but rare: look again."""


class FindingCode(StrEnum):
    """What a finding says, for programs."""

    OUTSIDE_FILM = "outside_film"
    CORNERS_COINCIDE = "corners_coincide"
    ENDPLATE_SHORT = "endplate_short"
    ENDPLATE_LONG = "endplate_long"
    MIDDLE_MISPLACED = "middle_misplaced"
    ENDPLATES_CROSS = "endplates_cross"
    ENDPLATES_OPPOSED = "endplates_opposed"
    ENDPLATES_UNLIKE = "endplates_unlike"
    ENDPLATES_SWAPPED = "endplates_swapped"
    HEIGHT_UNLIKELY = "height_unlikely"
    WEDGE_UNLIKELY = "wedge_unlikely"
    LEVELS_SWAPPED = "levels_swapped"
    NEIGHBOURS_CROSS = "neighbours_cross"
    NEIGHBOURS_APART = "neighbours_apart"
    NEIGHBOURS_CLOSE = "neighbours_close"
    NEIGHBOURS_UNLIKE = "neighbours_unlike"
    FACING = "facing"
    """Where anterior is cannot be told, or is contradicted; found by `derive_facing`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about the marks that is impossible or improbable.

    Attributes
    ----------
    code
        What it is, for programs.
    severity
        Error (no number from these marks) or warning.
    where
        Which vertebra, endplate or corner, in words.
    message
        What is wrong.
    remedy
        What to do about it.
    levels
        Levels concerned.
    corners
        Corners to look at, each as level, endplate and `anterior`, `middle` or `posterior`.
    """

    code: FindingCode
    severity: Severity
    where: str
    message: str
    remedy: str
    levels: tuple[Level, ...] = ()
    corners: tuple[CornerName, ...] = ()

    def __str__(self) -> str:
        return f"{self.where}: {self.message}; {self.remedy}."


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
    code: FindingCode, where: str, message: str, remedy: str, corners: Iterable[CornerName]
) -> Finding:
    return _finding(code, Severity.ERROR, (where, message, remedy), corners)


def _warning(
    code: FindingCode, where: str, message: str, remedy: str, corners: Iterable[CornerName]
) -> Finding:
    return _finding(code, Severity.WARNING, (where, message, remedy), corners)


def _finding(
    code: FindingCode,
    severity: Severity,
    words: tuple[str, str, str],
    corners: Iterable[CornerName],
) -> Finding:
    where, message, remedy = words
    named = tuple(corners)
    return Finding(
        code=code,
        severity=severity,
        where=where,
        message=message,
        remedy=remedy,
        levels=tuple(dict.fromkeys(level for level, _, _ in named)),
        corners=named,
    )


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
                f"{level} {side} endplate, {name} corner",
                f"({x:.1f}, {y:.1f}) lies outside the film of {columns} x {rows} pixels",
                "mark it on the film, or list the endplate as not measurable",
                [(level, side, name)],
            )


def _check_plates(body: SquareBody, *, calibrated: bool) -> Iterator[Finding]:
    shortest = MIN_ENDPLATE_MM if calibrated else MIN_ENDPLATE_PX
    unit = "mm" if calibrated else "pixels"
    for plate in body.plates:
        if plate.length < NULL_LENGTH:
            here = _rims(plate)
            yield _error(
                FindingCode.CORNERS_COINCIDE,
                plate.name,
                "both corners are in one place",
                "mark them apart",
                here,
            )
            continue
        if plate.length < shortest:
            yield _error(
                FindingCode.ENDPLATE_SHORT,
                plate.name,
                f"its corners are only {plate.length:.1f} {unit} apart, less than any endplate",
                "mark both rims",
                _rims(plate),
            )
        if calibrated and plate.length > MAX_ENDPLATE_MM:
            yield _warning(
                FindingCode.ENDPLATE_LONG,
                plate.name,
                f"its corners are {plate.length:.0f} mm apart, more than any endplate",
                "check the corners and the pixel spacing",
                _rims(plate),
            )
        if plate.middle is not None:
            yield from _check_middle(plate, plate.middle)


def _check_middle(plate: SquarePlate, middle: Point) -> Iterator[Finding]:
    ux, uy = plate.vector
    mx, my = middle.x - plate.posterior.x, middle.y - plate.posterior.y
    along = (mx * ux + my * uy) / plate.length**2
    across = abs(cross((ux, uy), (mx, my))) / plate.length**2
    if not 0.05 <= along <= 0.95 or across > MAX_DEPRESSION_TO_DEPTH:
        yield _warning(
            FindingCode.MIDDLE_MISPLACED,
            plate.name,
            "its middle point does not lie between its corners",
            "move it to the floor of the endplate, half way between the rims",
            [(plate.level, plate.side, "middle")],
        )


def _check_body(body: SquareBody) -> Iterator[Finding]:
    superior, inferior, level = body.superior, body.inferior, body.level
    if superior is None or inferior is None or min(superior.length, inferior.length) < NULL_LENGTH:
        return
    if segments_cross(superior.posterior, superior.anterior, inferior.posterior, inferior.anterior):
        yield _error(
            FindingCode.ENDPLATES_CROSS,
            f"{level}",
            "its superior and inferior endplates cross each other",
            "mark them again",
            _rims(superior, inferior),
        )
        return
    u, v = superior.vector, inferior.vector
    if u[0] * v[0] + u[1] * v[1] < 0:
        yield _error(
            FindingCode.ENDPLATES_OPPOSED,
            f"{level}",
            "its endplates run in opposite directions",
            "anterior and posterior are swapped in one of them: mark it again",
            _rims(superior, inferior),
        )
        return
    yield from _check_shape(level, superior, inferior)


def _check_shape(level: Level, superior: SquarePlate, inferior: SquarePlate) -> Iterator[Finding]:
    ratio = max(superior.length, inferior.length) / min(superior.length, inferior.length)
    if ratio > MAX_LENGTH_RATIO:
        yield _warning(
            FindingCode.ENDPLATES_UNLIKE,
            f"{level}",
            f"one endplate is {ratio:.1f} times as long as the other",
            "check that all corners are on the rims of one vertebra",
            _rims(superior, inferior),
        )
    depth = (superior.length + inferior.length) / 2
    height = math.dist(superior.centre, inferior.centre) / depth
    if not MIN_HEIGHT_TO_DEPTH <= height <= MAX_HEIGHT_TO_DEPTH:
        yield _warning(
            FindingCode.HEIGHT_UNLIKELY,
            f"{level}",
            f"its height is {height:.2f} of its depth, which no vertebra has",
            "check that both endplates belong to one vertebra",
            _rims(superior, inferior),
        )
    u, v = superior.vector, inferior.vector
    wedge = abs(math.degrees(math.atan2(cross(u, v), u[0] * v[0] + u[1] * v[1])))
    if wedge > MAX_WEDGE_DEG:
        yield _warning(
            FindingCode.WEDGE_UNLIKELY,
            f"{level}",
            f"its endplates stand at {wedge:.0f} degrees to each other",
            "check all four corners",
            _rims(superior, inferior),
        )


def _check_order(bodies: Sequence[SquareBody]) -> Iterator[Finding]:
    """Find swapped endplates and levels out of order."""
    for upper, lower in itertools.pairwise(bodies):
        a, b = upper.centre, lower.centre
        step = (b.x - a.x, b.y - a.y)
        against = [body for body in (upper, lower) if _runs_against(body, step)]
        if len(against) == 2:
            yield _error(
                FindingCode.LEVELS_SWAPPED,
                f"{upper.level} and {lower.level}",
                f"{lower.level} lies cranial of {upper.level}",
                "the two labels seem swapped: relabel them",
                _rims(*upper.plates, *lower.plates),
            )
        elif against:
            yield _error(
                FindingCode.ENDPLATES_SWAPPED,
                f"{against[0].level}",
                "its superior endplate lies caudal of its inferior endplate",
                "the two seem swapped: relabel them",
                _rims(*against[0].plates),
            )


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
    where = f"{upper.level} and {lower.level}"
    if segments_cross(top.posterior, top.anterior, bottom.posterior, bottom.anterior):
        here = _rims(top, bottom)
        yield _error(
            FindingCode.NEIGHBOURS_CROSS,
            where,
            "their endplates cross each other",
            "mark them again",
            here,
        )
        return
    depth = (top.length + bottom.length) / 2
    gap = math.dist(top.centre, bottom.centre) / depth
    whole = upper.inferior is not None and lower.superior is not None
    if whole and between == 0 and gap > MAX_DISC_TO_DEPTH:
        yield _warning(
            FindingCode.NEIGHBOURS_APART,
            where,
            f"the disc between them would be {gap:.2f} of its depth high, which no disc is",
            "a vertebra may have been skipped: check the labels",
            _rims(top, bottom),
        )
    if whole and between >= 1 and gap < 0.35 * between:
        yield _warning(
            FindingCode.NEIGHBOURS_CLOSE,
            where,
            f"there is no room between them for the {between} level(s) not marked",
            "a label may be off by one: check the labels",
            _rims(top, bottom),
        )
    ratio = max(top.length, bottom.length) / min(top.length, bottom.length)
    if between == 0 and ratio > MAX_LENGTH_RATIO:
        yield _warning(
            FindingCode.NEIGHBOURS_UNLIKE,
            where,
            f"neighbouring endplates differ in length by a factor of {ratio:.1f}",
            "check that all corners are on the rims",
            _rims(top, bottom),
        )
