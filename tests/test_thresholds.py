"""Both sides of the edge of every named threshold, with the edge written out here.

The constants are not imported: a threshold that was moved must fail a test.
"""

import math
from datetime import timedelta

import pytest
from builders import column, mark
from test_followup_correction import angle, one
from test_followup_visits import SURGERY, assign, film
from test_study_precision import value

from kyphometer.anatomy import Level
from kyphometer.carry.transfer import has_another_size
from kyphometer.film import FilmReference
from kyphometer.geometry import PixelGeometry
from kyphometer.measure import measure_reading
from kyphometer.reading import Endplate, Reading, Vertebra
from kyphometer.reading.checks import check_reading
from kyphometer.reading.findings import FindingCode
from kyphometer.reliability.components import anova_components
from kyphometer.reliability.crossed import MeanSquares
from kyphometer.workflow.study_precision import own_precision

HALF_MM = PixelGeometry.from_spacing(0.5, 0.5)


def plate(y, length, *, x=500.0, degrees=0.0, middle=None):
    """An endplate from its posterior corner at (x, y), falling towards anterior; lengths in px."""
    a = math.radians(degrees)
    u, v = math.cos(a), math.sin(a)
    spot = None
    if middle is not None:
        along, across = middle[0] * length, middle[1] * length
        spot = mark(x + along * u - across * v, y + along * v + across * u)
    return Endplate(
        posterior=mark(x, y), anterior=mark(x + length * u, y + length * v), middle=spot
    )


def reading(**vertebrae):
    """A reading of the vertebrae, each with its superior and inferior endplate or None."""
    return Reading(
        film=FilmReference(rows=4000, columns=2000),
        vertebrae={
            Level(name): Vertebra(level=Level(name), superior=superior, inferior=inferior)
            for name, (superior, inferior) in vertebrae.items()
        },
    )


def codes(marks, geometry=None):
    return {finding.code for finding in check_reading(marks, geometry)}


@pytest.mark.parametrize(("length_px", "short"), [(15.9, True), (16.1, False)])
def test_an_endplate_of_less_than_8_mm_is_none(length_px, short):
    marks = reading(L1=(plate(500, length_px), None))
    assert (FindingCode.ENDPLATE_SHORT in codes(marks, HALF_MM)) is short


@pytest.mark.parametrize(("length_px", "short"), [(3.9, True), (4.1, False)])
def test_without_pixel_spacing_it_is_less_than_4_pixels(length_px, short):
    assert (FindingCode.ENDPLATE_SHORT in codes(reading(L1=(plate(500, length_px), None)))) is short


@pytest.mark.parametrize(("length_px", "long"), [(159.0, False), (161.0, True)])
def test_an_endplate_of_more_than_80_mm_is_looked_at(length_px, long):
    marks = reading(L1=(plate(500, length_px), None))
    assert (FindingCode.ENDPLATE_LONG in codes(marks, HALF_MM)) is long


@pytest.mark.parametrize(("ratio", "unlike"), [(1.69, False), (1.71, True)])
def test_endplates_of_one_vertebra_differ_by_at_most_1_7(ratio, unlike):
    marks = reading(L1=(plate(500, 100 * ratio), plate(600, 100)))
    assert (FindingCode.ENDPLATES_UNLIKE in codes(marks)) is unlike


@pytest.mark.parametrize(("ratio", "unlike"), [(1.69, False), (1.71, True)])
def test_neighbouring_endplates_differ_by_at_most_1_7(ratio, unlike):
    long = 100 * ratio
    marks = reading(L1=(plate(500, 100), plate(580, 100)), L2=(plate(610, long), plate(710, long)))
    assert (FindingCode.NEIGHBOURS_UNLIKE in codes(marks)) is unlike


@pytest.mark.parametrize(
    ("height", "unlikely"), [(11.9, True), (12.1, False), (159.9, False), (160.1, True)]
)
def test_a_vertebra_is_0_12_to_1_6_of_its_depth_high(height, unlikely):
    marks = reading(L1=(plate(500, 100), plate(500 + height, 100)))
    assert (FindingCode.HEIGHT_UNLIKELY in codes(marks)) is unlikely


