"""When the uncertainty of a carried-over change holds: closed forms, and every way to lose it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from builders import column
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.film import FilmReference, Position
from kyphometer.followup.carried import (
    CARRIED,
    carried_change,
    carried_change_sd_deg,
    carried_changes,
)
from kyphometer.followup.correction import INDEPENDENT, CorrectionRules, correct_patient
from kyphometer.followup.visit_angles import VisitAngle, mean_of_readings
from kyphometer.geometry import Point
from kyphometer.reading import MarkSource
from kyphometer.reading.carried import CarriedBody, CarriedLine

FIRST = FilmReference(rows=4000, columns=1000, sop_instance_uid="1.1", sha256_pixels="aa")
SECOND = FilmReference(rows=4000, columns=1000, sop_instance_uid="1.2", sha256_pixels="bb")
VKA = ("L1.superior", "L1.inferior")
RKA = ("T12.superior", "L2.inferior")
SIDES = tuple(EndplateSide)


def with_marks(reading, change):
    """The reading with every rim corner changed."""

    def plate(old):
        return replace(old, anterior=change(old.anterior), posterior=change(old.posterior))

    bodies = {
        level: replace(body, superior=plate(body.superior), inferior=plate(body.inferior))
        for level, body in reading.vertebrae.items()
    }
    return replace(reading, vertebrae=bodies)


def moved(reading, level, side, by=(0.0, 0.1), corner="anterior"):
    """The reading with one corner elsewhere."""
    body = reading.vertebrae[level]
    plate = body.endplate(side)
    mark = getattr(plate, corner)
    there = replace(mark, xy=Point(mark.xy.x + by[0], mark.xy.y + by[1]))
    return reading.with_vertebra(replace(body, **{side.value: replace(plate, **{corner: there})}))


def corners_of(plate):
    return (plate.anterior.xy, plate.posterior.xy)


def pair_of_readings(sds=None, correlation=0.5):
    """A reading, and one carried over from it to a film on which everything lies 7 px lower."""
    before = replace(
        column({"T12": (5, 3), "L1": (12, -8), "L2": (-4, -9)}, fractured=("L1",)), film=FIRST
    )
    after = with_marks(
        replace(before, film=SECOND),
        lambda mark: replace(mark, xy=Point(mark.xy.x, mark.xy.y + 7), source=MarkSource.CARRIED),
    )
    sds = sds or dict.fromkeys(before.vertebrae, (0.3, 0.4))
    known = {}
    for level, body in before.vertebrae.items():
        up, low = (
            CarriedLine(
                change_sd_deg=sd,
                before=corners_of(body.endplate(side)),
                here=corners_of(after.vertebrae[level].endplate(side)),
            )
            for side, sd in zip(SIDES, sds[level], strict=True)
        )
        known[level] = CarriedBody(film=FIRST, superior=up, inferior=low, correlation=correlation)
    return before, replace(after, carried_over=known)


sd = st.floats(0.0, 5.0)


@given(sd, sd, sd, sd, st.floats(-1, 1))
def test_variance_of_a_difference(up, low, above, below, correlation):
    sds = {Level.T12: (above, 1.0), Level.L1: (up, low), Level.L2: (1.0, below)}
    before, after = pair_of_readings(sds, correlation)
    same = carried_change_sd_deg(before, after, *VKA)
    assert same == pytest.approx(
        math.sqrt(max(up**2 + low**2 - 2 * correlation * up * low, 0)), abs=1e-7
    )
    apart = carried_change_sd_deg(before, after, *RKA)
    assert apart == pytest.approx(math.hypot(above, below))


def test_it_is_the_same_in_either_order():
    before, after = pair_of_readings()
    assert carried_change_sd_deg(after, before, *VKA) == carried_change_sd_deg(before, after, *VKA)


def test_a_line_turned_about_itself_is_known_exactly():
    before, after = pair_of_readings(correlation=0.2)
    assert carried_change_sd_deg(before, after, "L1.superior", "L1.superior") == 0.0


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("corner", ["anterior", "posterior"])
@pytest.mark.parametrize("side", SIDES)
def test_a_moved_corner_loses_the_angles_of_its_line_only(which, corner, side):
    pair = list(pair_of_readings())
    pair[which] = moved(pair[which], Level.L1, side, corner=corner)
    assert carried_change_sd_deg(*pair, *VKA) is None
    assert carried_change_sd_deg(*pair, *RKA) is not None
    other = "inferior" if side is EndplateSide.SUPERIOR else "superior"
    assert carried_change_sd_deg(*pair, "T12.superior", f"L1.{other}") is not None


def test_what_a_file_rounds_is_no_move():
    before, after = pair_of_readings()
    nearly = moved(after, Level.L1, EndplateSide.SUPERIOR, by=(0.0004, 0.0004))
    assert carried_change_sd_deg(before, nearly, *VKA) is not None


@pytest.mark.parametrize("source", [MarkSource.HAND, MarkSource.REFINED, MarkSource.DETECTED])
def test_a_mark_that_another_source_vouches_for_is_no_carried_one(source):
    before, after = pair_of_readings()
    placed = with_marks(after, lambda mark: replace(mark, source=source))
    assert carried_change_sd_deg(before, placed, *VKA) is None


def test_middle_points_do_not_matter():
    before, after = pair_of_readings()
    plate = after.vertebrae[Level.L1].superior
    with_middle = replace(plate, middle=replace(plate.anterior, xy=plate.centre))
    later = after.with_vertebra(replace(after.vertebrae[Level.L1], superior=with_middle))
    assert carried_change_sd_deg(before, later, *VKA) is not None


@pytest.mark.parametrize(
    ("film", "holds"),
    [
        (FIRST, True),
        (replace(FIRST, sha256_pixels=None), True),
        (replace(FIRST, sop_instance_uid=None), True),
        (replace(FIRST, sop_instance_uid="1.9"), False),
        (replace(FIRST, sha256_pixels="cc"), False),
        (replace(FIRST, frame=2), False),
        (replace(FIRST, rows=3999), False),
        (replace(FIRST, sop_instance_uid=None, sha256_pixels=None), False),
        (replace(FIRST, sop_instance_uid="", sha256_pixels=None), False),
        (SECOND, False),
    ],
)
def test_the_earlier_reading_must_be_on_that_film(film, holds):
    before, after = pair_of_readings()
    known = carried_change_sd_deg(replace(before, film=film), after, *VKA)
    assert (known is not None) is holds


def test_an_empty_name_is_no_name():
    before, after = pair_of_readings()
    nameless = replace(FIRST, sop_instance_uid="", sha256_pixels=None)
    known = {level: replace(body, film=nameless) for level, body in after.carried_over.items()}
    first = replace(before, film=nameless)
    assert carried_change_sd_deg(first, replace(after, carried_over=known), *VKA) is None


def test_levels_shifted_by_one_are_other_levels():
    before, after = pair_of_readings()
    names = {Level.T12: Level.T11, Level.L1: Level.T12, Level.L2: Level.L1}
    shifted = {names[level]: body for level, body in after.vertebrae.items()}
    later = replace(
        after,
        vertebrae={level: replace(body, level=level) for level, body in shifted.items()},
    )
    assert carried_change_sd_deg(before, later, *VKA) is None


@pytest.mark.parametrize(
    "pair", [("L1.posterior_wall", "L2.superior"), ("", ""), ("L9.superior", "L1.inferior")]
)
def test_other_lines_are_not_known(pair):
    assert carried_change_sd_deg(*pair_of_readings(), *pair) is None


def test_bodies_carried_from_two_films_do_not_mix():
    before, after = pair_of_readings()
    known = dict(after.carried_over)
    known[Level.T12] = replace(known[Level.T12], film=replace(FIRST, sop_instance_uid="1.0"))
    later = replace(after, carried_over=known)
    assert carried_change_sd_deg(before, later, *VKA) is not None
    assert carried_change_sd_deg(before, later, *RKA) is None


def visit_angle(visit, value, reading, **changes):
    base = VisitAngle(
        patient="P1",
        visit=visit,
        code="VKA",
        upper=VKA[0],
        lower=VKA[1],
        value_deg=value,
        standard_uncertainty_deg=0.9,
        position=Position.STANDING,
        observers=("KN",),
        film=reading,
        reading=reading,
    )
    return replace(base, **changes)


def test_corrections_take_it_where_it_holds_and_say_so():
    before, after = pair_of_readings()
    apart = replace(after, carried_over={}, film=replace(SECOND, sop_instance_uid="1.3"))
    readings = {1: before, 2: after, 3: apart}
    angles = (
        visit_angle("preoperative", 18.0, 1),
        visit_angle("discharge", 17.0, 2),
        visit_angle("one_month", 17.0, 3),
    )
    rules = CorrectionRules()
    known = carried_changes(angles, readings, rules.windows.visits)
    assert len(known) == 1
    (found,) = correct_patient(angles, replace(rules, change_uncertainties=known))
    carried, plain = found.corrections
    # 0.3^2 + 0.4^2 - 2 x 0.5 x 0.3 x 0.4 = 0.13
    assert carried.standard_uncertainty_deg == pytest.approx(math.sqrt(0.13))
    assert (carried.uncertainty_source, carried.beyond_uncertainty) == (CARRIED, True)
    assert plain.standard_uncertainty_deg == pytest.approx(0.9 * math.sqrt(2))
    assert (plain.uncertainty_source, plain.beyond_uncertainty) == (INDEPENDENT, False)
    assert found.losses[0].uncertainty_source == INDEPENDENT


def test_rows_name_source_and_judgement():
    from kyphometer.followup.correction import correct_cohort

    before, after = pair_of_readings()
    angles = (visit_angle("preoperative", 18.0, 1), visit_angle("discharge", 17.0, 2))
    rules = CorrectionRules()
    known = carried_changes(angles, {1: before, 2: after}, rules.windows.visits)
    first, second = correct_cohort(angles, replace(rules, change_uncertainties=known)).rows()
    assert (first["correction_uncertainty_source"], first["loss_uncertainty_source"]) == ("", "")
    assert second["correction_uncertainty_source"] == CARRIED
    assert second["correction_beyond_uncertainty"] is True


def test_a_mean_of_readings_is_not_known_from_one_carry_over():
    before, after = pair_of_readings()
    readings = {1: before, 2: after}
    later = visit_angle("discharge", 17.0, 2)
    (mean,) = mean_of_readings([later, replace(later, reading=3, observers=("MB",))])
    assert mean.reading is None
    first = visit_angle("preoperative", 18.0, 1)
    assert carried_change(first, later, readings) is not None
    assert carried_change(first, mean, readings) is None
    assert carried_change(first, replace(later, readings=2), readings) is None
    assert carried_change(first, replace(later, reading=None), readings) is None
    assert carried_change(first, replace(later, reading=9), readings) is None


def next_step(reading, film, down):
    """A reading carried over from `reading` to a film on which everything lies `down` px lower."""
    after = with_marks(
        replace(reading, film=film),
        lambda mark: replace(
            mark, xy=Point(mark.xy.x, mark.xy.y + down), source=MarkSource.CARRIED
        ),
    )
    known = {}
    for level, body in reading.vertebrae.items():
        up, low = (
            CarriedLine(
                change_sd_deg=0.5,
                before=corners_of(body.endplate(side)),
                here=corners_of(after.vertebrae[level].endplate(side)),
            )
            for side in SIDES
        )
        known[level] = CarriedBody(film=reading.film, superior=up, inferior=low, correlation=0.0)
    return replace(after, carried_over=known)


THIRD = FilmReference(rows=4000, columns=1000, sop_instance_uid="1.3", sha256_pixels="cc")


@pytest.mark.parametrize("pair", [VKA, RKA])
def test_a_chain_of_visits_adds_the_variances_of_its_steps(pair):
    before, after = pair_of_readings(correlation=0.0)
    last = next_step(after, THIRD, 5)
    steps = [carried_change_sd_deg(before, after, *pair), carried_change_sd_deg(after, last, *pair)]
    assert carried_change_sd_deg(before, last, *pair) is None
    whole = carried_change_sd_deg(before, last, *pair, between=[after])
    assert whole == pytest.approx(math.hypot(*steps))
    assert carried_change_sd_deg(last, before, *pair, between=[after]) == pytest.approx(whole)


def test_two_visits_carried_from_the_same_film_hang_together_by_it():
    before, after = pair_of_readings(correlation=0.0)
    last = next_step(before, THIRD, 5)
    found = carried_change_sd_deg(after, last, *VKA, between=[before])
    steps = [carried_change_sd_deg(before, other, *VKA) for other in (after, last)]
    assert found == pytest.approx(math.hypot(*steps))


def test_a_chain_breaks_where_a_mark_was_moved():
    before, after = pair_of_readings()
    last = next_step(after, THIRD, 5)
    touched = moved(after, Level.L1, EndplateSide.SUPERIOR)
    assert carried_change_sd_deg(before, last, *VKA, between=[touched]) is None
    assert carried_change_sd_deg(before, last, *RKA, between=[touched]) is not None
