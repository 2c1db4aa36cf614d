"""Answers over HTTP that trickle, are without end or broken: a sentence in bounded time."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pacs_films import SECRET, destinations, leftovers, pixels_of, web_table, write_film

from kyphometer.cli import main
from kyphometer.errors import PacsAnswerError
from kyphometer.interop.network.answer import Answer
from kyphometer.interop.network.members import LONGEST, members
from kyphometer.interop.network.multipart import PartsError

pytest.importorskip("requests")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/dicom+json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def chunk(content):
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


class Web:
    """A server of one port that answers by the path that was asked for."""

    def __init__(self, answer):
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.over = threading.Event()

    def serve(self):
        while not self.over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, suppress(OSError):
            asked = b""
            while b"\r\n\r\n" not in asked:
                piece = connection.recv(65536)
                if not piece:
                    return
                asked += piece
            path = asked.split(b" ", 2)[1].decode()
            for piece in self._answer(path, self):
                connection.sendall(piece)

    def close(self):
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def answering(answer):
    web = Web(answer)
    thread = threading.Thread(target=web.serve, daemon=True)
    thread.start()
    try:
        yield web.port
    finally:
        web.close()
        thread.join(60)


def drops(text, web):
    """Byte after byte, for ever."""
    yield b""
    for byte in text:
        yield bytes([byte])
    while not web.over.wait(0.02):
        yield b" "


def trickling_head(_path, web):
    yield HEAD + b"X-Long: "
    yield from drops(b"", web)


def head_of_continues(_path, web):
    while not web.over.wait(0.02):
        yield b"HTTP/1.1 100 Continue\r\n\r\n"


def trickling_body(_path, web):
    yield HEAD + b"Content-Length: 1000000\r\n\r\n["
    yield from drops(b"", web)


def endless_members(_path, web):
    yield CHUNKED + chunk(b"[{}")
    piece = chunk(b"," + b'{"00080060": {"vr": "CS"}},' * 40_000 + b"{}")
    while not web.over.is_set():
        yield piece


def endless_member(_path, web):
    yield CHUNKED + chunk(b'[{"00080060": "')
    piece = chunk(b"x" * 1_000_000)
    while not web.over.is_set():
        yield piece


def endless_space(_path, web):
    yield CHUNKED + chunk(b"[")
    piece = chunk(b" " * 1_000_000)
    while not web.over.is_set():
        yield piece


@pytest.fixture
def pacs(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KYPHO_TEST_SECRET", SECRET)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(port, verb, *words, **more):
        file = destinations(tmp_path / "d.toml", there=web_table(port, **more))
        capsys.readouterr()
        command = ["pacs", verb, "there", *map(str, words), "--destinations", str(file)]
        status = main([*command, "--format", "json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, json.loads(out) if out else None, err

    return run


@pytest.mark.parametrize("verb", ["echo", "find"])
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (trickling_head, "did not finish within 1 s"),
        (head_of_continues, "did not finish within 1 s"),
        (trickling_body, "did not finish within 1 s"),
        (endless_members, "cannot be used"),
        (endless_member, "cannot be used"),
        (endless_space, "cannot be used"),
    ],
)
def test_an_answer_without_end_is_not_waited_for(pacs, verb, answer, sentence):
    with answering(answer) as port:
        started = time.monotonic()
        status, _, err = pacs(port, verb, timeout_s=1.0)
        assert time.monotonic() - started < 60
    assert status == 9
    assert sentence in err
    assert err.count("kyphometer: ") == 1


def film_server(films, *, how):
    """Lists the films of a folder; `how` says what becomes of one that is asked for."""
    from pydicom import dcmread

    def answer(path, web):
        path, _, query = path.partition("?")
        if path.endswith("/instances"):
            found = [dcmread(one, stop_before_pixels=True).to_json_dict() for one in films]
        elif path.endswith("/studies"):
            one = dcmread(films[0], stop_before_pixels=True)
            found = [{"0020000D": {"vr": "UI", "Value": [one.StudyInstanceUID]}}]
        else:
            yield from how(path.rpartition("/")[2], web)
            return
        if "offset=0" not in query:
            found = []
        body = json.dumps(found).encode()
        yield HEAD + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body

    return answer


def whole(path, tail=b""):
    head = HEAD.replace(b"application/dicom+json", b"multipart/related; boundary=b")
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + path.read_bytes() + b"\r\n--b--"
    return head + b"Connection: close\r\n\r\n" + body + tail


def test_films_that_trickle_are_left_for_the_next_run(pacs, tmp_path):
    source, here = tmp_path / "source", tmp_path / "here"
    source.mkdir()
    films = [write_film(source, number, StudyInstanceUID="2.25.80") for number in range(3)]
    by_uid = {f"2.25.7{number:03}": path for number, path in enumerate(films)}

    def slowly(uid, web):
        content = whole(by_uid[uid])
        if uid == "2.25.7002":
            yield content[:4000]
            yield from drops(b"", web)
        yield content

    with answering(film_server(films, how=slowly)) as port:
        started = time.monotonic()
        status, said, err = pacs(port, "fetch", "--into", here, timeout_s=1.0)
        assert time.monotonic() - started < 60
    assert (status, said["fetched"]) == (9, 2)
    assert "did not finish within 1 s" in err
    assert not leftovers(here)

    def at_once(uid, _web):
        yield whole(by_uid[uid])

    with answering(film_server(films, how=at_once)) as port:
        status, said, _ = pacs(port, "fetch", "--into", here)
    assert (status, said["fetched"], said["known"]) == (0, 1, 2)
    assert pixels_of(here) == pixels_of(source)


def test_a_film_that_is_followed_by_something_without_end_is_kept(pacs, tmp_path):
    source, here = tmp_path / "source", tmp_path / "here"
    source.mkdir()
    films = [write_film(source, 0)]

    def endless(_uid, web):
        yield whole(films[0])
        while not web.over.is_set():
            yield b"x" * 100_000

    with answering(film_server(films, how=endless)) as port:
        status, said, _ = pacs(port, "fetch", "--into", here)
    assert (status, said["fetched"]) == (0, 1)
    assert pixels_of(here) == pixels_of(source)


TEXTS = st.text(alphabet='ab"\\[]{},: é\n', max_size=8)
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=5),
    st.integers(1, 40),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_members_come_as_they_are_however_the_text_is_cut(found, size, indent, plain):
    text = json.dumps(found, indent=indent, ensure_ascii=plain).encode()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert [json.loads(one) for one in members(pieces)] == found
    for one in found:
        assert [json.loads(it) for it in members([json.dumps(one).encode()])] == [one]
    with pytest.raises(PartsError):
        list(members([text[:-1]]))


@pytest.mark.parametrize(
    "text",
    ["<html>", "no", "3", "null", '"a"', "[1]", '["a", {}]', "[[{}]]", "]", "[{} x]", "[{}, 1]"],
)
def test_what_is_no_list_of_objects_is_refused(text):
    with pytest.raises(ValueError, match="array"):
        list(members([text.encode()]))


def test_members_do_not_wait_for_the_end_and_one_is_bounded():
    def endless():
        yield b'[{"a": 1}, {"b'
        yield b'": 2}, {"c": "'
        while True:
            yield b"x" * 100_000

    found = members(endless())
    assert (json.loads(next(found)), json.loads(next(found))) == ({"a": 1}, {"b": 2})
    with pytest.raises(ValueError, match="long"):
        next(found)
    assert list(members([])) == list(members([b" \n"])) == []
    assert LONGEST >= 1_000_000


def test_an_answer_says_texts_by_keyword():
    member = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Ä^B", "Phonetic": "C"}]},
        "0008103e": {"vr": "LO", "Value": ["Spine"]},
        "00280010": {"vr": "US", "Value": [1000.0]},
        "00080061": {"vr": "CS", "Value": ["DX", None]},
        "00080050": {"vr": "SH"},
        "00080090": {"vr": "PN", "BulkDataURI": "http://127.0.0.1/1"},
    }
    found = Answer(json.dumps(member).encode(), "there")
    assert found.get("PatientName") == "Ä^B==C"
    assert found.get("SeriesDescription") == "Spine"
    assert found.get("Rows") == "1000"
    assert found.get("ModalitiesInStudy") == ["DX", ""]
    assert found.get("AccessionNumber", "none") == "none"
    assert found.get("ReferringPhysicianName") is found.get("PatientID") is None
    for broken in (b"{", b'{"00100010": 3}', b'{"00100010": {"Value": "A"}}'):
        with pytest.raises(PacsAnswerError):
            Answer(broken, "there")
