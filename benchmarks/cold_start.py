"""Whole processes from a cold start: help, and a 3000 x 2500 film read, measured and drawn.

    python benchmarks/cold_start.py [RUNS]

Prints wall and processor seconds as minimum, median and maximum over the runs, after one warm-up.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMAND = [sys.executable, "-m", "kyphometer"]


def run(words: list[str]) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([*COMMAND, *words], check=True, capture_output=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", nargs="?", type=int, default=5, help="runs of each")
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = ["--rows", "3000", "--columns", "2500", "--pixel", "0.14"]
        run(["simulate", str(folder / "film"), *size, "--syntax", "jpeg-lossless"])
        film = str(folder / "film" / "film-001.dcm")
        jobs = {
            "kyphometer --help": ["--help"],
            "info of a 3000 x 2500 film": ["info", film],
            "measure it, hash its pixels": ["measure", film],
            "measure it and draw its overlay": [
                "measure", film, "--overlay", str(folder / "overlay.png")
            ],
        }  # fmt: skip
        print(f"{'whole process':34} {'wall s: min median max':>26} {'cpu s: median':>14}")
        for title, words in jobs.items():
            run(words)
            results = [run(words) for _ in range(count)]
            walls = sorted(wall for wall, _ in results)
            median = statistics.median(walls)
            cpu = statistics.median(cpu for _, cpu in results)
            print(f"{title:34} {walls[0]:8.2f} {median:8.2f} {walls[-1]:8.2f} {cpu:14.2f}")


if __name__ == "__main__":
    main()
