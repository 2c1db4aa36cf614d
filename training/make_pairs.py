"""Make a folder of body pairs to train the network of changes with.

    python training/make_pairs.py --out training/data/pairs --patients 2000 --seed 3

Runs in the project's own environment. Patients, poses, exposures and detectors are drawn as widely
as those of the corner network's films; seeds run from `--seed * 1_000_000`. A run that was stopped
goes on where it ended.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from pairs import Array, write_pairs
from trials import clicked, whole_bodies

CLICK_MM = 0.7


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--pitch", type=float, default=0.4, help="pixel size of the films in mm")
    parser.add_argument("--size", type=float, nargs=2, default=(270, 135), help="of films in mm")
    return parser.parse_args()


def seen(made: object, body: object, rng: np.random.Generator) -> tuple[Array, Array] | None:
    """A body's crop as grey values of about 0 to 1, and its true corners there."""
    from kyphometer.endplates.corners import square_factors, vertebra_corners
    from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS, cut_window
    from kyphometer.endplates.frame import VertebraFrame
    from kyphometer.endplates.model import corner_model
    from kyphometer.endplates.passes import refine_by_network
    from kyphometer.endplates.tone import bone_sign

    film, sign = made.film, made.facing.sign
    factors = square_factors(film.geometry)
    marks = vertebra_corners(clicked(body, CLICK_MM / factors[0], rng), factors, sign)
    frame = VertebraFrame.of_corners(marks, factors, sign)
    window = cut_window(film.pixels, frame, sign=bone_sign(film))
    if window is None:
        return None
    found = refine_by_network(window, frame, corner_model())
    crop = window.crop(found.frame, CROP_PIXELS, CROP_DEPTHS)
    low, high = np.percentile(crop[::2, ::2], (1.0, 99.0))
    truth = found.frame.from_square(vertebra_corners(body, factors, sign)) * (2.0 / CROP_DEPTHS)
    return (crop - low) / max(float(high - low), 1e-6), truth


def make(task: tuple[Path, int, float, tuple[float, float]]) -> int:
    """The pairs of one patient; how many."""
    import cv2

    from kyphometer.phantom import FilmFormat
    from kyphometer.phantom.training import simulate_training_pair

    cv2.setNumThreads(1)
    folder, seed, pitch, size_mm = task
    rng = np.random.default_rng(seed)
    rows, columns = (round(side / pitch) for side in size_mm)
    size = FilmFormat(rows=rows, columns=columns, pitch_mm=pitch)
    films = simulate_training_pair(seed, film_format=size)
    bodies = [whole_bodies(film.truth) for film in films]
    crops, corners, fractured = [], [], []
    for level in filter(bodies[1].__contains__, bodies[0]):
        both = [seen(film, body[level], rng) for film, body in zip(films, bodies, strict=True)]
        if any(one is None or np.abs(one[1]).max() > 1.0 for one in both):
            continue
        crops.append(np.array([crop for crop, _ in both]))
        corners.append(np.array([truth for _, truth in both]))
        fractured.append(level in films[0].truth.fractured_levels)
    if crops:
        write_pairs(folder / f"{seed}.npz", crops, corners, fractured)
    return len(crops)


def main() -> None:
    given = options()
    given.out.mkdir(parents=True, exist_ok=True)
    first = given.seed * 1_000_000
    tasks = [
        (given.out, first + number, given.pitch, tuple(given.size))
        for number in range(given.patients)
        if not (given.out / f"{first + number}.npz").exists()
    ]
    bodies = 0
    with ProcessPoolExecutor(given.processes) as pool:
        for count, more in enumerate(pool.map(make, tasks), 1):
            bodies += more
            if count % 20 == 0:
                print(f"{count} of {len(tasks)} patients, {bodies} bodies", flush=True)


if __name__ == "__main__":
    main()
