"""Windows of whole films for the detector: any scale, turn and side, and the maps wanted there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from augment import augmented
from detector_network import STRIDE, UNIT_PX
from numpy.typing import NDArray
from torch.utils.data import IterableDataset
from whole import NAMES, WholeFilm, read_whole

from kyphometer.detect.pyramid import channels

Array = NDArray[np.float64]
SIDE = 192
DEPTH_PX = (11.0, 34.0)
"""Depth of the body that a window is drawn about."""
SHARES = {"phantom": 0.26, "real": 0.22, "drawn": 0.17, "mesh": 0.15, "other": 0.13, "front": 0.07}
AGAIN = 400
"""Windows after which the folders are read again: they may be growing."""
NEAR = 1.3
"""Cells from a body's centre that are asked for its corners."""


@dataclass(frozen=True, eq=False)
class Window:
    """A picture (SIDE, SIDE) and what is on it, corners in image order.

    Attributes
    ----------
    corners
        Upper left, upper right, lower left, lower right, (bodies, 4, 2).
    inside
        Which bodies lie wholly on the picture.
    levels
        Class of each, -1 if unknown.
    s1
        Left and right corner of the sacrum's endplate, or None.
    """

    picture: NDArray[np.float32]
    corners: Array
    inside: NDArray[np.bool_]
    fractured: NDArray[np.bool_]
    levels: NDArray[np.int_]
    facing: int
    s1: Array | None
    unsure: Array


def cut(film: WholeFilm, rng: np.random.Generator) -> Window:
    """A window about a random body, or about anything where there is none."""
    pixels = _shuttered(film.pixels().astype(np.float32) / 65535, rng)
    rows, columns = pixels.shape
    if len(film.corners):
        body = film.corners[int(rng.integers(len(film.corners)))]
        depth = float(np.hypot(*(body[1] - body[0] + body[3] - body[2])) / 2)
        at, angle = body.mean(axis=0), np.clip(rng.normal(0, 14), -32, 32)
    else:
        depth = float(np.exp(rng.uniform(np.log(8), np.log(50))))
        at, angle = rng.uniform((0, 0), (columns, rows)), rng.uniform(-180, 180)
    scale = float(np.exp(rng.uniform(*np.log(DEPTH_PX)))) / depth
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    a = np.radians(angle)
    squeeze = np.exp(rng.normal(0, 0.05))
    matrix = scale * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    matrix = matrix @ np.diag([mirror * squeeze, 1 / squeeze])
    shift = SIDE / 2 + rng.uniform(-65, 65, 2) - matrix @ at
    picture = _warped(pixels, matrix, shift, scale, rng)

    def moved(points: Array) -> Array:
        return points @ matrix.T + shift

    facing = int(film.facing_sign * mirror)
    corners = moved(film.corners)
    if facing > 0:
        corners = corners[:, [1, 0, 3, 2]]
    inside = ((corners > 1) & (corners < SIDE - 1)).all(axis=(1, 2))
    s1 = None if film.s1 is None else moved(film.s1)[:: -1 if facing > 0 else 1]
    if s1 is not None and not ((s1 > 1) & (s1 < SIDE - 1)).all():
        s1 = None
    classes = [NAMES.index(name) if name in NAMES else -1 for name in film.levels]
    return Window(
        picture,
        corners,
        inside,
        np.array(film.fractured, bool),
        np.array(classes, int),
        facing,
        s1,
        moved(film.unsure),
    )


