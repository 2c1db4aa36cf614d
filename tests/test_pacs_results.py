"""Results are made and sent anew only where something that they are made from has changed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from interop_films import small
from pacs_films import destinations

from kyphometer.cli import main
from kyphometer.interop import recipe as recipes
from kyphometer.interop.network.archive import Outgoing
from kyphometer.interop.network.destinations import the_destination
from kyphometer.interop.network.journal import Journal
from kyphometer.interop.network.known import Known
from kyphometer.interop.network.listen import Listening, listening
from kyphometer.interop.network.send import journal_path
from kyphometer.interop.objects import make
from kyphometer.interop.read_file import ReadFile
from kyphometer.interop.recipe import recipe_of
from kyphometer.messages import speaking
from kyphometer.reading.document import write_reading

pytest.importorskip("pynetdicom")
pytest.importorskip("highdicom")
PARTS = ("sr", "sc", "pdf")


@pytest.fixture
def films(tmp_path):
    """A folder of a film with its reading."""
    folder = tmp_path / "films"
    folder.mkdir()
    add_film(folder, "one.dcm")
    return folder


def add_film(folder, name):
    path, reading = small(folder, name=name)
    write_reading(reading, path.with_suffix(".reading.json"))


@pytest.fixture
def pacs(tmp_path, monkeypatch, capsys, films):
    """Send results to a listener of ours: what was said, and how many parts were made."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = []
    objects = make.objects_for

    def counted(film, reading, kinds, **more):
        made.extend(kinds)
        return objects(film, reading, kinds, **more)

    monkeypatch.setattr("kyphometer.interop.export.objects_for", counted)
    how = Listening(host="127.0.0.1", port=0)
    with listening(tmp_path / "archive", how) as port:
        table = {"kind": "dimse", "host": "127.0.0.1", "port": port, "called_ae": "KYPHOMETER"}
        file = destinations(tmp_path / "d.toml", there=table)

        def send(*words):
            made.clear()
            capsys.readouterr()
            command = ["pacs", "send", "there", str(films), "--results", *words]
            status = main([*command, "--destinations", str(file), "--format", "json"])
            out, err = capsys.readouterr()
            assert status == 0, err
            said = json.loads(out)
            return said["sent"], said["known"], len(made)

        send.journal = journal_path(the_destination("there", file))
        yield send


def test_what_was_sent_is_neither_made_nor_sent_again(pacs, films):
    add_film(films, "two.dcm")
    assert pacs() == (6, 0, 6)
    assert pacs() == (0, 6, 0)
    own = films / "two.reading.json"
    document = json.loads(own.read_text("utf-8"))
    own.write_text(json.dumps(document | {"comment": "looked at again"}), "utf-8")
    assert pacs() == (3, 3, 3)
    assert pacs() == (0, 6, 0)


def test_a_new_version_of_the_software_makes_results_anew(pacs, monkeypatch):
    assert pacs() == (3, 0, 3)
    assert pacs("--again") == (3, 0, 3)
    monkeypatch.setattr(recipes, "__version__", "99.0")
    assert pacs() == (0, 3, 3)  # they turned out the same: nothing goes out
    assert pacs() == (0, 3, 0)


def test_what_was_sent_before_there_were_recipes_is_made_once_more(pacs):
    assert pacs() == (3, 0, 3)
    lines = [json.loads(line) for line in pacs.journal.read_text("utf-8").splitlines()]
    assert all(line.pop("recipe") for line in lines)
    pacs.journal.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert pacs() == (0, 3, 3)
    assert pacs() == (0, 3, 0)


def test_every_ingredient_counts(tmp_path, monkeypatch):
    path, reading = small(tmp_path)
    item = ReadFile(path=path, reading=reading, name="film")
    same = ReadFile(path=path, reading=reading, name="called otherwise")
    assert recipe_of(item, "sr") == recipe_of(same, "sr")
    moved = replace(reading, comment="looked at again")
    others = [
        replace(item, reading=moved),
        replace(item, earlier=(moved,)),
        replace(item, reason="a slip"),
        replace(item, visit="6 months"),
        replace(item, visit=""),
        replace(item, frame=1),
        replace(item, spacing_mm=(0.1, 0.1)),
        replace(item, corner_sd_mm=0.5),
    ]
    found = {recipe_of(one, "sr") for one in (item, *others)}
    assert len(found) == 1 + len(others)
    found |= {recipe_of(item, part) for part in PARTS}
    with speaking("vi"):
        found.add(recipe_of(item, "sr"))
    with path.open("ab") as stream:
        stream.write(b"\0\0")
    found.add(recipe_of(replace(item), "sr"))
    for name, value in (("__version__", "99"), ("LAYOUT", "99"), ("_versions", lambda: ("99",))):
        with monkeypatch.context() as patch:
            patch.setattr(recipes, name, value)
            found.add(recipe_of(item, "sr"))
    assert len(found) == 1 + len(others) + 2 + 1 + 1 + 3


def test_what_an_archive_does_not_promise_to_keep_is_made_again(tmp_path):
    item = Outgoing(path=tmp_path, sop_instance_uid="1.2", sop_class_uid="1.3",
                    transfer_syntax_uid="1.4", size=1, sha256="ab", recipe="r")  # fmt: skip
    with Journal(tmp_path / "journal") as journal:
        known = Known(journal)
        known.confirm(item)
        assert known.has(item)
        assert known.has_made("r")
        known.lose(item)
        assert not known.has_made("r")
    with Journal(tmp_path / "journal") as journal:
        known = Known(journal)
        assert not known.has(item)
        assert not known.has_made("r")
        assert not known.has_made("another")
