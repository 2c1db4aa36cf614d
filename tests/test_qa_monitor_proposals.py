"""Refused films and doubt by month: binomial limits at their edges, alarms, what is left out."""

import json
import math
import shutil

import numpy as np
import pytest
from study_cases import make_study, write_study_files
from waiting_proposals import leave_proposal, leave_refusal

from kyphometer.cli import main
from kyphometer.errors import TooFewDataError
from kyphometer.reliability import share_chart
from kyphometer.store import MarkingLog, Study
from kyphometer.workflow.monitoring import Grouping
from kyphometer.workflow.monitoring_proposals import (
    LARGEST,
    MEAN,
    REFUSED,
    LookedAt,
    charts_of_films,
    monitor_proposals,
)

BEYOND = "beyond the control limits"


def tail(n, share, counts):
    """Probability of these counts, term by term."""
    return sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in counts)


def test_shares_have_binomial_limits_right_up_to_their_edges():
    """A month is beyond where so many or more, or so few or fewer, have less than 0.135 %."""
    n, told = 200, {}
    for last in range(n // 4):
        chart = share_chart([20] * 39 + [last], [n] * 40)
        share = chart.centre / 100
        few, many = tail(n, share, range(last + 1)), tail(n, share, range(last, n + 1))
        told[last] = (39, BEYOND) in {(s.index, s.rule) for s in chart.signals}
        assert told[last] == (min(few, many) <= 0.00135), last
    within = [last for last, beyond in told.items() if not beyond]
    assert within == list(range(within[0], within[-1] + 1))
    assert 0 < within[0] < 20 < within[-1] < n // 4 - 1


def test_limits_follow_the_number_of_films():
    chart = share_chart([1, 2, 10], [10, 20, 100])
    assert chart.points == (10.0, 10.0, 10.0)
    assert chart.upper[0] > chart.upper[1] > chart.upper[2] > 10.0
    assert chart.lower[:2] == (0.0, 0.0)


def test_runs_of_shares_count_only_where_enough_are_expected():
    """Eight months above the mean: 5 expected a month, and 4.9."""
    enough = share_chart([6] * 8 + [1, 1], [100] * 10)
    assert {(s.index, s.rule[:8]) for s in enough.signals} == {(7, "8 in a r")}
    assert share_chart([6] * 8 + [1, 0], [100] * 10).in_control


def test_shares_that_never_occur_are_in_control_and_two_months_are_too_few():
    chart = share_chart([0, 0, 0], [5, 9, 2])
    assert (chart.in_control, chart.upper) == (True, (0.0, 0.0, 0.0))
    assert share_chart([5, 9, 2], [5, 9, 2]).in_control
    with pytest.raises(TooFewDataError):
        share_chart([0, 1], [5, 9])
    with pytest.raises(TooFewDataError):
        share_chart([0, 1, 0], [5, 9, 0])


def looked_at(months, *, refused=0, doubt=0.1, group="", each=40, seed=3):
    """Films whose last month has more refused ones, or more doubt."""
    rng = np.random.default_rng(seed)
    for month in range(1, months + 1):
        last = month == months
        for number in range(each):
            bodies = np.clip(rng.gamma(2.0, 0.02, 6), 0, 1)
            if last:
                bodies[0] += doubt
            gone = number < 1 + refused * last
            doubts = () if gone else tuple(bodies.tolist())
            yield LookedAt(month=f"2026-{month:02d}", group=group, doubts=doubts)


def chart_of(found, quantity, group=""):
    return next(item for item in found if (item.group, item.quantity) == (group, quantity))


def test_a_month_with_more_refused_films_gives_an_alarm():
    """One of 40 before; with the seventh the last month goes beyond (P = 0.0009, 0.005 of six)."""
    for more, alarm in ((0, False), (5, False), (6, True)):
        found = chart_of(charts_of_films(looked_at(10, refused=more, doubt=0.0)), REFUSED)
        assert found.counts == (40,) * 10
        assert {s.index for s in found.chart.signals} == ({9} if alarm else set())
    assert found.rows()[-1]["mean"] == pytest.approx(100 * 7 / 40)
    assert found.rows()[-1]["note"] == BEYOND


def test_one_bad_body_a_film_is_seen_in_the_largest_doubt():
    found = charts_of_films(looked_at(10, doubt=0.06))
    assert {s.index for s in chart_of(found, LARGEST).chart.signals} == {9}
    assert chart_of(found, LARGEST).counts == (39,) * 10
    plain = charts_of_films(looked_at(10, doubt=0.0))
    assert chart_of(plain, LARGEST).chart.in_control
    assert chart_of(plain, MEAN).chart.in_control


def test_no_change_rarely_gives_an_alarm():
    fired = [
        any(not item.chart.in_control for item in charts_of_films(looked_at(10, doubt=0, seed=s)))
        for s in range(40)
    ]
    assert np.mean(fired) < 0.2


def test_devices_have_charts_of_their_own():
    films = [*looked_at(6, doubt=0, group="A"), *looked_at(6, refused=20, doubt=0, group="B")]
    found = charts_of_films(films)
    assert chart_of(found, REFUSED, "A").chart.in_control
    assert not chart_of(found, REFUSED, "B").chart.in_control


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study whose films have proposals beside them: one refused at every third visit."""
    root = tmp_path_factory.mktemp("monitor-proposals")
    path = make_study(write_study_files(root, 4, repeats=0), root / "study.kypho")
    with Study.open(path, actor="KN") as opened:
        for number, film in enumerate(opened.films()):
            if number % 3 == 0:
                leave_refusal(film.path, bodies=1)
            else:
                leave_proposal(film.path, {"T12": 0.02, "L1": 0.1 + 0.01 * number}, sure=True)
    return path


def test_a_study_is_charted_from_what_waits_beside_its_films(study, capsys):
    with Study.open(study) as opened:
        films = opened.films()
        found = monitor_proposals(opened)
        assert monitor_proposals(opened, by=Grouping.OBSERVER) == ()
        devices = {item.group for item in monitor_proposals(opened, by=Grouping.DEVICE)}
    months = sorted({f"{film.taken_on:%Y-%m}" for film in films})
    refused = chart_of(found, REFUSED)
    assert list(refused.months) == months
    assert sum(refused.counts) == len(films)
    share = 100 * math.ceil(len(films) / 3) / len(films)
    assert refused.chart.centre == pytest.approx(share)
    assert devices == {str(film.facts.get("manufacturer") or "not named") for film in films}
    main(["qa", "monitor", str(study), "--format", "json"])
    rows = [r for r in json.loads(capsys.readouterr().out) if r["quantity"] == REFUSED.name]
    assert [row["month"] for row in rows] == months
    assert [row["count"] for row in rows] == list(refused.counts)
    main(["qa", "monitor", str(study), "--format", "csv"])
    assert f",{REFUSED.name},%,{months[0]}," in capsys.readouterr().out


def test_what_the_page_noted_counts_where_nothing_waits(study, tmp_path):
    """A torn film says nothing; what somebody saw at the screen does."""
    shutil.copytree(study.parent, tmp_path / "copy")  # with the films' times of change
    path = tmp_path / "copy" / study.name
    with Study.open(path, actor="KN") as opened:
        film = opened.films()[0]
        leave_refusal(film.path, bodies=None)
        before = chart_of(monitor_proposals(opened), REFUSED)
        record = next(r for r in opened.latest_readings() if r.film_id == film.id)
        for version, proposal in enumerate(
            ({"taken": {}}, {"doubts": {"T12": 0.3, "L1": 0.2}}, {"refused": True})
        ):
            opened.save_reading(
                record.reading,
                film.id,
                record.observer,
                base_version=record.version + version,
                reason="again",
                log=MarkingLog(seconds=9.0, details={"proposal": proposal}),
            )
            found = monitor_proposals(opened)
            total = sum(chart_of(found, REFUSED).counts) - sum(before.counts)
            assert total == (version > 0)
            more = sum(chart_of(found, LARGEST).counts) - sum(chart_of(found, MEAN).counts)
            assert more == 0
            refused = chart_of(found, REFUSED).chart.centre > before.chart.centre
            assert refused == (proposal.get("refused") is True)