def _shuttered(pixels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Sometimes another collimation: a border of one grey."""
    if rng.random() > 0.15:
        return pixels
    pixels = pixels.copy()
    grey = np.float32(rng.choice((0.0, 1.0, rng.uniform())))
    _rows, columns = pixels.shape
    for view, size in ((pixels, columns), (pixels[:, ::-1], columns)):
        view[:, : int(size * rng.uniform(0, 0.15))] = grey
    return pixels


def _warped(
    pixels: NDArray[np.float32], matrix: Array, shift: Array, scale: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    if scale < 0.8:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.4 / scale)
    half = np.full(2, 0.5)
    back = np.column_stack((matrix, shift + matrix @ half - half))
    border = cv2.BORDER_REPLICATE if rng.random() < 0.3 else cv2.BORDER_CONSTANT
    grey = float(rng.choice((0.0, 1.0, rng.uniform()), p=(0.6, 0.15, 0.25)))
    picture = cv2.warpAffine(
        pixels, back, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=grey
    )
    picture = augmented(picture, rng)
    if rng.random() < 0.25:
        picture = _evened(picture, rng)
    if rng.random() < 0.15:
        picture = -picture
    return np.asarray(picture, np.float32)


def _evened(picture: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Bodies no brighter than discs, as in osteoporosis: what is wider than a rim is lost."""
    wide = cv2.GaussianBlur(picture, (0, 0), float(np.exp(rng.uniform(0.6, 1.8))))
    soft = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 1.2)))
    return np.asarray(soft - np.float32(rng.uniform(0.6, 1.0)) * wide, np.float32)


def wanted(window: Window) -> dict[str, NDArray]:
    """Heat maps and their weights, and where bodies are asked what."""
    cells = SIDE // STRIDE
    axis = (np.arange(cells) + 0.5) * STRIDE
    heat, weight = np.zeros((2, cells, cells), np.float32), np.ones((2, cells, cells), np.float32)
    values = np.zeros((12, cells, cells), np.float32)
    asked, nearest = np.zeros((cells, cells), np.float32), np.full((cells, cells), np.inf)
    level = np.full((cells, cells), -1, np.int64)

    def far(point: Array) -> Array:
        return np.hypot(axis[None] - point[0], axis[:, None] - point[1])

    for corners, inside, broken, name in zip(
        window.corners, window.inside, window.fractured, window.levels, strict=True
    ):
        centre = corners.mean(axis=0)
        depth = float(np.hypot(*(corners[1] - corners[0] + corners[3] - corners[2])) / 2)
        tall = float(np.hypot(*(corners[2] - corners[0] + corners[3] - corners[1])) / 2)
        gap = far(centre)
        sigma = max(3.0, 0.2 * min(depth, tall))
        bump = np.exp(-((gap / sigma) ** 2) / 2).astype(np.float32)
        if not inside:
            weight[0][gap < 0.6 * depth] = 0.0
            continue
        peak = np.unravel_index(gap.argmin(), gap.shape)
        bump[peak] = 1.0
        heat[0] = np.maximum(heat[0], bump)
        own = (gap < NEAR * STRIDE) & (gap < nearest)
        nearest[own], asked[own], level[own] = gap[own], 1 / depth, name
        for number, point in enumerate(corners):
            values[2 * number][own] = ((point[0] - axis[None]) / UNIT_PX).repeat(cells, 0)[own]
            values[2 * number + 1][own] = ((point[1] - axis[:, None]) / UNIT_PX).repeat(cells, 1)[
                own
            ]
        values[8][own] = window.facing > 0
        values[9][own] = broken
        values[10][own] = depth
    for point in window.unsure:
        weight[0][far(point) < 12] = 0.0
    if window.s1 is not None:
        gap = far(window.s1.mean(axis=0))
        bump = np.exp(-((gap / 4.0) ** 2) / 2).astype(np.float32)
        bump[np.unravel_index(gap.argmin(), gap.shape)] = 1.0
        heat[1] = bump
    return {"heat": heat, "weight": weight, "values": values, "asked": asked, "level": level}


class Windows(IterableDataset):
    """An endless stream of windows and the maps wanted."""

    def __init__(self, folders: dict[str, Path], seed: int) -> None:
        self.folders, self.seed = folders, seed

    def __iter__(self) -> Iterator[tuple[NDArray, dict[str, NDArray]]]:
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        rng = np.random.default_rng([91, self.seed])
        films: dict[str, list[WholeFilm]] = {}
        for number in range(10**9):
            if number % AGAIN == 0:
                films = {kind: read_whole(folder) for kind, folder in self.folders.items()}
            kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
            film = films[kind][int(rng.integers(len(films[kind])))]
            window = cut(film, rng)
            yield channels(window.picture), wanted(window)
