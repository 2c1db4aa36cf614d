"""`kyphometer listen`: what others send comes to lie in a folder, once and whole."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from orthanc import free_port, proxy
from pacs_films import ENCODERS, destinations, leftovers, pixels_of, write_film

from kyphometer.cli import main
from kyphometer.interop.network.archive import Entry
from kyphometer.interop.network.destinations import the_destination
from kyphometer.interop.network.fetch import fetch
from kyphometer.interop.network.listen import Listening, listening
from kyphometer.interop.network.open import open_archive

ALL = list(ENCODERS)


@contextmanager
def listener(folder, **how):
    """A listener in this process: its port, what it kept and what went wrong."""
    kept, wrong = [], []
    settings = Listening(host="127.0.0.1", port=0, **how)
    with listening(folder, settings, on_kept=kept.append, on_error=wrong.append) as port:
        yield port, kept, wrong


@pytest.fixture
def send(tmp_path, monkeypatch, capsys):
    """Send a folder to a port; status, facts and what was said."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def to(port, *words, **more):
        table = {"kind": "dimse", "host": "127.0.0.1", "port": port, "timeout_s": 10.0,
                 "called_ae": "KYPHOMETER", **more}  # fmt: skip
        file = destinations(tmp_path / "listen.toml", here=table)
        capsys.readouterr()
        command = ["pacs", words[0], "here", *map(str, words[1:])]
        status = main([*command, "--destinations", str(file), "--format", "json"])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    return to


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def test_every_syntax_is_kept_as_it_came_and_once(tmp_path, source, send):
    for number, syntax in enumerate(ALL):
        write_film(source, number, syntax)
    here = tmp_path / "here"
    with listener(here) as (port, kept, wrong):
        assert send(port, "echo")[0] == 0
        for _ in range(2):
            status, said, _ = send(port, "send", source, "--again")
            assert (status, said["sent"]) == (0, len(ALL))
    assert sorted(one.sop_instance_uid for one in kept) == sorted(pixels_of(source))
    assert pixels_of(here) == pixels_of(source)
    assert not wrong
    assert not leftovers(here)


def test_the_command_tells_of_each_film_and_ends_by_a_signal(tmp_path, source, send):
    write_film(source, 1)
    command = [sys.executable, "-m", "kyphometer", "listen", str(tmp_path / "here"), "--json"]
    with subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            port = int(process.stdout.readline().split()[2].rpartition(":")[2])
            assert send(port, "send", source)[0] == 0
            record = json.loads(process.stdout.readline())
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, err) == (0, "")
    assert record["sop_instance_uid"] == "2.25.7001"
    assert pixels_of(tmp_path / "here") == pixels_of(source)


@pytest.mark.skipif(shutil.which("storescu") is None, reason="needs dcmtk's storescu")
def test_another_program_sends_to_it(tmp_path, source):
    write_film(source, 1)
    with listener(tmp_path / "here") as (port, *_):
        address = ["127.0.0.1", str(port)]
        for command in (["echoscu"], ["storescu", str(source / "film-001.dcm")]):
            words = [command[0], "-aec", "KYPHOMETER", *address, *command[1:]]
            subprocess.run(words, check=True, timeout=30)
    assert pixels_of(tmp_path / "here") == pixels_of(source)


def test_who_may_not_send_is_refused(tmp_path, source, send):
    write_film(source, 1)
    with listener(tmp_path / "here", allowed_titles=("ROOM1",)) as (port, *_):
        status, _, err = send(port, "send", source)
        assert status == 9
        assert "refuses the association from KYPHOMETER to KYPHOMETER" in err
        status, _, err = send(port, "echo", called_ae="ELSE", calling_ae="ROOM1")
        assert status == 9
        assert "ELSE" in err
        assert send(port, "send", source, calling_ae="ROOM1")[0] == 0
    with listener(tmp_path / "far", allowed_addresses=("10.1.0.0/16",)) as (port, *_):
        assert send(port, "echo")[0] == 9


def test_a_film_that_is_cut_or_too_large_leaves_nothing(tmp_path, source, send):
    write_film(source, 1, rows=900)
    write_film(source, 2)
    here = tmp_path / "here"
    with listener(here, film_bytes=100_000) as (port, _, wrong):
        with proxy(port, cut_after=30000, from_server=False) as cutting:
            status, said, err = send(cutting, "send", source / "film-001.dcm")
        assert (status, said["sent"]) == (9, 0)
        assert "run the same command again" in err
        status, said, err = send(port, "send", source)
        assert (status, said["sent"], said["failed"]) == (1, 1, 1), err
    assert "larger than the 0 MB" in str(wrong[-1])
    assert set(pixels_of(here)) == {"2.25.7002"}
    assert not leftovers(here)


