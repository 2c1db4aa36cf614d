"""Angles of stored readings without touching pixels: from JSON text to numbers.

    python benchmarks/measure_readings.py [COUNT]

Prints readings a second of processor time on one core, for decoding alone, for VKA and RKA, for all
angles around the fracture, and for everything that a six-point reading of three vertebrae gives.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from builders import column

from kyphometer.geometry import PixelGeometry
from kyphometer.measure import measure_reading
from kyphometer.reading.document import reading_from_json, reading_to_dict

GEOMETRY = PixelGeometry.from_spacing(0.15, 0.15)


def texts(count: int) -> list[str]:
    rng = random.Random(1)
    readings = []
    for _ in range(count):
        tilt = [rng.gauss(0, 4) for _ in range(6)]
        slopes = {
            "T12": (tilt[0] + 5, tilt[1] + 3),
            "L1": (tilt[2] + 12, tilt[3] - 8),
            "L2": (tilt[4] - 9, tilt[5] - 11),
        }
        reading = column(slopes, fractured=("L1",), middle_depth=6.0)
        readings.append(json.dumps(reading_to_dict(reading)))
    return readings


def rates(documents: list[str], work) -> tuple[float, float]:
    """Readings a second of processor time: median and best of 20 parts; machines are noisy."""
    size = max(1, len(documents) // 20)
    found = []
    for first in range(0, len(documents), size):
        part = documents[first : first + size]
        start = time.process_time()
        for text in part:
            work(text)
        found.append(len(part) / (time.process_time() - start))
    return statistics.median(found), max(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readings", nargs="?", type=int, default=10_000)
    documents = texts(parser.parse_args().readings)
    around = ["VKA", "RKA", "GA", "MONO_CAUDAL", "ADJ", "PTA"]

    def measure(codes):
        return lambda text: measure_reading(
            reading_from_json(text), GEOMETRY, codes=codes, strict=False
        )

    rows = [
        ("JSON to reading", rates(documents, reading_from_json)),
        ("JSON to VKA and RKA with uncertainty", rates(documents, measure(["VKA", "RKA"]))),
        ("JSON to six angles around the fracture", rates(documents, measure(around))),
        ("JSON to everything (about 35 numbers)", rates(documents, measure(None))),
    ]
    print(f"{len(documents)} readings of three vertebrae, six points each")
    print(f"{'readings a second of processor time':42} {'median':>8} {'best':>8}")
    for name, values in rows:
        print(f"{name:42} {values[0]:8,.0f} {values[1]:8,.0f}")


if __name__ == "__main__":
    main()
