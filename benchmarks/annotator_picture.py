"""The annotator's picture in the README, made anew: a simulated film, marked and confirmed.

Run `python benchmarks/annotator_picture.py`; it writes docs/images/annotator.png. A server of its
own reads a copy of the sample films of one simulated patient, Chromium marks two visits with the
mouse where the truth is, and the page is taken as it stands.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

PATIENT = "SIM-001"
VISITS = ("pre-op", "6-months")
PRECISION = ("--sem", "VKA=1.5", "--sem", "RKA=1.4")


def mark(tab: Any, visit: str, truths: Path) -> None:
    """Mark one visit with the mouse, agree with every proposal, and confirm."""
    truth = json.loads((truths / f"{visit}.reading.json").read_text("utf-8"))
    tab.open(f"{visit}.dcm")
    tab.choose(truth["fractured_levels"][0])
    while (asked := tab.target()) is not None:
        level, side, corner = asked
        tab.press_at(truth["vertebrae"][level][side][corner]["xy"])
    tab.settle()
    tab.wait_for_value("RKA")
    tab.page.wait_for_timeout(1500)
    tab.page.keyboard.press("Control+Enter")
    tab.page.locator(".save.confirmed").wait_for()
    tab.page.keyboard.press("Escape")
    tab.page.locator(".toast").wait_for(state="detached", timeout=30_000)


def take(target: Path, width: int, height: int) -> None:
    """Start everything, mark, take the picture, stop everything."""
    from playwright.sync_api import sync_playwright
    from web_page_kit import CHROMIUM_ARGS, Tab
    from web_process import running

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        films = Path(folder) / PATIENT
        shutil.copytree(ROOT / "sample_dicoms" / PATIENT, films)
        with running("annotate", films, "--no-browser", "--observer", "AN", *PRECISION) as server:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGS))
            size = {"width": width, "height": height}
            page = browser.new_page(viewport=size, locale="en-GB")
            tab = Tab(page, server.address)
            for visit in VISITS:
                mark(tab, visit, ROOT / "sample_dicoms" / "truth" / PATIENT)
            tab.settle()
            page.mouse.move(0, 0)
            page.screenshot(path=target)
            browser.close()


def shrink(path: Path) -> None:
    """Save with 256 colours: the page is greys and one accent."""
    from PIL import Image

    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def main() -> None:
    """Read the options and take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = ROOT / "docs" / "images" / "annotator.png"
    parser.add_argument("-o", "--output", type=Path, default=default)
    parser.add_argument("--size", default="1366x768", help="of the window (%(default)s)")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    take(options.output, width, height)
    shrink(options.output)
    print(f"{options.output}: {options.output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
