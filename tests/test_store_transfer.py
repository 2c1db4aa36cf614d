"""Export, import and backup: nothing is lost, nothing half done."""

from __future__ import annotations

import csv
import json
import sqlite3
import threading
import zipfile
from datetime import date

import pytest
from store_films import TinyReader, reading_of, write_film

from kyphometer.errors import StudyFileError, StudyRefusedError
from kyphometer.followup.clinical.record import ClinicalRecord, ClinicalTable
from kyphometer.store import MarkingLog, Study
from kyphometer.store.database.schema import HEAD_REVISION
from kyphometer.store.sessions.plans import PlannedItem


def fill(target, tmp_path):
    """A study with something in every table."""
    write_film(tmp_path / "films" / "a.film", "1.2.1", seed=1)
    write_film(tmp_path / "films" / "b.film", "1.2.2", seed=2, day="2026-07-11")
    study = Study.create(target, "=Cohort", reader=TinyReader(), actor="owner")
    study.add_films(tmp_path / "films")
    study.add_observer("KN", "Nguyễn")
    study.add_account("kn", password_hash="$argon2id$secret", role="owner", observer="KN")
    first, second = (film.id for film in study.films())
    study.save_reading(reading_of(), first, "KN", base_version=0, log=MarkingLog(seconds=41.5))
    study.save_reading(reading_of(1.0), first, "KN", base_version=1, reason="r", log=None)
    study.save_draft(second, "KN", {"half": True}, etag=None)
    record = ClinicalRecord(patient="P1", surgery_date=date(2026, 1, 10))
    study.set_clinical(ClinicalTable(records=(record,), source="c.csv"))
    item = PlannedItem(film_id=first, observer="KN", round=1, place=1, code="X")
    study.sessions.add("S", [item])
    return study


@pytest.fixture
def study(study_target, tmp_path):
    made = fill(study_target, tmp_path)
    yield made
    made.close()


def everything(study):
    return {
        "films": study.films(),
        "patients": study.patients(),
        "observers": study.observers(),
        "readings": study.readings(),
        "drafts": [study.draft(film.id, "KN") for film in study.films()],
        "clinical": study.clinical().records,
        "sessions": study.sessions.list(),
        "items": study.sessions.items("S"),
        "settings": study.settings,
        "numbers": study.measurements(),
    }


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_export_makes_the_same_study_again(study, tmp_path, postgres_server, name):
    counts = study.export(tmp_path / name)
    assert counts["readings"] == 2
    for target in (tmp_path / "again.study", postgres_server.new_database()):
        with Study.import_export(tmp_path / name, target, reader=TinyReader()) as again:
            assert everything(again) == everything(study)
            assert again.audit()[:-1] == study.audit()
            assert again.audit()[-1].action == "study.import"
            assert again.check() == ()
            assert again.accounts() == ()
            film = again.films()[1]
            saved = again.save_reading(
                reading_of(),
                film.id,
                "KN",
                base_version=0,
                draft_etag=again.draft(film.id, "KN").etag,
            )
            assert saved.id == 3