def test_a_message_without_end_is_hung_up_on(tmp_path, source, send):
    """Beyond the bound and a megabyte more the connection ends before memory fills."""
    write_film(source, 1, rows=12000)
    with listener(tmp_path / "here", film_bytes=500_000) as (port, *_):
        status, said, err = send(port, "send", source)
        assert (status, said["sent"]) == (9, 0)
        assert "run the same command again" in err
        assert send(port, "echo")[0] == 0
    assert not pixels_of(tmp_path / "here")
    assert not leftovers(tmp_path / "here")


def test_it_ends_in_the_middle_of_a_film_without_a_trace(tmp_path, source, send):
    write_film(source, 1, rows=900)
    here = tmp_path / "here"
    with ThreadPoolExecutor(1) as other, ExitStack() as stack:
        with listener(here) as (port, *_):
            stalling = stack.enter_context(proxy(port, stall_after=60000, from_server=False))
            sending = other.submit(send, stalling, "send", source)
            time.sleep(0.7)
            started = time.monotonic()
        assert time.monotonic() - started < 60
        stack.close()
        assert sending.result(60)[0] == 9
    assert not pixels_of(here)
    assert not leftovers(here)


def test_a_sender_that_falls_silent_is_not_waited_for(tmp_path):
    """Silence before and within a message, and a length that no message has."""
    with listener(tmp_path / "here", timeout_s=0.5) as (port, *_):
        for start in (b"", b"\x01\x00\x00\x00\xff\xff", b"\x04\x00\xff\xff\xff\xff"):
            with socket.create_connection(("127.0.0.1", port), 5) as stranger:
                stranger.sendall(start)
                stranger.settimeout(30)
                while stranger.recv(100):
                    pass


def test_a_port_that_is_taken_and_titles_that_cannot_be(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ["listen", str(tmp_path / "here"), "--host", "127.0.0.1", "--port", port]
        assert main(words) == 9
    assert "choose another port" in capsys.readouterr().err
    for words in (["--ae-title", "SEVENTEEN LETTERS"], ["--allow-address", "here"]):
        assert main(["listen", str(tmp_path), "--port", str(free_port()), *words]) == 2


def test_films_that_an_archive_moves_to_another_title_are_told(tmp_path, source, capsys):
    """An archive that knows this machine under another name: refused here, and said so."""
    from pynetdicom import AE, evt

    film, ours = write_film(source, 1), free_port()

    def moved(_event):
        import pydicom

        yield ("127.0.0.1", ours, {"ae_title": "ELSEWHERE"})
        yield 1
        yield 0xFF00, pydicom.dcmread(film)

    entity = AE(ae_title="PACS")
    entity.add_supported_context("1.2.840.10008.5.1.4.1.2.2.2")
    entity.add_requested_context("1.2.840.10008.5.1.4.1.1.1.1")
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_MOVE, moved)]
    )
    try:
        table = {"kind": "dimse", "host": "127.0.0.1", "port": server.server_address[1],
                 "retrieve": "move", "listen_host": "127.0.0.1", "listen_port": ours,
                 "called_ae": "PACS", "timeout_s": 20.0}  # fmt: skip
        to = the_destination("here", destinations(tmp_path / "d.toml", here=table))
        entry = Entry(
            sop_instance_uid="2.25.7001",
            series_instance_uid="2.25.91",
            study_instance_uid="2.25.80",
        )
        with open_archive(to) as archive:
            done = fetch(archive, [entry], tmp_path / "in", source="here")
    finally:
        server.shutdown()
    (failure,) = done.failed
    assert "'here' sends films to the title ELSEWHERE" in str(failure.error)
    assert not list((tmp_path / "in").rglob("*.dcm"))


def test_it_ends_quietly_before_a_caller_has_said_who_it_is(tmp_path):
    """What a thread of the listener does not catch, fails the test."""
    with ExitStack() as stack:
        with listener(tmp_path / "here") as (port, _, wrong):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            time.sleep(0.5)
            began = time.monotonic()
        assert time.monotonic() - began < 15
    assert not wrong
