"""One SOP instance UID on two films: the first stays, the second is refused in a sentence."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from dicom_films import BIG_ENDIAN
from pacs_films import EXPLICIT, IMPLICIT, destinations, leftovers, pixels_of, write_film

from kyphometer.cli import main
from kyphometer.errors import PacsDoubledError
from kyphometer.interop.network.archive import Entry
from kyphometer.interop.network.fetch import fetch
from kyphometer.interop.network.lateral import Choice, judge
from kyphometer.interop.network.listen import Listening, listening


@pytest.fixture
def send(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def to(port, path):
        table = {"kind": "dimse", "host": "127.0.0.1", "port": port, "called_ae": "KYPHOMETER"}
        file = destinations(tmp_path / "d.toml", here=table)
        capsys.readouterr()
        words = ["pacs", "send", "here", str(path), "--again", "--destinations", str(file)]
        status = main([*words, "--format", "json"])
        return status, json.loads(capsys.readouterr().out)

    return to


def film(tmp_path, name, number=1, syntax=EXPLICIT, **more):
    """A film whose UID is that of number 1."""
    folder = tmp_path / name
    folder.mkdir()
    facts = {"SOPInstanceUID": "2.25.7001", "StudyInstanceUID": "2.25.80",
             "SeriesInstanceUID": "2.25.91", "PatientID": "P0", "InstanceNumber": "1"}  # fmt: skip
    return write_film(folder, number, syntax, **{**facts, **more})


def test_a_listener_keeps_the_first_and_refuses_another(tmp_path, send):
    first = film(tmp_path, "first")
    same = film(tmp_path, "same", syntax=IMPLICIT, SeriesDescription="corrected")
    others = {
        "PixelData": film(tmp_path, "pixels", number=2),
        "PatientID": film(tmp_path, "patient", PatientID="P9"),
        "StudyInstanceUID": film(tmp_path, "study", StudyInstanceUID="2.25.85"),
        "PatientName": film(tmp_path, "name", PatientName="Other^Anna"),
    }
    inbox, wrong = tmp_path / "inbox", []
    for _ in range(2):  # also after it was started again
        with listening(inbox, Listening(host="127.0.0.1", port=0), on_error=wrong.append) as port:
            assert send(port, first)[1]["sent"] == 1
            [kept] = inbox.rglob("*.dcm")
            content = kept.read_bytes()
            assert send(port, same)[1]["sent"] == 1
            for what, other in others.items():
                status, said = send(port, other)
                assert (status, said["failed"]) == (1, 1), what
                assert f"UID 2.25.7001, which is here already ({what}" in str(wrong[-1])
        assert [one.read_bytes() for one in inbox.rglob("*.dcm")] == [content]
        assert not leftovers(inbox)
    assert len(wrong) == 2 * len(others)


class Gives:
    """An archive that gives a file for every film that is asked for."""

    def __init__(self, path):
        self._path = path

    def fetch(self, entries, receiver):
        for entry in entries:
            with receiver.receive(entry.sop_instance_uid) as part:
                part.write(self._path.read_bytes())
            yield entry, None


class Outcomes(Gives):
    """As archives do it: what a film meets is its outcome."""

    def fetch(self, entries, receiver):
        for one in entries:
            try:
                yield from super().fetch([one], receiver)
            except PacsDoubledError as error:
                yield one, error


def entry(**more):
    return Entry(sop_instance_uid="2.25.7001", series_instance_uid="2.25.91",
                 study_instance_uid="2.25.80", **more)  # fmt: skip


def test_a_fetch_names_another_film_of_a_known_uid_and_overwrites_nothing(tmp_path):
    first, other = film(tmp_path, "first"), film(tmp_path, "other", StudyInstanceUID="2.25.85")
    here = tmp_path / "here"
    done = fetch(Gives(first), [entry()], here, source="a")
    assert len(done.kept) == 1
    content = pixels_of(here)
    elsewhere = replace(entry(), study_instance_uid="2.25.85")
    for _ in range(2):
        done = fetch(Gives(other), [entry(), elsewhere], here, source="b")
        assert (len(done.kept), done.known, len(done.failed), done.left) == (0, 1, 1, 0)
        assert "'b' gives another film under the UID 2.25.7001" in str(done.failed[0].error)
        assert pixels_of(here) == content


@pytest.mark.parametrize(
    ("states", "what"),
    [
        ({"patient_id": "P9"}, "PatientID"),
        ({"rows": 121}, "Rows"),
        ({"study_date": "20240507", "columns": 91}, "StudyDate, Columns"),
        ({"sop_class_uid": "1.2.840.10008.5.1.4.1.1.1"}, "SOPClassUID"),
        ({"patient_id": "P0", "rows": 120, "columns": 90, "study_date": "20240506"}, ""),
        ({"patient_id": "", "rows": None}, ""),
    ],
)
@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_fetch_sees_by_what_the_archive_states_that_it_is_another(
    tmp_path, states, what, is_elsewhere
):
    """Nothing of it is fetched; where the archive states the same or nothing, it is known."""
    first, here = film(tmp_path, "first"), tmp_path / "here"
    known = {"2.25.7001": first}
    if not is_elsewhere:
        assert len(fetch(Gives(first), [entry()], here, source="a").kept) == 1
        known = {}
    done = fetch(None if what else Gives(first), [entry(**states)], here, source="b", known=known)
    assert (done.known, len(done.failed)) == ((0, 1) if what else (1, 0))
    if what:
        assert f"which is here already ({what} differ)" in str(done.failed[0].error)


def test_what_is_here_is_compared_to_the_last_pixel_where_that_is_asked_for(tmp_path):
    first, here = film(tmp_path, "first"), tmp_path / "here"
    other = film(tmp_path, "other", number=2)
    fetch(Gives(first), [entry()], here, source="a")
    content = pixels_of(here)
    for syntax in (IMPLICIT, BIG_ENDIAN):
        same = film(tmp_path, syntax, syntax=syntax)
        done = fetch(Gives(same), [entry()], here, source="b", compare=True)
        assert (done.known, done.compared, done.failed, done.left) == (1, 1, (), 0)
    done = fetch(Gives(other), [entry()], here, source="b")
    assert (done.known, done.failed) == (1, ())
    for known in ({}, {"2.25.7001": first}):
        done = fetch(Outcomes(other), [entry()], here, source="b", compare=True, known=known)
        assert (done.known, done.compared, done.left) == (0, 0, 0)
        assert "which is here already (PixelData differ)" in str(done.failed[0].error)
    assert pixels_of(here) == content
    assert not leftovers(here)


def test_two_films_of_one_uid_in_one_answer_are_told(tmp_path):
    first = film(tmp_path, "first")
    elsewhere = replace(entry(), study_instance_uid="2.25.85")
    done = fetch(Gives(first), [entry(), entry(), elsewhere], tmp_path / "here", source="a")
    assert (len(done.kept), len(done.failed), done.left) == (1, 1, 0)


def test_a_file_that_has_the_name_is_not_overwritten(tmp_path):
    first, other = film(tmp_path, "first"), film(tmp_path, "other", number=3)
    named = tmp_path / "here" / "2.25.80" / "2.25.7001.dcm"
    named.parent.mkdir(parents=True)
    another = film(tmp_path, "another", number=4, SOPInstanceUID="2.25.7004")
    named.write_bytes(another.read_bytes())
    for given in (first, other):
        done = fetch(Gives(given), [entry()], tmp_path / "here", source="a")
        assert "which is here already" in str(done.ended_by)
        assert named.read_bytes() == another.read_bytes()
        assert not leftovers(tmp_path / "here")


def test_two_hundred_series_are_judged_at_once():
    """A whole study is a matter of moments, whatever its descriptions are."""
    import time

    texts = ("WS seitlich", "AP " * 20, "tư thế nghiêng cột sống", "x" * 64, "")
    series = [
        entry(modality="DX", series_description=texts[number % 5], body_part="LSPINE")
        for number in range(200)
    ]
    began = time.perf_counter()
    found = [judge(one).choice for one in series * 5]
    assert time.perf_counter() - began < 2
    assert found.count(Choice.CHOSEN) == 400
