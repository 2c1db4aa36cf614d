"""Each way to an archive, slow, cut, unwilling or without room: a sentence, and nothing is lost."""

from __future__ import annotations

import json
import resource
import time
from contextlib import contextmanager

import pytest
from orthanc import Orthanc, free_port, missing, proxy
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

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")
WAYS = ("web", "get", "move")
FILMS = 3


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Orthanc(tmp_path_factory.mktemp("orthanc"))
    yield running
    running.stop()


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(FILMS):
        write_film(folder, number)
    return folder


@pytest.fixture
def pacs(tmp_path, monkeypatch, capsys):
    """A verb at a destination: status, the JSON that was printed, and what was said."""
    monkeypatch.setenv("KYPHO_TEST_SECRET", SECRET)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    file = tmp_path / "d.toml"

    def run(table, verb, *words):
        if table is not None:
            destinations(file, there=table)
        capsys.readouterr()
        command = ["pacs", verb, "there", *map(str, words), "--destinations", str(file)]
        status = main([*command, "--format", "json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert SECRET not in out + err
        return status, json.loads(out) if out else None, err

    return run


@pytest.fixture
def filled(server, source, pacs):
    """The archive with three films."""
    server.empty()
    assert pacs(web_table(server.http), "send", source)[1]["sent"] == FILMS
    return server


def table_of(server, way, port=None, **more):
    """A destination; through `port` where that is stated."""
    if way == "web":
        return web_table(port or server.http, **more)
    retrieve = "move" if way == "move" else "get"
    return dimse_table(port or server.dimse, server.ours, retrieve=retrieve, **more)


def port_of(server, way):
    return server.http if way == "web" else server.dimse


@contextmanager
def files_bounded(most_bytes):
    """As on a full disk: no file of ours may grow beyond so many bytes."""
    usual, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (usual, most))


def one_sentence(err):
    """What was said, without the counting of films."""
    lines = [line for line in err.splitlines() if line.startswith("kyphometer: ")]
    assert len(lines) == 1, err
    return lines[0]


@pytest.mark.parametrize("way", ["web", "get"])
@pytest.mark.parametrize("verb", ["echo", "find"])
@pytest.mark.parametrize("how", ["cut_after", "stall_after"])
@pytest.mark.parametrize("after", [0, 100, 700])
def test_an_answer_that_is_cut_or_does_not_end_is_told(filled, pacs, way, verb, how, after):
    with proxy(port_of(filled, way), **{how: after}) as port:
        started = time.monotonic()
        table = table_of(filled, way, port, timeout_s=1.0)
        status, found, err = pacs(table, verb)
    if status == 0:  # the answer was shorter
        assert verb == "echo" or len(found) == FILMS
        return
    assert status == 9
    assert time.monotonic() - started < 15
    assert "'there'" in one_sentence(err)


@pytest.mark.parametrize("cut", [3000, 40_000, 70_000])
def test_a_c_move_that_is_cut_anywhere_goes_on(filled, source, tmp_path, pacs, cut):
    """The connections on which the archive brings the films end after so many bytes."""
    here, back = tmp_path / "here", free_port()
    table = table_of(filled, "move")
    with proxy(back, at=filled.ours, from_server=False, cut_after=[cut, 1000]):
        status, _, _ = pacs({**table, "listen_port": back}, "fetch", "--into", here)
    assert status in (0, 1, 9)
    assert not leftovers(here)
    had = pixels_of(here)
    assert set(had.items()) <= set(pixels_of(source).items())
    status, said, _ = pacs(table, "fetch", "--into", here)
    assert (status, said["fetched"], said["known"]) == (0, FILMS - len(had), len(had))
    assert pixels_of(here) == pixels_of(source)


def test_a_c_move_whose_films_do_not_end_is_told(filled, source, tmp_path, pacs):
    here, back = tmp_path / "here", free_port()
    table = table_of(filled, "move")
    with proxy(back, at=filled.ours, from_server=False, stall_after=9000):
        started = time.monotonic()
        slow = {**table, "listen_port": back, "timeout_s": 1.0}
        status, _, err = pacs(slow, "fetch", "--into", here)
        assert time.monotonic() - started < 40
    assert status in (1, 9)
    assert "'there'" in err
    assert not leftovers(here)
    status, said, _ = pacs(table, "fetch", "--into", here)
    assert (status, said["fetched"] + said["known"]) == (0, FILMS)
    assert pixels_of(here) == pixels_of(source)


def test_a_port_that_another_has_is_named(filled, tmp_path, pacs):
    with proxy(1, at=filled.ours):
        status, _, err = pacs(table_of(filled, "move"), "fetch", "--into", tmp_path / "here")
    assert status == 9
    assert f":{filled.ours}" in one_sentence(err)


@pytest.mark.parametrize("way", ["web", "get"])
def test_a_full_disk_of_the_journal_ends_a_send_and_it_goes_on(server, source, tmp_path, pacs, way):
    """What was confirmed cannot be written down: it is sent once more, and held once."""
    server.empty()
    table = table_of(server, way)
    assert pacs(table, "echo")[0] == 0
    with files_bounded(100):  # not two lines of the journal
        status, said, err = pacs(None, "send", source)
    assert status == 9
    assert "is full" in one_sentence(err)
    status, said, _ = pacs(table, "send", source)
    assert (status, said["sent"] + said["known"]) == (0, FILMS)
    assert server.held() == sorted(pixels_of(source))


@pytest.mark.parametrize("way", WAYS)
def test_a_study_without_room_keeps_the_films_and_goes_on(filled, source, tmp_path, pacs, way):
    study = tmp_path / "study.db"
    assert main(["study", "new", str(study)]) == 0
    here = tmp_path / "here"
    with files_bounded(60_000):
        words = ("--study", study, "--into", here)
        status, said, err = pacs(table_of(filled, way), "fetch", *words)
    assert status != 0
    one_sentence(err)
    status, said, err = pacs(table_of(filled, way), "fetch", *words)
    assert status == 0
    assert pixels_of(here) == pixels_of(source)
    assert said["added_to_study"] == FILMS


@pytest.mark.parametrize("way", ["web", "get"])
def test_a_file_that_cannot_be_read_fails_alone(server, source, pacs, way):
    server.empty()
    gone = source / "film-000.dcm"
    whole = gone.read_bytes()
    gone.unlink()
    gone.symlink_to(source / "nowhere")
    table = table_of(server, way)
    status, said, err = pacs(table, "send", source, gone)
    assert (status, said["sent"], said["failed"]) == (1, FILMS - 1, 1)
    assert "film-000.dcm" in one_sentence(err)
    gone.unlink()
    gone.write_bytes(whole)
    status, said, _ = pacs(table, "send", source)
    assert (status, said["sent"], said["known"]) == (0, 1, FILMS - 1)


def test_an_archive_that_does_not_know_where_to_send_is_told_once(filled, pacs, tmp_path):
    """C-MOVE to a title that the archive has not entered: nobody ever calls."""
    table = table_of(filled, "move", calling_ae="STRANGER")
    status, _, err = pacs(table, "fetch", "--all", "--into", tmp_path / "here")
    assert status == 9
    assert "has not called here; have the title STRANGER entered there" in err
    assert f"port {filled.ours}" in err
    assert not list((tmp_path / "here").rglob("*.dcm"))
