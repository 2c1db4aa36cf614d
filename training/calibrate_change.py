"""Size the uncertainty of changes on pairs of films that were used for nothing else.

    python training/calibrate_change.py --patients 24

Carries simulated readings over and writes the pairs of said and honest SD into the card of the
network of changes (see `kyphometer/endplates/calibration.py`). All of these patients show another
anatomy than the training films, as the patients to come will.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from calibrate import scale
from trials import Array, clicked, visit_pair, whole_bodies

from kyphometer.anatomy import are_adjacent
from kyphometer.endplates import carry_over, refine_reading
from kyphometer.endplates.change_model import NAME, change_model
from kyphometer.endplates.corners import line_directions_deg, square_factors, vertebra_corners
from kyphometer.endplates.model import FOLDER
from kyphometer.errors import CarryOverError
from kyphometer.reading import Reading

FIRST_SEED = 850_000_000
CONDITIONS = ("clean", "noisy", "oblique", "hard")
CLICK_MM = 1.5
BINS = 5
"""Difficulties that are told apart; each has as many trials."""


def directions_deg(reading: Reading, film: object, level: object) -> Array:
    """Directions of both endplates as they add to kyphosis, shape (2,)."""
    sign = reading.facing.sign
    corners = vertebra_corners(reading.vertebrae[level], square_factors(film.geometry), sign)
    return -sign * line_directions_deg(corners)


def gather(folder: Path, patients: int) -> dict[str, Array]:
    """Pairs of said SD and error: of angles between two bodies, and of wedges."""
    rng = np.random.default_rng(12)
    angles, wedges = [], []
    for number in range(patients):
        for condition in CONDITIONS:
            films = visit_pair(condition, FIRST_SEED + number, folder)
            for body, others in turns(films, rng) if films else ():
                error, said, wedge_sd = body
                wedges.append((wedge_sd, error[1] - error[0]))
                angles += [(np.hypot(said[0], sd[1]), miss[1] - error[0]) for miss, sd, _ in others]
        print(f"{number + 1} patients, {len(wedges)} bodies", flush=True)
    return {"turn_deg": np.array(angles) / np.sqrt(2.0), "wedge_deg": np.array(wedges)}


def turns(films: list[tuple], rng: np.random.Generator) -> list[tuple]:
    """Of each body carried: errors of its turns, their SD, that of its wedge; and those beyond."""
    (film_a, truth_a), (film_b, truth_b) = films
    sd_px = CLICK_MM / film_a.geometry.column_mm
    bodies = {level: clicked(b, sd_px, rng) for level, b in whole_bodies(truth_a).items()}
    marks = Reading(film=truth_a.film, vertebrae=bodies, facing=truth_a.facing)
    read = refine_reading(film_a, marks).reading
    try:
        carried = carry_over(film_a, read, film_b)
    except CarryOverError:
        return []
    found = {}
    for item in carried.vertebrae:
        level = item.level
        if level not in whole_bodies(truth_b):
            continue
        said = directions_deg(carried.reading, film_b, level) - directions_deg(read, film_a, level)
        true = directions_deg(truth_b, film_b, level) - directions_deg(truth_a, film_a, level)
        wedge_sd = np.sqrt(
            max(
                np.sum(np.square(item.line_change_sd_deg))
                - 2 * item.shared * np.prod(item.line_change_sd_deg),
                1e-6,
            )
        )
        found[level] = (said - true, np.array(item.line_change_sd_deg), wedge_sd)
    return [
        (
            body,
            [
                other
                for lower, other in found.items()
                if any(are_adjacent(level, m) and are_adjacent(m, lower) for m in found)
                and level < lower
            ],
        )
        for level, body in found.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=24, help="of each condition")
    parser.add_argument("--data", type=Path, default=Path("training/data/calibration_pairs"))
    given = parser.parse_args()
    cv2.setNumThreads(1)
    path = FOLDER / f"{NAME}.json"
    card = json.loads(path.read_text())
    change_model().card.pop("calibration", None)
    found = gather(given.data, given.patients)
    card["calibration"] = {
        "films": given.patients * len(CONDITIONS) * 2,
        **{name: scale(*rows.T, BINS) for name, rows in found.items()},
    }
    path.write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card["calibration"], indent=1))


if __name__ == "__main__":
    main()
