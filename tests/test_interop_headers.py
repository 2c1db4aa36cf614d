"""Whatever a film's header holds, objects of its results are valid; benchmarks ask 500 of them."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from interop_headers import faults_of
from interop_validator import missing as validator_missing
from interop_validator import validator

from kyphometer.dicom import read_film
from kyphometer.interop.objects.make import objects_for
from kyphometer.interop.objects.source import Kind
from kyphometer.reading.document import read_reading

SAMPLES = Path(__file__).parent.parent / "sample_dicoms"


@pytest.mark.parametrize("seed", range(12))
def test_reports_and_presentation_states_of_varied_headers_are_valid(tmp_path, seed):
    assert faults_of(seed, tmp_path, (Kind.SR, Kind.GSPS)) == []


@pytest.mark.parametrize("seed", [100])
def test_all_objects_of_varied_headers_are_valid(tmp_path, seed):
    assert faults_of(seed, tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(bool(validator_missing()), reason=validator_missing() or "-")
def test_reports_of_varied_headers_keep_to_their_templates(tmp_path):
    """Before that it is shown that the validator does find faults."""
    with validator() as templates:
        wrong = tmp_path / "wrong.dcm"
        dataset = pydicom.dcmread(reports(tmp_path))
        dataset.ContentSequence[-1].RelationshipType = "HAS PROPERTIES"
        dataset.save_as(wrong)
        assert any("Error" in one for one in templates.faults(wrong))
        assert templates.faults(tmp_path / "nothing.dcm")
        for seed in range(200, 206):
            assert faults_of(seed, tmp_path, (Kind.SR,), templates=templates) == []


def reports(folder):
    """A report of a varied header, as it was just checked."""
    faults_of(7, folder, (Kind.SR,))
    return folder / "7.dcm"


@pytest.mark.slow
@pytest.mark.skipif(bool(validator_missing()), reason=validator_missing() or "-")
def test_reports_of_all_sample_films_keep_to_their_templates(tmp_path):
    readings = sorted(SAMPLES.glob("SIM-*/*.reading.json"))
    assert len(readings) > 12
    with validator() as templates:
        for path in readings:
            film = path.parent / f"{path.name.split('.')[0]}.dcm"
            [report] = objects_for(read_film(film), read_reading(path), [Kind.SR])
            target = tmp_path / "report.dcm"
            report.save_as(target, enforce_file_format=True)
            assert templates.faults(target) == [], path.name
