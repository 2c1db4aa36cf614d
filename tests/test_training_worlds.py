"""Worlds that networks are trained and judged on: their truth is where the picture has it."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

from worlds.contour import contours_of_corners
from worlds.drawn import CORNER_SD_MM, body_corners, drawn_scene
from worlds.mesh import Morph
from worlds.outlines import Loss, random_loss
from worlds.physics import Exposure, exposed, spectrum
from worlds.scene import visibility
from worlds.solid import Solid, rim_corners, solid_of_mesh
from worlds.visits import drawn_visits
from worlds.voxel import voxel_pair, voxel_scene
from worlds.voxel_body import Body, made_up_body

BOX = np.array([[-16.0, 12.0], [16.0, 12.0], [-15.0, -13.0], [17.0, -12.0]]) * (1, -1)


def box(depth: float, width: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    """A box of fine triangles whose corners run round it outwards."""
    n = 14
    t = np.linspace(-0.5, 0.5, n)
    u, v = (axis.ravel() for axis in np.meshgrid(t, t, indexing="ij"))
    row, column = (axis.ravel() for axis in np.meshgrid(range(n - 1), range(n - 1), indexing="ij"))
    a = row * n + column
    cells = np.concatenate(
        (np.stack((a, a + n, a + 1), axis=1), np.stack((a + 1, a + n, a + n + 1), axis=1))
    )
    points, faces = [], []
    for axis in range(3):
        for side in (-0.5, 0.5):
            wall = np.empty((n * n, 3))
            wall[:, axis], wall[:, axis - 2], wall[:, axis - 1] = side, u, v
            faces.append((cells if side > 0 else cells[:, ::-1]) + n * n * len(points))
            points.append(wall)
    return np.concatenate(points) * [depth, width, height], np.concatenate(faces)


def test_rounded_corners_have_their_apex_at_the_truth():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        shape = contours_of_corners(BOX, rng, deep=False, film=(0.0, 0.0))
        rims = np.array([[np.hypot(*(line - corner).T).min() for line in shape.outlines]
                         for corner in BOX])  # fmt: skip
        # rims are moved up to a few tenths each way; the floor's outline is not, and passes within
        # what the curve of the wall and the endplate bend
        assert np.median(rims[:, 2]) < 0.35


def test_fractured_bodies_of_the_drawn_world_reach_far_and_share_evenly():
    rng = np.random.default_rng(3)
    made = np.array([body_corners(30.0, 25.0, rng, broken=True) for _ in range(2000)])
    back = made[:, 3, 1] - made[:, 1, 1]
    front = made[:, 2, 1] - made[:, 0, 1]
    assert np.quantile(front / back, 0.05) < 0.4
    assert np.quantile(front / back, 0.95) > 0.95
    upper = np.arctan2(*(made[:, 1] - made[:, 0]).T[::-1])
    lower = np.arctan2(*(made[:, 3] - made[:, 2]).T[::-1])
    steep = np.degrees(lower - upper) > 15
    share = -upper[steep] / (lower - upper)[steep]
    assert 0.4 < share.mean() < 0.6
    assert np.quantile(share, 0.1) < 0.2 < 0.8 < np.quantile(share, 0.9)


def test_corners_are_displaced_each_on_its_own():
    rng = np.random.default_rng(4)
    made = np.array([body_corners(30.0, 25.0, rng, broken=False) for _ in range(3000)])
    diagonal = made[:, 1] - made[:, 2]
    (low, often), (high, seldom) = CORNER_SD_MM
    assert often + seldom == pytest.approx(1.0)
    assert diagonal.std() > low
    assert abs(np.corrcoef(made[:, 0, 0], made[:, 3, 0])[0, 1]) < 0.75
    assert high > low


def test_a_drawn_scene_is_repeatable_and_its_bodies_lie_on_it():
    one, again = drawn_scene(11), drawn_scene(11)
    assert np.array_equal(one.pixels, again.pixels)
    rows, columns = one.pixels.shape
    for body in one.bodies:
        assert (body.corners > 0).all()
        assert (body.corners < (columns, rows)).all()
        assert visibility(one, body).shape == (2,)


def test_corners_of_a_box_and_distances_inside_it():
    vertices, faces = box(34.0, 44.0, 26.0)
    solid = solid_of_mesh(vertices, faces)
    wanted = np.array([[17, 13], [-17, 13], [17, -13], [-17, -13]], dtype=float)
    assert np.abs(solid.corners - wanted).max() < 0.2
    places = np.array([[0, 0, 0], [17, 0, 0], [0, 0, 13], [0, 22, 0], [0, 0, 8], [30, 0, 0]])
    inside = solid.at(places.astype(float))
    assert np.abs(inside[1:5] - [0, 0, 0, 5]).max() < 0.2
    assert inside[0] == pytest.approx(13, abs=1.0)  # the ridge of distances is smoothed
    assert inside[5] < -2


def test_rims_are_found_on_a_turned_and_wedged_section():
    corners = np.array([[18.0, 8.0], [-17.0, 13.0], [17.0, -11.0], [-18.0, -14.0]])
    order = corners[[0, 1, 3, 2, 0]]
    loop = np.concatenate([a + np.linspace(0, 1, 60)[:, None] * (b - a)
                           for a, b in pairwise(order)])  # fmt: skip
    assert np.abs(rim_corners(loop) - corners).max() < 1e-9


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_mesh_loses_the_height_that_was_asked_for_where_it_was_asked(share):
    vertices, faces = box(34.0, 44.0, 26.0)
    solid = solid_of_mesh(vertices, faces)
    morph = Morph(
        solid=solid, scale=np.ones(3), lost_front=10.0, lost_back=2.0, share=share,
        trabecular=0.1, shell_mm=0.5,
    )  # fmt: skip
    moved = morph.corners - solid.corners
    assert moved[:, 1] == pytest.approx(
        [-share * 10, -share * 2, (1 - share) * 10, (1 - share) * 2], abs=0.15
    )
    # the surface of the deformed solid lies at the deformed corners' lines
    for row in ((0, 1), (2, 3)):
        middle = morph.corners[list(row)].mean(axis=0)
        at = np.array([[middle[0], 0.0, middle[1]]])
        assert abs(float(solid.at(morph.before(at))[0])) < 0.6
    assert isinstance(solid, Solid)


def test_more_bone_is_brighter_and_the_spectrum_stays_below_the_voltage():
    parts = spectrum(70.0)
    assert parts.sum() == pytest.approx(1.0)
    assert parts[-2:] == pytest.approx(0.0)
    how = Exposure(
        kvp=80, photons=1e5, blur_mm=0.1, scatter=0.2, gamma=1.0, sharpen=0.0, flatten=0.0
    )
    soft = np.full((60, 90), 200, np.float32)
    bone = np.repeat(np.array([0, 5, 10], np.float32), 30)[None].repeat(60, axis=0)
    film = exposed(soft, bone, 0.4, how, np.random.default_rng(0))
    steps = film[:, 5:25].mean(), film[:, 35:55].mean(), film[:, 65:85].mean()
    assert steps[0] < steps[1] < steps[2]


def plain_body(**changes: object) -> Body:
    """A body 30 mm deep whose superior endplate leans by 0.1 and whose inferior one is level."""
    facts = {
        "half": np.array([15.0, 20.0]), "power": 2.5, "hollow": 0.0, "waist": 0.0,
        "plates": ((10.0, 0.1, 0.0, 0.0, 1.0), (-10.0, 0.0, 0.0, 0.0, 1.0)), "round_mm": 1.0,
        "rough": np.zeros((40, 40, 40), np.float32), "dense": 0.1, "wall_mm": 0.5,
        "plate_mm": 0.5, "broken": False,
    }  # fmt: skip
    return Body(**{**facts, **changes})


def test_corners_of_a_level_set_are_the_apexes_of_its_rims():
    # a quarter circle of radius r has its apex r * (sqrt 2 - 1) inside the sharp corner
    for radius in (0.6, 2.0):
        corners = plain_body(round_mm=radius).corners()
        sharp = np.array([[-15.0, 8.5], [15.0, 11.5], [-15.0, -10.0], [15.0, -10.0]])
        inside = radius * (np.sqrt(2) - 1)
        away = np.hypot(*(corners - sharp).T)
        assert np.abs(away - inside).max() < 0.35
    # a bowl between the rims leaves the corners where they are
    bowl = ((10.0, 0.1, 4.0, 3.0, 1.0), (-10.0, 0.0, 0.0, 0.0, 1.0))
    assert np.abs(plain_body(plates=bowl).corners() - plain_body().corners()).max() < 0.6


def test_level_sets_lose_their_height_evenly_at_both_endplates():
    rng = np.random.default_rng(8)
    bodies = [made_up_body(12, 1.0, False, rng) for _ in range(800)]
    slopes = np.array([[plate[1] for plate in body.plates] for body in bodies])
    wedge = np.degrees(np.arctan(slopes[:, 0]) - np.arctan(slopes[:, 1]))
    steep = np.array([body.broken for body in bodies]) & (wedge > 10)
    share = slopes[steep, 0] / (slopes[steep, 0] - slopes[steep, 1])
    assert 0.4 < share.mean() < 0.6
    assert wedge.max() > 25
    assert 0.3 < np.mean([body.broken for body in bodies]) < 0.5


def test_a_scene_of_level_sets_shows_its_bodies_and_is_repeatable():
    one, again = voxel_scene("clean", 400_000), voxel_scene("clean", 400_000)
    assert np.array_equal(one.pixels, again.pixels)
    rows, columns = one.pixels.shape
    strengths = []
    for body in one.bodies:
        assert (body.corners > 0).all()
        assert (body.corners < (columns, rows)).all()
        strengths.append(visibility(one, body))
    assert np.median(strengths) > 3


def test_a_person_of_level_sets_comes_twice_with_height_given_back():
    first, second = voxel_pair("clean", 400_001)
    assert [body.level for body in first.bodies] == [body.level for body in second.bodies]
    turns = []
    for scene in (first, second):
        assert scene.bodies[2].fractured
        sizes, wedges = [], []
        for sa, sp, ia, ip in (body.corners for body in scene.bodies):
            (ux, uy), (lx, ly) = sp - sa, ip - ia
            sizes.append(np.hypot(lx, ly) * 0.38)
            wedges.append(abs(np.degrees(np.arctan2(ux * ly - uy * lx, ux * lx + uy * ly))))
        turns.append((np.array(sizes), np.array(wedges)))
    (sizes, wedges), (later_sizes, later_wedges) = turns
    assert np.allclose(sizes, later_sizes, rtol=0.05), "the same bones from nearly the same side"
    intact = [0, 1, 3, 4]
    assert np.allclose(wedges[intact], later_wedges[intact], atol=2.5)
    assert later_wedges[2] < wedges[2] - 2


def wedge_deg(corners):
    (a, b), (c, d) = corners[:2], corners[2:]
    first, second = (np.degrees(np.arctan2(*(q - p)[::-1])) for p, q in ((a, b), (c, d)))
    return second - first


def test_painted_people_come_twice_with_height_given_back():
    """An intact body is the same on both films but for a turn; a broken one stands up or stays."""
    turned, given_back = [], []
    for seed in range(12):
        before, after = drawn_visits(seed)
        assert not np.array_equal(before.pixels, after.pixels)
        for first, second in zip(before.bodies, after.bodies, strict=True):
            assert first.level is second.level
            shapes = [b.corners - b.corners.mean(axis=0) for b in (first, second)]
            if first.fractured:
                fronts = [np.hypot(*(s[2] - s[0])) for s in shapes]
                given_back.append(fronts[1] / fronts[0])
            else:
                sides = [np.hypot(*np.diff(s[[0, 1, 3, 2, 0]], axis=0).T) for s in shapes]
                assert sides[1] == pytest.approx(sides[0], rel=1e-6)
                turned.append(wedge_deg(shapes[1]) - wedge_deg(shapes[0]))
    assert np.abs(turned).max() < 1e-6
    assert min(given_back) > 1 - 1e-6
    assert np.mean(np.array(given_back) > 1.02) > 0.3


def test_a_loss_that_is_given_back_is_less_of_the_same():
    loss = Loss(front=0.4, back=0.1, share=0.3)
    half = loss.part(0.5)
    assert (half.front, half.back, half.share) == pytest.approx((0.2, 0.05, 0.3))
    drawn = [random_loss(np.random.default_rng(seed)) for seed in range(300)]
    assert max(one.front for one in drawn) > 0.65
    assert min(one.share for one in drawn) < 0.05
    assert max(one.share for one in drawn) > 0.95
    assert all(one.front >= 0.9 * one.back for one in drawn)
