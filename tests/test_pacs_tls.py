"""DIMSE and DICOMweb over TLS to a real Orthanc; our own authority has signed the certificates.

Debian's Orthanc ends at the first request by HTTPS, so a server in front of it ends the encryption,
as hospitals have it too.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import suppress

import pytest
from certificates import Authority
from orthanc import Orthanc, free_port, missing
from pacs_films import SECRET, destinations, dimse_table, pixels_of, web_table, write_film

from kyphometer.cli import main

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")
WAYS = ("get", "web")


class Front:
    """Ends the encryption before a server on this machine; `of_clients`: and asks who calls."""

    def __init__(self, behind, authority, end, *, of_clients):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*map(str, end))
        if of_clients:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(str(authority.ca))
        self._behind = behind
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self):
        with suppress(OSError):
            while True:
                caller, _ = self._socket.accept()
                caller.settimeout(30)
                threading.Thread(target=self._pass_on, args=(caller,), daemon=True).start()

    def _pass_on(self, caller):
        with suppress(OSError), caller, self._context.wrap_socket(caller, server_side=True) as near:
            near.settimeout(30)
            with socket.create_connection(("127.0.0.1", self._behind), timeout=30) as far:
                back = threading.Thread(target=_pump, args=(far, near), daemon=True)
                back.start()
                _pump(near, far)
                back.join(30)


def _pump(source, sink):
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Encrypted:
    """An Orthanc that speaks TLS over DIMSE, with a front that does by HTTPS."""

    def __init__(self, folder, authority, end, *, of_clients=False):
        certificate, key = end
        self.back = free_port()  # where it calls us, by TLS too
        us = {"AET": "KYPHOMETER", "Host": "127.0.0.1", "Port": self.back, "UseDicomTls": True}
        more = {
            "DicomModalities": {"kypho": us},
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(certificate), "DicomTlsPrivateKey": str(key),
            "DicomTlsTrustedCertificates": str(authority.ca),
            "DicomTlsRemoteCertificateRequired": of_clients,
        }  # fmt: skip
        self.orthanc = Orthanc(folder, **more)
        self.front = Front(self.orthanc.http, authority, end, of_clients=of_clients)

    def stop(self):
        self.front.stop()
        self.orthanc.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "ours")


def table(server, way, **more):
    """Table of a destination over TLS."""
    if way == "web":
        url = f"https://127.0.0.1:{server.front.port}/dicom-web"
        return web_table(server.front.port, url=url, **more)
    return dimse_table(server.orthanc.dimse, server.orthanc.ours, tls=True, **more)


@pytest.fixture
def pacs(tmp_path, monkeypatch, capsys):
    """A verb at a destination: status, facts and what was said."""
    monkeypatch.setenv("KYPHO_TEST_SECRET", SECRET)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def to(where, verb, *words):
        file = destinations(tmp_path / "d.toml", there=where)
        capsys.readouterr()
        command = ["pacs", verb, "there", *map(str, words), "--destinations", str(file)]
        status = main([*command, "--format", "json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, json.loads(out) if out else None, err

    return to


@pytest.fixture(scope="module")
def server(authority, tmp_path_factory):
    """One that anybody may call who trusts it."""
    folder = tmp_path_factory.mktemp("encrypted")
    running = Encrypted(folder, authority, authority.sign("pacs"))
    yield running
    running.stop()


@pytest.mark.parametrize("way", WAYS)
def test_films_go_and_come_encrypted(server, authority, pacs, tmp_path, way):
    server.orthanc.empty()
    source, here = tmp_path / "source", tmp_path / "here"
    source.mkdir()
    for number in range(2):
        write_film(source, number)
    where = table(server, way, ca=str(authority.ca))
    assert pacs(where, "echo")[0] == 0
    assert pacs(where, "send", source)[1]["sent"] == 2
    assert len(pacs(where, "find")[1]) == 2
    assert pacs(where, "fetch", "--into", here)[1]["fetched"] == 2
    assert pixels_of(here) == pixels_of(source)


@pytest.mark.parametrize("way", WAYS)
def test_who_cannot_be_trusted_is_told_in_a_sentence(server, authority, pacs, tmp_path, way):
    stranger = Authority(tmp_path, "stranger")
    for ca in ({}, {"ca": str(stranger.ca)}):
        status, _, err = pacs(table(server, way, **ca), "echo")
        assert status == 9
        assert "The encrypted connection to 'there'" in err
        assert "certificate verify failed" in err or "self-signed" in err or "issuer" in err
        assert len(err.splitlines()) == 1
    for wrong in ({"ca": str(tmp_path / "gone.pem")}, {"ca": __file__}):
        status, _, err = pacs(table(server, way, **wrong), "echo")
        assert (status, len(err.splitlines())) == (9, 1)
        assert "The encrypted connection to 'there'" in err
    plain = table(server, way, ca=str(authority.ca))
    if way == "web":
        plain["url"] = plain["url"].replace("https", "http")
    else:
        plain["tls"] = False
    assert pacs(plain, "echo")[0] == 9


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_for_another_address_is_not_believed(authority, pacs, tmp_path, way):
    other = Encrypted(tmp_path, authority, authority.sign("elsewhere", "10.9.8.7"))
    try:
        status, _, err = pacs(table(other, way, ca=str(authority.ca)), "echo")
        assert status == 9
        assert "10.9.8.7" in err or "mismatch" in err or "not valid for '127.0.0.1'" in err
    finally:
        other.stop()


def test_an_archive_may_ask_who_we_are(authority, pacs, tmp_path):
    strict = Encrypted(tmp_path, authority, authority.sign("strict"), of_clients=True)
    certificate, key = authority.sign("kyphometer")
    try:
        for way in WAYS:
            trusting = table(strict, way, ca=str(authority.ca))
            status, _, err = pacs(trusting, "echo")
            assert (status, len(err.splitlines())) == (9, 1), err
            shown = {**trusting, "certificate": str(certificate), "key": str(key)}
            assert pacs(shown, "echo")[0] == 0, way
    finally:
        strict.stop()


def test_films_of_c_move_come_encrypted(server, authority, pacs, tmp_path):
    """Orthanc calls us back by TLS: it trusts us, and we ask to be shown who it is."""
    server.orthanc.empty()
    source, here = tmp_path / "source", tmp_path / "here"
    source.mkdir()
    for number in range(2):
        write_film(source, number)
    certificate, key = authority.sign("ourselves")
    ours = {"certificate": str(certificate), "key": str(key), "listen_tls": True,
            "listen_port": server.back}  # fmt: skip
    where = table(server, "move", ca=str(authority.ca), retrieve="move", **ours)
    assert pacs(where, "send", source)[0] == 0

    stranger = Authority(tmp_path, "stranger")
    wrong = {**where, "listen_ca": str(stranger.ca)}
    status, said, err = pacs(wrong, "fetch", "--into", here)
    assert (status, said["failed"]) == (1, 2)
    assert "127.0.0.1 called and was not let in: no encrypted connection came about" in err
    status, said, err = pacs({**where, "listen_tls": False}, "fetch", "--into", here)
    assert (status, said["failed"]) == (1, 2), err

    right = {**where, "listen_ca": str(authority.ca)}
    assert pacs(right, "fetch", "--into", here)[1]["fetched"] == 2
    assert pixels_of(here) == pixels_of(source)


def test_who_we_are_to_those_who_call_is_asked_for(server, pacs):
    where = table(server, "move", retrieve="move", listen_tls=True)
    status, _, err = pacs(where, "fetch", "--into", "nowhere")
    assert status == 2
    assert "lacks 'certificate'" in err