def test_export_is_readable_by_people(study, tmp_path):
    study.export(tmp_path / "out")
    with (tmp_path / "out" / "measurements.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["patient"], row["observer"], row["code"]) for row in rows] == [
        ("P1", "KN", "RKA"),
        ("P1", "KN", "VKA"),
    ]
    head = json.loads((tmp_path / "out" / "study.json").read_text())
    assert (head["format"], head["version"]) == ("kyphometer-study", 1)
    with (tmp_path / "out" / "tables" / "study.csv").open(newline="") as stream:
        assert next(csv.DictReader(stream))["name"] == "'=Cohort"
    assert not (tmp_path / "out" / "tables" / "users.csv").exists()
    text = "".join(p.read_text() for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert "argon2" not in text.replace("account.add", "")


def test_accounts_are_exported_only_when_asked(study, tmp_path):
    study.export(tmp_path / "out.zip", accounts=True)
    with Study.import_export(tmp_path / "out.zip", tmp_path / "again.study") as again:
        assert [account.login for account in again.accounts()] == ["kn"]


def test_export_never_overwrites(study, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(StudyRefusedError, match=r"something at .* already"):
        study.export(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".out")] == []


def test_import_never_overwrites(study, tmp_path, study_target):
    study.export(tmp_path / "out")
    with pytest.raises(StudyFileError, match="is there already"):
        Study.import_export(tmp_path / "out", study_target)
    assert len(study.films()) == 2


def spoil(folder, name, change):
    path = folder / name
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("study.json", lambda t: "{", "missing or no JSON"),
        ("study.json", lambda t: t.replace("kyphometer-study", "other"), "not of the format"),
        ("study.json", lambda t: t.replace(f'"{HEAD_REVISION}"', '"0009"'), "newer version"),
        ("study.json", lambda t: t.replace('"version": 1', '"version": 2'), "by a newer version"),
        ("tables/readings.jsonl", lambda t: t.splitlines()[0] + "\n", "holds 1 rows, not 2"),
        ("tables/readings.jsonl", lambda t: t[:-20], "is damaged near row"),
        ("tables/readings.jsonl", lambda t: t.replace("4.0", "4.5", 1), "was changed from outside"),
        ("tables/films.jsonl", lambda t: t.replace('"rows"', '"rowz"', 1), "unknown column rowz"),
        ("tables/films.jsonl", lambda t: t.replace("2026-01-05", "2026-31-05"), "damaged near row"),
        ("tables/audit.jsonl", lambda t: t.replace("owner", "other", 1), "audit trail was changed"),
        (
            "tables/readings.jsonl",
            lambda t: t.replace('"film_id": 1', '"film_id": 77'),
            "do not fit|names a row|FOREIGN KEY",
        ),
    ],
)
def test_damaged_exports_import_nothing(tmp_path, name, change, words):
    fill(tmp_path / "s.study", tmp_path).close()
    with Study.open(tmp_path / "s.study") as study:
        study.export(tmp_path / "out")
    spoil(tmp_path / "out", name, change)
    with pytest.raises(StudyRefusedError, match=words):
        Study.import_export(tmp_path / "out", tmp_path / "again.study")
    assert not (tmp_path / "again.study").exists()


def test_what_is_no_export_is_refused(tmp_path):
    for source in (tmp_path / "none", tmp_path):
        with pytest.raises(StudyRefusedError):
            Study.import_export(source, tmp_path / "again.study")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("other.txt", "x")
    with pytest.raises(StudyRefusedError, match="missing or no JSON"):
        Study.import_export(tmp_path / "x.zip", tmp_path / "again.study")


def test_backup_is_a_study_of_its_own(study, tmp_path, study_target):
    target = tmp_path / "backup.zip"
    study.backup(target)
    if study.database.is_sqlite:
        with Study.open(target, reader=TinyReader()) as copy:
            assert everything(copy) == everything(study)
            assert copy.audit() == study.audit()
            assert copy.check() == ()
    else:
        with Study.import_export(target, tmp_path / "r.study", reader=TinyReader()) as copy:
            assert everything(copy) == everything(study)
            assert len(copy.accounts()) == 1
    with pytest.raises(StudyRefusedError, match="already"):
        study.backup(target)


def test_backup_while_others_write_is_one_moment(tmp_path):
    study = fill(tmp_path / "s.study", tmp_path)
    stop = threading.Event()

    def write():
        version = 2
        while not stop.is_set():
            version = study.save_reading(
                reading_of(version / 100), 1, "KN", base_version=version, reason="r"
            ).version

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(3):
            study.backup(tmp_path / f"b{n}.study")
    finally:
        stop.set()
        writer.join()
    study.close()
    for n in range(3):
        with Study.open(tmp_path / f"b{n}.study", reader=TinyReader()) as copy:
            assert copy.check() == ()
            assert len(copy.readings()) >= 2


def test_backup_of_a_damaged_study_is_refused(tmp_path):
    study = fill(tmp_path / "s.study", tmp_path)
    for n in range(200):
        study.add_observer(f"O{n}", "x" * 150)
    study.close()
    path = tmp_path / "s.study"
    data = bytearray(path.read_bytes())
    data[4096 * 20 : 4096 * 30] = b"\x5a" * 40960
    path.write_bytes(data)
    from kyphometer.store.transfer.backup import copy_sqlite

    with pytest.raises(StudyFileError, match="damaged"):
        copy_sqlite(path, tmp_path / "b.study")
    assert not (tmp_path / "b.study").exists()
    assert [p for p in tmp_path.iterdir() if p.name.startswith(".b.study")] == []


def test_sqlite_backup_needs_no_other_file(tmp_path):
    fill(tmp_path / "s.study", tmp_path).close()
    with Study.open(tmp_path / "s.study") as study:
        study.backup(tmp_path / "b" / "copy.study")
    assert [p.name for p in (tmp_path / "b").iterdir()] == ["copy.study"]
    with sqlite3.connect(f"file:{tmp_path / 'b' / 'copy.study'}?mode=ro", uri=True) as copy:
        assert copy.execute("SELECT count(*) FROM readings").fetchone() == (2,)
    copy.close()
