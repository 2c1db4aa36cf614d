"""Size the uncertainty of changes on pairs of films that were used for nothing else.

    python training/calibrate_change.py --patients 24 --left-out 8

Carries simulated readings over and writes the pairs of said and honest SD into the card of the
network of changes (see `kyphometer/endplates/calibration.py`). All of these patients show another
anatomy than the training films, as the patients to come will. Then the same is done in a world that
no network was trained on (`worlds/voxel.py`): how much larger errors are there than was stated.
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

from calibrate import record, scale
from trials import Array, clicked, visit_pair, whole_bodies
from worlds.marks import facing_of, film_of, vertebra_of
from worlds.scene import Scene
from worlds.voxel import voxel_pair

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
from kyphometer.film import Film
from kyphometer.geometry import Point
from kyphometer.reading import Reading

FIRST_SEED = 850_000_000
LEFT_OUT_SEED = 700
LEFT_OUT_CONDITIONS = ("clean", "noisy", "oblique")
SHRINKAGE = 0.05
"""Part of a fractured body's change that may be missing (see docs/endplates.md)."""
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
    allowed
        What `SHRINKAGE` allows of its change, degrees.
    beyond
        Pairs of said SD and error of angles from its superior line to the inferior one two levels
        below, over the root of two: as much as each of the two lines.
    """

    kind: str
    error: Array
    said: Array
    wedge_sd: float
    allowed: float
    beyond: list[tuple[float, float]]


def left_out(people: int) -> dict[str, object]:
    """By how much errors exceed what is stated where no network was trained: roots of mean squares.

    Of intact bodies those of lines, of fractured ones those of the wedge, less what `SHRINKAGE`
    allows for anyway.
    """
    rng = np.random.default_rng(13)
    ratios: dict[str, list[float]] = {"intact": [], "fractured": []}
    for number in range(people):
        for condition in LEFT_OUT_CONDITIONS:
            films = [_film(scene) for scene in voxel_pair(condition, LEFT_OUT_SEED + number)]
            truth = films[1][1]
            middle = {level: _middle(truth, level) for level in truth.fractured_levels}
            for body in turns(films, rng, anchors=middle):
                if body.kind == "fractured":
                    missed = abs(body.error[1] - body.error[0])
                    ratios["fractured"].append(max(missed - body.allowed, 0.0) / body.wedge_sd)
                else:
                    ratios["intact"] += [miss / sd for sd, miss in body.beyond]
        print(f"{number + 1} people, { ({k: len(v) for k, v in ratios.items()}) }", flush=True)
    return {
        "world": "voxel",
        "seeds": f"{LEFT_OUT_SEED} to {LEFT_OUT_SEED + people - 1}",
        "changes": {kind: len(found) for kind, found in ratios.items()},
        **{
            kind: round(max(float(np.sqrt(np.mean(np.square(found)))), 1.0), 2)
            for kind, found in ratios.items()
        },
        "shrinkage": SHRINKAGE,
    }


def _film(scene: Scene) -> tuple[Film, Reading]:
    film = film_of(scene.pixels, scene.factors)
    broken = scene.bodies[len(scene.bodies) // 2].level
    return film, Reading(
        film=film.reference,
        vertebrae={body.level: vertebra_of(body.corners, body.level) for body in scene.bodies},
        fractured_levels=(broken,),
        facing=facing_of(scene.facing_sign),
    )


def _middle(truth: Reading, level: Level) -> Point:
    plates = truth.vertebrae[level].endplates.values()
    x, y = np.mean([plate.centre for plate in plates], axis=0)
    return Point(float(x), float(y))


def turns(
    films: list[tuple], rng: np.random.Generator, anchors: dict[Level, Point] | None = None
) -> list[Body]:
    """Every body that a carry-over of an assisted reading proposes."""
    (film_a, truth_a), (film_b, truth_b) = films
    sd_px = CLICK_MM / film_a.geometry.column_mm
    bodies = {level: clicked(b, sd_px, rng) for level, b in whole_bodies(truth_a).items()}
    read = refine_reading(film_a, replace(truth_a, vertebrae=bodies)).reading
    try:
        carried = carry_over(film_a, read, film_b, anchors=anchors)
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
            found[level] = (wrap_deg(now - then - true), item, float(true[1] - true[0]))
    return [_body(level, found, truth_a.fractured_levels) for level in found]


def _body(level: Level, found: dict, fractured: tuple[Level, ...]) -> Body:
    error, item, moved = found[level]
    a, b = said = np.array(item.line_change_sd_deg)
    below = neighbour(neighbour(level, 1) or level, 1)
    beyond = []
    if below in found and level not in fractured and below not in fractured:
        miss, other, _ = found[below]
        sd = np.hypot(a, other.line_change_sd_deg[1])
        beyond = [(sd / np.sqrt(2.0), (miss[1] - error[0]) / np.sqrt(2.0))]
    return Body(
        kind="fractured" if level in fractured else "intact",
        error=error,
        said=said,
        wedge_sd=float(np.sqrt(max(a**2 + b**2 - 2 * item.shared * a * b, 1e-6))),
        allowed=SHRINKAGE * abs(moved),
        beyond=beyond,
    )


def _scale(rows: list[tuple[float, float]], bins: int) -> dict[str, list[float]]:
    """Said and honest SD, as the card keeps them."""
    said, error = np.array(rows).T
    return record(scale(said, error, np.ones(len(said)), bins), 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--patients", type=int, default=24, help="of each condition; 0 keeps the card"
    )
    parser.add_argument("--left-out", type=int, default=0, help="people of the world left out")
    parser.add_argument("--data", type=Path, default=Path("training/data/calibration_pairs"))
    given = parser.parse_args()
    cv2.setNumThreads(1)
    path = FOLDER / f"{NAME}.json"
    card = json.loads(path.read_text())
    known = change_model().card.pop("calibration", {})
    if given.patients:
        found = gather(given.data, given.patients)
        known = {
            "films": given.patients * len(CONDITIONS) * 2,
            **{
                kind: {name: _scale(rows, BINS[kind]) for name, rows in scales.items()}
                for kind, scales in found.items()
            },
        }
    card["calibration"] = known
    if given.left_out:
        known.pop("left_out", None)
        change_model().card["calibration"] = dict(known)
        card["calibration"]["left_out"] = left_out(given.left_out)
    path.write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card["calibration"], indent=1))


if __name__ == "__main__":
    main()
