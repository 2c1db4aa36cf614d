"""Two endplates as the four points of the Cobb angle tool of cornerstone3D (OHIF).

That tool measures again what it is given, between directions that it takes from the two closest
ends of the two segments. Where those lie on opposite sides of the column it shows 180 degrees
minus the angle. Its four points therefore lie on the lines of the endplates, but where they lie on
them is chosen so that the tool shows what was measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kyphometer.geometry import Point

Segment = tuple[Point, Point]
Polyline = NDArray[np.float64]

_WIDTHS = np.linspace(1.0, 0.05, 20)
_PLACES = np.linspace(0.0, 1.0, 21)
_AGREES_DEG = 0.01
_CLEAR_PX = 0.05
"""How much closer the two closest ends must be than any others, whatever is rounded."""


def tool_angle_deg(points: Polyline) -> float:
    """Angle that the tool shows, between 0 and 180 degrees.

    Parameters
    ----------
    points
        Two segments one after the other, shape (4, 2), in square pixels.
    """
    ends = points.astype(np.float64)
    gaps = {(i, j): float(np.hypot(*(ends[i] - ends[j]))) for i in (0, 1) for j in (2, 3)}
    i, j = min(gaps, key=lambda pair: gaps[pair])
    first = ends[i] - ends[1 - i]
    second = ends[j] - ends[5 - j]
    cross = first[0] * second[1] - first[1] * second[0]
    return math.degrees(math.atan2(abs(cross), float(first @ second)))


def tool_points(upper: Segment, lower: Segment, rows: int, columns: int) -> Polyline | None:
    """Four points on the lines of two endplates for which the tool shows their angle.

    Parameters
    ----------
    upper, lower
        The endplates, both from posterior to anterior, in square pixels.
    rows, columns
        Size of the film, which the points do not leave.

    Returns
    -------
    points
        Upper anterior and posterior, lower posterior and anterior, shape (4, 2), as single
        precision stores them; None if there are none.
    """
    first, second = (np.array(line, dtype=np.float64)[::-1] for line in (upper, lower))
    wanted = _between_deg(first, second)
    for points in _candidates(first, second):
        inside = (points >= 0).all() and (points <= (columns, rows)).all()
        if inside and _clear(points) and abs(tool_angle_deg(points) - wanted) < _AGREES_DEG:
            return points
    return None


def _between_deg(first: Polyline, second: Polyline) -> float:
    d, e = first[1] - first[0], second[1] - second[0]
    return math.degrees(math.atan2(abs(d[0] * e[1] - d[1] * e[0]), float(d @ e)))


def _clear(points: Polyline) -> bool:
    """True if the two closest ends are closer than any others that would turn the angle over."""
    gap = {(i, j): float(np.hypot(*(points[i] - points[j]))) for i in (0, 1) for j in (2, 3)}
    return min(gap[0, 3], gap[1, 2]) + _CLEAR_PX < min(gap[0, 2], gap[1, 3])


def _candidates(first: Polyline, second: Polyline) -> Iterator[Polyline]:
    """The endplates themselves, then both slid along their lines to an interval that they share.

    The interval lies along the bisector of the two, of any width and place up to what both cover
    together, the widest first.
    """
    yield _stored(np.concatenate([first, second[::-1]]))
    directions = [(line[1] - line[0]) / np.hypot(*(line[1] - line[0])) for line in (first, second)]
    middle = directions[0] + directions[1]
    if float(np.hypot(*middle)) < 1e-9:
        return
    middle /= np.hypot(*middle)
    places = np.concatenate([first, second]) @ middle
    low, span = float(places.min()), float(np.ptp(places))
    for width in _WIDTHS * span:
        for start in low + _PLACES * (span - width):
            slid = [
                [line[0] + (place - line[0] @ middle) / (along @ middle) * along
                 for place in (start, start + width)]
                for line, along in zip((first, second), directions, strict=True)
            ]  # fmt: skip
            yield _stored(np.array([*slid[0], *slid[1][::-1]]))


def _stored(points: Polyline) -> Polyline:
    return points.astype(np.float32).astype(np.float64)
