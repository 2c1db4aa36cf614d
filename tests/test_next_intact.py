"""The next intact level as a choice that a reading keeps: stored, measured with, told."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest
from builders import column

from kyphometer.anatomy import Level
from kyphometer.geometry import PixelGeometry
from kyphometer.measure import measure_reading
from kyphometer.reading.consensus import mean_reading
from kyphometer.reading.document import reading_from_dict, reading_schema, reading_to_dict
from kyphometer.reading.findings import FindingCode
from kyphometer.sessions.mirroring import mirror_reading
from kyphometer.web.reader.needs import needed_endplates, next_intact_helps

MM = PixelGeometry.from_spacing(0.16, 0.16)
SLOPES = {"T11": (4, 3), "T12": (5, 3), "L1": (12, -8), "L2": (-9, -11), "L3": (-12, -13)}


def without(level):
    reading = column(SLOPES, fractured=("L1",))
    kept = {k: v for k, v in reading.vertebrae.items() if k is not level}
    return replace(reading, vertebrae=kept)


def test_a_reading_that_chose_it_is_measured_as_if_it_were_allowed():
    chosen = replace(without(Level.T12), next_intact=True)
    measured = measure_reading(chosen, MM)
    allowed = measure_reading(without(Level.T12), MM, allow_next_intact=True)
    assert measured.measurements == allowed.measurements
    assert measured.get("RKA").value == pytest.approx(4 - -11)
    assert measure_reading(replace(chosen, next_intact=False), MM).all("RKA") == ()


def test_each_level_that_stands_in_is_told():
    chosen = replace(without(Level.T12), next_intact=True)
    found = [f for f in measure_reading(chosen, MM).findings if f.code is FindingCode.NEXT_INTACT]
    assert [f.levels for f in found] == [(Level.T11,)]
    assert any("T11: it stands in" in text for text in measure_reading(chosen, MM).warnings)
    assert found[0].sentence("vi").startswith("T11: đốt này")
    block = replace(column(SLOPES, fractured=("T12", "L1")), next_intact=True)
    found = [f for f in measure_reading(block, MM).findings if f.code is FindingCode.NEXT_INTACT]
    assert [f.levels for f in found] == [(Level.T11,), (Level.L2,)]


def test_a_choice_that_changes_nothing_is_not_told():
    plain = column(SLOPES, fractured=("L1",))
    chosen = measure_reading(replace(plain, next_intact=True), MM)
    assert chosen.measurements == measure_reading(plain, MM).measurements
    assert chosen.findings == measure_reading(plain, MM).findings


def test_it_is_kept_in_the_document_and_left_out_where_it_was_not_chosen():
    plain = column(SLOPES, fractured=("L1",))
    assert "next_intact" not in reading_to_dict(plain)
    document = json.loads(json.dumps(reading_to_dict(replace(plain, next_intact=True))))
    assert document["next_intact"] is True
    jsonschema.validate(document, reading_schema())
    assert reading_from_dict(document).next_intact
    assert reading_from_dict(document) == replace(plain, next_intact=True)
    for left_out in (None, False):
        assert not reading_from_dict({**document, "next_intact": left_out}).next_intact
    assert mirror_reading(replace(plain, next_intact=True)).next_intact


def test_a_mean_of_readings_keeps_it_where_all_chose_it():
    plain = replace(column(SLOPES, fractured=("L1",)), observer="A")
    chosen = replace(plain, next_intact=True)
    assert mean_reading([chosen, chosen]).next_intact
    assert not mean_reading([chosen, plain]).next_intact


def test_it_is_advised_only_where_an_angle_would_come_of_it():
    assert next_intact_helps(without(Level.T12), "RKA")
    assert not next_intact_helps(without(Level.T12), "VKA")
    assert not next_intact_helps(column(SLOPES, fractured=("L1",)), "COBB_T11_L2")
    assert not next_intact_helps(replace(without(Level.T12), next_intact=True), "RKA")
    only = without(Level.T12)
    only = replace(only, vertebrae={k: v for k, v in only.vertebrae.items() if k is not Level.T11})
    assert not next_intact_helps(only, "RKA")
    assert needed_endplates(without(Level.T12), "RKA") == ["T12.superior"]
    assert needed_endplates(replace(without(Level.T12), next_intact=True), "RKA") == []
    assert next_intact_helps(column(SLOPES, fractured=("T12", "L1")), "RKA")
