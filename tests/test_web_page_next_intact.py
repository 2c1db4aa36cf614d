"""The next intact level chosen on the page, in Chromium, from the page's defaults."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from web_page_kit import Tab, case

from kyphometer.anatomy import Level, neighbour
from kyphometer.measure import measure_reading

if TYPE_CHECKING:
    from kyphometer.measure import Measurement


def _block() -> tuple[list[Level], Measurement]:
    """The fractured level with the one above, and RKA around both by the truth."""
    fractured = Level.parse(case().fractured)
    above = neighbour(fractured, -1)
    assert above is not None
    film = case().phantom
    marks = replace(film.truth, fractured_levels=(above, fractured), next_intact=True)
    (found,) = measure_reading(marks, film.geometry, codes=["RKA"]).all("RKA")
    return [above, fractured], found


def test_two_neighbours_fractured_the_page_advises_and_keeps_the_choice(tab: Tab) -> None:
    levels, wanted = _block()
    page = tab.open("F10").page
    page.keyboard.press("q")  # by hand
    tab.choose(str(levels[1]))
    page.keyboard.press("f")
    page.locator(f"[data-level={levels[0]}]").click(modifiers=["Shift"])
    while (asked := tab.target()) is not None:
        tab.press_at(case().xy(*asked))
    row = page.locator(".angle-row[data-angle=RKA]")
    expect(row).to_contain_text("needs an intact")
    expect(row.locator("[data-value=RKA]")).to_have_text("—")
    choice = page.locator(".next-intact button")
    choice.click()
    expect(row.locator(".pair")).to_contain_text(str(wanted.levels[0]))
    assert tab.wait_for_value("RKA") == pytest.approx(wanted.value, abs=0.6)
    expect(page.locator(".checks")).to_contain_text(f"{wanted.levels[0]}: it stands in")
    assert Axe().run(page).response["violations"] == []
    tab.wait_saved()
    assert tab.stored("F10")["document"]["next_intact"] is True
    page.keyboard.press("Control+z")
    expect(row).to_contain_text("needs an intact")
    tab.wait_saved()
    assert "next_intact" not in tab.stored("F10")["document"]
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+Enter")
    page.locator(".save.confirmed").wait_for()
    kept = tab.stored("F10")["document"]
    assert (kept["next_intact"], kept["fractured_levels"]) == (True, [str(one) for one in levels])
    page.reload()
    page.locator(".reader[data-ready]").wait_for()
    assert tab.wait_for_value("RKA") == pytest.approx(wanted.value, abs=0.6)


def test_it_is_not_offered_where_the_neighbours_are_there(tab: Tab) -> None:
    page = tab.open("F11").page
    tab.mark()
    tab.wait_for_value("RKA")
    expect(page.locator(".next-intact")).to_have_count(0)
