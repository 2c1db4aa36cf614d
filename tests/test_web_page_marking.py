"""Marking in a real browser, to the phantom's truth: mouse, keyboard, fingers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from web_page_kit import Tab, case, open_tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from web_page_kit import Annotator

TOLERANCE_DEG = 0.35
"""Half a CSS pixel on an endplate shown some 270 px wide."""


def test_mouse_marks_to_truth_in_at_most_twelve_clicks(tab: Tab) -> None:
    tab.open("F01")
    clicks = tab.mark()
    for code, expected in case().angles.items():
        assert tab.wait_for_value(code) == pytest.approx(expected, abs=TOLERANCE_DEG)
    tab.wait_saved()
    assert tab.stored("F01")["status"] == "draft"
    tab.page.get_by_role("button", name="Confirm").click()
    clicks += 1
    tab.page.locator(".save.confirmed").wait_for()
    assert clicks <= 12
    stored = tab.stored("F01")
    assert (stored["status"], stored["version"]) == ("read", 1)
    assert stored["document"]["fractured_levels"] == [case().fractured]
    assert stored["document"]["facing"] == case().truth["facing"]
    for level, plates in stored["document"]["vertebrae"].items():
        for side, plate in plates.items():
            for corner in ("anterior", "posterior"):
                expected = case().truth["vertebrae"][level][side][corner]["xy"]
                assert plate[corner]["xy"] == pytest.approx(expected, abs=0.6)


def test_keyboard_alone_marks_to_truth(tab: Tab) -> None:
    page = tab.open("F02").page
    page.keyboard.press("f")
    for _ in range(12):
        if page.evaluate("() => document.activeElement.dataset.level") == case().fractured:
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    while (asked := tab.target()) is not None:
        level, endplate, corner = asked
        tab.settle()
        _walk_crosshair(tab, case().xy(level, endplate, corner))
        page.keyboard.press("Enter")
    for code, expected in case().angles.items():
        assert tab.wait_for_value(code) == pytest.approx(expected, abs=TOLERANCE_DEG)
    page.keyboard.press("Control+Enter")
    page.locator(".save.confirmed").wait_for()
    assert tab.stored("F02")["version"] == 1


def _walk_crosshair(tab: Tab, xy: list[float]) -> None:
    """Arrow keys only, coarse to fine, looking at the crosshair as a person would."""
    if tab.page.locator(".crosshair").last.get_attribute("visibility") == "hidden":
        tab.page.keyboard.press("Enter")
    for axis, keys in ((0, ("ArrowLeft", "ArrowRight")), (1, ("ArrowUp", "ArrowDown"))):
        for modifier, size in (("Shift+", 40.0), ("", 4.0), ("Alt+", 0.1 * tab.view()[2])):
            for _ in range(3):
                cross = _crosshair(tab)
                gap = tab.screen(xy)[axis] - cross[axis]
                for _ in range(round(abs(gap) / size)):
                    tab.page.keyboard.press(modifier + keys[gap > 0])
                if abs(gap) <= 2 * size:
                    break


def _crosshair(tab: Tab) -> tuple[float, float]:
    tab.settle()
    text = tab.page.locator(".crosshair").last.get_attribute("transform")
    x, y = (float(part) for part in re.findall(r"-?[\d.]+", text))
    box = tab.stage.bounding_box()
    return box["x"] + x, box["y"] + y


def test_corners_are_taken_in_any_order_and_follow_the_facing(tab: Tab) -> None:
    tab.open("F03").choose(case().fractured)
    level, endplate, corner = tab.target() or ("", "", "")
    assert corner == "anterior"
    plate = case().truth["vertebrae"][level][endplate]
    tab.press_at(plate["posterior"]["xy"])
    tab.press_at(plate["anterior"]["xy"])
    tab.wait_saved()
    stored = tab.stored("F03")["document"]
    for name in ("anterior", "posterior"):
        assert stored["vertebrae"][level][endplate][name]["xy"] == pytest.approx(
            plate[name]["xy"], abs=0.6
        )
    tab.page.keyboard.press("g")
    tab.page.locator("[data-facing=left]").wait_for()
    tab.wait_saved()
    turned = tab.stored("F03")["document"]
    assert turned["facing"] == "left"
    assert turned["vertebrae"][level][endplate]["anterior"]["xy"] == pytest.approx(
        plate["posterior"]["xy"], abs=0.6
    )


def test_no_angle_before_its_endplates_exist_and_never_nan(tab: Tab) -> None:
    tab.open("F04").choose(case().fractured)
    seen = []
    while (asked := tab.target()) is not None:
        level, endplate, corner = asked
        shown = {node.get_attribute("data-angle") for node in tab.page.locator("svg .angle").all()}
        seen.append(shown)
        assert "NaN" not in tab.page.locator(".reader").inner_text()
        tab.press_at(case().xy(level, endplate, corner))
    assert seen[:6] == [set()] * 6  # two corners of the upper, three of the fractured vertebra
    assert seen[6] == seen[7] == {"VKA"}
    assert tab.page.locator("svg .angle").count() == 2


def test_a_drag_is_one_step_keeps_the_grab_offset_and_can_be_fine(tab: Tab) -> None:
    page = tab.open("F05").page
    tab.mark()
    key = f"{case().fractured}.superior.anterior"
    start = tab.corner_at(key)
    before = tab.wait_for_value("VKA")
    page.mouse.move(start[0] + 5, start[1] - 4)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(start[0] + 5 + 2 * step, start[1] - 4 + 3 * step)
    page.mouse.up()
    moved = tab.corner_at(key)
    assert moved == pytest.approx((start[0] + 20, start[1] + 30), abs=0.6)
    assert abs(tab.wait_for_value("VKA") - before) > 2
    page.keyboard.press("Control+z")
    assert tab.corner_at(key) == pytest.approx(start, abs=0.05)
    assert tab.wait_for_value("VKA") == before
    page.keyboard.press("Control+y")
    assert tab.corner_at(key) == pytest.approx(moved, abs=0.05)
    page.keyboard.press("Control+Shift+z")  # nothing left to do again
    assert tab.corner_at(key) == pytest.approx(moved, abs=0.05)
    page.mouse.move(*moved)
    page.mouse.down()
    page.keyboard.down("Shift")
    page.mouse.move(moved[0] + 25, moved[1], steps=5)
    page.keyboard.up("Shift")
    page.mouse.up()
    assert tab.corner_at(key)[0] - moved[0] == pytest.approx(5, abs=0.5)


def test_escape_drops_a_drag_under_way(tab: Tab) -> None:
    page = tab.open("F10").page
    tab.mark()
    tab.wait_saved()
    key = tab.corners()[0]
    start = tab.corner_at(key)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 40, start[1] + 40, steps=4)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert tab.corner_at(key) == pytest.approx(start, abs=0.05)


def test_arrows_nudge_and_a_missed_grab_creates_nothing(tab: Tab) -> None:
    page = tab.open("F06").page
    tab.mark()
    key = f"{case().fractured}.inferior.posterior"
    zoom = tab.view()[2]
    tab.corner(key).focus()
    start = tab.corner_at(key)
    for combo, dx, dy in (
        ("ArrowRight", 0.5, 0),
        ("Shift+ArrowUp", 0, -5),
        ("Alt+ArrowLeft", -0.1, 0),
    ):
        page.keyboard.press(combo)
        now = tab.corner_at(key)
        assert now == pytest.approx((start[0] + dx * zoom, start[1] + dy * zoom), abs=0.05)
        start = now
    count = len(tab.corners())
    page.mouse.move(start[0] + 30, start[1] + 30)
    page.mouse.down()
    page.mouse.move(start[0] + 60, start[1] + 45, steps=3)
    page.mouse.up()
    assert len(tab.corners()) == count
    page.keyboard.press("Control+z")
    assert tab.corner_at(key) == pytest.approx((start[0] + 0.1 * zoom, start[1]), abs=0.05)


def test_not_measurable_relabel_and_shift(tab: Tab) -> None:
    page = tab.open("F07").page
    tab.choose(case().fractured)
    level, endplate, _ = tab.target() or ("", "", "")
    page.keyboard.press("x")
    page.locator("dialog").get_by_label("Why can it not be measured?").select_option("implant")
    page.locator("dialog .primary").click()
    tab.dialog_closed()
    assert tab.target() != (level, endplate, "anterior")
    while (asked := tab.target()) is not None:
        plate = case().truth["vertebrae"][asked[0]][asked[1]]
        tab.press_at(plate[asked[2]]["xy"])
    tab.wait_saved()
    kept = tab.stored("F07")["document"]
    assert kept["not_measurable"] == [{"level": level, "endplate": endplate, "reason": "implant"}]
    assert "RKA" not in [n.get_attribute("data-angle") for n in page.locator("svg .angle").all()]
    before = set(kept["vertebrae"])
    page.keyboard.press("]")
    tab.wait_saved()
    shifted = tab.stored("F07")["document"]
    assert len(shifted["vertebrae"]) == len(before)
    assert set(shifted["vertebrae"]) != before
    assert shifted["not_measurable"][0]["level"] != level
    page.keyboard.press("[")
    tab.wait_saved()
    assert set(tab.stored("F07")["document"]["vertebrae"]) == before
    last = sorted(before)[-1]
    page.locator(f"[data-focus='relabel-{last}']").select_option("S1")
    page.locator(".toast.warning").wait_for()  # S1 has no inferior endplate: refused, not guessed
    page.locator(f"[data-focus='relabel-{last}']").select_option("L5")
    tab.wait_saved()
    assert "L5" in tab.stored("F07")["document"]["vertebrae"]


def test_another_vertebra_with_six_points(tab: Tab) -> None:
    page = tab.open("F08").page
    page.locator("#plan").select_option("six")
    tab.choose(case().fractured)
    asked = []
    while (target := tab.target()) is not None:
        asked.append(target)
        level, endplate, corner = target
        plate = case().truth["vertebrae"][level][endplate]
        middle = [sum(plate[c]["xy"][i] for c in ("anterior", "posterior")) / 2 for i in (0, 1)]
        known = plate[corner] if plate.get(corner) else {"xy": middle}
        tab.press_at(known["xy"])
    assert len(asked) == 18
    assert [corner for _, _, corner in asked[:3]] == ["anterior", "posterior", "middle"]
    page.keyboard.press("v")
    page.locator("dialog select").select_option("S1")
    page.locator("dialog .primary").click()
    tab.dialog_closed()
    assert tab.target() == ("S1", "superior", "anterior")


def test_fingers_zoom_without_a_stray_point_and_a_tap_places(
    chromium: Browser, annotator: Annotator
) -> None:
    size = {"width": 820, "height": 1180}
    with open_tab(chromium, annotator, viewport=size, has_touch=True) as tab:
        page = tab.open("F09").page
        tab.choose(case().fractured)
        box = tab.stage.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        before = tab.view()
        wire = page.context.new_cdp_session(page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            fingers = [{"x": p[0], "y": p[1], "id": i} for i, p in enumerate(points)]
            wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

        touch("touchStart", (x - 40, y))
        touch("touchStart", (x - 40, y), (x + 40, y))
        for step in range(1, 6):
            touch("touchMove", (x - 40 - 12 * step, y), (x + 40 + 12 * step, y))
        touch("touchEnd", (x - 100, y))
        touch("touchEnd")
        tab.settle()
        assert tab.view()[2] > 1.8 * before[2]
        assert tab.corners() == []
        level, endplate, corner = tab.target() or ("", "", "")
        page.keyboard.press("0")
        tab.settle()
        page.touchscreen.tap(*tab.screen(case().xy(level, endplate, corner)))
        tab.corner(f"{level}.{endplate}.{corner}").wait_for()
        tab.wait_corners(1)
