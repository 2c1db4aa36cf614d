"""Endless training crops from a folder of films."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import torch
from augment import augmented
from films import TrainingFilm, read_films
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info

from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS, cut_window, network_tone
from kyphometer.endplates.frame import VertebraFrame

Array = NDArray[np.float64]

REREAD = 1000
"""Films drawn before the folders are looked at again."""
CLICK_SD_MM = ((0.3, 0.25), (0.7, 0.25), (1.5, 0.3), (2.6, 0.2))
"""Corner noise of the clicks and how often each is drawn: later passes see the small ones."""


def clicked(truth: Array, rng: np.random.Generator) -> Array:
    """True corners (4, 2) in mm with the noise of a reader or of an earlier pass."""
    sizes, chances = zip(*CLICK_SD_MM, strict=True)
    sd = rng.choice(sizes, p=chances)
    together = rng.normal(0.0, 0.4 * sd, 2)
    return truth + rng.normal(0.0, sd, truth.shape) + together


def sample(
    film: TrainingFilm, body: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """A crop (2, size, size) and the corners in it (4, 2) in units of half its side."""
    truth = film.corners[body] * film.factors
    frame = VertebraFrame.of_corners(clicked(truth, rng), film.factors, film.facing_sign)
    window = cut_window(film.pixels(), frame, sign=1)
    if window is None:
        return None
    crop = augmented(window.crop(frame, CROP_PIXELS, CROP_DEPTHS), rng)
    corners = frame.from_square(truth) * (2.0 / CROP_DEPTHS)
    return network_tone(crop), corners.astype(np.float32)


class Crops(IterableDataset):
    """Crops without end, in an order that the seed decides."""

    def __init__(self, folders: list[Path], seed: int) -> None:
        self.folders = folders
        self.seed = seed

    def films(self) -> list[TrainingFilm]:
        """Every film there is now: a folder may still be growing."""
        return [film for folder in self.folders for film in read_films(folder)]

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        films = self.films()
        for turn in count(1):
            if turn % REREAD == 0:
                films = self.films()
            film = films[int(rng.integers(len(films)))]
            chance = film.weights / film.weights.sum()
            for body in rng.choice(len(chance), min(4, len(chance)), replace=False, p=chance):
                drawn = sample(film, int(body), rng)
                if drawn is not None:
                    yield torch.from_numpy(drawn[0]), torch.from_numpy(drawn[1])
