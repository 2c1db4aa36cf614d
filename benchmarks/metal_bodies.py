"""Bodies with metal or cement that the detector names, and others that it takes for such.

    python benchmarks/metal_bodies.py --films 3 --seed 991000
    python benchmarks/metal_bodies.py --films 2 --seed 991000 --data DATA

Truth is the simulator's own mask of implants: a body holds some where more than a twentieth of what
its true corners enclose is metal or cement, and none where nothing is. `cement` are films on which
one or two bodies were filled and nothing else was implanted. Of the other worlds (`--data`), which
keep no mask, only conditions without implants are shown.

bodies     that were proposed where one truly lies
named      of those with metal or cement
misnamed   of those without
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trials import CONDITIONS, other_anatomy, whole_bodies
from worlds.ct import CT_CONDITIONS, ct_scene
from worlds.marks import film_of
from worlds.mesh import mesh_scene
from worlds.voxel import VOXEL_CONDITIONS, voxel_scene

from kyphometer.detect import Proposal, detect
from kyphometer.endplates.corners import vertebra_corners
from kyphometer.errors import NoLateralSpineError
from kyphometer.film import Film
from kyphometer.geometry import Facing
from kyphometer.phantom import FilmFormat, SimulatedFilm, simulate_film
from kyphometer.phantom.conditions import find_condition
from kyphometer.phantom.implants import CementBlob, Construct
from kyphometer.phantom.simulate import take_film
from kyphometer.phantom.staging import draw_patient, draw_scene, draw_window

FORMAT = FilmFormat(rows=1100, columns=600, pitch_mm=0.4)
NEAR = 0.5
"""A body is found if a centre lies within this part of its depth."""
HOLDS = 0.05
"""Part of a body from which on it holds metal; less than that and more than none is not counted."""
METALLIC = ("instrumented", "hard")


def person_of(condition: str, seed: int) -> object:
    """A patient; every second one unlike those of the training."""
    person = draw_patient(find_condition(condition), seed, fractured=None)
    return other_anatomy(person, np.random.default_rng([seed, 5])) if seed % 2 else person


def cemented(condition: str, seed: int) -> SimulatedFilm:
    """A film of somebody with one or two bodies filled with cement, and no screw."""
    chosen, rng = find_condition(condition), np.random.default_rng([seed, 77])
    person = person_of(condition, seed)
    scene = draw_scene(chosen, person, rng)
    levels = list(person.levels)
    at = np.arange(max(1, len(levels) // 2 - 3), min(len(levels) - 1, len(levels) // 2 + 4))
    balls: list[CementBlob] = []
    for number in rng.choice(at, int(rng.integers(1, 3)), replace=False):
        balls += filled(person.body(levels[number]), levels[number], rng)
    cement = Construct(cement=tuple(balls), rod_mm=0.0, cement_per_mm=rng.uniform(0.025, 0.07))
    window = draw_window(FORMAT, rng)
    facing = Facing.LEFT if rng.random() < 0.5 else Facing.RIGHT
    return take_film(replace(scene, construct=cement), window, chosen, seed, facing)


def filled(body: object, level: object, rng: np.random.Generator) -> Iterator[CementBlob]:
    """Balls of cement within a body, on both sides or in the middle."""
    room, half = body.mid_height_mm / 2 - 1.5, body.depth_mm / 2
    for side in (-1, 1) if rng.random() < 0.7 else (0,):
        for _ in range(int(rng.integers(2, 5))):
            radius = min(rng.uniform(3.5, 9.0), room)
            x = np.clip(rng.normal(0.1, 0.25) * half, radius - half, half - radius)
            y = np.clip(rng.normal(0.0, 1.5), radius - room, room - radius)
            z = side * 0.35 * body.half_width_mm + rng.normal(0.0, 2.0)
            yield CementBlob(level=level, centre=(float(x), float(y), float(z)), radius_mm=radius)


def simulated(film: SimulatedFilm) -> tuple[Film, np.ndarray, list[tuple[np.ndarray, float]]]:
    """A film, its factors, and of each body its corners in pixels and the part that is metal."""
    factors, bodies = np.array(film.geometry.scale), []
    for body in whole_bodies(film.truth).values():
        corners = vertebra_corners(body, factors, film.facing.sign) / factors
        drawn = np.zeros(film.metal.shape, np.uint8)
        cv2.fillPoly(drawn, [np.round(corners[[0, 1, 3, 2]]).astype(np.int32)], 1)
        bodies.append((corners, float(film.metal[drawn > 0].mean())))
    return film.film, factors, bodies


def films(given: argparse.Namespace) -> Iterator[tuple[str, tuple]]:
    """Films with their truth, by condition."""
    seeds = range(given.seed, given.seed + given.films)
    for condition in CONDITIONS:
        for seed in seeds:
            person = person_of(condition, seed)
            yield condition, simulated(simulate_film(condition, seed, patient=person,
                                                     film_format=FORMAT))  # fmt: skip
    for condition in (c for c in CONDITIONS if c != "instrumented"):
        for seed in seeds:
            yield "cement", simulated(cemented(condition, seed))
    if given.data is None:
        return
    worlds = (
        ("voxel", VOXEL_CONDITIONS, voxel_scene),
        ("mesh", CONDITIONS, lambda c, s: mesh_scene(given.data, c, s)),
        ("ct", CT_CONDITIONS, lambda c, s: ct_scene(given.data, c, s)),
    )
    for world, conditions, make in worlds:
        for index, condition in enumerate(c for c in conditions if c not in METALLIC):
            for seed in seeds:
                scene = make(condition, 10 * seed + index)
                bodies = [(body.corners, 0.0) for body in scene.bodies]
                yield world, (film_of(scene.pixels, scene.factors), scene.factors, bodies)


def count(proposal: Proposal, factors: np.ndarray, truth: list, tally: Counter) -> None:
    """What is said of the bodies that were found."""
    reading, said = proposal.reading, {body.level: body for body in proposal.bodies}
    sign = reading.facing.sign
    places = {
        level: vertebra_corners(v, factors, sign).mean(axis=0) / factors
        for level, v in reading.vertebrae.items()
    }
    for corners, share in truth:
        centre, depth = corners.mean(axis=0), np.hypot(*(corners[1] - corners[0]))
        gap, level = min((float(np.hypot(*(at - centre))), level) for level, at in places.items())
        if gap > NEAR * depth or 0 < share <= HOLDS:
            continue
        kind = "with" if share > HOLDS else "without"
        tally.update({kind: 1, f"{kind} named": int(said[level].holds_metal)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=3, help="of each condition")
    parser.add_argument("--seed", type=int, default=991_000)
    parser.add_argument("--data", type=Path, help="meshes and CT for the other worlds")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    tallies: dict[str, Counter] = {}
    for name, (film, factors, truth) in films(given):
        tally = tallies.setdefault(name, Counter())
        try:
            count(detect(film), factors, truth, tally)
        except NoLateralSpineError:
            tally["refused"] += 1
    print(f"{'films':14s}{'with':>8s}{'named':>8s}{'without':>9s}{'misnamed':>10s}{'refused':>9s}")
    for name, t in [*tallies.items(), ("all", sum(tallies.values(), Counter()))]:
        cells = f"{t['with']:8d}{t['with named']:8d}{t['without']:9d}{t['without named']:10d}"
        print(f"{name:14s}{cells}{t['refused']:9d}")


if __name__ == "__main__":
    main()
