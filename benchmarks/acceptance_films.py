"""Make the films of `kyphometer qa acceptance`, or only the list of what must come out.

    python benchmarks/acceptance_films.py --films      # films, truth and clicks anew, then the list
    python benchmarks/acceptance_films.py              # the list, from the films that are there

The list holds what this version gives on this machine. Call it only when numbers are meant to
change (another network, another definition), look at every line of the difference, and say it in
CHANGELOG.md. Limits against truth and printed tables are stated below and never taken from a run.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from kyphometer import __version__
from kyphometer.anatomy import Level
from kyphometer.dicom import Compression, read_film, write_dx
from kyphometer.geometry import Facing
from kyphometer.phantom import FilmFormat, mark_by_hand, simulate_visits
from kyphometer.reading.document import write_reading
from kyphometer.workflow import stamped
from kyphometer.workflow.acceptance.run import EXPECTED, find
from kyphometer.workflow.acceptance.steps import FILMS, ROUGH, VISITS, Material
from kyphometer.workflow.simulate import draw_plans

SEED = 41
WAYS = dict(zip(VISITS, (Compression.JPEG_LOSSLESS, Compression.JPEG_LS), strict=True))
TRUTH = {"VKA": 3.0, "RKA": 3.0}
"""How far from the truth an angle with help may lie, in degrees."""
SLACK = {"help from the image": 0.05, "carry-over": 0.05, "simulated film": 1e-4}
"""How far numbers may differ between processors and libraries, in degrees; elsewhere 1e-6."""
PRINTED = {"ICC(1,1)": 0.17, "ICC(2,1)": 0.29, "ICC(3,1)": 0.71,
           "ICC(1,k)": 0.44, "ICC(2,k)": 0.62, "ICC(3,k)": 0.91}  # fmt: skip
"""Shrout and Fleiss 1979, table 4, with two decimals."""


def make_films() -> None:
    """Two visits of one simulated patient."""
    FILMS.mkdir(exist_ok=True)
    visits = simulate_visits(
        SEED,
        plans=draw_plans(SEED)[:2],
        fractured=Level.L1,
        facing=Facing.RIGHT,
        seed=SEED,
        film_format=FilmFormat(rows=760, columns=380, pitch_mm=0.4),
        patient_id="ACCEPTANCE",
    )
    for visit in visits:
        name = visit.plan.name
        path = FILMS / f"{name}.dcm"
        write_dx(visit.film.film, path, seed=f"acceptance {name}", compression=WAYS[name])
        reference = read_film(path).reference
        truth = stamped(replace(visit.film.truth, film=reference))
        write_reading(truth, FILMS / f"{name}.truth.reading.json")
        if name == VISITS[0]:
            clicks = mark_by_hand(truth, visit.film.geometry, ROUGH, SEED)
            write_reading(clicks, FILMS / f"{name}.clicks.reading.json")


def rule(group: str, name: str, value: float | str) -> tuple[float | str, float, str]:
    """Expected value, tolerance and unit of a check."""
    if group == "installation":
        return "as released", 0.0, ""
    if isinstance(value, str):
        return value, 0.0, ""
    if group == "statistics":
        return PRINTED[name], 0.005, ""
    if name.endswith("minus truth"):
        return 0.0, TRUTH[next(code for code in TRUTH if code in name)], "deg"
    if group == "study":
        return 0.0, 0.0, "deg"
    if group == "films":
        return value, 1e-9, "mm"
    return value, SLACK.get(group, 1e-6), unit(name)


def unit(name: str) -> str:
    """Unit of a number by its code."""
    code = name.split(", ")[1].split(" ")[0] if ", " in name else name
    in_mm = {"HA", "HM", "HP", "DEPRESSION_SUP", "DEPRESSION_INF"}
    return "mm" if code in in_mm else "deg" if "KA" in name else ""


def main() -> None:
    """Do it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--films", action="store_true", help="make the films anew too")
    if parser.parse_args().films:
        make_films()
    found = find(Material())
    if found.failed:
        raise SystemExit(f"a step failed: {found.failed}")
    values = {("installation", "files of the package"): "", **found.values}
    checks = []
    for (group, name), value in values.items():
        expected, tolerance, own = rule(group, name, value)
        checks.append({"group": group, "name": name, "value": expected,
                       "tolerance": tolerance, "unit": own})  # fmt: skip
    document = {"format": "kyphometer-acceptance-expected", "version": 1,
                "made_with": f"kyphometer {__version__}", "checks": checks}  # fmt: skip
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    EXPECTED.write_text(text + "\n", "utf-8")
    print(f"{len(checks)} checks in {Path(EXPECTED).name}")


if __name__ == "__main__":
    main()
