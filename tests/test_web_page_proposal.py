"""Bodies proposed without a click, in Chromium: shown, moved, taken, corrected, kept on record."""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from waiting_proposals import leave_proposal, leave_refusal
from web_page_kit import PATIENCE_S, Tab, case
from web_process import running

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.cli import main
from kyphometer.reading.document import read_reading
from kyphometer.store import Study
from kyphometer.web.reader.waiting import FRESH_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

MOST_ACTIONS = 8
SHOTS = os.environ.get("KYPHOMETER_SCREENSHOTS")
"""A folder for pictures of what was tested, to be looked at."""
SAMPLES = Path(__file__).parent.parent / "sample_dicoms" / "SIM-001"


class StudyTab(Tab):
    """A tab on a study, whose films are known by their numbers."""

    def ids_of(self, name: str) -> list[str]:
        return [name]


@pytest.fixture
def folder(film_folder: Path, tmp_path: Path) -> Path:
    for name in ("F01", "F02"):
        shutil.copy(film_folder / f"{name}.dcm", tmp_path)
    return tmp_path


@pytest.fixture
def helped(chromium: Browser, folder: Path) -> Iterator[Tab]:
    """A tab on a study as everybody starts it."""
    study = folder / "study.sqlite"
    with Study.create(study, actor="KN") as made:
        made.add_films(folder)
    with running("annotate", study, "--no-browser", "--observer", "KN") as server:
        context = chromium.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(500 * PATIENCE_S)  # the image is asked in earnest
        opened = StudyTab(context.new_page(), server.address)
        yield opened
        context.close()
    assert opened.complaints == []


def _places(tab: Tab, name: str) -> dict[str, dict[str, Any]]:
    tab.wait_saved()
    return {
        f"{level}.{side}.{corner}": mark
        for level, plates in tab.stored(name)["document"]["vertebrae"].items()
        for side, plate in plates.items()
        for corner, mark in (plate or {}).items()
        if mark
    }


def _proposed(tab: Tab) -> Any:
    return tab.page.locator(".stage [data-other^=proposed]")


def _log(study: Path) -> dict[str, Any]:
    """What the record keeps of how the only reading was made."""
    with sqlite3.connect(study) as connection:
        ((text,),) = connection.execute("SELECT details FROM reading_logs").fetchall()
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_film_is_read_with_help_in_a_few_actions(helped: Tab, folder: Path) -> None:
    tab = helped
    page = tab.open("1").page
    actions = 0
    tab.choose(case().fractured)
    actions += 1
    page.keyboard.press("5")
    actions += 1
    expect(_proposed(tab)).not_to_have_count(0)
    assert tab.corners() == [], "proposals are no marks"
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("6")
    actions += 1
    tab.wait_corners(8)
    marks = _places(tab, "1")
    assert {mark["source"] for mark in marks.values()} == {"detected"}
    off = {key: math.dist(m["xy"], case().xy(*key.split("."))) for key, m in marks.items()}
    assert max(off.values()) < 3.0
    worst = max(off, key=lambda key: off[key])
    start, end = tab.corner_at(worst), tab.screen(case().xy(*worst.split(".")))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()
    actions += 1
    tab.wait_for_value("RKA")
    assert tab.wait_for_value("VKA") == pytest.approx(case().angles["VKA"], abs=4.0)
    tab.quiet()  # the image has had its say about the corner that was dragged
    page.keyboard.press("Control+Enter")
    actions += 1
    page.locator(".save.confirmed").wait_for()
    assert actions <= MOST_ACTIONS
    details = _log(folder / "study.sqlite")
    kept = details["proposal"]
    assert set(kept["taken"]) == set(marks)
    assert kept["taken"][worst] == pytest.approx(marks[worst]["xy"])
    assert kept["levels_moved"] == 0
    assert worst not in details["proposed"] or worst in details["looked_at"]


def test_levels_are_moved_by_one_key_and_one_endplate_is_taken_at_a_time(helped: Tab) -> None:
    tab = helped
    page = tab.open("1").page
    page.keyboard.press("5")
    names = _proposed(tab).locator("text")
    expect(names).not_to_have_count(0)
    before = [text for text in names.all_text_contents() if text]
    page.keyboard.press("]")
    expect(names.first).not_to_have_text(before[0])
    page.keyboard.press("[")
    expect(names.first).to_have_text(before[0])
    tab.choose(case().fractured)
    page.keyboard.press("7")
    tab.wait_corners(2)
    page.keyboard.press("Control+z")
    tab.wait_corners(0)
    page.keyboard.press("5")
    expect(_proposed(tab)).to_have_count(0)


def test_a_click_into_a_proposed_body_takes_it_and_a_drag_does_not(helped: Tab) -> None:
    tab = helped
    page = tab.open("1").page
    page.keyboard.press("5")
    expect(_proposed(tab)).not_to_have_count(0)
    level, side = case().fractured, ("superior", "inferior")
    ends = [case().xy(level, one, corner) for one in side for corner in ("anterior", "posterior")]
    x, y = tab.screen((sum(at[0] for at in ends) / 4, sum(at[1] for at in ends) / 4))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 20, steps=4)
    page.mouse.up()
    assert tab.corners() == []
    page.mouse.click(x, y)
    tab.wait_corners(4)
    marks = _places(tab, "1")
    assert {key.split(".")[0] for key in marks} == {level}
    assert {mark["source"] for mark in marks.values()} == {"detected"}
    page.keyboard.press("Control+z")
    tab.wait_corners(0)


