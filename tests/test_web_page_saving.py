"""Nothing marked is ever lost: killed servers, closed tabs, two tabs on one film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from web_page_kit import Tab, annotator_on, case, open_tab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from web_page_kit import Annotator


@pytest.fixture
def own(film_folder: Path, tmp_path: Path) -> Iterator[Annotator]:
    """A server that this test may kill."""
    with annotator_on(film_folder, tmp_path / "own") as running:
        yield running


def _mark(tab: Tab, corners: int) -> None:
    for _ in range(corners):
        level, endplate, corner = tab.target() or ("", "", "")
        tab.press_at(case().xy(level, endplate, corner))


def test_a_draft_survives_a_killed_server(chromium: Browser, own: Annotator) -> None:
    with open_tab(chromium, own) as tab:
        tab.open("F01").choose(case().fractured)
        _mark(tab, 3)
        tab.wait_saved()
        own.kill()
        _mark(tab, 1)
        tab.page.locator(".save[data-state=offline]").wait_for()
        tab.wait_corners(4)
        _mark(tab, 2)  # the preview goes on without a server
        own.start()
        tab.wait_saved()
        assert len(tab.stored("F01")["document"]["vertebrae"]) == 2
        own.kill()
        own.start()
        tab.complaints.clear()  # the browser itself reports refused connections
        tab.page.reload()
        tab.corner(tab_key()).wait_for()
        tab.wait_corners(6)
        assert tab.target() is not None, "marking goes on where it stopped"


def tab_key() -> str:
    return f"{case().fractured}.superior.anterior"


def test_work_that_the_server_never_got_comes_back(chromium: Browser, own: Annotator) -> None:
    with open_tab(chromium, own) as tab:
        tab.open("F02").choose(case().fractured)
        _mark(tab, 2)
        tab.wait_saved()
        own.kill()
        _mark(tab, 2)
        tab.page.locator(".save[data-state=offline]").wait_for()
        tab.page.on("dialog", lambda dialog: dialog.accept())
        tab.page.goto("about:blank")  # the browser is closed
        own.start()
        tab.complaints.clear()
        tab.page.goto(f"{own.address}/?token=a-token-for-the-browser")
        tab.page.locator(".row, .reader").first.wait_for()
        tab.open("F02")
        tab.page.locator(".toast").wait_for()
        tab.wait_corners(4)
        tab.wait_saved()
        assert len(tab.stored("F02")["document"]["vertebrae"]) == 2


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_two_tabs_on_one_film(chromium: Browser, annotator: Annotator, choice: str) -> None:
    name = {"mine": "F03", "theirs": "F04"}[choice]
    with open_tab(chromium, annotator) as first, open_tab(chromium, annotator) as second:
        first.open(name).choose(case().fractured)
        first.wait_saved()
        second.open(name)
        _mark(first, 2)
        first.wait_saved()
        _mark(second, 1)
        dialog = second.page.locator("dialog")
        dialog.wait_for()
        kept = first.stored(name)["document"]
        plates = [plate for body in kept["vertebrae"].values() for plate in body.values() if plate]
        assert sum(bool(plate[c]) for plate in plates for c in ("anterior", "posterior")) == 2
        label = {"mine": "Go on with mine", "theirs": "Take theirs"}[choice]
        dialog.get_by_role("button", name=label).click()
        second.dialog_closed()
        second.wait_corners({"mine": 1, "theirs": 2}[choice])
        second.page.keyboard.press("Control+z")
        second.wait_corners({"mine": 2, "theirs": 1}[choice])  # the other is one undo away
        second.wait_saved()
        second.complaints.clear()  # the browser reports the refused save


def test_a_correction_needs_a_reason_and_keeps_the_first_version(tab: Tab) -> None:
    tab.open("F05")
    tab.mark()
    tab.page.keyboard.press("Control+Enter")
    tab.page.locator(".save.confirmed").wait_for()
    tab.corner(tab_key()).focus()
    tab.page.keyboard.press("ArrowDown")
    tab.wait_saved()
    assert tab.stored("F05")["status"] == "draft"
    tab.page.get_by_role("button", name="Confirm change").click()
    tab.page.locator("dialog #why").fill("corner on the osteophyte")
    tab.page.locator("dialog .primary").click()
    tab.page.locator(".save.confirmed").wait_for()
    assert tab.stored("F05")["version"] == 2


def test_an_impossible_reading_is_refused_with_its_reason(tab: Tab) -> None:
    tab.open("F06").choose(case().fractured)
    tab.page.keyboard.press("z")  # the view stays, since the marks go where nobody expects them
    for _ in range(8):
        level, endplate, corner = tab.target() or ("", "", "")
        swapped = {"superior": "inferior", "inferior": "superior"}[endplate]
        side = swapped if level == case().fractured else endplate
        tab.press_at(case().truth["vertebrae"][level][side][corner]["xy"])
    findings = tab.page.locator(".findings .error")
    findings.first.wait_for()
    assert case().fractured in findings.first.inner_text()
    tab.page.keyboard.press("Control+Enter")
    tab.page.locator(".toast.error").wait_for()
    assert tab.stored("F06")["version"] == 0
    tab.complaints.clear()  # the browser reports the refusal
