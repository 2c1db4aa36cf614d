"""Every command over 60 hostile entries and 3 good films: the 3 are measured, the others named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import hostile_folder
import pytest

from kyphometer.cli import main
from kyphometer.store import FolderStore, Study

BARE = {"pre-op.reading.json", "discharge.reading.json", "1-month.reading.json"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made, others = hostile_folder.make(tmp_path_factory.mktemp("h") / "folder")
    assert others >= 60
    return made


def unnamed(folder: Path, told: str) -> list[str]:
    """Entries of the folder that no sentence names."""
    names = {
        os.fsencode(entry.name).decode("utf-8", "backslashreplace") for entry in os.scandir(folder)
    }
    good = BARE | {f"{name}.dcm" for name in hostile_folder.GOOD} | {".kyphometer"}
    return sorted(name for name in names - good if name not in told)


def run(*words: object) -> tuple[int, str, str]:
    """A command in a process of its own, with what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "kyphometer", *map(str, words)],
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    out, told = done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "backslashreplace")
    assert "Traceback" not in told
    return done.returncode, out, told


def test_batch_measures_the_three(folder):
    status, out, told = run("batch", folder, "--format", "json")
    assert status == 1
    names = {Path(item["film"]["path"]).stem for item in json.loads(out)}
    assert names == set(hostile_folder.GOOD)
    assert unnamed(folder, told) == []


def test_info_tells_of_the_three(folder):
    status, out, told = run("info", folder, "--format", "json")
    assert status == 1
    names = {Path(item["path"]).stem for item in json.loads(out)}
    assert set(hostile_folder.GOOD) <= names
    assert not unnamed(folder, told + out)


def test_a_study_takes_up_and_measures_the_three(folder, tmp_path):
    study = tmp_path / "s.study"
    assert run("study", "new", study, "--name", "h")[0] == 0
    status, out, told = run("study", "add", study, folder, "--format", "json")
    assert status == 1
    facts = json.loads(out)
    assert facts["added"] == 3
    assert unnamed(folder, told) == []
    passed = " ".join(item["path"] for item in facts["passed_over"])
    for name in ("fifo.dcm", "README", "object-1", "self.dcm", "bomb.zip", "up"):
        assert name in passed
    assert run("study", "import-readings", study, folder)[0] == 0
    _, out, _ = run("study", "measurements", study, "--codes", "VKA", "--format", "json")
    assert len(json.loads(out)) == 3


def test_a_copy_without_identity_holds_the_three(folder, tmp_path):
    status, out, told = run("deidentify", folder, tmp_path / "copy")
    assert status == 1
    films = list((tmp_path / "copy" / "films").rglob("*.dcm"))
    assert len(films) == len(list((tmp_path / "copy" / "films").rglob("*.reading.json"))) == 3
    assert unnamed(folder, out + told) == []


def test_the_annotator_lists_the_three(folder):
    store = FolderStore(folder)
    names = {film.name for film in store.films()}
    assert {f"{name}.dcm" for name in hostile_folder.GOOD} <= names
    told = " ".join(str(item.path) for item in (*store.failed, *store.passed_over))
    assert unnamed(folder, told + " ".join(names)) == []


ALONE = """
import contextlib, io, json, os, signal, sys, time
from kyphometer.cli import main

folder, words = sys.argv[1], json.loads(sys.argv[2])
for name in sorted(os.listdir(os.fsencode(folder))):
    path = os.fsdecode(os.path.join(os.fsencode(folder), name))
    out, told, begun = io.StringIO(), io.StringIO(), time.process_time()
    signal.alarm(60)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(told):
        try:
            status = main([word.replace("ENTRY", path) for word in words])
        except SystemExit as ended:
            status = ended.code
    signal.alarm(0)
    facts = [repr(name), status, told.getvalue(), time.process_time() - begun]
    print(json.dumps(facts), flush=True)
"""


