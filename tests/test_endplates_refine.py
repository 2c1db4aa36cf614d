"""Assist on simulated films with exactly known corners: accuracy, invariance, refusals."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from endplates_films import (
    clicked_reading,
    simulated,
    wedge_error_deg,
    whole_bodies,
)

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.endplates import Refiner, RefusalReason, refine, refine_reading
from kyphometer.errors import ReadingFilmMismatchError
from kyphometer.film import Rendering
from kyphometer.geometry import PixelGeometry, Point
from kyphometer.reading import MarkSource

REFINERS = [pytest.param(r, id=str(r)) for r in Refiner]


def errors_deg(film, done):
    return np.array([wedge_error_deg(film, v.vertebra) for v in done.vertebrae])


@pytest.mark.parametrize("refiner", REFINERS)
@pytest.mark.parametrize("condition", ["clean", "instrumented"])
def test_refined_angles_beat_the_clicks_threefold(condition, refiner):
    film = simulated(condition, 21)
    before, after = [], []
    for seed in range(3):
        reading = clicked_reading(film, 1.2, seed)
        before += [wedge_error_deg(film, v) for v in reading.vertebrae.values()]
        after += list(errors_deg(film, refine_reading(film.film, reading, refiner=refiner)))
    assert np.median(np.abs(after)) < np.median(np.abs(before)) / 3


@pytest.mark.parametrize("refiner", REFINERS)
def test_reading_keeps_raw_clicks_method_and_uncertainty(refiner):
    film = simulated("clean", 22)
    reading = clicked_reading(film, 0.8, 1)
    done = refine_reading(film.film, reading, refiner=refiner)
    moved = [v for v in done.vertebrae if len(v.accepted) == 2]
    assert len(moved) >= len(reading.vertebrae) - 2
    for refined in moved:
        raw = reading.vertebrae[refined.level].superior.anterior.xy
        mark = refined.vertebra.superior.anterior
        assert (mark.source, mark.raw, mark.method) == (MarkSource.REFINED, raw, refined.method)
        assert np.linalg.eigvalsh(np.array(mark.covariance)).min() > 0
        assert 0 < refined.wedge_sd_deg < 6
    again = refine_reading(film.film, done.reading, refiner=refiner)
    assert again.vertebrae[2].vertebra.superior.anterior.raw == (
        reading.vertebrae[again.vertebrae[2].level].superior.anterior.xy
    )


@pytest.mark.parametrize("refiner", REFINERS)
def test_mirrored_inverted_and_unscaled_film_gives_the_same_corners(refiner):
    film = simulated("clean", 23)
    body = clicked_reading(film, 0.8, 2).vertebrae[film.truth.levels[2]]
    plain = refine(film.film, body, facing=film.facing, refiner=refiner)
    width = film.pixels.shape[1]

    def mirror(vertebra):
        def mark(m):
            return replace(m, xy=Point(width - m.xy.x, m.xy.y))

        def plate(p):
            return replace(p, anterior=mark(p.anterior), posterior=mark(p.posterior))

        return replace(
            vertebra, superior=plate(vertebra.superior), inferior=plate(vertebra.inferior)
        )

    header = replace(film.film.header, rendering=Rendering(inverted=True))
    twin = replace(film.film, pixels=4095 - film.pixels[:, ::-1], header=header)
    geometry = PixelGeometry()
    other = refine(
        twin, mirror(body), facing=film.facing.opposite, geometry=geometry, refiner=refiner
    )
    back = mirror(other.vertebra)
    for side in EndplateSide:
        for name in ("anterior", "posterior"):
            a = getattr(plain.vertebra.endplate(side), name).xy
            b = getattr(back.endplate(side), name).xy
            assert np.hypot(a.x - b.x, a.y - b.y) < (0.3 if refiner is Refiner.LEARNED else 0.5)


@pytest.mark.parametrize("refiner", REFINERS)
@pytest.mark.parametrize("texture", ["constant", "noise"])
def test_nothing_moves_where_there_is_no_edge(texture, refiner):
    film = simulated("clean", 24)
    rng = np.random.default_rng(1)
    level = 800.0 if texture == "constant" else rng.normal(800, 60, film.pixels.shape)
    pixels = np.broadcast_to(level, film.pixels.shape).astype(np.uint16)
    reading = clicked_reading(film, 0.8, 3)
    done = refine_reading(replace(film.film, pixels=pixels), reading, refiner=refiner)
    moved = sum(len(v.accepted) for v in done.vertebrae)
    assert moved == 0
    for refined in done.vertebrae:
        if not refined.accepted:
            before = reading.vertebrae[refined.level]
            assert refined.vertebra.superior.anterior.xy == before.superior.anterior.xy
            assert refined.vertebra.superior.anterior.covariance is None


@pytest.mark.parametrize("refiner", REFINERS)
def test_wrong_polarity_is_refused(refiner):
    film = simulated("clean", 25)
    twin = replace(film.film, pixels=4095 - film.pixels)
    done = refine_reading(twin, clicked_reading(film, 0.5, 4), refiner=refiner)
    refused = [r for v in done.vertebrae for r in v.refusals]
    assert len(refused) >= 0.8 * len(done.vertebrae)


def test_swapped_corners_sacrum_and_foreign_film_are_refused():
    film = simulated("clean", 26)
    reading = clicked_reading(film, 0.5, 5)
    body = next(iter(reading.vertebrae.values()))
    wrong = refine(film.film, body, facing=film.facing.opposite, refiner=Refiner.CLASSICAL)
    assert wrong.vertebra is body
    assert wrong.refusals[0].reason is RefusalReason.FACING
    sacrum = refine(
        film.film,
        replace(body, level=Level.S1),
        facing=film.facing,
        refiner=Refiner.CLASSICAL,
    )
    assert sacrum.refusals[0].reason is RefusalReason.NO_BODY
    smaller = replace(film.film, pixels=film.pixels[:-4])
    with pytest.raises(ReadingFilmMismatchError, match="another film"):
        refine_reading(smaller, reading)


def test_marks_far_from_the_film_are_refused_in_words():
    film = simulated("clean", 27)
    body = next(iter(whole_bodies(film).values()))

    def away(plate):
        def far(mark):
            return replace(mark, xy=Point(mark.xy.x + 5000, mark.xy.y))

        return replace(plate, anterior=far(plate.anterior), posterior=far(plate.posterior))

    moved = replace(body, superior=away(body.superior), inferior=away(body.inferior))
    kept = refine(film.film, moved, facing=film.facing, refiner=Refiner.CLASSICAL)
    assert kept.refusals[0].reason is RefusalReason.OUTSIDE
    assert str(body.level) in kept.refusals[0].message


@pytest.mark.parametrize("refiner", REFINERS)
@pytest.mark.parametrize("condition", ["clean", "noisy"])
def test_mark_on_the_neighbours_endplate_does_not_stay_there(condition, refiner):
    film = simulated(condition, 22)
    bodies = list(whole_bodies(film).values())
    for above, body in pairwise(bodies):
        marked = replace(body, superior=above.inferior)
        done = refine(film.film, marked, facing=film.facing, refiner=refiner)
        if EndplateSide.SUPERIOR in done.accepted:
            found, own = done.vertebra.superior.centre, body.superior.centre
            assert np.hypot(found.x - own.x, found.y - own.y) * film.geometry.column_mm < 1.5


def test_disagreement_of_the_refiners_is_said_and_adds_to_the_uncertainty(monkeypatch):
    from kyphometer.endplates import estimate

    film = simulated("clean", 23)
    level, body = next(iter(clicked_reading(film, 0.5, 6).vertebrae.items()))
    plain = refine(film.film, body, facing=film.facing)
    honest = estimate.refine_once
    tilt = np.radians(3.0)

    def tilted(strips, corners):
        check = honest(strips, corners)
        moved = corners.copy()
        moved[1, 1] += np.tan(tilt) * (corners[1, 0] - corners[0, 0])
        return replace(check, corners=moved)

    monkeypatch.setattr(estimate, "refine_once", tilted)
    doubted = refine(film.film, body, facing=film.facing)
    side = EndplateSide.SUPERIOR
    assert doubted.vertebra.superior.anterior.xy == plain.vertebra.superior.anterior.xy
    assert "differs by 3.0 degrees" in doubted.vertebra.superior.anterior.note
    expected = np.hypot(plain.line_sd_deg[side], estimate.DISAGREEMENT_SHARE * 3.0)
    assert doubted.line_sd_deg[side] == pytest.approx(expected, rel=0.02)
    assert doubted.level is level


@pytest.mark.parametrize("turn_deg", [25.0, 50.0])
def test_a_corner_under_a_screw_is_never_placed(turn_deg):
    film = simulated("clean", 31)
    pixel, bright = film.geometry.column_mm, int(1.5 * film.pixels.max())
    angle = np.radians(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    reasons = []
    for level, body in clicked_reading(film, 0.8, 3).vertebrae.items():
        plate = film.truth.vertebrae[level].superior
        corner, along = np.array(plate.anterior.xy), np.array(plate.vector)
        screw = turn @ along / np.hypot(*along) / pixel
        shown = film.pixels.copy()
        ends = [(corner + mm * screw).round().astype(int).tolist() for mm in (-8, 30)]
        cv2.line(shown, *ends, bright, round(6 / pixel))
        done = refine(replace(film.film, pixels=shown), body, facing=film.facing)
        assert EndplateSide.SUPERIOR not in done.accepted
        reasons += [refusal.reason for refusal in done.refusals]
    assert reasons.count(RefusalReason.METAL) >= len(reasons) - 2
