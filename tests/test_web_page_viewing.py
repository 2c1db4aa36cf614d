"""Viewing in a real browser: true grey levels, zoom, comparison, large and broken films."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect
from web_page_kit import Annotator, Tab, case, open_tab

from kyphometer.dicom.display import to_grey

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Browser


def _smooth_places(grey: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Pixels (x, y) of many greys around which the film hardly changes."""
    found: dict[int, tuple[int, int]] = {}
    grey = cv2.GaussianBlur(grey, (0, 0), 1.0)
    rng = np.random.default_rng(4)
    rows, columns = grey.shape
    for y, x in zip(
        rng.integers(20, rows - 20, 4000), rng.integers(20, columns - 20, 4000), strict=True
    ):
        patch = grey[y - 3 : y + 4, x - 3 : x + 4]
        if int(patch.max()) - int(patch.min()) <= 6:
            found.setdefault(int(grey[y, x]) // 24, (int(x), int(y)))
    return list(found.values())


def test_the_canvas_shows_what_python_shows(tab: Tab) -> None:
    grey = to_grey(case().phantom.film)
    places = _smooth_places(grey)
    assert len(places) >= 5
    tab.open("F01")
    shown = [tab.grey((x + 0.5, y + 0.5)) for x, y in places]
    assert shown == pytest.approx([int(grey[y, x]) for x, y in places], abs=5)
    tab.page.keyboard.press("i")
    tab.page.locator("[data-command=invert][aria-pressed=true]").wait_for()
    tab.drawn()
    turned = [tab.grey((x + 0.5, y + 0.5)) for x, y in places]
    assert turned == pytest.approx([255 - int(grey[y, x]) for x, y in places], abs=5)


def test_window_by_drag_preset_and_region(tab: Tab) -> None:
    page = tab.open("F02").page
    grey = to_grey(case().phantom.film)
    places = [p for p in _smooth_places(grey) if 80 < grey[p[1], p[0]] < 200]
    place = places[0]
    xy = (place[0] + 0.5, place[1] + 0.5)
    first = tab.grey(xy)
    x, y = tab.screen((225, 450))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 120, steps=4)
    page.mouse.up()
    tab.drawn()
    dragged = tab.grey(xy)
    assert dragged < first, "downwards is darker"
    assert tab.corners() == []
    page.locator(".preset").select_option("0")
    tab.drawn()
    assert tab.grey(xy) == first
    page.keyboard.press("r")
    tab.drawn()
    assert page.locator(".preset").input_value() == "-1"


def test_window_zoom_scale_and_sides_are_told(tab: Tab) -> None:
    page = tab.open("F08").page
    tab.settle()
    told = page.locator(".stage .readout")
    film = case().phantom.film
    sides = ["A", "P"] if film.header.acquisition.facing == "left" else ["P", "A"]
    assert [told.locator(f"[data-part={side}]").inner_text() for side in ("left", "right")] == sides
    scale = told.locator("[data-part=scale]")
    length = float(scale.inner_text().split()[0])
    width = page.evaluate("e => parseFloat(e.style.width)", scale.element_handle())
    assert width == pytest.approx(length / film.geometry.column_mm * tab.view()[2], abs=0.6)
    percent = int(re.search(r"(\d+) %", told.inner_text())[1])
    assert percent == pytest.approx(100 * tab.view()[2], abs=0.6)


def test_the_window_is_dragged_while_marking_and_by_the_right_button_if_wanted(tab: Tab) -> None:
    page = tab.open("F12").page
    tab.choose("L1")
    assert tab.target() is not None
    window = page.locator(".stage .readout [data-part=window]")

    def drag(button: Literal["left", "right"], *keys: str) -> None:
        x, y = tab.screen((225, 450))
        for key in keys:
            page.keyboard.down(key)
        page.mouse.move(x, y)
        page.mouse.down(button=button)
        page.mouse.move(x + 60, y + 60, steps=4)
        page.mouse.up(button=button)
        for key in keys:
            page.keyboard.up(key)
        tab.settle()

    first, zoom = window.inner_text(), tab.view()[2]
    drag("left", "Alt")
    assert tab.corners() == []
    assert window.inner_text() != first
    assert tab.view()[2] == zoom
    drag("right")
    assert tab.view()[2] != zoom
    page.keyboard.press("?")
    page.locator("#right-windows").check()
    page.keyboard.press("Escape")
    tab.dialog_closed()
    before, zoom = window.inner_text(), tab.view()[2]
    drag("right")
    assert (window.inner_text() != before, tab.view()[2] == zoom) == (True, True)


