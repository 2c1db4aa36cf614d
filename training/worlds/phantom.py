"""Films of the package's own simulator, made beforehand by `make_films.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from films import TrainingFilm, read_films
from trials import make_trial, whole_bodies

from worlds.scene import Scene, SeenBody


def phantom_scene(film: TrainingFilm) -> Scene:
    """One film of a folder."""
    return Scene(
        pixels=film.pixels(),
        factors=film.factors,
        facing_sign=film.facing_sign,
        bodies=tuple(
            SeenBody(corners=corners, level=level, fractured=weight > 1)
            for corners, level, weight in zip(film.corners, film.levels, film.weights, strict=True)
        ),
        world="phantom",
        condition=film.condition,
    )


def phantom_films(folder: Path) -> list[TrainingFilm]:
    """Every film that is there now: a folder may still be growing."""
    return read_films(folder)


def package_scene(condition: str, seed: int) -> Scene:
    """A film of a named condition of a person whose bodies no training film shows."""
    trial = make_trial(condition, 940_000_000 + seed, other=True)
    truth, film = trial.truth, trial.film
    bodies = []
    for level, body in whole_bodies(truth).items():
        plates = (body.superior, body.inferior)
        corners = [mark.xy for plate in plates for mark in (plate.anterior, plate.posterior)]
        fractured = level in truth.fractured_levels
        bodies.append(SeenBody(corners=np.array(corners), level=level, fractured=fractured))
    return Scene(
        pixels=film.pixels,
        factors=np.array(film.geometry.scale),
        facing_sign=truth.facing.sign,
        bodies=tuple(bodies),
        world="phantom",
        condition=condition,
    )
