"""Films found in a real Orthanc from the page, fetched, opened, read and sent back."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pydicom
import pytest
from axe_playwright_python.sync_playwright import Axe
from orthanc import PASSWORD, Orthanc, missing
from pacs_films import destinations, dimse_table, web_table
from pacs_films import write_film as write_small
from playwright.sync_api import expect
from web_page_kit import Tab, phantoms, write_film
from web_process import running

from kyphometer.cli import main
from kyphometer.store.study.study import Study
from kyphometer.web.access.passwords import hashed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")

WORDS = "correct horse battery"
PATIENT_MS = 120_000
"""A fetch and a drawing are processes of their own, on a machine that may be busy."""


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An Orthanc that holds a lateral film and a frontal one of the same study."""
    folder = tmp_path_factory.mktemp("orthanc")
    server = Orthanc(folder)
    try:
        films = folder / "films"
        films.mkdir()
        write_film(phantoms()["before"].film, films, "V1", "SENDS", date(2026, 1, 10))
        study = pydicom.dcmread(films / "V1.dcm", stop_before_pixels=True).StudyInstanceUID
        write_small(
            films, 1, StudyInstanceUID=study, PatientID="SENDS", PatientName="Phantom^SENDS",
            SeriesDescription="LWS a.p.", ViewPosition="AP", StudyDate="20260110",
        )  # fmt: skip
        server.study, server.films = study, films
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KYPHO_TEST_SECRET", PASSWORD)
            patch.setenv("XDG_STATE_HOME", str(folder / "state"))
            patch.setenv("KYPHOMETER_DESTINATIONS", str(setup(server, folder)))
            assert main(["pacs", "send", "web", str(films)]) == 0
            yield server
    finally:
        server.stop()


def setup(server: Orthanc, folder: Path) -> Path:
    return destinations(
        folder / "destinations.toml",
        web=web_table(server.http),
        get=dimse_table(server.dimse, server.ours),
        wrong=web_table(server.http, user="nobody"),
    )


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page; fails its test if it complained in its console, but of refusals it was shown."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(PATIENT_MS)
    found, complaints = context.new_page(), list[str]()
    found.on("pageerror", lambda error: complaints.append(str(error)))
    yield found
    context.close()
    assert complaints == []


def kept_confirmed(page: Page) -> None:
    """Mark the film that is shown, and confirm."""
    page.locator(".reader[data-ready]").wait_for()
    tab = Tab.__new__(Tab)
    tab.page, tab.complaints = page, []
    tab.mark()
    page.keyboard.press("Control+Enter")
    page.locator(".save.confirmed").wait_for()


def test_a_film_is_found_with_its_reason_fetched_into_a_folder_and_opened(
    orthanc: Orthanc, page: Page, tmp_path: Path
) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    with running("annotate", folder, "--no-browser", "--observer", "KN") as server:
        page.goto(server.address)
        page.get_by_role("button", name="From the PACS").click()
        dialog = page.locator("dialog")
        dialog.get_by_label("Archive").select_option("wrong")
        dialog.get_by_label("Name").fill("phantom")
        page.keyboard.press("Enter")
        expect(dialog.locator(".refused")).to_contain_text("refuses the account")
        dialog.get_by_label("Archive").select_option("web")
        dialog.get_by_label("Name").press("Enter")
        chosen = dialog.locator("[data-choice=chosen]")
        expect(chosen).to_contain_text("lateral by")
        expect(chosen.get_by_role("checkbox")).to_be_checked()
        expect(dialog.locator("legend")).to_contain_text("Phantom SENDS · SENDS · 10 Jan 2026")
        dialog.get_by_text("One film that does not fit").click()
        expect(dialog.locator("[data-choice=no]")).to_contain_text("not lateral by ViewPosition")
        found = Axe().run(page).response["violations"]
        assert found == [], [(one["id"], one["help"]) for one in found]
        dialog.get_by_role("button", name="Fetch one film").click()
        page.locator(".reader[data-ready]").wait_for()
        assert "#/film/" in page.url
        page.goto(f"{server.base}/#/")
        page.get_by_role("button", name="From the PACS").click()
        page.locator("#fetch-from").select_option("get")
        page.locator("#fetch-patient-id").fill("SENDS")
        page.get_by_role("button", name="Search").click()
        expect(page.locator("[data-choice=here]")).to_contain_text("is here")
    (kept,) = folder.rglob("*.dcm")
    assert kept.parent.name == orthanc.study
    original = pydicom.dcmread(orthanc.films / "V1.dcm")
    assert pydicom.dcmread(kept).PixelData == original.PixelData


def test_an_owner_follows_a_link_fetches_reads_and_sends_and_all_is_written_down(
    orthanc: Orthanc, page: Page, tmp_path: Path
) -> None:
    target = tmp_path / "study.sqlite"
    with Study.create(target, "Fetching", actor="KN") as study:
        known = hashed(WORDS)
        for name, role in (("ann", "observer"), ("olga", "owner")):
            study.add_account(name, password_hash=known, role=role, observer=name.upper())
    with running("serve", target, "--port", "0") as server:
        link = f"{server.base}/open?StudyInstanceUID={orthanc.study}"
        page.goto(link)
        sign_in(page, "ann")
        page.wait_for_url("**/open?*")
        expect(page.locator("body")).to_contain_text("No film of the study")
        page.goto(f"{server.base}/")
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        expect(page.get_by_role("button", name="From the PACS")).to_have_count(0)
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/login")
        page.goto(link)
        sign_in(page, "olga")
        dialog = page.locator("dialog")
        expect(dialog).to_contain_text(orthanc.study)
        dialog.get_by_label("Archive").select_option("get")
        dialog.get_by_role("button", name="Search").click()
        dialog.get_by_role("button", name="Fetch one film").click()
        kept_confirmed(page)
        page.get_by_role("button", name="Send to PACS").click()
        page.locator("#send-to-web").check()
        page.locator("#send-part-sc").uncheck()
        page.locator("#send-part-pdf").uncheck()
        dialog.get_by_role("button", name="Send").click()
        page.locator(".send-outcome[data-state=whole]").wait_for()
    kinds = {one["MainDicomTags"].get("Modality") for one in orthanc.get("/series?expand")}
    assert "SR" in kinds
    with Study.open(target) as study:
        deeds = {entry.action: entry for entry in study.audit()}
        assert study.check() == ()
    for action in ("films.fetch", "films.fetched", "results.send", "results.sent"):
        assert deeds[action].actor == "olga"
    assert deeds["films.fetched"].details["destination"] == "get"
    assert deeds["films.fetched"].details["arrived"] == 1
    sent = deeds["results.sent"].details
    assert (sent["destination"], sent["parts"], sent["sent"]) == ("web", ["sr"], 1)
    assert (sent["version"], sent["observer"], sent["ended"]) == (1, "OLGA", None)


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(WORDS)
    page.get_by_role("button", name="Sign in").click()
