"""Make a folder of simulated training films.

    python training/make_films.py --out training/data/train --films 3000 --seed 1

Every film has its own patient, pose, exposure and detector, drawn far wider than the five named
conditions (`kyphometer.phantom.training`). Seeds run from `--seed * 1_000_000`; the films of the
benchmark use other seeds. A run that was stopped goes on where it ended.
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

from films import write_film


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--films", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--conditions", nargs="*", default=[], help="named ones, instead of random")
    return parser.parse_args()


def make(task: tuple[Path, int, str]) -> str:
    """One film; the name it got."""
    import cv2

    from kyphometer.phantom import simulate_film
    from kyphometer.phantom.training import TRAINING_FORMAT, simulate_training_film

    cv2.setNumThreads(1)
    folder, seed, condition = task
    film = (
        simulate_film(condition, seed, film_format=TRAINING_FORMAT)
        if condition
        else simulate_training_film(seed)
    )
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
        "condition": condition or "random",
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
