"""No room: at the archive, at our listener, and what answers of an archive say of it."""

from __future__ import annotations

import json
import resource
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from orthanc import Orthanc, free_port, missing
from pacs_films import (
    SECRET,
    destinations,
    dimse_table,
    leftovers,
    pixels_of,
    web_table,
    write_film,
)

from kyphometer.cli import main
from kyphometer.interop.network.archive import Entry
from kyphometer.interop.network.destinations import the_destination
from kyphometer.interop.network.fetch import fetch
from kyphometer.interop.network.listen import Listening, listening
from kyphometer.interop.network.open import open_archive
from kyphometer.interop.network.stow import Stored


@pytest.fixture
def send(tmp_path, monkeypatch, capsys):
    """Send a folder to a destination; status, facts and what was said."""
    monkeypatch.setenv("KYPHO_TEST_SECRET", SECRET)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def to(folder, **table):
        file = destinations(tmp_path / "d.toml", there=table)
        capsys.readouterr()
        command = ["pacs", "send", "there", str(folder), "--destinations", str(file)]
        status = main([*command, "--format", "json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, json.loads(out), err

    return to


@pytest.fixture
def source(tmp_path):
    """Two small films, and a large one between them."""
    folder = tmp_path / "source"
    folder.mkdir()
    for number, rows in enumerate((120, 9000, 120)):
        write_film(folder, number, rows=rows)
    return folder


@pytest.mark.skipif(bool(missing()), reason=missing() or "-")
@pytest.mark.parametrize("way", ["web", "get"])
def test_a_full_archive_is_told_and_loses_nothing(tmp_path, send, source, way):
    server = Orthanc(tmp_path)
    try:
        web = way == "web"
        table = web_table(server.http) if web else dimse_table(server.dimse, server.ours)
        with server.without_room(1_000_000):
            status, said, err = send(source, **table)
        assert (status, said["sent"], said["failed"]) == (1, 2, 1)
        told = "took film-001.dcm without an error and does not hold it" if web else (
            "has no room for film-001.dcm (0xA700)")  # fmt: skip
        assert told in err
        assert "run the same command again" in err
        status, said, _ = send(source, **table)
        assert (status, said["sent"], said["known"]) == (0, 1, 2)
        assert server.held() == sorted(pixels_of(source))
    finally:
        server.stop()


def test_a_listener_without_room_answers_so_and_goes_on(tmp_path, send, source):
    inbox, wrong = tmp_path / "inbox", []
    with listening(inbox, Listening(host="127.0.0.1", port=0), on_error=wrong.append) as port:
        table = {"kind": "dimse", "host": "127.0.0.1", "port": port, "called_ae": "KYPHOMETER"}
        usual, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, most))
        try:
            status, said, err = send(source, **table)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (usual, most))
        assert (status, said["sent"], said["failed"]) == (1, 2, 1)
        assert "has no room for film-001.dcm (0xA700)" in err
        assert "is full; what has arrived whole is kept" in str(wrong[0])
        assert not leftovers(inbox)
        assert send(source, **table)[1]["sent"] == 1
    assert pixels_of(inbox) == pixels_of(source)


def test_a_promise_that_is_asked_for_and_not_given_is_told(tmp_path, send, source):
    with listening(tmp_path / "inbox", Listening(host="127.0.0.1", port=0)) as port:
        table = {"kind": "dimse", "host": "127.0.0.1", "port": port, "called_ae": "KYPHOMETER"}
        status, said, err = send(source, **table, commitment=True, listen_port=free_port())
        assert (status, said["sent"]) == (1, 3)
        assert "has not said in time whether it promises to keep it" in err
        assert "promised_to_keep" not in said
        assert send(source, **table)[1]["known"] == 3


