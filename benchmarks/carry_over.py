"""Carry-over between two simulated visits of one patient, the second one instrumented.

    python benchmarks/carry_over.py --patients 12
    python benchmarks/carry_over.py --patients 12 --plan four
    python benchmarks/carry_over.py --patients 40 --plan four --world voxel --anchored
    python benchmarks/carry_over.py --patients 12 --world voxel --anchored --mistaken

For each condition: how often the column was found and on which level; errors of the proposed
corners; error of the change of VKA and RKA, beside that of two readings assisted apart from each
other (their difference, and what it would be if their errors had nothing in common); coverage of
the stated 95 % intervals; seconds a film; how many films of another patient were taken for the next
one. Readings start from clicks of 1.5 mm. `--plan` says what was read on the first film: every
whole body, the annotator's four endplates (the fractured body and its neighbours' far endplates),
or the fractured body alone. `--mistaken` clicks the body below the one that is asked for, and says
what spoke for each place that was taken all the same. `--world voxel` takes bodies as level sets
(training/worlds/voxel.py), which neither network was trained on, with the middle one fractured and
its height partly restored.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from trials import clicked, visit_pair, whole_bodies
from worlds.marks import facing_of, film_of, vertebra_of
from worlds.voxel import voxel_pair

from kyphometer.anatomy import EndplateSide, Level, neighbour
from kyphometer.carry import carry_over, change_with_uncertainty
from kyphometer.endplates import refine_reading
from kyphometer.errors import CarryOverError, KyphometerError
from kyphometer.geometry import Point, signed_angle_deg
from kyphometer.reading import Reading

ROOT = Path(__file__).resolve().parent.parent
CONDITIONS = ("clean", "noisy", "oblique")
FIRST_SEED = 960_000_000
CLICK_MM = 1.5
WRONG_LEVEL_MM = 8.0


@dataclass
class Tally:
    """What was seen under one condition."""

    films: int = 0
    refused: Counter = field(default_factory=Counter)
    bodies: int = 0
    wrong_level: int = 0
    strangers: int = 0
    taken: int = 0
    corner_mm: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    change: dict = field(default_factory=lambda: defaultdict(list))


def voxel_films(condition: str, seed: int) -> list[tuple]:
    """Two films of a person of level sets, with their truth."""
    films = []
    for scene in voxel_pair(condition, seed):
        film = film_of(scene.pixels, scene.factors)
        bodies = {body.level: vertebra_of(body.corners, body.level) for body in scene.bodies}
        truth = Reading(
            film=film.reference,
            vertebrae=bodies,
            fractured_levels=(scene.bodies[len(scene.bodies) // 2].level,),
            facing=facing_of(scene.facing_sign),
        )
        films.append((film, truth))
    return films


def angle_deg(reading: object, film: object, upper: tuple, lower: tuple) -> float:
    sx, sy = film.geometry.scale
    vectors = [reading.endplate(*line).vector for line in (upper, lower)]
    return signed_angle_deg(*[(x * sx, y * sy) for x, y in vectors], reading.facing)


def assisted(film: object, truth: object, rng: np.random.Generator) -> tuple:
    """A reading from rough clicks, and the endplates that the assist accepted."""
    sd_px = CLICK_MM / film.geometry.column_mm
    bodies = {level: clicked(body, sd_px, rng) for level, body in whole_bodies(truth).items()}
    done = refine_reading(film, replace(truth, vertebrae=bodies))
    accepted = {(item.level, side) for item in done.vertebrae for side in item.accepted}
    return done.reading, accepted


def planned(reading: Reading, plan: str) -> Reading:
    """A reading as a plan leaves it."""
    fractured = reading.fractured_levels[0]
    bodies = {level: body for level, body in reading.vertebrae.items() if len(body.endplates) == 2}
    if plan == "all":
        return replace(reading, vertebrae=bodies)
    kept = {fractured: bodies[fractured]} if fractured in bodies else {}
    if plan == "four":
        above, below = neighbour(fractured, -1), neighbour(fractured, 1)
        if above in bodies:
            kept[above] = replace(bodies[above], inferior=None)
        if below in bodies:
            kept[below] = replace(bodies[below], superior=None)
    return replace(reading, vertebrae=dict(sorted(kept.items())))


def middle(reading: Reading, level: Level) -> Point:
    """About where a reader would click the middle of a body."""
    plates = reading.vertebrae[level].endplates.values()
    corners = np.array([mark.xy for plate in plates for mark in (plate.anterior, plate.posterior)])
    return Point(*corners.mean(axis=0).tolist())


def run_pair(
    films: list[tuple],
    tally: Tally,
    rng: np.random.Generator,
    plan: str,
    *,
    anchored: bool,
    mistaken: bool,
) -> None:
    (film_a, truth_a), (film_b, truth_b) = films
    read_a, sure_a = assisted(film_a, truth_a, rng)
    read_a = planned(read_a, plan)
    read_b, sure_b = assisted(film_b, truth_b, rng)
    tally.films += 1
    begun = time.process_time()
    try:
        fractured = truth_a.fractured_levels[0]
        clicked_on = neighbour(fractured, 1) if mistaken else fractured
        anchors = {fractured: middle(truth_b, clicked_on)} if anchored else None
        carried = carry_over(film_a, read_a, film_b, anchors=anchors)
    except CarryOverError as error:
        tally.refused["levels" if "one level" in str(error) else "not found"] += 1
        return
    tally.seconds.append(time.process_time() - begun)
    wrong = tally.wrong_level
    corner_errors(carried, film_b, truth_b, tally)
    if mistaken:
        print(f"taken on evidence {carried.evidence:.1f}, wrong levels {tally.wrong_level - wrong}")
    above, below = neighbour(fractured, -1), neighbour(fractured, 1)
    up, low = EndplateSide
    for code, upper, lower in (
        ("VKA", (fractured, up), (fractured, low)),
        ("RKA", (above, up), (below, low)),
    ):
        if not all(line in sure_a and line in sure_b for line in (upper, lower)):
            continue
        try:
            change = change_with_uncertainty(carried, upper, lower)
        except KyphometerError:
            continue
        true_a, true_b = (
            angle_deg(t, f, upper, lower) for t, f in ((truth_a, film_a), (truth_b, film_b))
        )
        error_a = angle_deg(read_a, film_a, upper, lower) - true_a
        error_b = angle_deg(read_b, film_b, upper, lower) - true_b
        error = change.change_deg - (true_b - true_a)
        moved = true_b - true_a
        tally.change[code].append((error, change.standard_uncertainty, error_a, error_b, moved))


def run_stranger(film_a: object, truth_a: object, film_b: object, tally: Tally, plan: str) -> None:
    """Whether another patient's film is taken for the next one of this patient."""
    tally.strangers += 1
    try:
        carry_over(film_a, planned(truth_a, plan), film_b)
    except CarryOverError:
        return
    tally.taken += 1


