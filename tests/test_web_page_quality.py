"""The page of quality assurance in Chromium: plan, watch, lock, report, open again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from quality_study import PASSWORD, make_study
from web_page_kit import PATIENCE_S
from web_process import running

from kyphometer.store.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_study(tmp_path_factory.mktemp("quality"))


@pytest.fixture(scope="module")
def address(target: Path) -> Iterator[str]:
    with running("serve", target, "--port", "0") as server:
        yield server.base


@pytest.fixture(name="page")
def _page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context.new_page()
    context.close()


def enter(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Sessions").click()
    page.locator("[data-session=done]").wait_for()


def violations(page: Page) -> list[str]:
    return [item["id"] for item in Axe().run(page).response["violations"]]


def test_the_owner_plans_watches_locks_reads_the_report_and_opens_again(
    page: Page, address: str, target: Path
) -> None:
    enter(page, address, "olga")
    card = page.locator("[data-session=done]")
    expect(card).to_have_attribute("data-state", "open")
    expect(card.locator("[data-reader]")).to_have_count(4)
    expect(card).to_contain_text("8 / 8")
    expect(card.get_by_role("button", name="Show the report")).to_have_count(0)
    assert violations(page) == []

    page.get_by_label("Code", exact=True).fill("second")
    page.get_by_label("Observers, with commas").fill("AA, CC")
    page.get_by_label("Rounds", exact=True).fill("1")
    page.get_by_role("button", name="Plan the session").click()
    page.locator("[data-session=second]").wait_for()
    expect(page.locator(".list-note")).to_contain_text("14 showings")
    page.get_by_label("Code", exact=True).fill("second")
    page.get_by_label("Observers, with commas").fill("AA")
    page.get_by_role("button", name="Plan the session").click()
    expect(page.locator(".list-note")).to_contain_text("There is a session 'second' already")

    card.get_by_role("button", name="Lock: done").click()
    page.get_by_label("Reason").fill("all read")
    page.locator("dialog").get_by_role("button", name="Lock", exact=True).click()
    expect(card).to_have_attribute("data-state", "locked")
    card.get_by_role("button", name="Show the report").click()
    report = page.locator(".report")
    report.locator("img").first.wait_for(timeout=120_000)  # an analysis takes its time
    expect(report).to_contain_text("Intraclass correlation")
    expect(report).to_contain_text("6 films, 2 observers")
    usual = page.viewport_size
    for width in (390, 820):
        page.set_viewport_size({"width": width, "height": 1180})
        widest = "document.documentElement.scrollWidth - window.innerWidth"
        assert page.evaluate(widest) <= 0, width
    page.set_viewport_size(usual)
    widths = page.evaluate("() => [...document.images].map((image) => image.naturalWidth)")
    assert len(widths) > 3
    assert min(widths[1:]) > 200
    assert violations(page) == []
    with page.expect_download(timeout=120_000) as coming:
        card.get_by_role("link", name="PDF").first.click()
    assert coming.value.suggested_filename == "done-report.pdf"

    card.get_by_role("button", name="Open again: done").click()
    page.get_by_label("Reason").fill("a film was missed")
    page.locator("dialog").get_by_role("button", name="Open again", exact=True).click()
    expect(card).to_have_attribute("data-state", "open")
    expect(page.locator(".report img")).to_have_count(0)
    with Study.open(target) as study:
        assert study.sessions.get("done").locked is False
        assert study.sessions.get("second").created_by == "olga"


def test_qa_looks_in_vietnamese_and_changes_nothing(page: Page, address: str) -> None:
    enter(page, address, "quinn")
    page.get_by_label("Language / Ngôn ngữ").select_option("vi")
    page.get_by_role("heading", name="Phiên đọc").wait_for()
    page.locator("[data-session=done]").wait_for()
    assert page.get_by_role("button").count() == 0
    assert violations(page) == []
    page.set_viewport_size({"width": 820, "height": 1180})
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == [], "the way back has a name where its word is not shown"