@pytest.mark.parametrize("way", ["get", "move"])
def test_an_archive_that_cannot_give_one_film_fails_that_film_alone(tmp_path, source, way):
    """0xA702 to the second of three requests: named, and the third comes all the same."""
    import pydicom
    from pynetdicom import AE, evt

    films = {str(film.SOPInstanceUID): film for film in map(pydicom.dcmread, source.rglob("*.dcm"))}
    ours, without = free_port(), sorted(films)[1]

    def given(event):
        uid = str(event.identifier.SOPInstanceUID)
        if way == "move":
            yield ("127.0.0.1", ours, {"ae_title": "KYPHOMETER"})
        yield 1
        yield (0xA702, None) if uid == without else (0xFF00, films[uid])

    entity = AE(ae_title="PACS")
    for number in "23":
        entity.add_supported_context(f"1.2.840.10008.5.1.4.1.2.2.{number}")
    for kind in {film.SOPClassUID for film in films.values()}:
        entity.add_supported_context(kind, scu_role=True, scp_role=True)
        entity.add_requested_context(kind)
    handlers = [(evt.EVT_C_GET, given), (evt.EVT_C_MOVE, given)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        table = dimse_table(server.server_address[1], ours) | {
            "retrieve": way, "called_ae": "PACS", "calling_ae": "KYPHOMETER", "timeout_s": 20.0,
        }  # fmt: skip
        to = the_destination("here", destinations(tmp_path / "d.toml", here=table))
        entries = [
            Entry(
                sop_instance_uid=uid,
                series_instance_uid=str(films[uid].SeriesInstanceUID),
                study_instance_uid=str(films[uid].StudyInstanceUID),
                sop_class_uid=str(films[uid].SOPClassUID),
            )
            for uid in sorted(films)
        ]
        with open_archive(to) as archive:
            done = fetch(archive, entries, tmp_path / "in", source="here")
    finally:
        server.shutdown()
    (failure,) = done.failed
    assert "0xA702" in str(failure.error)
    assert without in str(failure.error)
    came = {str(pydicom.dcmread(f).SOPInstanceUID) for f in (tmp_path / "in").rglob("*.dcm")}
    assert came == set(films) - {without}
    assert not leftovers(tmp_path / "in")


@contextmanager
def archive_that_says(*answers):
    """A server that answers each STOW with the next status and body, and holds nothing."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(*(left.pop(0) if len(left) > 1 else left[0]))

        def do_GET(self):
            self.answer(200, b"[]")

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Type", "application/dicom+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def failed_for(reason):
    """A body that names one instance as failed."""
    item = {"00081197": {"vr": "US", "Value": [reason]}}
    return json.dumps({"00081198": {"vr": "SQ", "Value": [item]}}).encode()


NO_ROOM = [(507, b""), (409, failed_for(0xA700)), (202, failed_for(0xA701))]


@pytest.mark.parametrize("answer", [*NO_ROOM, (200, b""), (200, b"{}"), (200, b'[{"x": 3}]')])
def test_three_refusals_for_room_end_a_run_that_is_to_be_given_again(tmp_path, send, answer):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(5):
        write_film(source, number)
    with archive_that_says(answer) as port:
        status, said, err = send(source, **web_table(port))
    assert (status, said["sent"], said["failed"], said["left"]) == (9, 0, 3, 2)
    assert ("has no room for" if answer in NO_ROOM else "does not hold it") in err
    assert "run the same command again" in err


def test_other_refusals_are_of_one_film_and_the_rest_goes(tmp_path, send):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(4):
        write_film(source, number)
    with archive_that_says((409, failed_for(0xC000)), (507, b""), (507, b""), (409, b"")) as port:
        status, said, err = send(source, **web_table(port))
    assert (status, said["failed"], said["left"]) == (1, 4, 0)
    assert "answers 0xC000 to storing" in err
    assert "answers 409 to storing" in err


@pytest.mark.parametrize(
    "said", [None, 3, "x", [], [[]], {"00081199": 4}, {"00081199": {"Value": [None, {}]}}]
)
def test_an_answer_of_any_form_is_read(said):
    assert Stored.of(said) == Stored(stored=frozenset(), failed=False, reason=None)
