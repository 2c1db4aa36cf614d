"""Where the endplates of a placed column lie on the detector: the truth, and the silhouette.

Truth is the rounded rim's apex in the mid-sagittal plane (`CornerRule.RIM_CHORD`). The silhouette
is the outermost visible contour (`CornerRule.OUTER_CONTOUR`), which differs from it in oblique
views.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.film import FilmReference
from kyphometer.geometry import Facing, Point
from kyphometer.phantom.beam import Beam, Window
from kyphometer.phantom.body import APEX, floor_middle_mm, rim_apex_mm
from kyphometer.phantom.column import PlacedVertebra
from kyphometer.reading import (
    CornerRule,
    Endplate,
    Landmark,
    MarkSource,
    NotMeasurable,
    Reading,
    Vertebra,
)

SIX_POINTS = ("anterior", "middle", "posterior")
"""Order of the points of an endplate in arrays."""


def endplate_points_mm(
    placed: PlacedVertebra, side: EndplateSide, beam: Beam
) -> NDArray[np.float64]:
    """Detector positions in mm of anterior apex, middle of the floor and posterior apex; (3, 2)."""
    anterior, posterior = rim_apex_mm(placed.body, side)
    middle = floor_middle_mm(placed.body, side, (anterior[0] + posterior[0]) / 2)
    local = np.stack([anterior, middle, posterior])
    return beam.project(placed.pose.to_world(local))


def silhouette_points_mm(
    placed: PlacedVertebra, side: EndplateSide, beam: Beam
) -> NDArray[np.float64]:
    """As `endplate_points_mm`, with the corners of the outermost contour."""
    points = endplate_points_mm(placed, side, beam)
    ring = beam.project(placed.pose.to_world(_rim_ring_mm(placed, side)))
    a = np.radians(placed.pose.pitch_deg)
    forward, down = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)])
    outwards = -down if side is EndplateSide.SUPERIOR else down
    for index, way in ((0, forward), (2, -forward)):
        points[index] = ring[np.argmax(ring @ (way + outwards))]
    return points


def _rim_ring_mm(placed: PlacedVertebra, side: EndplateSide) -> NDArray[np.float64]:
    """Local points along the rounded rim all round the endplate, shape (N, 3)."""
    body = placed.body
    plate = body.endplate(side)
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    n = np.where(c > 0, body.exponent_anterior, body.exponent_posterior)
    radius = np.where(c > 0, plate.radius_anterior_mm, plate.radius_posterior_mm)
    rho = 1 - APEX * radius / (body.depth_mm / 2)
    reach = rho / (np.abs(c) ** n + np.abs(s) ** n) ** (1 / n)
    x, z = reach * c * body.depth_mm / 2, reach * s * body.half_width_mm
    y = body.surface(side, x, z, rho)
    return np.stack([x, y, z], axis=-1)


def six_points_px(
    column: tuple[PlacedVertebra, ...], beam: Beam, window: Window, *, silhouette: bool = False
) -> dict[Level, NDArray[np.float64]]:
    """Film coordinates by level, shape (2, 3, 2): endplate, point, (x, y).

    Endplates are superior, inferior; points as `SIX_POINTS`. Anterior is at image right.
    """
    points = silhouette_points_mm if silhouette else endplate_points_mm
    return {
        placed.level: window.to_pixels(
            np.stack([points(placed, side, beam) for side in EndplateSide])
        )
        for placed in column
    }


def reading_from_points(
    points_px: dict[Level, NDArray[np.float64]],
    film: FilmReference,
    facing: Facing,
    *,
    corner_rule: CornerRule = CornerRule.RIM_CHORD,
    fractured_levels: tuple[Level, ...] = (),
    field_px: tuple[float, float, float, float] | None = None,
    observer: str = "truth",
) -> Reading:
    """A reading with source `truth` from film coordinates as `six_points_px` gives them.

    Endplates with a corner or their floor outside the film (or `field_px`: left, top, right,
    bottom) are listed as not measurable; levels that lie outside altogether are left out. S1 has
    its superior endplate only.
    """
    field = field_px or (0.0, 0.0, float(film.columns), float(film.rows))
    vertebrae, missing = {}, []
    for level, both in points_px.items():
        plates: dict[EndplateSide, Endplate] = {}
        for side, points in zip(EndplateSide, both, strict=True):
            if level is Level.S1 and side is EndplateSide.INFERIOR:
                continue
            seen = _inside(points, field)
            if seen.all():
                plates[side] = _endplate(points)
            elif seen.any():
                missing.append(NotMeasurable(level=level, endplate=side, reason="outside film"))
        if plates:
            vertebrae[level] = Vertebra(
                level=level,
                superior=plates.get(EndplateSide.SUPERIOR),
                inferior=plates.get(EndplateSide.INFERIOR),
            )
    return Reading(
        film=film,
        vertebrae=vertebrae,
        facing=facing,
        observer=observer,
        fractured_levels=tuple(level for level in fractured_levels if level in vertebrae),
        corner_rule=corner_rule,
        not_measurable=tuple(missing),
    )


def _inside(
    points: NDArray[np.float64], field: tuple[float, float, float, float]
) -> NDArray[np.bool_]:
    """Which points lie inside a rectangle."""
    x, y = points[:, 0], points[:, 1]
    left, top, right, bottom = field
    across: NDArray[np.bool_] = (x > left) & (x < right)
    return across & (y > top) & (y < bottom)


def _endplate(points: NDArray[np.float64]) -> Endplate:
    marks = [Landmark(xy=Point(float(x), float(y)), source=MarkSource.TRUTH) for x, y in points]
    return Endplate(anterior=marks[0], middle=marks[1], posterior=marks[2])
