"""The main path in Firefox, over WebDriver BiDi: list, film, marks, angles, undo, turned view."""

from __future__ import annotations

import itertools
import json
import re
import select
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from web_page_kit import annotator_on, case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

client = pytest.importorskip("websockets.sync.client")
PATIENCE_S = 90.0


class Firefox:
    """One tab, asked and moved over WebDriver BiDi (https://w3c.github.io/webdriver-bidi/)."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.complaints: list[str] = []
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded"])
        self._tab = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=PATIENCE_S))
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                self.complaints.append(str(answer["params"].get("text")))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return dict(answer["result"])

    def go(self, address: str) -> None:
        self.call("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def read(self, expression: str) -> Any:
        """Value of an expression in the page, by JSON."""
        found = self.call(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": self._tab},
            awaitPromise=True,
        )
        assert found["type"] == "success", found
        return json.loads(found["result"].get("value", "null"))

    def until(self, expression: str) -> Any:
        """Wait until an expression in the page holds; gives its value."""
        deadline = time.monotonic() + PATIENCE_S
        while not (value := self.read(expression)):
            assert time.monotonic() < deadline, (expression, self.complaints)
            time.sleep(0.1)
        return value

    def press(self, key: str) -> None:
        keys = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._act({"type": "key", "id": "keyboard", "actions": keys})

    def click(self, x: float, y: float) -> None:
        at = {"x": round(x), "y": round(y)}
        moves = [
            {"type": "pointerMove", "x": at["x"] - 6, "y": at["y"] - 4},
            {"type": "pointerMove", **at},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": moves})

    def click_on(self, selector: str) -> None:
        box = self.until(_box(selector))
        self.click(*box)

    def click_until(self, selector: str, effect: str) -> Any:
        """Click an element again, once a second, until the effect is seen: the page may still be
        laying itself out, and then a click falls beside what it was meant for.
        """
        return self._until_done(lambda: self.click_on(selector), effect)

    def _until_done(self, act: Callable[[], None], effect: str) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if value := self.read(effect):
                return value
            act()
            seen_by = time.monotonic() + 1.0
            while time.monotonic() < seen_by:
                if value := self.read(effect):
                    return value
                time.sleep(0.1)
        raise AssertionError((effect, self.complaints))

    def _act(self, source: dict[str, Any]) -> None:
        self.call("input.performActions", context=self._tab, actions=[source])


def _box(selector: str) -> str:
    """Middle of an element on the screen."""
    return (
        "(() => { const e = document.querySelector(" + json.dumps(selector) + ");"
        " if (!e) return null; const b = e.getBoundingClientRect();"
        " return [b.left + b.width / 2, b.top + b.height / 2]; })()"
    )


@contextmanager
def firefox(profile: Path) -> Iterator[Firefox]:
    """Debian's Firefox without a window; ended by its own number."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("Firefox is not installed")
    profile.mkdir()
    process = subprocess.Popen(
        [program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"HOME": str(profile), "PATH": "/usr/bin:/bin", "MOZ_HEADLESS": "1"},
    )
    try:
        address = f"{_listening(process)}/session"
        with client.connect(address, max_size=None, open_timeout=PATIENCE_S) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate(timeout=30)


def _listening(process: subprocess.Popen[bytes]) -> str:
    """The address that Firefox prints once it can be driven."""
    deadline, said = time.monotonic() + PATIENCE_S, b""
    assert process.stderr is not None
    while time.monotonic() < deadline and process.poll() is None:
        if select.select([process.stderr], [], [], 0.5)[0]:
            said += process.stderr.read1(4096)
            if found := re.search(rb"listening on (ws://[0-9.:]+)", said):
                return found[1].decode()
    pytest.skip(f"this Firefox cannot be driven: {said[-300:].decode(errors='replace')}")


def test_a_film_is_read_in_firefox(film_folder: Path, tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.mkdir()
    for name in ("F01.dcm", "F02.dcm"):
        shutil.copy(film_folder / name, one)
    known = case("before")
    with annotator_on(one, tmp_path / "opened") as running, firefox(tmp_path / "profile") as page:
        page.go(running.start_address)
        page.until("document.querySelectorAll('.row').length === 2")
        page.click_on(".row")
        page.until("!!document.querySelector('.reader[data-ready]')")
        assert page.until(_spread_of_greys()) > 100, "the film is seen"
        page.click_until(f"[data-level={known.fractured}]", _TARGET)
        for count in range(1, 9):
            page.until("!document.querySelector('.stage[data-moving]')")
            asked = page.until(_TARGET)
            page.click(*_screen(page, known.xy(*asked.split("."))))
            page.until(f"document.querySelectorAll('.stage [data-key]').length === {count}")
        page.until("!!document.querySelector('.results .angle-row:not(.preview)')")
        told = page.read(_ANGLES)
        assert len(told) == 2
        page.press(".")
        page.until("!!document.querySelector('.stage[data-turn]')")
        assert page.read(_ANGLES) == told, "turned, the numbers stay"
        page.click_on("[data-command=undo]")
        page.until("document.querySelectorAll('.stage [data-key]').length === 7")
        page.click_on("[data-command=redo]")
        page.until("document.querySelectorAll('.stage [data-key]').length === 8")
        assert page.complaints == []


_TARGET = "document.querySelector('[data-target]')?.dataset.target"
_ANGLES = "[...document.querySelectorAll('.results .reading-value')].map((e) => e.textContent)"


def _spread_of_greys() -> str:
    """How far the greys on the film's canvas reach."""
    return (
        "(() => { const c = document.querySelector('.stage canvas.pixels');"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " let [low, high] = [255, 0]; for (let i = 0; i < d.length; i += 4) {"
        " low = Math.min(low, d[i]); high = Math.max(high, d[i]); } return high - low; })()"
    )


def _screen(page: Firefox, xy: Any) -> tuple[float, float]:
    """Where a point of the film is on the screen."""
    view = page.read("document.querySelector('.stage').dataset.view")
    cx, cy, zoom, aspect = map(float, view.split())
    x, y = page.read(_box(".stage"))
    return x + (xy[0] - cx) * zoom, y + (xy[1] - cy) * zoom * aspect
