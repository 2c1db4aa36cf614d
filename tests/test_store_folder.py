"""Readings beside films: file names, readings from elsewhere, recovery, what is no film."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from store_films import TinyReader, reading_of, write_film

from kyphometer.errors import StudyFileError, StudyRefusedError
from kyphometer.film import FilmReference
from kyphometer.reading.document import read_reading, write_reading
from kyphometer.store import FolderStore, ReadingState
from kyphometer.workflow import find_readings


@pytest.fixture
def folder(tmp_path):
    write_film(tmp_path / "a.film", "1.2.1", seed=1)
    write_film(tmp_path / "six months" / "b.film", "1.2.2", seed=2, patient="P2")
    return tmp_path


@pytest.fixture
def store(folder):
    return FolderStore(folder, reader=TinyReader())


def save(store, observer, shift=0.0, base_version=0, reason=None):
    film = store.films()[0].id
    return store.save_reading(
        reading_of(shift), film, observer, base_version=base_version, reason=reason
    )


def test_reading_lies_beside_its_film(store, folder):
    saved = save(store, "KN")
    assert read_reading(folder / "a.film.reading.json") == saved.reading


def test_second_observer_gets_a_file_of_his_own(store, folder):
    first = save(store, "KN")
    second = save(store, "L.T./1", 1.0)
    assert read_reading(folder / "a.film.reading.json") == first.reading
    assert read_reading(folder / "a.film.L%2ET%2E%2F1.reading.json") == second.reading
    assert [r.observer for r in store.history(store.films()[0].id)] == ["KN", "L.T./1"]


@pytest.mark.parametrize(
    "name", ["a.film.reading.json", "a.reading.json", "a.film.KN.reading.json"]
)
def test_reading_from_elsewhere_is_taken_up(store, folder, name):
    film = store.films()[0].id
    write_reading(reading_of(observer="KN"), folder / name)
    assert store.latest_reading(film, "KN").version == 1
    assert store.work_list("KN")[0].state is ReadingState.CONFIRMED
    saved = save(store, "KN", 1.0, base_version=1, reason="wrong corner")
    assert read_reading(folder / name) == saved.reading
    assert [v.version for v in store.history(film, "KN")] == [1, 2]


def test_reading_changed_from_outside_is_a_version_of_its_own(store, folder):
    film = store.films()[0].id
    save(store, "KN")
    write_reading(reading_of(5.0, observer="KN"), folder / "a.film.reading.json")
    versions = store.history(film, "KN")
    assert [(v.version, v.reason) for v in versions] == [
        (1, ""),
        (2, "put beside the film from outside"),
    ]
    save(store, "KN", 1.0, base_version=2, reason="mine was right")
    again = store.history(film, "KN")
    assert [v.version for v in again] == [1, 2, 3]
    assert again[:2] == versions


def test_reading_of_nobody_belongs_to_who_reads(store, folder):
    write_reading(reading_of(), folder / "a.film.reading.json")
    assert store.latest_reading(store.films()[0].id, "KN").version == 1


def test_killed_between_history_and_film_is_mended(store, folder):
    save(store, "KN")
    old = (folder / "a.film.reading.json").read_bytes()
    last = save(store, "KN", 1.0, base_version=1, reason="r")
    (folder / "a.film.reading.json").write_bytes(old)
    assert store.latest_reading(last.film_id, "KN") == last
    save(store, "KN", 2.0, base_version=2, reason="r")
    assert [v.version for v in store.history(last.film_id, "KN")] == [1, 2, 3]


def test_reading_that_was_deleted_is_still_there(store, folder):
    saved = save(store, "KN")
    (folder / "a.film.reading.json").unlink()
    assert store.latest_reading(saved.film_id, "KN") == saved


def test_damaged_reading_beside_a_film_is_named(store, folder):
    (folder / "a.film.KN.reading.json").write_text("{")
    with pytest.raises(Exception, match=r"a\.film\.KN\.reading\.json") as caught:
        store.latest_reading(store.films()[0].id, "KN")
    assert type(caught.value).__name__ == "ReadingFormatError"
    assert len(store.work_list("LT")) == 2


def test_damaged_draft_is_put_aside_not_lost(store, folder):
    film = store.films()[0].id
    store.save_draft(film, "KN", {"a": 1}, etag=None)
    (draft,) = (folder / ".kyphometer" / "drafts").iterdir()
    draft.write_text('{"etag": "x", ')
    assert store.draft(film, "KN") is None
    store.save_draft(film, "KN", {"a": 2}, etag=None)
    assert store.draft(film, "KN").document == {"a": 2}
    kept = [p for p in draft.parent.iterdir() if p != draft]
    assert [p.read_text() for p in kept] == ['{"etag": "x", ']


def test_numbers_of_films_stay_and_tell_nothing(folder, store):
    again = FolderStore(folder, reader=TinyReader())
    assert [f.id for f in again.films()] == [f.id for f in store.films()]
    assert all(f.id > 1000 for f in store.films())


def test_one_film_can_be_the_store(folder):
    store = FolderStore(folder / "a.film", reader=TinyReader())
    assert [f.name for f in store.films()] == ["a.film"]


def test_what_is_no_film_is_named(folder):
    (folder / "x.film").write_text("no film")
    write_film(folder / "cine.film", "1.2.9", frames=20)
    store = FolderStore(folder, reader=TinyReader())
    assert {f.path.name for f in store.failed} == {"x.film", "cine.film"}
    assert len(store.films()) == 2
    with pytest.raises(StudyRefusedError, match="nothing at"):
        FolderStore(folder / "none")


def test_frames_have_readings_of_their_own(tmp_path):
    write_film(tmp_path / "cine.film", "1.2.9", frames=2)
    store = FolderStore(tmp_path, reader=TinyReader(), all_frames=True)
    for n, film in enumerate(store.films()):
        reading = reading_of(n, film=FilmReference(rows=40, columns=20, frame=film.frame))
        store.save_reading(reading, film.id, "KN", base_version=0)
    for n, film in enumerate(store.films()):
        (found,) = store.history(film.id)
        assert found.reading.film.frame == film.frame == n + 1
        assert found.reading.vertebrae == reading_of(n).vertebrae


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_folder_that_may_not_be_written_is_told(store, folder):
    folder.chmod(0o500)
    try:
        with pytest.raises(StudyFileError, match="cannot be read or written"):
            save(store, "KN")
    finally:
        folder.chmod(0o700)


def test_folder_whose_place_is_taken_is_told(store, folder):
    (folder / ".kyphometer").write_text("a file")
    with pytest.raises(StudyFileError, match="cannot be read or written"):
        save(store, "KN")


def test_history_keeps_who_when_and_why(store, folder):
    save(store, "KN")
    save(store, "KN", 1.0, base_version=1, reason="wrong level")
    path = folder / ".kyphometer" / "history" / "a.film.KN" / "0002.json"
    found = json.loads(path.read_text())
    assert found["format"] == "kyphometer-reading-version"
    assert (found["number"], found["reason"], found["saved_by"]) == (2, "wrong level", "KN")


def test_the_visit_is_the_time_point_of_the_header_and_scanning_is_told():
    told = []
    samples = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001"
    store = FolderStore(samples, progress=lambda done, total, path: told.append((done, total)))
    assert [film.visit for film in store.films()] == ["pre-op", "discharge", "1 month", "6 months"]
    total = told[0][1]
    assert told == [(done, total) for done in range(total + 1)]


def test_a_very_long_name_has_drafts_and_readings(tmp_path):
    name = "x" * 245 + ".film"
    write_film(tmp_path / name, "1.2.1")
    store = FolderStore(tmp_path, reader=TinyReader())
    (film,) = store.films()
    store.save_draft(film.id, "KN", {"a": 1}, etag=None)
    draft = store.draft(film.id, "KN")
    store.save_reading(reading_of(), film.id, "KN", base_version=0, draft_etag=draft.etag)
    (found,) = FolderStore(tmp_path, reader=TinyReader()).history(film.id)
    assert found.observer == "KN"
    assert [path.name for path in find_readings(tmp_path / name)] == [
        path.name for path in tmp_path.glob("*.reading.json")
    ]


@pytest.mark.parametrize("call", ["fsync", "flock"])
def test_a_drive_without_locks_or_synchronising_still_saves(tmp_path, monkeypatch, call):
    import fcntl

    def absent(*_):
        raise OSError(errno.EINVAL if call == "fsync" else errno.ENOLCK, "not on this drive")

    monkeypatch.setattr(os if call == "fsync" else fcntl, call, absent)
    write_film(tmp_path / "a.film", "1.2.1")
    store = FolderStore(tmp_path, reader=TinyReader())
    (film,) = store.films()
    store.save_draft(film.id, "KN", {"a": 1}, etag=None)
    assert store.draft(film.id, "KN") is not None


def test_a_failing_disk_is_told(tmp_path, monkeypatch):
    def failing(_):
        raise OSError(errno.EIO, "Input/output error")

    write_film(tmp_path / "a.film", "1.2.1")
    store = FolderStore(tmp_path, reader=TinyReader())
    (film,) = store.films()
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StudyFileError):
        store.save_draft(film.id, "KN", {"a": 1}, etag=None)
