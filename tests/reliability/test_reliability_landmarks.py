"""Landmark errors: planted corner SDs are found and predict angles (science.md#corner-noise)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from builders import column

from kyphometer.geometry import PixelGeometry, Point
from kyphometer.reliability.landmark_readings import MarkedFilm, landmark_analysis
from kyphometer.reliability.landmarks import angle_error, endplate_error
from kyphometer.stats.estimate import NotComputed

LENGTH = 33.0


def plate(rng, tilt_deg, sds, films=60, observers=3, replicates=2, mirrored=False):
    """Corners of a tilted endplate, (films, observers, replicates, 2), with across-line errors."""
    tilt = math.radians(tilt_deg)
    along = np.array([(-1 if mirrored else 1) * math.cos(tilt), math.sin(tilt)])
    across = np.array([-along[1], along[0]])
    centre = rng.uniform(100, 300, (films, 1, 1, 2))
    corners = []
    for sign, (s_along, s_across) in zip((0.5, -0.5), sds, strict=True):
        noise = rng.normal(0, 1, (films, observers, replicates, 2)) * [s_along, s_across]
        corners.append(centre + sign * LENGTH * along + noise @ np.stack([along, across]))
    return corners


def angles_of(upper, lower):
    (a1, p1), (a2, p2) = upper, lower
    u, v = a1 - p1, a2 - p2
    cross = u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
    return np.degrees(np.arctan2(cross, np.sum(u * v, axis=-1)))


def test_planted_corner_sds_lie_in_their_intervals():
    rng = np.random.default_rng(1)
    corners = plate(rng, 12, ((0.3, 0.9), (0.7, 0.5)))
    result = endplate_error(*corners, name="L1 superior")
    for corner, (s_along, s_across) in (
        (result.anterior, (0.3, 0.9)),
        (result.posterior, (0.7, 0.5)),
    ):
        assert corner.along.intra_observer.low < s_along < corner.along.intra_observer.high
        assert corner.across.intra_observer.low < s_across < corner.across.intra_observer.high
        assert corner.across.agreement.value == pytest.approx(s_across, rel=0.1)
        assert corner.covariance[0][0] == pytest.approx(s_along**2, rel=0.25)
        assert corner.covariance[1][1] == pytest.approx(s_across**2, rel=0.25)
    assert result.mean_length == pytest.approx(LENGTH, abs=0.3)


def test_prediction_is_the_formula_and_matches_the_observed_angle():
    """SD of the angle 180/pi sqrt((s1a^2 + s1p^2)/L1^2 + (s2a^2 + s2p^2)/L2^2)."""
    rng = np.random.default_rng(2)
    sds = ((0.4, 1.2), (0.4, 1.2)), ((0.4, 0.7), (0.4, 0.7))
    corners = [plate(rng, tilt, s, films=80) for tilt, s in zip((10, -8), sds, strict=True)]
    upper, lower = (endplate_error(*c, name=n) for c, n in zip(corners, "ul", strict=True))
    result = angle_error(upper, lower, angles_of(*corners))
    formula = math.degrees(math.sqrt(2 * 1.2**2 + 2 * 0.7**2) / LENGTH)
    assert formula == pytest.approx(3.41, abs=0.01)  # science.md#corner-noise: "VKA SD 3.4"
    assert result.predicted_sd_deg == pytest.approx(formula, rel=0.06)
    assert result.predicted_intra_sd_deg == pytest.approx(formula, rel=0.06)
    assert result.observed.agreement.low < result.predicted_sd_deg < result.observed.agreement.high
    assert sum(result.shares) == pytest.approx(1.0)
    assert sum(result.shares[:2]) == pytest.approx(1.2**2 / (1.2**2 + 0.7**2), abs=0.06)


def test_corners_that_err_together_do_not_turn_the_line():
    rng = np.random.default_rng(3)
    anterior, posterior = plate(rng, 0, ((0.0, 0.05), (0.0, 0.05)))
    shift = rng.normal(0, 1, (*anterior.shape[:3], 1)) * np.array([0.0, 1.0])
    result = endplate_error(anterior + shift, posterior + shift, name="T12 inferior")
    assert result.corner_correlation > 0.98
    assert result.predicted_sd_deg > 2.0
    assert result.predicted_sd_with_correlation_deg < 0.5


def test_observer_offset_points_to_the_feet_on_either_facing():
    for mirrored in (False, True):
        rng = np.random.default_rng(4)
        anterior, posterior = plate(rng, 5, ((0.1, 0.1), (0.1, 0.1)), mirrored=mirrored)
        anterior = anterior + np.array([0.0, 0.9]) * np.array([1, 0, 0])[None, :, None, None]
        result = endplate_error(anterior, posterior, name="L1 superior")
        across = [offset[1] for offset in result.anterior.observer_offsets]
        assert across == pytest.approx([0.6, -0.3, -0.3], abs=0.06)


def test_missing_readings_are_left_missing():
    rng = np.random.default_rng(5)
    anterior, posterior = plate(rng, 3, ((0.5, 0.5), (0.5, 0.5)), films=40)
    anterior[rng.random(anterior.shape[:3]) < 0.15] = np.nan
    anterior[0, 1] = np.nan
    result = endplate_error(anterior, posterior, name="L2 superior")
    assert result.anterior.across.intra_observer.low < 0.5
    assert result.anterior.across.intra_observer.high > 0.5
    assert result.anterior.across.agreement.value == pytest.approx(0.5, rel=0.2)


def test_observed_says_why_it_is_missing():
    rng = np.random.default_rng(6)
    corners = plate(rng, 3, ((0.5, 0.5), (0.5, 0.5)), films=10)
    upper = endplate_error(*corners, name="u")
    result = angle_error(upper, upper, np.zeros((10, 3, 2)))
    assert isinstance(result.observed, NotComputed)


def marked(rng, film, observer, replicate, sd_px, fractured="L1"):
    """A reading of a plain column with noise on every corner, 0.2 mm pixels."""
    reading = column(
        {"T12": (-6, -4), "L1": (-2, 12), "L2": (10, 8)}, fractured=(fractured,), length=165.0
    )

    def shaken(mark):
        x, y = mark.xy
        return replace(mark, xy=Point(x + rng.normal(0, sd_px), y + rng.normal(0, sd_px)))

    def moved(plate):
        return replace(plate, anterior=shaken(plate.anterior), posterior=shaken(plate.posterior))

    for vertebra in list(reading.vertebrae.values()):
        reading = reading.with_vertebra(
            replace(vertebra, superior=moved(vertebra.superior), inferior=moved(vertebra.inferior))
        )
    geometry = PixelGeometry.from_spacing(0.2, 0.2)
    return MarkedFilm(
        film=film, observer=observer, replicate=replicate, reading=reading, geometry=geometry
    )


def test_readings_go_in_and_the_planted_corner_sd_comes_out():
    """0.5 mm on 33 mm endplates: SD of the angle 1.74 degrees (science.md#corner-noise)."""
    rng = np.random.default_rng(7)
    readings = [
        marked(rng, f"film {i}", observer, str(r), 2.5)
        for i in range(30)
        for observer in ("AB", "KN")
        for r in (1, 2)
    ]
    result = landmark_analysis(readings, "VKA")
    assert (result.unit, result.films, result.readings) == ("mm", 30, 120)
    assert result.left_out == ()
    for plate in (result.error.upper, result.error.lower):
        for corner in (plate.anterior, plate.posterior):
            interval = corner.across.intra_observer.interval()
            assert interval[0] * 0.93 < 0.5 < interval[1] * 1.07
    assert result.error.predicted_sd_deg == pytest.approx(1.74, rel=0.1)
    assert result.error.observed.intra_observer.value == pytest.approx(1.74, rel=0.15)


def test_other_levels_are_left_out_and_said():
    rng = np.random.default_rng(8)
    readings = [
        marked(rng, f"film {i}", observer, "1", 1.0) for i in range(8) for observer in "ABC"
    ]
    readings[2] = marked(rng, "film 0", "C", "1", 1.0, fractured="L2")
    result = landmark_analysis(readings, "VKA")
    assert [(item.film, item.observer) for item in result.left_out] == [("film 0", "C")]
    assert "L1.superior" in result.left_out[0].reason
    assert result.readings == 23
