"""Laying films over each other: known similarities are found again, whatever the film."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.anatomy import Level
from kyphometer.errors import NoSharedVertebraError
from kyphometer.film import FilmReference
from kyphometer.geometry import PixelGeometry, Point
from kyphometer.measure.superimpose import caudal_intact_level, superpose
from kyphometer.reading import Endplate, Landmark, Reading, Vertebra

SQUARE = PixelGeometry()
CORNERS = {
    Level.L1: ((100, 100), (140, 95), (102, 130), (141, 128)),
    Level.L2: ((105, 140), (146, 139), (108, 172), (147, 170)),
}


def reading(move=lambda xy: xy, levels=CORNERS, fractured=(Level.L1,)):
    def mark(xy):
        return Landmark(xy=Point(*map(float, move(np.array(xy, float)))))

    vertebrae = {
        level: Vertebra(
            level=level,
            superior=Endplate(anterior=mark(points[0]), posterior=mark(points[1])),
            inferior=Endplate(anterior=mark(points[2]), posterior=mark(points[3])),
        )
        for level, points in levels.items()
    }
    film = FilmReference(rows=400, columns=400)
    return Reading(film=film, vertebrae=vertebrae, fractured_levels=fractured)


@given(
    turn=st.floats(-math.pi + 0.01, math.pi - 0.01),
    scale=st.floats(0.3, 3.0),
    shift=st.tuples(st.floats(-200, 200), st.floats(-200, 200)),
    mirrored=st.booleans(),
)
def test_a_known_similarity_is_found_again(turn, scale, shift, mirrored):
    matrix = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    matrix = matrix @ np.diag([-1.0 if mirrored else 1.0, 1.0])

    def move(xy):
        return matrix @ xy + shift

    found = superpose(reading(), SQUARE, reading(move), SQUARE, Level.L2)
    assert found.mirrored is mirrored
    assert found.scale == pytest.approx(scale)
    assert math.radians(found.rotation_deg) == pytest.approx(turn, abs=1e-7)
    assert found.residual_px == pytest.approx(0.0, abs=1e-8)
    far = np.array([[10.0, 300.0], [250.0, 20.0]])
    assert found.apply(far) == pytest.approx(far @ matrix.T + shift, abs=1e-6)


def test_pixels_that_are_not_square_are_made_so():
    tall = PixelGeometry(aspect=2.0)  # a pixel twice as high as wide: y counts half as many
    found = superpose(
        reading(), SQUARE, reading(lambda xy: xy * np.array([1.0, 0.5])), tall, Level.L2
    )
    assert found.scale == pytest.approx(1.0)
    assert found.rotation_deg == pytest.approx(0.0, abs=1e-9)
    assert found.apply([[20.0, 40.0]])[0] == pytest.approx([20.0, 20.0])


def test_the_vertebra_is_the_first_whole_intact_one_below_the_fracture():
    whole = reading()
    assert caudal_intact_level([whole, whole]) is Level.L2
    torn = replace(
        whole,
        vertebrae={**whole.vertebrae, Level.L2: replace(whole.vertebrae[Level.L2], inferior=None)},
    )
    for readings, sentence in (
        ([whole, torn], "no vertebra below L1 is marked with both endplates"),
        ([reading(fractured=(Level.L2,))], "both endplates"),
        ([reading(fractured=())], "no fractured level is named"),
    ):
        with pytest.raises(NoSharedVertebraError, match=sentence):
            caudal_intact_level(readings)
    with pytest.raises(NoSharedVertebraError, match="L2"):
        superpose(whole, SQUARE, torn, SQUARE, Level.L2)
