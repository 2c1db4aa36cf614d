"""A reader's own keys in Chromium: changed, refused where they conflict, kept for that reader."""

from __future__ import annotations

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


def change(tab: Tab, command: str, key: str) -> None:
    tab.page.locator(f"[data-key-of={command}]").click()
    tab.page.keyboard.press(key)


def test_keys_are_changed_refused_kept_and_put_back(tab: Tab) -> None:
    tab.open("F12")
    page = tab.page
    invert = page.locator("[data-command=invert]")
    tab.stage.focus()
    page.keyboard.press("?")
    told = page.locator(".key-told")
    change(tab, "invert", "l")  # that of local contrast
    expect(told).to_contain_text("is the key of")
    change(tab, "invert", "ArrowUp")
    expect(told).to_contain_text("cannot be used")
    dialog = page.locator("dialog")
    assert dialog.evaluate("(d) => d.scrollHeight - d.clientHeight") <= 0, "Close is in sight"
    assert [item["id"] for item in Axe().run(page).response["violations"]] == []
    change(tab, "invert", "Shift+I")
    expect(told).to_contain_text("Shift I")
    page.get_by_role("button", name="Close").click()
    tab.dialog_closed()
    tab.stage.focus()
    page.keyboard.press("i")
    expect(invert).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Shift+I")
    expect(invert).to_have_attribute("aria-pressed", "true")
    expect(invert).to_have_attribute("title", "Invert (Shift I)")

    page.reload()
    page.locator(".reader[data-ready]").wait_for()
    tab.stage.focus()
    page.keyboard.press("Shift+I")
    expect(invert).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Shift+I")
    page.keyboard.press("?")
    page.get_by_role("button", name="Keys as they were").click()
    page.get_by_role("button", name="Close").click()
    tab.dialog_closed()
    tab.stage.focus()
    page.keyboard.press("i")
    expect(invert).to_have_attribute("aria-pressed", "true")
