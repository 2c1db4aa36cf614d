"""Films that are handed in: the store's rules and sentences, nothing overwritten or by halves."""

from __future__ import annotations

import io
import uuid
import zipfile
from pathlib import Path

import pytest
from web_films import write_films
from web_local import visitor

from kyphometer.store.folder.folder import FolderStore
from kyphometer.store.study.study import Study


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("made")
    write_films(folder, 3)
    return [path.read_bytes() for path in sorted(folder.glob("*.dcm"))]


@pytest.fixture(params=["folder", "study"])
def store(request, tmp_path):
    if request.param == "folder":
        yield FolderStore(tmp_path)
        return
    with Study.create(tmp_path / "study.sqlite") as study:
        yield study


def hand_in(client, name: str, data: bytes, part: int = 1 << 20, **changed):
    upload, at, answer = uuid.uuid4().hex, 0, None
    while answer is None or at < len(data):
        piece = data[at : at + part]
        query = {"upload": upload, "name": name, "at": at, "size": len(data), **changed}
        answer = client.put(
            "/api/incoming",
            params=query,
            content=piece,
            headers={"Content-Type": "application/octet-stream"},
        )
        assert answer.status_code == 200, answer.text
        at += max(len(piece), 1)
    return answer.json()


def labels(client) -> list[str]:
    return sorted(item["label"] for item in client.get("/api/worklist").json()["items"])


def files_in(folder: Path) -> list[str]:
    return sorted(
        path.name
        for path in folder.rglob("*")
        if path.is_file() and "sqlite" not in path.name and ".kyphometer" not in path.parts
    )


def test_a_film_in_parts_is_in_the_work_list_at_once_and_only_once(store, films, tmp_path):
    client = visitor(store)
    assert client.get("/api/config").json()["incoming"] is True
    told = hand_in(client, "visit one/a.dcm", films[0], part=100_000)
    assert (told["done"], told["added"], told["refused"]) == (True, 1, [])
    assert labels(client) == ["a.dcm"]
    kept = next(tmp_path.rglob("a.dcm"))
    assert kept.read_bytes() == films[0]
    assert kept.parent.name == "visit one"
    again = hand_in(client, "visit one/a.dcm", films[0])
    assert (again["added"], again["known"]) == (0, 1)
    other = hand_in(client, "visit one/a.dcm", films[1])
    assert other["added"] == 1
    assert kept.read_bytes() == films[0], "another film of that name does not overwrite it"
    assert len(labels(client)) == 2


def test_an_archive_gives_its_films_and_says_what_is_none(store, films, tmp_path):
    client = visitor(store)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("p/one.dcm", films[0])
        archive.writestr("p/two.dcm", films[2])
        archive.writestr("../out.dcm", films[1])
        archive.writestr("p/broken.dcm", b"no film at all" * 40)
    told = hand_in(client, "all.zip", packed.getvalue())
    assert told["added"] == 2
    assert sorted(one["name"] for one in told["refused"]) == ["broken.dcm", "out.dcm"]
    assert labels(client) == ["one.dcm", "two.dcm"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("notes.txt", b"hello", "no film"),
        (".hidden.dcm", b"DICM", "no film"),
        ("../up.dcm", b"DICM", "out of the folder"),
        ("C:\\x.dcm", b"DICM", "out of the folder"),
        ("empty.dcm", b"", "empty"),
        ("junk.dcm", b"not a film at all" * 50, ""),
        ("torn.zip", b"PK\x03\x04 torn", "archive"),
    ],
)
def test_what_is_no_film_is_told_with_its_reason_and_not_kept(store, tmp_path, name, data, words):
    client = visitor(store)
    told = hand_in(client, name, data)
    assert (told["done"], told["added"]) == (True, 0)
    [refused] = told["refused"]
    assert words in refused["sentence"]
    assert files_in(tmp_path) == []
    assert list((tmp_path.parent).glob("up.dcm")) == []


def test_a_part_that_does_not_follow_is_refused_and_nothing_is_taken_up(store, films):
    client = visitor(store)
    query = {"upload": "0" * 32, "name": "a.dcm", "at": 0, "size": len(films[0])}
    first = client.put("/api/incoming", params=query, content=films[0][:1000])
    assert first.json()["done"] is False
    for at in (999, 1001, 500):
        answer = client.put("/api/incoming", params={**query, "at": at}, content=b"x" * 10)
        assert answer.status_code == 400
        assert "beginning" in answer.json()["error"]
    assert labels(client) == []


def test_a_film_that_was_opened_alone_takes_no_others(films, tmp_path):
    path = tmp_path / "one.dcm"
    path.write_bytes(films[0])
    client = visitor(FolderStore(path))
    assert client.get("/api/config").json()["incoming"] is False
    query = {"upload": "1" * 32, "name": "a.dcm", "at": 0, "size": 3}
    assert client.put("/api/incoming", params=query, content=b"abc").status_code == 403


def test_films_come_to_lie_in_one_place_however_they_arrive(films, tmp_path):
    """Beside the study under its name; in a folder `films` that is there before it."""
    with Study.create(tmp_path / "a.sqlite") as study:
        assert study.films_folder() == tmp_path / "a films"
        hand_in(visitor(study), "a.dcm", films[0])
        assert (tmp_path / "a films" / "a.dcm").is_file()
        (tmp_path / "films").mkdir()
        assert study.films_folder() == tmp_path / "a films"
    with Study.create(tmp_path / "b.sqlite") as study:
        assert study.films_folder() == tmp_path / "films"
        hand_in(visitor(study), "b.dcm", films[1])
        assert (tmp_path / "films" / "b.dcm").is_file()
        assert len(study.films()) == 1
