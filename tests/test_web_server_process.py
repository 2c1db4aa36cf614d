"""The running server: real process, real port, real DICOM films, really killed."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from web_films import COLUMNS, ROWS, write_films
from web_local import document, sentence
from web_process import ROOT, running

from kyphometer.dicom.compress import Compression
from kyphometer.reading.document import read_reading


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    made = write_films(folder, 2)
    (folder / "broken.dcm").write_bytes((folder / "film0.dcm").read_bytes()[:900])
    write_films(folder / "..", 0)
    return folder, made


@pytest.fixture(scope="module")
def server(films):
    with running("annotate", films[0], "--no-browser", "--observer", "KN") as started:
        yield started


def by_label(client):
    return {item["label"]: item for item in client.get("/api/worklist").json()["items"]}


def test_it_listens_on_this_machine_only(server):
    port = httpx.URL(server.base).port
    assert httpx.URL(server.base).host == "127.0.0.1"
    with socket.socket() as probe:
        probe.settimeout(1)
        own = socket.gethostbyname(socket.gethostname())
        if not own.startswith("127."):
            assert probe.connect_ex((own, port)) != 0


def test_the_token_is_long_and_new_each_time(server, films):
    assert re.fullmatch(r"[\w-]{43}", server.token)
    with running("annotate", films[0], "--no-browser") as other:
        assert other.token != server.token
        assert httpx.get(f"{other.base}/?token={server.token}").status_code == 401


def test_the_work_list_shows_films_and_what_is_none(server):
    with server.client() as client:
        lines = by_label(client)
    assert set(lines) == {"film0.dcm", "film1.dcm", "broken.dcm"}
    assert lines["broken.dcm"]["status"] == "failed"
    assert sentence(lines["broken.dcm"]["error"])
    assert lines["film0.dcm"]["status"] == "unread"


def test_pixels_arrive_as_they_were_written(server, films):
    with server.client() as client:
        for number, made in enumerate(films[1]):
            film_id = by_label(client)[f"film{number}.dcm"]["film_id"]
            answer = client.get(f"/api/films/{film_id}/pixels")
            shown = np.frombuffer(answer.content, "<u2").reshape(ROWS, COLUMNS)
            np.testing.assert_array_equal(shown, made.pixels)
            again = client.get(
                f"/api/films/{film_id}/pixels", headers={"If-None-Match": answer.headers["etag"]}
            )
            assert (again.status_code, again.content) == (304, b"")


def test_facts_of_a_film(server, films):
    with server.client() as client:
        lines = by_label(client)
        first, second = lines["film0.dcm"]["film_id"], lines["film1.dcm"]["film_id"]
        facts = client.get(f"/api/films/{second}").json()
    assert (facts["rows"], facts["columns"]) == (ROWS, COLUMNS)
    assert facts["facing"] == "left"
    assert facts["previous"] == first
    assert facts["next"] == first
    assert ["patient_id", "P1"] in facts["facts"]
    assert facts["pixels"]["bits"] == 12
    assert facts["pixels"]["windows"][0]["center"] == 1500
    assert [film["film_id"] for film in facts["siblings"]] == [first, second]


def test_the_thumbnail_is_a_small_jpeg(server):
    with server.client() as client:
        film_id = by_label(client)["film0.dcm"]["film_id"]
        answer = client.get(f"/api/films/{film_id}/thumbnail")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content[:3] == b"\xff\xd8\xff"
    assert len(answer.content) < 20_000


def test_a_draft_survives_a_killed_server(tmp_path):
    write_films(tmp_path, 1)
    for round_number in range(3):
        with running("annotate", tmp_path, "--no-browser", "--observer", "KN") as server:
            with server.client() as client:
                film_id = by_label(client)["film0.dcm"]["film_id"]
                there = client.get(f"/api/films/{film_id}/document").json()
                if round_number:
                    assert there["document"]["comment"] == f"round {round_number - 1}"
                body = {
                    "document": document(comment=f"round {round_number}"),
                    "base": there["etag"],
                }
                assert client.put(f"/api/films/{film_id}/draft", json=body).status_code == 200
            server.kill()


def test_a_confirmed_reading_survives_and_lies_beside_its_film(tmp_path):
    made = write_films(tmp_path, 1)[0]
    with running("annotate", tmp_path, "--no-browser", "--observer", "KN") as server:
        with server.client() as client:
            film_id = by_label(client)["film0.dcm"]["film_id"]
            body = {"document": document(), "base": "0.", "log": {"seconds": 40, "zoom": 3}}
            answer = client.post(f"/api/films/{film_id}/reading", json=body)
            assert answer.status_code == 200, answer.text
        server.kill()
    reading = read_reading(tmp_path / "film0.dcm.reading.json")
    assert reading.observer == "KN"
    assert reading.film.sha256_pixels == made.sha256_pixels
    assert [str(level) for level in reading.levels] == ["T12", "L1", "L2"]


def test_a_full_or_locked_disk_is_told_and_loses_nothing(tmp_path):
    write_films(tmp_path, 1)
    with (
        running("annotate", tmp_path, "--no-browser", "--observer", "KN") as server,
        server.client() as client,
    ):
        film_id = by_label(client)["film0.dcm"]["film_id"]
        path = f"/api/films/{film_id}/draft"
        etag = client.put(path, json={"document": document(), "base": "0."}).json()["etag"]
        drafts = tmp_path / ".kyphometer" / "drafts"
        kept = {file: file.read_bytes() for file in drafts.iterdir()}
        for file in kept:
            file.unlink()
        drafts.rmdir()
        drafts.write_text("in the way")  # even root cannot make files here
        refused = client.put(path, json={"document": document(comment="new"), "base": etag})
        assert refused.status_code >= 400
        assert sentence(refused.json()["error"])
        drafts.unlink()
        drafts.mkdir()
        for file, content in kept.items():
            file.write_bytes(content)
        there = client.get(f"/api/films/{film_id}/document").json()
        assert (there["etag"], there["document"]) == (etag, document())


def test_the_server_answers_while_a_slow_film_is_decoded(tmp_path):
    """JPEG 2000 holds the decoder for long; live results must not wait for it."""
    write_films(tmp_path, 1, Compression.JPEG_2000, rows=2000, columns=2000)
    with (
        running("annotate", tmp_path, "--no-browser", "--observer", "KN") as server,
        server.client() as client,
        server.client() as other,
        ThreadPoolExecutor(1) as pool,
    ):
        film_id = by_label(client)["film0.dcm"]["film_id"]
        body = {"document": document()}
        other.post(f"/api/films/{film_id}/measure", json=body)
        slow = pool.submit(client.get, f"/api/films/{film_id}/pixels")
        answered = 0
        while not slow.done():
            assert other.post(f"/api/films/{film_id}/measure", json=body).status_code == 200
            answered += 1
            time.sleep(0.05)
        assert slow.result().status_code == 200
        assert len(slow.result().content) == 2000 * 2000 * 2
        assert answered >= 3


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nowhere"], 2, "There is nothing at"),
        (["."], 2, "no film"),
        (["FILMS", "--port", "99999"], 9, "port"),
        (["FILMS", "--fractured-level", "L9"], 4, "no vertebral level"),
    ],
)
def test_what_cannot_be_opened_is_told_in_a_sentence(
    films, tmp_path, capsys, monkeypatch, arguments, status, words
):
    from kyphometer.cli import main

    monkeypatch.chdir(tmp_path)
    filled = [str(films[0]) if word == "FILMS" else word for word in arguments]
    assert main(["annotate", *filled, "--no-browser"]) == status
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told


def test_a_taken_port_is_told(films, capsys):
    from kyphometer.cli import main

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["annotate", str(films[0]), "--no-browser", "--port", str(port)]) == 9
    assert "--port" in capsys.readouterr().err


def test_a_killed_server_leaves_no_process_behind(films):
    """The decoding process holds the output pipe open for as long as it lives."""
    with running("annotate", films[0], "--no-browser") as server:
        with server.client() as client:
            film_id = by_label(client)["film0.dcm"]["film_id"]
            assert client.get(f"/api/films/{film_id}/thumbnail").status_code == 200
        server.kill()
        server.process.communicate(timeout=10)


def test_ctrl_c_ends_it_cleanly(films):
    with running("annotate", films[0], "--no-browser") as server:
        server.process.send_signal(signal.SIGINT)
        _, err = server.process.communicate(timeout=20)
    assert server.process.returncode in (0, 130)
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("wait_s", [0.0, 0.3, 3.0])
def test_however_it_is_stopped_it_closes_all_that_it_opened(tmp_path, name, wait_s):
    """Sent to all its processes, as a terminal or a container does; while they start, and later."""
    write_films(tmp_path, 1, Compression.JPEG_LOSSLESS)
    process = subprocess.Popen(
        [sys.executable, "-m", "kyphometer", "annotate", str(tmp_path), "--no-browser"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    found = re.search(r"https?://\S+", process.stdout.readline())
    token = found[0].partition("token=")[2]
    if wait_s == 3.0:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=found[0].partition("/?")[0], headers=headers) as client:
            film_id = client.get("/api/worklist").json()["items"][0]["film_id"]
            assert client.get(f"/api/films/{film_id}/pixels", timeout=30).status_code == 200
    else:
        time.sleep(wait_s)
    os.killpg(process.pid, getattr(signal, name))
    _, err = process.communicate(timeout=30)
    assert err == ""
    assert process.returncode == 0


def test_requests_are_not_logged_with_their_token(films):
    with running("annotate", films[0], "--no-browser") as server:
        httpx.get(server.address)
        server.process.terminate()
        out, err = server.process.communicate(timeout=20)
    assert server.token not in out + err


def raw(server, request: bytes) -> bytes:
    port = httpx.URL(server.base).port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /api/config HTTP/1.1\r\n\r\n",
        "GET /api/config HTTP/1.0\r\n\r\n",
        "GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "GET http://evil.example/api/config HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        "POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /" + "a" * 70000 + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "nonsense\r\n\r\n",
    ],
)
def test_raw_nonsense_opens_nothing(server, request_text):
    answer = raw(server, request_text.encode())
    assert b" 200 " not in answer.split(b"\r\n", 1)[0]
    assert b"root:" not in answer
    with server.client() as client:
        assert client.get("/api/health").status_code == 200


def test_drafts_are_readable_by_their_owner_only_if_the_folder_is(films, server):
    """The page's own files beside the films carry no more rights than any other of the user's."""
    with server.client() as client:
        film_id = by_label(client)["film1.dcm"]["film_id"]
        body = {"document": document(), "base": "0."}
        client.put(f"/api/films/{film_id}/draft", json=body)
    for file in (films[0] / ".kyphometer").rglob("*.json"):
        assert not stat.S_IMODE(file.stat().st_mode) & 0o022
        json.loads(file.read_text())
