"""Proposals that wait: sorted and filtered by doubt, told in words, page and command line."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil

import pytest
from test_detect import SAMPLE
from test_web_blinded import plan, reader
from test_web_blinded import study as study  # a fixture
from waiting_proposals import leave_proposal, leave_refusal
from web_fakes import MemoryStore, film_record
from web_local import document, visitor

from kyphometer.cli import main
from kyphometer.web.reader.confirming import draft_reading

LIKELY = {"T12": 0.03, "L1": 0.05, "L2": 0.07}
ORDER = ["other", "torn", "one", "two", "low", "unsure", "good"]
"""The most doubtful first: refused, then by the largest doubt, then uncertain levels."""
PARTS = {
    "proposed": ["good", "low", "one", "two", "unsure"],
    "doubtful": ["one", "two", "unsure"],
    "refused": ["other", "torn"],
}


@pytest.fixture
def folder(tmp_path):
    """Films of any content: only their size and time count here."""
    for name in (*ORDER, "bare", "changed"):
        (tmp_path / f"{name}.dcm").write_bytes(name.encode())
    film = {name: tmp_path / f"{name}.dcm" for name in (*ORDER, "changed")}
    leave_proposal(film["good"], LIKELY, sure=True)
    leave_proposal(film["low"], LIKELY | {"L2": 0.0999}, sure=True)
    leave_proposal(film["one"], LIKELY | {"L2": 0.55}, sure=True)
    leave_proposal(film["two"], LIKELY | {"L1": 0.45, "L2": 0.1}, sure=True)
    leave_proposal(film["unsure"], LIKELY, sure=False)
    leave_refusal(film["torn"], bodies=None)
    leave_refusal(film["other"], bodies=2)
    leave_proposal(film["changed"], LIKELY, sure=True)
    film["changed"].write_bytes(b"another film under the same name")
    return tmp_path


def told(capsys, *words):
    assert main(["waiting", *words, "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def names(rows):
    return [row["film"].removesuffix(".dcm") for row in rows]


def test_the_command_sorts_by_doubt_and_filters(folder, capsys):
    rows = told(capsys, str(folder))
    assert set(names(rows)[:2]) == {"other", "torn"}
    assert names(rows)[2:] == ORDER[2:]
    assert names(told(capsys, str(folder), "--order", "certain"))[:5] == ORDER[:1:-1]
    for part, films in PARTS.items():
        assert names(told(capsys, str(folder), "--only", part, "--order", "name")) == films
    known = {row["film"]: row for row in rows}
    assert known["two.dcm"]["doubtful"] == ["L1", "L2"]
    assert known["one.dcm"]["largest_doubt"] == pytest.approx(0.55)
    assert known["other.dcm"]["other"]
    assert not known["torn.dcm"]["other"]
    assert known["torn.dcm"]["reason"] == "The file is torn."


def test_doubt_is_told_in_both_languages(folder, capsys):
    assert main(["waiting", str(folder)]) == 0
    english = capsys.readouterr().out
    assert "T12 to L2 proposed (3 bodies), levels certain; doubtful: L1, L2" in english
    assert re.search(r"one\.dcm +55 %  T12 to L2 proposed", english)
    assert re.search(r"torn\.dcm +The file is torn", english)
    assert "This does not look like a lateral film of a spine: no more than 2" in english
    assert main(["--language", "vi", "waiting", str(folder)]) == 0
    vietnamese = capsys.readouterr().out
    assert "đề xuất T12 đến L2 (3 thân đốt), mức đốt chưa chắc" in vietnamese
    assert "In the watcher's words" not in english + vietnamese
    assert main(["waiting", str(folder), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert next(row for row in rows if row["film"] == "two.dcm")["doubtful"] == "L1 L2"


def test_read_films_and_folders_that_are_none(folder, capsys):
    (folder / "good.reading.json").write_text("{}")
    assert "good" not in names(told(capsys, str(folder)))
    assert main(["waiting", str(folder / "nowhere")]) == 2


# --------------------------------------------------------------------------------- the work list


def listed(client, **asked):
    return client.get("/api/worklist", params=asked).json()


def labels(client, **asked):
    return [item["label"].removesuffix(".dcm") for item in listed(client, **asked)["items"]]


@pytest.fixture
def store(folder):
    films = sorted([*ORDER, "bare", "changed"])
    return MemoryStore([film_record(n, folder / f"{f}.dcm") for n, f in enumerate(films, 1)])


def test_the_work_list_sorts_and_filters_by_doubt(store):
    client = visitor(store)
    assert listed(client)["waiting"]
    first = labels(client, sort="doubt")
    assert set(first[:2]) == {"other", "torn"}
    assert first[2:] == [*ORDER[2:], "bare", "changed"]
    assert labels(client, sort="certain")[:5] == ORDER[:1:-1]
    assert labels(client, sort="doubt", offset=2, limit=2) == ["one", "two"]
    for part, films in PARTS.items():
        assert labels(client, status=part) == films
        assert listed(client, status=part)["total"] == len(films)
    lines = {item["label"]: item["waiting"] for item in listed(client)["items"]}
    assert lines["bare.dcm"] is None
    assert lines["changed.dcm"] is None
    assert lines["two.dcm"] == {
        "levels": ["T12", "L1", "L2"],
        "doubtful": ["L1", "L2"],
        "largest": pytest.approx(0.45),
        "sure": True,
        "reason": "",
        "other": False,
    }
    vietnamese = client.get("/api/worklist", headers={"Accept-Language": "vi"}).json()["items"]
    reasons = {item["label"]: item["waiting"] and item["waiting"]["reason"] for item in vietnamese}
    assert reasons["other.dcm"].startswith("Đây không giống") or "nghiêng" in reasons["other.dcm"]


def test_nothing_waits_once_the_film_is_read(store):
    client = visitor(store)
    film = next(f for f in store.films() if f.name == "two.dcm")
    store.save_reading(draft_reading(document(), film.reference), film.id, "KN", base_version=0)
    assert "two" not in labels(visitor(store), status="proposed")
    assert "two" in labels(client, status="read")


def test_a_list_without_proposals_says_so(tmp_path):
    film = tmp_path / "a.dcm"
    film.write_bytes(b"x")
    told = listed(visitor(MemoryStore([film_record(1, film)])))
    assert not told["waiting"]
    assert told["items"][0]["waiting"] is None


def test_a_blinded_list_knows_nothing_of_proposals(study):
    """The order of a session is its plan's, and a film's doubt could tell which film it is."""
    for film in study.films():
        leave_proposal(film.path, LIKELY | {"L2": 0.69}, sure=False)
    plan(study)
    client = reader(study)
    plain = listed(client)
    assert not plain["waiting"]
    assert all(item["waiting"] is None for item in plain["items"])
    for sort in ("doubt", "certain", "patient"):
        assert listed(client, sort=sort)["items"] == plain["items"]
    for part in PARTS:
        assert listed(client, status=part)["items"] == []


def test_batch_leaves_proposals_where_it_is_told_to(tmp_path, capsys):
    folder = tmp_path / "films"
    folder.mkdir()
    shutil.copy(SAMPLE, folder / "F01.dcm")
    (folder / "torn.dcm").write_bytes((folder / "F01.dcm").read_bytes()[:3000])
    words = ["batch", str(folder), "--auto", "--out", str(tmp_path / "all.csv"), "--workers", "1"]
    main(words)
    assert told_after(capsys, folder) == []
    main([*words, "--leave"])
    rows = told_after(capsys, folder)
    assert {row["film"]: bool(row["reason"]) for row in rows} == {
        "F01.dcm": False,
        "torn.dcm": True,
    }
    assert main([*words[:2], "--leave"]) == 2


def told_after(capsys, folder):
    capsys.readouterr()
    return told(capsys, str(folder))
