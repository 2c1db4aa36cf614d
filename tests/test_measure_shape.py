import math
from dataclasses import replace

import numpy as np
import pytest
from builders import column, endplate
from scipy.stats import norm

from kyphometer.anatomy import Level
from kyphometer.geometry import Facing, PixelGeometry, Point
from kyphometer.measure import measure_reading
from kyphometer.measure.genant import Deformity, genant_grade, grade_of
from kyphometer.measure.morphometry import Quantity
from kyphometer.reading import Reading, Vertebra

MM = PixelGeometry.from_spacing(0.2, 0.2)


def crushed(anterior, middle, posterior, *, facing=Facing.RIGHT, depth=0.0):
    """T12 and L2 150 px (30 mm) high; L1 with these heights, as fractions of 150 px."""
    reading = column(
        {"T12": (0, 0), "L1": (0, 0), "L2": (0, 0)},
        facing=facing,
        body=150.0,
        fractured=("L1",),
        middle_depth=0.0,
    )
    v = reading.vertebrae[Level.L1]

    def lowered(mark, fraction):
        return replace(mark, xy=Point(mark.xy.x, mark.xy.y + 150.0 * (1 - fraction)))

    superior = replace(
        v.superior,
        anterior=lowered(v.superior.anterior, anterior),
        middle=lowered(v.superior.middle, middle),
        posterior=lowered(v.superior.posterior, posterior),
    )
    return reading.with_vertebra(replace(v, superior=superior))


def number(measured, code, level=None):
    return next(
        m
        for m in measured.measurements
        if m.code == code and (level is None or Level(level) in m.levels)
    )


@pytest.mark.parametrize("facing", list(Facing))
def test_heights_and_compression_of_known_shape(facing):
    measured = measure_reading(crushed(0.6, 0.7, 0.9, facing=facing), MM)
    heights = {m.code: m.value for m in measured.measurements if m.levels == (Level.L1,)}
    assert heights["HA"] == pytest.approx(18.0)
    assert heights["HM"] == pytest.approx(21.0)
    assert heights["HP"] == pytest.approx(27.0)
    assert heights["APCR"] == pytest.approx(0.6 / 0.9)
    assert heights["BICONCAVITY"] == pytest.approx(0.7 / 0.9)
    assert number(measured, "AVBC").value == pytest.approx(40.0)
    assert number(measured, "MVBC").value == pytest.approx(30.0)
    assert number(measured, "PVBC").value == pytest.approx(10.0)
    assert number(measured, "AVBC").label == "AVBC (L1 / T12, L2)"


def test_the_published_uncertainty_of_compression():
    """science.md#corner-noise: SD(AVBC%) = 100 sqrt(2) s / m sqrt(1 + R^2 / 2); 2.8 points."""
    measured = measure_reading(
        column({"T12": (0, 0), "L1": (0, 0), "L2": (0, 0)}, body=135.0, fractured=("L1",)),
        MM,
        corner_sd_mm=0.5,
    )
    m, ratio = 27.0, 1.0
    expected = 100 * math.sqrt(2) * 0.5 / m * math.sqrt(1 + ratio**2 / 2)
    assert number(measured, "AVBC").standard_uncertainty == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("facing", list(Facing))
def test_depression_is_positive_into_the_body(facing):
    reading = column({"L1": (7, -4), "L2": (0, 3)}, facing=facing, middle_depth=15.0)
    measured = measure_reading(reading, MM)
    for code in ("DEPRESSION_SUP", "DEPRESSION_INF"):
        for level in ("L1", "L2"):
            assert number(measured, code, level).value == pytest.approx(3.0), (code, level)


@pytest.mark.parametrize("facing", list(Facing))
def test_slip_is_positive_forward(facing):
    reading = column({"L1": (0, 0), "L2": (0, 0)}, facing=facing)
    v = reading.vertebrae[Level.L1]

    def forward(plate):
        def step(mark):
            return replace(mark, xy=Point(mark.xy.x + 30 * facing.sign, mark.xy.y))

        return replace(plate, anterior=step(plate.anterior), posterior=step(plate.posterior))

    slipped = reading.with_vertebra(
        replace(v, superior=forward(v.superior), inferior=forward(v.inferior))
    )
    slip = number(measure_reading(slipped, MM), "VBT")
    assert slip.label == "VBT (L1 on L2)"
    assert slip.value == pytest.approx(15.0)


