"""More than an archive lists at once: all of it is found, or it is said that it is not."""

from __future__ import annotations

import json
from contextlib import nullcontext

import pytest
from orthanc import Orthanc, missing
from pacs_films import SECRET, destinations, dimse_table, web_table, write_film

from kyphometer.cli import main
from kyphometer.interop.network.archive import Query
from kyphometer.interop.network.qido import PAGE, Search

pytest.importorskip("pydicom")
needs_orthanc = pytest.mark.skipif(bool(missing()), reason=missing() or "-")
SERIES = 220
WAYS = ("web", "get")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A study of 220 series of one small film."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(SERIES):
        one = {"StudyInstanceUID": "2.25.800", "SeriesInstanceUID": f"2.25.9{number:03}"}
        write_film(folder, number, rows=24, PatientID="MANY", **one)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory, films):
    yield from filled(tmp_path_factory, films)


@pytest.fixture(scope="module")
def bounded(tmp_path_factory, films):
    """One that lists 50 at most, in any answer."""
    yield from filled(tmp_path_factory, films, LimitFindResults=50, LimitFindInstances=50)


def filled(tmp_path_factory, films, **more):
    folder = tmp_path_factory.mktemp("orthanc")
    running = Orthanc(folder, **more)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_STATE_HOME", str(folder / "state"))
            patch.setenv("KYPHOMETER_DESTINATIONS", str(file_of(running, folder)))
            assert main(["pacs", "send", "get", str(films)]) == 0
        yield running
    finally:
        running.stop()


def file_of(server, folder):
    web, get = web_table(server.http), dimse_table(server.dimse, server.ours)
    return destinations(folder / "d.toml", web=web, get=get)


@pytest.fixture
def pacs(tmp_path, monkeypatch, capsys):
    """A verb at a server: status, the JSON that was printed and what was said."""
    monkeypatch.setenv("KYPHO_TEST_SECRET", SECRET)

    def run(server, *words):
        monkeypatch.setenv("KYPHOMETER_DESTINATIONS", str(file_of(server, tmp_path)))
        capsys.readouterr()
        status = main(["pacs", *map(str, words), "--format", "json"])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    return run


@needs_orthanc
@pytest.mark.parametrize("way", WAYS)
def test_all_of_220_series_are_found_and_fetched(server, pacs, tmp_path, way):
    status, found, err = pacs(server, "find", way, "--patient-id", "MANY")
    assert (status, err) == (0, "")
    assert len({one["series_instance_uid"] for one in found}) == SERIES
    status, said, _ = pacs(server, "fetch", way, "--patient-id", "MANY", "--into", tmp_path / "in")
    assert (status, said["fetched"]) == (0, SERIES)
    assert len(list((tmp_path / "in").rglob("*.dcm"))) == SERIES


@needs_orthanc
@pytest.mark.parametrize("way", WAYS)
def test_a_search_is_bounded_and_says_so(server, pacs, way):
    status, found, err = pacs(server, "find", way, "--patient-id", "MANY", "--limit", 30)
    assert (status, len(found)) == (0, 30)
    assert "the search ended at --limit 30" in err


@needs_orthanc
@pytest.mark.parametrize("way", WAYS)
def test_what_an_archive_does_not_list_is_said(bounded, pacs, way):
    status, found, err = pacs(bounded, "find", way, "--patient-id", "MANY")
    assert status == 1
    assert 50 <= len(found) <= 51  # this Orthanc gives one more than its bound over DICOMweb
    assert f"'{way}' lists only {len(found)} of " in err
    assert ("of 220 in 2.25.800" if way == "web" else "of all that it holds in 2.25.800") in err
    assert len(err.splitlines()) == 1


class Client:
    """Answers as an archive that gives 100 at once however many are asked for."""

    def __init__(self, studies, instances, modality="DX", most=100):
        self._studies, self._instances = studies, instances
        self._modality, self._most = modality, most
        self.asked = []

    def _page(self, every, limit, offset):
        assert limit <= PAGE
        return every[offset : offset + min(limit, self._most)]

    def search_for_studies(self, *, limit, offset, fields, search_filters):
        self.asked.append("studies")
        return self._page([self._study(n) for n in range(self._studies)], limit, offset)

    def search_for_series(self, *, limit, offset, fields, study_instance_uid):
        self.asked.append("series")
        both = [("DX", self._instances, "1"), ("CT", 3000, "2")]
        made = [
            item(Modality=("CS", kind), SeriesInstanceUID=("UI", f"{study_instance_uid}.{number}"),
                 NumberOfSeriesRelatedInstances=("IS", count))
            for kind, count, number in both
        ]  # fmt: skip
        return self._page(made, limit, offset)

    def search_for_instances(
        self, *, limit, offset, fields, study_instance_uid, series_instance_uid=None
    ):
        self.asked.append("instances")
        series = series_instance_uid or f"{study_instance_uid}.1"
        made = [
            item(Modality=("CS", "DX"), SOPInstanceUID=("UI", f"{series}.{n}"),
                 SeriesInstanceUID=("UI", series), StudyInstanceUID=("UI", study_instance_uid))
            for n in range(self._instances)
        ]  # fmt: skip
        return self._page(made, limit, offset)

    def _study(self, number):
        facts = {"StudyInstanceUID": ("UI", f"2.25.{number + 1}"),
                 "ModalitiesInStudy": ("CS", self._modality),
                 "NumberOfStudyRelatedSeries": ("IS", 2 if self._modality == "DX" else 1),
                 "NumberOfStudyRelatedInstances": ("IS", self._instances)}  # fmt: skip
        return item(**facts)


