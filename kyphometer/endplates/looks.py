"""How far an assisted angle moves with the look of the film: a figure that needs no truth.

The same clicks are refined on the same film as eight displays would show it, turned and scaled in
four ways. What the answer then moves by is error that no reader caused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.endplates.corners import line_directions_deg, square_factors, vertebra_corners
from kyphometer.endplates.refine import refine
from kyphometer.endplates.tone import bone_sign
from kyphometer.film import Film, FilmHeader, FilmReference, Rendering
from kyphometer.geometry import Facing, PixelGeometry, Point
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra
from kyphometer.reading.facing import derive_facing

Array = NDArray[np.float64]
Image = NDArray[np.float32]

TURNS = ((0.0, 1.0), (7.0, 1.0), (-7.0, 1.0), (0.0, 1.25))
"""Turn in degrees and scale."""
LOOKS = 8
TRIED = LOOKS * len(TURNS)
LEAST = 8
"""With fewer answers nothing is said of a body."""
MARGIN = 3.0
"""Of the film around the marks, in body depths."""
CONTRAST = 0.5
"""Percentiles of the grey values that count as darkest and brightest, from either end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How one body's angle moves with the look of its film.

    Attributes
    ----------
    level
        The body.
    sd_deg
        SD of VKA over all looks and turns where both endplates were moved, degrees; NaN if in
        fewer than eight.
    moved
        Part of the looks and turns where they were.
    """

    level: Level
    sd_deg: float
    moved: float


def stability(
    film: Film, reading: Reading, *, geometry: PixelGeometry | None = None
) -> tuple[Stability, ...]:
    """SD of VKA of every whole body of a reading over looks of its film, the marks as clicks.

    Parameters
    ----------
    film
        With its pixels.
    reading
        What was clicked; bodies with one endplate are left out.
    geometry
        To use instead of the film's own.

    Raises
    ------
    FacingError
        If the reading does not tell where anterior is.
    """
    used = geometry or film.geometry
    facing = reading.facing or derive_facing(reading)
    whole = {level: v for level, v in reading.vertebrae.items() if len(v.endplates) == 2}
    if not whole:
        return ()
    image, clicks = _part(film, whole, square_factors(used))
    found: dict[Level, list[float]] = {level: [] for level in whole}
    for picture, matrix, scale in shown(image):
        seen = _film_of(picture, used, scale)
        for level, corners in clicks.items():
            click = _vertebra(level, moved(corners, matrix))
            angle = _vka(seen, click, facing)
            if angle is not None:
                found[level].append(angle)
    return tuple(
        Stability(
            level=level,
            sd_deg=float(np.std(angles, ddof=1)) if len(angles) >= LEAST else float("nan"),
            moved=len(angles) / TRIED,
        )
        for level, angles in found.items()
    )


def shown(image: Image) -> Iterator[tuple[Image, Array, float]]:
    """Every look of a picture (values about 0 to 1) in every turn.

    Yields the picture, the matrix (2, 3) that takes pixels (outer edge 0, see `moved`) of the
    original to its own, and its scale.
    """
    rng = np.random.default_rng(81)
    for turn, scale in TURNS:
        for look in _looks(image, rng):
            picture, matrix = _turned(look, turn, scale)
            yield picture, matrix, scale


def moved(points: Array, matrix: Array) -> Array:
    """Pixel coordinates (outer edge 0) under a matrix of `shown`."""
    out: Array = (points - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    return out


def _looks(image: Image, rng: np.random.Generator) -> Iterator[Image]:
    """As it is, two gammas, equalised, blurred, noisy, sharpened, JPEG."""
    clipped: Image = np.clip(image, 0, 1)
    eight = (clipped * 255).astype(np.uint8)
    yield image
    yield np.power(clipped, np.float32(0.6), dtype=np.float32)
    yield np.power(clipped, np.float32(1.6), dtype=np.float32)
    equalised = cv2.createCLAHE(3.0, (6, 6)).apply(eight)
    yield np.asarray(equalised, np.float32) / np.float32(255)
    yield np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), np.float32)
    yield image + rng.normal(0, 0.02, image.shape).astype(np.float32)
    yield image + (image - np.asarray(cv2.GaussianBlur(image, (0, 0), 3.0), np.float32))
    _, code = cv2.imencode(".jpg", eight, (cv2.IMWRITE_JPEG_QUALITY, 60))
    decoded = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)
    yield np.asarray(decoded, np.float32) / np.float32(255)


def _turned(image: Image, turn_deg: float, scale: float) -> tuple[Image, Array]:
    """The picture turned about its middle and scaled, and the matrix (2, 3) for its pixels."""
    rows, columns = image.shape
    middle = (columns / 2 - 0.5, rows / 2 - 0.5)
    matrix: Array = np.asarray(cv2.getRotationMatrix2D(middle, turn_deg, scale), np.float64)
    matrix[:, 2] += (scale - 1) / 2 * np.array([columns, rows])
    out = cv2.warpAffine(
        image,
        matrix,
        (round(columns * scale), round(rows * scale)),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(out, np.float32), matrix


def _part(
    film: Film, whole: dict[Level, Vertebra], factors: Array
) -> tuple[Image, dict[Level, Array]]:
    """The film around the marks, bone bright and about 0 to 1, and the marks in its pixels."""
    marks = {level: _corners(vertebra) for level, vertebra in whole.items()}
    every = np.concatenate(list(marks.values()))
    depth = np.mean([np.hypot(*((m[1] - m[0]) * factors)) for m in marks.values()])
    margin = MARGIN * depth / factors
    size = np.array(film.shape[::-1])
    low = np.clip(np.floor(every.min(axis=0) - margin), 0, size - 1).astype(int)
    high = np.clip(np.ceil(every.max(axis=0) + margin), low + 1, size).astype(int)
    part = film.pixels[low[1] : high[1], low[0] : high[0]].astype(np.float32) * bone_sign(film)
    dark, bright = np.percentile(part, (CONTRAST, 100 - CONTRAST))
    image = (part - np.float32(dark)) / max(float(bright - dark), 1e-6)
    return image.astype(np.float32), {level: corners - low for level, corners in marks.items()}


def _corners(vertebra: Vertebra) -> Array:
    """Marks (4, 2) in pixels, in the order of the package."""
    plates = (vertebra.superior, vertebra.inferior)
    return np.array([m.xy for p in plates if p is not None for m in (p.anterior, p.posterior)])


def _vertebra(level: Level, corners: Array) -> Vertebra:
    marks = [Landmark(xy=Point(float(x), float(y))) for x, y in corners]
    return Vertebra(
        level=level,
        superior=Endplate(anterior=marks[0], posterior=marks[1]),
        inferior=Endplate(anterior=marks[2], posterior=marks[3]),
    )


def _film_of(picture: Image, geometry: PixelGeometry, scale: float) -> Film:
    """A picture as a film of unsigned 16-bit values, bone bright."""
    low, high = np.percentile(picture, (0.05, 99.95))
    stored = np.clip((picture - low) / max(float(high - low), 1e-6), 0, 1) * 60000
    rows, columns = picture.shape
    header = FilmHeader(
        reference=FilmReference(rows=rows, columns=columns),
        geometry=replace(
            geometry,
            row_mm=geometry.row_mm and geometry.row_mm / scale,
            column_mm=geometry.column_mm and geometry.column_mm / scale,
        ),
        rendering=Rendering(bits_stored=16),
    )
    return Film(header=header, pixels=stored.astype(np.uint16))


def _vka(film: Film, click: Vertebra, facing: Facing) -> float | None:
    """The refined body's angle; None where an endplate kept its click."""
    done = refine(film, click, facing=facing)
    if len(done.accepted) < 2:
        return None
    corners = vertebra_corners(done.vertebra, square_factors(film.geometry), facing.sign)
    if corners is None:
        return None
    upper, lower = line_directions_deg(corners)
    return float((lower - upper + 180) % 360 - 180)
