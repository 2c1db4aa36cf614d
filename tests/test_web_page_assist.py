"""The image's help in the page: moves after the hand, looks different, is a step of its own.

The server's refiner is not what is tested here: its answers are played.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from web_page_kit import Tab, case

if TYPE_CHECKING:
    from playwright.sync_api import Route

SHIFT = (3.0, -2.0)


def _offer_assist(tab: Tab) -> list[dict[str, Any]]:
    """A server that offers help and moves every corner it is asked about by the same shift."""
    asked: list[dict[str, Any]] = []

    def config(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(json={**answer.json(), "assist": {"available": True, "allowed": True}})

    def assist(route: Route) -> None:
        body = route.request.post_data_json
        asked.append(body)
        document, moved = body["document"], []
        for target in body["targets"]:
            plate = document["vertebrae"][target["level"]][target["endplate"]]
            for corner in [target["corner"]] if "corner" in target else ["anterior", "posterior"]:
                mark = plate[corner]
                raw = mark["xy"]
                to = [raw[0] + SHIFT[0], raw[1] + SHIFT[1]]
                plate[corner] = {
                    "xy": to,
                    "raw": raw,
                    "source": "refined",
                    "method": "played 1",
                    "covariance": [[0.04, 0.0], [0.0, 0.04]],
                }
                moved.append({**target, "corner": corner, "from": raw, "to": to, "note": ""})
        route.fulfill(json={"document": document, "moved": moved, "refused": []})

    tab.page.route("**/api/config", config)
    tab.page.route("**/assist", assist)
    tab.page.reload()
    tab.page.locator(".row, .reader").first.wait_for()
    return asked


def test_assist_is_hidden_where_there_is_none(tab: Tab) -> None:
    page = tab.open("F01").page
    page.route("**/api/config", lambda route: _without(route))
    page.reload()
    page.locator(".reader[data-ready]").wait_for()
    assert page.locator("[data-command=refineAll]").count() == 0
    page.keyboard.press("?")
    assert "image assist" not in page.locator(".help").inner_text().lower()


def _without(route: Route) -> None:
    answer = route.fetch().json()
    route.fulfill(json={**answer, "assist": {"available": False, "allowed": True}})


def test_assist_on_release_is_its_own_step_and_looks_different(tab: Tab) -> None:
    asked = _offer_assist(tab)
    page = tab.open("F02").page
    tab.choose(case().fractured)
    level, endplate, _ = tab.target() or ("", "", "")
    for corner in ("anterior", "posterior"):
        tab.press_at(case().xy(level, endplate, corner))
    proposed = page.locator(".stage .corner.assisted")
    proposed.nth(1).wait_for()
    assert [target["corner"] for target in asked[0]["targets"]] == ["anterior", "posterior"]
    tab.wait_saved()
    mark = tab.stored("F02")["document"]["vertebrae"][level][endplate]["anterior"]
    assert mark["source"] == "refined"
    assert mark["raw"] == pytest.approx(case().xy(level, endplate, "anterior"), abs=0.6)
    assert mark["xy"][0] - mark["raw"][0] == pytest.approx(SHIFT[0])
    key = f"{level}.{endplate}.anterior"
    assert "proposed by the image" in str(tab.corner(key).get_attribute("aria-label"))
    tab.corner(key).focus()
    page.keyboard.press("Enter")
    page.locator(f".stage [data-key='{key}']:not(.assisted)").wait_for()
    expect(proposed).to_have_count(1)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.locator(".stage .corner:not(.assisted)").nth(1).wait_for()
    expect(proposed).to_have_count(0)
    assert len(tab.corners()) == 2, "only the assist was undone, the hand's marks stay"
    tab.wait_saved()
    mark = tab.stored("F02")["document"]["vertebrae"][level][endplate]["anterior"]
    assert mark["source"] == "hand"


def test_assist_can_be_switched_off_and_asked_for_all(tab: Tab) -> None:
    asked = _offer_assist(tab)
    page = tab.open("F03").page
    page.keyboard.press("q")
    page.locator("[data-command=assistOnRelease][aria-pressed=false]").wait_for()
    tab.mark()
    assert asked == []
    page.keyboard.press("e")
    page.locator(".stage .corner.assisted").nth(7).wait_for()
    assert len(asked) == 1
    assert len(asked[0]["targets"]) == 4
    page.keyboard.press("Control+z")
    page.locator(".stage .corner:not(.assisted)").nth(7).wait_for()
