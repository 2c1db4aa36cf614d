import math
from dataclasses import replace

import numpy as np
import pytest
from builders import column, endplate
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import (
    AmbiguousDefinitionError,
    LandmarkError,
    NotMeasuredError,
    UnknownDefinitionError,
    UnknownLevelError,
)
from kyphometer.geometry import Facing, PixelGeometry, Point
from kyphometer.measure import ANGLES, angle_definition, measure_reading
from kyphometer.reading import Landmark, MarkSource, NotMeasurable, Vertebra

MM = PixelGeometry.from_spacing(0.16, 0.16)
SLOPES = {"T11": (4, 3), "T12": (5, 3), "L1": (12, -8), "L2": (-9, -11), "L3": (-12, -14)}

slope = st.floats(-35, 35)
slopes = st.tuples(*(st.tuples(slope, slope) for _ in range(3)))


def value(measured, code):
    found = measured.get(code)
    assert found is not None, measured.refused
    return found.value


@pytest.mark.parametrize("facing", list(Facing))
def test_named_angles_of_a_column_with_known_slopes(facing):
    """Closed form: the angle of two endplates is the difference of their slopes."""
    measured = measure_reading(column(SLOPES, facing=facing, fractured=("L1",)), MM)
    expected = {
        "VKA": 12 - -8,
        "RKA": 5 - -11,
        "GA": 5 - -8,
        "MONO_CAUDAL": 12 - -11,
        "ADJ": 3 - -9,
        "T11_L2": 4 - -11,
        "T12_L2": 5 - -11,
    }
    for code, angle in expected.items():
        assert value(measured, code) == pytest.approx(angle, abs=1e-9), code
    assert measured.facing is facing


def test_labels_name_the_pair():
    measured = measure_reading(column(SLOPES, fractured=("L1",)), MM)
    rka = measured.get("RKA")
    assert rka.label == "RKA (T12 sup - L2 inf)"
    assert (rka.upper, rka.lower) == ("T12.superior", "L2.inferior")
    assert rka.definition == "regional kyphosis angle: F-1.superior to F+1.inferior (version 1)"


@given(slopes, st.sampled_from(list(Facing)))
def test_wedge_and_disc_identity(three, facing):
    """science.md#sign: cobb(A.sup, C.inf) = wedge A + disc A/B + wedge B + disc B/C + wedge C."""
    reading = column(dict(zip(("T12", "L1", "L2"), three, strict=True)), facing=facing)
    pairs = [
        "T12.sup-T12.inf", "T12.inf-L1.sup", "L1.sup-L1.inf", "L1.inf-L2.sup", "L2.sup-L2.inf",
    ]  # fmt: skip
    measured = measure_reading(reading, MM, codes=["T12.sup-L2.inf", *pairs], strict=False)
    if len(measured.measurements) < 6:
        return  # such slopes cross each other and are refused
    whole, *parts = (item.value for item in measured.measurements)
    assert whole == pytest.approx(sum(parts), abs=1e-9)


@given(st.floats(0.5, 2.0), st.floats(-25, 25), st.floats(-25, 25))
def test_non_square_pixels_give_right_angles(aspect, a, b):
    """Press the film flat by the pixel's aspect: with the spacing known, the angle is unchanged."""
    square = column({"L1": (a, b)}, fractured=("L1",))

    def press(mark):
        return replace(mark, xy=Point(mark.xy.x, mark.xy.y / aspect))

    def press_plate(plate):
        return replace(plate, anterior=press(plate.anterior), posterior=press(plate.posterior))

    v = square.vertebrae[Level.L1]
    pressed = square.with_vertebra(
        replace(v, superior=press_plate(v.superior), inferior=press_plate(v.inferior))
    )
    expected = value(measure_reading(square, PixelGeometry(), strict=False), "VKA")
    for geometry in (
        PixelGeometry.from_spacing(0.15 * aspect, 0.15),
        PixelGeometry(aspect=aspect),
    ):
        assert value(measure_reading(pressed, geometry, strict=False), "VKA") == pytest.approx(
            expected, abs=1e-9
        )


def test_posterior_tangent_is_the_angle_of_the_walls():
    upper = column({"T12": (0, 0), "L1": (0, 0), "L2": (0, 0)}, fractured=("L1",))
    tilt = math.tan(math.radians(14))
    v = upper.vertebrae[Level.L2]
    shifted = replace(
        v.inferior.posterior,
        xy=Point(v.inferior.posterior.xy.x + 160 * tilt, v.inferior.posterior.xy.y),
    )
    reading = upper.with_vertebra(replace(v, inferior=replace(v.inferior, posterior=shifted)))
    measured = measure_reading(reading, MM, codes=["PTA"])
    # Facing right, the lower wall runs forward as it goes down: the column bends backwards.
    assert value(measured, "PTA") == pytest.approx(14.0, abs=1e-9)


