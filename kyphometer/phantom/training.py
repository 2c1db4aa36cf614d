"""Films for training networks: every setting drawn anew, at a coarse pixel size."""

from __future__ import annotations

import numpy as np

from kyphometer.phantom.conditions import Condition
from kyphometer.phantom.formats import FilmFormat
from kyphometer.phantom.simulate import SimulatedFilm, simulate_film
from kyphometer.phantom.streams import between, stream

TRAINING_FORMAT = FilmFormat(rows=675, columns=338, pitch_mm=0.4)
"""A film of 270 x 135 mm at 0.4 mm: about seven vertebrae."""


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
