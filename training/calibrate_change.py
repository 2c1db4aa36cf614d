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
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from calibrate import scale
from trials import Array, clicked, visit_pair, whole_bodies

from kyphometer.anatomy import Level, neighbour
from kyphometer.carry import carry_over
from kyphometer.carry.change_model import NAME, change_model
from kyphometer.endplates import refine_reading
from kyphometer.endplates.corners import (
    line_directions_deg,
    square_factors,
    vertebra_corners,
    wrap_deg,
)
from kyphometer.endplates.model import FOLDER
from kyphometer.errors import CarryOverError
from kyphometer.reading import Reading

FIRST_SEED = 850_000_000
CONDITIONS = ("clean", "noisy", "oblique", "hard")
CLICK_MM = 1.5
BINS = {"intact": 5, "fractured": 3}
"""Difficulties that are told apart; each has as many trials."""


def directions_deg(reading: Reading, film: object, level: Level) -> Array:
    """Directions of both endplates as they add to kyphosis, shape (2,)."""
    sign = reading.facing.sign
    corners = vertebra_corners(reading.vertebrae[level], square_factors(film.geometry), sign)
    return -sign * line_directions_deg(corners)


def gather(folder: Path, patients: int) -> dict[str, dict[str, list]]:
    """Said SD and errors: of lines (as angles between two bodies use them) and of wedges."""
    rng = np.random.default_rng(12)
    found = {kind: {"turn_deg": [], "wedge_deg": []} for kind in ("intact", "fractured")}
    for number in range(patients):
        for condition in CONDITIONS:
            films = visit_pair(condition, FIRST_SEED + number, folder)
            for body in turns(films, rng) if films else ():
                found[body.kind]["wedge_deg"].append((body.wedge_sd, body.error[1] - body.error[0]))
                lines = zip(body.said, body.error, strict=True)
                if body.kind == "fractured":
                    found["fractured"]["turn_deg"] += list(lines)
                found["intact"]["turn_deg"] += body.beyond
        print(f"{number + 1} patients", flush=True)
    return found


@dataclass(frozen=True)
class Body:
    """A body that was carried.

    Attributes
    ----------
    kind
        intact or fractured.
    error, said
        Of the turns of both lines, and what the network says their SD is, degrees, shape (2,).
    wedge_sd
        The same for the wedge.
    beyond
        Pairs of said SD and error of angles from its superior line to the inferior one two levels
        below, over the root of two: as much as each of the two lines.
    """

    kind: str
    error: Array
    said: Array
    wedge_sd: float
    beyond: list[tuple[float, float]]


def turns(films: list[tuple], rng: np.random.Generator) -> list[Body]:
    """Every body that a carry-over of an assisted reading proposes."""
    (film_a, truth_a), (film_b, truth_b) = films
    sd_px = CLICK_MM / film_a.geometry.column_mm
    bodies = {level: clicked(b, sd_px, rng) for level, b in whole_bodies(truth_a).items()}
    read = refine_reading(film_a, replace(truth_a, vertebrae=bodies)).reading
    try:
        carried = carry_over(film_a, read, film_b)
    except CarryOverError:
        return []
    found = {}
    for item in carried.vertebrae:
        level = item.level
        if level in whole_bodies(truth_b):
            now, then = (
                directions_deg(r, f, level) for r, f in ((carried.reading, film_b), (read, film_a))
            )
            true = directions_deg(truth_b, film_b, level) - directions_deg(truth_a, film_a, level)
            found[level] = (wrap_deg(now - then - true), item)
    return [_body(level, found, truth_a.fractured_levels) for level in found]


def _body(level: Level, found: dict, fractured: tuple[Level, ...]) -> Body:
    error, item = found[level]
    a, b = said = np.array(item.line_change_sd_deg)
    below = neighbour(neighbour(level, 1) or level, 1)
    beyond = []
    if below in found and level not in fractured and below not in fractured:
        miss, other = found[below]
        sd = np.hypot(a, other.line_change_sd_deg[1])
        beyond = [(sd / np.sqrt(2.0), (miss[1] - error[0]) / np.sqrt(2.0))]
    return Body(
        kind="fractured" if level in fractured else "intact",
        error=error,
        said=said,
        wedge_sd=float(np.sqrt(max(a**2 + b**2 - 2 * item.shared * a * b, 1e-6))),
        beyond=beyond,
    )


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
        **{
            kind: {name: scale(*np.array(rows).T, BINS[kind]) for name, rows in scales.items()}
            for kind, scales in found.items()
        },
    }
    path.write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card["calibration"], indent=1))


if __name__ == "__main__":
    main()
