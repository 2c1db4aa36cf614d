"""A plain world of another hand: bodies as polygons with every corner displaced on its own.

Nothing here knows anatomy or physics beyond rough sizes. Shapes are drawn far wider than bodies
exist, so that what a corner looks like has to be read there and not from the rest of the body.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from worlds.contour import contours_of_corners
from worlds.paint import paint
from worlds.scene import Scene

Array = NDArray[np.float64]

BODIES = 5
MM = 0.45
"""Size of a pixel."""
FRACTURED = 0.45
"""Part of the bodies that lose height, and then up to so much of it."""
FRONT_LEFT = (0.3, 1.05)
CORNER_SD_MM = ((0.5, 0.75), (1.8, 0.25))
"""How far every corner lies from where the shape would have it, and how often."""
THORACIC_DISC_MM, LUMBAR_DISC_MM = (1.3, 5.0), (2.5, 13.0)


def drawn_scene(seed: int) -> Scene:
    """A picture of five bodies."""
    rng = np.random.default_rng([41, seed])
    lumbar = rng.random() < 0.5
    corners, broken = column(rng, lumbar=lumbar)
    film = (rng.normal(0, 1.0), rng.normal(0, 1.5))
    shapes = [
        contours_of_corners(c, rng, deep=b, film=film) for c, b in zip(corners, broken, strict=True)
    ]
    return paint(shapes, MM, rng, levels=some_levels(rng, lumbar=lumbar), world="drawn")


def some_levels(rng: np.random.Generator, *, lumbar: bool) -> list[Level]:
    """Five levels that such bodies could have."""
    order = [level for level in Level if Level.T1.order <= level.order <= Level.L5.order]
    order = [level for level in order if str(level) != "T13"]
    first = int(rng.integers(8, 13)) if lumbar else int(rng.integers(0, 8))
    return order[first : first + BODIES]


def column(rng: np.random.Generator, *, lumbar: bool) -> tuple[list[Array], list[bool]]:
    """Corners (4, 2) in mm of five bodies above each other, anterior left, and which broke."""
    depth = rng.uniform(26, 40) if lumbar else rng.uniform(20, 34)
    height = depth * rng.uniform(0.62, 0.95)
    gaps = LUMBAR_DISC_MM if lumbar else THORACIC_DISC_MM
    gap, lordosis = rng.uniform(*gaps), rng.uniform(-10, 4) if lumbar else rng.uniform(-3, 6)
    taper = rng.normal(0.02, 0.02)
    placed: list[Array] = []
    broken: list[bool] = []
    for number in range(BODIES):
        lost = bool(rng.random() < FRACTURED)
        body = body_corners(depth * (1 + taper * number), height, rng, broken=lost)
        if placed:
            disc = float(np.clip(gap * np.exp(rng.normal(0, 0.25)), 1.0, 14.0))
            body = below(placed[-1], body, disc, lordosis + rng.normal(0, 3.0))
        placed.append(body)
        broken.append(lost)
    turn = np.radians(rng.normal(0, 12))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return [body @ matrix.T for body in placed], broken


def body_corners(depth: float, height: float, rng: np.random.Generator, *, broken: bool) -> Array:
    """Corners of a body about the origin."""
    depth, back = depth * np.exp(rng.normal(0, 0.04)), height * np.exp(rng.normal(0, 0.05))
    ratio = rng.normal(0.98, 0.07)
    if broken:
        ratio = rng.uniform(*FRONT_LEFT)
        back *= rng.uniform(0.45, 1.0) if rng.random() < 0.3 else rng.uniform(0.85, 1.0)
    elif rng.random() < 0.15:
        ratio = rng.uniform(1.0, 1.3)
    share, lost = rng.uniform(0, 1), back * (1 - ratio)
    longer, lean = rng.normal(0, 0.05, 2) * depth
    corners = np.array(
        [
            [-depth / 2 + longer / 2, -back / 2 + share * lost],
            [depth / 2 - longer / 2, -back / 2],
            [-depth / 2 - longer / 2 + lean, back / 2 - (1 - share) * lost],
            [depth / 2 + longer / 2 + lean, back / 2],
        ]
    )
    sizes, chances = zip(*CORNER_SD_MM, strict=True)
    moved: Array = corners + rng.normal(0, 1, (4, 2)) * rng.choice(sizes, (4, 1), p=chances)
    least = 0.22 * height
    for top, bottom in ((0, 2), (1, 3)):
        missing = least - (moved[bottom, 1] - moved[top, 1])
        if missing > 0:
            moved[bottom, 1] += missing
    return moved


def below(upper: Array, body: Array, gap_mm: float, wedge_deg: float) -> Array:
    """The body turned and moved to lie below another, a disc of that height and wedge between."""
    along = upper[3] - upper[2]
    own = body[1] - body[0]
    angle = np.arctan2(along[1], along[0]) - np.arctan2(own[1], own[0]) + np.radians(wedge_deg)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = body @ matrix.T
    down = np.array([-along[1], along[0]]) / np.hypot(*along)
    middle = (upper[2] + upper[3]) / 2 + gap_mm * down
    placed: Array = turned + middle - (turned[0] + turned[1]) / 2
    nearest = ((placed[:2] - upper[2]) @ down).min()
    return placed + down * max(0.0, 0.6 - nearest)
