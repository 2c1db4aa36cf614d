"""The image's help in the page: moves after the hand, looks different, is a step of its own.

First with answers that are played, so that every number is known; then with the real refiner and
the real carry-over, on phantom films.
"""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from web_page_kit import PATIENCE_S, Tab, case
from web_process import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Route

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


@pytest.fixture
def helped(chromium: Browser, film_folder: Path, tmp_path: Path) -> Iterator[Tab]:
    """A tab on `kyphometer annotate` as everybody starts it: the image may help."""
    for name in ("F04", "V1", "V2"):
        shutil.copy(film_folder / f"{name}.dcm", tmp_path)
    with running("annotate", tmp_path, "--no-browser", "--observer", "KN") as server:
        context = chromium.new_context(viewport={"width": 1366, "height": 768})
        context.set_default_timeout(2000 * PATIENCE_S)  # the image is asked in earnest
        opened = Tab(context.new_page(), server.address)
        yield opened
        context.close()
    assert opened.complaints == []


def _marks(tab: Tab, name: str) -> dict[str, Any]:
    """The stored marks by level, endplate and corner, once saved."""
    tab.wait_saved()
    found = tab.stored(name)["document"]["vertebrae"]
    return {
        f"{level}.{side}.{corner}": mark
        for level, plates in found.items()
        for side, plate in plates.items()
        for corner, mark in (plate or {}).items()
        if mark
    }


def _gap(key: str, xy: list[float], name: str = "before") -> float:
    """Distance from the truth in film pixels."""
    return math.dist(xy, case(name).xy(*key.split(".")))


def test_the_real_refiner_after_a_drag_and_for_all_at_once(helped: Tab) -> None:
    tab = helped
    page = tab.open("F04").page
    page.keyboard.press("q")  # by hand first
    tab.mark()
    key = f"{case().fractured}.superior.anterior"
    hand = _marks(tab, "F04")[key]["xy"]
    page.keyboard.press("q")
    start, zoom = tab.corner_at(key), tab.view()[2]
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 3 * zoom, start[1] - 3 * zoom, steps=4)
    page.mouse.up()
    page.locator(f".stage .assisted[data-key='{key}']").wait_for()
    mark = _marks(tab, "F04")[key]
    assert mark["source"] == "refined"
    assert mark["raw"] == pytest.approx([hand[0] + 3, hand[1] - 3], abs=0.3)
    assert _gap(key, mark["xy"]) < 2.0 < _gap(key, mark["raw"])
    assert len(page.locator(".stage .assisted").all()) == 1, "only the corner that was dragged"
    page.keyboard.press("Control+z")  # the image's step
    expect(page.locator(".stage .assisted")).to_have_count(0)
    dragged = _marks(tab, "F04")[key]
    assert (dragged["source"], dragged["xy"]) == ("hand", mark["raw"])
    page.keyboard.press("Control+z")  # the hand's step
    assert _marks(tab, "F04")[key]["xy"] == hand
    page.keyboard.press("e")
    expect(page.locator(".stage .assisted")).not_to_have_count(0, timeout=60_000)
    refined = {k: m for k, m in _marks(tab, "F04").items() if m["source"] == "refined"}
    assert len(refined) >= 6
    assert max(_gap(k, m["xy"]) for k, m in refined.items()) < 3.0
    page.keyboard.press("Control+Enter")
    page.locator(".save.confirmed").wait_for()
    expect(page.locator(".stage .assisted")).to_have_count(0)  # confirmed: all are agreed with


def test_one_click_helps_carry_over_where_the_film_is_in_doubt(helped: Tab) -> None:
    tab = helped
    page = tab.open("V1").page
    tab.mark()
    page.keyboard.press("Control+Enter")
    page.locator(".save.confirmed").wait_for()
    tab.open("V2")
    level = case().fractured
    asked: list[dict[str, Any]] = []

    def doubt(route: Route) -> None:
        body = route.request.post_data_json
        asked.append(body)
        if len(asked) > 1:
            route.continue_()
            return
        levels = ["T11", level, "L4"]
        told = {"error": "Two places.", "kind": "CarryOverError", "code": "carry_two_places"}
        route.fulfill(status=422, json={**told, "facts": {"levels": levels}})

    page.route("**/carry-over", doubt)
    page.keyboard.press("p")
    question = page.locator(".guide [data-where]")
    question.wait_for()
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    asked.clear()
    page.keyboard.press("p")
    question.wait_for()
    page.locator("#where-level").select_option(level)
    corners = [
        case("after").xy(level, side, corner)
        for side in ("superior", "inferior")
        for corner in ("anterior", "posterior")
    ]
    middle = [sum(xy[axis] for xy in corners) / 4 for axis in (0, 1)]
    tab.press_at(middle)
    expect(page.locator(".stage .assisted")).not_to_have_count(0, timeout=60_000)
    expect(question).to_have_count(0)
    (first, second) = asked
    assert first["anchors"] == {}
    assert math.dist(second["anchors"][level], middle) < 3.0
    tab.complaints[:] = [text for text in tab.complaints if "422" not in text]


def test_carry_over_proposes_the_visit_before(helped: Tab) -> None:
    tab = helped
    page = tab.open("V1").page
    page.locator("#plan").select_option("whole")
    tab.mark()
    page.keyboard.press("Control+Enter")
    page.locator(".save.confirmed").wait_for()
    before = _marks(tab, "V1")
    tab.open("V2")
    assert tab.corners() == []
    page.keyboard.press("p")
    expect(page.locator(".stage .assisted")).not_to_have_count(0, timeout=60_000)
    found = _marks(tab, "V2")
    assert set(found) <= set(before)
    assert {mark["source"] for mark in found.values()} == {"carried"}
    off = sorted(_gap(key, mark["xy"], "after") for key, mark in found.items())
    assert off[len(off) // 2] < 6.0
    page.locator(".change").first.wait_for()  # said of the proposals too
    expect(page.locator(".change").first).to_contain_text("marks carried over")
    page.keyboard.press("Control+z")
    tab.wait_corners(0)
    page.keyboard.press("Control+y")
    tab.wait_corners(len(found))
    first = tab.corners()[0]
    tab.corner(first).focus()
    page.keyboard.press("Enter")
    page.locator(f".stage [data-key='{first}']:not(.assisted)").wait_for()
