"""Quality assurance over HTTP: who may, what is planned, what stays hidden, what comes out."""

from __future__ import annotations

import csv
import io

import pytest
from quality_study import PASSWORD, make_study
from web_described import SEEN
from web_local import Client, document

from kyphometer.store.study.study import Study
from kyphometer.web.routes.every import description
from kyphometer.web.server.department import department_app
from kyphometer.web.server.settings import Mode, WebSettings
from kyphometer.workflow.reliability import session_records


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    return make_study(tmp_path_factory.mktemp("quality"))


@pytest.fixture(scope="module")
def study(target):
    with Study.open(target, actor="owner") as opened:
        yield opened


@pytest.fixture(scope="module")
def app(study):
    made = department_app(study, WebSettings(mode=Mode.DEPARTMENT, port=8000))
    yield made
    made.state.services.quality.close()


@pytest.fixture(scope="module")
def signed_in(app):
    """Clients by account, each signed in once: a password takes its time."""
    known = {}

    def client(name):
        if name not in known:
            made = Client(app)
            made.headers["X-Kyphometer-CSRF"] = "login"
            answer = made.post("/api/login", json={"name": name, "password": PASSWORD})
            made.headers["X-Kyphometer-CSRF"] = answer.json()["csrf"]
            known[name] = made
        return known[name]

    return client


def row(client, code):
    found = client.get("/api/sessions").json()["sessions"]
    return next(item for item in found if item["code"] == code)


def test_observers_and_those_who_read_blinded_learn_nothing(signed_in):
    for path in ("/api/sessions", "/api/sessions/done/report/page", "/api/session-choices"):
        assert signed_in("ann").get(path).status_code == 403
    assert signed_in("quinn").get("/api/session-choices").status_code == 403
    for path in ("/api/sessions/done/lock", "/api/sessions/done/reopen", "/api/sessions"):
        assert signed_in("quinn").post(path, json={"reason": "x"}).status_code == 403


def test_progress_tells_no_value_and_an_open_session_has_no_report(signed_in):
    client = signed_in("quinn")
    found = row(client, "done")
    assert (found["locked"], found["may_be_seen"]) == (False, False)
    assert {r["observer"] for r in found["readers"]} == {"AA", "BB"}
    for reader in found["readers"]:
        assert [(r["round"], r["read"], r["total"]) for r in reader["rounds"]] == [
            (1, 8, 8),
            (2, 8, 8),
        ]
    for kind in ("page", "html", "pdf", "docx", "xlsx", "csv"):
        answer = client.get(f"/api/sessions/done/report/{kind}")
        assert (answer.status_code, answer.json()["kind"]) == (409, "StudyRefusedError")


def test_a_session_is_planned_by_the_owner_and_the_plan_is_checked(signed_in, study):
    olga = signed_in("olga")
    choices = olga.get("/api/session-choices").json()
    assert choices["patients"] == [f"P{n}" for n in range(6)]
    assert choices["films"] == 6
    body = {"code": "next", "observers": ["AA", "CC"], "rounds": 1, "patients": ["P1", "P2"]}
    planned = olga.post("/api/sessions", json=body)
    assert planned.status_code == 201
    assert planned.json()["showings"] == 6  # 2 films and 1 duplicate, 2 observers
    assert {study.film(i.film_id).patient for i in study.sessions.items("next")} == {"P1", "P2"}
    assert study.sessions.get("next").created_by == "olga"
    for change in (
        {"code": "next"},
        {"code": "a b"},
        {"code": "x", "observers": []},
        {"code": "x", "rounds": 0},
        {"code": "x", "duplicates": "many"},
        {"code": "x", "unknown": 1},
        {"code": "x", "patients": ["nobody"]},
        {"code": "x", "films": 7},
    ):
        answer = olga.post("/api/sessions", json={**body, **change})
        assert answer.status_code in (400, 409, 422), change
        assert answer.json()["error"].endswith(".")
    assert len(study.sessions.list()) == 2


