"""Everybody can use it: axe-core, focus, two languages, thousands of films, true angles."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from web_page_kit import Tab, case

if TYPE_CHECKING:
    from playwright.sync_api import Route

STATIC = Path(__file__).parent.parent / "kyphometer" / "web" / "static"
ORACLE = json.loads((Path(__file__).parent / "data" / "angle_oracle.json").read_text("utf-8"))


def _violations(tab: Tab) -> list[str]:
    found = Axe().run(tab.page).response["violations"]
    return [f"{item['id']}: {item['nodes'][0]['html'][:120]}" for item in found]


def test_no_automatic_accessibility_violation(tab: Tab) -> None:
    assert _violations(tab) == []
    page = tab.open("F01").page
    assert _violations(tab) == []
    tab.mark()
    tab.wait_for_value("RKA")
    page.locator(".more summary").click()
    page.locator(".facts summary").click()
    assert _violations(tab) == []
    page.keyboard.press("?")
    page.locator("dialog .help").wait_for()
    assert _violations(tab) == []


def test_the_browser_meets_the_oracle(tab: Tab) -> None:
    script = """async (cases) => {
        const m = await import('/static/app/core/geometry.js');
        const vector = (line, g) => m.endplateVector(line.anterior, line.posterior, g);
        return cases.map((c) =>
            m.signedAngleDeg(vector(c.upper, c.geometry), vector(c.lower, c.geometry), c.facing));
    }"""
    cases = ORACLE["cases"]
    found = tab.page.evaluate(script, cases)
    for line, angle in zip(cases, found, strict=True):
        if line["expected_deg"] is None:
            assert angle is None, line["name"]
        else:
            assert angle == pytest.approx(line["expected_deg"], abs=1e-6), line["name"]


def test_tab_walks_the_corners_and_leaves(tab: Tab) -> None:
    page = tab.open("F02").page
    tab.mark()
    tab.stage.focus()
    order = []
    for _ in range(12):
        page.keyboard.press("Tab")
        key = page.evaluate("() => document.activeElement.dataset.key ?? ''")
        if not key:
            break
        order.append(key)
    assert order == tab.corners()
    assert len(order) == 8
    levels = [key.split(".")[0] for key in order]
    assert levels[2] == case().fractured
    assert page.evaluate("() => !document.activeElement.closest('.stage')"), "Tab leaves at the end"


def test_angles_are_announced_after_a_pause(tab: Tab) -> None:
    page = tab.open("F03").page
    tab.mark()
    voice = page.locator("[data-voice]")
    voice.filter(has_text="RKA").wait_for(state="attached")
    said = voice.inner_text()
    assert "VKA" in said
    assert "degrees" in said


def test_every_shortcut_is_in_the_help(tab: Tab) -> None:
    page = tab.open("F04").page
    page.keyboard.press("?")
    listed = page.locator(".help").inner_text()
    script = "async () => (await import('/static/app/input/shortcuts.js')).SHORTCUTS"
    english = json.loads((STATIC / "i18n" / "en.json").read_text("utf-8"))
    for shortcut in page.evaluate(script):
        if shortcut["group"] != "assist":
            assert english[f"command.{shortcut['command']}"] in listed
    page.keyboard.press("Escape")
    tab.dialog_closed()


def test_catalogues_say_the_same_things() -> None:
    english, vietnamese = (
        json.loads((STATIC / "i18n" / f"{code}.json").read_text("utf-8")) for code in ("en", "vi")
    )
    assert english.keys() == vietnamese.keys()
    for key, text in english.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", vietnamese[key])), key
    source = "".join(path.read_text("utf-8") for path in (STATIC / "app").rglob("*.js"))
    used = set(re.findall(r"\b(?:t|plural)\('([\w.]+)'", source))
    plain = {key.removesuffix(".one").removesuffix(".other") for key in english}
    assert used <= plain | set(english)


def test_vietnamese_keeps_the_place_and_writes_its_numbers(tab: Tab) -> None:
    page = tab.open("F05").page
    tab.mark()
    before = tab.wait_for_value("RKA")
    page.locator(".language").select_option("vi")
    page.get_by_role("heading", name="Góc đo").wait_for()
    assert tab.wait_for_value("RKA") == before
    assert "," in page.locator("[data-value=RKA]").inner_text()
    assert page.evaluate("() => document.documentElement.lang") == "vi"
    page.keyboard.press("Control+z")
    tab.wait_corners(7)  # undo outlives the change of language
    assert _violations(tab) == []


def test_a_work_list_of_twenty_thousand_films(tab: Tab) -> None:
    page = tab.page
    asked = []

    def answer(route: Route) -> None:
        url = route.request.url
        offset = int(re.search(r"offset=(\d+)", url).group(1))  # type: ignore[union-attr]
        asked.append(offset)
        items = [
            {
                "film_id": str(n),
                "label": f"film {n:05}",
                "status": "unread",
                "fractured_levels": [],
                "patient": None,
                "visit": None,
                "date": "2026-01-10",
                "position": None,
            }
            for n in range(offset, min(offset + 100, 20_000))
        ]
        progress = {"read": 0, "draft": 0, "total": 20_000}
        route.fulfill(json={"total": 20_000, "progress": progress, "items": items})

    page.route("**/api/worklist*", answer)
    page.reload()
    page.get_by_text("film 00000").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.get_by_text("film 19999").wait_for()
    assert page.locator(".row").count() < 60
    assert len(asked) < 8, "only what is looked at is fetched"
    page.keyboard.press("ArrowUp")
    expect(page.locator(".row:focus")).to_have_attribute("data-index", "19998")


def test_search_and_filter(tab: Tab) -> None:
    page = tab.page
    page.keyboard.press("/")
    page.keyboard.type("VISITS")
    page.get_by_text("2 films").wait_for()
    expect(page.locator(".row")).to_have_count(2)
    page.locator(".filter", has_text="Read").last.click()
    page.locator(".list-note", has_text="film").wait_for()


def test_visits_under_their_patient_with_their_pictures(tab: Tab) -> None:
    page = tab.page
    page.locator(".search").fill("VISITS")
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator(".patient-name")).to_have_text("VISITS")  # once for both
    expect(page.locator(".row.first .patient")).to_contain_text("2 films, 0 read")
    script = "() => [...document.querySelectorAll('.thumb img')].map((one) => one.naturalHeight)"
    tab.until(lambda: page.evaluate(script) == [192, 192])
    page.locator(".order").select_option("date")
    expect(page.locator(".row").first).to_contain_text("V2.dcm")
    expect(page.locator(".patient-name")).to_have_count(2)
    assert _violations(tab) == []


def test_the_reader_is_named_and_can_be_changed(tab: Tab) -> None:
    page = tab.page
    page.get_by_role("button", name="Reader: KN").click()
    page.locator("#observer").fill("LÊ T")
    page.get_by_role("button", name="Read under this code").click()
    page.get_by_role("button", name="Reader: LÊ T").wait_for()
    page.reload()
    page.get_by_role("button", name="Reader: LÊ T").wait_for()
    tab.open("F06")
    expect(page.locator(".film-title")).to_contain_text("Reader: LÊ T")
    assert _violations(tab) == []


def test_the_small_page_that_plans_a_study(tab: Tab) -> None:
    """Numbers of the published tables; a request that cannot be met is answered in a sentence."""
    page = tab.page
    page.get_by_role("link", name="Plan a study").click()
    page.locator("#icc-expected").fill("0.8")
    page.locator("#icc-null").fill("0.6")
    page.locator("#icc-width").fill("0.2")
    page.get_by_role("button", name="Calculate").first.click()
    rows = page.locator("[data-answer=icc] tbody tr")
    expect(rows).to_have_count(4)
    found = dict(
        zip(rows.locator("th").all_inner_texts(), rows.locator(".n").all_inner_texts(), strict=True)
    )
    assert found["Walter 1998 approximation"] == "39"  # Walter, Eliasziw & Donner 1998, table II
    page.get_by_role("button", name="Calculate").last.click()
    expect(page.locator("[data-answer=limits] tbody tr")).to_have_count(3)
    page.locator("#limits-tolerance").fill("0.1")
    page.get_by_role("button", name="Calculate").last.click()
    expect(page.locator("[data-answer=limits]")).to_contain_text("The tolerance is 0.1")
    assert _violations(tab) == []
    tab.complaints.clear()  # the browser reports the refusal