@pytest.mark.parametrize(("length", "sd"), [(33.0, 0.5), (30.0, 0.75), (35.0, 0.3)])
def test_monte_carlo_agrees_with_the_stated_uncertainty(length, sd):
    """science.md#corner-noise: SD of the angle = 114.6 s / L degrees for two endplates of L."""
    rng = np.random.default_rng(7)
    base = column({"L1": (12, -8)}, length=length / 0.16, fractured=("L1",))
    stated = measure_reading(base, MM, corner_sd_mm=sd).get("VKA").standard_uncertainty
    assert stated == pytest.approx(114.6 * sd / length, rel=5e-4)
    v = base.vertebrae[Level.L1]
    corners = np.array(
        [m.xy for p in (v.superior, v.inferior) for m in (p.posterior, p.anterior)], dtype=float
    )
    noisy = corners + rng.normal(0, sd / 0.16, size=(40_000, 4, 2))
    upper, lower = noisy[:, 1] - noisy[:, 0], noisy[:, 3] - noisy[:, 2]
    angles = np.degrees(
        np.arctan2(
            upper[:, 1] * lower[:, 0] - upper[:, 0] * lower[:, 1], (upper * lower).sum(axis=1)
        )
    )
    assert angles.std(ddof=1) == pytest.approx(stated, rel=0.02)
    assert angles.mean() == pytest.approx(20.0, abs=0.1)


def test_covariances_of_marks_replace_the_stated_sd():
    reading = column({"L1": (0, 0)}, fractured=("L1",))
    across_only = ((0.0, 0.0), (0.0, 4.0))
    along_only = ((9.0, 0.0), (0.0, 0.0))

    def with_covariance(covariance):
        v = reading.vertebrae[Level.L1]
        plates = {
            side: replace(
                plate,
                anterior=replace(plate.anterior, covariance=covariance),
                posterior=replace(plate.posterior, covariance=covariance),
            )
            for side, plate in (("superior", v.superior), ("inferior", v.inferior))
        }
        return measure_reading(reading.with_vertebra(replace(v, **plates)), MM)

    # 2 px across a line of 200 px: 114.6 * 2 / 200.
    assert with_covariance(across_only).get("VKA").standard_uncertainty == pytest.approx(
        math.degrees(math.sqrt(4 * 4.0) / 200), rel=1e-9
    )
    assert with_covariance(along_only).get("VKA").standard_uncertainty == pytest.approx(0.0)


def test_truth_has_no_uncertainty():
    v = column({"L1": (3, 1)}).vertebrae[Level.L1]

    def true(plate):
        return replace(
            plate,
            anterior=replace(plate.anterior, source=MarkSource.TRUTH),
            posterior=replace(plate.posterior, source=MarkSource.TRUTH),
        )

    reading = column({"L1": (3, 1)}, fractured=("L1",)).with_vertebra(
        Vertebra(level=Level.L1, superior=true(v.superior), inferior=true(v.inferior))
    )
    assert measure_reading(reading, MM).get("VKA").standard_uncertainty == 0.0


def test_without_spacing_the_uncertainty_takes_a_mean_endplate_and_says_so():
    reading = column({"L1": (12, -8)}, fractured=("L1",))
    measured = measure_reading(reading, PixelGeometry())
    assert measured.get("VKA").standard_uncertainty == pytest.approx(114.6 * 0.75 / 33, rel=1e-3)
    assert any("33 mm long" in text for text in measured.warnings)
    assert measured.get("HA") is None


# -------------------------------------------------------------------------------- levels


def refused(measured, code):
    return next(item.reason for item in measured.refused if item.code == code)


def test_a_missing_neighbour_is_refused_until_the_next_is_allowed():
    reading = column(SLOPES, fractured=("L1",))
    without = replace(
        reading, vertebrae={k: v for k, v in reading.vertebrae.items() if k is not Level.T12}
    )
    measured = measure_reading(without, MM)
    assert "RKA needs T12" in refused(measured, "RKA")
    allowed = measure_reading(without, MM, allow_next_intact=True).get("RKA")
    assert allowed.label == "RKA (T11 sup - L2 inf)"
    assert allowed.value == pytest.approx(4 - -11)
    assert allowed.note == "next intact level used: T11"


def test_contiguous_fractures_share_one_regional_angle_if_allowed():
    reading = column(SLOPES, fractured=("T12", "L1"))
    measured = measure_reading(reading, MM)
    assert "intact" in refused(measured, "RKA")
    assert [item.label for item in measured.all("VKA")] == [
        "VKA (T12 sup - T12 inf)",
        "VKA (L1 sup - L1 inf)",
    ]
    block = measure_reading(reading, MM, allow_next_intact=True).all("RKA")
    assert [item.label for item in block] == ["RKA (T11 sup - L2 inf)"]
    assert block[0].note == "taken around the block T12-L1"


