"""Carry-over between simulated visits of one patient, the second instrumented."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from endplates_films import FORMAT, simulated

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.carry import carry_over, change_with_uncertainty
from kyphometer.carry.carried import CarriedVertebra
from kyphometer.carry.change_model import BodyChange
from kyphometer.carry.columns import FLANK_ODDS, MOST_ODDS, Column
from kyphometer.carry.register import BELIEVED_TURN_DEG, PROFILE_SHARE, profile_turns_deg
from kyphometer.endplates.corners import shape_difference, vertebra_corners
from kyphometer.endplates.crop import cut_window
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.errors import CarryOverError, NotCarriedError
from kyphometer.followup.carried import carried_change_sd_deg
from kyphometer.geometry import Facing, PixelGeometry, Point, signed_angle_deg
from kyphometer.phantom import simulate_visits
from kyphometer.phantom.targets import TargetAngles
from kyphometer.phantom.visits import VisitPlan

PLANS = (
    VisitPlan(name="pre-op", day=-3, instrumented=False, targets=TargetAngles(vka_deg=18.0)),
    VisitPlan(name="discharge", day=5, targets=TargetAngles(vka_deg=10.0)),
)
VKA = ((Level.L1, EndplateSide.SUPERIOR), (Level.L1, EndplateSide.INFERIOR))


@cache
def visits():
    made = simulate_visits(7005, PLANS, fractured=Level.L1, seed=7005, film_format=FORMAT)
    return tuple(visit.film for visit in made)


def hand_reading(film):
    """Truth with two endplates a vertebra, as an observer would have marked it."""
    whole = {
        level: body
        for level, body in film.truth.vertebrae.items()
        if body.superior and body.inferior
    }
    return replace(film.truth, vertebrae=whole, observer="KN")


def true_angle_deg(film, upper, lower):
    vectors = [film.truth.endplate(*line).vector for line in (upper, lower)]
    return signed_angle_deg(*vectors, film.facing)


def test_marks_and_change_land_where_the_truth_is():
    before, after = visits()
    carried = carry_over(before.film, hand_reading(before), after.film)
    assert len(carried.vertebrae) >= 4
    for item in carried.vertebrae:
        truth = after.truth.vertebrae[item.level]
        for side in EndplateSide:
            for name in ("anterior", "posterior"):
                mark = getattr(item.vertebra.endplate(side), name)
                true = getattr(truth.endplate(side), name)
                miss_mm = np.hypot(mark.xy.x - true.xy.x, mark.xy.y - true.xy.y)
                assert miss_mm * after.geometry.column_mm < 2.0
                assert mark.source == "carried"
    change = change_with_uncertainty(carried, *VKA)
    true = true_angle_deg(after, *VKA) - true_angle_deg(before, *VKA)
    assert true == pytest.approx(-8.0, abs=0.5)
    assert change.change_deg == pytest.approx(true, abs=3 * change.standard_uncertainty)
    low, high = change.interval_95
    assert low < change.change_deg < high
    assert 0.1 < change.standard_uncertainty < 2.5


def test_change_does_not_depend_on_the_readers_habit():
    before, after = visits()
    plain = hand_reading(before)

    def lifted(plate):
        def up(mark):
            return replace(mark, xy=Point(mark.xy.x, mark.xy.y - 4.0))

        return replace(plate, anterior=up(plate.anterior))

    habit = replace(
        plain,
        vertebrae={
            level: replace(body, superior=lifted(body.superior))
            for level, body in plain.vertebrae.items()
        },
    )
    one = change_with_uncertainty(carry_over(before.film, plain, after.film), *VKA)
    other = change_with_uncertainty(carry_over(before.film, habit, after.film), *VKA)
    assert abs(one.before_deg - other.before_deg) > 1.0
    assert one.change_deg == pytest.approx(other.change_deg, abs=0.5)


def test_another_patients_film_is_not_taken_for_the_next():
    before, _ = visits()
    noise = np.random.default_rng(0).normal(2000, 200, before.pixels.shape)
    film = replace(before.film, pixels=noise.astype(np.uint16))
    with pytest.raises(CarryOverError, match="not recognised"):
        carry_over(before.film, hand_reading(before), film)


def default_plan(film, fractured=Level.L1):
    """What the page's own plan leaves: four endplates, one whole body."""
    body = film.truth.vertebrae
    kept = {
        Level.T12: replace(body[Level.T12], inferior=None),
        fractured: body[fractured],
        Level.L2: replace(body[Level.L2], superior=None),
    }
    return replace(film.truth, vertebrae=kept, observer="KN")


