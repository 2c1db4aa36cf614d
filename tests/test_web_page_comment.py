"""A comment on a film: kept with the reading, taken along wherever the reading goes."""

from __future__ import annotations

import csv
import io

from playwright.sync_api import expect
from pypdfium2 import PdfDocument
from web_page_kit import Tab

SAID = "Old fracture of T8 – ask again in 3 months"


def test_a_comment_is_kept_undone_printed_and_listed(tab: Tab) -> None:
    page = tab.open("F09").page
    tab.mark()
    corners = tab.corners()
    field = page.locator("#comment")
    field.fill(SAID)
    field.press("h")
    field.press("Backspace")
    field.blur()
    assert page.locator(".stage [data-key]").count() == len(corners), "keys typed are no shortcuts"
    page.keyboard.press("Control+s")
    tab.until(lambda: tab.stored("F09")["document"].get("comment") == SAID)
    page.locator("[data-command=undo]").click()
    expect(field).to_have_value("")
    page.locator("[data-command=redo]").click()
    expect(field).to_have_value(SAID)
    page.keyboard.press("Control+Enter")
    tab.until(lambda: tab.stored("F09")["version"] == 1)
    assert tab.stored("F09")["document"]["comment"] == SAID

    film = f"{tab.address}/api/films/{tab.id_of('F09')}"
    table = page.request.get(f"{film}/measurements.csv").text()
    assert {row["comment"] for row in csv.DictReader(io.StringIO(table))} == {SAID}
    printed = PdfDocument(page.request.get(f"{film}/page.pdf").body())
    text = printed[0].get_textpage().get_text_range()
    printed.close()
    assert "Old fracture of T8" in text
    page.keyboard.press("j")
    expect(page.locator(".together .said")).to_contain_text(SAID)


def test_what_is_typed_when_the_film_is_left_is_not_lost(tab: Tab) -> None:
    page = tab.open("F10").page
    page.locator("#comment").type("two nails")
    page.locator(".bar .tool.wide").first.click()
    page.locator(".row").first.wait_for()
    tab.until(lambda: (tab.stored("F10")["document"] or {}).get("comment") == "two nails")
    tab.open("F11")
    assert page.locator("#comment").input_value() == ""
    tab.open("F10")
    expect(page.locator("#comment")).to_have_value("two nails")
