"""The painted world with bodies of real people: outlines of lateral densitometer views.

Source: public-use files of NHANES 2013-2014 (National Center for Health Statistics), made into one
array file that is no part of this project and is read from a path. `outline` holds tenths of a
pixel, x to the right (anterior), y down, 93 points a body from T4 to L4. One person in five is
never drawn for training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from worlds.contour import Contours
from worlds.paint import paint
from worlds.scene import Scene

Array = NDArray[np.float64]

CHAIN = 5
CORNERS = (8, 11, 9, 10)
"""Superior anterior, superior posterior, inferior anterior, inferior posterior (means)."""
RIMS = ((0, 6, 2, 4), (1, 7, 3, 5))
"""The same corners of one rim and of the other."""
SUPERIOR = (slice(66, 73), slice(73, 80), slice(80, 93))
INFERIOR = (slice(23, 30), slice(30, 37), slice(37, 52))
"""Inner, outer, mean line of the endplates."""
ANTERIOR, POSTERIOR = slice(12, 23), (slice(52, 59), slice(59, 66))
MM = (0.37, 0.46)
"""Millimetres a pixel along the column."""
ACROSS = (0.88, 1.12)
"""Times that across it."""
ALTERED = 0.5
"""Part of the bodies that lose more height."""
OFTEN = 25.0
"""How much more often a chain with a graded fracture is drawn."""
KEPT_OUT = 5
"""Of so many people one is kept for tests."""


@dataclass(frozen=True, eq=False)
class Outlines:
    """Chains of five bodies.

    Attributes
    ----------
    points
        Shape (people, levels, 93, 2), pixels, anterior left.
    graded
        Genant's grade, shape (people, levels).
    levels
        The levels.
    starts
        Person and first level of each whole chain, shape (chains, 2).
    chances
        How likely each is drawn.
    """

    points: NDArray[np.float32]
    graded: NDArray[np.int_]
    levels: tuple[Level, ...]
    starts: NDArray[np.int_]
    chances: Array

    @classmethod
    def read(cls, path: Path, *, kept_out: bool = False) -> Outlines:
        """From the array file; the people kept for tests, or all others."""
        with np.load(path) as stored:
            points = stored["outline"].astype(np.float32) / 10
            whole = stored["valid"].astype(bool) & (points > -900).all(axis=(2, 3))
            graded = stored["genant"].astype(int)
            levels = tuple(Level(str(name)) for name in stored["level"])
        points[..., 0] *= -1
        tested = np.arange(len(points)) % KEPT_OUT == 0
        whole &= (tested if kept_out else ~tested)[:, None]
        runs = np.lib.stride_tricks.sliding_window_view(whole, CHAIN, axis=1).all(axis=2)
        starts = np.argwhere(runs)
        broken = np.array([graded[p, s : s + CHAIN].max() >= 1 for p, s in starts])
        weights = np.where(broken, OFTEN, 1.0)
        return cls(points, graded, levels, starts, weights / weights.sum())


def outline_scene(source: Outlines, seed: int) -> Scene:
    """A picture of five neighbouring bodies of one person, half of them further broken."""
    rng = np.random.default_rng([42, seed])
    person, first = source.starts[int(rng.choice(len(source.starts), p=source.chances))]
    shapes = _chain(source, person, range(first, first + CHAIN), rng)
    levels = list(source.levels[first : first + CHAIN])
    return paint(shapes, 0.45, rng, levels=levels, world="outlines")


def person_contours(source: Outlines, rng: np.random.Generator) -> list[Contours]:
    """Every body of one person seen whole, some of them further broken."""
    starts, counts = np.unique(source.starts[:, 0], return_counts=True)
    whole = starts[counts == len(source.levels) - CHAIN + 1]
    person = int(whole[int(rng.integers(len(whole)))])
    return _chain(source, person, range(len(source.levels)), rng, altered=0.12)


@dataclass(frozen=True)
class Loss:
    """Height lost in front and behind, as parts of it, and the superior endplate's share of it."""

    front: float
    back: float
    share: float

    def part(self, left: float) -> Loss:
        """The loss after some of the height was given back."""
        return Loss(self.front * left, self.back * left, self.share)


def random_loss(rng: np.random.Generator) -> Loss:
    """Anything up to seven tenths of the front, three in ten with some behind."""
    back = rng.uniform(0, 0.4) if rng.random() < 0.3 else 0.0
    front = max(rng.uniform(0, 0.7), 0.9 * back)
    return Loss(float(front), float(back), float(rng.uniform(0, 1)))


