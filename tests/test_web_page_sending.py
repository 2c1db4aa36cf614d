"""Results sent from the page: to a real listener, after a failure, and round a whole path."""

from __future__ import annotations

import io
import json
import time
import warnings
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import pydicom
import pytest
from orthanc import PASSWORD, USER, Orthanc, free_port, missing
from pacs_films import SECRET, destinations, dimse_table, web_table
from playwright.sync_api import expect
from web_page_kit import Tab, annotator_on, case, open_tab, phantoms, write_film
from web_process import running

from kyphometer.cli import main
from kyphometer.interop.network.listen import Listening, listening
from kyphometer.store.study.study import Study
from kyphometer.web.access.passwords import hashed
from kyphometer.workflow.sessions import SessionRequest, new_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from playwright.sync_api import Browser, Page
    from web_process import Server

WORDS = "correct horse battery"
PATIENT_MS = 120_000
"""Objects are drawn in a process of their own, on a machine that may be busy."""


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """One film."""
    folder = tmp_path / "films"
    folder.mkdir()
    write_film(phantoms()["before"].film, folder, "V1", "SENDS", date(2026, 1, 10))
    return folder


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Port of the only destination, at which nothing listens yet; nothing else is set up."""
    found = free_port()
    table = {"kind": "dimse", "host": "127.0.0.1", "port": found, "called_ae": "KYPHOMETER"}
    file = destinations(tmp_path / "destinations.toml", archive=table)
    monkeypatch.setenv("KYPHOMETER_DESTINATIONS", str(file))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return found


@contextmanager
def listener(folder: Path, port: int) -> Iterator[list[Any]]:
    kept: list[Any] = []
    wrong: list[Any] = []
    settings = Listening(host="127.0.0.1", port=port)
    with listening(folder, settings, on_kept=kept.append, on_error=wrong.append):
        yield kept
    assert not wrong


def confirm(tab: Tab) -> dict[str, float]:
    """Mark, confirm, and what the page shows."""
    tab.mark()
    shown = {code: tab.wait_for_value(code) for code in ("VKA", "RKA")}
    tab.page.keyboard.press("Control+Enter")
    tab.page.locator(".save.confirmed").wait_for(timeout=PATIENT_MS)
    return shown


def send(page: Page, outcome: str) -> str:
    """Send what the dialog has chosen; what it says at the end."""
    page.locator("dialog").get_by_role("button", name="Send").click()
    end = page.locator(f".send-outcome[data-state={outcome}]")
    end.wait_for(timeout=PATIENT_MS)
    return str(end.inner_text())


def angles_of(report: pydicom.Dataset) -> dict[str, float]:
    """Angles of a report by their finding; read by pydicom alone."""
    found = {}
    for group in report.ContentSequence[-1].ContentSequence:
        code = number = None
        for item in group.ContentSequence:
            if item.ConceptNameCodeSequence[0].CodeValue == "121071":
                code = item.ConceptCodeSequence[0].CodeValue
            elif item.ValueType == "NUM" and number is None:
                number = float(item.MeasuredValueSequence[0].NumericValue)
        if code in ("VKA", "RKA"):
            found[code] = number
    return found


def by_modality(folder: Path) -> dict[str, pydicom.Dataset]:
    return {found.Modality: found for found in map(pydicom.dcmread, folder.rglob("*.dcm"))}


@pytest.mark.parametrize("width", [820, 1000, 1366])
def test_the_films_title_has_room_beside_sending(
    chromium: Browser, films: Path, tmp_path: Path, port: int, width: int
) -> None:
    del port  # there is a destination
    size = {"width": width, "height": 1180}
    with (
        annotator_on(films, tmp_path / "own") as annotator,
        open_tab(chromium, annotator, viewport=size) as tab,
    ):
        tab.open("V1")
        expect(tab.page.get_by_role("button", name="Send to PACS")).to_be_visible()
        box = tab.page.locator(".film-title").bounding_box()
        assert box is not None
        assert box["width"] >= 170
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_confirmed_reading_goes_to_a_listener_and_not_twice(
    chromium: Browser, films: Path, tmp_path: Path, port: int
) -> None:
    inbox = tmp_path / "inbox"
    with (
        listener(inbox, port) as kept,
        annotator_on(films, tmp_path / "own") as annotator,
        open_tab(chromium, annotator) as tab,
    ):
        tab.open("V1")
        button = tab.page.get_by_role("button", name="Send to PACS")
        expect(button).to_be_disabled()
        shown = confirm(tab)
        button.click()
        for part, wanted in (("sr", 1), ("sc", 1), ("pdf", 1), ("gsps", 0), ("film", 0)):
            expect(tab.page.locator(f"#send-part-{part}")).to_be_checked(checked=bool(wanted))
        assert "archive has confirmed 3 of 3" in send(tab.page, "whole")
        assert len(kept) == 3
        assert "It had 3 of them before" in send(tab.page, "whole")
        assert len(kept) == 3
    got = by_modality(inbox)
    assert sorted(got) == ["DOC", "OT", "SR"]
    assert got["DOC"].EncapsulatedDocument.startswith(b"%PDF")
    assert got["OT"].pixel_array.shape[2] == 3
    for code, value in angles_of(got["SR"]).items():
        assert round(value, 1) == pytest.approx(shown[code], abs=1e-9)
    assert got["SR"].StudyInstanceUID == pydicom.dcmread(films / "V1.dcm").StudyInstanceUID


def test_what_did_not_arrive_is_sent_again_and_nothing_is_lost(
    chromium: Browser, films: Path, tmp_path: Path, port: int
) -> None:
    inbox = tmp_path / "inbox"
    with annotator_on(films, tmp_path / "own") as annotator, open_tab(chromium, annotator) as tab:
        tab.open("V1")
        confirm(tab)
        tab.page.keyboard.press("t")
        tab.page.locator("#send-part-pdf").uncheck()
        said = send(tab.page, "partly")
        assert "confirmed 0 of 2" in said
        assert "127.0.0.1" in said
        annotator.kill()  # whatever the server remembers is gone
        annotator.start()
        tab.complaints.clear()
        with listener(inbox, port) as kept:
            tab.page.goto(annotator.start_address)
            tab.open("V1")
            tab.page.keyboard.press("t")
            assert "confirmed 3 of 3" in send(tab.page, "whole")
            assert sorted({one.sop_instance_uid for one in kept}) == sorted(
                one.sop_instance_uid for one in kept
            )
            tab.page.keyboard.press("Escape")
            tab.dialog_closed()
    assert sorted(by_modality(inbox)) == ["DOC", "OT", "SR"]


def test_without_a_destination_nothing_is_offered(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KYPHOMETER_DESTINATIONS", str(tmp_path / "none.toml"))
    arguments = ("annotate", films, "--no-browser", "--observer", "KN")
    with running(*arguments) as server, server.client() as client:
        assert client.get("/api/config").json()["sending"] is False
        film = client.get("/api/worklist").json()["items"][0]["film_id"]
        answer = client.get(f"/api/films/{film}/sending")
        assert answer.status_code == 404, "nothing is confirmed"


def test_a_department_sends_and_a_blinded_reader_cannot(
    films: Path, tmp_path: Path, port: int
) -> None:
    target, inbox = tmp_path / "study.sqlite", tmp_path / "inbox"
    with Study.create(target, "Sending", actor="KN") as study:
        study.add_films(films)
        for name in ("ann", "bea"):
            known = hashed(WORDS)
            study.add_account(name, password_hash=known, role="observer", observer=name.upper())
        plan = SessionRequest(code="qa1", observers=("BEA",), rounds=1, duplicates=0.0, seed=1)
        new_session(study, plan)
    with (
        listener(inbox, port) as kept,
        running("serve", target, "--port", "0", "--send-role", "observer") as server,
    ):
        with signed_in(server, "ann") as ann:
            film = ann.get("/api/worklist").json()["items"][0]["film_id"]
            address = f"/api/films/{film}/sending"
            body = {"document": case().truth, "base": None}
            assert ann.post(f"/api/films/{film}/reading", json=body).status_code == 200
            unknown = {"destination": "elsewhere", "parts": ["sr"]}
            assert "elsewhere" in ann.post(address, json=unknown).json()["error"]
            nothing = {"destination": "archive", "parts": []}
            assert ann.post(address, json=nothing).status_code == 400
            everything = {"destination": "archive", "parts": ann.get(address).json()["parts"]}
            assert ann.post(address, json=everything).status_code == 200
            deadline = time.monotonic() + PATIENT_MS / 1000
            while (job := ann.get(address).json()["job"])["state"] != "done":
                assert time.monotonic() < deadline
                time.sleep(0.3)
        assert (job["sent"], job["problems"], job["ended"]) == (5, [], None)
        assert len(kept) == 5
        with signed_in(server, "bea") as bea:
            assert bea.get("/api/config").json()["sending"] is False
            film = bea.get("/api/worklist").json()["items"][0]["film_id"]
            address = f"/api/films/{film}/sending"
            assert bea.get(address).status_code == 403
            assert bea.post(address, json=everything).status_code == 403
        assert len(kept) == 5


@contextmanager
def signed_in(server: Server, name: str) -> Iterator[httpx.Client]:
    with server.client() as client:
        client.headers.update({"X-Kyphometer-CSRF": "login", "Origin": server.base})
        answer = client.post("/api/login", json={"name": name, "password": WORDS})
        assert answer.status_code == 200, answer.text
        client.headers["X-Kyphometer-CSRF"] = answer.json()["csrf"]
        yield client


@pytest.mark.skipif(bool(missing()), reason=missing() or "-")
def test_a_film_is_found_fetched_read_and_its_results_are_seen_by_others(
    chromium: Browser,
    films: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "orthanc").mkdir()
    orthanc = Orthanc(tmp_path / "orthanc")
    try:
        monkeypatch.setenv("KYPHO_TEST_SECRET", SECRET)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        file = destinations(
            tmp_path / "destinations.toml",
            web=web_table(orthanc.http),
            get=dimse_table(orthanc.dimse, orthanc.ours),
        )
        monkeypatch.setenv("KYPHOMETER_DESTINATIONS", str(file))
        _path(chromium, orthanc, films, tmp_path, capsys)
    finally:
        orthanc.stop()


def _path(
    chromium: Browser,
    orthanc: Orthanc,
    films: Path,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    original = pydicom.dcmread(films / "V1.dcm")
    assert main(["pacs", "send", "web", str(films)]) == 0
    capsys.readouterr()
    assert main(["pacs", "find", "get", "--patient-id", "SENDS", "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["choice"] == "chosen"
    fetched = folder / "fetched"
    uid = found["study_instance_uid"]
    assert main(["pacs", "fetch", "web", "--study-uid", uid, "--into", str(fetched)]) == 0
    with (
        annotator_on(fetched, folder / "own") as annotator,
        open_tab(chromium, annotator) as tab,
    ):
        tab.page.goto(f"{annotator.address}/open?StudyInstanceUID={uid}")
        tab.page.locator(".reader[data-ready]").wait_for(timeout=PATIENT_MS)
        shown = confirm(tab)
        for name in ("VKA", "RKA"):
            assert shown[name] == pytest.approx(case().angles[name], abs=1.0)
        tab.page.get_by_role("button", name="Send to PACS").click()
        assert "web has confirmed 3 of 3" in send(tab.page, "whole")
    _seen_over_dicomweb(orthanc, uid, original, shown)
    _seen_over_dimse(orthanc, uid, shown)


def _seen_over_dicomweb(
    orthanc: Orthanc, uid: str, original: pydicom.Dataset, shown: dict[str, float]
) -> None:
    from dicomweb_client.api import DICOMwebClient
    from dicomweb_client.session_utils import create_session_from_user_pass

    session = create_session_from_user_pass(USER, PASSWORD)
    client = DICOMwebClient(orthanc.web, session=session)
    client.host = f"{client.host}:{client.port}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = {item.Modality: item for item in client.retrieve_study(uid)}
    session.close()
    assert sorted(got) == ["DOC", "DX", "OT", "SR"]
    assert got["DX"].PixelData == original.PixelData
    assert {item.PatientID for item in got.values()} == {"SENDS"}
    assert got["DOC"].EncapsulatedDocument.startswith(b"%PDF")
    assert got["OT"].Rows >= 400
    stored = angles_of(got["SR"])
    assert {code: round(value, 1) for code, value in stored.items()} == pytest.approx(shown)


def _seen_over_dimse(orthanc: Orthanc, uid: str, shown: dict[str, float]) -> None:
    from pydicom.dataset import Dataset
    from pynetdicom import AE, build_role, evt

    kinds = ("1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.104.1",
             "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.1.1")  # fmt: skip
    got: dict[str, Dataset] = {}

    def stored(event: Any) -> int:
        event.dataset.file_meta = event.file_meta
        got[event.dataset.Modality] = pydicom.dcmread(io.BytesIO(event.encoded_dataset()))
        return 0

    entity = AE(ae_title="OTHER")
    entity.add_requested_context("1.2.840.10008.5.1.4.1.2.2.3")
    for kind in kinds:
        entity.add_requested_context(kind)
    roles = [build_role(kind, scp_role=True) for kind in kinds]
    association = entity.associate(
        "127.0.0.1", orthanc.dimse, ae_title="ORTHANC", ext_neg=roles,
        evt_handlers=[(evt.EVT_C_STORE, stored)],
    )  # fmt: skip
    assert association.is_established
    keys = Dataset()
    keys.QueryRetrieveLevel, keys.StudyInstanceUID = "STUDY", uid
    statuses = [status for status, _ in association.send_c_get(keys, "1.2.840.10008.5.1.4.1.2.2.3")]
    association.release()
    assert statuses[-1].Status == 0
    assert sorted(got) == ["DOC", "DX", "OT", "SR"]
    stored_angles = angles_of(got["SR"])
    assert {code: round(value, 1) for code, value in stored_angles.items()} == pytest.approx(shown)
