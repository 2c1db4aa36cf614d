"""The lines of one body on a picture: both rims, the floor between them, and the walls.

A lateral film shows an endplate as two rims, those of either side of the body, and as its floor.
Each is a closed outline here: the same walls, another superior and inferior line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

T = np.linspace(0.0, 1.0, 21)
"""Where points lie on a line, from the anterior to the posterior corner."""
BEZIER = np.linspace(0.0, 1.0, 6)


@dataclass(frozen=True, eq=False)
class Contours:
    """One body.

    Attributes
    ----------
    corners
        True corners, shape (4, 2), mm.
    outlines
        Closed outlines, each (points, 2): left rim, right rim, floor.
    plates
        Superior and inferior line of each outline, each (points, 2), anterior to posterior.
    walls
        Anterior and posterior wall, each (points, 2), downwards.
    broken
        Whether height was lost.
    """

    corners: Array
    outlines: list[Array]
    plates: list[tuple[Array, Array]]
    walls: tuple[Array, Array]
    broken: bool


def contours_of_corners(
    corners: Array, rng: np.random.Generator, *, deep: bool, film: tuple[float, float]
) -> Contours:
    """Contours of a body whose true corners are known.

    Parameters
    ----------
    corners
        Shape (4, 2), mm, anterior left.
    rng
        Source of everything else.
    deep
        Whether its endplates may be dented.
    film
        Offset (mm) and tilt (degrees) between both rims that the whole film shares.
    """
    offset, tilt = film[0] + rng.normal(0, 0.5), np.radians(film[1] + rng.normal(0, 1.0))
    radius = rng.uniform(0.2, 3.0, 4)
    waist = rng.uniform(0, 3.0, 2)
    height = min(corners[2, 1] - corners[0, 1], corners[3, 1] - corners[1, 1])
    sag = [_sag(height, rng, deep=deep) for _ in range(2)]
    rim = rng.uniform(0.0, 0.5)
    outlines, plates = [], []
    walls: tuple[Array, Array] | None = None
    for side, depth in ((-0.5, rim), (0.5, rim), (0.0, 1.0)):
        moved = _shifted(corners, side * offset, side * tilt)
        lines = _plates(_sharp(moved, radius), [depth * s for s in sag])
        walls = _walls(_sharp(moved, radius), waist)
        outline, rounded = _closed(lines, walls, radius)
        outlines.append(outline)
        plates.append(rounded)
    assert walls is not None
    return Contours(corners, outlines, plates, walls, deep)


def _sag(height: float, rng: np.random.Generator, *, deep: bool) -> Array:
    """How far an endplate's floor lies inside the line between its corners, at `T`."""
    depth = rng.uniform(0.0, 0.33) * height if deep and rng.random() < 0.5 else rng.uniform(0, 3.5)
    depth = min(depth, 0.33 * height)
    at = rng.uniform(0.3, 0.8)
    curve = np.sin(np.pi * T ** (np.log(0.5) / np.log(at))) ** rng.uniform(0.6, 2.2)
    wave = rng.normal(0, 0.5) * np.sin(2 * np.pi * T) if rng.random() < 0.3 else 0.0
    sagged: Array = depth * curve + wave
    return sagged


def _shifted(corners: Array, offset: float, tilt: float) -> Array:
    """Corners of one side: up or down, and turned about the middle of each endplate."""
    moved = corners.copy()
    for rows in (slice(0, 2), slice(2, 4)):
        pair = corners[rows]
        along = pair[1] - pair[0]
        down = np.array([-along[1], along[0]]) / np.hypot(*along)
        reach = np.hypot(*along) / 2 * np.tan(tilt)
        moved[rows] = pair + down * (offset + np.array([[-reach], [reach]]))
    return moved


def _sharp(corners: Array, radius: Array) -> Array:
    """Where plates and walls would meet were the corners not rounded.

    A corner rounded by a quadratic Bezier curve of arm r has its apex a quarter of r inwards along
    both borders: the apex is the truth.
    """
    sharp = np.empty_like(corners)
    for corner, (plate, wall) in enumerate(((1, 2), (0, 3), (3, 0), (2, 1))):
        for other in (plate, wall):
            arm = corners[other] - corners[corner]
            step = radius[corner] / 4 * arm / np.hypot(*arm)
            sharp[corner] = (corners[corner] if other == plate else sharp[corner]) - step
    return sharp


def _plates(corners: Array, sag: list[Array]) -> tuple[Array, Array]:
    lines = []
    for first, inwards in ((0, 1.0), (2, -1.0)):
        a, b = corners[first], corners[first + 1]
        along = b - a
        down = np.array([-along[1], along[0]]) / np.hypot(*along)
        lines.append(a + T[:, None] * along + inwards * sag[first // 2][:, None] * down)
    return lines[0], lines[1]


def _walls(corners: Array, waist: Array) -> tuple[Array, Array]:
    walls = []
    for top, bottom, inwards in ((0, 2, 1.0), (1, 3, -1.0)):
        a, b = corners[top], corners[bottom]
        along = b - a
        across = np.array([along[1], -along[0]]) / np.hypot(*along) * inwards
        bow = waist[top] * np.sin(np.pi * T[::2])
        walls.append(a + T[::2, None] * along + bow[:, None] * across)
    return walls[0], walls[1]


def _closed(
    plates: tuple[Array, Array], walls: tuple[Array, Array], radius: Array
) -> tuple[Array, tuple[Array, Array]]:
    """The closed outline with rounded corners, and its superior and inferior part."""
    superior, inferior = plates
    anterior, posterior = walls
    sa = _corner(superior[0], anterior, superior, radius[0])
    sp = _corner(superior[-1], superior[::-1], posterior, radius[1])
    ip = _corner(inferior[-1], posterior[::-1], inferior[::-1], radius[3])
    ia = _corner(inferior[0], inferior, anterior[::-1], radius[2])
    top = np.concatenate((sa, _between(superior, radius[0], radius[1]), sp))
    bottom = np.concatenate((ip, _between(inferior, radius[2], radius[3])[::-1], ia))
    front = _between(anterior, radius[0], radius[2])[::-1]
    back = _between(posterior, radius[1], radius[3])
    return np.concatenate((top, back, bottom, front)), (top, bottom[::-1])


def _corner(vertex: Array, before: Array, after: Array, radius: float) -> Array:
    """A quadratic Bezier curve round a vertex, from the line before to the line after."""
    start, end = (_from(vertex, line, radius) for line in (before, after))
    t = BEZIER[:, None]
    curve: Array = (1 - t) ** 2 * start + 2 * t * (1 - t) * vertex + t**2 * end
    return curve


def _from(vertex: Array, line: Array, distance: float) -> Array:
    """The point of a line that begins at a vertex, so far along its chord."""
    along = line[-1] - line[0]
    point: Array = vertex + distance * along / np.hypot(*along)
    return point


def _between(line: Array, first: float, last: float) -> Array:
    """The points of a line further from its ends than the rounding reaches."""
    start, end = np.hypot(*(line - line[0]).T), np.hypot(*(line - line[-1]).T)
    return line[(start > first) & (end > last)]
