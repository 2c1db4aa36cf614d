"""A third reader adjudicates two others in Chromium: letters instead of names, a consensus kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from consensus_study import make_study
from playwright.sync_api import expect
from web_page_kit import PATIENCE_S
from web_process import running

from kyphometer.store.study.study import Study
from kyphometer.web.access.passwords import hashed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_study(tmp_path_factory.mktemp("consensus"), ("OBS-AN", "OBS-BT"))
    with Study.open(made) as study:
        for name, role in (("olga", "owner"), ("quinn", "qa"), ("ann", "observer")):
            study.add_account(name, password_hash=hashed(PASSWORD), role=role)
    return made


@pytest.fixture(scope="module")
def address(target: Path) -> Iterator[str]:
    with running("serve", target, "--port", "0") as server:
        yield server.base


@pytest.fixture(name="page")
def _page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context.new_page()
    context.close()


def enter(page: Page, address: str, name: str, film: int) -> None:
    page.goto(f"{address}/login#/film/{film}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator(f".reader[data-ready='{film}']").wait_for()


def test_a_third_reader_takes_the_mean_moves_a_corner_and_confirms(
    page: Page, address: str, target: Path
) -> None:
    with Study.open(target) as study:
        film = study.films()[0].id
    enter(page, address, "quinn", film)
    page.locator(".stage").first.focus()
    page.keyboard.press("Shift+J")
    card = page.locator("section.together:not([hidden])")
    expect(card.locator("tr[data-candidate]")).to_have_count(3)
    expect(card).not_to_contain_text("OBS-")
    answer = page.request.get(f"{address}/api/films/{film}/consensus").text()
    assert "OBS-" not in answer
    assert [item["id"] for item in Axe().run(page).response["violations"]] == []
    card.get_by_role("button", name="Take: Mean").click()
    expect(page.locator(".stage [data-key]").first).to_be_visible()
    key = page.locator(".stage [data-key]").first
    key.focus()
    page.keyboard.press("ArrowDown")
    page.locator(".save[data-state=saved]").wait_for(state="attached")
    page.keyboard.press("Control+Enter")
    page.locator(".save.confirmed").wait_for(state="attached")
    with Study.open(target) as study:
        kept = study.latest_reading(film, "quinn").reading.consensus
    assert kept is not None
    assert (kept.method, kept.edited) == ("mean", True)
    assert {part.observer for part in kept.of} == {"OBS-AN", "OBS-BT"}
    page.locator(".stage").first.focus()
    page.keyboard.press("j")
    line = page.locator("tr[data-reading=quinn]")
    expect(line).to_contain_text("consensus: mean of")
    expect(line).to_contain_text("OBS-AN v1")
    expect(line).to_contain_text("edited")
    expect(page.locator("section.together:not([hidden])")).to_have_count(1)


def test_undo_takes_a_consensus_back_and_others_are_not_asked(
    page: Page, address: str, target: Path
) -> None:
    with Study.open(target) as study:
        film = study.films()[1].id
    enter(page, address, "olga", film)
    page.get_by_role("button", name="Adjudicate readings of others").click()
    card = page.locator("section.together:not([hidden])")
    card.get_by_role("button", name="Take: Reading A").click()
    expect(page.locator(".stage [data-key]").first).to_be_visible()
    page.locator(".stage").first.focus()
    page.keyboard.press("Control+z")
    expect(page.locator(".stage [data-key]")).to_have_count(0)


def test_an_observer_is_not_shown_the_readings_of_others(
    page: Page, address: str, target: Path
) -> None:
    with Study.open(target) as study:
        film = study.films()[1].id
    enter(page, address, "ann", film)
    expect(page.get_by_role("button", name="Adjudicate readings of others")).to_have_count(0)
    assert page.request.get(f"{address}/api/films/{film}/consensus").status == 403