@pytest.mark.parametrize(
    "words",
    [
        ("info", "ENTRY"),
        ("measure", "ENTRY", "READING"),
        ("measure", "FILM", "ENTRY"),
        ("refine", "ENTRY", "READING"),
        ("detect", "ENTRY"),
        ("carry-over", "ENTRY", "FILM", "--reading", "READING"),
        ("carry-over", "FILM", "ENTRY", "--reading", "READING"),
        ("export", "ENTRY", "READING", "--as", "coco", "--out", "OUT"),
        ("import-marks", "ENTRY", "FILM"),
        ("batch", "ENTRY"),
        ("study", "import-readings", "STUDY", "ENTRY"),
        ("study", "import-clinical", "STUDY", "ENTRY"),
        ("study", "import-angles", "STUDY", "ENTRY"),
        ("reliability", "ENTRY"),
    ],
    ids=" ".join,
)
def test_every_command_has_a_sentence_for_every_entry(folder, tmp_path, words):
    """One entry at a time; the pre-operative film and its reading are the good ones."""
    study = tmp_path / "s.study"
    assert main(["study", "new", str(study), "--name", "h"]) == 0
    known = {
        "FILM": folder / "pre-op.dcm",
        "READING": folder / "pre-op.reading.json",
        "STUDY": study,
        "OUT": tmp_path / "out.json",
    }
    asked = [str(known.get(word, word)) for word in words]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(folder), json.dumps(asked)],
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode("utf-8", "backslashreplace")[-2000:]
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(list(folder.iterdir()))
    tables = words[0] == "reliability" or words[1] in ("import-clinical", "import-angles")
    assert tables or any(status in (0, 1) for _, status, _, _ in told)
    for name, status, text, _ in told:
        assert "Traceback" not in text, (name, text)
        assert status == 0 or text.strip().endswith((".", ")")), (name, status, text)
    assert max(seconds for *_, seconds in told) < 20


def test_films_that_arrive_later_appear(tmp_path):
    (tmp_path / "a").mkdir()
    whole = (hostile_folder.SAMPLES / "pre-op.dcm").read_bytes()
    (tmp_path / "a" / "one.dcm").write_bytes(whole)
    store = FolderStore(tmp_path / "a")
    (tmp_path / "a" / "two.dcm").write_bytes(whole[:700])
    assert [film.name for film in store.films()] == ["one.dcm"]
    assert [item.path.name for item in store.failed] == ["two.dcm"]
    (tmp_path / "a" / "two.dcm").write_bytes(whole)
    assert [film.name for film in store.films()] == ["one.dcm", "two.dcm"]
    assert store.failed == ()


def test_an_archive_is_opened_like_a_folder(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "from-pacs.zip", "w") as archive:
        for name in hostile_folder.GOOD:
            archive.write(hostile_folder.SAMPLES / f"{name}.dcm", f"SIM-001/{name}.dcm")
            (reading,) = list(hostile_folder.SAMPLES.glob(f"{name}*.reading.json"))[:1]
            archive.write(reading, f"SIM-001/{name}.reading.json")
    assert main(["batch", str(tmp_path / "from-pacs.zip"), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3
    with Study.create(tmp_path / "s.study") as study:
        assert len(study.add_films(tmp_path).added) == 3
        assert study.add_films(tmp_path).known == 3
        assert all(study.film_path(film.id).is_file() for film in study.films())


def test_a_dicomdir_is_opened_like_a_folder(tmp_path, capsys):
    from pydicom.fileset import FileSet

    disc = FileSet()
    for name in hostile_folder.GOOD:
        disc.add(hostile_folder.SAMPLES / f"{name}.dcm")
    disc.write(tmp_path / "disc")
    disc._stage["t"].cleanup()  # pydicom leaves it to the garbage collector, which warns
    lost = sorted(path for path in (tmp_path / "disc").rglob("*") if path.is_file())[-1]
    assert main(["info", str(tmp_path / "disc" / "DICOMDIR"), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3
    lost.unlink()
    main(["info", str(tmp_path / "disc" / "DICOMDIR"), "--format", "json"])
    caught = capsys.readouterr()
    assert len(json.loads(caught.out)) == 2
    assert "it is not there" in caught.err
