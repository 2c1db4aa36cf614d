"""A film shown turned or mirrored: the same marks, the same numbers, letters where they belong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from web_page_kit import Tab, case

from kyphometer.dicom.display import to_grey

SIDES = ("left", "right", "up", "down")


def _letters(tab: Tab) -> dict[str, str]:
    told = tab.page.locator(".stage .readout")
    return {
        side: text for side in SIDES if (text := told.locator(f"[data-part={side}]").text_content())
    }


def _angles(tab: Tab) -> list[str]:
    """The angles that the server has answered for, as the panel shows them."""
    tab.page.locator(".results .angle-row:not(.preview)").first.wait_for()
    return [row.inner_text() for row in tab.page.locator(".results .reading-value").all()]


def _vertebrae(tab: Tab, name: str) -> dict[str, Any]:
    """The vertebrae that the server keeps, once it has all corners of the two angles."""

    def kept() -> dict[str, Any]:
        return dict((tab.stored(name)["document"] or {}).get("vertebrae", {}))

    tab.page.keyboard.press("Control+s")
    tab.until(lambda: len(_points(kept())) == 8)
    return kept()


def _points(vertebrae: dict[str, Any]) -> dict[str, list[float]]:
    return {
        f"{level}.{endplate}.{corner}": mark["xy"]
        for level, vertebra in vertebrae.items()
        for endplate, plate in vertebra.items()
        for corner, mark in (plate or {}).items()
        if mark
    }


def _far(grey: np.ndarray) -> tuple[int, int]:
    """A flat place that is far from the middle in both directions."""
    rows, columns = grey.shape
    flat = [
        (x, y)
        for y in range(rows // 6, rows // 3, 3)
        for x in range(columns // 8, columns // 3, 3)
        if np.ptp(grey[y - 3 : y + 4, x - 3 : x + 4]) <= 6
    ]
    return flat[0]


def test_marks_made_on_a_turned_film_are_the_same_marks_and_numbers(tab: Tab) -> None:
    tab.open("F01")
    tab.mark()
    straight = _points(_vertebrae(tab, "F01"))
    tab.open("F02")
    page = tab.page
    page.keyboard.press(".")
    page.keyboard.press("/")
    page.locator(".stage[data-turn]").wait_for()
    tab.mark()
    turned = _points(_vertebrae(tab, "F02"))
    told = _angles(tab)
    assert set(turned) == set(straight)
    for key, xy in turned.items():
        assert xy == pytest.approx(straight[key], abs=1.0), (
            key
        )  # a pointer's place is a whole pixel of the screen
    for key in (",", ",", "/", "3"):
        page.keyboard.press(key)
        tab.settle()
        assert _angles(tab) == told
    assert _points(_vertebrae(tab, "F02")) == turned


def test_pixels_marks_and_letters_turn_together_and_stay_turned(tab: Tab) -> None:
    page = tab.open("F03").page
    grey = to_grey(case().phantom.film)
    place = _far(grey)
    middle = (place[0] + 0.5, place[1] + 0.5)
    assert _letters(tab) == {"left": "P", "right": "A"}
    shown = {
        ".": {"up": "P", "down": "A"},
        "/": {"up": "P", "down": "A"},
        ",": {"right": "A", "left": "P"},
    }
    for key, letters in shown.items():
        page.keyboard.press(key)
        tab.settle()
        assert _letters(tab) == letters, key
        assert tab.grey(middle) == pytest.approx(int(grey[place[1], place[0]]), abs=5)
    name = page.locator(".stage .readout [data-part=turn]")
    assert name.inner_text() != ""
    tab.open("F04")
    assert page.locator(".stage").first.get_attribute("data-turn") is None
    tab.open("F03")
    tab.settle()
    assert page.locator(".stage").first.get_attribute("data-turn") is not None
    page.locator("[data-command=mirror]").click()
    page.keyboard.press("3")
    tab.settle()
    assert name.text_content() == ""


def test_a_corner_follows_the_pointer_and_the_arrows_on_a_turned_film(tab: Tab) -> None:
    page = tab.open("F05").page
    tab.mark()
    page.keyboard.press(".")
    tab.settle()
    key = tab.corners()[0]

    def stored() -> list[float]:
        return _points(_vertebrae(tab, "F05"))[key]

    before = stored()
    x, y = tab.screen(before)
    zoom = tab.view()[2]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 20, y, steps=4)
    page.mouse.up()
    tab.settle()
    # A quarter to the right: the screen's right is the film's top.
    moved = [before[0], before[1] - 20 / zoom]
    tab.until(lambda: stored() == pytest.approx(moved, abs=0.02))
    page.keyboard.press("ArrowRight")
    moved = [moved[0], moved[1] - 0.5]
    tab.until(lambda: stored() == pytest.approx(moved, abs=0.02))
