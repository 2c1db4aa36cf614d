"""Make a folder of body pairs in the painted worlds, to train the network of changes with.

    python training/make_painted_pairs.py --world drawn --out training/data/pairs_drawn --people 800
    python training/make_painted_pairs.py --world outlines --outlines-file outlines.npz \\
        --out training/data/pairs_outlines --people 800

As `make_pairs.py`; a run that was stopped goes on where it ended.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pairs import Array, write_pairs
from worlds.outlines import Outlines
from worlds.scene import Scene
from worlds.visits import drawn_visits, outline_visits

from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS, cut_window
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.model import corner_model
from kyphometer.endplates.passes import refine_by_network

FIRST_SEED = 3_000_000
CLICK_MM = 0.7


def seen(scene: Scene, body: int, rng: np.random.Generator) -> tuple[Array, Array] | None:
    """A body's crop as grey values of about 0 to 1, and its true corners there."""
    truth = scene.bodies[body].corners * scene.factors
    frame = VertebraFrame.of_corners(
        truth + rng.normal(0, CLICK_MM, truth.shape), scene.factors, scene.facing_sign
    )
    window = cut_window(scene.pixels, frame, sign=1)
    if window is None:
        return None
    found = refine_by_network(window, frame, corner_model())
    crop = window.crop(found.frame, CROP_PIXELS, CROP_DEPTHS)
    low, high = np.percentile(crop[::2, ::2], (1.0, 99.0))
    return (crop - low) / max(float(high - low), 1e-6), found.frame.from_square(truth) * (
        2.0 / CROP_DEPTHS
    )


def make(scenes: tuple[Scene, Scene], path: Path, seed: int) -> int:
    """Keep the pairs of one person; how many."""
    rng = np.random.default_rng(seed)
    crops, corners, fractured = [], [], []
    for body in range(len(scenes[0].bodies)):
        both = [seen(scene, body, rng) for scene in scenes]
        if any(one is None or np.abs(one[1]).max() > 1.0 for one in both):
            continue
        crops.append(np.array([one[0] for one in both if one is not None]))
        corners.append(np.array([one[1] for one in both if one is not None]))
        fractured.append(scenes[0].bodies[body].fractured)
    if crops:
        write_pairs(path, crops, corners, fractured)
    return len(crops)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", choices=("drawn", "outlines"), required=True)
    parser.add_argument("--outlines-file", type=Path, help="array file of outlines")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0, help="added to the first seed")
    parser.add_argument("--kept-out", action="store_true", help="people that no training sees")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    films: Callable[[int], tuple[Scene, Scene]] = drawn_visits
    if given.world == "outlines":
        if given.outlines_file is None:
            parser.error("--world outlines needs --outlines-file.")
        source = Outlines.read(given.outlines_file, kept_out=given.kept_out)
        films = lambda seed: outline_visits(source, seed)  # noqa: E731
    given.out.mkdir(parents=True, exist_ok=True)
    bodies = 0
    for number in range(given.people):
        seed = FIRST_SEED + given.seed + number
        path = given.out / f"{seed}.npz"
        if not path.exists():
            bodies += make(films(seed), path, seed)
        print(f"\r{number + 1} of {given.people}, {bodies} bodies", end="", file=sys.stderr)


if __name__ == "__main__":
    main()
