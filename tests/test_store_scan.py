"""Taking up folders: new, known, moved, replaced, copied and broken files."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event
from store_films import TinyReader, reading_of, write_film

from kyphometer.errors import FilmError, ReadingFilmMismatchError, StudyRefusedError
from kyphometer.store import ScanOptions, Study


@pytest.fixture
def reader():
    return TinyReader()


@pytest.fixture
def study(tmp_path, reader):
    with Study.create(tmp_path / "s.study", reader=reader) as made:
        yield made


@pytest.fixture
def folder(tmp_path):
    write_film(tmp_path / "films" / "a.film", "1.2.1", seed=1)
    write_film(tmp_path / "films" / "deep" / "b.film", "1.2.2", seed=2, patient="P2")
    return tmp_path / "films"


def test_new_films_are_added_once(study, folder, reader):
    calls = []
    report = study.add_films(folder, progress=lambda *call: calls.append(call))
    assert sorted(path.name for path in report.added) == ["a.film", "b.film"]
    assert [patient.code for patient in study.patients()] == ["P1", "P2"]
    assert calls[0][:2] == (0, 2)
    assert calls[-1][:2] == (2, 2)
    reader.headers_read.clear()
    reader.films_read.clear()
    again = study.add_films(folder)
    assert (again.added, again.known, again.moved, again.failed) == ((), 2, (), ())
    assert reader.headers_read == reader.films_read == []


def test_only_new_files_are_opened(study, folder, reader):
    study.add_films(folder)
    write_film(folder / "c.film", "1.2.3", seed=3)
    reader.films_read.clear()
    report = study.add_films(folder)
    assert [path.name for path in report.added] == ["c.film"]
    assert reader.films_read == ["c.film"]


def test_moved_films_are_found_again_with_their_readings(study, folder):
    study.add_films(folder)
    study.add_observer("KN")
    film = next(f for f in study.films() if f.name == "a.film")
    study.save_reading(reading_of(), film.id, "KN", base_version=0)
    (folder / "elsewhere").mkdir()
    (folder / "a.film").rename(folder / "elsewhere" / "renamed.film")
    report = study.add_films(folder)
    assert [path.name for path in report.moved] == ["renamed.film"]
    assert (report.added, report.missing) == ((), ())
    assert study.film_path(film.id) == folder / "elsewhere" / "renamed.film"
    assert study.film(film.id).path == folder / "elsewhere" / "renamed.film"
    assert len(study.history(film.id)) == 1
    assert len(study.films()) == 2


def test_film_without_uid_is_known_by_its_pixels(study, folder, reader):
    write_film(folder / "scan.film", None, seed=7)
    study.add_films(folder, options=ScanOptions(defer_hashes=True))
    (folder / "scan.film").rename(folder / "moved.film")
    report = study.add_films(folder, options=ScanOptions(defer_hashes=True))
    assert [path.name for path in report.moved] == ["moved.film"]


def test_study_moves_together_with_its_films(tmp_path, study, folder, reader):
    study.add_films(folder)
    study.close()
    (tmp_path / "new").mkdir()
    for name in ("s.study", "films"):
        (tmp_path / name).rename(tmp_path / "new" / name)
    with Study.open(tmp_path / "new" / "s.study", reader=reader) as moved:
        for film in moved.films():
            assert moved.film_path(film.id).is_relative_to(tmp_path / "new")


def test_missing_films_are_named(study, folder):
    study.add_films(folder)
    (folder / "a.film").unlink()
    report = study.add_films(folder)
    assert [path.name for path in report.missing] == ["a.film"]
    assert len(study.films()) == 2


def test_same_uid_with_other_pixels_is_refused(study, folder):
    study.add_films(folder)
    write_film(folder / "fake.film", "1.2.1", seed=99)
    report = study.add_films(folder)
    (failure,) = report.failed
    assert failure.path.name == "fake.film"
    assert "same UID as film" in failure.sentence
    assert len(study.films()) == 2


def test_same_pixels_under_another_uid_are_a_copy(study, folder):
    study.add_films(folder)
    write_film(folder / "anonymous.film", "9.9.9", seed=1, patient="ANON")
    report = study.add_films(folder)
    (note,) = report.notes
    assert "same pixels as film 1 under another UID" in note.sentence
    assert (report.added, report.failed, report.known) == ((), (), 3)
    assert len(study.films()) == 2
    assert study.add_films(folder).notes == ()
    assert [patient.code for patient in study.patients()] == ["P1", "P2"]


def test_file_replaced_by_another_film_is_that_film(study, folder):
    study.add_films(folder)
    write_film(folder / "a.film", "1.2.77", seed=77)
    os.utime(folder / "a.film", ns=(1, 1))
    report = study.add_films(folder)
    assert [path.name for path in report.added] == ["a.film"]
    old = next(f for f in study.films() if f.sop_instance_uid == "1.2.1")
    assert old.path is None


def test_broken_files_are_named_and_the_rest_goes_on(study, folder):
    (folder / "notes.film").write_text("no film")
    write_film(folder / "cut.film", "1.2.8", seed=8, broken=True)
    write_film(folder / "cine.film", "1.2.9", seed=9, frames=30)
    (folder / "readme.txt").write_text("passed over")
    (folder / ".hidden").write_text("passed over")
    report = study.add_films(folder)
    assert len(report.added) == 2
    sentences = {failure.path.name: failure.sentence for failure in report.failed}
    assert sentences.keys() == {"notes.film", "cut.film", "cine.film"}
    assert "30 frames" in sentences["cine.film"]


def test_a_few_frames_are_listed_one_by_one_unasked(study, folder):
    write_film(folder / "pair.film", "1.2.9", seed=9, frames=2)
    study.add_films(folder)
    assert sorted(f.frame for f in study.films() if f.sop_instance_uid == "1.2.9") == [1, 2]


def test_every_frame_can_be_a_film(study, folder):
    write_film(folder / "cine.film", "1.2.9", seed=9, frames=30)
    study.add_films(folder, options=ScanOptions(all_frames=True))
    frames = sorted(f.frame for f in study.films() if f.sop_instance_uid == "1.2.9")
    assert frames == list(range(1, 31))
    hashes = {f.sha256_pixels for f in study.films()}
    assert len(hashes) == 32
    assert study.add_films(folder).known == 3


def test_patients_can_be_named_by_folders(study, tmp_path):
    write_film(tmp_path / "in" / "B07" / "x.film", "1.1", seed=1)
    write_film(tmp_path / "in" / "B08" / "6m" / "x.film", "1.2", seed=2)
    write_film(tmp_path / "in" / "loose.film", "1.3", seed=3)
    study.add_films(tmp_path / "in", options=ScanOptions(patients_from="folder"))
    assert [(f.patient, f.name) for f in study.films()] == [
        ("B07", "x.film"),
        ("B08", "x.film"),
        (None, "loose.film"),
    ]
    assert study.status().films_without_patient == 1
    loose = study.films()[-1].id
    study.set_film_patient(loose, "B07", reason="name on the film bag")
    assert study.film(loose).patient == "B07"


def test_hashes_can_wait_until_a_reading_is_confirmed(study, folder, reader):
    study.add_films(folder, options=ScanOptions(defer_hashes=True))
    study.add_observer("KN")
    assert reader.films_read == []
    assert {f.sha256_pixels for f in study.films()} == {None}
    film = study.films()[0]
    saved = study.save_reading(reading_of(), film.id, "KN", base_version=0)
    assert saved.reading.film.sha256_pixels == study.film(film.id).sha256_pixels
    assert study.status().films_not_hashed == 1
    assert study.hash_films() == 1
    assert study.status().films_not_hashed == 0


def test_a_film_swapped_under_a_waiting_hash_is_noticed(study, folder):
    study.add_films(folder, options=ScanOptions(defer_hashes=True))
    study.add_observer("KN")
    film = next(f for f in study.films() if f.name == "a.film")
    write_film(folder / "a.film", "1.2.55", seed=55)
    with pytest.raises(ReadingFilmMismatchError):
        study.save_reading(reading_of(), film.id, "KN", base_version=0)
    write_film(folder / "a.film", "1.2.1", seed=1, broken=True)
    with pytest.raises(FilmError):
        study.save_reading(reading_of(), film.id, "KN", base_version=0)
    assert study.history(film.id) == ()


def test_nothing_there_is_said(study, tmp_path):
    with pytest.raises(StudyRefusedError, match="There is nothing at"):
        study.add_films(tmp_path / "no such folder")


def test_the_study_itself_is_no_film(study, folder, tmp_path):
    report = study.add_films(tmp_path)
    assert report.failed == ()
    assert len(report.added) == 2


def test_two_scans_at_once_add_each_film_once(tmp_path, study):
    for n in range(120):
        write_film(tmp_path / "many" / f"{n:03}.film", f"1.2.{n}", seed=n, patient=f"P{n % 7}")

    def scan(_):
        with Study.open(tmp_path / "s.study", reader=TinyReader()) as own:
            return own.add_films(tmp_path / "many")

    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(scan, range(3)))
    assert sum(len(report.added) for report in reports) == 120
    assert [report.failed for report in reports] == [(), (), ()]
    assert len(study.films()) == 120
    assert len(study.patients()) == 7
    assert study.check() == ()


def test_a_film_costs_one_statement_to_take_up(study, folder):
    for number in range(40):
        write_film(folder / f"{number}.film", f"1.3.{number}", seed=100 + number, patient="P9")
    sent = []
    event.listen(study.database.engine, "before_cursor_execute", lambda *call: sent.append(call[2]))
    assert len(study.add_films(folder).added) == 42
    scanned = [statement for statement in sent if "visit" not in statement.lower()]
    assert len(scanned) <= 42 + 25, scanned
