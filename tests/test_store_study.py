"""Making, opening and refusing studies; films, drafts and readings in one process."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest
from store_films import TinyReader, reading_of, write_film

from kyphometer.anatomy import Level
from kyphometer.errors import (
    StudyFileError,
    StudyRefusedError,
    UnknownRecordError,
)
from kyphometer.store import MarkingLog, Study
from kyphometer.store.study.settings import StudySettings


@pytest.fixture
def study(tmp_path):
    write_film(tmp_path / "films" / "a.film", "1.2.1", seed=1)
    write_film(tmp_path / "films" / "b.film", "1.2.2", seed=2, day="2026-07-01")
    with Study.create(tmp_path / "s.study", "Cohort", reader=TinyReader(), actor="KN") as made:
        made.add_films(tmp_path / "films")
        made.add_observer("KN")
        yield made


@pytest.fixture
def film(study):
    return study.films()[0].id


def test_study_survives_closing(tmp_path):
    settings = StudySettings(
        levels={"P1": (Level.T12, Level.L1)},
        stated_standard_error_deg={"VKA": 1.5},
    )
    Study.create(tmp_path / "s.study", "Cohort", settings=settings).close()
    with Study.open(tmp_path / "s.study") as study:
        assert study.name == "Cohort"
        assert study.settings == settings
        assert study.check() == ()


def test_create_never_overwrites(tmp_path):
    (tmp_path / "s.study").write_bytes(b"precious")
    with pytest.raises(StudyFileError, match="is there already"):
        Study.create(tmp_path / "s.study")
    assert (tmp_path / "s.study").read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "is not there", id="not there"),
        pytest.param(b"", "is not a Kyphometer study", id="empty"),
        pytest.param(b"DICM" * 100, "is not a Kyphometer study", id="another file"),
    ],
)
def test_open_refuses_what_is_no_study(tmp_path, content, words):
    path = tmp_path / "s.study"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StudyFileError, match=words):
        Study.open(path)


def test_a_link_to_itself_is_no_study(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(StudyFileError, match="is not there"):
        Study.open(tmp_path / "loop")


def test_open_refuses_a_foreign_sqlite_file(tmp_path):
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(StudyFileError, match="is not a Kyphometer study"):
        Study.open(tmp_path / "x.db")


def test_open_refuses_a_damaged_file(tmp_path, study):
    for n in range(150):
        study.add_observer(f"O{n}", "x" * 200)
    study.close()
    path = tmp_path / "s.study"
    data = bytearray(path.read_bytes())
    data[4096 * 10 : 4096 * 20] = b"\x5a" * 40960
    path.write_bytes(data)
    with pytest.raises(StudyFileError, match="damaged"):
        Study.open(path)


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "postgresql://:x:y/[", "nonsense://"])
def test_unsupported_addresses_are_refused(url):
    with pytest.raises(StudyFileError):
        Study.open(url)


def test_password_is_never_shown():
    with pytest.raises(StudyFileError) as caught:
        Study.open("postgresql://kn:secret@127.0.0.1:9/none")
    assert "secret" not in str(caught.value)


def test_films_carry_facts_but_no_names(study):
    first, second = study.films()
    assert (first.patient, first.taken_on, first.rows, first.columns) == (
        "P1",
        date(2026, 1, 5),
        40,
        20,
    )
    assert first.geometry.row_mm == 3.0
    assert first.reference.sop_instance_uid == "1.2.1"
    assert len(first.sha256_pixels) == 64
    assert second.taken_on == date(2026, 7, 1)
    assert "Nguyen" not in first.facts_json
    assert study.film(first.id) == first
    assert study.film_path(first.id).name == "a.film"


def test_reading_of_another_observer_or_nothing_is_refused(study, film):
    with pytest.raises(StudyRefusedError, match="made by 'LT'"):
        study.save_reading(reading_of(observer="LT"), film, "KN", base_version=0)
    with pytest.raises(UnknownRecordError, match="no observer 'XX'"):
        study.save_reading(reading_of(), film, "XX", base_version=0)
    with pytest.raises(UnknownRecordError, match="no film '99'"):
        study.save_reading(reading_of(), 99, "KN", base_version=0)


@pytest.mark.parametrize("table", ["readings", "reading_logs", "audit"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id + 1", "DELETE FROM {}"])
def test_confirmed_rows_cannot_be_changed(study, film, tmp_path, table, verb):
    study.save_reading(reading_of(), film, "KN", base_version=0, log=MarkingLog(seconds=30.0))
    other = sqlite3.connect(tmp_path / "s.study")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(verb.format(table))
    other.close()


def test_changes_behind_the_programs_back_are_found(study, film, tmp_path):
    study.save_reading(reading_of(), film, "KN", base_version=0)
    study.save_reading(reading_of(1.0), film, "KN", base_version=1, reason="slip")
    assert study.check() == ()
    other = sqlite3.connect(tmp_path / "s.study")
    other.executescript(
        "DROP TRIGGER readings_no_update; DROP TRIGGER audit_no_delete;"
        "UPDATE readings SET document = replace(document, '4.0', '4.5') WHERE version = 1;"
        "DELETE FROM audit WHERE action = 'reading.confirm';"
    )
    other.close()
    found = study.check()
    assert any("Reading 1 was changed" in sentence for sentence in found)
    assert any("audit trail was changed" in sentence for sentence in found)


def test_audit_names_who_did_what_from_which_version(study, film):
    study.save_reading(reading_of(), film, "KN", base_version=0)
    study.acting_as("owner").save_reading(
        reading_of(1.0), film, "KN", base_version=1, reason="adjudicated"
    )
    entries = study.audit(f"film {film} observer KN")
    assert [(e.actor, e.action, e.from_version) for e in entries] == [
        ("KN", "reading.confirm", 0),
        ("owner", "reading.correct", 1),
    ]
    assert entries[1].details["reason"] == "adjudicated"


def test_settings_and_patients_change_with_a_trace(study):
    study.set_patient("P1", surgery_date=date(2026, 1, 10))
    study.set_patient("P1", clinical_code="C-01")
    (patient,) = study.patients()
    assert (patient.surgery_date, patient.clinical_code) == (date(2026, 1, 10), "C-01")
    study.change_settings(StudySettings(corner_sd_mm=0.4))
    assert study.settings.corner_sd_mm == 0.4
    actions = [entry.action for entry in study.audit()]
    assert actions.count("patient.change") == 2
    assert actions[-1] == "study.settings"
    with pytest.raises(UnknownRecordError):
        study.set_patient("P9", surgery_date=None)