@pytest.mark.parametrize(("degrees", "unlikely"), [(49.9, False), (50.1, True)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_wedge_of_more_than_50_degrees_is_looked_at(degrees, unlikely, sign):
    half = sign * degrees / 2
    marks = reading(L1=(plate(500, 100, degrees=half), plate(600, 100, degrees=-half)))
    assert (FindingCode.WEDGE_UNLIKELY in codes(marks)) is unlikely


@pytest.mark.parametrize(("gap", "apart"), [(64.9, False), (65.1, True)])
def test_a_disc_is_at_most_0_65_of_its_depth_high(gap, apart):
    marks = reading(
        L1=(plate(500, 100), plate(580, 100)),
        L2=(plate(580 + gap, 100), plate(660 + gap, 100)),
    )
    assert (FindingCode.NEIGHBOURS_APART in codes(marks)) is apart


@pytest.mark.parametrize(("gap", "close"), [(34.9, True), (35.1, False)])
def test_a_vertebra_that_is_not_marked_needs_0_35_of_the_depth(gap, close):
    marks = reading(
        L1=(plate(500, 100), plate(580, 100)),
        L3=(plate(580 + gap, 100), plate(660 + gap, 100)),
    )
    assert (FindingCode.NEIGHBOURS_CLOSE in codes(marks)) is close


@pytest.mark.parametrize(
    ("middle", "misplaced"),
    [
        ((0.5, 0.39), False),
        ((0.5, 0.41), True),
        ((0.5, -0.39), False),
        ((0.5, -0.41), True),
        ((0.06, 0.0), False),
        ((0.04, 0.0), True),
        ((0.94, 0.0), False),
        ((0.96, 0.0), True),
    ],
)
def test_a_middle_point_lies_between_the_corners(middle, misplaced):
    marks = reading(L1=(plate(500, 100, middle=middle, degrees=20), None))
    assert (FindingCode.MIDDLE_MISPLACED in codes(marks)) is misplaced


def test_a_mark_on_the_edge_of_the_film_lies_on_it():
    def at(x):
        film_edge = Endplate(posterior=mark(1900, 500), anterior=mark(x, 500))
        return codes(reading(L1=(film_edge, None)))

    assert FindingCode.OUTSIDE_FILM not in at(2000.0)
    assert FindingCode.OUTSIDE_FILM in at(2000.01)


def test_a_stated_hand_has_an_sd_of_0_75_mm():
    """Two lines of length d with SD s at each corner: sqrt(4) s / d radians."""
    marks = column({"L1": (5, -3)}, fractured=("L1",))
    measured = measure_reading(marks, PixelGeometry.from_spacing(0.2, 0.2))
    number = next(item for item in measured.measurements if item.code == "VKA")
    assert number.standard_uncertainty == pytest.approx(math.degrees(2 * 0.75 / 40), rel=0.01)


@pytest.mark.parametrize(("times", "beyond"), [(1.95, False), (1.97, True)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_change_counts_beyond_1_96_of_its_uncertainty(times, beyond, sign):
    change = sign * times * 0.9 * math.sqrt(2)
    result = one(angle("preoperative", 20.0), angle("six_months", 20.0 - change))
    assert result.correction("six_months").beyond_uncertainty is beyond


@pytest.mark.parametrize(("days", "eligible"), [(-1, False), (0, True), (1, True)])
def test_a_film_of_the_day_of_injury_is_a_preoperative_one(days, eligible):
    injury = SURGERY - timedelta(days=5)
    result = assign(film(days - 5), injury_date=injury)
    assert bool(result.visits) is eligible
    assert bool(result.unassigned) is not eligible


@pytest.mark.parametrize(("repeats", "enough"), [(9, False), (10, True)])
def test_a_studys_own_sem_needs_10_repeats(repeats, enough):
    rows = [
        value(number, "A", 2 * number + k, 10.0 + number % 7 + k * (-1) ** number)
        for number in range(repeats)
        for k in range(2)
    ]
    found, remarks = own_precision(rows, ["VKA"], 1)
    assert bool(found) is enough
    assert (f"{repeats} repeat readings" in " ".join(r.sentence for r in remarks)) is not enough


@pytest.mark.parametrize(
    ("above", "variance"), [(-8.0, 0.0), (-0.1, 0.0), (0.0, 0.0), (0.8, 0.1), (8.0, 1.0)]
)
def test_a_component_of_variance_is_never_negative(above, variance):
    """Observers: mean square over that of the interaction, by films x replicates = 8."""
    table = MeanSquares(
        film=9.0, observer=9.0 + above, interaction=9.0, residual=9.0, film_df=3, observer_df=1,
        interaction_df=3, residual_df=8, films=4, observers=2, replicates=2,
    )  # fmt: skip
    film_part, observer, interaction, residual = anova_components(table)
    assert (film_part, interaction, residual) == (0.0, 0.0, 9.0)
    assert observer == pytest.approx(variance, abs=1e-12)


@pytest.mark.parametrize(
    ("depth", "another"), [(79.9, True), (80.1, False), (119.9, False), (120.1, True)]
)
def test_a_body_that_grew_by_a_fifth_is_another_body(depth, another):
    assert has_another_size(depth, 100.0) is another
