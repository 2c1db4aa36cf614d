"""Archives that take a request for films and then say nothing, or only that they are busy."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager

import pytest
from orthanc import free_port
from pacs_films import destinations, leftovers, pixels_of, write_film

from kyphometer.cli import main

pytest.importorskip("pynetdicom")
FILMS = 3
FIND, MOVE, GET = (f"1.2.840.10008.5.1.4.1.2.2.{number}" for number in (1, 2, 3))
DX = "1.2.840.10008.5.1.4.1.1.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"


class Small:
    """An archive of pynetdicom that holds a folder's films, and gives so many of them.

    Then it is `silent`, or says for ever that films are on their way ("pending").
    """

    def __init__(self, folder, back, gives=0, then="silent", least=1, only_series=False):
        from pydicom import dcmread

        self.films = [dcmread(path) for path in sorted(folder.glob("*.dcm"))]
        self.back, self.gives, self.then = back, gives, then
        self.least, self.only_series = least, only_series
        self.over = threading.Event()
        self.asked = []

    def find(self, event):
        from pydicom.dataset import Dataset

        level = event.identifier.QueryRetrieveLevel
        key = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID"}.get(
            level, "SOPInstanceUID"
        )
        seen = set()
        for film in self._chosen(event.identifier, ("StudyInstanceUID", "SeriesInstanceUID")):
            if film[key].value in seen:
                continue
            seen.add(film[key].value)
            answer = Dataset()
            answer.QueryRetrieveLevel = level
            for name in event.identifier.dir():
                if name in film:
                    setattr(answer, name, film[name].value)
            yield 0xFF00, answer
        yield 0x0000, None

    def _chosen(self, keys, names):
        def fits(film, name):
            said = keys.get(name) or ()
            uids = [said] if isinstance(said, str) else list(said)
            return not uids or film[name].value in uids

        return [film for film in self.films if all(fits(film, name) for name in names)]

    def retrieve(self, event):
        said = event.identifier.get("SOPInstanceUID")
        self.asked.append([said] if isinstance(said, str) else list(said))
        series = event.identifier.get("SeriesInstanceUID")
        wanted = self._chosen(event.identifier, ("SOPInstanceUID",))
        if self.only_series and not isinstance(series, str):
            wanted = []
        if event.request.__class__.__name__ == "C_MOVE":
            yield "127.0.0.1", self.back
        yield len(wanted)
        for film in wanted:
            if self.then != "done" and not self.gives:
                break
            self.gives -= 1
            yield 0xFF00, film
        while self.then == "pending" and not self.over.wait(0.05):
            self._say_pending(event)
        if self.then == "silent":
            self.over.wait(60)

    def _say_pending(self, event):
        from pynetdicom.dimse_primitives import C_GET, C_MOVE

        kind = C_MOVE if isinstance(event.request, C_MOVE) else C_GET
        answer = kind()
        answer.MessageIDBeingRespondedTo = event.request.MessageID
        answer.AffectedSOPClassUID = event.request.AffectedSOPClassUID
        answer.Status = 0xFF00
        answer.NumberOfRemainingSuboperations = 2
        answer.NumberOfCompletedSuboperations = 1
        answer.NumberOfFailedSuboperations = 0
        answer.NumberOfWarningSuboperations = 0
        if not event.assoc.is_established:
            self.over.set()
            return
        event.assoc.dimse.send_msg(answer, event.context.context_id)


@contextmanager
def running(small):
    from pynetdicom import AE, evt

    entity = AE(ae_title="ORTHANC")
    for uid in (FIND, MOVE, GET):
        entity.add_supported_context(uid)
    entity.add_supported_context(DX, EXPLICIT, scu_role=True, scp_role=True)
    entity.add_requested_context(DX, EXPLICIT)
    handlers = [(evt.EVT_C_FIND, small.find), (evt.EVT_C_MOVE, small.retrieve),
                (evt.EVT_C_GET, small.retrieve)]  # fmt: skip
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    try:
        yield server.server_address[1]
    finally:
        small.over.set()
        server.shutdown()


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(FILMS):
        write_film(folder, number)
    return folder


@pytest.fixture
def fetch(tmp_path, capsys):
    """`pacs fetch` of everything: status, the JSON that was printed, and what was said."""

    def run(port, back, way, **more):
        table = {"kind": "dimse", "host": "127.0.0.1", "port": port, "called_ae": "ORTHANC",
                 "listen_host": "127.0.0.1", "listen_port": back, "retrieve": way,
                 "timeout_s": 60.0, "film_timeout_s": 60.0, **more}  # fmt: skip
        file = destinations(tmp_path / "d.toml", there=table)
        capsys.readouterr()
        words = ["fetch", "there", "--all", "--into", str(tmp_path / "here")]
        status = main(["pacs", *words, "--destinations", str(file), "--format", "json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, json.loads(out) if out else None, err

    return run


@pytest.mark.parametrize(
    ("then", "way", "gives"),
    [("silent", "move", 1), ("silent", "get", 0), ("pending", "move", 0), ("pending", "get", 1)],
)
def test_an_archive_that_brings_no_more_films_is_not_waited_for(
    source, tmp_path, fetch, then, way, gives
):
    back, here = free_port(), tmp_path / "here"
    bound = {"timeout_s": 2.0} if then == "silent" else {"film_timeout_s": 2.0}
    with running(Small(source, back, gives, then)) as port:
        started = time.monotonic()
        status, said, err = fetch(port, back, way, **bound)
        assert time.monotonic() - started < 60
    assert status == 9
    told = [line for line in err.splitlines() if line.startswith("kyphometer: ")]
    assert len(told) == 1
    words = "did not finish within 2 s" if then == "silent" else "no whole film within 2 s"
    assert words in told[0]
    assert "run the same command again" in told[0]
    assert not leftovers(here)
    assert (len(pixels_of(here)) > 0) == (gives > 0)
    had = len(pixels_of(here))
    with running(Small(source, back, then="done")) as port:
        status, said, _ = fetch(port, back, way)
    assert (status, said["fetched"], said["known"]) == (0, FILMS - had, had)
    assert pixels_of(here) == pixels_of(source)


@pytest.mark.parametrize("way", ["move", "get"])
@pytest.mark.parametrize("only_series", [False, True])
def test_films_of_a_study_come_by_few_requests(source, tmp_path, fetch, way, only_series):
    """Also where an archive holds to the standard: one series a request."""
    for number in range(FILMS, 8):
        write_film(source, number, SeriesInstanceUID=f"2.25.9{number % 2}0")
    back = free_port()
    small = Small(source, back, then="done", only_series=only_series)
    with running(small) as port:
        status, said, _ = fetch(port, back, way)
    assert (status, said["fetched"]) == (0, 8)
    assert pixels_of(tmp_path / "here") == pixels_of(source)
    sizes = [len(one) for one in small.asked]
    assert sizes == ([4, 4] if not only_series else [4, 1, 1, 1, 1, 2, 2])
