"""Truth and rendering against closed forms."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gamma

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.phantom.beam import Beam, Pose, Window
from kyphometer.phantom.body import BodyShape, EndplateShape, rim_apex_mm
from kyphometer.phantom.body_render import add_body
from kyphometer.phantom.column import PlacedVertebra, Stance, place_column
from kyphometer.phantom.landmarks import endplate_points_mm, silhouette_points_mm
from kyphometer.phantom.patient import Disc, simulate_patient
from kyphometer.phantom.splat import Bone, Cloud, Clouds, add_sheet, add_tube
from kyphometer.phantom.targets import film_angle_deg

SUP, INF = EndplateSide
FAR = Beam(source_detector_mm=1e7, source_object_mm=1e7)
PLATE = EndplateShape(concavity_mm=0.0, radius_anterior_mm=1.0, radius_posterior_mm=1.0)


def plain_body(**changes: object) -> BodyShape:
    """A homogeneous body with flat endplates and straight walls."""
    body = BodyShape(
        level=Level.L1,
        depth_mm=32.0,
        half_width_mm=21.0,
        height_mm=26.0,
        superior=PLATE,
        inferior=PLATE,
        exponent_anterior=2.5,
        exponent_posterior=2.5,
        waist_anterior_mm=0.0,
        waist_posterior_mm=0.0,
        cortical_per_mm=0.01,
        trabecular_per_mm=0.01,
    )
    return replace(body, **changes)


def upright(**changes: object) -> Stance:
    stance = Stance(centre=Level.L1, tilt_jitter_deg={}, axial_jitter_deg={})
    return replace(stance, **changes)


def render(body: BodyShape, pose: Pose, beam: Beam, pitch_mm: float = 0.1) -> np.ndarray:
    size = int(70 / pitch_mm)
    window = Window(left_mm=-35, top_mm=-35, rows=size, columns=size, pitch_mm=pitch_mm)
    image = np.zeros(window.shape, np.float32)
    add_body(image, window, beam, body, pose)
    return image


wedges = st.floats(-8, 15)


@settings(max_examples=25, deadline=None)
@given(st.lists(wedges, min_size=6, max_size=6), st.lists(wedges, min_size=2, max_size=2))
def test_angles_of_truth_are_sums_of_wedges_and_discs(
    slopes: list[float], discs: list[float]
) -> None:
    levels = (Level.T12, Level.L1, Level.L2)
    bodies = {
        level: plain_body(
            level=level,
            superior=replace(PLATE, slope_deg=slopes[2 * k]),
            inferior=replace(PLATE, slope_deg=slopes[2 * k + 1]),
        )
        for k, level in enumerate(levels)
    }
    spaces = {
        level: Disc(height_mm=8.0, angle_deg=angle)
        for level, angle in zip(levels, [*discs, 0.0], strict=True)
    }
    beam = Beam(source_detector_mm=1200, source_object_mm=1000)
    column = place_column(bodies, spaces, upright(at_mm=(30.0, -40.0, 0.0), pitch_deg=12.0))
    vka = film_angle_deg(column, beam, (Level.L1, SUP), (Level.L1, INF))
    rka = film_angle_deg(column, beam, (Level.T12, SUP), (Level.L2, INF))
    assert vka == pytest.approx(slopes[2] + slopes[3], abs=1e-9)
    assert rka == pytest.approx(sum(slopes) + sum(discs), abs=1e-9)


@pytest.mark.parametrize(("axial", "tilt"), [(10, 0), (20, 0), (0, 10), (0, 20)])
def test_rotation_changes_slopes_as_cosines_do(axial: float, tilt: float) -> None:
    body = plain_body(superior=replace(PLATE, slope_deg=20.0))
    pose = Pose(centre_mm=(0, 0, 0), pitch_deg=0, tilt_deg=tilt, axial_deg=axial)
    a, _, p = endplate_points_mm(PlacedVertebra(body=body, pose=pose), SUP, FAR)
    seen = math.degrees(math.atan2(a[1] - p[1], a[0] - p[0]))
    ratio = math.cos(math.radians(tilt)) / math.cos(math.radians(axial))
    assert seen == pytest.approx(math.degrees(math.atan(math.tan(math.radians(20)) * ratio)))


def test_magnification_scales_lengths_and_keeps_angles() -> None:
    body = plain_body(superior=replace(PLATE, slope_deg=9.0))
    near = Beam(source_detector_mm=1300, source_object_mm=1000)
    for depth in (0.0, 40.0):
        placed = PlacedVertebra(body=body, pose=Pose(centre_mm=(20.0, -60.0, depth), pitch_deg=5.0))
        a, _, p = endplate_points_mm(placed, SUP, near)
        chord = rim_apex_mm(body, SUP)
        length = np.linalg.norm(chord[0] - chord[1])
        assert np.linalg.norm(a - p) == pytest.approx(length * 1300 / (1000 + depth))
        assert math.degrees(math.atan2(a[1] - p[1], a[0] - p[0])) == pytest.approx(14.0)


def test_rim_apex_is_the_middle_of_the_rounded_edge() -> None:
    body = plain_body(superior=replace(PLATE, radius_anterior_mm=2.0, radius_posterior_mm=0.8))
    anterior, posterior = rim_apex_mm(body, SUP)
    part = 1 - math.sqrt(0.5)
    assert anterior == pytest.approx([16 - 2 * part, -13 + 2 * part, 0], abs=1e-9)
    assert posterior == pytest.approx([-16 + 0.8 * part, -13 + 0.8 * part, 0], abs=1e-9)


def test_line_integrals_hold_the_volume_of_the_body() -> None:
    body = plain_body()
    beam = Beam(source_detector_mm=1500, source_object_mm=1200)
    image = render(body, Pose(centre_mm=(0, 0, 0), pitch_deg=17, tilt_deg=4, axial_deg=6), beam)
    n = 2.5
    area = 4 * 16 * 21 * gamma(1 + 1 / n) ** 2 / gamma(1 + 2 / n)
    seen = image.sum() * 0.1**2 / beam.magnification**2
    assert seen == pytest.approx(area * 26 * 0.01, rel=0.012)


def test_edges_lie_where_truth_says() -> None:
    body = plain_body(superior=replace(PLATE, slope_deg=6.0))
    image = render(body, Pose(centre_mm=(0, 0, 0), pitch_deg=0), FAR)
    full = image[350, 350]
    for x_mm in (-10.0, 0.0, 10.0):
        column = image[:, round((x_mm + 35) / 0.1)]
        plateau = column[350]
        first = int(np.argmax(column > plateau / 2))
        seen = first + 0.5 - (column[first] - plateau / 2) / (column[first] - column[first - 1])
        expected = -body.mid_height_mm / 2 + math.tan(math.radians(6)) * (x_mm + 0.05)
        assert seen * 0.1 - 35 == pytest.approx(expected, abs=0.08)
    assert full == pytest.approx(42 * 0.01, rel=0.01)


@pytest.mark.parametrize("tilt", [3.0, 5.0, 9.0])
def test_double_contour_separates_by_width_times_sine_of_the_tilt(tilt: float) -> None:
    """An endplate of full width W, seen edge-on but tilted by phi, rises over W sin(phi)."""
    body = plain_body(superior=replace(PLATE, radius_anterior_mm=0.05, radius_posterior_mm=0.05))
    image = render(body, Pose(centre_mm=(0, 0, 0), pitch_deg=0, tilt_deg=tilt), FAR, 0.05)
    column = image[:700, 700] / image[700, 700]
    rows = [float(np.interp(level, column, np.arange(700))) for level in (0.1, 0.9)]
    separation = (rows[1] - rows[0]) * 0.05 / 0.8
    assert separation == pytest.approx(42.0 * math.sin(math.radians(tilt)), rel=0.03)


def test_perspective_splits_endplates_away_from_the_central_ray() -> None:
    """At z off the central ray sides part by about z W / SOD (science.md#where-the-line-goes)."""
    beam = Beam(source_detector_mm=1200, source_object_mm=1000)
    body = plain_body(superior=replace(PLATE, radius_anterior_mm=0.05, radius_posterior_mm=0.05))
    y = 100.0
    window = Window(left_mm=-35, top_mm=70, rows=1400, columns=1400, pitch_mm=0.05)
    image = np.zeros(window.shape, np.float32)
    add_body(image, window, beam, body, Pose(centre_mm=(0, y, 0), pitch_deg=0))
    middle = round((y * 1.2 - 70) / 0.05)
    column = image[:middle, 700] / image[middle, 700]
    rows = [float(np.interp(level, column, np.arange(middle))) for level in (0.1, 0.9)]
    seen_mm = (rows[1] - rows[0]) * 0.05 / 0.8 / 1.2
    assert seen_mm == pytest.approx((y - 13) * 42 / 1000, rel=0.05)


def test_truth_and_silhouette_agree_on_a_true_lateral_and_part_when_oblique() -> None:
    body = plain_body()
    straight = PlacedVertebra(body=body, pose=Pose(centre_mm=(0, 0, 0), pitch_deg=8))
    turned = PlacedVertebra(body=body, pose=Pose(centre_mm=(0, 0, 0), pitch_deg=8, tilt_deg=8))
    same = endplate_points_mm(straight, SUP, FAR) - silhouette_points_mm(straight, SUP, FAR)
    apart = endplate_points_mm(turned, SUP, FAR) - silhouette_points_mm(turned, SUP, FAR)
    assert np.abs(same).max() < 0.05
    assert np.linalg.norm(apart[[0, 2]], axis=1).min() > 0.3


def test_tilts_carry_the_column_sideways() -> None:
    patient = simulate_patient(3)
    bodies = {level: patient.body(level) for level in patient.levels}
    column = place_column(bodies, patient.discs, upright(tilt_deg=6.0))
    z = [placed.pose.centre_mm[2] for placed in column]
    y = [placed.pose.centre_mm[1] for placed in column]
    for (z0, z1), (y0, y1) in zip(itertools.pairwise(z), itertools.pairwise(y), strict=True):
        assert (z1 - z0) / (y1 - y0) == pytest.approx(math.sin(math.radians(6)))


def test_tubes_and_sheets_keep_their_mass() -> None:
    beam = Beam(source_detector_mm=1300, source_object_mm=1100)
    window = Window(left_mm=-60, top_mm=-60, rows=300, columns=300, pitch_mm=0.4)
    cortex, spongy = Cloud(beam, window), Cloud(beam, window)
    bone = Bone(shell_mm=1.0, cortical_per_mm=0.03, spongy_per_mm=0.002)
    path = np.array([[-20.0, -5.0, 0.0], [20.0, 5.0, 0.0]])
    add_tube(Clouds(cortex, spongy), path, np.array([[5.0, 5.0], [5.0, 5.0]]), bone)
    length = float(np.linalg.norm(path[1] - path[0]))
    scale = 0.4**2 / beam.magnification**2
    assert cortex.image().sum() * scale == pytest.approx(2 * math.pi * 5 * length * 0.03, rel=0.02)
    assert spongy.image().sum() * scale == pytest.approx(math.pi * 25 * length * 0.002, rel=0.03)
    ball = Cloud(beam, window)
    polar, around = np.meshgrid(
        np.linspace(0, math.pi, 200), np.linspace(0, 2 * math.pi, 400), indexing="ij"
    )
    grid = 10 * np.stack(
        [np.sin(polar) * np.cos(around), np.cos(polar), np.sin(polar) * np.sin(around)], axis=-1
    )
    add_sheet(ball, grid, 0.05)
    assert ball.image().sum() * scale == pytest.approx(4 * math.pi * 100 * 0.05, rel=0.01)