def test_every_operation_answers_as_it_is_described(signed_in):
    """The client holds each answer to the description; carrying over has tests of its own."""
    olga = signed_in("olga")
    marks, film = {"document": document()}, "/api/films/1"
    for path in ("config", "health", "openapi.json", "worklist?sort=date", "progress", "users"):
        assert olga.get(f"/api/{path}").status_code == 200
    for path in ("sign-ins", "sessions", "session-choices", "films/1", "films/1/readings"):
        assert olga.get(f"/api/{path}").status_code == 200
    etag = olga.put(f"{film}/draft", json={**marks, "base": None}).json()["etag"]
    assert olga.request("DELETE", f"{film}/draft", json={"base": etag}).status_code == 200
    for path, body in (("measure", marks), ("visits", {}), ("reading", {**marks, "log": {}})):
        assert olga.post(f"{film}/{path}", json=body).status_code == 200
    targets = {**marks, "targets": [{"level": "L1"}]}
    assert olga.post(f"{film}/assist", json=targets).status_code == 200
    for path in ("document", "pixels", "thumbnail", "picture.png", "page.pdf", "page.png"):
        assert olga.get(f"{film}/{path}").status_code == 200
    assert olga.get(f"{film}/measurements.csv").status_code == 200
    assert olga.post("/api/planning/icc", json={"expected": 0.9, "null": 0.7}).status_code == 200
    limits = {"tolerance": 5, "standard_error": 1.5}
    assert olga.post("/api/planning/limits", json=limits).status_code == 200
    assert olga.post("/api/users", json={"name": "new", "role": "qa"}).status_code == 201
    assert olga.request("PATCH", "/api/users/new", json={"active": False}).status_code == 200
    asked = {name for name, status in SEEN if status in ("200", "201")}
    here = {"login", "plan_session", "lock_session", "reopen_session", "session_report"}
    elsewhere = {
        *("logout", "password", "carry_over", "session_certificate"),
        *("sending", "send"),  # need a destination: test_web_page_sending.py
        "hand_in",  # test_web_incoming.py
        "lines",  # test_known_size.py
        "proposal",  # test_web_page_proposal.py
        "consensus",  # test_consensus.py
        "ways",  # test_web_identity.py
        *("find", "fetch", "fetching"),  # need an archive: test_web_page_fetching.py
    }
    described = {
        one["operationId"] for item in description()["paths"].values() for one in item.values()
    }
    assert described - asked <= here | elsewhere


def test_a_locked_session_gives_its_report_in_every_form_and_can_be_opened_again(signed_in, study):
    olga, quinn = signed_in("olga"), signed_in("quinn")
    locked = olga.post("/api/sessions/done/lock", json={"reason": "all read"})
    assert (locked.status_code, locked.json()["may_be_seen"]) == (200, True)
    page = quinn.get("/api/sessions/done/report/page").json()
    headings = [b["text"] for b in page["blocks"] if b["kind"] == "heading"]
    assert {"Precision", "Intraclass correlation", "Agreement", "Observers"} <= set(headings)
    figures = [b for b in page["blocks"] if b["kind"] == "figure"]
    assert any("Bland" in b["text"] or "agreement" in b["text"].lower() for b in figures)
    assert all(b["png"] and b["note"] for b in figures)
    for block in page["blocks"]:
        assert all(len(cells) == len(block["columns"]) for cells in block["rows"])
    begins = {"html": b"<!doctype html>", "pdf": b"%PDF", "docx": b"PK", "xlsx": b"PK"}
    for kind, first in begins.items():
        answer = quinn.get(f"/api/sessions/done/report/{kind}")
        assert answer.content.startswith(first)
        assert f'filename="done-report.{kind}"' in answer.headers["content-disposition"]
    told = list(csv.DictReader(io.StringIO(quinn.get("/api/sessions/done/report/csv").text)))
    own = session_records(study, "done")
    assert len(told) == len(own) > 0
    for mine, theirs in zip(own, told, strict=True):
        assert (mine["film"], mine["observer"], mine["item"]) == (
            theirs["film"], theirs["observer"], theirs["item"],
        )  # fmt: skip
        assert theirs["value"] == ("" if mine["value"] is None else str(mine["value"]))
    assert quinn.get("/api/sessions/done/report/exe").status_code == 404
    assert quinn.get("/api/sessions/nothing/report/page").status_code == 404
    assert quinn.get("/api/sessions/done/certificate/page").status_code == 404  # no key here

    assert olga.post("/api/sessions/done/reopen", json={"reason": " "}).status_code == 409
    opened = olga.post("/api/sessions/done/reopen", json={"reason": "a film was missed"})
    assert opened.json()["may_be_seen"] is False
    assert quinn.get("/api/sessions/done/report/page").status_code == 409
    code = study.sessions.items("done")[0].code
    body = {"reason": "wrong level", "item": code}
    assert olga.post("/api/sessions/done/reopen", json=body).status_code == 200
    assert study.sessions.items("done")[0].locked_at is None
    body["item"] = "NOSUCH"
    assert olga.post("/api/sessions/done/reopen", json=body).status_code == 404
