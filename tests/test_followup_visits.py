"""Which film is which visit, by the windows and rules of science.md#visits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.errors import MissingSurgeryDateError, UnknownVisitFilmError, VisitWindowError
from kyphometer.film import Position
from kyphometer.followup.positions import PositionPolicy, position_remarks
from kyphometer.followup.remarks import RemarkKind
from kyphometer.followup.visit_model import DatedFilm, StatedVisit
from kyphometer.followup.visits import assign_patient_visits, assign_visits
from kyphometer.followup.windows import (
    DEFAULT_WINDOWS,
    Choice,
    TimePoint,
    VisitWindow,
    VisitWindows,
)

SURGERY = date(2024, 3, 1)


def film(day, name=None, at=None, position=Position.STANDING, patient="P01"):
    return DatedFilm(
        patient=patient,
        film=name or f"f{day}",
        taken_on=None if day is None else SURGERY + timedelta(days=day),
        taken_at=at,
        position=position,
    )


def assign(*films, **options):
    return assign_patient_visits("P01", films, SURGERY, **options)


def chosen(result):
    return {str(visit.visit): visit.film for visit in result.visits}


def test_a_complete_patient():
    result = assign(film(181), film(-3), film(4), film(31))
    assert chosen(result) == {
        "preoperative": "f-3", "discharge": "f4", "one_month": "f31", "six_months": "f181",
    }  # fmt: skip
    assert [v.day for v in result.visits] == [-3, 4, 31, 181]
    assert all(v.within_tolerance for v in result.visits)
    assert result.unassigned == result.missing == result.remarks == ()


@pytest.mark.parametrize(
    ("day", "visit", "primary"),
    [
        (-400, "preoperative", False), (-15, "preoperative", False), (-14, "preoperative", True),
        (-1, "preoperative", True), (0, "preoperative", False), (1, "discharge", True),
        (14, "discharge", True), (15, "one_month", False), (22, "one_month", False),
        (23, "one_month", True), (37, "one_month", True), (38, "one_month", False),
        (106, "one_month", False), (107, "six_months", False), (151, "six_months", False),
        (152, "six_months", True), (212, "six_months", True), (213, "six_months", False),
        (273, "six_months", False),
    ],
)  # fmt: skip
def test_window_limits_of_the_table(day, visit, primary):
    (found,) = assign(film(day)).visits
    assert (found.visit, found.within_tolerance, found.day) == (visit, primary, day)


def test_out_of_window_films_are_kept_and_listed():
    result = assign(film(274), film(-2))
    (left,) = result.unassigned
    assert (left.film, left.day) == ("f274", 274)
    assert "in no visit window" in left.reason
    assert result.missing == (
        ("P01", "discharge"), ("P01", "one_month"), ("P01", "six_months"),
    )  # fmt: skip
    assert [r.kind for r in result.remarks] == [RemarkKind.EXCLUDED]


def test_nearest_to_target_wins_and_the_others_are_listed():
    result = assign(film(24), film(29), film(35))
    assert chosen(result) == {"one_month": "f29"}
    assert {u.film for u in result.unassigned} == {"f24", "f35"}
    assert "nearest to day 30" in result.unassigned[0].reason


def test_a_tie_in_distance_goes_to_the_later_day():
    assert chosen(assign(film(27), film(33)))["one_month"] == "f33"


def test_tolerance_goes_before_the_wider_window():
    """Day 15 is nearer to nothing; a film inside the tolerance is taken whatever its distance."""
    assert chosen(assign(film(23), film(38)))["one_month"] == "f23"
    assert chosen(assign(film(0), film(-14)))["preoperative"] == "f-14"


def test_last_before_surgery_and_first_standing_after():
    assert chosen(assign(film(-9), film(-2), film(-5)))["preoperative"] == "f-2"
    supine = film(2, position=Position.SUPINE)
    result = assign(supine, film(5), film(9))
    assert chosen(result)["discharge"] == "f5"
    assert chosen(assign(supine, film(7, position=Position.SITTING)))["discharge"] == "f2"


def test_two_films_of_one_day_go_by_time():
    early, late = film(30, "a", time(8, 0)), film(30, "b", time(14, 30))
    assert chosen(assign(late, early))["one_month"] == "b"
    assert assign(late, early).remarks[0].kind is RemarkKind.EXCLUDED
    first, second = film(3, "a", time(8, 0)), film(3, "b", time(14, 30))
    assert chosen(assign(second, first))["discharge"] == "a"


def test_two_films_of_one_day_prefer_a_known_position():
    unknown = film(30, "z", time(20, 0), position=Position.UNKNOWN)
    assert chosen(assign(unknown, film(30, "a", time(8, 0))))["one_month"] == "a"


def test_two_films_of_one_day_without_time_are_flagged_with_both_names():
    result = assign(film(30, "a"), film(30, "b"))
    assert chosen(result)["one_month"] == "b"
    warning = [r for r in result.remarks if r.kind is RemarkKind.WARNING]
    assert "films b, a are of the same day" in warning[0].sentence
    assert chosen(assign(film(30, 9), film(30, 10)))["one_month"] == 10


def test_flags_for_the_day_of_surgery_and_for_old_films():
    assert any("day of surgery" in r.sentence for r in assign(film(0)).remarks)
    old = assign(film(-31)).remarks
    assert any("31 days before surgery" in r.sentence for r in old)
    assert not any("days before surgery" in r.sentence for r in assign(film(-30)).remarks)


def test_films_before_the_injury_are_no_preoperative_visit():
    result = assign(film(-300), film(-3), injury_date=SURGERY - timedelta(days=5))
    assert chosen(result) == {"preoperative": "f-3"}
    assert "before the injury" in result.unassigned[0].reason


def test_a_film_without_date_is_listed():
    result = assign(film(None, "x"))
    assert result.visits == ()
    assert "date is unknown" in result.unassigned[0].reason


def test_missing_surgery_date_is_refused_with_the_patient():
    with pytest.raises(MissingSurgeryDateError, match="Patient P01 has no surgery date"):
        assign_patient_visits("P01", [film(3)], None)


def test_a_cohort_goes_on_without_the_refused_patient():
    films = [film(3), film(4, patient="P02"), film(-2)]
    result = assign_visits(films, {"P01": SURGERY, "P02": None, "P03": SURGERY})
    assert {v.patient for v in result.visits} == {"P01"}
    (refused,) = [r for r in result.remarks if r.kind is RemarkKind.REFUSED]
    assert refused.patient == "P02"
    assert ("P03", "preoperative") in result.missing
    assert set(result.of("P01")) == {"preoperative", "discharge"}


def test_stated_visits_go_before_every_rule():
    stated = StatedVisit(film="f300", visit="six_months", reason="late by snow")
    result = assign(film(300), film(180), stated=[stated])
    assert chosen(result) == {"six_months": "f300"}
    (visit,) = result.visits
    assert (visit.within_tolerance, visit.stated_reason) == (False, "late by snow")
    assert "by hand" in result.unassigned[0].reason


def test_impossible_statements_are_refused():
    def stated(name, visit="discharge"):
        return StatedVisit(film=name, visit=visit, reason="r")

    with pytest.raises(UnknownVisitFilmError, match="Film zz cannot be"):
        assign(film(3), stated=[stated("zz")])
    with pytest.raises(UnknownVisitFilmError, match="another film"):
        assign(film(3), film(4), stated=[stated("f3"), stated("f4")])
    with pytest.raises(VisitWindowError, match="no such visit"):
        assign(film(3), stated=[stated("f3", "two_years")])


days = st.lists(st.integers(-40, 320), max_size=12, unique=True)


@given(days, st.randoms())
def test_every_film_is_a_visit_or_listed_and_order_does_not_matter(values, rng):
    films = [film(day) for day in values]
    shuffled = films.copy()
    rng.shuffle(shuffled)
    a, b = assign(*films), assign(*shuffled)
    assert a.visits == b.visits
    names = [v.film for v in a.visits] + [u.film for u in a.unassigned]
    assert sorted(names) == sorted(f.film for f in films)
    assert len({v.visit for v in a.visits}) == len(a.visits)
    assert len(a.rows()) == len(films)
    for visit in a.visits:
        window = DEFAULT_WINDOWS.window(visit.visit)
        if window.target_day is not None and visit.within_tolerance:
            distance = abs(visit.day - window.target_day)
            rivals = [d for d in values if window.within_tolerance(d)]
            assert distance == min(abs(d - window.target_day) for d in rivals)


def test_windows_travel_as_json():
    document = json.loads(json.dumps(DEFAULT_WINDOWS.to_dict()))
    assert VisitWindows.from_dict(document) == DEFAULT_WINDOWS
    assert document["format"] == "kyphometer-visit-windows"
    assert document["windows"][0]["analysis"] == [None, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "x"}, "format"),
        ({"version": 9}, "version 9"),
        ({"windows": [{}]}, "damaged"),
        ({"windows": 5}, "damaged"),
        ({"baseline": "birth"}, "no window"),
    ],
)
def test_damaged_windows_are_refused(change, message):
    with pytest.raises(VisitWindowError, match=message):
        VisitWindows.from_dict(DEFAULT_WINDOWS.to_dict() | change)


def test_contradicting_windows_are_refused():
    month = DEFAULT_WINDOWS.window("one_month")
    with pytest.raises(VisitWindowError, match="not inside"):
        replace(month, tolerance=(10, 37))
    with pytest.raises(VisitWindowError, match="outside"):
        replace(month, target_day=40)
    with pytest.raises(VisitWindowError, match="no target day"):
        replace(month, target_day=None)
    with pytest.raises(VisitWindowError, match="overlaps"):
        VisitWindows(windows=(*DEFAULT_WINDOWS.windows, replace(month, visit="again")))


def test_a_study_may_have_further_visits():
    year = VisitWindow(
        visit="twelve_months", label="1 year", tolerance=(335, 395), analysis=(274, 540),
        target_day=365, choose=Choice.NEAREST,
    )  # fmt: skip
    windows = VisitWindows(windows=(*DEFAULT_WINDOWS.windows, year))
    assert chosen(assign(film(370), windows=windows)) == {"twelve_months": "f370"}
    assert windows.labels["twelve_months"] == "1 year"
    assert windows.visits[:4] == tuple(TimePoint)


def test_positions_are_compared_and_flagged():
    result = assign(
        film(-2, position=Position.SUPINE), film(3), film(31, position=Position.UNKNOWN)
    )
    sentences = [r.sentence for r in position_remarks(result)]
    assert len(sentences) == 2
    assert "unknown at one_month" in sentences[0]
    assert "preoperative supine, discharge standing" in sentences[1]
    assert position_remarks(assign(film(-2), film(3))) == ()


def test_position_policy():
    strict, standing, supine = PositionPolicy(), Position.STANDING, Position.SUPINE
    assert strict.judge(standing, standing).eligible
    assert strict.judge(standing, standing).sentence == ""
    assert not strict.judge(standing, supine).eligible
    assert "10°" in strict.judge(standing, supine).sentence
    assert not strict.judge(standing, Position.UNKNOWN).eligible
    assert not strict.judge(Position.UNKNOWN, Position.UNKNOWN).eligible
    allowed = PositionPolicy(allow_unknown=True).judge(standing, Position.UNKNOWN)
    assert allowed.eligible
    assert allowed.sentence
    assert not PositionPolicy(allow_unknown=True).judge(standing, supine).eligible
    assert PositionPolicy(allow_mixed=True).judge(standing, supine).eligible
