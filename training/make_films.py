"""Make a folder of simulated training films.

    python training/make_films.py --out training/data/train --films 3000 --seed 1

Every film has its own patient, pose, exposure and detector, drawn far wider than the five named
conditions. Seeds run from `--seed * 1_000_000`; the films of the benchmark use other seeds and
other anatomy. A run that was stopped goes on where it ended.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from films import write_film

PITCH_MM = 0.36
"""Pixel of the training films: crops have 0.5 to 0.6 mm."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--films", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--conditions", nargs="*", default=[], help="named ones, instead of random")
    return parser.parse_args()


def random_condition(rng: np.random.Generator) -> object:
    """Exposure and pose drawn wider than any named condition."""
    from kyphometer.phantom.conditions import Condition

    straight = rng.random() < 0.45
    tilt = tuple(sorted(rng.uniform(0.0, 10.0, 2)))
    axial = tuple(sorted(rng.uniform(0.0, 13.0, 2)))
    dense = np.sort(rng.uniform(0.002, 0.011, 2))
    return Condition(
        name="random",
        photons=float(np.exp(rng.uniform(np.log(100), np.log(6000)))),
        blur_mm=float(rng.uniform(0.15, 0.7)),
        scatter=float(rng.uniform(0.5, 3.5)),
        tilt_sd_deg=float(rng.uniform(0.5, 2.5)) if straight else 0.0,
        axial_sd_deg=float(rng.uniform(1.0, 4.0)) if straight else 0.0,
        tilt_range_deg=None if straight else tilt,
        axial_range_deg=None if straight else axial,
        trabecular_per_mm=(float(dense[0]), float(dense[1])),
        osteophytes=float(rng.choice((0.0, 0.1, 0.4), p=(0.4, 0.35, 0.25))),
        instrumented=float(rng.random() < 0.4),
        clutter=float(rng.uniform(0.02, 0.07)),
    )


def make(task: tuple[Path, int, str]) -> str:
    """One film; the name it got."""
    import cv2

    from kyphometer.phantom import simulate
    from kyphometer.phantom import scene as phantom_scene

    cv2.setNumThreads(1)
    phantom_scene._BONE_PITCH_MM = 0.75
    folder, seed, condition = task
    rng = np.random.default_rng([seed, 77])
    chosen = condition or random_condition(rng)
    form = simulate.FilmFormat(rows=800, columns=420, pitch_mm=PITCH_MM)
    film = simulate.simulate_film(chosen, seed, film_format=form)
    corners, weights, levels = [], [], []
    for level, body in film.truth.vertebrae.items():
        if body.superior is None or body.inferior is None:
            continue
        marks = (body.superior.anterior, body.superior.posterior)
        marks += (body.inferior.anterior, body.inferior.posterior)
        corners.append([list(mark.xy) for mark in marks])
        weights.append(2.5 if level in film.truth.fractured_levels else 1.0)
        levels.append(str(level))
    facts = {
        "seed": seed,
        "condition": chosen if isinstance(chosen, str) else "random",
        "factors": list(film.geometry.scale),
        "facing_sign": film.facing.sign,
        "levels": levels,
        "corners": corners,
        "weights": weights,
    }
    name = f"{facts['condition']}-{seed}"
    write_film(folder, name, film.pixels, facts)
    return name


def main() -> None:
    given = options()
    given.out.mkdir(parents=True, exist_ok=True)
    index = given.out / "index.jsonl"
    lines = index.read_text().splitlines() if index.exists() else []
    done = {(f["condition"], f["seed"]) for f in map(json.loads, lines)}
    first = given.seed * 1_000_000
    tasks = [
        (given.out, first + number, condition)
        for number in range(given.films)
        for condition in given.conditions or [""]
        if (condition or "random", first + number) not in done
    ]
    with ProcessPoolExecutor(given.processes) as pool:
        for count, name in enumerate(pool.map(make, tasks), 1):
            if count % 20 == 0:
                print(f"{count} of {len(tasks)}: {name}", flush=True)


if __name__ == "__main__":
    main()
