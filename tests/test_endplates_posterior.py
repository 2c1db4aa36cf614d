"""Image and click joined: closed forms of two Gaussian measurements, and what is left alone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.endplates.calibration import corner_covariances
from kyphometer.endplates.classical import METHOD
from kyphometer.endplates.corners import line_directions_deg, line_lengths
from kyphometer.endplates.estimate import Estimate, Refiner
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.posterior import CLICK_DEPTHS, WEIGHED_PART, joined

BODY = np.array([[-16.0, -12.0], [16.0, -12.0], [-16.0, 12.0], [16.0, 12.0]])
CLICK_DEG = np.degrees(np.sqrt(2) * CLICK_DEPTHS)


def estimate(line_sd_deg: tuple[float, float]) -> Estimate:
    frame = VertebraFrame.of_corners(BODY, np.ones(2), -1)
    corners = frame.from_square(BODY)
    sd = np.full((4, 2), 0.02)
    lines = np.array(line_sd_deg)
    return Estimate(
        frame=frame,
        corners=corners,
        covariances=corner_covariances(sd, lines, line_lengths(corners)),
        line_sd_deg=lines,
        evidence=SimpleNamespace(),
        on_metal=np.zeros(2, bool),
        differs_deg=np.zeros(2),
        refiner=Refiner.LEARNED,
        method=METHOD,
    )


def turned_click(degrees: float) -> np.ndarray:
    """Clicks whose superior line is turned about its middle."""
    clicks = BODY.copy()
    clicks[:2, 1] += np.array([-16.0, 16.0]) * np.tan(np.radians(degrees))
    return clicks


@given(sd=st.floats(1.6, 30.0), turn=st.floats(-8.0, 8.0))
def test_an_uncertain_line_lies_between_image_and_click_by_what_each_is_worth(sd, turn):
    after = joined(estimate((sd, 0.5)), turned_click(turn), 1.5)
    weight = 1 / (1 + (CLICK_DEG / (WEIGHED_PART * sd)) ** 2)
    found = line_directions_deg(after.corners)
    assert np.tan(np.radians(found[0])) == pytest.approx(
        weight * np.tan(np.radians(turn)), abs=1e-9
    )
    assert found[1] == pytest.approx(0.0, abs=1e-9)
    variance = (1 - weight) ** 2 * sd**2 + weight**2 * CLICK_DEG**2
    assert after.line_sd_deg[0] == pytest.approx(np.sqrt(variance))
    assert after.line_sd_deg[0] < min(sd, 1.01 * CLICK_DEG)


@given(sd=st.floats(1.6, 30.0))
def test_corners_carry_what_the_line_says(sd):
    after = joined(estimate((sd, sd)), turned_click(3.0), 1.5)
    for plate in range(2):
        across = after.covariances[2 * plate : 2 * plate + 2, 1, 1].sum()
        length = line_lengths(after.corners)[plate]
        assert np.degrees(np.sqrt(across) / length) == pytest.approx(
            after.line_sd_deg[plate], rel=0.02
        )


def test_what_the_image_shows_is_left_alone():
    before = estimate((0.4, 1.5))
    after = joined(before, turned_click(6.0), 1.5)
    assert np.array_equal(after.corners, before.corners)
    assert np.array_equal(after.covariances, before.covariances)
    assert np.array_equal(after.line_sd_deg, before.line_sd_deg)
