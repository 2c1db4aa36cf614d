"""`kyphometer` alone: a start for somebody who names nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from web_films import write_films
from web_process import running

from kyphometer.cli.start import remember, usual_target


def _home(folder: Path) -> dict[str, str]:
    return {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "BROWSER": "true"}


def test_alone_it_opens_a_study_among_the_documents_and_then_what_was_opened_last(tmp_path):
    (tmp_path / "Documents").mkdir()
    with running(**_home(tmp_path)) as server, server.client() as client:
        assert client.get("/api/worklist").json()["total"] == 0
        assert client.get("/api/config").json()["incoming"] is True
    study = tmp_path / "Documents" / "Kyphometer" / "Kyphometer.sqlite"
    assert sqlite3.connect(study).execute("SELECT name FROM study").fetchone() == ("Kyphometer",)
    films = tmp_path / "films"
    films.mkdir()
    write_films(films, 2)
    with running("annotate", films, "--no-browser", **_home(tmp_path)):
        pass
    with running(**_home(tmp_path)) as server, server.client() as client:
        assert client.get("/api/worklist").json()["total"] == 2


def test_what_is_gone_or_has_a_password_is_not_opened_again(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    own = str(tmp_path / "Kyphometer" / "Kyphometer.sqlite")
    assert usual_target() == own
    remember("postgresql://me:secret@host/database")
    assert "secret" not in "".join(p.read_text() for p in tmp_path.rglob("last-opened"))
    films = tmp_path / "films"
    films.mkdir()
    remember(str(films))
    assert usual_target() == str(films)
    films.rmdir()
    assert usual_target() == own