def test_t13_is_the_neighbour_of_l1_where_it_exists():
    slopes = {"T12": (4, 3), "T13": (5, 3), "L1": (12, -8), "L2": (-9, -11)}
    measured = measure_reading(column(slopes, fractured=("L1",)), MM)
    assert measured.get("RKA").label == "RKA (T13 sup - L2 inf)"


def test_what_could_not_be_marked_is_said_with_its_reason():
    reading = column(SLOPES, fractured=("L1",))
    l2 = replace(reading.vertebrae[Level.L2], inferior=None)
    item = NotMeasurable(level=Level.L2, endplate=EndplateSide.INFERIOR, reason="under a screw")
    reading = replace(reading.with_vertebra(l2), not_measurable=(item,))
    assert "not measurable (under a screw)" in refused(measure_reading(reading, MM), "RKA")


def test_no_fracture_named():
    measured = measure_reading(column(SLOPES), MM, codes=["VKA", "T12.sup-L2.inf"])
    assert "fractured_levels" in refused(measured, "VKA")
    assert measured.measurements[0].value == pytest.approx(16.0)


# ------------------------------------------------------------------------------ registry


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("vka", "VKA"),
        ("Gardner", "GA"),
        ("T5-T12", "T5_T12"),
        ("F-1.sup-F+1.inf", "RKA"),
        ("L1.superior - S1.superior", "L1_S1"),
    ],
)
def test_names_and_pairs_find_the_same_definition(name, code):
    assert angle_definition(name).code == code


@pytest.mark.parametrize("name", ["local kyphosis", "LK", "sagittal index", "TK"])
def test_ambiguous_names_are_refused(name):
    with pytest.raises(AmbiguousDefinitionError, match="several angles in print"):
        angle_definition(name)


@pytest.mark.parametrize(
    "name",
    ["", "kyphosis", "L2.inf-T12.sup", "T12.top-L1.inf", "F.sup-L1.inf", "T12.wall-L1.inf"],
)
def test_unknown_names_are_refused(name):
    with pytest.raises(UnknownDefinitionError):
        angle_definition(name)


def test_a_pair_with_an_unknown_level():
    with pytest.raises(UnknownLevelError):
        angle_definition("T14.sup-L1.inf")


def test_every_definition_is_an_ordered_pair_with_a_version():
    for definition in ANGLES.values():
        assert definition.upper != definition.lower
        assert "(version 1)" in definition.text


# ---------------------------------------------------------------------------- impossible


def test_impossible_marks_are_refused_and_named():
    reading = column(SLOPES, fractured=("L1",))
    v = reading.vertebrae[Level.L2]
    bad = reading.with_vertebra(
        replace(
            v,
            inferior=replace(
                v.inferior, anterior=v.inferior.posterior, posterior=v.inferior.anterior
            ),
        )
    )
    with pytest.raises(LandmarkError, match="L2: its endplates run in opposite directions"):
        measure_reading(bad, MM)
    lenient = measure_reading(bad, MM, strict=False)
    assert value(lenient, "VKA") == pytest.approx(20.0)
    assert lenient.get("RKA") is None
    assert "opposite directions" in refused(lenient, "RKA")


@given(st.data())
def test_any_marks_give_finite_numbers_or_a_refusal(data):
    xy = st.tuples(st.floats(-50, 1050), st.floats(-50, 4050))

    def any_plate():
        a, b = data.draw(xy), data.draw(xy)
        plate = endplate((0, 0), 0)
        return replace(plate, anterior=Landmark(xy=Point(*a)), posterior=Landmark(xy=Point(*b)))

    from kyphometer.errors import KyphometerError

    reading = column({"T12": (1, 1), "L1": (2, 2)}, fractured=("L1",)).with_vertebra(
        Vertebra(level=Level.L1, superior=any_plate(), inferior=any_plate())
    )
    try:
        measured = measure_reading(reading, MM, strict=data.draw(st.booleans()))
    except KyphometerError as error:
        assert "\n" not in str(error)
        return
    for item in measured.measurements:
        assert math.isfinite(item.value)
        assert item.standard_uncertainty is None or math.isfinite(item.standard_uncertainty)


def test_a_number_is_asked_for_by_code_or_label_and_refused_with_its_reason():
    slopes = {name: SLOPES[name] for name in ("L1", "L2")}
    measured = measure_reading(column(slopes, fractured=("L1",)), MM)
    assert measured["vka"] is measured["VKA (L1 sup - L1 inf)"] is measured.get("VKA")
    half = 1.96 * measured["VKA"].standard_uncertainty
    assert str(measured["VKA"]) == f"VKA (L1 sup - L1 inf): 20.0° ± {half:.1f}°"
    with pytest.raises(NotMeasuredError, match="RKA was not measured: RKA needs T12"):
        measured["RKA"]
    with pytest.raises(NotMeasuredError, match="the reading gives no such number"):
        measured["Cobb"]
