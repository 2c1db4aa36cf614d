"""A real annotator, a real Chromium and phantom films with known truth, for the page's tests.

The browser is started for each module and ended with it: a browser that outlives its module would
keep an event loop running, in which other tests could not run theirs.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kyphometer.measure import measure_reading
from kyphometer.reading.document import reading_to_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from kyphometer.film import Film
    from kyphometer.phantom import SimulatedFilm

TOKEN = "a-token-for-the-browser"
SERVER = Path(__file__).parent / "web_page_server.py"
PATIENCE_S = 60.0
PLAIN = tuple(f"F{number:02}" for number in range(1, 13))
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@cache
def phantoms() -> dict[str, SimulatedFilm]:
    """A patient before and six months after the operation, facing right, small films."""
    from kyphometer.geometry import Facing
    from kyphometer.phantom import FilmFormat, simulate_film

    size = FilmFormat(rows=900, columns=450, pitch_mm=0.32)
    first = simulate_film("clean", 7, film_format=size, facing=Facing.RIGHT, fractured=True)
    second = simulate_film(
        "clean", 8, film_format=size, facing=Facing.RIGHT, patient=first.patient, fractured=True
    )
    return {"before": first, "after": second}


def write_film(film: Film, folder: Path, name: str, patient: str, taken: date) -> None:
    """Write a film as DICOM under that name, of that patient and day."""
    from kyphometer.dicom.write import write_dx

    facts = replace(
        film.header.acquisition,
        patient_id=patient,
        patient_name=f"Phantom^{patient}",
        study_date=taken,
        study_instance_uid=None,
        series_instance_uid=None,
    )
    reference = replace(film.header.reference, sop_instance_uid=None)
    header = replace(film.header, acquisition=facts, reference=reference, warnings=())
    write_dx(replace(film, header=header), folder / f"{name}.dcm", seed=name)


def large_film(film: Film) -> Film:
    """The same film blown up to 5000 x 4000 pixels."""
    rows, columns = film.pixels.shape
    across = np.arange(4000) * columns // 4000
    down = np.arange(5000) * rows // 5000
    pixels = np.ascontiguousarray(film.pixels[np.ix_(down, across)])
    reference = replace(film.header.reference, rows=5000, columns=4000)
    return replace(film, pixels=pixels, header=replace(film.header, reference=reference))


@pytest.fixture(scope="session")
def film_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films to copy: twelve of the same picture, two visits of one patient, large, broken."""
    folder = tmp_path_factory.mktemp("films")
    films = phantoms()
    for number, name in enumerate(PLAIN):
        write_film(films["before"].film, folder, name, f"P{number:02}", date(2026, 1, 10))
    write_film(films["before"].film, folder, "V1", "VISITS", date(2026, 1, 10))
    write_film(films["after"].film, folder, "V2", "VISITS", date(2026, 7, 12))
    write_film(large_film(films["before"].film), folder, "LARGE", "BIG", date(2026, 1, 10))
    whole = (folder / "F01.dcm").read_bytes()
    write_film(films["before"].film, folder, "BROKEN", "BAD", date(2026, 1, 10))
    (folder / "BROKEN.dcm").write_bytes((folder / "BROKEN.dcm").read_bytes()[: len(whole) // 3])
    return folder


class Annotator:
    """A server process that can be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.start_address = f"{self.address}/?token={TOKEN}"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, str(SERVER), str(self.folder), str(self.port), TOKEN]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", "the server did not start"

    def kill(self) -> None:
        """SIGKILL: no chance to put anything away."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None


@contextmanager
def annotator_on(films: Path, folder: Path) -> Iterator[Annotator]:
    """An annotator on its own copy of the films, so that nobody sees another's drafts."""
    shutil.copytree(films, folder, dirs_exist_ok=True)
    running = Annotator(folder)
    running.start()
    try:
        yield running
    finally:
        running.kill()


@pytest.fixture(scope="module")
def annotator(film_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Annotator]:
    """One server for a module; each test takes a film of its own."""
    with annotator_on(film_folder, tmp_path_factory.mktemp("cache")) as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; skips where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_S * 1000)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(CHROMIUM_ARGS))
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Browser, annotator: Annotator) -> Iterator[Tab]:
    """A tab at the work list; fails its test if the page complained in its console."""
    with open_tab(chromium, annotator) as opened:
        yield opened