def test_the_reading_of_the_visit_before_decides_the_levels(
    chromium: Browser, tmp_path: Path
) -> None:
    for name in ("pre-op", "discharge"):
        shutil.copy(SAMPLES / f"{name}.dcm", tmp_path)
    shutil.copy(SAMPLES / "pre-op.reading.json", tmp_path / "pre-op.KN.reading.json")
    with running("annotate", tmp_path, "--no-browser", "--observer", "KN") as server:
        context = chromium.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(500 * PATIENCE_S)
        tab = Tab(context.new_page(), server.address)
        tab.open("discharge")
        tab.choose("L1")
        tab.page.keyboard.press("5")
        expect(_proposed(tab)).not_to_have_count(0)
        expect(tab.page.locator(".proposed")).not_to_contain_text("uncertain")
        tab.page.keyboard.press("6")
        tab.wait_for_value("RKA")
        marks = _places(tab, "discharge")
        context.close()
    assert tab.complaints == []
    truth = read_reading(SAMPLES / "discharge.reading.json").vertebrae
    for key, mark in marks.items():
        level, side, corner = key.split(".")
        plate = truth[Level(level)].endplates[EndplateSide(side)]
        assert math.dist(mark["xy"], getattr(plate, corner).xy) < 12


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (820, 1180)])
def test_every_tool_is_in_sight_and_no_proposal_is_covered(
    helped: Tab, width: int, height: int
) -> None:
    tab = helped
    tab.page.set_viewport_size({"width": width, "height": height})
    page = tab.open("1").page
    tab.choose(case().fractured)
    page.keyboard.press("5")
    expect(_proposed(tab)).not_to_have_count(0)
    tab.settle()
    bar = page.locator(".toolbar")
    box = bar.bounding_box()
    for tool in bar.locator("button").all():
        at = tool.bounding_box()
        assert box["x"] <= at["x"]
        assert at["x"] + at["width"] <= box["x"] + box["width"]
        assert at["y"] + at["height"] <= box["y"] + box["height"]
    prompt = page.locator(".prompt").bounding_box()
    lines = [line.bounding_box() for line in _proposed(tab).locator("line").all()]
    assert len(lines) > 4
    for line in lines:
        beside = line["x"] >= prompt["x"] + prompt["width"]
        assert beside or line["y"] >= prompt["y"] + prompt["height"]


def test_a_waiting_proposal_is_shown_as_the_film_opens(
    chromium: Browser, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", str(folder), "--once"]) in (0, 1)
    capsys.readouterr()
    waiting = folder / "F01.dcm.proposal.json"
    document = json.loads(waiting.read_text("utf-8"))
    document["numbering"]["sure"] = True  # so that it is seen which was used
    waiting.write_text(json.dumps(document))
    with running("annotate", folder, "--no-browser", "--observer", "KN") as server:
        context = chromium.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(500 * PATIENCE_S)
        tab = Tab(context.new_page(), server.address)
        tab.open("F01")
        tab.page.locator("#propose-open").check()
        expect(_proposed(tab)).not_to_have_count(0)
        expect(tab.page.locator(".proposed")).to_contain_text("confirmed by nobody.")
        tab.open("F02")
        expect(_proposed(tab)).not_to_have_count(0)
        expect(tab.page.locator(".proposed")).to_contain_text("uncertain")
        context.close()
    assert tab.complaints == []


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_work_list_goes_by_doubt_where_proposals_wait(
    chromium: Browser, folder: Path, language: str
) -> None:
    for name in ("F03", "F04"):
        shutil.copy(folder / "F01.dcm", folder / f"{name}.dcm")
    leave_proposal(folder / "F01.dcm", {"T12": 0.08, "L1": 0.6, "L2": 0.02}, sure=False)
    leave_proposal(folder / "F02.dcm", {"T12": 0.03, "L1": 0.05}, sure=True)
    leave_refusal(folder / "F03.dcm", bodies=0)
    with running("annotate", folder, "--no-browser", "--observer", "KN") as server:
        context = chromium.new_context(viewport={"width": 1280, "height": 720})
        context.set_default_timeout(500 * PATIENCE_S)
        tab = Tab(context.new_page(), server.address)
        page = tab.page
        page.goto(server.address)
        page.locator(".row").first.wait_for()
        page.locator("select.language").select_option(language)
        said = {"en": "levels uncertain", "vi": "mức đốt chưa chắc"}[language]
        expect(page.locator(".doubt").filter(has_text=said)).to_have_count(1)
        percent = {"en": "doubt 60 %", "vi": "nghi ngờ 60 %"}[language]
        expect(page.locator(".doubt").filter(has_text=percent)).to_have_count(1)
        page.locator(".order").select_option("doubt")
        names = page.locator(".row .film-name b")
        expect(names).to_have_text(["F03.dcm", "F01.dcm", "F02.dcm", "F04.dcm"])
        page.locator(".order").select_option("certain")
        expect(names).to_have_text(["F02.dcm", "F01.dcm", "F03.dcm", "F04.dcm"])
        assert Axe().run(page).response["violations"] == []
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/list-{language}.png")
        page.locator("[data-focus=filter-doubtful]").click()
        expect(names).to_have_text(["F01.dcm"])
        page.locator("[data-focus=filter-refused]").click()
        expect(names).to_have_text(["F03.dcm"])
        page.locator("[data-focus='filter-']").click()
        expect(names).to_have_count(4)
        for path in folder.glob("*.proposal.json"):
            path.unlink()
        page.wait_for_timeout(1000 * FRESH_S + 500)
        page.locator(".order").select_option("patient")
        expect(page.locator("[data-focus=filter-doubtful]")).to_have_count(0)
        context.close()
    assert tab.complaints == []
