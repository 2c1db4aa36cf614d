"""Endless training crops from a mixture of worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
from augment import augmented
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info
from worlds.drawn import drawn_scene
from worlds.kept import KeptScenes
from worlds.outlines import Outlines, outline_scene
from worlds.phantom import phantom_films, phantom_scene
from worlds.scene import Scene

from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS, cut_window, network_tone
from kyphometer.endplates.frame import VertebraFrame

Array = NDArray[np.float64]
Image = NDArray[np.float32]
Maker = Callable[[np.random.Generator], Scene]

REREAD = 200
"""Films drawn before the folders are looked at again."""
CLICK_SD_MM = ((0.3, 0.25), (0.7, 0.25), (1.5, 0.3), (2.6, 0.2))
"""Corner noise of the clicks and how often each is drawn: later passes see the small ones."""
REPEATS = 2
"""Crops that each body of a scene gives, with other clicks and looks."""
SHUFFLED = 240
"""Crops that wait to be drawn, so that a batch has few of one scene."""


def clicked(truth: Array, rng: np.random.Generator) -> Array:
    """True corners (4, 2) in mm with the noise of a reader or of an earlier pass."""
    sizes, chances = zip(*CLICK_SD_MM, strict=True)
    sd = rng.choice(sizes, p=chances)
    together = rng.normal(0.0, 0.4 * sd, 2)
    return truth + rng.normal(0.0, sd, truth.shape) + together


def sample(scene: Scene, body: int, rng: np.random.Generator) -> tuple[Image, Image] | None:
    """A crop (2, size, size) and the corners in it (4, 2) in units of half its side."""
    truth = scene.bodies[body].corners * scene.factors
    frame = VertebraFrame.of_corners(clicked(truth, rng), scene.factors, scene.facing_sign)
    window = cut_window(scene.pixels, frame, sign=1)
    if window is None:
        return None
    crop = augmented(window.crop(frame, CROP_PIXELS, CROP_DEPTHS), rng)
    corners = frame.from_square(truth) * (2.0 / CROP_DEPTHS)
    return network_tone(crop), corners.astype(np.float32)


class PhantomFilms:
    """Films of folders that may still be growing."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        self.drawn = 0

    def __call__(self, rng: np.random.Generator) -> Scene:
        if self.drawn % REREAD == 0:
            self.films = [film for folder in self.folders for film in phantom_films(folder)]
        self.drawn += 1
        return phantom_scene(self.films[int(rng.integers(len(self.films)))])


@dataclass(frozen=True, kw_only=True)
class Worlds:
    """Which worlds crops are drawn from, and how often each.

    Attributes
    ----------
    drawn, outlines, phantom, projected
        Weights of the worlds; 0 leaves one out.
    outlines_file
        Array file of outlines; needed where they have a weight.
    films
        Folders of phantom films; likewise.
    scenes
        Folders of projected films (`make_scenes.py`); likewise.
    """

    drawn: float = 0.0
    outlines: float = 0.0
    phantom: float = 1.0
    outlines_file: Path | None = None
    films: tuple[Path, ...] = ()
    projected: float = 0.0
    scenes: tuple[Path, ...] = ()

    def makers(self) -> tuple[list[Maker], Array]:
        """What makes scenes, and the chance of each."""
        made: list[tuple[Maker, float]] = []
        if self.drawn:
            made.append((lambda rng: drawn_scene(int(rng.integers(2**31))), self.drawn))
        if self.outlines:
            if self.outlines_file is None:
                raise SystemExit("The world of outlines needs --outlines-file.")
            source = Outlines.read(self.outlines_file)
            made.append(
                (lambda rng: outline_scene(source, int(rng.integers(2**31))), self.outlines)
            )
        if self.phantom and self.films:
            made.append((PhantomFilms(list(self.films)), self.phantom))
        if self.projected and self.scenes:
            made.append((KeptScenes(self.scenes), self.projected))
        if not made:
            raise SystemExit("No world to train on: give --films, or a weight to another world.")
        weights = np.array([weight for _, weight in made])
        return [maker for maker, _ in made], weights / weights.sum()


class Crops(IterableDataset):
    """Crops without end, in an order that the seed decides."""

    def __init__(self, worlds: Worlds, seed: int) -> None:
        self.worlds = worlds
        self.seed = seed

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        waiting: list[tuple[torch.Tensor, torch.Tensor]] = []
        for drawn in self.ordered(rng):
            waiting.append((torch.from_numpy(drawn[0]), torch.from_numpy(drawn[1])))
            if len(waiting) >= SHUFFLED:
                yield waiting.pop(int(rng.integers(len(waiting))))

    def ordered(self, rng: np.random.Generator) -> Iterator[tuple[Image, Image]]:
        """Crops scene by scene; broken bodies of phantom films more often."""
        makers, chances = self.worlds.makers()
        for _ in count():
            scene = makers[int(rng.choice(len(makers), p=chances))](rng)
            often = np.array([2.5 if b.fractured else 1.0 for b in scene.bodies])
            number = min(5, len(often))
            for body in rng.choice(len(often), number, replace=False, p=often / often.sum()):
                for _ in range(REPEATS):
                    drawn = sample(scene, int(body), rng)
                    if drawn is not None:
                        yield drawn
