"""Validation of help from the image: planted errors are found, and the wizard runs to its end."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from kyphometer.cli import main
from kyphometer.dicom import read_film
from kyphometer.endplates import refine_reading
from kyphometer.errors import ParameterRangeError, StudyRefusedError, TooFewDataError
from kyphometer.phantom import FilmFormat, SimulatedObserver, mark_by_hand
from kyphometer.reading.document import read_reading
from kyphometer.reliability.words import Verdict
from kyphometer.sessions.validation import (
    PairedReadings,
    ValidationMargins,
    looks_line,
    validate_help,
)
from kyphometer.store.study.study import Study
from kyphometer.workflow.qa import make_kit
from kyphometer.workflow.validation import begin_validation, judge_validation, validation_state

SMALL = FilmFormat(rows=450, columns=225, pitch_mm=0.64)
FILMS = 14


def readings(seed, films=400, *, alone_sd=1.8, helped_sd=1.0, bias=0.0, slope=1.0, stated=None):
    """Two observers; the truth has an SD of 8 degrees."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(15, 8, films)
    alone = truth[:, None] + rng.normal(0, alone_sd, (films, 2))
    helped = 15 + bias + slope * (truth - 15)[:, None] + rng.normal(0, helped_sd, (films, 2))
    return PairedReadings(
        code="VKA",
        observers=("A", "B"),
        patients=tuple(str(n) for n in range(films)),
        alone=alone,
        helped=helped,
        stated_sd=np.full((films, 2), helped_sd if stated is None else stated),
        seconds_alone=90.0 * np.exp(rng.normal(0, 0.3, (films, 2))),
        seconds_helped=np.full((films, 2), 30.0),
    )


def line(validation, name):
    return next(found for found in validation.lines if found.quantity.name.startswith(name))


@pytest.mark.parametrize(
    ("planted", "name", "expected"),
    [
        ({"bias": 2.0}, "bias", 2.0),
        ({"slope": 0.8}, "slope", -0.2),
        ({"helped_sd": 3.0}, "error SD with help", 3.0),
        ({"alone_sd": 2.5}, "error SD without", 2.5),
        ({}, "time", 1 / 3),
    ],
)
def test_planted_error_is_found(planted, name, expected):
    found = line(validate_help((readings(1, **planted),)), name).quantity
    assert found.low <= expected <= found.high
    assert found.value == pytest.approx(expected, abs=0.12 + 0.1 * abs(expected))


def test_slope_is_not_shrunk_by_the_observers_own_scatter():
    """Regression on one observer's reading would give 64 / (64 + 16) = 0.8."""
    found = line(validate_help((readings(2, alone_sd=4.0),)), "slope").quantity
    assert abs(found.value) < 0.06


@pytest.mark.parametrize(
    ("planted", "verdict"),
    [
        ({}, Verdict.SHOWN),
        ({"bias": 2.0}, Verdict.REFUTED),
        ({"slope": 0.75}, Verdict.REFUTED),
        ({"stated": 0.05, "alone_sd": 0.3}, Verdict.REFUTED),
        ({"helped_sd": 3.0}, Verdict.REFUTED),
    ],
)
def test_verdict(planted, verdict):
    assert validate_help((readings(3, **planted),)).verdict is verdict


def test_few_films_show_nothing():
    found = validate_help((readings(4, films=14),), ValidationMargins(shrinkage=0.02))
    assert found.verdict is Verdict.NOT_SHOWN
    assert "read more films" in found.words
    with pytest.raises(TooFewDataError, match="at least 12 films"):
        validate_help((readings(4, films=11),))


