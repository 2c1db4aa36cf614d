"""Two films of one made-up or real person in the painted worlds, to learn changes from.

Between them broken bodies may get a part of their height back, discs change a little, the person
stands otherwise, and everything that is painted over the bodies is drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worlds.contour import contours_of_corners
from worlds.drawn import BODIES, CORNER_SD_MM, LUMBAR_DISC_MM, THORACIC_DISC_MM, below, some_levels
from worlds.outlines import CHAIN, MM, Outlines, chain_after, random_loss
from worlds.paint import paint
from worlds.scene import Scene

Array = NDArray[np.float64]

PIXEL_MM = 0.45
BROKEN = 0.45
"""Part of the bodies that lost height before the first film."""
FRONT_LEFT = (0.3, 1.0)


@dataclass(frozen=True, eq=False)
class Shape:
    """A body that can stand as it was broken or with height given back.

    Attributes
    ----------
    whole
        Corners (4, 2) before it broke, mm, about the origin.
    lost
        What each moved when it broke, (4, 2).
    broken
        Whether it did.
    """

    whole: Array
    lost: Array
    broken: bool

    def standing(self, given_back: float) -> Array:
        """Corners with that part of the height given back."""
        corners: Array = self.whole + (1 - given_back) * self.lost
        return corners


def drawn_visits(seed: int) -> tuple[Scene, Scene]:
    """Two pictures of five drawn bodies."""
    rng = np.random.default_rng([43, seed, 0])
    lumbar = bool(rng.random() < 0.5)
    levels = some_levels(rng, lumbar=lumbar)
    shapes = _shapes(rng, lumbar=lumbar)
    back = [_given_back(rng) for _ in shapes]
    discs = _discs(rng, lumbar=lumbar)
    scenes = []
    for visit in range(2):
        own = np.random.default_rng([43, seed, 1 + visit])
        standing = [s.standing(visit * b) for s, b in zip(shapes, back, strict=True)]
        film = (own.normal(0, 1.0), own.normal(0, 1.5))
        contours = [
            contours_of_corners(
                corners, np.random.default_rng([43, seed, 9, n]), deep=shapes[n].broken, film=film
            )
            for n, corners in enumerate(_stacked(standing, discs, own))
        ]
        scenes.append(paint(contours, PIXEL_MM, own, levels=levels, world="drawn"))
    return scenes[0], scenes[1]


def outline_visits(source: Outlines, seed: int) -> tuple[Scene, Scene]:
    """Two pictures of five neighbouring bodies of one real person."""
    rng = np.random.default_rng([44, seed, 0])
    person, first = source.starts[int(rng.choice(len(source.starts), p=source.chances))]
    mm = rng.uniform(*MM)
    losses = [random_loss(rng) if rng.random() < BROKEN else None for _ in range(CHAIN)]
    back = [_given_back(rng) for _ in range(CHAIN)]
    scenes = []
    for visit in range(2):
        own = np.random.default_rng([44, seed, 1 + visit])
        left = [
            None if loss is None else loss.part(1 - visit * b)
            for loss, b in zip(losses, back, strict=True)
        ]
        shapes = chain_after(
            source, person, range(first, first + CHAIN), left, np.array([mm, mm]), bend=own
        )
        levels = list(source.levels[first : first + CHAIN])
        scenes.append(paint(shapes, PIXEL_MM, own, levels=levels, world="outlines"))
    return scenes[0], scenes[1]


def _given_back(rng: np.random.Generator) -> float:
    return float(rng.uniform(0, 1)) if rng.random() < 0.6 else 0.0


def _discs(rng: np.random.Generator, *, lumbar: bool) -> list[tuple[float, float]]:
    """Height (mm) and wedge (degrees) of the disc above each body but the first."""
    gap = rng.uniform(*(LUMBAR_DISC_MM if lumbar else THORACIC_DISC_MM))
    lordosis = rng.uniform(-10, 4) if lumbar else rng.uniform(-3, 6)
    return [
        (float(np.clip(gap * np.exp(rng.normal(0, 0.25)), 1.0, 14.0)), lordosis + rng.normal(0, 3))
        for _ in range(BODIES - 1)
    ]


def _shapes(rng: np.random.Generator, *, lumbar: bool) -> list[Shape]:
    depth = rng.uniform(26, 40) if lumbar else rng.uniform(20, 34)
    height = depth * rng.uniform(0.62, 0.95)
    taper = rng.normal(0.02, 0.02)
    return [_shape(depth * (1 + taper * n), height, rng) for n in range(BODIES)]


def _shape(depth: float, height: float, rng: np.random.Generator) -> Shape:
    broken = bool(rng.random() < BROKEN)
    depth, back = depth * np.exp(rng.normal(0, 0.04)), height * np.exp(rng.normal(0, 0.05))
    front = back * rng.normal(0.98, 0.06)
    longer, lean = rng.normal(0, 0.05, 2) * depth
    whole = np.array(
        [
            [-depth / 2 + longer / 2, -front / 2],
            [depth / 2 - longer / 2, -back / 2],
            [-depth / 2 - longer / 2 + lean, front / 2],
            [depth / 2 + longer / 2 + lean, back / 2],
        ]
    )
    sizes, chances = zip(*CORNER_SD_MM, strict=True)
    whole += rng.normal(0, 1, (4, 2)) * rng.choice(sizes, (4, 1), p=chances)
    lost = np.zeros((4, 2))
    if broken:
        share = rng.uniform(0, 1)
        gone = front * (1 - rng.uniform(*FRONT_LEFT))
        behind = rng.uniform(0, 0.4) * gone if rng.random() < 0.3 else 0.0
        lost[:, 1] = (share * gone, share * behind, -(1 - share) * gone, -(1 - share) * behind)
    return Shape(whole, lost, broken)


def _stacked(
    bodies: list[Array], discs: list[tuple[float, float]], rng: np.random.Generator
) -> list[Array]:
    """Bodies above each other, the discs a little otherwise on every film."""
    placed = [bodies[0]]
    for body, (gap, wedge) in zip(bodies[1:], discs, strict=True):
        now = float(np.clip(gap * np.exp(rng.normal(0, 0.08)), 1.0, 14.0))
        placed.append(below(placed[-1], body, now, wedge + rng.normal(0, 1.5)))
    turn = np.radians(rng.normal(0, 12))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return [body @ matrix.T for body in placed]
