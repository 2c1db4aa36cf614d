"""Simulated films, clicks and errors that the tests of the endplates share."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.endplates.corners import line_directions_deg, vertebra_corners, wrap_deg
from kyphometer.geometry import Point
from kyphometer.phantom import FilmFormat, simulate_film
from kyphometer.reading import Landmark

FORMAT = FilmFormat(rows=1150, columns=580, pitch_mm=0.25)


@cache
def simulated(condition, seed):
    return simulate_film(condition, seed, film_format=FORMAT)


def whole_bodies(film):
    return {
        level: body
        for level, body in film.truth.vertebrae.items()
        if body.superior and body.inferior and level is not Level.S1
    }


def clicked(body, sd_px, rng):
    """The body with corners as a reader would click them."""

    def mark(landmark):
        shift = rng.normal(0.0, sd_px, 2)
        return Landmark(xy=Point(landmark.xy.x + shift[0], landmark.xy.y + shift[1]))

    def plate(side):
        return replace(
            side, anterior=mark(side.anterior), posterior=mark(side.posterior), middle=None
        )

    return replace(body, superior=plate(body.superior), inferior=plate(body.inferior))


def clicked_reading(film, sd_mm, seed):
    rng = np.random.default_rng(seed)
    sd_px = sd_mm / film.geometry.column_mm
    bodies = {level: clicked(body, sd_px, rng) for level, body in whole_bodies(film).items()}
    return replace(film.truth, vertebrae=bodies)


def wedge_error_deg(film, vertebra):
    """Error of the angle between the endplates, kyphosis positive."""
    factors = np.array(film.geometry.scale)
    found, true = (
        line_directions_deg(vertebra_corners(v, factors, film.facing.sign))
        for v in (vertebra, film.truth.vertebrae[vertebra.level])
    )
    difference = wrap_deg(found - true)
    return float(film.facing.sign * (difference[0] - difference[1]))
