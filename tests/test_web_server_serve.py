"""`kyphometer serve` as a department runs it: a study, accounts, TLS, several people at once."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
from web_films import write_films
from web_local import document
from web_process import running

from kyphometer.cli import main
from kyphometer.store.study.study import Study
from kyphometer.web.access.passwords import hashed

PASSWORD = "correct horse battery"
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    files = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*command, *files, *names], check=True, capture_output=True, timeout=60)
    return folder / "cert.pem", folder / "key.pem"


def fill(study, folder):
    folder.mkdir()
    write_films(folder, 2)
    study.add_films(folder)
    known = hashed(PASSWORD)
    for name, role in (("ann", "observer"), ("ben", "observer"), ("olga", "owner")):
        study.add_account(name, password_hash=known, role=role)


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request, tmp_path):
    if request.param == "postgresql":
        where = request.getfixturevalue("postgres_server").new_database()
    else:
        where = str(tmp_path / "study.sqlite")
    with Study.create(where, actor="KN") as study:
        fill(study, tmp_path / "films")
    return where


def signed_in(server, certificate, name):
    context = ssl.create_default_context(cafile=str(certificate[0]))
    client = httpx.Client(base_url=server.base, verify=context, timeout=60)
    headers = {"X-Kyphometer-CSRF": "login", "Origin": server.base}
    body = {"name": name, "password": PASSWORD}
    answer = client.post("/api/login", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    client.headers["X-Kyphometer-CSRF"] = answer.json()["csrf"]
    return client


def test_several_people_read_at_once_over_tls(target, certificate):
    tls = ("--tls-cert", certificate[0], "--tls-key", certificate[1])
    with running("serve", target, "--port", "0", *tls) as server:
        assert server.base.startswith("https://127.0.0.1:")
        people = {name: signed_in(server, certificate, name) for name in ("ann", "ben")}
        film_id = people["ann"].get("/api/worklist").json()["items"][0]["film_id"]

        def read(name):
            client, base = people[name], "0."
            for number in range(5):
                body = {"document": document(comment=f"{name} {number}"), "base": base}
                base = client.put(f"/api/films/{film_id}/draft", json=body).json()["etag"]
            body = {"document": document(comment=name), "base": base, "log": {"seconds": 9}}
            return client.post(f"/api/films/{film_id}/reading", json=body).json()

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(read, people))
        assert [answer["version"] for answer in answers] == [1, 1]
        for client in people.values():
            client.close()
    with Study.open(target) as study:
        kept = {record.observer: record for record in study.history(int(film_id))}
        assert {name: kept[name].document["comment"] for name in kept} == {
            "ann": "ann",
            "ben": "ben",
        }
        assert {record.saved_by for record in kept.values()} == {"ann", "ben"}


def test_two_windows_of_one_person_meet_a_conflict_through_two_servers(tmp_path, certificate):
    """Two server processes on one study: the lock is in the database, not in the process."""
    target = str(tmp_path / "study.sqlite")
    with Study.create(target, actor="KN") as study:
        fill(study, tmp_path / "films")
    tls = ("--tls-cert", certificate[0], "--tls-key", certificate[1])
    with (
        running("serve", target, "--port", "0", *tls) as first,
        running("serve", target, "--port", "0", *tls) as second,
        closing(signed_in(first, certificate, "ann")) as one,
        closing(signed_in(second, certificate, "ann")) as two,
    ):
        film_id = one.get("/api/worklist").json()["items"][0]["film_id"]
        path = f"/api/films/{film_id}/draft"
        assert one.put(path, json={"document": {"n": 1}, "base": "0."}).status_code == 200
        told = two.put(path, json={"document": {"n": 2}, "base": "0."})
        assert (told.status_code, told.json()["document"]) == (409, {"n": 1})


def test_plain_http_does_not_reach_a_tls_server(tmp_path, certificate):
    target = str(tmp_path / "study.sqlite")
    with Study.create(target, actor="KN") as study:
        fill(study, tmp_path / "films")
    tls = ("--tls-cert", certificate[0], "--tls-key", certificate[1])
    with running("serve", target, "--port", "0", *tls) as server:
        with pytest.raises(httpx.HTTPError):
            httpx.get(server.base.replace("https", "http"), timeout=10)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        assert httpx.get(f"{server.base}/api/health", verify=old).status_code == 200


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--host", "0.0.0.0"], "plain HTTP"),
        (["--tls-cert", "nowhere.pem", "--tls-key", "nowhere.pem"], "certificate"),
        ([], "account"),
    ],
)
def test_what_would_not_be_safe_does_not_start(tmp_path, capsys, words, told):
    with Study.create(tmp_path / "study.sqlite") as study:
        if words:
            study.add_account("olga", password_hash=hashed(PASSWORD), role="owner")
    assert main(["serve", str(tmp_path / "study.sqlite"), "--port", "0", *words]) == 9
    shown = capsys.readouterr().err
    assert told in shown
    assert "Traceback" not in shown
