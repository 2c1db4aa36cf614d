"""Time of analysis and report of a simulated study: `python benchmarks/report.py [PATIENTS]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from kyphometer.cli import main as kyphometer
from kyphometer.phantom import FilmFormat
from kyphometer.workflow.cohort import write_cohort


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patients", nargs="?", type=int, default=21)
    patients = parser.parse_args().patients
    with tempfile.TemporaryDirectory() as folder:
        root, study = Path(folder) / "cohort", str(Path(folder) / "study.db")
        small = FilmFormat(rows=900, columns=450, pitch_mm=0.32)
        timed("simulate films", lambda: list(write_cohort(root, patients, film_format=small)))
        kyphometer(["study", "new", study])
        timed("take up films", lambda: kyphometer(["study", "add", study, str(root / "films")]))
        for place in ("films", "repeat-readings"):
            command = ["study", "import-readings", study, str(root / place)]
            timed(f"readings of {place}", lambda words=command: kyphometer(words))
        kyphometer(["study", "import-clinical", study, str(root / "clinical.csv")])
        report = str(Path(folder) / "report.html")
        timed("report, HTML", lambda: kyphometer(["report", study, "-o", report]))
        timed("report without films", lambda: kyphometer(
            ["report", study, "-o", report, "--no-films"]))  # fmt: skip


def timed(what, work):
    start, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"{what:28} {wall:8.2f} s wall {cpu:8.2f} s CPU", file=sys.stderr)


if __name__ == "__main__":
    main()