def test_the_pages_default_plan_is_carried_whole():
    before, after = visits()
    named = replace(before.film.reference, sop_instance_uid="1.2.3")
    film = replace(before.film, header=replace(before.film.header, reference=named))
    reading = replace(default_plan(before), film=named)
    carried = carry_over(film, reading, after.film)
    assert not carried.refused
    assert {level: set(body.endplates) for level, body in carried.reading.vertebrae.items()} == {
        Level.T12: {EndplateSide.SUPERIOR},
        Level.L1: set(EndplateSide),
        Level.L2: {EndplateSide.INFERIOR},
    }
    rka = ((Level.T12, EndplateSide.SUPERIOR), (Level.L2, EndplateSide.INFERIOR))
    for lines in (VKA, rka):
        change = change_with_uncertainty(carried, *lines)
        true = true_angle_deg(after, *lines) - true_angle_deg(before, *lines)
        assert change.change_deg == pytest.approx(true, abs=3 * change.standard_uncertainty)
        names = [f"{level.value}.{side.value}" for level, side in lines]
        kept = carried_change_sd_deg(reading, carried.reading, *names)
        assert kept == pytest.approx(change.standard_uncertainty)


def test_one_body_is_enough_with_what_surrounds_it():
    before, after = visits()
    alone = replace(default_plan(before), vertebrae={Level.L1: before.truth.vertebrae[Level.L1]})
    alone = replace(alone, facing=before.facing)
    carried = carry_over(before.film, alone, after.film)
    found = carried.vertebra(Level.L1).vertebra.superior.centre
    true = after.truth.vertebrae[Level.L1].superior.centre
    assert np.hypot(found.x - true.x, found.y - true.y) * after.geometry.column_mm < 2.0


def test_a_header_that_states_the_wrong_side_is_contradicted_not_believed():
    before, after = visits()
    header = after.film.header
    wrong = replace(header.acquisition, facing=after.facing.opposite)
    film = replace(after.film, header=replace(header, acquisition=wrong))
    carried = carry_over(before.film, default_plan(before), film)
    assert carried.reading.facing is after.facing
    assert "header" in str(carried.warnings[0])
    right = carry_over(before.film, default_plan(before), after.film)
    assert right.warnings == ()
    assert carried.vertebra(Level.L1).vertebra == right.vertebra(Level.L1).vertebra


@pytest.mark.parametrize("reading", [hand_reading, default_plan])
def test_another_persons_film_is_refused_whatever_was_read(reading):
    before, _ = visits()
    stranger = simulate_visits(8101, PLANS, fractured=Level.L1, seed=8101, film_format=FORMAT)
    with pytest.raises(CarryOverError):
        carry_over(before.film, reading(before), stranger[1].film.film)


def test_reading_without_a_whole_body_is_refused():
    before, after = visits()
    empty = replace(hand_reading(before), vertebrae={}, facing=Facing.LEFT)
    with pytest.raises(CarryOverError, match="no body"):
        carry_over(before.film, empty, after.film)


def test_anchor_tells_the_level_and_mirrored_unscaled_film_is_found():
    before, after = visits()
    width = after.pixels.shape[1]
    body = after.truth.vertebrae[Level.L1]
    centre = (body.superior.centre, body.inferior.centre)
    middle = Point(width - (centre[0].x + centre[1].x) / 2, (centre[0].y + centre[1].y) / 2)
    twin = replace(after.film, pixels=np.ascontiguousarray(after.pixels[:, ::-1]))
    carried = carry_over(
        before.film,
        hand_reading(before),
        twin,
        geometry=PixelGeometry(),
        facing=after.facing.opposite,
        anchors={Level.L1: middle},
    )
    found = carried.vertebra(Level.L1).vertebra.superior.centre
    assert np.hypot(width - found.x - centre[0].x, found.y - centre[0].y) < 6
    with pytest.raises(NotCarriedError, match="C7"):
        carried.vertebra(Level.C7)


def test_variance_of_a_difference_uses_the_correlation():
    film = simulated("clean", 21)
    body = next(iter(film.truth.vertebrae.values()))
    item = CarriedVertebra(vertebra=body, line_change_sd_deg=(0.4, 0.3), shared=0.5)
    up, low = EndplateSide
    assert item.covariance_deg2(up, up) == pytest.approx(0.16)
    assert item.covariance_deg2(up, low) == pytest.approx(0.06)