def test_zoom_pan_fit_and_one_to_one(tab: Tab) -> None:
    page = tab.open("F03").page
    point = (300.0, 500.0)
    at = tab.screen(point)
    page.mouse.move(*at)
    page.mouse.wheel(0, -400)
    tab.settle()
    assert tab.view()[2] > 1.5 * 714 / 900 * 0.9
    assert tab.screen(point) == pytest.approx(at, abs=0.7)
    page.mouse.down(button="middle")
    page.mouse.move(at[0] + 50, at[1] + 30, steps=3)
    page.mouse.up(button="middle")
    tab.settle()
    assert tab.screen(point) == pytest.approx((at[0] + 50, at[1] + 30), abs=0.7)
    zoom = tab.view()[2]
    page.mouse.down(button="right")
    page.mouse.move(at[0] + 50, at[1] - 40, steps=3)
    page.mouse.up(button="right")
    tab.settle()
    assert tab.view()[2] > zoom
    page.keyboard.press("1")
    tab.settle()
    assert tab.view()[2] == pytest.approx(1.0)
    page.keyboard.press("0")
    tab.settle()
    assert tab.view()[:2] == pytest.approx((225.0, 450.0))


def test_local_contrast_is_a_view_only(tab: Tab) -> None:
    page = tab.open("F04").page
    tab.mark()
    before = tab.wait_for_value("RKA")
    places = [(150.5 + 20 * i, 300.5 + 30 * i) for i in range(8)]
    greys = [tab.grey(p) for p in places]
    page.keyboard.press("l")
    page.locator("[data-command=localContrast][aria-pressed=true]").wait_for()
    tab.until(lambda: [tab.grey(p) for p in places] != greys)
    assert tab.wait_for_value("RKA") == before
    page.keyboard.press("l")
    tab.until(lambda: [tab.grey(p) for p in places] == greys)


@pytest.mark.parametrize(
    ("film", "size"), [("F06", (1440, 900)), ("F10", (1280, 720)), ("F11", (820, 1180))]
)
def test_every_level_can_be_read_and_hit_and_several_chosen_without_keys(
    tab: Tab, film: str, size: tuple[int, int]
) -> None:
    page = tab.open(film).page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.keyboard.press("f")
    if page.locator(".level").count() < 20:
        page.locator(".level.more").click()
    hidden = page.evaluate(
        """() => [...document.querySelectorAll('.level')].filter((level) => {
            const box = level.getBoundingClientRect();
            const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return at !== level || level.scrollWidth > level.clientWidth;
        }).map((level) => level.textContent)"""
    )
    assert hidden == []
    assert page.locator(".level").count() == 27
    page.get_by_label("Several levels").check()
    for level in ("T12", "L1"):
        page.locator(f"[data-level={level}]").click()
    expect(page.locator(".level[aria-pressed=true]")).to_have_text(["T12", "L1"])
    page.get_by_role("button", name="Begin marking").click()
    assert tab.target() is not None
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")


