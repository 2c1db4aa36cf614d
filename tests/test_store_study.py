"""Making, opening and refusing studies; films, drafts and readings in one process."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest
from store_films import TinyReader, reading_of, write_film

from kyphometer.errors import (
    ReadingFilmMismatchError,
    StudyConflictError,
    StudyFileError,
    StudyRefusedError,
    UnknownRecordError,
)
from kyphometer.film import FilmReference
from kyphometer.store import MarkingLog, ReadingState, Study
from kyphometer.store.settings import StudySettings, VisitWindow


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
        visits=(VisitWindow(name="pre-op", first_day=-10, last_day=-1),),
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
        pytest.param(None, "cannot be opened", id="not there"),
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


def test_open_refuses_a_foreign_sqlite_file(tmp_path):
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(StudyFileError, match="is not a Kyphometer study"):
        Study.open(tmp_path / "x.db")


def test_open_refuses_a_damaged_file(tmp_path, study):
    for n in range(60):
        study.add_observer(f"O{n}", "x" * 500)
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
    assert first.geometry.row_mm == 0.2
    assert first.reference.sop_instance_uid == "1.2.1"
    assert len(first.sha256_pixels) == 64
    assert second.taken_on == date(2026, 7, 1)
    assert "Nguyen" not in first.facts_json
    assert study.film(first.id) == first
    assert study.film_path(first.id).name == "a.film"


def test_reading_is_confirmed_with_its_film_in_full(study, film):
    saved = study.save_reading(reading_of(), film, "KN", base_version=0)
    assert saved.version == 1
    assert saved.reading.film == study.film(film).reference
    assert saved.reading.observer == "KN"
    assert study.latest_reading(film, "KN") == saved
    assert study.history(film) == (saved,)


def test_correction_is_a_new_version_with_a_reason(study, film):
    study.save_reading(reading_of(), film, "KN", base_version=0)
    with pytest.raises(StudyRefusedError, match="needs a reason"):
        study.save_reading(reading_of(1.0), film, "KN", base_version=1, reason="  ")
    study.save_reading(reading_of(1.0), film, "KN", base_version=1, reason="wrong level")
    versions = study.history(film, "KN")
    assert [(v.version, v.reason) for v in versions] == [(1, ""), (2, "wrong level")]
    assert versions[0].reading.vertebrae == reading_of().vertebrae
    assert [r.version for r in study.latest_readings()] == [2]


def test_second_writer_is_told_and_shown_the_first(study, film):
    first = study.save_reading(reading_of(), film, "KN", base_version=0)
    with pytest.raises(StudyConflictError) as caught:
        study.save_reading(reading_of(1.0), film, "KN", base_version=0)
    assert caught.value.current == first
    assert study.history(film) == (first,)


def test_repeated_confirmation_is_the_same_reading(study, film):
    first = study.save_reading(reading_of(), film, "KN", base_version=0)
    again = study.save_reading(reading_of(), film, "KN", base_version=0)
    assert again == first
    assert len(study.history(film)) == 1


def test_readings_of_observers_do_not_meet(study, film):
    study.add_observer("LT")
    study.save_reading(reading_of(), film, "KN", base_version=0)
    study.save_reading(reading_of(1.0), film, "LT", base_version=0)
    assert [r.observer for r in study.latest_readings()] == ["KN", "LT"]
    assert [r.observer for r in study.latest_readings(observer="LT")] == ["LT"]


@pytest.mark.parametrize(
    "film_reference",
    [
        FilmReference(rows=41, columns=20),
        FilmReference(rows=40, columns=20, sop_instance_uid="9.9"),
        FilmReference(rows=40, columns=20, sha256_pixels="0" * 64),
        FilmReference(rows=40, columns=20, frame=2),
    ],
)
def test_reading_of_another_film_is_refused(study, film, film_reference):
    with pytest.raises(ReadingFilmMismatchError):
        study.save_reading(reading_of(film=film_reference), film, "KN", base_version=0)
    assert study.history(film) == ()


def test_reading_of_another_observer_or_nothing_is_refused(study, film):
    with pytest.raises(StudyRefusedError, match="made by 'LT'"):
        study.save_reading(reading_of(observer="LT"), film, "KN", base_version=0)
    with pytest.raises(UnknownRecordError, match="no observer 'XX'"):
        study.save_reading(reading_of(), film, "XX", base_version=0)
    with pytest.raises(UnknownRecordError, match="no film '99'"):
        study.save_reading(reading_of(), 99, "KN", base_version=0)


def test_draft_is_replaced_only_by_who_has_seen_it(study, film):
    first = study.save_draft(film, "KN", {"a": 1}, etag=None)
    second = study.save_draft(film, "KN", {"a": 2}, etag=first.etag)
    for etag in (None, first.etag):
        with pytest.raises(StudyConflictError) as caught:
            study.save_draft(film, "KN", {"a": 3}, etag=etag)
        assert caught.value.current == second
    assert study.draft(film, "KN") == second
    with pytest.raises(StudyConflictError):
        study.discard_draft(film, "KN", etag=first.etag)
    study.discard_draft(film, "KN", etag=second.etag)
    assert study.draft(film, "KN") is None
    study.discard_draft(film, "KN", etag=second.etag)


def test_draft_made_anew_is_not_the_old_one(study, film):
    old = study.save_draft(film, "KN", {"a": 1}, etag=None)
    study.discard_draft(film, "KN", etag=old.etag)
    study.save_draft(film, "KN", {"a": 1}, etag=None)
    with pytest.raises(StudyConflictError):
        study.save_draft(film, "KN", {"a": 2}, etag=old.etag)


def test_confirming_takes_the_draft_away_and_shuts_out_the_other_tab(study, film):
    draft = study.save_draft(film, "KN", {"a": 1}, etag=None)
    with pytest.raises(StudyConflictError) as caught:
        study.save_reading(reading_of(), film, "KN", base_version=0, draft_etag="stale")
    assert caught.value.current == draft
    assert study.history(film) == ()
    saved = study.save_reading(reading_of(), film, "KN", base_version=0, draft_etag=draft.etag)
    assert study.draft(film, "KN") is None
    with pytest.raises(StudyConflictError) as caught:
        study.save_draft(film, "KN", {"a": 9}, etag=draft.etag)
    assert caught.value.current == saved


def test_draft_that_is_no_json_is_refused(study, film):
    with pytest.raises(StudyRefusedError, match="cannot be saved"):
        study.save_draft(film, "KN", {"a": float("nan")}, etag=None)
    with pytest.raises(StudyRefusedError, match="larger than any reading"):
        study.save_draft(film, "KN", {"a": "x" * 5_000_000}, etag=None)


def test_work_list_tells_how_far_an_observer_is(study):
    first, second = (record.id for record in study.films())
    study.save_reading(reading_of(), first, "KN", base_version=0)
    study.save_draft(second, "KN", {}, etag=None)
    states = [item.state for item in study.work_list("KN")]
    assert states == [ReadingState.CONFIRMED, ReadingState.DRAFT]
    study.save_draft(first, "KN", {}, etag=None, base_version=1)
    assert study.work_list("KN")[0].state is ReadingState.CORRECTING
    study.add_observer("LT")
    assert {item.state for item in study.work_list("LT")} == {ReadingState.UNREAD}


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
