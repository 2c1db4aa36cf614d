"""Help month by month: what was planted is charted, and a change gives an alarm."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from study_cases import make_study, write_study_files

from kyphometer.cli import main
from kyphometer.geometry import Point
from kyphometer.reading import MarkSource
from kyphometer.store import MarkingLog, Study
from kyphometer.workflow.monitoring import (
    CORRECTED,
    LEFT,
    MOVED,
    PLACED,
    STATED,
    Figures,
    charts,
    monitor,
)

MONTHS = [f"2026-{n:02d}" for n in range(1, 11)]


def figures(shift_mm, *, each=40, group="", seed=3):
    """Ten months of readings; the last one differs."""
    rng = np.random.default_rng(seed)
    return [
        Figures(
            month=month,
            group=group,
            values={MOVED: 1.0 + rng.normal(0, 0.3) + shift_mm * (month == MONTHS[-1])},
        )
        for month in MONTHS
        for _ in range(each)
    ]


def chart_of(found, quantity):
    return next(item for item in found if item.quantity == quantity)


def test_a_change_gives_an_alarm_in_its_month():
    """Three standard errors are 0.14 mm here; a shift of 0.3 mm moves the centre by 0.03."""
    found = chart_of(charts(figures(0.3)), MOVED)
    assert {signal.index for signal in found.chart.signals} == {9}
    assert found.months == tuple(MONTHS)
    assert found.rows()[-1]["note"] == "beyond the control limits"


def test_no_change_rarely_gives_one():
    """Ten points beyond three standard errors: 0.27 % each; runs and trends add little."""
    fired = [
        not chart_of(charts(figures(0.0, each=12, seed=seed)), MOVED).chart.in_control
        for seed in range(60)
    ]
    assert np.mean(fired) < 0.15


def test_groups_have_charts_of_their_own():
    found = charts([*figures(0.0, group="A"), *figures(0.5, group="B")])
    alarms = {item.group for item in found if item.chart and not item.chart.in_control}
    assert alarms == {"B"}


def test_too_few_months_are_said():
    found = chart_of(charts(figures(0.0)[:80]), MOVED)
    assert found.chart is None
    assert "3 rounds" in found.reason
    assert "No month" in chart_of(charts(figures(0.0)[:1]), MOVED).reason


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Four months of readings; marks were moved by a pixel, in the last month by three."""
    root = tmp_path_factory.mktemp("monitor")
    path = make_study(write_study_files(root, 3, repeats=0), root / "study.kypho")
    with Study.open(path, actor="KN") as opened:
        for number, record in enumerate(opened.latest_readings()):
            month = 1 + number % 4
            moved = 3.0 if month == 4 else 1.0 + 0.01 * number
            opened.save_reading(
                _moved(record.reading, moved, month),
                record.film_id,
                record.observer,
                base_version=record.version,
                reason="help",
            )
    return path


def _moved(reading, moved_px, month):
    """The reading as if help had moved each click along x."""

    def mark(at):
        raw = Point(at.xy.x - moved_px, at.xy.y)
        return replace(at, source=MarkSource.REFINED, raw=raw, method="test 1")

    def plate(at):
        return replace(at, anterior=mark(at.anterior), posterior=mark(at.posterior))

    bodies = {
        level: replace(
            body,
            superior=body.superior and plate(body.superior),
            inferior=body.inferior and plate(body.inferior),
        )
        for level, body in reading.vertebrae.items()
    }
    return replace(reading, vertebrae=bodies, created=datetime(2026, month, 5, tzinfo=UTC))


def test_a_study_is_charted_as_it_was_planted(study):
    with Study.open(study) as opened:
        found = monitor(opened)
        april = [r.film_id for r in opened.latest_readings() if r.reading.created.month == 4]
        pixels_mm = [opened.film(number).column_mm for number in april]
    moved = chart_of(found, MOVED)
    assert moved.months == ("2026-01", "2026-02", "2026-03", "2026-04")
    assert moved.chart.points[-1] == pytest.approx(3.0 * np.mean(pixels_mm))
    assert moved.counts == (6, 6, 6, 6)  # 3 patients, 4 visits, 2 observers
    assert "do not differ" in chart_of(found, PLACED).reason  # all marks are help's
    assert chart_of(found, STATED).chart is not None


@pytest.fixture
def proposed(study, tmp_path):
    """The same study; each reading was taken from proposals, anterior corners a few pixels off."""
    path = tmp_path / "proposed.kypho"
    path.write_bytes(study.read_bytes())
    with Study.open(path, actor="KN") as opened:
        for number, record in enumerate(opened.latest_readings()):
            far = 5.0 if record.reading.created.month == 4 else 2.0 + 0.01 * number
            opened.save_reading(
                record.reading,
                record.film_id,
                record.observer,
                base_version=record.version,
                reason="as proposed",
                log=MarkingLog(seconds=9.0, details={"proposal": {"taken": taken(record, far)}}),
            )
    return path


def taken(record, far_px):
    """Where the page says that corners were proposed, under levels that were moved since."""
    return {
        f"T{number}.{side.value}.{name}": [mark.xy.x + far_px * (name == "anterior"), mark.xy.y]
        for number, body in enumerate(record.reading.vertebrae.values(), 3)
        for side, plate in body.endplates.items()
        for name, mark in (("anterior", plate.anterior), ("posterior", plate.posterior))
    }


def test_what_became_of_proposals_is_charted(proposed, capsys):
    """Every anterior corner was moved by what was planted, every posterior one left."""
    with Study.open(proposed) as opened:
        found = monitor(opened)
        april = [r.film_id for r in opened.latest_readings() if r.reading.created.month == 4]
        pixels_mm = [opened.film(number).column_mm for number in april]
    corrected = chart_of(found, CORRECTED)
    assert corrected.months == ("2026-01", "2026-02", "2026-03", "2026-04")
    assert corrected.chart.points[-1] == pytest.approx(0.5 * 5.0 * np.mean(pixels_mm))
    assert "do not differ" in chart_of(found, LEFT).reason  # half of them, always
    assert main(["qa", "monitor", str(proposed), "--format", "json"]) == 1
    assert f"alarm: {CORRECTED.name}" in capsys.readouterr().err


def test_readings_without_proposals_have_no_such_chart(study):
    with Study.open(study) as opened:
        found = monitor(opened)
    assert chart_of(found, LEFT).chart is None
    assert chart_of(found, CORRECTED).chart is None


def test_the_command_gives_an_alarm(study, capsys):
    assert main(["qa", "monitor", str(study), "--by", "device", "--format", "json"]) == 1
    said = capsys.readouterr()
    assert "alarm: " in said.err
    last = [row for row in json.loads(said.out) if row["quantity"] == MOVED.name][-1]
    assert last["month"] == "2026-04"
    assert last["note"] == "beyond the control limits"
    assert main(["qa", "monitor", str(study)]) == 1
    assert "2026-04" in capsys.readouterr().out
