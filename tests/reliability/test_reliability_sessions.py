"""Planning of blinded sessions: properties that every plan must have."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kyphometer.errors import ParameterRangeError, TooFewDataError
from kyphometer.sessions.plan import (
    SessionDesign,
    SessionFilm,
    largest_spacing,
    plan_session,
    smallest_gap,
    spaced_order,
)
from kyphometer.sessions.rounds import ReadItem, RoundState, round_progress, training_result

owner_lists = st.lists(st.integers(0, 6), min_size=1, max_size=30)


@given(owner_lists, st.integers(1, 8), st.integers(0, 1000))
@example(owners=[0, 0, 1, 2, 3], spacing=4, seed=348)
@example(owners=[0, 0, 1, 2, 3, 4], spacing=8, seed=0)
@settings(max_examples=60, deadline=None)
def test_an_order_keeps_every_item_and_the_spacing_that_is_possible(owners, spacing, seed):
    order = spaced_order(owners, spacing, Random(seed))
    assert sorted(order) == list(range(len(owners)))
    gap = smallest_gap([owners[index] for index in order])
    assert gap is None or gap >= min(spacing, largest_spacing(owners))


@given(st.lists(st.integers(0, 2), min_size=2, max_size=7))
@settings(max_examples=40, deadline=None)
def test_no_order_can_space_more_than_the_largest_spacing(owners):
    best = max(
        (gap for order in set(permutations(owners)) if (gap := smallest_gap(order)) is not None),
        default=None,
    )
    if best is not None:
        assert best == largest_spacing(owners)


designs = st.builds(
    SessionDesign,
    observers=st.lists(st.sampled_from("ABCD"), min_size=1, max_size=3, unique=True).map(tuple),
    seed=st.integers(0, 2**31),
    rounds=st.integers(1, 3),
    duplicates=st.sampled_from([0.0, 0.1, 0.15, 0.2]),
    mirrored=st.sampled_from([0.0, 0.5, 1.0]),
)


def films(count, patients):
    return [SessionFilm(film_id=100 + i, patient=f"P{i % patients}") for i in range(count)]


@given(designs, st.integers(1, 25), st.integers(1, 25))
@settings(max_examples=60, deadline=None)
def test_every_observer_reads_every_film_once_a_round_and_the_duplicates_again(
    design, count, patients
):
    chosen = films(count, patients)
    plan = plan_session(chosen, design)
    assert plan == plan_session(chosen, design)
    codes = [item.code for item in plan.showings]
    assert len(set(codes)) == len(codes)
    for observer in design.observers:
        for number in range(1, design.rounds + 1):
            part = [s for s in plan.showings if (s.observer, s.round) == (observer, number)]
            assert [s.place for s in part] == list(range(1, len(part) + 1))
            plain = [s.film_id for s in part if not s.duplicate]
            again = [s for s in part if s.duplicate]
            assert sorted(plain) == [film.film_id for film in chosen]
            assert len(again) == -(-round(design.duplicates * 100) * count // 100)
            assert len({s.film_id for s in again}) == len(again)
            assert sum(s.mirrored for s in part) == round(design.mirrored * len(part))


def test_mirroring_tells_neither_film_nor_duplicate():
    """Half of the duplicates is mirrored, as of the others; 6 standard errors of 2000 showings."""
    design = SessionDesign(observers=("A", "B"), seed=5, rounds=20, duplicates=0.5)
    showings = plan_session(films(100, 100), design).showings
    for chosen in (True, False):
        part = [s.mirrored for s in showings if s.duplicate is chosen]
        assert abs(sum(part) / len(part) - 0.5) < 6 * 0.5 / len(part) ** 0.5
    once = Counter(s.film_id for s in showings if s.mirrored and not s.duplicate)
    assert 3 < min(once.values()) <= max(once.values()) < 37


def test_codes_say_nothing_about_film_round_observer_or_place():
    design = SessionDesign(observers=("A", "B"), seed=5, rounds=2)
    plan = plan_session(films(40, 20), design)
    by_code = sorted(plan.showings, key=lambda s: s.code)
    for name in ("film_id", "place", "round"):
        values = [getattr(s, name) for s in by_code]
        ranks = range(len(values))
        mean, middle = sum(values) / len(values), (len(values) - 1) / 2
        cov = sum((v - mean) * (r - middle) for v, r in zip(values, ranks, strict=True))
        var = sum((v - mean) ** 2 for v in values) * sum((r - middle) ** 2 for r in ranks)
        assert abs(cov / var**0.5) < 0.25  # 3.4 standard errors for 184 codes
    assert {len(s.code) for s in by_code} == {6}
    assert Counter(s.observer for s in by_code[: len(by_code) // 2])["A"] > 20


def test_orders_differ_between_observers_and_rounds():
    plan = plan_session(films(30, 30), SessionDesign(observers=("A", "B"), seed=1, duplicates=0))
    orders = {
        tuple(s.film_id for s in plan.showings if (s.observer, s.round) == key)
        for key in (("A", 1), ("A", 2), ("B", 1), ("B", 2))
    }
    assert len(orders) == 4


def test_training_comes_first_and_once():
    training = [SessionFilm(film_id=i) for i in (1, 2, 3)]
    plan = plan_session(films(6, 6), SessionDesign(observers=("A",), seed=1), training=training)
    learned = [s for s in plan.showings if s.training]
    assert sorted(s.film_id for s in learned) == [1, 2, 3]
    assert {s.place for s in learned} == {1, 2, 3}
    assert {s.round for s in learned} == {1}


def test_a_plan_that_cannot_keep_its_spacing_says_so():
    plan = plan_session(films(6, 2), SessionDesign(observers=("A",), seed=1, duplicates=0))
    assert plan.smallest_gap == 2
    assert any("2 places apart" in remark for remark in plan.remarks)


@pytest.mark.parametrize(
    "change", [{"observers": ("A", "A")}, {"rounds": 0}, {"duplicates": 0.6}, {"spacing": 0}]
)
def test_impossible_designs_are_refused(change):
    with pytest.raises(ParameterRangeError):
        SessionDesign(**{"observers": ("A",), "seed": 1, **change})
    with pytest.raises(TooFewDataError):
        plan_session([], SessionDesign(observers=("A",), seed=1))


NOW = datetime(2026, 3, 1, tzinfo=UTC)


def states(first, second, days=14):
    items = [ReadItem(round=1, read_at=t) for t in first]
    items += [ReadItem(round=2, read_at=t) for t in second]
    return [(r.state, r.read) for r in round_progress(items, days, NOW)]


def test_the_second_round_waits_for_the_first_and_for_the_wash_out():
    old, late = NOW - timedelta(days=20), NOW - timedelta(days=13.9)
    assert states([old, None], [None]) == [(RoundState.OPEN, 1), (RoundState.WAITING, 0)]
    assert states([old, late], [None]) == [(RoundState.DONE, 2), (RoundState.WASH_OUT, 0)]
    assert states([old, old], [None]) == [(RoundState.DONE, 2), (RoundState.OPEN, 0)]
    assert states([old, late], [None], days=0)[1] == (RoundState.OPEN, 0)
    assert states([old], [NOW])[1] == (RoundState.DONE, 1)


def test_training_is_judged_by_its_error_about_the_reference():
    result = training_result([2.0, -2.0, 2.0, -2.0], 2.0)
    assert result.standard_error_of_measurement.value == pytest.approx(2.0)
    assert result.passed
    assert not training_result([2.1] * 5, 2.0).passed  # a bias counts
    with pytest.raises(TooFewDataError):
        training_result([0.1, 0.1], 2.0)