def corner_errors(carried: object, film: object, truth: object, tally: Tally) -> None:
    for item in carried.vertebrae:
        true = whole_bodies(truth).get(item.level)
        if true is None:
            continue
        misses = [
            np.hypot(*(np.array(getattr(plate, name).xy) - getattr(wanted, name).xy))
            * film.geometry.column_mm
            for plate, wanted in (
                (plate, true.endplates[side]) for side, plate in item.vertebra.endplates.items()
            )
            for name in ("anterior", "posterior")
        ]
        tally.bodies += 1
        tally.wrong_level += float(np.mean(misses)) > WRONG_LEVEL_MM
        tally.corner_mm += misses


def show(condition: str, tally: Tally) -> None:
    if not tally.corner_mm:
        print(f"\n{condition}: {tally.films} pairs, refused {dict(tally.refused)}")
        return
    print(
        f"\n{condition}: {tally.films} pairs, refused {dict(tally.refused)}, {tally.bodies} bodies "
        f"proposed, {tally.wrong_level} on a wrong level; corners {np.median(tally.corner_mm):.2f} "
        f"mm median, {np.percentile(tally.corner_mm, 95):.2f} mm 95th; "
        f"{np.median(tally.seconds):.2f} s a film; {tally.taken} of {tally.strangers} films of "
        "another patient taken for the next one"
    )
    for code, rows in tally.change.items():
        if len(rows) < 3:
            continue
        error, stated, error_a, error_b, moved = np.array(rows).T
        apart = (error_b - error_a).std()
        unrelated = np.hypot(error_a.std(), error_b.std())
        print(
            f"  change of {code}: n {len(rows)}, bias {error.mean():+.2f}, SD {error.std():.2f}; "
            f"two readings apart {apart:.2f} (ratio {error.std() / apart:.2f}), if unrelated "
            f"{unrelated:.2f} (ratio {error.std() / unrelated:.2f}); slope on the true change "
            f"{np.polyfit(moved, error, 1)[0]:+.3f}; stated {stated.mean():.2f}, "
            f"covered {np.mean(np.abs(error) <= 1.96 * stated):.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=12, help="of each condition")
    parser.add_argument("--conditions", nargs="+", default=CONDITIONS)
    parser.add_argument("--data", type=Path, default=ROOT / "training/data/visits")
    parser.add_argument("--world", choices=("phantom", "voxel"), default="phantom")
    parser.add_argument("--anchored", action="store_true", help="one click tells the level")
    parser.add_argument("--mistaken", action="store_true", help="a click one level too low")
    parser.add_argument("--plan", choices=("all", "four", "one"), default="all")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    together = Tally()
    for condition in given.conditions:
        tally, before = Tally(), None
        for number in range(given.patients):
            seed = given.first_seed + number
            if given.world == "voxel":
                films = voxel_films(condition, seed)
            else:
                films = visit_pair(condition, seed, given.data)
            if films is None:
                continue
            rng = np.random.default_rng(number)
            run_pair(
                films, tally, rng, given.plan, anchored=given.anchored, mistaken=given.mistaken
            )
            if before is not None and not given.anchored:
                run_stranger(*before, films[1][0], tally, given.plan)
            before = films[0]
        show(condition, tally)
        for code, rows in tally.change.items():
            together.change[code] += rows
        together.films += tally.films
        together.refused += tally.refused
        together.bodies += tally.bodies
        together.wrong_level += tally.wrong_level
        together.strangers += tally.strangers
        together.taken += tally.taken
        together.corner_mm += tally.corner_mm
        together.seconds += tally.seconds
    show("all", together)


if __name__ == "__main__":
    main()
