"""`kyphometer study`: the whole path on real DICOM files, and every refusal in one sentence."""

from __future__ import annotations

import csv
import io
import json
import shutil

import numpy as np
import pytest
from dicom_films import dicom_file
from store_films import reading_of

from kyphometer.cli import main
from kyphometer.film import FilmReference
from kyphometer.reading.document import write_reading

DAYS = {"pre": "20260105", "post": "20260711"}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder of films and readings, and a study made of them, to be copied by each test."""
    top = tmp_path_factory.mktemp("template")
    films = top / "films"
    films.mkdir()
    for n, (name, day) in enumerate(DAYS.items()):
        pixels = np.random.default_rng(n).integers(0, 4096, (40, 20), dtype=np.uint16)
        dicom_file(
            films / f"{name}.dcm",
            pixels,
            SOPInstanceUID=f"2.25.{n + 10}",
            PatientID="P1",
            StudyDate=day,
            ImagerPixelSpacing=["3", "3"],
            EstimatedRadiographicMagnificationFactor=None,
            PatientOrientation=None,
        )
        ref = FilmReference(rows=40, columns=20, sop_instance_uid=f"2.25.{n + 10}")
        write_reading(reading_of(observer="KN", film=ref), films / f"{name}.dcm.reading.json")
    study = str(top / "s.study")
    for words in (
        ["new", study, "--name", "Cohort"],
        ["add", study, str(films)],
        ["import-readings", study, str(films)],
        ["patient", study, "P1", "--surgery-date", "2026-01-10"],
    ):
        assert main(["study", *words]) == 0
    return top


@pytest.fixture
def folder(template, tmp_path):
    shutil.copytree(template / "films", tmp_path / "films")
    return tmp_path


@pytest.fixture
def call(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)

    def run(*words, status=0):
        assert main(["study", *words]) == status, capsys.readouterr().err
        return capsys.readouterr()

    return run


@pytest.fixture
def filled(call, template, folder):
    shutil.copy(template / "s.study", folder / "s.study")
    return call


def rows_of(printed):
    return list(csv.DictReader(io.StringIO(printed.out)))


def test_from_folder_to_numbers(filled):
    found = json.loads(filled("status", "s.study", "--check", "--format", "json").out)
    assert (found["name"], found["films"], found["readings"]) == ("Cohort", 2, 2)
    assert found["films_at_visit"] == {"preoperative": 1, "six_months": 1}
    assert found["problems"] == []
    rows = rows_of(filled("measurements", "s.study", "--codes", "VKA", "--format", "csv"))
    assert [(r["patient"], r["visit"], r["code"], float(r["value"])) for r in rows] == [
        ("P1", "preoperative", "VKA", 0.0),
        ("P1", "six_months", "VKA", 0.0),
    ]


def test_add_says_what_was_new_and_what_failed(call, folder):
    call("new", "s.study")
    (folder / "films" / "broken.dcm").write_bytes(b"no film at all")
    said = call("add", "s.study", "films", "--format", "json", status=1)
    found = json.loads(said.out)
    assert (found["added"], found["known"], found["moved"]) == (2, 0, 0)
    assert [item["path"].rpartition("/")[2] for item in found["failed"]] == ["broken.dcm"]
    assert "broken.dcm" in said.err
    (folder / "films" / "broken.dcm").unlink()
    assert json.loads(call("add", "s.study", "films", "--format", "json").out)["known"] == 2


@pytest.mark.parametrize("shape", ["table", "json", "csv"])
@pytest.mark.parametrize(
    "deed", ["status", "films", "visits", "patients", "measurements", "audit", "settings"]
)
def test_everything_prints_for_people_and_programs(filled, deed, shape):
    said = filled(deed, "s.study", "--format", shape)
    assert "P1" in said.out or deed in ("status", "settings")
    if shape == "json":
        json.loads(said.out)
    if shape == "csv" and deed != "settings":
        assert rows_of(said)


def test_clinical_table_by_template(filled, folder):
    filled("clinical-template", "s.study", "c.csv")
    with (folder / "c.csv").open(encoding="utf-8-sig", newline="") as stream:
        names, row = list(csv.reader(stream))
    assert row[0] == "P1"
    row[names.index("surgery_date")] = "2026-01-12"
    with (folder / "c.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([names, row])
    refused = filled("import-clinical", "s.study", "c.csv", status=8)
    assert "surgery date: 2026-01-10 -> 2026-01-12" in refused.err
    said = filled("import-clinical", "s.study", "c.csv", "--format", "json", "--accept-changes")
    facts = json.loads(said.out)
    assert (facts["patients"], facts["new_or_changed"], facts["facts_changed"]) == (1, 1, 1)
    (patient,) = rows_of(filled("patients", "s.study", "--format", "csv"))
    assert patient["surgery_date"] == "2026-01-12"
    row[0] = "P9"
    with (folder / "c.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([names, row])
    assert "P9" in filled("import-clinical", "s.study", "c.csv", status=7).err


def test_copies_never_overwrite(filled, folder):
    filled("backup", "s.study", "b.study")
    filled("export", "s.study", "out.zip")
    filled("import", "again.study", "out.zip")
    assert json.loads(filled("status", "again.study", "--format", "json").out)["readings"] == 2
    assert json.loads(filled("status", "b.study", "--format", "json").out)["readings"] == 2
    for words in (
        ("backup", "s.study", "b.study"),
        ("export", "s.study", "out.zip"),
        ("import", "again.study", "out.zip"),
        ("new", "s.study"),
    ):
        assert "already" in filled(*words, status=8).err
    assert "already" in filled("clinical-template", "s.study", "out.zip", status=2).err


def test_settings_are_changed_by_file(filled, folder):
    settings = json.loads(filled("settings", "s.study").out)
    settings["stated_standard_error_deg"] = {"VKA": 1.5}
    (folder / "set.json").write_text(json.dumps(settings))
    filled("settings", "s.study", "--set", "set.json")
    assert json.loads(filled("settings", "s.study").out) == settings
    (folder / "set.json").write_text('{"colour": "blue"}')
    assert "no setting colour" in filled("settings", "s.study", "--set", "set.json", status=8).err
    (folder / "set.json").write_text("{")
    assert "cannot be used" in filled("settings", "s.study", "--set", "set.json", status=8).err


def test_films_are_corrected_with_a_reason(filled):
    first = rows_of(filled("films", "s.study", "--format", "csv"))[0]["id"]
    said = filled("film", "s.study", first, "--visit", "discharge", status=8)
    assert "needs a reason" in said.err
    said = filled(
        "film", "s.study", first, "--spacing", "0.2", "0.2", "--reason", "ruler on the film",
        "--format", "json",
    )  # fmt: skip
    assert json.loads(said.out)["row_mm"] == 0.2
    filled("film", "s.study", first, "--visit", "discharge", "--reason", "taken late")
    filled("film", "s.study", first, "--by-windows")
    subjects = rows_of(filled("audit", "s.study", "--subject", f"film {first}", "--format", "csv"))
    assert [row["action"] for row in subjects] == [
        "film.add",
        "film.spacing",
        "film.visit",
        "film.visit",
    ]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        pytest.param(["status", "none.study"], 8, "is not there", id="no study"),
        pytest.param(["status", "films/pre.dcm"], 8, "is not a Kyphometer study", id="a film"),
        pytest.param(["status", "films"], 8, "is a folder, not a study", id="a folder"),
        pytest.param(["add", "s.study", "nowhere"], 8, "There is nothing at", id="no folder"),
        pytest.param(
            ["patient", "s.study", "P1", "--surgery-date", "10.1.2026"], 2, "is no date", id="date"
        ),
        pytest.param(["patient", "s.study", "P7"], 8, "no patient 'P7'", id="patient"),
        pytest.param(
            ["measurements", "s.study", "--codes", "XYZ"], 5, "no known measurement", id="code"
        ),
        pytest.param(["import", "n.study", "films"], 8, "missing or no JSON", id="no export"),
    ],
)
def test_refusals_are_one_sentence(filled, words, status, sentence):
    said = filled(*words, status=status)
    assert said.out == ""
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert said.err.startswith("kyphometer: ")


def test_damage_is_reported_by_the_check(filled, folder):
    import sqlite3

    other = sqlite3.connect(folder / "s.study")
    other.executescript("DROP TRIGGER audit_no_update; UPDATE audit SET actor = 'x' WHERE id = 2;")
    other.close()
    assert "audit trail was changed" in filled("status", "s.study", "--check", status=8).err
