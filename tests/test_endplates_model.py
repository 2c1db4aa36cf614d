"""The network that ships: its file, its card, its calibration, its size, speed and memory."""

import hashlib
import json

import numpy as np
import pytest
from endplates_films import simulated, whole_bodies
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kyphometer.endplates.calibration import Calibration, Doubt, Scale, corner_covariances
from kyphometer.endplates.corners import vertebra_corners
from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS, cut_window
from kyphometer.endplates.evidence import plate_evidence
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.metal import lies_on, metal_mask
from kyphometer.endplates.model import FOLDER, NAME, corner_model
from kyphometer.endplates.paths import cheapest_paths, tukey_fit
from kyphometer.endplates.ranks import percentiles, row_medians
from kyphometer.endplates.strips import sample_strips
from kyphometer.errors import ModelFileError
from kyphometer.phantom import simulate_film
from kyphometer.phantom.scene import metal_integrals


def card():
    return json.loads((FOLDER / f"{NAME}.json").read_text())


def test_card_belongs_to_the_file_and_says_how_it_was_made():
    facts = card()
    file = (FOLDER / f"{NAME}.onnx").read_bytes()
    assert facts["sha256"] == hashlib.sha256(file).hexdigest()
    assert len(file) < 4_000_000
    assert facts["crop"] == {"pixels": CROP_PIXELS, "channels": 2, "depths": CROP_DEPTHS}
    assert facts["training"]["steps"] > 0
    assert facts["largest_difference"] < 1e-4


def test_network_gives_finite_corners_for_any_crop_and_the_same_for_the_same():
    rng = np.random.default_rng(2)
    crops = rng.normal(0, 1, (3, 2, CROP_PIXELS, CROP_PIXELS)).astype(np.float32)
    crops[2] = 0.0
    said = corner_model().predict(crops)
    assert np.isfinite(said.corners).all()
    assert (np.abs(said.corners) <= 1).all()
    assert (said.corner_spread > 0).all()
    assert (said.line_spread > 0).all()
    np.testing.assert_array_equal(said.corners, corner_model().predict(crops).corners)


def test_missing_network_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("kyphometer.endplates.model.FOLDER", tmp_path)
    with pytest.raises(ModelFileError, match="classical refiner"):
        corner_model.__wrapped__()


def test_calibration_of_the_card_rises_and_changes_something():
    calibration = Calibration.of_card(card())
    said = np.geomspace(0.05, 5, 50)
    for scale in (calibration.line, calibration.corner):
        assert (np.diff(scale(said)) > 0).all()
        assert (scale(said) / said < 10).all()
    assert 0.02 < calibration.shrinkage < 0.3
    chances = [calibration.doubt(np.full((4, 2), sd))[0] for sd in (0.005, 0.02, 0.1, 0.3)]
    assert (np.diff(chances) > 0).all()
    assert chances[0] < 0.05
    assert chances[-1] > 0.5


def test_scale_meets_its_pairs_and_keeps_the_last_ratio_beyond():
    scale = Scale.of_record({"said": [0.5, 1.0, 2.0], "honest": [0.4, 1.0, 3.0]})
    np.testing.assert_allclose(scale(np.array([0.5, 1.0, 2.0, 4.0])), [0.4, 1.0, 3.0, 6.0])
    np.testing.assert_allclose(Scale.of_record(None)(0.7), 0.7)


@given(st.floats(0.1, 3.0), st.floats(-45, 45), st.floats(0, 0.2))
def test_a_steep_wedge_is_less_certain_by_its_part_that_may_be_flattened(sd, wedge, part):
    plain = Scale.of_record(None)
    calibration = Calibration(line=plain, corner=plain, shrinkage=part)
    lines = calibration.line_sd_deg([sd, sd], wedge)
    assert np.hypot(*lines) == pytest.approx(np.sqrt(2 * sd**2 + (part * wedge) ** 2), abs=1e-9)


def test_doubt_is_a_chance_that_rises_with_the_worse_corner():
    doubt = Doubt(offset=8.0, slope=3.0)
    even = np.exp(-8.0 / 3.0)
    corner_sd = np.array([[even, 0.0], [0.01, 0.0], [0.01, 0.0], [0.0, 2 * even]])
    chances = doubt(corner_sd)
    assert chances[0] == pytest.approx(0.5)
    assert chances[1] == pytest.approx(8 / 9)


@given(st.floats(0.1, 3.0), st.floats(0.1, 3.0), st.floats(0.01, 0.1))
def test_propagated_covariances_give_the_lines_own_sd(superior, inferior, across):
    lengths = np.array([1.0, 1.2])
    corner_sd = np.array([[0.02, across], [0.02, 0.03], [0.01, across], [0.02, 0.05]])
    sd = np.array([superior, inferior])
    covariances = corner_covariances(corner_sd, sd, lengths)
    for plate in (0, 1):
        total = covariances[2 * plate, 1, 1] + covariances[2 * plate + 1, 1, 1]
        assert np.degrees(np.sqrt(total) / lengths[plate]) == pytest.approx(sd[plate])


