"""The Cobb angle tool of cornerstone3D, in Node, shows the angles that our reports hold."""

from __future__ import annotations

import copy
import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from builders import mark
from dicom_films import FACTS
from hypothesis import given
from hypothesis import strategies as st
from interop_films import MADE

from kyphometer.anatomy import Level
from kyphometer.dicom import read_film
from kyphometer.dicom.write import write_dx
from kyphometer.film import Acquisition, Film, FilmHeader, FilmReference, Rendering, VoiWindow
from kyphometer.geometry import Facing, PixelGeometry, Point
from kyphometer.interop.objects.cobb import tool_angle_deg, tool_points
from kyphometer.interop.objects.make import objects_for
from kyphometer.measure import measure_reading
from kyphometer.reading import Endplate, Reading, Vertebra

VIEWER = Path(__file__).parent / "viewer"
SIZES = ((1400, 700), (1200, 600), (3000, 1000), (1500, 1200))
LAYOUTS = 12
SHOWN_DEG = 0.05
"""The tool computes in single precision, by the arc cosine; it shows one decimal."""


def segment(centre, angle_deg, length):
    """A line from left to right, falling by an angle."""
    a = math.radians(angle_deg)
    dx, dy = math.cos(a) * length / 2, math.sin(a) * length / 2
    return Point(centre[0] - dx, centre[1] - dy), Point(centre[0] + dx, centre[1] + dy)


def layouts(rows, columns, count, rng):
    """Random pairs of endplates on a film, small angles and large offsets among them."""
    found = []
    while len(found) < count:
        most = rng.choice([2.0, 10.0, 45.0])
        first = rng.uniform([0.1 * columns, 0.1 * rows], [0.9 * columns, 0.6 * rows])
        step = [rng.uniform(-0.45, 0.45) * columns, rng.uniform(0.06, 0.4) * rows]
        angles, lengths = rng.uniform(-most, most, 2), rng.uniform(0.12, 0.22, 2) * columns
        pair = [segment(c, a, n) for c, a, n in
                zip((first, first + step), angles, lengths, strict=True)]  # fmt: skip
        ends = np.array([*pair[0], *pair[1]])
        if (ends >= 0).all() and (ends <= (columns, rows)).all():
            found.append((pair, abs(angles[0] - angles[1])))
    return found


@given(
    size=st.sampled_from(SIZES),
    seed=st.integers(0, 2**32 - 1),
)
def test_points_lie_on_the_endplates_lines_and_in_the_film(size, seed):
    rows, columns = size
    ((upper, lower), wanted) = layouts(rows, columns, 1, np.random.default_rng(seed))[0]
    points = tool_points(upper, lower, rows, columns)
    assert points is not None
    assert (points >= 0).all()
    assert (points <= (columns, rows)).all()
    assert tool_angle_deg(points) == pytest.approx(wanted, abs=0.01)
    for line, ends in ((upper, points[:2]), (lower, points[2:])):
        along = np.subtract(line[1], line[0])
        for end in ends:
            off = np.subtract(end, line[0])
            distance = abs(along[0] * off[1] - along[1] * off[0]) / np.hypot(*along)
            assert distance < 1e-3


def test_lines_that_no_place_suits_get_no_points():
    """Opposed endplates have no bisector to slide along."""
    upper = (Point(0.0, 0.0), Point(30.0, 0.0))
    lower = (Point(30.0, 100.0), Point(0.0, 100.0))
    assert tool_points(upper, lower, 200, 100) is None


def report_of(folder, rows, columns, rng, count=LAYOUTS):
    """A real report of a film of that size, its first group once for every random layout."""
    film = Film(
        header=FilmHeader(
            reference=FilmReference(rows=rows, columns=columns),
            geometry=PixelGeometry.from_spacing(0.2, 0.2),
            acquisition=Acquisition(**{**FACTS, "facing": Facing.RIGHT}),
            rendering=Rendering(bits_stored=12, windows=(VoiWindow(center=2000, width=3500),)),
        ),
        pixels=np.zeros((rows, columns), np.uint16),
    )
    path = folder / f"{rows}.dcm"
    write_dx(film, path, seed=str(rows))
    film = read_film(path)
    measured = layouts(rows, columns, count, rng)
    report = objects_for(film, whole(film, *measured[0][0]), ["sr"])[0]
    container = report.ContentSequence[-1]
    model = container.ContentSequence[0]
    groups = []
    for (upper, lower), wanted in measured:
        group = copy.deepcopy(model)
        points = tool_points(upper, lower, rows, columns)
        assert points is not None
        group.ContentSequence[1].UID = pydicom.uid.generate_uid()
        number = next(item for item in group.ContentSequence if item.ValueType == "NUM")
        number.ContentSequence[0].GraphicData = points.ravel().tolist()
        number.MeasuredValueSequence[0].NumericValue = round(wanted, 6)
        groups.append(group)
    container.ContentSequence = groups
    target = folder / f"{rows}.sr.dcm"
    report.save_as(target, enforce_file_format=True)
    return target, [wanted for _, wanted in measured]


def whole(film, upper, lower) -> Reading:
    """A reading of two endplates."""
    bodies = {}
    for level, side, (posterior, anterior) in (
        (Level.T10, "superior", upper),
        (Level.L2, "inferior", lower),
    ):
        plate = Endplate(anterior=mark(*anterior), posterior=mark(*posterior))
        bodies[level] = Vertebra(level=level, **{side: plate})
    return Reading(film=film.reference, vertebrae=bodies, facing=Facing.RIGHT, created=MADE)


def viewer(*reports):
    """What the viewer makes of reports; the test is skipped where it cannot be asked."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if not (VIEWER / "node_modules" / "@cornerstonejs").is_dir():
        pytest.skip("cornerstone3D is not installed: npm install in tests/viewer")
    done = subprocess.run(
        ["node", "cobb.mjs", *map(str, reports)],
        cwd=VIEWER, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_the_tool_shows_the_angle_that_was_measured(tmp_path):
    """Of few layouts here; benchmarks/viewer_angles.py asks it about a thousand."""
    rng = np.random.default_rng(20261129)
    made = [report_of(tmp_path, rows, columns, rng) for rows, columns in SIZES]
    found = viewer(*(path for path, _ in made))
    for (_, wanted), report in zip(made, found, strict=True):
        assert len(report["angles"]) == LAYOUTS
        for angle, true in zip(report["angles"], wanted, strict=True):
            assert angle["stored"] == pytest.approx(true, abs=1e-5)
            assert angle["shown"] == pytest.approx(true, abs=SHOWN_DEG)


def test_a_whole_report_shows_its_angles_and_nothing_else(tmp_path):
    from interop_films import small

    path, reading = small(tmp_path)
    film = read_film(path)
    target = tmp_path / "report.dcm"
    objects_for(film, reading, ["sr"])[0].save_as(target, enforce_file_format=True)
    report = viewer(target)[0]
    measured = measure_reading(reading, film.geometry)
    assert report["others"] == []
    wanted = [measured[code].value for code in ("VKA", "RKA")]
    assert [a["shown"] for a in report["angles"]] == pytest.approx(wanted, abs=SHOWN_DEG)
    assert report["angles"][0]["label"].startswith("VKA (L1 sup - L1 inf), +/- ")
