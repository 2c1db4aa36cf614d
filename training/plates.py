"""Endless training strips along endplates, from the worlds of `crops.py`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from augment import augmented
from crops import REPEATS, Array, Crops, Image
from worlds.scene import Scene

from kyphometer.endplates.crop import cut_window
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.plates import STRIP_LENGTHS, plate_frame, strip, strip_tone

NOISE_DEPTHS = ((0.01, 0.3), (0.02, 0.3), (0.04, 0.25), (0.07, 0.15))
"""Noise of the corners that a strip is cut along, body depths, and how often each is drawn."""


def near(truth: Array, depth: float, rng: np.random.Generator) -> Array:
    """True corners (4, 2) as the corner network or an earlier pass would give them."""
    sizes, chances = zip(*NOISE_DEPTHS, strict=True)
    sd = depth * rng.choice(sizes, p=chances)
    return truth + rng.normal(0.0, sd, truth.shape) + rng.normal(0.0, 0.4 * sd, 2)


def strips_of(scene: Scene, body: int, rng: np.random.Generator) -> Iterator[tuple[Image, Image]]:
    """Both endplates of a body: strip, and corners in it in units of half its length."""
    truth = scene.bodies[body].corners * scene.factors
    whole = VertebraFrame.of_corners(truth, scene.factors, scene.facing_sign)
    window = cut_window(scene.pixels, whole, sign=1)
    if window is None:
        return
    for plate in (0, 1):
        frame = plate_frame(whole, near(truth, whole.depth, rng), plate)
        square = augmented(strip(window, frame), rng)
        ends = frame.from_square(truth[2 * plate : 2 * plate + 2]) * (2.0 / STRIP_LENGTHS)
        yield strip_tone(square), ends.astype(np.float32)


class Strips(Crops):
    """Strips without end, in an order that the seed decides."""

    def ordered(self, rng: np.random.Generator) -> Iterator[tuple[Image, Image]]:
        makers, chances = self.worlds.makers()
        for _ in count():
            scene = makers[int(rng.choice(len(makers), p=chances))](rng)
            often = np.array([2.5 if b.fractured else 1.0 for b in scene.bodies])
            number = min(5, len(often))
            for body in rng.choice(len(often), number, replace=False, p=often / often.sum()):
                for _ in range(REPEATS):
                    yield from strips_of(scene, int(body), rng)
