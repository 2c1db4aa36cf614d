"""A whole column as contours: drawn bodies, or a real person's outlines with drawn ends.

Sizes and curves are rough and drawn wide. Anterior is left, y points down, lengths in mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from worlds.contour import Contours, contours_of_corners
from worlds.drawn import below, body_corners
from worlds.outlines import Outlines, person_contours

Array = NDArray[np.float64]

NAMES = (
    "C3", "C4", "C5", "C6", "C7",
    "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12",
    "L1", "L2", "L3", "L4", "L5",
)  # fmt: skip
FIRST_THORACIC, FIRST_LUMBAR, LAST = 5, 17, 21
DEPTH_MM = np.interp(np.arange(22), (0, 4, 6, 12, 17, 21), (16, 17, 19, 27, 33, 35))
HEIGHT_MM = np.interp(np.arange(22), (0, 4, 6, 12, 17, 21), (12.5, 13, 15.5, 19.5, 25, 26))
DISC_MM = np.interp(np.arange(22), (0, 4, 6, 12, 17, 20, 21), (5, 5, 3.5, 4.5, 8, 11, 10))
"""Of the disc below each."""
FRACTURED = 0.12
"""Part of the bodies that lose height."""


@dataclass(frozen=True, eq=False)
class Column:
    """Bodies from the neck to the sacrum.

    Attributes
    ----------
    shapes, names
        Contours of each body, and which it is; cranial to caudal.
    s1
        Anterior and posterior corner of the sacrum's endplate, (2, 2).
    """

    shapes: tuple[Contours, ...]
    names: tuple[str, ...]
    s1: Array

    @property
    def levels(self) -> list[Level]:
        return [Level(name) for name in self.names]


def above(lower: Array, body: Array, gap_mm: float, wedge_deg: float) -> Array:
    """The body placed above another: `below` in a mirror that lies flat."""
    flat = np.array([1.0, -1.0])
    order = [2, 3, 0, 1]
    return (below(lower[order] * flat, body[order] * flat, gap_mm, wedge_deg) * flat)[order]


def _body(at: int, size: float, tall: float, rng: np.random.Generator) -> tuple[Array, bool]:
    broken = bool(rng.random() < FRACTURED and at >= FIRST_THORACIC)
    corners = body_corners(size * DEPTH_MM[at], size * tall * HEIGHT_MM[at], rng, broken=broken)
    return corners, broken


@dataclass(frozen=True)
class Curves:
    """Size and bend of one person: turn of every disc in degrees, kyphosis positive."""

    size: float
    tall: float
    discs: float
    turns: Array

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Curves:
        neck, kyphosis, lordosis = rng.uniform(-25, 15), rng.uniform(5, 75), rng.uniform(5, 70)
        turns = np.zeros(22)
        turns[:FIRST_THORACIC] = neck / 5
        turns[FIRST_THORACIC : FIRST_LUMBAR - 1] = kyphosis / 11
        weights = np.array([0.3, 0.6, 0.9, 1.2, 1.5, 1.5])
        turns[FIRST_LUMBAR - 1 :] = -lordosis * weights / weights.sum()
        return cls(
            size=float(np.exp(rng.normal(0, 0.09))),
            tall=float(np.exp(rng.normal(0, 0.07))),
            discs=float(np.exp(rng.normal(-0.1, 0.3))),
            turns=turns + rng.normal(0, 2.0, 22),
        )

    def gap(self, at: int, rng: np.random.Generator) -> float:
        drawn = self.size * self.discs * DISC_MM[at] * np.exp(rng.normal(0, 0.2))
        return float(np.clip(drawn, 1.2, 15.0))


def drawn_column(rng: np.random.Generator) -> Column:
    """A made-up person from C3 to S1."""
    curves = Curves.draw(rng)
    placed: list[Array] = []
    broken = []
    for at in range(22):
        body, lost = _body(at, curves.size, curves.tall, rng)
        if placed:
            body = below(placed[-1], body, curves.gap(at - 1, rng), curves.turns[at - 1])
        placed.append(body)
        broken.append(lost)
    return _upright(_contoured(placed, broken, rng), NAMES, curves, rng)


def real_column(source: Outlines, rng: np.random.Generator) -> Column:
    """A real person's T4 to L4 with drawn bodies above and below."""
    shapes = person_contours(source, rng)
    first, last = NAMES.index("T4"), NAMES.index("L4")
    depth = np.mean([np.hypot(*(s.corners[1] - s.corners[0])) for s in shapes])
    height = np.mean([np.hypot(*(s.corners[3] - s.corners[1])) for s in shapes])
    drawn = Curves.draw(rng)
    size = float(depth / DEPTH_MM[first : last + 1].mean())
    tall = float(height / HEIGHT_MM[first : last + 1].mean()) / size
    curves = Curves(size, tall, drawn.discs, drawn.turns)
    upper: list[Contours] = []
    top = shapes[0].corners
    for at in range(first - 1, -1, -1):
        body, lost = _body(at, size, tall, rng)
        top = above(top, body, curves.gap(at, rng), curves.turns[at])
        upper += _contoured([top], [lost], rng)
    body, lost = _body(LAST, size, tall, rng)
    lowest = below(shapes[-1].corners, body, curves.gap(last, rng), curves.turns[last])
    every = [*upper[::-1], *shapes, *_contoured([lowest], [lost], rng)]
    return _upright(every, NAMES, curves, rng)


def _contoured(
    corners: list[Array], broken: list[bool], rng: np.random.Generator
) -> list[Contours]:
    film = (rng.normal(0, 1.0), rng.normal(0, 1.5))
    return [
        contours_of_corners(c, rng, deep=b, film=film) for c, b in zip(corners, broken, strict=True)
    ]


def _upright(
    shapes: list[Contours], names: tuple[str, ...], curves: Curves, rng: np.random.Generator
) -> Column:
    """The column with its sacrum, turned so that it stands."""
    plate = np.array([[-0.5, 0.0], [0.5, 0.0], [-0.4, 0.9], [0.4, 0.9]]) * DEPTH_MM[-1]
    s1 = below(shapes[-1].corners, plate * curves.size, curves.gap(LAST, rng), curves.turns[LAST])[
        :2
    ]
    along = s1.mean(axis=0) - shapes[FIRST_THORACIC].corners.mean(axis=0)
    turn = np.arctan2(along[0], along[1]) + np.radians(rng.normal(0, 6))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return Column(tuple(_turned(s, matrix) for s in shapes), names, s1 @ matrix.T)


def _turned(shape: Contours, matrix: Array) -> Contours:
    return Contours(
        shape.corners @ matrix.T,
        [line @ matrix.T for line in shape.outlines],
        [(a @ matrix.T, b @ matrix.T) for a, b in shape.plates],
        (shape.walls[0] @ matrix.T, shape.walls[1] @ matrix.T),
        shape.broken,
    )
