"""Damaged films through every door: reader, annotator's scan of a folder, and `study add`.

    python benchmarks/mutations.py [--count 200000 --seed 1 --folders 50]

Small whole films, one of every transfer syntax and the twins of public reports (tests/), are
damaged in one to four places (tests/dicom_fuzz.py). Each damaged copy is read and shown in memory;
every fiftieth (`--folders 50`) goes, in folders of fifty, through `FolderStore` and
`Study.add_films` too. Whatever is neither a film nor refused with one sentence, or takes more than
2 s, is printed. Prints counts and the slowest.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parent.parent / "tests"
SLOW_S = 2.0
BATCH = 50


def corpus(folder: Path) -> dict[str, bytes]:
    """Whole films by name."""
    from dicom_films import dicom_file, noisy_pixels
    from public_reports import REPORTS
    from public_reports_more import MORE

    from kyphometer.dicom.compress import Compression, compress_frame

    films: dict[str, bytes] = {}
    for number, report in enumerate((*REPORTS, *MORE)):
        films[f"report-{number}"] = report.twin(folder / "film.dcm").read_bytes()
    for kind in Compression:
        if kind.encapsulated:
            frame = bytes(compress_frame(noisy_pixels(), 12, kind))
            path = dicom_file(
                folder / "film.dcm",
                noisy_pixels(),
                syntax=kind.transfer_syntax_uid,
                frames=[frame],
                BitsStored=12,
                HighBit=11,
            )
            films[f"kind-{kind.name}"] = path.read_bytes()
    return films


def through_folders(copies: list[bytes], folder: Path) -> str | None:
    """Scan fifty damaged films as the annotator and as a study do; what went wrong, or None."""
    from kyphometer.store import FolderStore, Study

    place = Path(tempfile.mkdtemp(dir=folder))
    for number, data in enumerate(copies):
        (place / f"{number:03}.dcm").write_bytes(data)
    try:
        FolderStore(place).films()
        with Study.create(place / "s.study") as study:
            study.add_films(place)
            problems = study.check()
    except BaseException:
        return traceback.format_exc()
    finally:
        shutil.rmtree(place)
    return problems[0] if problems else None


def main() -> int:
    """Damage, read, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folders", type=int, default=50, help="take every such one to folders")
    parser.add_argument("--seconds", type=float, default=3600, help="stop after this time")
    args = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    from dicom_fuzz import damaged, problem

    warnings.simplefilter("ignore")
    found: Counter[str] = Counter()
    slowest, began, number = 0.0, time.monotonic(), 0
    through = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        films = corpus(folder)
        names = sorted(films)
        waiting: list[bytes] = []
        while number < args.count and time.monotonic() - began < args.seconds:
            rng = random.Random(f"{args.seed}.{number}")
            name = rng.choice(names)
            data = damaged(films[name], rng)
            start = time.perf_counter()
            wrong = problem(data)
            took = time.perf_counter() - start
            if took > SLOW_S:
                wrong = wrong or f"took {took:.1f} s"
            if number % args.folders == 0:
                waiting.append(data)
            if len(waiting) == BATCH:
                start = time.perf_counter()
                wrong = wrong or through_folders(waiting, folder)
                if time.perf_counter() - start > BATCH * SLOW_S:
                    wrong = wrong or f"a folder of {BATCH} took {time.perf_counter() - start:.0f} s"
                waiting = []
                through += BATCH
            slowest = max(slowest, took)
            if wrong:
                found["wrong"] += 1
                print(f"{name} {args.seed}.{number}: {wrong}", flush=True)
            number += 1
    print(
        f"{number} damaged copies of {len(films)} films in {time.monotonic() - began:.0f} s: "
        f"{found['wrong']} wrong, {through} of them through folders, slowest {slowest:.2f} s"
    )
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
