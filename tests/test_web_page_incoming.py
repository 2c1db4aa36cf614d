"""Films are handed in in the browser: chosen or dropped, told of one by one, there at once."""

from __future__ import annotations

import base64
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from web_page_kit import annotator_on, open_tab

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

DROP = """async ([name, data]) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const carried = new DataTransfer();
    carried.items.add(new File([bytes], name));
    const how = {dataTransfer: carried, bubbles: true, cancelable: true};
    const event = (kind) => new DragEvent(kind, how);
    document.body.dispatchEvent(event('dragover'));
    document.body.dispatchEvent(event('drop'));
}"""


@pytest.fixture
def few(film_folder: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "few"
    folder.mkdir()
    for name in ("F01.dcm", "F02.dcm"):
        shutil.copy(film_folder / name, folder)
    return folder


def test_films_are_chosen_dropped_and_put_into_the_folder(
    chromium: Browser, few: Path, film_folder: Path, tmp_path: Path
) -> None:
    opened = tmp_path / "opened"
    with annotator_on(few, opened) as running, open_tab(chromium, running) as tab:
        page = tab.page
        expect(page.locator(".row")).to_have_count(2)
        page.locator("[data-command=addFilms]").click()
        notes = tmp_path / "notes.txt"
        notes.write_text("no film")
        page.locator("[data-incoming=files]").set_input_files([film_folder / "F03.dcm", notes])
        page.locator(".incoming-state[data-done]").wait_for()
        expect(page.locator(".incoming-state")).to_contain_text("1 film added")
        expect(page.locator(".incoming-list .refused")).to_contain_text("notes.txt")
        page.locator(".incoming .button.primary").click()
        expect(page.locator(".row")).to_have_count(3)
        assert (opened / "F03.dcm").read_bytes() == (film_folder / "F03.dcm").read_bytes()

        data = base64.b64encode((film_folder / "F04.dcm").read_bytes()).decode()
        page.evaluate(DROP, ["dropped.dcm", data])
        page.locator(".incoming-state[data-done]").wait_for()
        page.keyboard.press("Escape")
        expect(page.locator(".row")).to_have_count(4)

        shutil.copy(film_folder / "F05.dcm", opened / "arrived.dcm")
        expect(page.locator(".row")).to_have_count(5, timeout=90_000)
