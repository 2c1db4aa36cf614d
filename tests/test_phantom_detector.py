"""Exposure and development: noise, scatter, attenuation, looks."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from kyphometer.anatomy import EndplateSide
from kyphometer.geometry import Facing, to_pixel_indices
from kyphometer.phantom import FilmFormat, SimulatedFilm, simulate_film
from kyphometer.phantom.beam import Beam
from kyphometer.phantom.body import APEX
from kyphometer.phantom.conditions import Condition
from kyphometer.phantom.detector import Exposure, Look, Processing, develop, expose
from kyphometer.phantom.simulate import take_film

FLAT = np.full((400, 400), 3.0, np.float32)


@pytest.mark.parametrize("photons", [80.0, 1200.0, 6000.0])
def test_quantum_noise_has_the_variance_of_its_mean(photons: float) -> None:
    exposure = Exposure(photons=photons, blur_mm=0.0, scatter=0.0, electronic=0.0)
    quanta = expose(FLAT, 0.2, exposure, np.random.default_rng(1))
    assert quanta.mean() == pytest.approx(photons, rel=0.005)
    assert quanta.var() == pytest.approx(photons, rel=0.02)


def test_quanta_scale_with_the_area_of_a_pixel() -> None:
    exposure = Exposure(photons=1000, blur_mm=0.0, scatter=0.0, electronic=0.0)
    quanta = expose(FLAT, 0.4, exposure, np.random.default_rng(1))
    assert quanta.mean() == pytest.approx(4000, rel=0.005)


def test_electronic_noise_adds_its_variance() -> None:
    exposure = Exposure(photons=100, blur_mm=0.0, scatter=0.0, electronic=20.0)
    quanta = expose(FLAT, 0.2, exposure, np.random.default_rng(2))
    assert quanta.var() == pytest.approx(100 + 400, rel=0.03)


def test_scatter_adds_its_ratio_and_hides_contrast() -> None:
    quiet = {"blur_mm": 0.0, "electronic": 0.0, "photons": 1e6}
    step = FLAT.copy()
    step[:, 200:] += 1.0
    far = []
    for scatter in (0.0, 2.0):
        exposure = Exposure(scatter=scatter, **quiet)
        quanta = expose(step, 0.2, exposure, np.random.default_rng(3))
        far.append(float(np.log(quanta[:, 190].mean() / quanta[:, 210].mean())))
        flat = expose(FLAT, 0.2, exposure, np.random.default_rng(3))
        assert flat.mean() == pytest.approx(1e6 * (1 + scatter), rel=0.01)
    assert far[0] == pytest.approx(1.0, abs=0.01)
    assert far[1] < 0.5


@pytest.mark.parametrize("look", list(Look))
def test_bone_is_bright_in_every_look(look: Look) -> None:
    attenuation = np.full((300, 300), 3.0, np.float32)
    attenuation[100:200, 100:200] = 3.5
    quanta = expose(attenuation, 0.3, Exposure(photons=4000), np.random.default_rng(4))
    pixels = develop(quanta, 0.3, Processing(look=look))
    assert pixels[140:160, 140:160].mean() > pixels[20:60, 20:60].mean() + 300


def test_monochrome1_is_the_complement() -> None:
    small = FilmFormat(rows=300, columns=200, pitch_mm=0.8)
    a, b = (
        simulate_film("clean", 9, film_format=small, photometric=p)
        for p in ("MONOCHROME2", "MONOCHROME1")
    )
    assert np.array_equal(a.pixels + b.pixels, np.full(a.pixels.shape, 4095))
    assert b.film.rendering.inverted
    assert not a.film.rendering.inverted


def steepest_offsets_mm(film: SimulatedFilm) -> list[float]:
    """Steepest rise across each endplate near its corners, from the plane of the rims inwards."""
    image = cv2.GaussianBlur(film.pixels.astype(np.float32), (0, 0), 1.0)
    mm = film.geometry.scale[0]
    reach = np.arange(-2.5, 2.5, 0.05)
    offsets = []
    for level, side, plate in film.truth.endplates():
        shape = film.patient.body(level).endplate(side)
        chord = np.array(plate.anterior.xy) - np.array(plate.posterior.xy)
        inward = np.array([-chord[1], chord[0]]) / np.linalg.norm(chord)
        inward *= np.sign(inward[1]) * (1 if side is EndplateSide.SUPERIOR else -1)
        for part, radius in ((0.1, shape.radius_posterior_mm), (0.9, shape.radius_anterior_mm)):
            path = np.array(plate.posterior.xy) + part * chord + reach[:, None] / mm * inward
            rows, columns = to_pixel_indices(path).T.astype(np.float32)
            profile = cv2.remap(image, columns[:, None], rows[:, None], cv2.INTER_LINEAR)[:, 0]
            offsets.append(reach[int(np.argmax(np.gradient(profile)))] + APEX * radius)
    return offsets


def test_image_edges_lie_at_the_truth_of_clean_films() -> None:
    """With a distant source and no tilt, endplates rise where truth and the rounding say."""
    condition = Condition(
        name="straight",
        photons=6000,
        blur_mm=0.15,
        scatter=0.5,
        clutter=0.01,
        collimated=0.0,
        marker=0.0,
    )
    offsets = []
    for seed in range(3):
        drawn = simulate_film(
            condition,
            seed,
            film_format=FilmFormat(rows=1000, columns=600, pitch_mm=0.25),
            fractured=False,
        )
        parallel = Beam(source_detector_mm=1.2e6, source_object_mm=1e6)
        scene = replace(drawn.scene, beam=parallel)
        film = take_film(scene, drawn.window, condition, seed, Facing.RIGHT)
        offsets += steepest_offsets_mm(film)
    assert len(offsets) > 50
    assert abs(np.median(offsets)) < 0.25
    assert np.median(np.abs(offsets - np.median(offsets))) < 0.3
