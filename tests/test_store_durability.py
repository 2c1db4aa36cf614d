"""What was confirmed survives: killed programs, killed servers, full disks, many writers."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import event
from store_films import TinyReader, reading_of, write_film

from kyphometer.errors import StudyFileError, StudyFullError
from kyphometer.store import FolderStore, Study

HERE = Path(__file__).parent
WRITER = [sys.executable, str(HERE / "store_writer.py")]


@pytest.fixture(autouse=True)
def _python_path(monkeypatch):
    """The writer is a program of its own and finds package and helpers by this."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE), str(HERE.parent)]))


@pytest.fixture(params=["sqlite", "postgresql", "folder"])
def place(request, tmp_path):
    """Kind and target of a store with one film, for other processes."""
    write_film(tmp_path / "films" / "a.film", "1.2.1", seed=1)
    if request.param == "folder":
        return "folder", str(tmp_path / "films")
    target = tmp_path / "s.study"
    if request.param == "postgresql":
        target = request.getfixturevalue("postgres_server").new_database()
    with Study.create(target, reader=TinyReader(), actor="KN") as study:
        study.add_films(tmp_path / "films")
        study.add_observer("KN")
    return request.param, str(target)


def open_store(kind, target):
    if kind == "folder":
        return FolderStore(target, reader=TinyReader())
    return Study.open(target, reader=TinyReader(), actor="KN")


def run(*words, timeout=240):
    return subprocess.run(
        [*WRITER, *map(str, words)], capture_output=True, text=True, timeout=timeout, check=False
    )


def test_killed_many_times_loses_nothing_confirmed(place):
    rounds = {"sqlite": 30, "postgresql": 12, "folder": 20}[place[0]]
    done = run("killed", *place, rounds, 20261122)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["confirmed"] >= rounds