def test_shape_difference_sees_a_wedge_but_no_similarity():
    corners = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 24.0], [30.0, 24.0]])
    angle = np.radians(7.0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert shape_difference(corners, 1.1 * corners @ turn.T + (50, -20)) < 1e-9
    wedged = corners + np.array([[0.0, 4.0], [0, 0], [0, 0], [0, 0]])
    assert shape_difference(corners, wedged) > 0.03


def test_no_body_counts_for_a_place_with_more_than_its_share():
    def change(log_odds):
        place = np.zeros((4, 2))
        return BodyChange(
            before=place,
            after=place,
            said_sd_deg=np.ones(4),
            log_odds=log_odds,
        )

    changes = {Level.L1: change(50.0), Level.L2: change(-1.5), Level.L3: change(-50.0)}
    column = Column(sights={}, changes=changes)
    assert column.evidence == pytest.approx(-1.5)
    assert Column(sights={}, changes={Level.L1: change(50.0)}).evidence == MOST_ODDS


def test_bodies_of_another_size_speak_against_a_place():
    def evidence(growth):
        place = np.zeros((4, 2))
        change = BodyChange(before=place, after=place, said_sd_deg=np.ones(4), log_odds=3.0)
        return Column(sights={}, changes={Level.L1: change}, growth=growth).evidence

    assert evidence(0.0) == evidence(0.1) == evidence(-0.1) == 3.0
    assert evidence(0.2) == evidence(-0.2) < 0.0
    assert evidence(0.4) < -15.0


def test_a_body_between_two_that_are_surely_the_same_is_the_same():
    def change(log_odds):
        place = np.zeros((4, 2))
        return BodyChange(before=place, after=place, said_sd_deg=np.ones(4), log_odds=log_odds)

    def flanked(above, below, levels=(Level.T12, Level.L1, Level.L2)):
        odds = dict(zip(levels, (above, -5.0, below), strict=True))
        changes = {level: change(value) for level, value in odds.items() if value is not None}
        return Column(sights=dict.fromkeys(levels), changes=changes).flanked(levels[1])

    assert flanked(FLANK_ODDS, FLANK_ODDS)
    assert not flanked(FLANK_ODDS - 0.01, 9.0)
    assert not flanked(9.0, FLANK_ODDS - 0.01)
    assert not flanked(None, 9.0)
    assert not flanked(9.0, 9.0, (Level.T11, Level.L1, Level.L2))
    ends = Column(sights={Level.T12: None, Level.L1: None}, changes={Level.T12: change(9.0)})
    assert not ends.flanked(Level.L1)
    assert not ends.flanked(Level.T12)


def test_one_level_off_and_another_patient_are_told_apart_from_the_same_body():
    before, after = visits()
    other = simulate_visits(7006, PLANS[1:], fractured=Level.L1, seed=7006, film_format=FORMAT)
    with pytest.raises(CarryOverError, match="not recognised"):
        carry_over(before.film, hand_reading(before), other[0].film.film)
    whole = hand_reading(before)
    shifted = {
        level: replace(body, level=level)
        for level, body in zip(list(whole.vertebrae)[1:], whole.vertebrae.values(), strict=False)
    }
    same = carry_over(before.film, whole, after.film)
    moved = carry_over(before.film, replace(whole, vertebrae=shifted), after.film)
    for level, body in shifted.items():
        if level in moved.reading.vertebrae and body.level in same.reading.vertebrae:
            found = moved.reading.vertebrae[level].superior.centre
            above = list(whole.vertebrae)[list(whole.vertebrae).index(level) - 1]
            wanted = same.reading.vertebrae[above].superior.centre
            assert np.hypot(found.x - wanted.x, found.y - wanted.y) < 4.0


@pytest.mark.parametrize("tilt_deg", [-0.8, 0.5])
def test_profiles_turn_a_plate_back_that_was_tilted(tilt_deg):
    before, _ = visits()
    factors, sign = np.array(before.geometry.scale), before.facing.sign
    true = vertebra_corners(before.truth.vertebrae[Level.L1], factors, sign)
    frame = VertebraFrame.of_corners(true, factors, sign)
    window = cut_window(before.pixels, frame, sign=1)
    corners = frame.from_square(true)
    tilted = corners.copy()
    tilted[1, 1] += np.radians(tilt_deg) * np.hypot(*(corners[1] - corners[0]))
    turns = profile_turns_deg((window, frame, corners), (window, frame, tilted))
    believed = PROFILE_SHARE * np.exp(-((tilt_deg / BELIEVED_TURN_DEG) ** 2) / 2)
    assert turns[0] == pytest.approx(-believed * tilt_deg, abs=0.1)
    assert turns[1] == pytest.approx(0.0, abs=0.05)


def test_command_writes_proposals_and_prints_the_change(tmp_path, capsys):
    from kyphometer.cli import main
    from kyphometer.dicom import write_dx
    from kyphometer.reading.document import read_reading, write_reading

    before, after = visits()
    paths = [tmp_path / "pre.dcm", tmp_path / "post.dcm"]
    for film, path in zip((before, after), paths, strict=True):
        write_dx(film.film, path, seed=path.name)
    from kyphometer.dicom import read_film

    reading = replace(hand_reading(before), film=read_film(paths[0]).reference)
    write_reading(reading, tmp_path / "pre.reading.json")
    out = tmp_path / "post.reading.json"
    status = main(["carry-over", *map(str, paths), "--out", str(out), "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    assert status in (0, 1)
    assert {row["code"] for row in document["changes"]} >= {"VKA"}
    assert Level.L1 in read_reading(out).vertebrae
    assert main(["refine", str(paths[1]), str(out), "--format", "csv"]) in (0, 1)
    assert "line_sd_deg" in capsys.readouterr().out
