"""Millimetres by an object of known size, and lines beside a reading, against closed forms."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.anatomy import Level
from kyphometer.errors import DegenerateLineError, LandmarkError, ReadingFormatError
from kyphometer.film import FilmReference
from kyphometer.geometry import PixelGeometry, Point, SpacingSource
from kyphometer.measure import measure_reading
from kyphometer.measure.free_lines import free_angles, free_lengths
from kyphometer.measure.scale import scaled
from kyphometer.reading import Endplate, KnownSize, Landmark, Reading, ScaleKind, Vertebra
from kyphometer.reading.document import reading_from_dict, reading_to_dict


def known(length_px=100.0, known_mm=25.0, known_sd_mm=0.0, mark_sd_mm=0.0, *, down=False):
    end = Point(0.0, length_px) if down else Point(length_px, 0.0)
    return KnownSize(
        kind=ScaleKind.SPHERE,
        ends=(Point(0.0, 0.0), end),
        known_mm=known_mm,
        known_sd_mm=known_sd_mm,
        mark_sd_mm=mark_sd_mm,
    )


def body(size=None, sd_px=None):
    """A vertebra 100 pixels high and 120 wide, facing right."""
    covariance = None if sd_px is None else ((sd_px**2, 0.0), (0.0, sd_px**2))

    def plate(y):
        return Endplate(
            anterior=Landmark(xy=Point(300.0, y), covariance=covariance),
            posterior=Landmark(xy=Point(180.0, y), covariance=covariance),
        )

    vertebra = Vertebra(level=Level.L1, superior=plate(200.0), inferior=plate(300.0))
    film = FilmReference(rows=600, columns=600, sop_instance_uid="1.2")
    return Reading(
        film=film, vertebrae={Level.L1: vertebra}, fractured_levels=(Level.L1,), known_size=size
    )


def height(reading, geometry=None):
    found = measure_reading(reading, geometry or PixelGeometry(), codes=["HA"])
    return found.measurements[0]


def test_a_film_without_a_scale_gets_millimetres():
    found = height(body(known()))  # 0.25 mm a pixel
    assert (found.value, found.unit) == (pytest.approx(25.0), "mm")
    assert found.note == ""


def test_it_goes_before_the_scale_of_the_film_and_angles_stay():
    magnified = PixelGeometry.from_spacing(0.3, 0.3, SpacingSource.DETECTOR, in_patient=False)
    plain, by_size = body(), body(known())
    assert height(plain, magnified).value == pytest.approx(30.0)
    assert "magnified" in height(plain, magnified).note
    assert height(by_size, magnified).value == pytest.approx(25.0)
    for reading in (plain, by_size):
        angle = measure_reading(reading, magnified, codes=["VKA"]).measurements[0]
        assert angle.value == 0.0


@given(
    known_mm=st.floats(20, 40),
    known_sd_mm=st.floats(0, 2),
    mark_sd_mm=st.floats(0, 1),
    sd_px=st.floats(0.1, 4),
)
def test_its_uncertainty_enters_every_millimetre(known_mm, known_sd_mm, mark_sd_mm, sd_px):
    size = known(known_mm=known_mm, known_sd_mm=known_sd_mm, mark_sd_mm=mark_sd_mm)
    found = height(body(size, sd_px))
    mm = known_mm / 100.0
    corners = math.sqrt(2) * sd_px * mm
    share = math.sqrt(known_sd_mm**2 + 2 * mark_sd_mm**2) / known_mm
    assert found.value == pytest.approx(100 * mm)
    expected = math.hypot(corners, 100 * mm * share)
    assert found.standard_uncertainty == pytest.approx(expected, rel=1e-9)


def test_ratios_and_angles_have_none_of_it():
    sure, unsure = (body(known(known_sd_mm=sd), 1.0) for sd in (0.0, 5.0))
    for code in ("APCR", "VKA"):
        values = [measure_reading(r, PixelGeometry(), codes=[code]) for r in (sure, unsure)]
        first, second = (found.measurements[0] for found in values)
        assert first.standard_uncertainty == pytest.approx(second.standard_uncertainty)


def test_pixels_that_are_not_square_stay_so():
    flat = PixelGeometry(aspect=2.0)
    across, down = scaled(flat, known()), scaled(flat, known(length_px=50.0, down=True))
    for found in (across, down):
        assert (found.column_mm, found.row_mm) == (pytest.approx(0.25), pytest.approx(0.5))
        assert found.source is SpacingSource.KNOWN_SIZE
    assert scaled(flat, None) is flat


def test_it_is_written_and_read_again():
    reading = body(known(known_sd_mm=0.1, mark_sd_mm=0.5))
    document = reading_to_dict(reading)
    assert reading_from_dict(document) == reading
    assert "known_size" not in reading_to_dict(body())
    document["known_size"]["known_mm"] = -1
    with pytest.raises(ReadingFormatError, match="known_size"):
        reading_from_dict(document)


@pytest.mark.parametrize(
    "change",
    [
        {"known_mm": 0.0},
        {"known_mm": math.nan},
        {"known_mm": 2000.0},
        {"known_sd_mm": -0.1},
        {"known_sd_mm": 30.0},
        {"mark_sd_mm": math.inf},
        {"ends": (Point(1.0, 1.0), Point(1.0, 1.0))},
        {"ends": (Point(1.0, 1.0), Point(math.nan, 1.0))},
    ],
    ids=str,
)
def test_an_impossible_object_is_refused(change):
    with pytest.raises(LandmarkError):
        replace(known(), **change)


# ------------------------------------------------------------------------------- free lines

ACROSS = (Point(0.0, 0.0), Point(30.0, 0.0))


@given(turn=st.floats(-180, 180), flip=st.booleans())
def test_the_angle_between_lines_is_the_smaller_one(turn, flip):
    end = Point(40 * math.cos(math.radians(turn)), 40 * math.sin(math.radians(turn)))
    line = (end, Point(0.0, 0.0)) if flip else (Point(0.0, 0.0), end)
    [found] = free_angles([ACROSS, line], PixelGeometry(), 0.75)
    expected = min(abs(turn), 180 - abs(turn))
    assert found.degrees == pytest.approx(expected, abs=1e-6)
    assert found.standard_uncertainty_deg is None


def test_lengths_and_their_uncertainty():
    square = PixelGeometry.from_spacing(0.5, 0.5)
    line = (Point(0.0, 0.0), Point(30.0, 40.0))
    [found] = free_lengths([line], square, 0.75, 0.02)
    assert (found.pixels, found.mm) == (50.0, 25.0)
    assert found.standard_uncertainty_mm == pytest.approx(math.hypot(math.sqrt(2) * 0.75, 0.5))
    [unknown] = free_lengths([line], PixelGeometry(), 0.75)
    assert (unknown.mm, unknown.standard_uncertainty_mm) == (None, None)
    [angle] = free_angles([line, (Point(0.0, 0.0), Point(0.0, 50.0))], square, 0.75)
    assert angle.standard_uncertainty_deg == pytest.approx(math.degrees(2 * 0.75 / 25))


def test_a_line_without_length_has_no_angle():
    with pytest.raises(DegenerateLineError):
        free_angles([ACROSS, (Point(1.0, 1.0), Point(1.0, 1.0))], PixelGeometry(), 0.75)
