"""How well are the angles of the CT themselves known, and what is left for the assist?

    python benchmarks/ct_reference.py --data PATH --poses 6

Three readings of each body that share nothing: marks by eye, edges in the volume (see
`worlds/ct_edges.py`), and the assist on projections in several poses (its mean less the pose's
own). If their errors are independent, the variances of the three differences give the error
variance of each (Grubbs 1948, J Am Stat Assoc 43:243-264). With five bodies that is rough, and
negative where chance will have it.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

from worlds.ct import Change, ct_film, volume
from worlds.ct_edges import readings, vka_deg
from worlds.marks import clicks_on, using


def assisted(folder: Path, name: str, poses: int, model: str) -> dict[str, tuple[float, float]]:
    """Mean error against the marks by eye and mean stated SD, by level."""
    rng = np.random.default_rng([74, 3])
    found = defaultdict(list)
    levels = list(volume(folder, name).corners)
    for number in range(poses):
        turn, tilt = rng.uniform(-6, 6, 2)
        scene = ct_film(folder, name, Change(turn_deg=turn, tilt_deg=tilt), number)
        with using(None if model == "package" else Path(model)):
            for outcome in clicks_on(scene, number, repeats=2):
                if outcome.accepted.all():
                    level = levels[int(outcome.body.rsplit("-", 1)[1])]
                    found[level].append((outcome.vka_error_deg, outcome.vka_sd_deg))
    return {level: tuple(np.mean(values, axis=0)) for level, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--volume", choices=("lumbar", "thoracic"), default="lumbar")
    parser.add_argument("--poses", type=int, default=6)
    parser.add_argument("--model", default="package")
    given = parser.parse_args()
    spine = volume(given.data, given.volume)
    seen = assisted(given.data, given.volume, given.poses, given.model)
    rows = []
    print("level   by eye   by edges (four ways)             edges - eye   assist - eye   stated")
    for name, four in readings(spine).items():
        eye = vka_deg(spine.corners[name], spine.anterior)
        edges = [vka_deg(corners, spine.anterior) for corners in four]
        if name in seen:
            rows.append((np.mean(edges) - eye, *seen[name]))
            told = "".join(f"{value:8.1f}" for value in edges)
            print(
                f"{name:5s}{eye:9.1f}{told}{rows[-1][0]:14.1f}{rows[-1][1]:14.1f}{rows[-1][2]:9.1f}"
            )
    edges, assist, stated = np.array(rows).T
    a, b, c = (np.mean(np.square(x)) for x in (edges, assist, assist - edges))
    print(f"RMS edges - eye {a**0.5:.2f}, assist - eye {b**0.5:.2f}, assist - edges {c**0.5:.2f}")
    parts = {"eye": (a + b - c) / 2, "edges": (a + c - b) / 2, "assist": (b + c - a) / 2}
    print("error SD:", ", ".join(f"{k} {np.sign(v) * abs(v) ** 0.5:.2f}" for k, v in parts.items()),
          f"; assist states {stated.mean():.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
