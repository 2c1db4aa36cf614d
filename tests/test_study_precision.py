"""Whose error judges a change: kinds of SEM, what counts as a repeat, what must not be seen."""

import json
import math

import numpy as np
import pytest

from kyphometer.cli import main
from kyphometer.film import Position
from kyphometer.followup.precision import PrecisionKind
from kyphometer.store import Study
from kyphometer.store.readings.measured_values import MeasuredValue
from kyphometer.workflow.study_precision import own_precision


def value(film, observer, number, deg, level="L1"):
    facts = dict.fromkeys(MeasuredValue.__dataclass_fields__)
    facts |= {
        "reading_id": number, "version": 1, "film_id": film, "patient": "P", "observer": observer,
        "position": "standing", "code": "VKA", "label": f"VKA ({level})", "note": "", "unit": "deg",
        "upper": f"{level}.superior", "lower": f"{level}.inferior", "value": deg,
    }  # fmt: skip
    return MeasuredValue(**facts)


def readings(films=400, offset=2.0, sd=1.0, level="L1", seed=3):
    rng = np.random.default_rng(seed)
    truth = rng.normal(15, 4, films)
    return [
        value(film, name, 2 * film + place, truth[film] + place * offset + rng.normal(0, sd), level)
        for film in range(films)
        for place, name in enumerate("AB")
    ]


def test_offsets_between_observers_count_only_where_they_do_not_cancel():
    rows = readings()
    (same,), _ = own_precision(rows, ["VKA"], 1)
    (different,), _ = own_precision(rows, ["VKA"], 1, offsets=True)
    assert same.kind is PrecisionKind.CONSISTENCY
    assert different.kind is PrecisionKind.AGREEMENT
    assert same.standard_error_of_measurement_deg == pytest.approx(1.0, rel=0.1)
    # variance of two observers 2 degrees apart is 2, hence sqrt(1 + 2)
    assert different.standard_error_of_measurement_deg == pytest.approx(math.sqrt(3), rel=0.1)
    for precision in (same, different):
        assert str(precision.kind) in precision.words
        assert "400 films read by A and B" in precision.words


def test_one_observers_repeats_are_called_intra_observer():
    rng = np.random.default_rng(5)
    rows = [
        value(film, "A", 2 * film + k, 10 + film % 7 + rng.normal(0, 1.5))
        for film in range(300)
        for k in range(2)
    ]
    (found,), _ = own_precision(rows, ["VKA"], 2)
    assert found.kind is PrecisionKind.INTRA_OBSERVER
    assert found.standard_error_of_measurement_deg == pytest.approx(1.5 / math.sqrt(2), rel=0.12)


def test_two_fractured_levels_are_two_targets_and_no_contradiction():
    rows = readings(30) + readings(30, level="T12", seed=4)
    (found,), remarks = own_precision(rows, ["VKA"], 1)
    assert remarks == []
    assert "30 films read by A and B, 120 readings" in found.words
    contradicting = [*rows, value(0, "C", 999, 15.0, "L2")]
    _, remarks = own_precision(contradicting, ["VKA"], 1)
    assert ["different endplates" in remark.sentence for remark in remarks] == [True]


def test_equal_readings_give_a_sentence_and_no_sem():
    rows = [value(f, name, 2 * f + k, 12.0) for f in range(20) for k, name in enumerate("AB")]
    found, remarks = own_precision(rows, ["VKA"], 1)
    assert found == []
    assert len(remarks) == 1
    assert "VKA" in remarks[0].sentence


def test_position_and_sem_are_stated_from_the_command_line(tmp_path, capsys):
    path = str(tmp_path / "s.db")
    assert main(["study", "new", path]) == 0
    words = [
        "study",
        "settings",
        path,
        "--position",
        "standing",
        "--sem",
        "vka=1.5",
        "--sem",
        "RKA=2",
    ]
    assert main(words) == 0
    with Study.open(path) as study:
        assert study.settings.stated_position is Position.STANDING
        assert study.settings.stated_standard_error_deg == {"VKA": 1.5, "RKA": 2.0}
    capsys.readouterr()
    assert main(["study", "settings", path, "--position", "unknown"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["stated_position"] is None
    assert shown["stated_standard_error_deg"] == {"VKA": 1.5, "RKA": 2.0}
    assert main(["study", "settings", path, "--sem", "1.5"]) == 2
    assert "VKA=1.5" in capsys.readouterr().err