def test_a_select_used_by_mouse_lets_go_of_the_keyboard(tab: Tab) -> None:
    page = tab.open("F07").page
    box = page.locator(".preset-box")
    box.click()
    page.locator(".preset").select_option(label="Bone")
    expect(page.locator(".stage")).to_be_focused()
    page.keyboard.press("i")
    expect(page.locator("[data-command=invert]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("i")


def test_side_by_side_swipe_and_flicker(tab: Tab) -> None:
    tab.open("V1")
    tab.mark()
    tab.page.keyboard.press("Control+Enter")
    tab.page.locator(".save.confirmed").wait_for()
    page = tab.open("V2").page
    tab.mark("after")
    expect(page.locator(".strip li")).to_have_count(2)
    page.keyboard.press("s")
    beside = page.locator(".stage").nth(1)
    beside.locator(".corner").first.wait_for()
    expect(beside.locator(".angle")).to_have_count(2)  # the earlier angles stand beside
    expect(page.locator(".beside .caption")).to_have_text(re.compile("10 Jan 2026$"))
    first, second = tab.view(), _view_of(beside)
    x, y = tab.screen((first[0], first[1]))
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    tab.settle()
    assert _view_of(beside)[2] / second[2] == pytest.approx(tab.view()[2] / first[2], rel=0.01)
    page.keyboard.press("k")
    frozen = _view_of(beside)
    page.mouse.wheel(0, 300)
    tab.settle()
    assert _view_of(beside) == frozen, "free films move alone"
    page.keyboard.press("o")
    divider = page.get_by_role("slider")
    divider.focus()
    page.keyboard.press("ArrowLeft")
    expect(divider).to_have_attribute("aria-valuenow", "48")
    page.locator("canvas.overlay").wait_for(state="visible")
    page.keyboard.press("b")
    page.locator(".compare-bar .shown", has_text="10 Jan 2026").wait_for()
    page.keyboard.press("b")
    page.locator(".compare-bar .shown", has_text="this visit").wait_for()
    page.locator("canvas.overlay").wait_for(state="hidden")


def test_every_visit_stands_in_a_table_and_each_film_carries_its_own_marks(tab: Tab) -> None:
    """Nothing under another film can be moved, and the window keys act on the film that is seen.

    V1 is read by the test before; values are the phantoms' true angles, the error Alanay's.
    """
    page = tab.open("V2").page
    if not tab.corners():
        tab.mark("after")
    now, before = tab.wait_for_value("VKA"), case("before").angles["VKA"]
    row = page.locator(f"tr[data-visit='{tab.id_of('V2')}']")
    expect(row.locator("[data-cell='VKA.value']")).to_have_text(re.compile(f"^{now:.1f}° ± "))
    change = row.locator("[data-cell='VKA.change']").inner_text().replace("−", "-")
    assert float(change.split("°")[0]) == pytest.approx(now - before, abs=0.5)
    assert "± 9.3" in change
    expect(page.locator(".visits .bases")).to_contain_text("Alanay 2007")
    marks = page.locator("svg.marks:not(.of-overlay)").first
    page.keyboard.press("b")
    page.locator(".compare-bar .shown", has_text="10 Jan 2026").wait_for()
    tab.drawn()
    expect(marks).to_have_css("visibility", "hidden")
    over = page.locator("svg.marks.of-overlay .angle .value", has_text="VKA")
    assert float(over.text_content().split()[1].rstrip("°")) == pytest.approx(before, abs=0.5)
    stored = tab.stored("V2")["document"]["vertebrae"]
    level = case("after").fractured
    x, y = tab.screen(case("after").xy(level, "superior", "anterior"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=4)
    page.mouse.up()
    page.keyboard.press("Delete")
    seen = page.locator(".preset").input_value()
    assert seen == "-1", "the drag was the window of the film on top"
    page.keyboard.press("b")
    page.locator(".compare-bar .shown", has_text="this visit").wait_for()
    expect(marks).to_have_css("visibility", "visible")
    assert page.locator(".preset").input_value() != "-1", "the film beneath keeps its own"
    tab.wait_saved()
    assert tab.stored("V2")["document"]["vertebrae"] == stored
    page.keyboard.press("y")
    expect(page.locator(".films[data-panes='2'] .beside .corner").first).to_be_visible()


def _view_of(stage: object) -> list[float]:
    return [float(part) for part in stage.get_attribute("data-view").split()]  # type: ignore[attr-defined]


def test_marks_stay_in_view_when_the_pane_becomes_narrow(
    chromium: Browser, annotator: Annotator
) -> None:
    """From a single film looked at closely, as marking leaves it, to films side by side."""
    with open_tab(chromium, annotator) as tab:
        page = tab.open("V1").page
        if not tab.corners():
            tab.mark()
        tab.settle()
        width = tab.stage.bounding_box()["width"]
        page.keyboard.press("2")
        tab.settle()
        page.keyboard.press("y")
        page.locator(".films[data-panes='2']").wait_for()
        tab.settle()
        box = tab.stage.bounding_box()
        assert box["width"] < 0.6 * width
        for key in tab.corners():
            x, y = tab.corner_at(key)
            assert box["x"] < x < box["x"] + box["width"]
            assert box["y"] < y < box["y"] + box["height"]


def test_a_film_of_twenty_megapixels(tab: Tab) -> None:
    page = tab.open("LARGE").page
    tab.choose(case().fractured)
    rows, columns = case().phantom.pixels.shape
    scale = (4000 / columns, 5000 / rows)
    level, endplate, corner = tab.target() or ("", "", "")
    x, y = case().xy(level, endplate, corner)
    tab.press_at((x * scale[0], y * scale[1]))
    tab.corner(f"{level}.{endplate}.{corner}").wait_for()
    page.keyboard.press("1")
    tab.settle()
    assert tab.view()[2] == pytest.approx(1.0)
    cx, cy = tab.view()[:2]
    assert len({tab.grey((cx + 20 * step, cy)) for step in range(-20, 20)}) > 3


def test_a_film_that_fails_says_why_and_leaves_a_way_on(tab: Tab) -> None:
    page = tab.open("BROKEN", ready=False).page
    failure = page.locator(".failure")
    failure.wait_for()
    text = failure.inner_text()
    assert "BROKEN" in text or "pixel" in text.lower()
    assert "Traceback" not in text
    page.get_by_role("link", name="Work list").click()
    page.locator(".row").first.wait_for()
    tab.complaints.clear()  # the browser reports the refused pixels


def test_the_picture_holds_film_and_marks(tab: Tab) -> None:
    page = tab.open("F05").page
    tab.mark()
    tab.wait_for_value("VKA")
    with page.expect_download() as coming:
        page.keyboard.press("Control+e")
    from PIL import Image

    with Image.open(coming.value.path()) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert coming.value.suggested_filename == "P04_2026-01-10.png"
    coloured = (pixels[..., 2] - pixels[..., 0]) > 60
    assert 200 < coloured.sum() < 40_000, "the marks are drawn in their colour"
    assert len(np.unique(pixels[..., 0])) > 60, "the film is there"


def test_paper_shows_the_marks_on_their_bones(tab: Tab) -> None:
    """Printing takes one picture: pixels and marks cannot part, whatever the paper's size."""
    tab.open("F09")
    tab.mark()
    key = tab.corners()[0]
    x, y = tab.corner_at(key)
    box = tab.stage.bounding_box()
    page = tab.page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    paper = page.locator(".on-paper")
    expect(paper).to_be_visible()
    expect(tab.stage).to_be_hidden()
    coloured = page.evaluate(
        """([x, y, width]) => {
            const canvas = document.querySelector('.on-paper');
            const k = canvas.width / width;
            const at = canvas.getContext('2d').getImageData(x * k - 12, y * k - 12, 24, 24).data;
            let found = 0;
            for (let i = 0; i < at.length; i += 4) found += Math.abs(at[i] - at[i + 2]) > 40;
            return found;
        }""",
        [x - box["x"], y - box["y"], box["width"]],
    )
    assert coloured > 10
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(paper).to_have_count(0)


def test_a_control_that_is_pressed_gets_its_click_though_its_part_is_drawn_again(tab: Tab) -> None:
    """Answers arrive at any time: what is under a held button is replaced after its click."""
    page = tab.page
    page.evaluate(
        """async () => {
            const at = document.querySelector('script[type=module]').src;
            const { h, refill } = await import(new URL('ui/dom.js', at).href);
            const parent = h('div', { id: 'drawn' });
            parent.style.cssText = 'position: fixed; inset: 0 auto auto 0; z-index: 99';
            window.clicked = [];
            const say = (name) => () => window.clicked.push(name);
            const button = (name) => h('button', { onclick: say(name) }, name);
            window.again = (name) => refill(parent, button(name));
            window.again('first');
            document.body.append(parent);
        }"""
    )
    drawn = page.locator("#drawn")
    expect(drawn).to_have_text("first")
    page.evaluate("() => window.again('second')")
    expect(drawn).to_have_text("second")
    box = drawn.locator("button").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate("() => window.again('third')")
    page.evaluate("() => window.again('fourth')")
    expect(drawn).to_have_text("second")
    page.mouse.up()
    expect(drawn).to_have_text("fourth")
    assert page.evaluate("() => window.clicked") == ["second"]
    page.evaluate("() => window.again('fifth')")
    expect(drawn).to_have_text("fifth")
    drawn.evaluate("(node) => node.remove()")
