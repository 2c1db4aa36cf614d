"""The vertebra's frame: a similarity that can be undone, whatever the film's turn and facing."""

import numpy as np
import pytest
from endplates_films import simulated, whole_bodies
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.endplates.corners import vertebra_corners, wrap_deg
from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS, cut_window, network_tone
from kyphometer.endplates.frame import VertebraFrame

BODY = np.array([[-16.0, -12.0], [15.0, -13.0], [-15.5, 11.0], [16.0, 12.0]])
TURNS = st.floats(-180.0, 180.0)
SIGNS = st.sampled_from((-1, 1))


def placed(turn_deg, sign, shift=(60.0, 90.0)):
    """A body with anterior at image right (sign 1) or left, turned, in mm."""
    angle = np.radians(turn_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (BODY * (-sign, 1)) @ turn.T + shift


@given(TURNS, SIGNS, st.floats(0.05, 0.5), st.floats(0.05, 0.5))
def test_points_come_back_through_the_frame(turn, sign, x_mm, y_mm):
    factors = np.array([x_mm, y_mm])
    corners = placed(turn, sign)
    frame = VertebraFrame.of_corners(corners, factors, sign)
    np.testing.assert_allclose(frame.to_pixels(frame.from_square(corners)), corners / factors)
    np.testing.assert_allclose(frame.from_pixels(corners / factors), frame.from_square(corners))
    assert frame.facing_sign == sign


@given(TURNS, SIGNS)
def test_frame_shows_every_body_anterior_left_superior_up(turn, sign):
    upright = VertebraFrame.of_corners(placed(0.0, -1), np.ones(2), -1)
    turned = VertebraFrame.of_corners(placed(turn, sign), np.ones(2), sign)
    local = turned.from_square(placed(turn, sign))
    np.testing.assert_allclose(local, upright.from_square(placed(0.0, -1)), atol=1e-9)
    assert (local[[0, 2], 0] < 0).all()
    assert (local[:2, 1] < 0).all()


@given(TURNS, SIGNS)
def test_covariances_come_back_and_keep_their_size(turn, sign):
    factors = np.array([0.14, 0.2])
    frame = VertebraFrame.of_corners(placed(turn, sign), factors, sign)
    covariance = np.array([[4e-4, 1e-4], [1e-4, 9e-4]])
    there = frame.covariance_to_pixels(covariance)
    np.testing.assert_allclose(frame.covariance_from_pixels(there), covariance, atol=1e-12)
    area = np.sqrt(np.linalg.det(there)) * np.prod(factors) / frame.depth**2
    assert area == pytest.approx(np.sqrt(np.linalg.det(covariance)))


@pytest.mark.parametrize("sign", [-1, 1])
def test_crop_puts_a_dot_where_the_frame_says(sign):
    pixels = np.zeros((700, 800), dtype=np.uint16)
    corners = placed(25.0, sign)
    factors = np.array([0.2, 0.25])
    column, row = (corners[0] / factors).astype(int)
    pixels[row - 2 : row + 3, column - 2 : column + 3] = 1000
    frame = VertebraFrame.of_corners(corners, factors, sign)
    crop = cut_window(pixels, frame, sign=1).crop(frame, CROP_PIXELS, CROP_DEPTHS)
    weight = crop / crop.sum()
    centres = np.arange(CROP_PIXELS) + 0.5
    seen = np.array([(weight.sum(0) * centres).sum(), (weight.sum(1) * centres).sum()])
    dot = frame.from_pixels(np.array([column + 0.5, row + 0.5]))
    np.testing.assert_allclose(seen, (dot / CROP_DEPTHS + 0.5) * CROP_PIXELS, atol=0.05)


def test_inverted_values_give_the_same_crop_when_told():
    film = simulated("clean", 11)
    body = next(iter(whole_bodies(film).values()))
    corners = vertebra_corners(body, np.array(film.geometry.scale), film.facing.sign)
    frame = VertebraFrame.of_corners(corners, np.array(film.geometry.scale), film.facing.sign)
    bright = cut_window(film.pixels, frame, sign=1).crop(frame, CROP_PIXELS, CROP_DEPTHS)
    dark = cut_window(4095 - film.pixels, frame, sign=-1).crop(frame, CROP_PIXELS, CROP_DEPTHS)
    np.testing.assert_allclose(network_tone(bright), network_tone(dark), atol=1e-3)


def test_tone_does_not_depend_on_exposure_or_bits():
    rng = np.random.default_rng(3)
    crop = rng.normal(1000, 100, (CROP_PIXELS, CROP_PIXELS)).astype(np.float32)
    np.testing.assert_allclose(network_tone(crop), network_tone(crop * 16 + 300), atol=2e-3)


@given(st.floats(-1000, 1000))
def test_wrapped_angles_are_the_same_direction(angle):
    wrapped = float(wrap_deg(np.array(angle)))
    assert -180.0 < wrapped <= 180.0
    assert np.cos(np.radians(wrapped)) == pytest.approx(np.cos(np.radians(angle)), abs=1e-9)
