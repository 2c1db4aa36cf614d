"""Films of the named conditions with clicks on them: what calibration and benchmark stand on.

Half of the patients, or all of them, get another anatomy than any training film: bodies, discs,
rims and cortices are stretched beyond the ranges that the phantom draws from.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.endplates.corners import line_directions_deg, vertebra_corners, wrap_deg
from kyphometer.errors import UnreachableAngleError
from kyphometer.film import Film
from kyphometer.geometry import Point
from kyphometer.phantom import simulate_film, simulate_visits
from kyphometer.phantom.conditions import find_condition
from kyphometer.phantom.staging import draw_patient
from kyphometer.phantom.targets import TargetAngles
from kyphometer.phantom.visits import VisitPlan
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra

Array = NDArray[np.float64]
CONDITIONS = ("clean", "instrumented", "noisy", "oblique", "hard")
VISIT_LEVELS = (Level.T11, Level.T12, Level.L1, Level.L2)
"""Where patients of two visits are fractured."""


@dataclass(frozen=True)
class Trial:
    """A film, its truth, and under which condition it was taken."""

    condition: str
    seed: int
    film: Film
    truth: Reading


def _factor(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def other_anatomy(person: object, rng: np.random.Generator) -> object:
    """The same person with bodies shaped as no training film's are."""
    depth, width, height = (_factor(rng, 0.90, 1.12) for _ in range(3))
    rim, floor, shell, waist = (_factor(rng, 0.65, 1.5) for _ in range(4))
    front = rng.uniform(1.9, 2.9)

    def plate(shape: object) -> object:
        return replace(
            shape,
            concavity_mm=shape.concavity_mm * floor,
            radius_anterior_mm=shape.radius_anterior_mm * rim,
            radius_posterior_mm=shape.radius_posterior_mm * rim,
            ring=float(np.clip(shape.ring + rng.uniform(-0.06, 0.06), 0.65, 0.9)),
        )

    def body(shape: object) -> object:
        return replace(
            shape,
            depth_mm=shape.depth_mm * depth,
            half_width_mm=shape.half_width_mm * width,
            height_mm=shape.height_mm * height,
            exponent_anterior=front,
            waist_anterior_mm=shape.waist_anterior_mm * waist,
            shell_endplate_mm=shape.shell_endplate_mm * shell,
            shell_wall_mm=shape.shell_wall_mm * shell,
            superior=plate(shape.superior),
            inferior=plate(shape.inferior),
        )

    return replace(
        person,
        bodies={level: body(shape) for level, shape in person.bodies.items()},
        fractures={level: body(shape) for level, shape in person.fractures.items()},
    )


def make_trial(condition: str, seed: int, *, other: bool) -> Trial:
    """One film of a named condition."""
    chosen = find_condition(condition)
    person = draw_patient(chosen, seed, fractured=None)
    if other:
        person = other_anatomy(person, np.random.default_rng([seed, 5]))
    made = simulate_film(chosen, seed, patient=person)
    return Trial(condition, seed, made.film, made.truth)


def trials(folder: Path, first: int, films: int, *, other: float) -> Iterator[Trial]:
    """Films of every condition, kept in a folder; a part `other` of them of another anatomy."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(films):
        for condition in CONDITIONS:
            path = folder / f"{condition}-{first + number}.pickle"
            if not path.exists():
                made = make_trial(condition, first + number, other=number < other * films)
                path.write_bytes(pickle.dumps(made))
            yield pickle.loads(path.read_bytes())


def visit_pair(condition: str, seed: int, folder: Path) -> list[tuple] | None:
    """Two films of a patient, shaped as no training film's is, with their truth; kept."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{condition}-{seed}.pickle"
    if not path.exists():
        rng = np.random.default_rng(seed)
        before = TargetAngles(vka_deg=float(rng.uniform(12, 24)))
        after = TargetAngles(vka_deg=float(rng.uniform(5, 14)))
        plans = (
            VisitPlan(name="pre-op", day=-3, instrumented=False, targets=before),
            VisitPlan(name="discharge", day=5, instrumented=True, targets=after),
        )
        level = VISIT_LEVELS[int(rng.integers(len(VISIT_LEVELS)))]
        person = draw_patient(find_condition(condition), seed, fractured=False)
        person = other_anatomy(person, np.random.default_rng([seed, 5]))
        try:
            made = simulate_visits(person, plans, condition=condition, seed=seed, fractured=level)
        except UnreachableAngleError:  # an angle that this patient cannot reach
            path.write_bytes(pickle.dumps(None))
        else:
            films = [(visit.film.film, visit.film.truth) for visit in made]
            path.write_bytes(pickle.dumps(films))
    return pickle.loads(path.read_bytes())


def whole_bodies(truth: Reading) -> dict[Level, Vertebra]:
    """Bodies with both endplates on the film."""
    return {
        level: body
        for level, body in truth.vertebrae.items()
        if len(body.endplates) == 2 and level < Level.S1
    }


def clicked(body: Vertebra, sd_px: float, rng: np.random.Generator) -> Vertebra:
    """A body as a reader would click it: Gaussian noise on both axes of every corner."""

    def mark(landmark: Landmark) -> Landmark:
        x, y = np.array(landmark.xy) + rng.normal(0.0, sd_px, 2)
        return Landmark(xy=Point(float(x), float(y)))

    plates = {
        str(side): Endplate(anterior=mark(plate.anterior), posterior=mark(plate.posterior))
        for side, plate in body.endplates.items()
    }
    return replace(body, **plates)


def line_errors_deg(found: Vertebra, true: Vertebra, film: Film, sign: int) -> Array:
    """Errors of both endplates' directions, shape (2,), positive as they add to kyphosis below.

    The angle between an upper and a lower line errs by the lower line's error less the upper's.
    """
    factors = np.array(film.geometry.scale)
    seen, wanted = (line_directions_deg(vertebra_corners(v, factors, sign)) for v in (found, true))
    return -sign * wrap_deg(seen - wanted)


SIDES = tuple(EndplateSide)