def test_killed_program_of_its_own_loses_nothing_confirmed(tmp_path):
    write_film(tmp_path / "a.film", "1.2.1")
    with Study.create(tmp_path / "s.study", reader=TinyReader()) as study:
        study.add_films(tmp_path / "a.film")
        study.add_observer("KN")
    rng = random.Random(5)
    confirmed = 0
    for _ in range(3):
        writer = subprocess.Popen(
            [*WRITER, "forever", "sqlite", str(tmp_path / "s.study")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with writer:
            first = writer.stdout.readline()
            assert first, writer.stderr.read()
            time.sleep(rng.uniform(0, 0.2))
            writer.send_signal(signal.SIGKILL)
            rest, _ = writer.communicate(timeout=30)
        confirmed = int((first + rest).splitlines()[-1])
        with Study.open(tmp_path / "s.study", reader=TinyReader()) as study:
            versions = [r.version for r in study.readings()]
            assert versions == list(range(1, len(versions) + 1))
            assert len(versions) >= confirmed
            assert study.check() == ()


def test_killed_server_loses_nothing_confirmed(postgres_server, tmp_path):
    write_film(tmp_path / "a.film", "1.2.1")
    url = postgres_server.new_database()
    with Study.create(url, reader=TinyReader()) as study:
        study.add_films(tmp_path / "a.film")
        study.add_observer("KN")
    for _ in range(2):
        writer = subprocess.Popen(
            [*WRITER, "forever", "postgresql", url],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with writer:
            first = writer.stdout.readline()
            assert first, writer.stderr.read()
            time.sleep(0.2)
            postgres_server.stop(signal.SIGQUIT)
            rest, said = writer.communicate(timeout=60)
            postgres_server.start()
        assert "does not answer" in said
        confirmed = int((first + rest).splitlines()[-1])
        with Study.open(url, reader=TinyReader()) as study:
            assert len(study.readings()) >= confirmed
            assert study.check() == ()


def test_an_open_study_goes_on_after_its_server_came_back(postgres_server, tmp_path):
    write_film(tmp_path / "a.film", "1.2.1")
    with Study.create(postgres_server.new_database(), reader=TinyReader()) as study:
        study.add_films(tmp_path / "a.film")
        postgres_server.stop(signal.SIGQUIT)
        with pytest.raises(StudyFileError, match="does not answer"):
            study.films()
        postgres_server.start()
        assert len(study.films()) == 1


def test_writers_at_once_never_overwrite(place):
    count, names = 12, ("one", "two", "three")
    writers = [
        subprocess.Popen(
            [*WRITER, "race", *place, name, str(count)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    outputs = [writer.communicate(timeout=240) for writer in writers]
    for writer, (_, said) in zip(writers, outputs, strict=True):
        assert writer.returncode == 0, said
    won = {result["name"]: result["won"] for result in map(json.loads, (o for o, _ in outputs))}
    store = open_store(*place)
    versions = store.history(store.films()[0].id, "KN")
    assert [v.version for v in versions] == list(range(1, len(names) * count + 1))
    for name, numbers in won.items():
        mine = [v.reading.comment for v in versions if v.version in numbers]
        assert mine == [f"{name} {n}" for n in range(count)]
    if place[0] != "folder":
        assert store.check() == ()
        store.close()


@pytest.mark.parametrize("kind", ["sqlite", "folder"])
def test_files_that_may_not_grow_are_told_and_lose_nothing(kind, tmp_path):
    write_film(tmp_path / "films" / "a.film", "1.2.1", seed=1)
    target = tmp_path / "films"
    if kind == "sqlite":
        target = tmp_path / "s.study"
        with Study.create(target, reader=TinyReader()) as study:
            study.add_films(tmp_path / "films")
            study.add_observer("KN")
    room = 60_000 if kind == "sqlite" else 1500
    done = run("full", kind, target, room)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    assert "full disk" in said["said"] or "cannot be read or written" in said["said"]
    store = open_store(kind, target)
    film = store.films()[0].id
    versions = store.history(film, "KN")
    assert [v.version for v in versions] == list(range(1, len(versions) + 1))
    assert len(versions) == said["confirmed"]
    store.save_reading(
        reading_of(), film, "KN", base_version=len(versions), reason="there is room again",
        draft_etag=getattr(store.draft(film, "KN"), "etag", None),
    )  # fmt: skip
    if kind == "sqlite":
        assert store.check() == ()
        store.close()


@pytest.mark.parametrize("kind", ["sqlite", "folder"])
def test_full_disk_is_told_and_loses_nothing(kind, tmp_path):
    mount = 'mount -t tmpfs -o size=1500k none "$0" && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", mount, tmp_path, *WRITER, "small", kind, tmp_path]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("a small disk cannot be mounted here")
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout)
    assert "full disk, so that nothing of this was saved" in said["said"]
    assert said["confirmed"] > 10
    assert said["after"] == said["confirmed"] + 1


def test_full_database_is_told_and_keeps_what_it_has(tmp_path):
    write_film(tmp_path / "a.film", "1.2.1")
    with Study.create(tmp_path / "s.study", reader=TinyReader()) as study:
        study.add_films(tmp_path / "a.film")
        study.add_observer("KN")
        film = study.films()[0].id
        study.save_reading(reading_of(), film, "KN", base_version=0)
        engine = study.database.engine
        engine.dispose()

        def no_room(connection, _record):
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")

        event.listen(engine, "connect", no_room)
        big = {"x": "y" * 100_000}
        with pytest.raises(StudyFullError, match="full disk, so that nothing of this was saved"):
            study.save_draft(film, "KN", big, etag=None, base_version=1)
        with pytest.raises(StudyFullError):
            study.save_reading(
                reading_of(1.0, comment="z" * 100_000), film, "KN", base_version=1, reason="r"
            )
        assert [r.version for r in study.history(film)] == [1]
        event.remove(engine, "connect", no_room)
        engine.dispose()
        study.save_reading(reading_of(1.0), film, "KN", base_version=1, reason="r")
        assert study.check() == ()


def test_saves_reach_the_disk_before_they_are_confirmed(tmp_path):
    with Study.create(tmp_path / "s.study") as study, study.database.write() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
    }


def test_a_reader_is_not_kept_waiting_by_a_writer(tmp_path):
    with Study.create(tmp_path / "s.study") as study, study.database.write() as connection:
        connection.exec_driver_sql("INSERT INTO patients (code) VALUES ('P1')")
        assert study.patients() == ()
