"""`kyphometer listen` by TLS: to dcmtk's storescu and to our own sender, over real associations."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time

import pytest
from certificates import Authority
from orthanc import free_port
from pacs_films import destinations, leftovers, pixels_of, write_film

from kyphometer.cli import main
from kyphometer.interop.network.listen import Listening, listening
from kyphometer.interop.network.tls import server_tls


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


@pytest.fixture(scope="module")
def end(authority):
    """Certificate and key of the listener."""
    return authority.sign("listener")


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(2):
        write_film(folder, number, rows=3000)
    return folder


@pytest.fixture
def send(tmp_path, monkeypatch, capsys):
    """A verb at a port by TLS: status, facts and what was said."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def to(port, *words, **more):
        table = {"kind": "dimse", "host": "127.0.0.1", "port": port, "timeout_s": 10.0,
                 "called_ae": "KYPHOMETER", "tls": True, **more}  # fmt: skip
        file = destinations(tmp_path / "listen.toml", here=table)
        capsys.readouterr()
        command = ["pacs", words[0], "here", *map(str, words[1:])]
        status = main([*command, "--destinations", str(file), "--format", "json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, json.loads(out) if out else None, err

    return to


def test_films_come_encrypted_from_who_trusts_us(tmp_path, authority, end, source, send):
    here, wrong = tmp_path / "here", []
    how = Listening(host="127.0.0.1", port=0, tls=server_tls(*end))
    with listening(here, how, on_error=wrong.append) as port:
        assert send(port, "echo", ca=str(authority.ca))[0] == 0
        assert not wrong
        stranger = Authority(tmp_path, "stranger")
        for words in ({"ca": str(stranger.ca)}, {}, {"tls": False}):
            status, _, err = send(port, "echo", **words)
            assert (status, len(err.splitlines())) == (9, 1), err
        assert wrong
        for told in wrong:
            assert str(told).startswith("127.0.0.1 called and was not let in")
        assert send(port, "send", source, ca=str(authority.ca))[1]["sent"] == 2
    assert pixels_of(here) == pixels_of(source)
    assert not leftovers(here)


def test_who_sends_may_be_asked_who_it_is(tmp_path, authority, end, source, send):
    stranger = Authority(tmp_path, "stranger")
    wrong = []
    how = Listening(host="127.0.0.1", port=0, tls=server_tls(*end, authority.ca))
    with listening(tmp_path / "here", how, on_error=wrong.append) as port:
        for who in (None, stranger.sign("somebody")):
            shown = {} if who is None else {"certificate": str(who[0]), "key": str(who[1])}
            status, said, _ = send(port, "send", source, ca=str(authority.ca), **shown)
            assert (status, said["sent"]) == (9, 0)
        assert "peer did not return a certificate" in str(wrong[0])
        assert "unable to get local issuer certificate" in str(wrong[-1])
        certificate, key = authority.sign("modality")
        shown = {"certificate": str(certificate), "key": str(key)}
        assert send(port, "send", source, ca=str(authority.ca), **shown)[1]["sent"] == 2
    assert pixels_of(tmp_path / "here") == pixels_of(source)


@pytest.mark.skipif(shutil.which("storescu") is None, reason="needs dcmtk's storescu")
def test_storescu_sends_to_the_command_by_tls(tmp_path, authority, end, source):
    certificate, key = authority.sign("storescu")
    port = str(free_port())
    options = ["--certificate", *end[:1], "--key", end[1], "--ca", authority.ca]
    words = [sys.executable, "-m", "kyphometer", "listen", tmp_path / "here", "--port", port]
    with subprocess.Popen(
        [*map(str, [*words, *options])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert f"*:{port} by TLS as KYPHOMETER" in process.stdout.readline()
            peer = ["-aec", "KYPHOMETER", "127.0.0.1", port]
            trust = ["+cf", str(authority.ca)]
            assert ended(["storescu", "+tla", *trust, *peer, "+sd", str(source)]) != 0
            known = ["+tls", str(key), str(certificate)]
            assert ended(["storescu", *known, *trust, *peer, "+sd", str(source)]) == 0
        finally:
            process.terminate()
            _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1, err  # the one without a certificate
    assert "peer did not return a certificate" in err
    assert pixels_of(tmp_path / "here") == pixels_of(source)


def ended(command):
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode


def test_who_says_nothing_holds_nobody_up(tmp_path, authority, end, source, send):
    """Silence within the handshake, from more callers than may be associated; then it ends."""
    how = Listening(host="127.0.0.1", port=0, tls=server_tls(*end), timeout_s=30)
    silent = []
    try:
        with listening(tmp_path / "here", how) as port:
            silent += [socket.create_connection(("127.0.0.1", port), 5) for _ in range(12)]
            assert send(port, "send", source, ca=str(authority.ca))[1]["sent"] == 2
            began = time.monotonic()
        assert time.monotonic() - began < 15
        for one in silent:
            one.settimeout(15)
            assert one.recv(10) == b""
    finally:
        for one in silent:
            one.close()


def test_certificates_that_cannot_be_used_are_named(tmp_path, authority, end, capsys):
    other = authority.sign("other")
    for words, status, said in (
        (["--certificate", tmp_path / "gone.pem"], 9, "gone.pem' cannot be used for encryption"),
        (["--certificate", __file__], 9, "cannot be used for encryption"),
        (["--certificate", end[0], "--key", other[1]], 9, "key values mismatch"),
        (["--certificate", end[0], "--key", end[1], "--ca", __file__], 9, "test_pacs_listen_tls"),
        (["--ca", authority.ca], 2, "give '--certificate' too"),
    ):
        assert main(["listen", str(tmp_path / "here"), "--port", "0", *map(str, words)]) == status
        err = capsys.readouterr().err
        assert said in err
        assert len(err.splitlines()) == 1
