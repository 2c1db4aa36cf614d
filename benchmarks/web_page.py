"""How fast the annotator's page is in a real browser without a GPU.

Run `python benchmarks/web_page.py`.

For films of 7.5 and 12 megapixels, each in a fresh server and a fresh browser:
- server: decoding and sending the pixels to a bare HTTP client;
- pixels there: from choosing the film to its last byte in the browser (decoding and transfer), the
  least that any page must wait;
- first image: from choosing the film to its pixels on the canvas, and that over the time above;
- press to mark: from pressing the mouse button to the corner in the document;
- frame gap: between animation frames while a corner is dragged (16.7 ms is 60 a second);
- live answer: the server's answer to a moved corner, as the page waits for it.

Numbers are the median of the runs (lowest and highest). The load of the machine is printed before
and after: on a busy machine the numbers say nothing about the page.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

SIZES = ((3000, 2500), (4000, 3000))
WATCH = """() => {
  const seen = { presses: [], gaps: [], first: null };
  window.kyphometerBench = seen;
  const watcher = new MutationObserver(() => {
    if (seen.first === null && document.querySelector('.stage[data-view]')) {
      seen.first = performance.now();
    }
    if (seen.pressed && document.querySelectorAll('.stage [data-key]').length > seen.before) {
      seen.presses.push(performance.now() - seen.pressed);
      seen.pressed = null;
    }
  });
  const what = { subtree: true, childList: true, attributes: true, attributeFilter: ['data-view'] };
  watcher.observe(document.body, what);
  addEventListener('pointerdown', (event) => {
    seen.pressed = event.timeStamp;
    seen.before = document.querySelectorAll('.stage [data-key]').length;
  }, true);
}"""
ARRIVED = """() => performance.getEntriesByType('resource')
  .find((entry) => entry.name.endsWith('/pixels')).responseEnd"""
FRAMES = """() => {
  const seen = window.kyphometerBench;
  let last = performance.now();
  seen.dragging = true;
  const step = (now) => {
    seen.gaps.push(now - last);
    last = now;
    if (seen.dragging) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}"""


def film_of(rows: int, columns: int, folder: Path) -> None:
    """A phantom film blown up to that height, air beside it, noise of its own all over."""
    from web_page_kit import phantoms, write_film

    from kyphometer.geometry import PixelGeometry

    film = phantoms()["before"].film
    have_rows, have_columns = film.pixels.shape
    down = np.arange(rows) * have_rows // rows
    across = np.minimum(np.arange(columns) * have_rows // rows, have_columns - 1)
    noise = np.random.default_rng(4).integers(-8, 9, (rows, columns))
    pixels = np.clip(film.pixels[np.ix_(down, across)] + noise, 0, 4095).astype(np.uint16)
    reference = replace(film.header.reference, rows=rows, columns=columns)
    pitch = film.header.geometry.require_mm("the benchmark")[0] * have_rows / rows
    geometry = PixelGeometry.from_spacing(pitch, pitch)
    header = replace(film.header, reference=reference, geometry=geometry)
    large = replace(film, pixels=pixels, header=header)
    write_film(large, folder, "FILM", "BENCH", date(2026, 1, 10))
    write_film(film, folder, "OTHER", "OTHER", date(2026, 1, 10))


def bare_client(annotator: Any) -> float:
    """Milliseconds from asking for the pixels to having them, in a server that has not decoded."""
    from web_page_kit import TOKEN

    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    opener.open(f"{annotator.address}/?token={TOKEN}").read()
    listed = opener.open(f"{annotator.address}/api/worklist?query=FILM").read().decode()
    film = listed.split('"film_id":"')[1].split('"')[0]
    start = time.perf_counter()
    opener.open(f"{annotator.address}/api/films/{film}/pixels").read()
    return (time.perf_counter() - start) * 1000


def page_run(browser: Any, annotator: Any, rows: int) -> dict[str, float]:
    """Open, mark all corners, drag one."""
    from web_page_kit import case, open_tab

    with open_tab(browser, annotator) as tab:
        page = tab.page
        page.evaluate(WATCH)
        page.get_by_text("FILM.dcm").wait_for()
        open_it = "film => { location.hash = `#/film/${film}`; return performance.now(); }"
        start = page.evaluate(open_it, tab.id_of("FILM"))
        page.locator(".stage[data-view]").first.wait_for()
        first = page.evaluate("() => window.kyphometerBench.first") - start
        there = page.evaluate(ARRIVED) - start
        page.locator(".reader[data-ready]").wait_for()
        known = case()
        tab.choose(known.fractured)
        scale = rows / known.phantom.pixels.shape[0]
        for _ in range(8):
            level, endplate, corner = tab.target() or ("", "", "")
            x, y = known.xy(level, endplate, corner)
            tab.press_at((x * scale, y * scale))
        tab.settle()
        key = f"{known.fractured}.superior.anterior"
        x, y = tab.corner_at(key)
        page.evaluate("() => performance.clearResourceTimings()")
        page.mouse.move(x, y)
        page.mouse.down()
        page.evaluate(FRAMES)
        for step in range(90):
            page.mouse.move(x + 30 * np.sin(step / 9), y + 20 * np.cos(step / 9))
            page.wait_for_timeout(8)
        page.evaluate("() => { window.kyphometerBench.dragging = false; }")
        page.mouse.up()
        seen = page.evaluate("() => window.kyphometerBench")
        answers = page.evaluate(
            "() => performance.getEntriesByType('resource')"
            ".filter((e) => e.name.endsWith('/measure')).map((e) => e.duration)"
        )
        tab.complaints.clear()
    gaps = seen["gaps"][2:]
    return {
        "pixels there": there,
        "first image": first,
        "first / there": first / there,
        "press to mark": statistics.median(seen["presses"]),
        "frame gap": statistics.median(gaps),
        "frame gap p95": float(np.percentile(gaps, 95)),
        "live answer": statistics.median(answers),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    import shutil

    from playwright.sync_api import sync_playwright
    from web_page_kit import CHROMIUM_ARGS, annotator_on

    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {runs} runs; ms")
    for rows, columns in SIZES:
        found: dict[str, list[float]] = {}
        with tempfile.TemporaryDirectory() as place:
            films = Path(place) / "films"
            films.mkdir()
            film_of(rows, columns, films)
            for run in range(runs):
                with annotator_on(films, Path(place) / f"bare{run}") as annotator:
                    found.setdefault("server", []).append(bare_client(annotator))
                with (
                    annotator_on(films, Path(place) / f"page{run}") as annotator,
                    sync_playwright() as playwright,
                ):
                    chromium = playwright.chromium.launch(
                        executable_path=shutil.which("chromium"), args=list(CHROMIUM_ARGS)
                    )
                    for name, value in page_run(chromium, annotator, rows).items():
                        found.setdefault(name, []).append(value)
                    chromium.close()
        print(f"\n{columns} x {rows}, {rows * columns / 1e6:.1f} megapixels")
        for name, values in found.items():
            low, high, digits = min(values), max(values), 2 if "/" in name else 1
            median = statistics.median(values)
            spread = f"({low:.{digits}f} to {high:.{digits}f})"
            print(f"  {name:14} {median:8.{digits}f}  {spread}")
    print(f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
