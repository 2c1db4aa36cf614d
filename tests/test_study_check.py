"""What a study says of itself: contradictions, headers' warnings, tampering; and who is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import date
from pathlib import Path

import pydicom
import pytest

from kyphometer.cli import main
from kyphometer.errors import StudyRefusedError
from kyphometer.film import Position
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.followup.time_points import visit_meant
from kyphometer.followup.windows import DEFAULT_WINDOWS
from kyphometer.geometry import PixelGeometry
from kyphometer.measure import measure_reading
from kyphometer.reading.document import read_reading
from kyphometer.store import Study
from kyphometer.workflow.study_check import study_contradictions

SAMPLES = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001"


@pytest.fixture
def films(tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    for end in ("dcm", "reading.json"):
        shutil.copy(SAMPLES / f"pre-op.{end}", folder / f"pre-op.{end}")
    return folder


@pytest.fixture
def study(tmp_path, films):
    with Study.create(tmp_path / "s.study") as made:
        made.add_films(films)
        made.import_readings(films, observer="KN")
        yield made


def kinds(study):
    return {(item.kind, item.film): item.sentence for item in study_contradictions(study)}


@pytest.mark.parametrize(
    ("text", "visit"),
    [
        ("pre-op", "preoperative"), ("PREOP", "preoperative"), ("Baseline", "preoperative"),
        ("post op", "discharge"), ("discharge", "discharge"), ("1 month", "one_month"),
        ("one-month", "one_month"), ("6m", "six_months"), ("6 mo post-op", "six_months"),
        ("6-months", "six_months"), ("24 months", None), ("visit B", None), ("", None),
    ],
)  # fmt: skip
def test_time_points_as_people_write_them(text, visit):
    assert visit_meant(text, DEFAULT_WINDOWS) == visit


def test_a_time_point_against_the_date_is_told(study):
    taken = study.films()[0].taken_on
    study.set_patient("SIM-001", surgery_date=taken.replace(year=taken.year - 1))
    assert "header calls it 'pre-op'" in kinds(study)["time point", 1]


def test_a_right_time_point_is_not(study):
    taken = study.films()[0].taken_on
    study.set_patient("SIM-001", surgery_date=taken.replace(day=taken.day % 28 + 1))
    if study.films()[0].visit == "preoperative":
        assert ("time point", 1) not in kinds(study)


def test_content_date_does_not_move_a_film(tmp_path, films):
    path = films / "pre-op.dcm"
    dataset = pydicom.dcmread(path)
    for name in ("AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime"):
        if name in dataset:
            delattr(dataset, name)
    dataset.StudyDate, dataset.ContentDate = "20230409", "20231001"
    dataset.save_as(path)
    with Study.create(tmp_path / "t.study") as study:
        study.add_films(films)
        assert study.films()[0].taken_on == date(2023, 4, 9)
        warnings = study.films()[0].facts["warnings"]
    assert any("content date 2023-10-01 was passed over" in sentence for sentence in warnings)


def test_patients_without_visit_and_why(study):
    (found,) = [i for i in study_contradictions(study) if i.kind == "visit"]
    assert "surgery date is not known" in found.sentence


def test_shares_taken_for_percent(study):
    record = ClinicalRecord(patient="SIM-001", odi={"preoperative": 0.8})
    study.set_clinical(ClinicalTable(records=(record,), source="t.csv"))
    assert "a share was taken for percent" in kinds(study)["clinical", None]


def test_an_impossible_pixel_size_is_told_and_no_interval_rests_on_it(study):
    study.state_spacing(1, 5.0, 5.0, reason="wrong")
    sentences = [i.sentence for i in study_contradictions(study) if i.kind == "size"]
    assert any("cm large" in sentence for sentence in sentences)
    assert any("the pixel size must be wrong" in sentence for sentence in sentences)
    assert all(value.standard_uncertainty is None for value in study.measurements(["VKA"]))
    reading = read_reading(SAMPLES / "pre-op.reading.json")
    found = measure_reading(reading, PixelGeometry.from_spacing(5.0, 5.0))
    assert any("no uncertainty is stated" in sentence for sentence in found.warnings)


def test_day_and_position_are_stated_with_a_reason(study):
    study.state_exposure(1, day=date(2023, 4, 1), position="sitting", reason="film bag")
    film = study.films()[0]
    assert (film.taken_on, film.patient_position) == (date(2023, 4, 1), Position.SITTING)
    assert study.audit()[-1].action in ("film.exposure", "visits.refresh")
    with pytest.raises(StudyRefusedError, match="reason"):
        study.state_exposure(1, day=date(2023, 4, 2), reason="")
    with pytest.raises(StudyRefusedError, match="future"):
        study.state_exposure(1, day=date(2999, 1, 1), reason="x")
    where = str(study.database.path)
    options = ["--position", "standing", "--date", "2023-04-03", "--reason", "asked"]
    assert main(["study", "film", where, "1", *options]) == 0


def test_check_lists_and_tells_whether_the_chain_is_whole(study, capsys):
    where = str(study.database.path)
    assert main(["study", "check", where, "--format", "json"]) == 1
    caught = capsys.readouterr()
    assert {item["kind"] for item in json.loads(caught.out)} >= {"visit"}
    assert "chain of hashes is whole" in caught.err
    assert main(["study", "visits", where]) == 0
    assert "surgery date is not known" in capsys.readouterr().err


def test_a_tampered_study_gives_no_report_unless_told(study, tmp_path, capsys):
    where = str(study.database.path)
    study.close()
    with sqlite3.connect(where) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET details = '{}' WHERE id = 2")
    connection.close()
    assert main(["study", "check", where]) == 8
    out = tmp_path / "r.html"
    assert main(["report", where, "-o", str(out), "--no-films"]) == 8
    assert "--although-tampered" in capsys.readouterr().err
    assert not out.exists()


def test_adding_films_prints_what_headers_lack(tmp_path, films, capsys):
    dataset = pydicom.dcmread(films / "pre-op.dcm")
    dataset.ContentDate = "20231001"
    del dataset.PatientOrientation
    dataset.save_as(films / "pre-op.dcm")
    where = str(tmp_path / "n.study")
    main(["study", "new", where, "--name", "n"])
    assert main(["study", "add", where, str(films)]) == 0
    assert "warning: film 1: " in capsys.readouterr().err
