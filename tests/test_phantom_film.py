"""Whole simulated films: determinism, facing, what they carry."""

from __future__ import annotations

import numpy as np
import pytest

from kyphometer.anatomy import EndplateSide
from kyphometer.errors import UnknownConditionError
from kyphometer.geometry import Facing, signed_angle_deg
from kyphometer.phantom import CONDITIONS, FilmFormat, simulate_film, simulate_training_film
from kyphometer.reading import CornerRule, MarkSource

SMALL = FilmFormat(rows=450, columns=240, pitch_mm=0.6)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_gives_a_film_with_truth(condition: str) -> None:
    film = simulate_film(condition, 3, film_format=SMALL)
    assert film.pixels.shape == (450, 240)
    assert film.pixels.dtype == np.uint16
    assert film.pixels.max() < 4096
    assert len(np.unique(film.pixels)) > 100
    assert len(film.truth.levels) >= 4
    assert film.truth.corner_rule is CornerRule.RIM_CHORD
    assert film.silhouette.corner_rule is CornerRule.OUTER_CONTOUR
    for _, _, _, mark in film.truth.landmarks():
        assert mark.source is MarkSource.TRUTH
        assert 0 < mark.xy.x < 240


def test_same_seed_same_film_bit_for_bit_and_other_seed_another() -> None:
    a, b = (simulate_film("noisy", 5, film_format=SMALL) for _ in range(2))
    assert np.array_equal(a.pixels, b.pixels)
    assert a.truth == b.truth
    assert not np.array_equal(a.pixels, simulate_film("noisy", 6, film_format=SMALL).pixels)


def test_facing_mirrors_the_truth_and_keeps_every_angle() -> None:
    right, left = (
        simulate_film("oblique", 4, film_format=SMALL, facing=f)
        for f in (Facing.RIGHT, Facing.LEFT)
    )
    angles = []
    for film in (right, left):
        plates = [plate for _, _, plate in film.truth.endplates()]
        angles.append(signed_angle_deg(plates[0].vector, plates[-1].vector, film.facing))
    assert angles[0] == pytest.approx(angles[1], abs=1e-9)
    for (*_, a), (*_, b) in zip(right.truth.landmarks(), left.truth.landmarks(), strict=True):
        assert a.xy.x == pytest.approx(SMALL.columns - b.xy.x)
        assert a.xy.y == pytest.approx(b.xy.y)


def test_anterior_points_to_the_stated_side() -> None:
    for facing in Facing:
        film = simulate_film("clean", 8, film_format=SMALL, facing=facing)
        assert all(
            np.sign(plate.vector[0]) == facing.sign for _, _, plate in film.truth.endplates()
        )


def test_unknown_condition_is_named() -> None:
    with pytest.raises(UnknownConditionError, match="'dusty' is no simulation condition; use one"):
        simulate_film("dusty", 1)


def test_training_films_are_coarse_and_marked() -> None:
    film = simulate_training_film(2, film_format=SMALL)
    assert film.condition.name == "random"
    superior = [p for _, side, p in film.truth.endplates() if side is EndplateSide.SUPERIOR]
    assert len(superior) >= 3


def test_every_dressing_of_training_films_works() -> None:
    """Annotated, compressed, collimated, instrumented: each turns up within these seeds."""
    tiny = FilmFormat(rows=340, columns=170, pitch_mm=0.8)
    films = [simulate_training_film(seed, film_format=tiny) for seed in range(12)]
    facts = [film.acquisition for film in films]
    assert any(fact.burned_in_annotation for fact in facts)
    assert any(fact.lossy for fact in facts)
    assert any(film.metal.any() for film in films)
    assert all(np.isfinite(film.pixels).all() and film.pixels.std() > 20 for film in films)