@pytest.mark.parametrize("code", ["HA", "APCR", "AVBC", "DEPRESSION_SUP", "VBT"])
def test_monte_carlo_agrees_with_stated_uncertainties(code):
    rng = np.random.default_rng(11)
    base = crushed(0.7, 0.75, 0.95)
    sd_px = 2.0
    stated = number(measure_reading(base, MM, corner_sd_mm=sd_px * 0.2), code, "L1")
    values = [
        number(measure_reading(_noisy(base, rng, sd_px), MM, codes=[code]), code, "L1").value
        for _ in range(2500)
    ]
    spread = np.std(values, ddof=1)
    assert spread == pytest.approx(stated.standard_uncertainty, rel=0.06)


def _noisy(reading: Reading, rng, sd) -> Reading:
    def jitter(mark):
        dx, dy = rng.normal(0, sd, 2)
        return replace(mark, xy=Point(mark.xy.x + dx, mark.xy.y + dy))

    def plate(p):
        return replace(
            p,
            anterior=jitter(p.anterior),
            posterior=jitter(p.posterior),
            middle=None if p.middle is None else jitter(p.middle),
        )

    return replace(
        reading,
        vertebrae={
            level: Vertebra(level=level, superior=plate(v.superior), inferior=plate(v.inferior))
            for level, v in reading.vertebrae.items()
        },
    )


def test_genant_bounds():
    assert [grade_of(loss) for loss in (0, 19.99, 20, 24.99, 25, 39.99, 40, 90)] == [
        0, 0, 1, 1, 2, 2, 3, 3,
    ]  # fmt: skip


def test_genant_probability_band():
    """science.md#heights: with SD 4 points a true 22.5 % is grade 0 in 27 %, 2 or more in 27 %."""
    result = genant_grade({Deformity.WEDGE: Quantity(22.5, 16.0)})
    p = result.probabilities
    assert result.grade == 1
    assert p[0] == pytest.approx(0.266, abs=5e-4)
    assert p[2] + p[3] == pytest.approx(0.266, abs=5e-4)
    assert sum(p) == pytest.approx(1.0)
    bounds = norm.cdf([20, 25, 40], 22.5, 4)
    assert p == pytest.approx(
        (bounds[0], bounds[1] - bounds[0], bounds[2] - bounds[1], 1 - bounds[2])
    )


@pytest.mark.parametrize(
    ("shape", "grade", "kind"),
    [
        ((0.95, 0.95, 0.98), 0, "none"),
        ((0.70, 0.80, 0.97), 2, "wedge"),
        ((0.90, 0.55, 0.95), 3, "biconcave"),
        ((0.78, 0.78, 0.76), 1, "crush"),
    ],
)
def test_genant_names_the_worst_height(shape, grade, kind):
    item = number(measure_reading(crushed(*shape), MM), "GENANT_QM")
    assert item.value == grade
    assert item.label == f"GENANT_QM (L1, {kind})"


def test_genant_without_neighbours_says_what_it_cannot_tell():
    reading = crushed(0.6, 0.7, 0.9)
    alone = replace(reading, vertebrae={Level.L1: reading.vertebrae[Level.L1]})
    item = number(measure_reading(alone, MM), "GENANT_QM")
    assert "crush cannot be told" in item.note
    assert item.value == 2  # 1 - 0.6 / 0.9 = 33 %


def test_shape_asked_for_on_a_film_without_scale():
    reading = crushed(0.6, 0.7, 0.9)
    measured = measure_reading(reading, PixelGeometry(), codes=["HA", "AVBC"])
    assert [item.code for item in measured.measurements] == ["AVBC"]
    assert all("no pixel spacing" in item.reason for item in measured.refused)
    assert number(measured, "AVBC").value == pytest.approx(40.0)


def test_endplate_helper_puts_anterior_forward():
    plate = endplate((0, 0), 10, facing=Facing.LEFT)
    assert plate.anterior.xy.x < 0 < plate.anterior.xy.y
