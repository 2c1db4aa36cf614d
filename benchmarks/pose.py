"""Does one body give one angle, whatever the pose, and is a wedge measured as wide as it was cut?

    python benchmarks/pose.py --data PATH --poses 25 --model package

Real CT is projected in poses turned and tilted by up to 6 degrees, as it is and with the bone of
its bodies lowered until they equal the discs. Corners of these volumes are known to a voxel only,
so no error is told, but what needs no truth:

accepted  part of the endplates that were moved
pose SD   SD of (measured less projected VKA) of one body over the poses, RMS over bodies; median
stated    median stated SD of VKA
slope     of the measured on the true change of VKA, where wedges of 5 to 50 % of the front's height
          were cut into a body by a deformation field: 1 is right, less straightens
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

from worlds.ct import Change, ct_film, volume
from worlds.marks import Outcome, clicks_on, using

PARTS = (0.0, 0.15, 0.3, 0.45)
"""Parts of the front's height that are cut out."""
SHARES = (0.2, 0.8)


def posed(folder: Path, name: str, porosis: float, poses: int, seed: int):
    """Films of one spine in random poses."""
    rng = np.random.default_rng([73, seed])
    for number in range(poses):
        turn, tilt = rng.uniform(-6, 6, 2)
        change = Change(turn_deg=turn, tilt_deg=tilt, porosis=porosis)
        yield number, ct_film(folder, name, change, number)


def cut(folder: Path, name: str):
    """Films with one body wedged by known amounts, in one pose: level, film."""
    spine = volume(folder, name)
    inner = list(spine.corners)[1:-1]
    for level in inner[:: max(1, len(inner) // 3)]:
        corners = spine.corners[level]
        front = float(corners[0, 1] - corners[2, 1]) * spine.step
        for share in SHARES:
            for part in PARTS:
                wedge = ((level, part * front, share),) if part else ()
                yield f"{level}-{share}", level, ct_film(folder, name, Change(wedge=wedge), 7)


def stability(found: dict[str, list[Outcome]]) -> dict[str, float]:
    """Figures over poses."""
    every = [o for outcomes in found.values() for o in outcomes]
    spread = []
    for outcomes in found.values():
        errors = [o.vka_error_deg for o in outcomes if o.accepted.all()]
        if len(errors) >= 3:
            spread.append(np.std(errors, ddof=1))
    stated = [o.vka_sd_deg for o in every if o.accepted.all()]
    return {
        "accepted": float(np.mean([o.accepted for o in every])),
        "flagged": float(np.mean([o.flagged for o in every])),
        "pose_sd": float(np.sqrt(np.mean(np.square(spread)))) if spread else np.nan,
        "pose_sd_median": float(np.median(spread)) if spread else np.nan,
        "stated_sd": float(np.median(stated)) if stated else np.nan,
    }


def response(found: dict[str, list[Outcome]]) -> dict[str, float]:
    """Slope of measured on true changes of VKA, within series of one body and share."""
    true, measured = [], []
    for outcomes in found.values():
        whole = [o for o in outcomes if o.accepted.all()]
        if len(whole) >= 3:
            vka = np.array([o.vka_deg for o in whole])
            read = vka + [o.vka_error_deg for o in whole]
            true.append(vka - vka.mean())
            measured.append(read - read.mean())
    if not true:
        return {"slope": np.nan, "rest_sd": np.nan, "series": 0}
    x, y = np.concatenate(true), np.concatenate(measured)
    slope = float(x @ y / (x @ x))
    return {"slope": slope, "rest_sd": float((y - slope * x).std()), "series": len(true)}


def judged(folder: Path, name: str, given: argparse.Namespace) -> list[dict]:
    """Rows of one volume for every model."""
    rows = []
    poses: dict = defaultdict(lambda: defaultdict(list))
    for porosis in (0.0, 1.0):
        for number, scene in posed(folder, name, porosis, given.poses, given.seed):
            for model in given.model:
                with using(None if model == "package" else Path(model)):
                    for o in clicks_on(scene, number, repeats=1):
                        poses[model, porosis][o.body.rsplit("-", 1)[1]].append(o)
    cuts: dict = defaultdict(lambda: defaultdict(list))
    for key, level, scene in cut(folder, name) if given.cuts else ():
        index = [str(body.level) for body in scene.bodies].index(level)
        for model in given.model:
            with using(None if model == "package" else Path(model)):
                outcomes = list(clicks_on(scene, 3, repeats=2))[2 * index : 2 * index + 2]
                cuts[model][key] += outcomes
    for (model, porosis), found in poses.items():
        bone = "as discs" if porosis else "as it is"
        row = {"volume": name, "bone": bone, "model": model, **stability(found)}
        rows.append(row if porosis else row | response(cuts[model]))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--volumes", nargs="+", default=["lumbar", "thoracic"])
    parser.add_argument("--poses", type=int, default=8)
    parser.add_argument("--cuts", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", nargs="+", default=["package"])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = [row for name in given.volumes for row in judged(given.data, name, given)]
    for row in rows:
        cells = "  ".join(f"{k} {v:.3g}" for k, v in row.items() if isinstance(v, int | float))
        print(f"{row['volume']:9s} bone {row['bone']:9s} {row['model'][-16:]:17s} {cells}")
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
