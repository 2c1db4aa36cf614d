"""Write the readings of the simulated samples that were made with help from the image.

    python sample_dicoms/make_assisted_readings.py

What a reader would do: rough clicks on the pre-operative film (2 mm of error along and across each
endplate), moved onto the rims by `refine_reading`; from there `carry_over` from visit to visit.
Nothing is corrected afterwards, and the truth is used for nothing but the rough clicks. The
readings keep the clicks, and say of every mark how it was found. Another version of the networks
gives other readings: those that are here are measured in `tests/test_samples.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from kyphometer import read_film, read_reading, write_reading
from kyphometer.carry import carry_over
from kyphometer.endplates import refine_reading
from kyphometer.phantom import SimulatedObserver, mark_by_hand
from kyphometer.reading import Reading
from kyphometer.workflow import stamped

SAMPLES = Path(__file__).parent
VISITS = ("pre-op", "discharge", "1-month", "6-months")
CLICKS = SimulatedObserver(code="ROUGH", across_sd_mm=2.0, along_sd_mm=2.0)
OBSERVER = "ASSISTED"
SEED = 2026


def corners_only(reading: Reading) -> Reading:
    """The reading without the middles of its endplates, which nobody is asked to click."""
    vertebrae = {}
    for level, vertebra in reading.vertebrae.items():
        plates = {
            str(side): replace(plate, middle=None) for side, plate in vertebra.endplates.items()
        }
        vertebrae[level] = replace(vertebra, **plates)
    return replace(reading, vertebrae=vertebrae)


def main() -> None:
    """Write `VISIT.reading.json` beside each film."""
    for folder in sorted(SAMPLES.glob("SIM-*")):
        films = [read_film(folder / f"{visit}.dcm") for visit in VISITS]
        truth = read_reading(SAMPLES / "truth" / folder.name / f"{VISITS[0]}.reading.json")
        clicks = corners_only(mark_by_hand(truth, films[0].geometry, CLICKS, SEED))
        readings = [refine_reading(films[0], replace(clicks, observer=OBSERVER)).reading]
        for before, film in pairwise(films):
            readings.append(carry_over(before, readings[-1], film).reading)
        for visit, reading in zip(VISITS, readings, strict=True):
            made = replace(reading, observer=OBSERVER, created=datetime.now(UTC))
            kept = stamped(made)
            write_reading(kept, folder / f"{visit}.reading.json")
            print(folder.name, visit, *kept.levels)


if __name__ == "__main__":
    main()