@contextmanager
def open_tab(browser: Browser, annotator: Annotator, **options: Any) -> Iterator[Tab]:
    """A tab in a browser window of its own."""
    options.setdefault("viewport", {"width": 1366, "height": 768})
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_S * 1000)
    opened = Tab(context.new_page(), annotator.start_address)
    try:
        yield opened
        assert opened.complaints == [], opened.complaints
    finally:
        context.close()


class Tab:
    """A page of the annotator, in the words of a reader."""

    def __init__(self, page: Any, start: str) -> None:
        self.page = page
        self.address = start.partition("/?")[0]
        self.complaints: list[str] = []
        self.broken = "?"
        """The film that cannot be shown; the page may ask for it ahead of time."""
        self.asked = 0
        """Requests that have not been answered."""
        page.on("request", lambda _: self._asks(1))
        page.on("requestfinished", lambda _: self._asks(-1))
        page.on("requestfailed", lambda _: self._asks(-1))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._listen)
        page.goto(start)
        page.locator(".row, .reader").first.wait_for()
        self.broken = next(iter(self.ids_of("BROKEN")), "?")

    def _listen(self, message: Any) -> None:
        """Keep what the page complains of; the tests' own reading of pixels does not count, nor the
        small picture that the broken film has not got."""
        ours = "willReadFrequently" in message.text
        ahead = message.location.get("url", "").endswith((f"{self.broken}/pixels", "/thumbnail"))
        if message.type in ("error", "warning") and not ours and not ahead:
            self.complaints.append(message.text)

    def ids_of(self, name: str) -> list[str]:
        answer = self.page.request.get(f"{self.address}/api/worklist?query={name}&limit=500")
        return [str(item["film_id"]) for item in answer.json()["items"] if name in item["label"]]

    def id_of(self, name: str) -> str:
        found = self.ids_of(name)
        assert len(found) == 1, (name, found)
        return found[0]

    def open(self, name: str, *, ready: bool = True) -> Tab:
        film = self.id_of(name)
        self.page.evaluate("film => { location.hash = `#/film/${film}`; }", film)
        if ready:
            self.page.locator(f".reader[data-ready='{film}']").wait_for()
        return self

    def stored(self, name: str) -> dict[str, Any]:
        """What the server keeps of that film's reading."""
        film = self.id_of(name)
        answer = self.page.request.get(f"{self.address}/api/films/{film}/document")
        return dict(answer.json())

    # ------------------------------------------------------------------------------- the film

    @property
    def stage(self) -> Any:
        return self.page.locator(".stage").first

    def view(self) -> tuple[float, ...]:
        return tuple(float(part) for part in self.stage.get_attribute("data-view").split())

    def settle(self) -> None:
        """Wait until the view has stopped moving and is drawn."""
        self.page.wait_for_function("() => !document.querySelector('.stage[data-moving]')")
        self.drawn()

    def drawn(self) -> None:
        """Wait until everything done so far has been drawn: a frame, and the one it may ask for."""
        self.page.evaluate(
            """() => new Promise((done) =>
                requestAnimationFrame(() => requestAnimationFrame(() => done())))"""
        )

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that no locator can say, such as a grey level."""
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, "it did not come to hold"
            self.page.wait_for_timeout(30)

    def dialog_closed(self) -> None:
        """Wait until what a dialog was asked for has been done: it closes after the key press."""
        self.page.locator("dialog").wait_for(state="detached")

    def screen(self, xy: Any) -> tuple[float, float]:
        """Where a point of the film is on the screen."""
        cx, cy, zoom, aspect = self.view()
        a, b, c, d = map(int, (self.stage.get_attribute("data-turn") or "1 0 0 1").split())
        x, y = (xy[0] - cx) * zoom, (xy[1] - cy) * zoom * aspect
        box = self.stage.bounding_box()
        return (
            box["x"] + box["width"] / 2 + a * x + b * y,
            box["y"] + box["height"] / 2 + c * x + d * y,
        )

    def grey(self, xy: Any) -> int:
        """Grey level on the canvas at a point of the film."""
        x, y = self.screen(xy)
        box = self.stage.bounding_box()
        script = """([x, y]) => {
            const canvas = document.querySelector('.stage canvas.pixels');
            const k = canvas.width / canvas.clientWidth;
            const context = canvas.getContext('2d');
            return context.getImageData(Math.floor(x * k), Math.floor(y * k), 1, 1).data[0];
        }"""
        return int(self.page.evaluate(script, [x - box["x"], y - box["y"]]))

    # ------------------------------------------------------------------------------- marking

    def choose(self, level: str) -> None:
        self.page.locator(f"[data-level={level}]").click()

    def target(self) -> tuple[str, str, str] | None:
        """Level, endplate and corner asked for now."""
        found = self.page.locator("[data-target]")
        if found.count() == 0:
            return None
        level, endplate, corner = found.get_attribute("data-target").split(".")
        return level, endplate, corner

    def press_at(self, xy: Any) -> None:
        self.settle()
        x, y = self.screen(xy)
        self.page.mouse.move(x - 9, y - 6)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.up()

    def mark(self, name: str = "before") -> int:
        """Mark what is asked for with the mouse; returns the clicks it took."""
        known = case(name)
        self.choose(known.fractured)
        clicks = 1
        while (asked := self.target()) is not None:
            self.press_at(known.xy(*asked))
            clicks += 1
            assert clicks < 30
        self.settle()
        return clicks

    def corners(self) -> list[str]:
        return [
            str(node.get_attribute("data-key"))
            for node in self.page.locator(".stage [data-key]").all()
        ]

    def wait_corners(self, count: int) -> None:
        """Wait until that many corners are drawn."""
        shown = "() => document.querySelectorAll('.stage [data-key]').length"
        self.until(lambda: self.page.evaluate(shown) == count)

    def corner(self, key: str) -> Any:
        return self.page.locator(f".stage [data-key='{key}']").first

    def corner_at(self, key: str) -> tuple[float, float]:
        """Where a corner is drawn on the screen, once what was done has been drawn."""
        self.drawn()
        text = self.corner(key).get_attribute("transform")
        x, y = (float(part) for part in text.removeprefix("translate(").rstrip(")").split())
        box = self.stage.bounding_box()
        return box["x"] + x, box["y"] + y

    # ------------------------------------------------------------------------------- results

    def wait_for_value(self, code: str) -> float:
        """The server's value of an angle, once it has answered for what is shown."""
        row = self.page.locator(f".angle-row[data-angle={code}]:not(.preview)")
        row.locator(".uncertainty:not(:empty)").wait_for()
        return self.value(code)

    def value(self, code: str) -> float:
        text = self.page.locator(f"[data-value={code}]").inner_text()
        return float(text.rstrip("°").replace("−", "-").replace(",", "."))

    def _asks(self, more: int) -> None:
        self.asked += more

    def quiet(self) -> None:
        """Wait until the page has asked for nothing for a second."""
        still = 0
        while still < 10:
            self.page.wait_for_timeout(100)
            still = 0 if self.asked else still + 1

    def wait_saved(self) -> None:
        self.page.locator(".save[data-state=saved]").wait_for(state="attached")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A phantom film with what is known about it."""

    phantom: SimulatedFilm
    truth: dict[str, Any]
    angles: dict[str, float]

    @property
    def fractured(self) -> str:
        """The fractured level."""
        return str(self.truth["fractured_levels"][0])

    def xy(self, level: str, endplate: str, corner: str) -> list[float]:
        """Where a corner truly is."""
        return list(self.truth["vertebrae"][level][endplate][corner]["xy"])


@cache
def case(name: str = "before") -> Case:
    """Made when first asked for, so that collecting tests costs nothing."""
    film = phantoms()[name]
    found = measure_reading(film.truth, film.geometry, codes=["VKA", "RKA"], strict=False)
    angles = {item.code: item.value for item in found.measurements}
    return Case(phantom=film, truth=reading_to_dict(film.truth), angles=angles)
