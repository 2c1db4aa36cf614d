"""A real Orthanc: every verb over DICOMweb and DIMSE, every syntax, and every way to fail."""

from __future__ import annotations

import json
import resource
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from orthanc import Orthanc, free_port, missing, proxy
from pacs_films import (
    ENCODERS,
    HTJ2K,
    SECRET,
    destinations,
    dimse_table,
    leftovers,
    pixels_of,
    web_table,
    write_film,
)

from kyphometer.cli import main
from kyphometer.reading.document import read_reading
from kyphometer.store import Study

SAMPLES = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001"

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")

WAYS = ("web", "get", "move")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Orthanc(tmp_path_factory.mktemp("orthanc"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A film in each syntax."""
    folder = tmp_path_factory.mktemp("films")
    for number, syntax in enumerate(ENCODERS):
        write_film(folder, number, syntax)
    return folder


@pytest.fixture
def archive(server, tmp_path, monkeypatch):
    """An empty archive, and a destinations file that names it in every way."""
    server.empty()
    monkeypatch.setenv("KYPHO_TEST_SECRET", SECRET)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = destinations(
        tmp_path / "destinations.toml",
        web=web_table(server.http),
        get=dimse_table(server.dimse, server.ours),
        move=dimse_table(server.dimse, server.ours, retrieve="move", commitment=True),
    )
    monkeypatch.setenv("KYPHOMETER_DESTINATIONS", str(path))
    return server


def pacs(capsys, *words):
    """Status, the JSON that was printed, and what was said on standard error."""
    capsys.readouterr()
    status = main(["pacs", words[0], *map(str, words[1:]), "--format", "json"])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    assert SECRET not in out + err
    return status, json.loads(out) if out else None, err


@pytest.mark.parametrize("way", WAYS)
def test_every_syntax_goes_there_and_comes_back_as_it_was(archive, films, tmp_path, capsys, way):
    status, said, _ = pacs(capsys, "send", "web", films)
    assert (status, said["sent"]) == (0, len(ENCODERS))
    status, found, _ = pacs(capsys, "find", way)
    assert status == 0
    assert [one["choice"] for one in found] == ["chosen"] * len(ENCODERS)
    assert "spine by BodyPartExamined 'TLSPINE'; lateral by ViewPosition 'LL'" in found[0]["reason"]
    assert found[0]["patient_name"] == "Tester^Änna"
    status, said, err = pacs(capsys, "fetch", way, "--into", tmp_path / "here")
    expected = pixels_of(films)
    if way != "web":  # this Orthanc does not know HTJ2K as a syntax of DIMSE
        lost = expected.pop(f"2.25.7{list(ENCODERS).index(HTJ2K):03}")
        assert lost
        assert "answers 0x" in err
    assert (status, said["failed"]) == ((0, 0) if way == "web" else (1, 1))
    assert pixels_of(tmp_path / "here") == expected
    assert not leftovers(tmp_path / "here")
    status, said, _ = pacs(capsys, "fetch", way, "--into", tmp_path / "here")
    assert (said["fetched"], said["known"]) == (0, len(expected))


def test_a_name_or_a_part_of_it_is_found(archive, tmp_path, capsys):
    folder = tmp_path / "films"
    folder.mkdir()
    write_film(folder, 1)
    assert pacs(capsys, "send", "web", folder)[0] == 0
    for way in ("web", "get"):
        for name in ("*tester*", "Tester^*", "T?ster*", "Tester^Änna"):
            found = pacs(capsys, "find", way, "--patient-name", name)[1]
            assert len(found) == 1, (way, name)
            assert pacs(capsys, "find", way, "--patient-name", f"x{name}")[1] == []


def test_a_name_that_cannot_be_asked_for_finds_nobody_rather_than_everybody(
    archive, tmp_path, capsys
):
    folder = tmp_path / "films"
    folder.mkdir()
    write_film(folder, 1)
    assert pacs(capsys, "send", "web", folder)[0] == 0
    for name in ("山田^太郎", "王*", "[r", "a\\b"):
        assert pacs(capsys, "find", "web", "--patient-name", name)[1] == []


@pytest.mark.parametrize("way", ["web", "get"])
def test_odd_values_of_an_archive_are_shown_and_nothing_else_is_said(
    archive, tmp_path, capsys, way
):
    folder = tmp_path / "films"
    folder.mkdir()
    odd = write_film(folder, 1)
    odd.write_bytes(odd.read_bytes().replace(b"20240506", b"20241345"))
    assert pacs(capsys, "send", "web", folder)[0] == 0
    status, found, err = pacs(capsys, "find", way, "--patient-id", "P0")
    assert (status, len(found), err) == (0, 1, "")
    assert found[0]["study_date"] == "20241345"
    assert pacs(capsys, "find", way, "--patient-id", "x" * 100)[::2] == (0, "")


def test_store_over_dimse_names_what_the_archive_does_not_take(archive, films, capsys):
    status, said, err = pacs(capsys, "send", "move", films)
    assert (status, said["sent"], said["failed"]) == (1, len(ENCODERS) - 1, 1)
    assert f"syntax {HTJ2K}" in err
    assert said["promised_to_keep"] == len(ENCODERS) - 1  # storage commitment
    assert len(archive.held()) == len(ENCODERS) - 1
    status, said, _ = pacs(capsys, "send", "move", films)
    assert (said["sent"], said["known"]) == (0, len(ENCODERS) - 1)


@pytest.mark.parametrize("way", ["web", "get"])
def test_a_fetch_that_is_cut_anywhere_goes_on_without_loss_or_double(
    archive, tmp_path, capsys, way
):
    """The connection ends after so many bytes, again and again; then it is left alone."""
    source = tmp_path / "source"
    source.mkdir()
    for number in range(6):
        write_film(source, number)
    assert pacs(capsys, "send", "web", source)[0] == 0
    expected, table = pixels_of(source), destination_at(archive, way)
    for cut in (9000, 47000, 90000) if way == "web" else (23000, 61000):
        here = tmp_path / f"here-{cut}"
        port = archive.http if way == "web" else archive.dimse
        # The search goes through whole, then three connections are cut, each further on.
        with proxy(port, cut_after=[cut, cut + 9000, cut + 21000]) as cutting:
            file = destinations(tmp_path / "cut.toml", cut=table(cutting))
            search = destinations(tmp_path / "whole.toml", cut=table(port))
            status = fetch_through(search, file, here)
        assert status in (0, 9)
        assert not leftovers(here)
        assert set(pixels_of(here).items()) <= set(expected.items())
        had = len(pixels_of(here))
        status, said, _ = pacs(capsys, "fetch", way, "--into", here)
        assert (status, said["fetched"], said["known"]) == (0, 6 - had, had)
        assert pixels_of(here) == expected


def destination_at(archive, way):
    def table(port):
        return web_table(port) if way == "web" else dimse_table(port, archive.ours)

    return table


def fetch_through(search, file, here):
    """Search by one destination, fetch by another; the exit status that the command would give."""
    from kyphometer.interop.network.archive import Query
    from kyphometer.interop.network.destinations import the_destination
    from kyphometer.interop.network.fetch import fetch
    from kyphometer.interop.network.open import open_archive

    with open_archive(the_destination("cut", search)) as archive:
        entries = list(archive.find(Query()))
    with open_archive(the_destination("cut", file)) as archive:
        done = fetch(archive, entries, here, source="cut")
    assert len(done.kept) + done.left == 6
    if done.ended_by is None:
        return 0
    assert "run the same command again" in str(done.ended_by) or "cannot be reached" in str(
        done.ended_by
    )
    return done.ended_by.exit_status


@pytest.mark.parametrize("way", ["web", "get"])
def test_a_send_that_is_cut_anywhere_goes_on_without_loss_or_double(archive, tmp_path, capsys, way):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(5):
        write_film(source, number)
    port = archive.http if way == "web" else archive.dimse
    table = destination_at(archive, way)
    for cut in (2000, 30000, 61000) if way == "web" else (11000, 50000):
        archive.empty()
        with proxy(port, cut_after=cut, from_server=False) as cutting:
            file = destinations(tmp_path / "cut.toml", **{f"to{cut}": table(cutting)})
            status, said, err = pacs(capsys, "send", f"to{cut}", source, "--destinations", file)
        assert status == 9 or said["sent"] == 5
        assert status == 0 or "run the same command again" in err
        with proxy(port, at=cutting):  # at the same address, since another is another archive
            status, again, _ = pacs(capsys, "send", f"to{cut}", source, "--destinations", file)
        assert (status, again["sent"] + again["known"]) == (0, 5)
        assert again["known"] == said["sent"]
        assert archive.held() == sorted(pixels_of(source))


def test_who_is_refused_is_told_why(archive, tmp_path, capsys, monkeypatch):
    gone = free_port()
    file = destinations(
        tmp_path / "d.toml",
        badly=web_table(archive.http, password="env:KYPHO_OTHER"),
        unset=web_table(archive.http, password="env:KYPHO_UNSET"),
        nowhere=web_table(archive.http, url=f"http://127.0.0.1:{archive.http}/else"),
        dead=web_table(gone),
        mute=dimse_table(gone, 0 + archive.ours),
        title=dimse_table(archive.dimse, archive.ours, called_ae="ANOTHER"),
        crypt=dimse_table(archive.dimse, archive.ours, tls=True, timeout_s=5.0),
        https=web_table(archive.http, url=f"https://127.0.0.1:{archive.http}/dicom-web"),
        speech=dimse_table(archive.http, archive.ours, timeout_s=3.0),
    )
    monkeypatch.setenv("KYPHO_OTHER", "not-the-right-one")
    for name, status, sentence in (
        ("badly", 9, "'badly' refuses the account (HTTP 401)"),
        ("unset", 2, "put it into the environment variable KYPHO_UNSET"),
        ("nowhere", 9, "'nowhere'"),
        ("dead", 9, "Connection refused"),
        ("mute", 9, "Connection refused"),
        ("title", 9, "refuses the association from KYPHOMETER to ANOTHER"),
        ("crypt", 9, "The encrypted connection to 'crypt'"),
        ("https", 9, "The encrypted connection to 'https'"),
        ("speech", 9, "'speech'"),
        ("other", 2, "There is no destination 'other'"),
    ):
        got, _, err = pacs(capsys, "echo", name, "--destinations", file)
        assert (name, got) == (name, status), err
        assert sentence in err
        assert len(err.splitlines()) == 1
        assert "not-the-right-one" not in err


@pytest.mark.parametrize("way", WAYS)
def test_a_film_that_is_gone_fails_alone(archive, films, tmp_path, capsys, way):
    from kyphometer.interop.network.archive import Query
    from kyphometer.interop.network.destinations import the_destination
    from kyphometer.interop.network.fetch import fetch
    from kyphometer.interop.network.open import open_archive

    for number in (0, 1):
        pacs(capsys, "send", "web", films / f"film-{number:03}.dcm")
    with open_archive(the_destination(way)) as opened:
        entries = list(opened.find(Query()))
        archive._request("DELETE", f"/instances/{archive.get('/instances')[0]}")
        done = fetch(opened, entries, tmp_path / "here", source=way)
    assert (len(done.kept), len(done.failed), done.left) == (1, 1, 0)
    assert "does not hold" in str(done.failed[0].error) or "answers" in str(done.failed[0].error)


def test_a_silent_server_ends_in_a_sentence_and_a_state_to_go_on_from(archive, tmp_path, capsys):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(3):
        write_film(source, number)
    pacs(capsys, "send", "web", source)
    # Over DICOMweb films come on a connection each: every one of them falls silent within its film.
    for way, port, count in (("web", archive.http, 9000), ("get", archive.dimse, 30000)):
        here, table = tmp_path / way, destination_at(archive, way)
        with proxy(port, stall_after=count) as slow:
            search = destinations(tmp_path / "whole.toml", cut=table(port))
            file = destinations(tmp_path / "slow.toml", cut={**table(slow), "timeout_s": 0.5})
            text = file.read_text("utf-8")
            assert "timeout_s = 0.5" in text
            done = fetch_slowly(search, file, here)
        assert "did not finish within 0.5 s" in str(done.ended_by)
        assert not leftovers(here)
        status, said, _ = pacs(capsys, "fetch", way, "--into", here)
        assert (status, said["fetched"] + said["known"]) == (0, 3)
        assert pixels_of(here) == pixels_of(source)


@pytest.mark.parametrize("way", ["web", "get"])
def test_sending_to_a_silent_server_ends_in_a_sentence_and_goes_on(archive, tmp_path, capsys, way):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(2):
        write_film(source, number)
    port, table = (archive.http if way == "web" else archive.dimse), destination_at(archive, way)
    with proxy(port, stall_after=9000, from_server=False) as slow:  # within the first film
        file = destinations(tmp_path / "slow.toml", to={**table(slow), "timeout_s": 1.0})
        status, said, err = pacs(capsys, "send", "to", source, "--destinations", file)
    assert status == 9
    assert "run the same command again" in err or "did not finish within" in err
    file = destinations(tmp_path / "slow.toml", to=table(slow))
    with proxy(port, at=slow):  # at the same address, since another is another archive
        status, again, _ = pacs(capsys, "send", "to", source, "--destinations", file)
    assert (status, again["sent"] + again["known"]) == (0, 2)
    assert again["known"] == said["sent"]
    assert archive.held() == sorted(pixels_of(source))


def test_the_wrong_account_finds_fetches_and_sends_nothing(archive, films, tmp_path, capsys):
    file = destinations(
        tmp_path / "d.toml",
        badly=web_table(archive.http, user="somebody"),
        title=dimse_table(archive.dimse, archive.ours, called_ae="ANOTHER"),
    )
    one, here = films / "film-000.dcm", tmp_path / "here"
    for name in ("badly", "title"):
        for words in (["find"], ["fetch", "--into", here], ["send", one]):
            command = [words[0], name, *words[1:], "--destinations", file]
            status, _, err = pacs(capsys, *command)
            assert status == 9
            assert "refuses the" in err
            assert len(err.splitlines()) == 1
    assert archive.held() == []
    assert not list(here.rglob("*.dcm"))
    assert pacs(capsys, "send", "web", one)[1]["sent"] == 1


def fetch_slowly(search, file, here):
    from kyphometer.interop.network.archive import Query
    from kyphometer.interop.network.destinations import the_destination
    from kyphometer.interop.network.fetch import Bounds, fetch
    from kyphometer.interop.network.open import open_archive

    with open_archive(the_destination("cut", search)) as archive:
        entries = list(archive.find(Query()))
    with open_archive(the_destination("cut", file)) as archive:
        return fetch(archive, entries, here, source="slow", bounds=Bounds(tries=1))


@pytest.mark.parametrize("way", WAYS)
def test_a_full_disk_ends_in_a_sentence_and_keeps_what_is_whole(archive, tmp_path, capsys, way):
    """No file may grow beyond 40 kB: the small film fits, the large one does not."""
    source = tmp_path / "source"
    source.mkdir()
    write_film(source, 0)
    write_film(source, 1, rows=400)
    pacs(capsys, "send", "web", source)
    here = tmp_path / "here"
    usual, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40000, most))
    try:
        status, said, err = pacs(capsys, "fetch", way, "--into", here)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (usual, most))
    assert status == 9
    assert "is full; what has arrived whole is kept" in err
    assert len(pixels_of(here)) == said["fetched"] <= 1
    assert not leftovers(here)
    status, said, _ = pacs(capsys, "fetch", way, "--into", here)
    assert (status, said["fetched"] + said["known"]) == (0, 2)
    assert pixels_of(here) == pixels_of(source)


def test_a_run_stays_within_its_bounds_and_the_next_goes_on(archive, films, tmp_path, capsys):
    pacs(capsys, "send", "web", films)
    here = tmp_path / "here"
    status, said, err = pacs(capsys, "fetch", "web", "--into", here, "--most-films", "3")
    assert (status, said["fetched"], said["left"]) == (0, 3, len(ENCODERS) - 3)
    assert "The bound of 3 films" in err
    status, said, err = pacs(capsys, "fetch", "web", "--into", here, "--film-mb", "0.01")
    assert status == 9
    assert "larger than the 0 MB" in err
    assert not leftovers(here)
    status, said, _ = pacs(capsys, "fetch", "web", "--into", here)
    assert (status, said["left"]) == (0, 0)
    assert pixels_of(here) == pixels_of(films)


def test_films_are_taken_up_into_a_study_once(archive, films, tmp_path, capsys):
    pacs(capsys, "send", "web", films / "film-000.dcm", films / "film-001.dcm")
    study = tmp_path / "study.db"
    assert main(["study", "new", str(study), "--name", "Test"]) == 0
    status, said, err = pacs(capsys, "fetch", "web", "--study", study)
    assert (status, said["fetched"], said["added_to_study"]) == (0, 2, 2), err
    status, said, _ = pacs(capsys, "fetch", "get", "--study", study, "--into", tmp_path / "other")
    assert (status, said["fetched"], said["known"]) == (0, 0, 2)


@pytest.mark.parametrize("way", ["web", "get"])
def test_results_go_out_as_the_destination_asks_for_them(archive, tmp_path, capsys, way):
    """From a study: report, picture and page once; a correction supersedes in the same series."""
    film, reading = (SAMPLES / f"pre-op{end}" for end in (".dcm", ".reading.json"))
    study = tmp_path / "study.sqlite"
    with Study.create(study) as made:
        made.add_films(film)
        made.add_observer("A")
        read = replace(read_reading(reading), observer=None)
        made.save_reading(read, made.films()[0].id, "A", base_version=0)
    status, said, err = pacs(capsys, "send", way, "--study", study)
    assert (status, said["sent"], said["failed"]) == (0, 3, 0), err
    assert sorted(one["modality"] for one in found_of(archive)) == ["DOC", "OT", "SR"]
    status, said, _ = pacs(capsys, "send", way, "--study", study)
    assert (status, said["sent"], said["known"]) == (0, 0, 3)
    corrected = replace(read, comment="looked at again")
    with Study.open(study, actor="A") as made:
        number = made.films()[0].id
        made.save_reading(corrected, number, "A", base_version=1, reason="looked at again")
    status, said, _ = pacs(capsys, "send", way, "--study", study)
    assert (status, said["sent"], said["failed"]) == (0, 3, 0)
    reports = [one for one in found_of(archive) if one["modality"] == "SR"]
    assert len(reports) == 2
    assert len({one["series"] for one in reports}) == 1


def test_results_of_readings_beside_films(archive, tmp_path, capsys):
    lonely = tmp_path / "films" / "lonely.dcm"
    lonely.parent.mkdir()
    shutil.copy(SAMPLES / "pre-op.dcm", lonely)
    for end in (".dcm", ".reading.json"):
        shutil.copy(SAMPLES / f"pre-op{end}", lonely.parent)
    status, said, err = pacs(capsys, "send", "web", lonely.parent, "--results")
    assert (status, said["sent"], said["failed"]) == (1, 3, 1)
    assert "'lonely.dcm' has no reading beside it" in err
    lonely.unlink()
    own = lonely.parent / "pre-op.reading.json"
    document = json.loads(own.read_text("utf-8"))
    own.write_text(json.dumps(document | {"comment": "looked at again"}), "utf-8")
    for sent, known in ((3, 0), (0, 3)):  # a file written anew is the next version of what was sent
        status, said, err = pacs(capsys, "send", "web", lonely.parent, "--results")
        assert (status, said["sent"], said["known"]) == (0, sent, known), err
    reports = [
        one for one in archive.get("/series?expand") if one["MainDicomTags"]["Modality"] == "SR"
    ]
    assert len(reports) == 1
    numbers = [archive.get(f"/instances/{one}")["IndexInSeries"] for one in reports[0]["Instances"]]
    assert sorted(numbers) == [1, 2]


@pytest.mark.parametrize("words", [[], ["x.dcm", "--study", "s.sqlite"]])
def test_what_is_to_be_sent_is_asked_for(archive, capsys, words):
    status, _, err = pacs(capsys, "send", "web", *words)
    assert status == 2
    assert "Say what to send" in err


def found_of(archive):
    """Modality and series of every instance that the archive holds."""
    found = []
    for series in archive.get("/series?expand"):
        tags = series["MainDicomTags"]
        one = {"modality": tags["Modality"], "series": tags["SeriesInstanceUID"]}
        found += [one] * len(series["Instances"])
    return found