def _chain(
    source: Outlines,
    person: int,
    levels: range,
    rng: np.random.Generator,
    altered: float = ALTERED,
) -> list[Contours]:
    """Neighbouring bodies, some of them further broken."""
    mm = rng.uniform(*MM)
    scale = np.array([mm * rng.uniform(*ACROSS), mm])
    losses = [random_loss(rng) if rng.random() < altered else None for _ in levels]
    return chain_after(source, person, levels, losses, scale)


def chain_after(
    source: Outlines,
    person: int,
    levels: range,
    losses: Sequence[Loss | None],
    scale: Array,
    *,
    bend: np.random.Generator | None = None,
) -> list[Contours]:
    """Neighbouring bodies, each resting on the changed one above as it did on the old.

    Parameters
    ----------
    source, person, levels
        Which bodies.
    losses
        What each loses beyond what the person lost.
    scale
        Millimetres a pixel along x and y.
    bend
        If given, the discs bend by a degree or two and grow or shrink by half a millimetre.
    """
    turn, moved = np.eye(2), np.zeros(2)
    shapes = []
    for level, loss in zip(levels, losses, strict=True):
        points = source.points[person, level] * scale
        changed = points if loss is None else _shortened(points, loss)
        placed = changed @ turn.T + moved
        broken = loss is not None or source.graded[person, level] >= 1
        shapes.append(_contours(placed, broken=bool(broken)))
        before = points[list(CORNERS[2:])]
        if bend is not None:
            before = _bent(before, bend)
        turn, moved = _carried(before, placed[list(CORNERS[2:])])
    return shapes


def _bent(plate: Array, rng: np.random.Generator) -> Array:
    """An endplate moved a little, so that the disc below it is another."""
    angle = np.radians(rng.normal(0, 1.5))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = plate.mean(axis=0)
    bent: Array = middle + (plate - middle) @ turn.T + (0.0, rng.normal(0, 0.5))
    return bent


def _shortened(points: Array, loss: Loss) -> Array:
    """A body after more loss of height."""
    sa, sp, ia, ip = points[list(CORNERS)]
    front = loss.front * np.hypot(*(ia - sa))
    back = loss.back * np.hypot(*(ip - sp))
    axis = (sp + ip - sa - ia) / 2
    u = ((points - (sa + ia) / 2) @ axis) / (axis @ axis)
    down = np.array([-axis[1], axis[0]]) / np.hypot(*axis)
    top, bottom = sa + u[:, None] * (sp - sa), ia + u[:, None] * (ip - ia)
    s = np.clip(((points - top) @ down) / ((bottom - top) @ down), -0.2, 1.2)
    lost = front + u * (back - front)
    shift = lost * (loss.share * (1 - s) - (1 - loss.share) * s)
    moved: Array = points + shift[:, None] * down
    return moved


def _carried(before: Array, after: Array) -> tuple[Array, Array]:
    """The rigid motion that takes an inferior endplate to where it came to lie."""
    turned = [np.arctan2(*(pair[1] - pair[0])[::-1]) for pair in (before, after)]
    angle = turned[1] - turned[0]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return turn, after.mean(axis=0) - turn @ before.mean(axis=0)


def _contours(points: Array, *, broken: bool) -> Contours:
    corners = points[list(CORNERS)]
    front = points[ANTERIOR]
    plates, outlines = [], []
    for number, (superior, inferior) in enumerate(zip(SUPERIOR, INFERIOR, strict=True)):
        ends = _ends(points, (superior, inferior), number)
        top = _joined(points[superior], ends[0], ends[1])
        bottom = _joined(points[inferior], ends[2], ends[3])
        back = points[POSTERIOR[number % 2]]
        back = back[np.argsort(back[:, 1])]
        plates.append((top, bottom))
        outlines.append(np.concatenate((top, back, bottom[::-1], front[::-1])))
    back = points[POSTERIOR[0]]
    walls = (front, back[np.argsort(back[:, 1])])
    return Contours(corners, outlines, plates, walls, broken)


def _ends(points: Array, lines: tuple[slice, slice], number: int) -> Array:
    """Corners that a pair of lines runs to: the means, or of each rim's the nearer."""
    if number == 2:
        return points[list(CORNERS)]
    ends = []
    for corner in range(4):
        both = points[[rim[corner] for rim in RIMS]]
        line = points[lines[corner // 2]]
        far = np.hypot(*(both[:, None] - line[None]).T).min(axis=0)
        ends.append(both[int(far.argmin())])
    return np.array(ends)


def _joined(line: Array, first: Array, last: Array) -> Array:
    """A line from corner to corner, its points in order along it."""
    along = last - first
    at = ((line - first) @ along) / (along @ along)
    inner = line[np.argsort(at)][(np.sort(at) > 0.02) & (np.sort(at) < 0.98)]
    return np.concatenate((first[None], inner, last[None]))
