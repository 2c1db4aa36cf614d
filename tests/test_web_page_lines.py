"""Lines beside the reading and an object of known size, in Chromium, from the page's defaults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from web_page_kit import PATIENCE_S, Tab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture
def tab(chromium: Browser, annotator: Any) -> Iterator[Tab]:
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(PATIENCE_S * 1000)
    yield Tab(context.new_page(), annotator.start_address)
    context.close()


def drag(tab: Tab, start: tuple[float, float], end: tuple[float, float]) -> None:
    tab.settle()
    (x, y), (to_x, to_y) = tab.screen(start), tab.screen(end)
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move((x + to_x) / 2, (y + to_y) / 2, steps=3)
    tab.page.mouse.move(to_x, to_y, steps=3)
    tab.page.mouse.up()


def length(tab: Tab, number: int) -> float:
    shown = tab.page.locator(f"[data-line='{number}'] .num")
    expect(shown).to_contain_text("mm")
    return float(re.match(r"[\d.]+", shown.inner_text())[0])


def test_lines_and_their_angle_and_a_known_size(tab: Tab) -> None:
    tab.open("F11")
    page = tab.page
    tab.stage.focus()
    page.keyboard.press("4")
    page.keyboard.press("0")  # the whole film
    expect(page.locator("section.lines")).to_be_visible()
    drag(tab, (120, 300), (220, 300))
    drag(tab, (120, 320), (120, 420))
    film = page.request.get(f"{tab.address}/api/films/{tab.id_of('F11')}").json()
    by_film = 100 * film["geometry"]["column_mm"]  # 100 square pixels
    assert length(tab, 1) == pytest.approx(by_film, abs=0.5)
    assert length(tab, 2) == pytest.approx(by_film, abs=0.5)
    angle = page.locator("[data-free-angle='1']")
    expect(angle).to_contain_text(re.compile(r"(89\.[5-9]|90\.0)°"))
    assert [item["id"] for item in Axe().run(page).response["violations"]] == []

    page.locator("[data-line='1']").get_by_role("button", name="Known size").click()
    page.get_by_label("Its length, in mm").fill("50")
    assert [item["id"] for item in Axe().run(page).response["violations"]] == []
    page.get_by_role("button", name="Use it").click()
    tab.dialog_closed()
    expect(page.locator(".known-size")).to_contain_text("sphere of 50.0 mm")
    # Its line became the scale: the other one, as long, is measured by it.
    tab.until(lambda: abs(length(tab, 1) - 50.0) < 1.0)
    tab.wait_saved()
    size = tab.stored("F11")["document"]["known_size"]
    assert (size["kind"], size["known_mm"]) == ("sphere", 50)
    page.keyboard.press("Escape")
    tab.stage.focus()
    page.keyboard.press("Control+z")
    expect(page.locator(".known-size")).to_have_count(0)
    tab.until(lambda: abs(length(tab, 1) - by_film) < 0.5)
    page.get_by_role("button", name="Remove line 1").click()
    expect(page.locator("[data-line]")).to_have_count(0)
