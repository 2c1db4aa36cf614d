import numpy as np
import pytest
from builders import column

from kyphometer.anatomy import Level
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.measure import measure_reading
from kyphometer.phantom import FilmFormat, simulate_film
from kyphometer.phantom.observers import SimulatedObserver, mark_by_hand

MM = PixelGeometry.from_spacing(0.2, 0.2)
SLOPES = {"T12": (5, 3), "L1": (12, -8), "L2": (-9, -11)}


def angles(observer, facing, count=400):
    truth = column(SLOPES, facing=facing, store_facing=True, fractured=("L1",), middle_depth=5)
    return np.array(
        [
            measure_reading(
                mark_by_hand(truth, MM, observer, seed), MM, codes=["VKA"], strict=False
            )
            .measurements[0]
            .value
            for seed in range(count)
        ]
    )


@pytest.mark.parametrize("facing", list(Facing))
def test_the_angle_varies_as_the_corner_noise_predicts(facing):
    """science.md#corner-noise: 114.6 s / L, with s across the line and L = 40 mm."""
    values = angles(SimulatedObserver(code="A", across_sd_mm=0.5, along_sd_mm=1.5), facing)
    assert values.std(ddof=1) == pytest.approx(114.6 * 0.5 / 40, rel=0.12)
    assert values.mean() == pytest.approx(20.0, abs=0.25)


@pytest.mark.parametrize("facing", list(Facing))
def test_a_tilted_observer_is_biased_by_the_tilt(facing):
    steady = SimulatedObserver(code="B", across_sd_mm=0.0, along_sd_mm=0.0, tilt_bias_deg=2.0)
    assert angles(steady, facing, 1)[0] == pytest.approx(22.0, abs=0.01)


def test_a_deep_observer_marks_inside_the_body():
    deep = SimulatedObserver(code="C", across_sd_mm=0.0, along_sd_mm=0.0, depth_bias_mm=1.0)
    for facing in Facing:
        truth = column(SLOPES, facing=facing, store_facing=True)
        before = measure_reading(truth, MM, codes=["HA"]).measurements
        after = measure_reading(mark_by_hand(truth, MM, deep, 1), MM, codes=["HA"]).measurements
        for a, b in zip(before, after, strict=True):
            assert b.value < a.value - 1.8


def test_readings_repeat_by_seed_and_differ_by_observer():
    truth = column(SLOPES, store_facing=True)
    one, two = SimulatedObserver(code="A"), SimulatedObserver(code="B")
    assert mark_by_hand(truth, MM, one, 3) == mark_by_hand(truth, MM, one, 3)
    first, second = (mark_by_hand(truth, MM, o, 3).vertebrae[Level.L1] for o in (one, two))
    assert first.superior.anterior.xy != second.superior.anterior.xy


def test_lasting_bias_belongs_to_the_observer_not_to_the_reading() -> None:
    film = simulate_film("clean", 12, film_format=FilmFormat(rows=450, columns=240, pitch_mm=0.6))
    steady = {"across_sd_mm": 0.0, "along_sd_mm": 0.0, "corner_bias_sd_mm": 0.6}
    a, b = (SimulatedObserver(code=code, **steady) for code in ("A", "B"))
    first, again, other = (
        mark_by_hand(film.truth, film.geometry, observer, seed)
        for observer, seed in ((a, 1), (a, 2), (b, 1))
    )
    assert first.vertebrae == again.vertebrae
    assert first.vertebrae != other.vertebrae
    assert first.vertebrae != film.truth.vertebrae
