"""A follow-up film whose levels an earlier visit's reading decides."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from kyphometer.anatomy import Level
from kyphometer.cli import main
from kyphometer.detect.candidates import Candidate
from kyphometer.detect.chain import best_chain
from kyphometer.detect.model import LEVELS
from kyphometer.detect.numbering import EARLIER_LEAST, EARLIER_MARGIN, number
from kyphometer.detect.search import Column
from kyphometer.dicom import read_header
from kyphometer.reading.document import read_reading
from kyphometer.workflow.earlier import visit_before

SAMPLES = Path(__file__).parent.parent / "sample_dicoms"
BODIES = 4


def column(bodies=BODIES):
    """Bodies right below each other that say nothing of their levels."""
    corners = np.array([(-15.0, -12), (15, -12), (-15, 12), (15, 12)])
    levels = np.full(len(LEVELS), -np.log(len(LEVELS)))
    tower = [
        Candidate(
            corners=corners + np.array([100, 40 + 30 * at]),
            chance=0.8,
            right=-2.0,
            fractured=-2.0,
            spread=0.05,
            levels=levels,
        )
        for at in range(bodies)
    ]
    return Column(best_chain(tower), 0.0)


def odds(first, same=3.0, other=-2.0, rows=3):
    """Log odds as if the column began with a level, for the bodies of an earlier reading."""
    at = LEVELS.index(first)
    return {
        LEVELS[at + row]: np.array([same if body == row else other for body in range(BODIES)])
        for row in range(rows)
    }


@pytest.mark.parametrize("first", [Level.T4, Level.T11, Level.L1])
def test_the_bodies_of_an_earlier_visit_decide(first):
    found = number(column(), -1, earlier=odds(first))
    assert found.levels[0] is first
    assert found.is_sure
    assert found.earlier_recognised


def test_the_reader_s_level_goes_before_an_earlier_visit():
    found = number(column(), -1, lowest=Level.L4, earlier=odds(Level.T4))
    assert found.levels[-1] is Level.L4
    assert not found.earlier_recognised


@pytest.mark.parametrize(
    ("same", "decides"), [(EARLIER_LEAST / 3 + 0.01, True), (EARLIER_LEAST / 3 - 0.01, False)]
)
def test_less_than_the_least_odds_decide_nothing(same, decides):
    found = number(column(), -1, earlier=odds(Level.T9, same=same))
    assert found.earlier_recognised is decides
    assert found.is_sure is decides


@pytest.mark.parametrize("short", [0.05, -0.05])
def test_another_way_that_comes_near_decides_nothing(short):
    told = odds(Level.T9, same=4.0, other=0.0, rows=2)
    for row, level in enumerate((Level.T9, Level.T10)):
        told[level][row + 1] = (8.0 - EARLIER_MARGIN + short) / 2
    found = number(column(), -1, earlier=told)
    assert found.earlier_recognised is (short < 0)


def test_bodies_of_another_patient_decide_nothing():
    found = number(column(), -1, earlier=odds(Level.T9, same=-3.0))
    assert not found.earlier_recognised


@pytest.fixture
def folder(tmp_path):
    """A read film and the unread one of the next visit."""
    for name in ("pre-op.dcm", "discharge.dcm"):
        shutil.copy(SAMPLES / "SIM-001" / name, tmp_path)
    shutil.copy(SAMPLES / "SIM-001" / "pre-op.reading.json", tmp_path)
    return tmp_path


def test_the_read_film_of_the_same_patient_is_found(folder):
    film = folder / "discharge.dcm"
    assert visit_before(film, read_header(film)) == folder / "pre-op.dcm"


def test_neither_a_later_nor_an_unread_nor_another_s_film_is_taken(folder):
    first = folder / "pre-op.dcm"
    assert visit_before(first, read_header(first)) is None
    shutil.copy(SAMPLES / "SIM-002" / "pre-op.dcm", folder / "other.dcm")
    shutil.copy(SAMPLES / "SIM-002" / "pre-op.reading.json", folder / "other.reading.json")
    (folder / "pre-op.reading.json").unlink()
    film = folder / "discharge.dcm"
    assert visit_before(film, read_header(film)) is None


def proposed(capsys, *words):
    code = main(["detect", *map(str, words), "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_follow_up_film_is_numbered_after_the_visit_before(folder, capsys):
    film = folder / "discharge.dcm"
    code, told = proposed(capsys, film)
    assert code == 0
    assert told["numbering"]["sure"]
    assert any("those of the earlier visit" in note for note in told["notes"])
    truth = read_reading(SAMPLES / "SIM-001" / "discharge.reading.json")
    for level, body in told["reading"]["vertebrae"].items():
        marked = truth.vertebrae.get(Level(level))
        if marked is None or marked.superior is None:
            continue
        corner = body["superior"]["anterior"]["xy"]
        assert np.hypot(*np.subtract(corner, marked.superior.anterior.xy)) < 25


def test_an_earlier_film_of_another_patient_is_not_believed(folder, capsys):
    film = folder / "discharge.dcm"
    _, told = proposed(capsys, film, "--earlier", SAMPLES / "SIM-003" / "pre-op.dcm")
    assert "earlier" not in told["numbering"]["evidence"]
    assert any("not recognised" in note for note in told["notes"])


def test_an_earlier_film_without_a_reading_is_a_sentence(folder, capsys):
    (folder / "pre-op.reading.json").unlink()
    words = [str(folder / "discharge.dcm"), "--earlier", str(folder / "pre-op.dcm")]
    assert main(["detect", *words]) != 0
    assert "reading" in capsys.readouterr().err
