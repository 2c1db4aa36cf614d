"""The training set of a session, from the command line to the first film of the study."""

import json
from dataclasses import replace

import pytest
from study_cases import make_study, write_study_files

from kyphometer.cli import main
from kyphometer.geometry import Point
from kyphometer.store import Study
from kyphometer.workflow.session_progress import due_items
from kyphometer.workflow.study import analyse_study
from kyphometer.workflow.study_precision import study_precision


@pytest.fixture
def study_path(tmp_path):
    files = write_study_files(tmp_path / "files", 4, repeats=1)
    return make_study(files, tmp_path / "study.db")


def run(*words):
    return main([str(word) for word in words])


def new(path, *more):
    words = ("--observers", "AA,BB", "--rounds", 1, "--seed", 5, "--duplicates", 0.25)
    learn = ("--training-patients", "SIM-001", "--pass-mark", 2)
    return run("session", "new", path, "s", *words, *learn, *more)


def tilted(reading, observer, rise_px):
    """The reading with one corner of the fractured body higher."""
    level = reading.fractured_levels[0]
    body = reading.vertebrae[level]
    corner = body.superior.anterior
    moved = replace(corner, xy=Point(corner.xy.x, corner.xy.y - rise_px))
    superior = replace(body.superior, anterior=moved)
    vertebrae = {**reading.vertebrae, level: replace(body, superior=superior)}
    return replace(reading, vertebrae=vertebrae, observer=observer, session=None)


def read_due(study, observer, rise_px):
    """Read what is due from the reference's marks, a corner moved."""
    own = {r.film_id: r.reading for r in study.latest_readings() if r.observer == "KN"}
    for item in due_items(study, "s", observer):
        if item.locked_at is None:
            marks = tilted(own[item.film_id], observer, rise_px)
            study.save_reading(marks, item.film_id, observer, base_version=0, session_item=item.id)


def test_the_studys_films_come_only_to_who_passed(study_path, capsys):
    assert new(study_path, "--reference", "KN") == 0
    with Study.open(study_path) as study:
        for observer in ("AA", "BB"):
            assert {i.training for i in due_items(study, "s", observer)} == {True}
        read_due(study, "AA", 0.3)
        read_due(study, "BB", 8.0)
        good, bad = (due_items(study, "s", name) for name in ("AA", "BB"))
    assert sum(item.training for item in good) == 4
    assert sum(not item.training for item in good) == 12 + 3
    assert all(item.training and item.locked_at for item in bad)
    capsys.readouterr()
    assert run("session", "status", study_path, "--format", "json") == 0
    shown = json.dumps(json.loads(capsys.readouterr().out))
    assert "AA" in shown
    assert "BB" in shown


def test_open_sessions_training_and_duplicates_stay_out_of_the_follow_up(study_path):
    assert new(study_path, "--reference", "KN") == 0
    with Study.open(study_path) as study:
        before, _ = study_precision(study, ["VKA"])
        read_due(study, "AA", 0.3)
        read_due(study, "AA", 1.0)
        during, remarks = study_precision(study, ["VKA"])
        results = analyse_study(study)
        study.sessions.lock("s")
        after, _ = study_precision(study, ["VKA"])
    assert during == before
    assert any("session s is not locked" in remark.sentence for remark in remarks)
    assert any("session s is not locked" in remark.sentence for remark in results.remarks)
    assert "AA" not in results.observers
    # 16 films by KN and MB and one repeat, then 12 more of AA: neither training nor duplicates
    assert "33 readings" in before[0].words
    assert "45 readings" in after[0].words


def test_a_training_set_that_could_not_be_judged_is_refused(study_path, capsys):
    assert new(study_path) == 8
    assert "needs a reference" in capsys.readouterr().err
    assert new(study_path, "--reference", "XY") == 8
    assert "'XY' has no VKA of 4 training films" in capsys.readouterr().err
    assert new(study_path, "--reference", "KN", "--training-patients", "NOBODY") == 8
    assert "0 fit the rule" in capsys.readouterr().err
