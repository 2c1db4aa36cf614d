"""The column grown from one body that is known, and found by the bodies that a film shows."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from endplates_films import FORMAT

from kyphometer.anatomy import Level
from kyphometer.carry import carry_over
from kyphometer.carry.columns import judged
from kyphometer.carry.found import found_columns
from kyphometer.carry.grow import at_point, grown, settled
from kyphometer.carry.places import Place, Side, _different
from kyphometer.carry.surroundings import witnesses
from kyphometer.endplates.corners import square_factors, vertebra_corners
from kyphometer.geometry import Point
from kyphometer.phantom import simulate_visits
from kyphometer.phantom.targets import TargetAngles
from kyphometer.phantom.visits import VisitPlan

PLANS = (
    VisitPlan(name="pre-op", day=-3, instrumented=False, targets=TargetAngles(vka_deg=18.0)),
    VisitPlan(name="discharge", day=5, targets=TargetAngles(vka_deg=10.0)),
)
NEAR_MM = 2.0


@cache
def visits():
    made = simulate_visits(7005, PLANS, fractured=Level.L1, seed=7005, film_format=FORMAT)
    return tuple(visit.film for visit in made)


@cache
def read():
    """The read film's bodies as the network sees them."""
    before, _ = visits()
    whole = {n: v for n, v in before.truth.vertebrae.items() if v.superior and v.inferior}
    reading = replace(before.truth, vertebrae=whole)
    seen, _ = witnesses(before.film, square_factors(before.geometry), before.facing, reading)
    return reading, seen


def with_pixels(film, pixels):
    return replace(film, pixels=np.clip(pixels, 0, 65535).astype(film.pixels.dtype))


def other_look(film):
    """The film as a vendor's enhancement shows it: flattened, hardly any grey value as before."""
    grey = film.pixels.astype(np.float32)
    flat = grey - cv2.GaussianBlur(grey, (0, 0), 12)
    spread = np.sqrt(cv2.GaussianBlur(flat * flat, (0, 0), 18)) + 0.02 * np.ptp(grey)
    noise = np.random.default_rng(3).normal(0, 0.35, grey.shape)
    return with_pixels(film, 2000 + 500 * np.tanh(flat / spread + noise))


def misses_mm(sights, made):
    """How far from its true middle each body was found."""
    factors = square_factors(made.geometry)
    found = {}
    for level, sight in sights.items():
        truth = made.truth.vertebrae.get(level)
        corners = truth and vertebra_corners(truth, factors, made.facing.sign)
        if sight is not None and corners is not None and len(truth.endplates) == 2:
            away = sight.own.mean(axis=0) - corners.mean(axis=0)
            found[level] = float(np.hypot(*away))
    return found


@pytest.mark.parametrize("start", [Level.T12, Level.L3])
def test_every_body_is_found_from_any_one(start):
    _, after = visits()
    _, seen = read()
    factors = square_factors(after.geometry)
    truth = vertebra_corners(after.truth.vertebrae[start], factors, after.facing.sign)
    known = at_point(
        seen[start], after.film, factors, after.facing, truth.mean(axis=0) + np.array((2.0, -2.0))
    )
    sights = grown(seen, start, known)
    assert list(sights) == list(seen)
    misses = misses_mm(sights, after)
    assert len(misses) >= 4
    assert max(misses.values()) < NEAR_MM


def test_growth_ends_where_the_film_ends():
    before, _ = visits()
    _, seen = read()
    factors = square_factors(before.geometry)
    levels = list(seen)
    lowest = float(seen[levels[-2]].own[:, 1].max() / factors[1])
    film = replace(before.film, pixels=before.film.pixels[: int(lowest) - 2])
    header = replace(film.header, reference=replace(film.reference, rows=film.pixels.shape[0]))
    film = replace(film, header=header)
    top = settled(film, factors, before.facing, seen[levels[0]].own)
    sights = grown(seen, levels[0], top)
    assert sights[levels[-1]] is None
    assert sights[levels[1]] is not None


def test_a_mirrored_film_is_grown_alike():
    _, after = visits()
    _, seen = read()
    factors = square_factors(after.geometry)
    flipped = with_pixels(after.film, after.film.pixels[:, ::-1])
    back = np.array((after.film.pixels.shape[1] * factors[0], 0.0))
    corners = vertebra_corners(after.truth.vertebrae[Level.L1], factors, after.facing.sign)
    at = corners.mean(axis=0)

    def middles(film, facing, where):
        known = at_point(seen[Level.L1], film, factors, facing, where)
        sights = grown(seen, Level.L1, known)
        return np.array([s.own.mean(axis=0) for s in sights.values() if s is not None])

    plain = middles(after.film, after.facing, at)
    twin = middles(flipped, after.facing.opposite, at * (-1, 1) + back)
    assert twin * (-1, 1) + back == pytest.approx(plain, abs=0.5)


def test_a_film_that_looks_otherwise_is_found_by_its_bodies():
    before, after = visits()
    reading, seen = read()
    film = other_look(after.film)
    columns = found_columns(seen, film, after.geometry, None)
    assert {facing for facing, _ in columns} == {after.facing}
    misses = misses_mm(columns[0][1], after)
    assert len(misses) >= 4
    assert np.median(list(misses.values())) < NEAR_MM
    carried = carry_over(before.film, reading, film, anchors={Level.L1: middle(after)})
    assert {item.level for item in carried.vertebrae} >= {Level.T12, Level.L1, Level.L2}


def middle(made):
    plates = made.truth.vertebrae[Level.L1].endplates.values()
    x, y = np.mean([plate.centre for plate in plates], axis=0)
    return Point(float(x), float(y))


def test_places_that_are_the_same_are_one():
    _, after = visits()
    _, seen = read()
    factors = square_factors(after.geometry)
    side = Side(after.film, after.geometry, after.facing)
    truth = vertebra_corners(after.truth.vertebrae[Level.L1], factors, after.facing.sign)
    places = []
    for level in (Level.L1, Level.L1, Level.L2):
        known = at_point(seen[level], after.film, factors, after.facing, truth.mean(axis=0))
        places.append(Place(side, judged(seen, grown(seen, level, known), sized=True)))
    different = _different(places)
    assert len(different) == 2
    right, wrong = (place.column.evidence for place in different)
    assert right > wrong + 3.0
