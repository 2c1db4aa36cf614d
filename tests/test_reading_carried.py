"""What a reading keeps about carried-over vertebrae: round trip, schema, damage, older files."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace

import jsonschema
import pytest
from builders import column
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import LandmarkError, ReadingError
from kyphometer.film import FilmReference
from kyphometer.geometry import Point
from kyphometer.reading.carried import CarriedBody, CarriedLine
from kyphometer.reading.document import (
    read_reading,
    reading_from_dict,
    reading_from_json,
    reading_schema,
    reading_to_dict,
    write_reading,
)

VALIDATOR = jsonschema.Draft202012Validator(reading_schema())
FILM = FilmReference(rows=1800, columns=900, sop_instance_uid="1.2.3", sha256_pixels="ab")

names = st.none() | st.text("0123456789.abcdef", max_size=9)
places = st.floats(-1e7, 1e7)
points = st.builds(Point, places, places)
corners = st.tuples(points, points)
lines = st.builds(CarriedLine, change_sd_deg=st.floats(0, 180), before=corners, here=corners)
films = st.builds(
    FilmReference,
    rows=st.integers(1, 10**6),
    columns=st.integers(1, 10**6),
    frame=st.integers(1, 10**6),
    sop_instance_uid=names,
    sha256_pixels=names,
)
bodies = st.builds(
    CarriedBody, film=films, superior=lines, inferior=lines, correlation=st.floats(-1, 1)
)


def line(sd_deg=0.3):
    return CarriedLine(
        change_sd_deg=sd_deg,
        before=(Point(400.5, 800.0), Point(530.0, 786.4)),
        here=(Point(401.0, 812.0), Point(531.0, 799.25)),
    )


def document():
    body = CarriedBody(film=FILM, superior=line(0.3), inferior=line(0.4), correlation=0.9)
    reading = column({"T12": (5, 3), "L1": (12, -8)}, fractured=("L1",))
    return reading_to_dict(replace(reading, carried_over={Level.L1: body}))


@given(st.dictionaries(st.sampled_from(Level), bodies, max_size=3))
def test_it_survives_the_round_trip_and_fits_the_schema(carried):
    reading = replace(column({"T12": (5, 3), "L1": (12, -8)}), carried_over=carried)
    written = reading_to_dict(reading)
    VALIDATOR.validate(written)
    assert reading_from_json(json.dumps(written)) == reading


def test_a_body_of_which_one_endplate_was_read_is_kept_so_and_one_without_any_is_refused():
    body = CarriedBody(film=FILM, superior=line(0.3), inferior=None, correlation=0.9)
    reading = replace(column({"L1": (12, -8)}), carried_over={Level.L1: body})
    written = reading_to_dict(reading)
    VALIDATOR.validate(written)
    assert reading_from_dict(written) == reading
    del written["carried_over"]["L1"]["superior"]
    assert not VALIDATOR.is_valid(written)
    with pytest.raises(ReadingError, match="has no endplate"):
        reading_from_dict(written)


def test_it_survives_a_file(tmp_path):
    reading = reading_from_dict(document())
    write_reading(reading, tmp_path / "film.reading.json")
    assert read_reading(tmp_path / "film.reading.json") == reading
    assert list(reading.carried_over) == [Level.L1]


def test_a_reading_without_it_is_written_as_ever_and_older_files_are_read():
    plain = reading_to_dict(column({"L1": (12, -8)}))
    assert "carried_over" not in plain
    assert reading_from_dict(plain).carried_over == {}
    assert reading_from_dict({**plain, "carried_over": None}).carried_over == {}
    older = reading_from_dict({**plain, "carried": {"from": {}, "changes": []}})
    assert reading_to_dict(older)["carried"] == {"from": {}, "changes": []}


BAD = [
    ([], [], "must be a JSON object"),
    (["X1"], {}, "'carried_over.X1.from' is missing"),
    (["L1"], 3, "'carried_over.L1' must be a JSON object"),
    (["L1", "from"], None, "'carried_over.L1.from' must be a JSON object"),
    (["L1", "from", "rows"], 0, "carried_over.L1.from.rows"),
    (["L1", "from", "columns"], ..., "'carried_over.L1.from.columns' is missing"),
    (["L1", "from", "sop_instance_uid"], 3, "must be text"),
    (["L1", "correlation"], 1.01, "from -1 to 1"),
    (["L1", "correlation"], float("nan"), "must be a number"),
    (["L1", "correlation"], "0.9", "'carried_over.L1.correlation' must be a number"),
    (["L1", "correlation"], ..., "is missing"),
    (["L1", "superior"], 3, "'carried_over.L1.superior' must be a JSON object"),
    (["L1", "superior", "change_sd_deg"], -0.1, "from 0 to 180"),
    (["L1", "superior", "change_sd_deg"], True, "must be a number"),
    (["L1", "superior", "change_sd_deg"], float("inf"), "must be a number"),
    (["L1", "superior", "change_sd_deg"], 10**400, "must be a number"),
    (["L1", "inferior", "before"], [], "must be a JSON object"),
    (["L1", "inferior", "here", "posterior"], ..., "is missing"),
    (
        ["L1", "inferior", "here", "anterior"],
        [1.0, float("nan")],
        r"anterior\[1\]' must be a number",
    ),
    (["L1", "inferior", "here", "anterior"], [1, 10**400], r"anterior\[1\]' must be"),
]


@pytest.mark.parametrize(("path", "value", "message"), BAD)
def test_damage_is_refused_in_one_sentence_with_its_place(path, value, message):
    damaged = copy.deepcopy(document())
    target, keys = damaged, ["carried_over", *path]
    for key in keys[:-1]:
        target = target[key]
    if value is ...:
        del target[keys[-1]]
    else:
        target[keys[-1]] = value
    with pytest.raises(ReadingError, match=message) as caught:
        reading_from_dict(damaged)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    numbers = value if isinstance(value, list) else [value]
    if not any(isinstance(number, float) and math.isnan(number) for number in numbers):
        assert not VALIDATOR.is_valid(damaged)


def test_a_level_may_not_be_named_twice():
    twice = document()
    twice["carried_over"]["l1"] = twice["carried_over"]["L1"]
    with pytest.raises(ReadingError, match="already there"):
        reading_from_dict(twice)


@pytest.mark.parametrize("sd_deg", [-0.1, math.nan, math.inf, 181.0])
def test_a_line_refuses_what_is_no_uncertainty(sd_deg):
    with pytest.raises(LandmarkError, match="standard uncertainty"):
        line(sd_deg)


@pytest.mark.parametrize("correlation", [-1.1, math.nan, 2])
def test_a_body_refuses_what_is_no_correlation(correlation):
    with pytest.raises(LandmarkError, match="correlation"):
        CarriedBody(film=FILM, superior=line(), inferior=line(), correlation=correlation)


def test_covariances_are_those_of_the_stated_correlation():
    body = CarriedBody(film=FILM, superior=line(0.4), inferior=line(0.3), correlation=0.5)
    up, low = EndplateSide
    assert body.covariance_deg2(up, up) == pytest.approx(0.16)
    assert body.covariance_deg2(low, low) == pytest.approx(0.09)
    assert body.covariance_deg2(up, low) == body.covariance_deg2(low, up) == pytest.approx(0.06)
