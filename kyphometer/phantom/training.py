"""Films for training networks: every setting drawn anew, at a coarse pixel size."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from kyphometer.errors import UnreachableAngleError
from kyphometer.geometry import Facing
from kyphometer.phantom.conditions import Condition
from kyphometer.phantom.formats import FilmFormat
from kyphometer.phantom.simulate import SimulatedFilm, simulate_film
from kyphometer.phantom.staging import draw_patient
from kyphometer.phantom.streams import between, stream
from kyphometer.phantom.targets import TargetAngles
from kyphometer.phantom.visits import VisitPlan, simulate_visits

TRAINING_FORMAT = FilmFormat(rows=675, columns=338, pitch_mm=0.4)
"""A film of 270 x 135 mm at 0.4 mm: about seven vertebrae."""
_VKA_DEG = ((8.0, 30.0), (0.0, 18.0))
"""VKA of a pair's two films, where the fracture is reduced."""
_REDUCED, _INSTRUMENTED_BEFORE, _INSTRUMENTED_AFTER = 0.75, 0.15, 0.75
"""How often each is so."""


def random_condition(seed: int) -> Condition:
    """A condition with every setting drawn from a range wider than the named conditions'."""
    rng = stream(seed, "condition")
    oblique = rng.random() < 0.5
    return Condition(
        name="random",
        photons=float(np.exp(rng.uniform(np.log(80), np.log(6000)))),
        blur_mm=between(rng, 0.15, 0.7),
        scatter=between(rng, 0.5, 3.5),
        tilt_sd_deg=between(rng, 0.5, 3.0),
        axial_sd_deg=between(rng, 0.5, 4.0),
        tilt_range_deg=(0.0, 10.0) if oblique else None,
        axial_range_deg=(0.0, 13.0) if oblique else None,
        trabecular_per_mm=(0.0015, 0.011),
        osteophytes=between(rng, 0.0, 0.4),
        instrumented=0.4,
        clutter=between(rng, 0.015, 0.08),
        correlated=(0.0, 0.8),
        gamma=(0.6, 1.6),
        sharpening=(0.0, 1.5),
        compression=(0.0, 0.8),
        collimated=0.4,
        marker=0.3,
        annotated=0.15,
        jpeg=0.2,
        any_level=True,
        second_fracture=0.35,
        superior_share=(0.0, 1.0),
    )


def simulate_training_film(seed: int, *, film_format: FilmFormat | None = None) -> SimulatedFilm:
    """A film under a random condition, cheap enough to make thousands.

    Parameters
    ----------
    seed
        The same seed gives the same film.
    film_format
        Size of the film; `TRAINING_FORMAT` if None.
    """
    return simulate_film(random_condition(seed), seed, film_format=film_format or TRAINING_FORMAT)


def simulate_training_pair(
    seed: int, *, film_format: FilmFormat | None = None
) -> tuple[SimulatedFilm, SimulatedFilm]:
    """Two films of one patient under one random condition: mostly reduced, mostly instrumented.

    Parameters
    ----------
    seed
        The same seed gives the same films.
    film_format
        Size of the films; `TRAINING_FORMAT` if None.
    """
    condition = random_condition(seed)
    rng = stream(seed, "pair")
    person = draw_patient(condition, seed, fractured=None)
    levels = person.fractured_levels or person.levels[5:-2]
    plans = (
        VisitPlan(name="before", day=-3, instrumented=rng.random() < _INSTRUMENTED_BEFORE),
        VisitPlan(name="after", day=5, instrumented=rng.random() < _INSTRUMENTED_AFTER),
    )
    wanted = [TargetAngles(vka_deg=between(rng, *angles)) for angles in _VKA_DEG]
    bent = tuple(replace(plan, targets=to) for plan, to in zip(plans, wanted, strict=True))
    take = partial(
        simulate_visits,
        condition=condition,
        fractured=levels[int(rng.integers(len(levels)))],
        seed=seed,
        film_format=film_format or TRAINING_FORMAT,
        facing=Facing.LEFT if rng.random() < 0.5 else Facing.RIGHT,
    )
    reduced = rng.random() < _REDUCED
    try:
        before, after = take(person, bent if reduced else plans)
    except UnreachableAngleError:
        before, after = take(person, plans)
    return before.film, after.film
