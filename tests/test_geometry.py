import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kyphometer.errors import DegenerateLineError, NotCalibratedError, PixelSpacingError
from kyphometer.geometry import (
    Facing,
    PixelGeometry,
    Point,
    SpacingSource,
    from_pixel_indices,
    line_intersection,
    segments_cross,
    signed_angle_deg,
    to_pixel_indices,
)

coordinate = st.floats(-1000, 1000, allow_nan=False)
vector = st.tuples(coordinate, coordinate).filter(lambda v: math.hypot(*v) > 1e-3)
facing = st.sampled_from(list(Facing))


def turned(v, degrees):
    a = math.radians(degrees)
    return (v[0] * math.cos(a) - v[1] * math.sin(a), v[0] * math.sin(a) + v[1] * math.cos(a))


def difference(a, b):
    return abs(math.remainder(a - b, 360.0))


@pytest.mark.parametrize(
    ("upper", "lower", "side", "expected"),
    [
        pytest.param(12, -8, Facing.RIGHT, 20.0, id="kyphosis facing right"),
        pytest.param(12, -8, Facing.LEFT, 20.0, id="kyphosis facing left"),
        pytest.param(-15, 25, Facing.RIGHT, -40.0, id="lordosis"),
        pytest.param(0, 0, Facing.RIGHT, 0.0, id="parallel is a value"),
        pytest.param(45, -45, Facing.LEFT, 90.0, id="right angle"),
        pytest.param(60, -60, Facing.RIGHT, 120.0, id="beyond 90"),
        pytest.param(1e-9, 0, Facing.RIGHT, 1e-9, id="nearly parallel"),
    ],
)
def test_angle_of_lines_of_known_slope(upper, lower, side, expected):
    """Slopes are falls towards anterior; the angle is their difference (closed form)."""

    def line(fall):
        return (side.sign * math.cos(math.radians(fall)), math.sin(math.radians(fall)))

    assert signed_angle_deg(line(upper), line(lower), side) == pytest.approx(expected, abs=1e-9)


@given(vector, vector, facing)
def test_mirroring_with_facing_changes_nothing(u, v, f):
    mirrored = signed_angle_deg((-u[0], u[1]), (-v[0], v[1]), f.opposite)
    assert difference(signed_angle_deg(u, v, f), mirrored) < 1e-9


@given(vector, vector, facing, st.floats(-360, 360))
def test_rotation_changes_nothing(u, v, f, degrees):
    rotated = signed_angle_deg(turned(u, degrees), turned(v, degrees), f)
    assert difference(signed_angle_deg(u, v, f), rotated) < 1e-9


@given(vector, vector, facing, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_length_changes_nothing(u, v, f, a, b):
    scaled = signed_angle_deg((a * u[0], a * u[1]), (b * v[0], b * v[1]), f)
    assert difference(signed_angle_deg(u, v, f), scaled) < 1e-9


@given(vector, vector, facing)
def test_swapping_the_lines_turns_the_sign(u, v, f):
    angle = signed_angle_deg(u, v, f)
    assume(abs(angle) < 179.999)
    assert signed_angle_deg(v, u, f) == pytest.approx(-angle, abs=1e-9)


@given(vector, vector, vector, facing)
def test_angles_add_up(u, v, w, f):
    whole = signed_angle_deg(u, w, f)
    parts = signed_angle_deg(u, v, f) + signed_angle_deg(v, w, f)
    assert difference(whole, parts) < 1e-9


def test_five_percent_of_anisotropy_is_a_degree():
    """science.md#sign: 20 degrees between +-(12, 8) lines read as 20.98 with 5 % tall pixels."""
    falls = (12.0, -8.0)
    lines = [(math.cos(math.radians(a)), 1.05 * math.sin(math.radians(a))) for a in falls]
    assert signed_angle_deg(*lines, Facing.RIGHT) == pytest.approx(20.98, abs=0.01)


@pytest.mark.parametrize("lines", [((0, 0), (1, 0)), ((1, 0), (0, 0)), ((1e-200, 0), (1, 0))])
def test_a_line_without_length_is_refused(lines):
    with pytest.raises(DegenerateLineError, match="no length"):
        signed_angle_deg(*lines, Facing.RIGHT)


@given(st.tuples(coordinate, coordinate))
def test_pixel_indices_and_back(xy):
    assert from_pixel_indices(to_pixel_indices(xy)) == pytest.approx(np.array(xy), abs=1e-9)


def test_the_corner_of_the_film_is_half_a_pixel_before_the_first_centre():
    assert to_pixel_indices((0.0, 0.0)).tolist() == [-0.5, -0.5]
    assert to_pixel_indices((3.5, 7.5)).tolist() == [7.0, 3.0]


def test_spacing_gives_scale_and_shape():
    geometry = PixelGeometry.from_spacing(0.2, 0.1)
    assert geometry.scale == (0.1, 0.2)
    assert geometry.aspect == pytest.approx(2.0)
    assert not geometry.is_square
    assert geometry.is_calibrated
    assert geometry.source is SpacingSource.STATED


def test_without_spacing_millimetres_are_refused_by_name():
    with pytest.raises(NotCalibratedError, match="The height of L1 cannot be given in mm"):
        PixelGeometry().require_mm("The height of L1")


@pytest.mark.parametrize("spacing", [(0.0, 0.1), (-1, 1), (float("nan"), 1)])
def test_impossible_spacing_is_refused(spacing):
    with pytest.raises(PixelSpacingError, match="impossible"):
        PixelGeometry.from_spacing(*spacing)


def test_lines_meet_and_segments_cross():
    a, b, c, d = Point(0, 0), Point(2, 2), Point(0, 2), Point(2, 0)
    assert line_intersection(a, b, c, d) == pytest.approx((1, 1))
    assert segments_cross(a, b, c, d)
    assert line_intersection(a, b, Point(0, 1), Point(2, 3)) is None
    assert not segments_cross(a, Point(0.5, 0.5), c, d)