def test_cheapest_path_follows_a_dark_valley_and_not_a_far_one():
    cost = np.ones((2, 30, 40))
    rows = np.round(15 + 5 * np.sin(np.arange(40) / 8)).astype(int)
    cost[0, rows, np.arange(40)] = 0.0
    cost[1, 20, :] = 0.0
    cost[1, 3, 20] = -1.0
    paths = cheapest_paths(cost, 0.05)
    np.testing.assert_array_equal(paths[0], rows)
    assert (paths[1] == 20).all()


def cheapest_by_every_way(cost, step_cost):
    """The least cost of any path with climbs of at most two rows, counted one by one."""
    rows, columns = cost.shape
    total = cost[:, 0].copy()
    for column in range(1, columns):
        total = np.array(
            [
                cost[row, column]
                + min(
                    total[other] + step_cost * (row - other) ** 2
                    for other in range(rows)
                    if abs(row - other) <= 2
                )
                for row in range(rows)
            ]
        )
    return total.min()


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(5, 12), st.integers(2, 9))
def test_cheapest_paths_cost_no_more_than_any_other(seed, strips, rows, columns):
    cost = np.random.default_rng(seed).random((strips, rows, columns))
    for strip, path in zip(cost, cheapest_paths(cost, 0.05), strict=True):
        climbs = np.diff(path)
        assert (np.abs(climbs) <= 2).all()
        paid = strip[path, np.arange(columns)].sum() + 0.05 * (climbs**2).sum()
        assert paid == pytest.approx(cheapest_by_every_way(strip, 0.05))


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(1, 9)),
        elements=st.floats(-9, 9, width=32),
    ),
    st.floats(0, 100),
)
def test_ranks_are_those_of_numpy(values, percent):
    expected = np.percentile(values.astype(np.float64), (percent, 100.0))
    np.testing.assert_allclose(percentiles(values, percent, 100.0), expected, atol=1e-5)
    np.testing.assert_allclose(row_medians(values), np.median(values, axis=1), atol=1e-6)


def test_tukey_lets_go_of_a_third_of_outliers():
    rng = np.random.default_rng(4)
    t = np.linspace(-1, 1, 60)
    basis = np.stack((np.ones_like(t), t), axis=1)
    values = 0.3 + 0.8 * t + rng.normal(0, 0.01, 60)
    values[rng.permutation(60)[:20]] += rng.uniform(0.5, 1.5, 20)
    fits, covariances, kept = tukey_fit(basis, values[None], np.ones((1, 60)))
    np.testing.assert_allclose(fits[0], [0.3, 0.8], atol=0.02)
    assert 0.5 < kept[0] < 0.75
    assert np.sqrt(covariances[0, 1, 1]) < 0.02


def body_crop(size=160):
    """A bright box on a dark ground, and its corners in the frame of two body depths."""
    crop = np.full((size, size), 100.0, np.float32)
    crop[48:112, 40:120] = 200.0
    half = np.array([[-0.5, -0.4], [0.5, -0.4], [-0.5, 0.4], [0.5, 0.4]])
    return crop + np.random.default_rng(1).normal(0, 3, crop.shape).astype(np.float32), half


def test_evidence_knows_inside_from_outside():
    crop, corners = body_crop()
    assert (plate_evidence(sample_strips(crop, 2.0, corners)).step > 20).all()
    assert (plate_evidence(sample_strips(300 - crop, 2.0, corners)).step < -20).all()
    flat = np.random.default_rng(2).normal(100, 3, crop.shape).astype(np.float32)
    assert plate_evidence(sample_strips(flat, 2.0, corners)).strength.max() < 6


def masks(film):
    """Corners, the metal that is called and the film's window, body by body, in its frame."""
    factors, sign = np.array(film.geometry.scale), film.facing.sign
    for body in whole_bodies(film).values():
        corners = vertebra_corners(body, factors, sign)
        frame = VertebraFrame.of_corners(corners, factors, sign)
        mask = metal_mask(cut_window(film.pixels, frame, sign=1).crop(frame, 160, 2.0))
        yield frame, frame.from_square(corners), mask


def on_film(image, frame, size):
    """Another image of the same film as the frame shows it."""
    return cut_window(image, frame, sign=1).crop(frame, size, 2.0)


@pytest.mark.parametrize("seed", [960_000_008, 960_000_012, 960_000_016, 960_000_022])
def test_bright_rims_of_films_without_implants_are_not_metal(seed):
    corners = [lies_on(mask, 2.0, at) for _, at, mask in masks(simulate_film("clean", seed))]
    assert len(corners) >= 6
    assert not np.any(corners)


@pytest.mark.parametrize(("condition", "seed"), [("instrumented", 21), ("hard", 24)])
def test_screws_are_found_and_bone_is_not_taken_for_metal(condition, seed):
    film = simulated(condition, seed)
    attenuation = np.float32(metal_integrals(film.scene, film.window))
    attenuation = attenuation[:, ::-1] if film.facing.sign < 0 else attenuation
    called = right = screws = found = 0
    for frame, at, mask in masks(film):
        true = on_film(np.ascontiguousarray(attenuation), frame, mask.shape[0])
        thick = true > 0.8  # more than cement reaches
        called += mask.sum()
        right += (mask & (true > 0.1)).sum()
        screws += thick.sum()
        found += (mask & thick).sum()
        assert not np.any(lies_on(mask, 2.0, at) & ~lies_on(true > 0.01, 2.0, at))
    assert screws > 1000
    assert found / screws > 0.8
    assert right / called > 0.75