def item(**facts):
    """An answer as DICOM JSON."""
    from pydicom.datadict import tag_for_keyword

    made = {
        f"{tag_for_keyword(keyword):08X}": {"vr": vr, "Value": [value]}
        for keyword, (vr, value) in facts.items()
    }
    return json.dumps(made).encode()


def search(client, **query):
    told = []
    found = Search(client, "there", lambda _: nullcontext(), told.append).find(Query(**query))
    return [entry.sop_instance_uid for entry in found], told


@pytest.mark.parametrize("most", [1, 7, 100, 200])
def test_pages_shorter_than_asked_for_do_not_end_a_search(most):
    client = Client(studies=5, instances=9, most=most)
    found, told = search(client)
    assert len(found) == len(set(found)) == 45
    assert not told
    found, told = search(Client(studies=450, instances=1, most=max(most, 7)))
    assert (len(found), told) == (450, [])


def test_a_large_study_is_asked_for_by_series_and_only_those_that_are_wanted():
    """3000 slices of a CT neither use up the bound on a search nor are listed."""
    client = Client(studies=1, instances=250)
    found, told = search(client, limit=1000)
    assert (len(found), told) == (250, [])
    assert client.asked.count("series") == 1
    assert client.asked.count("instances") == 3


def test_studies_without_a_wanted_modality_are_not_asked_for():
    client = Client(studies=3, instances=9, modality="CT")
    assert search(client) == ([], [])
    assert "instances" not in client.asked
    assert len(search(client, modalities=())[0]) == 27


def test_the_same_name_at_another_address_has_confirmed_nothing(tmp_path):
    from kyphometer.interop.network.destinations import the_destination
    from kyphometer.interop.network.send import journal_path

    paths = set()
    for table in (web_table(1), web_table(2), dimse_table(1, 3), dimse_table(2, 3),
                  dimse_table(1, 3, called_ae="OTHER")):  # fmt: skip
        file = destinations(tmp_path / "d.toml", there=table)
        paths.add(journal_path(the_destination("there", file)))
        assert journal_path(the_destination("there", file)) in paths
    assert len(paths) == 5


def test_files_may_stand_behind_an_option(tmp_path, capsys):
    file = destinations(tmp_path / "d.toml", there={"kind": "dimse", "host": "h"})
    words = ["pacs", "send", "there", "--destinations", str(file), "--again", str(tmp_path)]
    assert main([*words, "--study", "s.sqlite"]) == 2
    assert "Say what to send" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["pacs", "find", "there", "else"])
    assert "unrecognized arguments: else" in capsys.readouterr().err


def test_many_small_series_are_asked_for_together_and_what_is_not_wanted_does_not_count():
    class Mixed(Client):
        """220 series of one instance, every other one a slice of a CT."""

        def _study(self, number):
            facts = {"StudyInstanceUID": ("UI", "2.25.1"), "ModalitiesInStudy": ("CS", "DX"),
                     "NumberOfStudyRelatedSeries": ("IS", 220),
                     "NumberOfStudyRelatedInstances": ("IS", 220)}  # fmt: skip
            return item(**facts)

        def search_for_instances(self, *, limit, offset, fields, study_instance_uid):
            self.asked.append("instances")
            made = [
                item(Modality=("CS", "CT" if n % 2 else "DX"), SOPInstanceUID=("UI", f"2.25.1.{n}"),
                     SeriesInstanceUID=("UI", f"2.25.2.{n}"), StudyInstanceUID=("UI", "2.25.1"))
                for n in range(220)
            ]  # fmt: skip
            return self._page(made, limit, offset)

    client = Mixed(studies=1, instances=220)
    found, told = search(client, limit=110)
    assert (len(found), told) == (110, [])
    assert "series" not in client.asked
    assert client.asked.count("instances") <= 4