def test_films_of_one_patient_are_not_independent():
    one = readings(5, films=40)
    rng = np.random.default_rng(6)
    shift = np.repeat(rng.normal(0, 3, 10), 4)[:, None]
    own = replace(one, helped=one.helped + shift)
    together = replace(own, patients=tuple(str(n // 4) for n in range(40)))
    widths = [
        (q.high - q.low)
        for q in (line(validate_help((r,)), "bias").quantity for r in (own, together))
    ]
    assert widths[1] > 1.3 * widths[0]


def test_impossible_margins_are_refused():
    with pytest.raises(ParameterRangeError):
        ValidationMargins(bias=0.0)
    with pytest.raises(ParameterRangeError):
        ValidationMargins(coverage=1.0)


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """Films with truth, whose study is used as a hospital's own."""
    folder = tmp_path_factory.mktemp("validate") / "kit"
    return make_kit(
        folder, films=FILMS, observers=("A",), seed=5, conditions=("clean",), film_format=SMALL
    )


def read_session(study, kit, folder, session):
    """Two scripted observers read a session, with the image's help where it is allowed."""
    uids = {film.sop_instance_uid: film for film in study.films()}
    truths = {
        uids[r.film.sop_instance_uid].id: r for r in map(read_reading, kit.key.rglob("*.json"))
    }
    for item in study.sessions.items(session):
        film = next(f for f in study.films() if f.id == item.film_id)
        hand = SimulatedObserver(code=item.observer, across_sd_mm=0.6, along_sd_mm=0.6)
        reading = mark_by_hand(truths[item.film_id], film.geometry, hand, item.id, middles=False)
        reading = replace(reading, observer=None)
        if session == "help-with":
            reading = refine_reading(read_film(folder / film.name), reading).reading
        study.save_reading(
            reading, item.film_id, item.observer, base_version=0, session_item=item.id
        )


def test_wizard_from_films_to_the_report(kit, tmp_path, capsys):
    path = str(kit.study)
    assert main(["qa", "validate", path]) == 2
    assert "--observers" in capsys.readouterr().err
    words = ["qa", "validate", path, "--observers", "A,B", "--films", str(FILMS), "--seed", "3"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert f"0 of {4 * FILMS} readings done" in told
    assert "--session help-with --observer B" in told
    with Study.open(kit.study) as study:
        state = validation_state(study)
        assert {order[0] for order in state.order.values()} == {"help-without", "help-with"}
        items = {c: study.sessions.items(c) for c in ("help-without", "help-with")}
        assert {i.film_id for i in items["help-with"]} == {i.film_id for i in items["help-without"]}
        with pytest.raises(StudyRefusedError):
            judge_validation(study)
        for session in ("help-without", "help-with"):
            read_session(study, kit, kit.study.parent, session)
    assert main(["qa", "validate", path]) == 0
    assert "session lock" in capsys.readouterr().out
    for session in ("help-without", "help-with"):
        assert main(["session", "lock", path, session]) == 0
    capsys.readouterr()
    page = tmp_path / "validation.html"
    status = main(["qa", "validate", path, "--format", "json", "-o", str(page)])
    found = json.loads(capsys.readouterr().out)
    assert status == (0 if found["verdict"] == "shown" else 1)
    rows = {(row["code"], row["quantity"]): row for row in found["lines"]}
    assert abs(rows["VKA", "bias of help"]["value"]) < 1.5
    assert rows["VKA", "error SD with help"]["value"] < 2.5
    assert found["facts"]["Marks placed by the image"] != "0 %"
    looks = rows["VKA", "SD over looks of one film"]
    assert 0.0 < looks["low"] <= looks["value"] <= looks["high"] < 1.5
    assert looks["limit"] is None
    assert "Validation of help from the image" in page.read_text("utf-8")


def test_looks_need_two_patients_and_are_a_root_mean_square():
    assert looks_line("VKA", {"1": [0.3], "2": [math.nan]}) is None
    found = looks_line("VKA", {"1": [0.3], "2": [0.4, math.nan], "3": [0.5]}).quantity
    assert found.value == pytest.approx(math.sqrt((0.09 + 0.16 + 0.25) / 3))
    assert found.low < found.value < found.high


def test_a_validation_needs_two_observers_and_films(kit):
    with Study.open(kit.study) as study:
        with pytest.raises(StudyRefusedError, match="two observers"):
            begin_validation(study, ["A"])
        with pytest.raises(StudyRefusedError, match="shows nothing"):
            begin_validation(study, ["A", "B"], films=5)
        with pytest.raises(StudyRefusedError, match="lateral films"):
            begin_validation(study, ["A", "B"], films=500)
