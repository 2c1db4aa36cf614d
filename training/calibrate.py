"""Size the network's stated spreads on worlds that it was not trained on.

    python training/calibrate.py --data PATH --films 10

Writes the pairs of said and honest SD into the card beside the exported network (see
`kyphometer/endplates/calibration.py`). Honest is what makes 95 % intervals of VKA and RKA, as
`kyphometer measure` propagates them from the corners, cover 95 % of the errors at that difficulty.
The films show bodies from measured meshes, which share no shape with any training world (`--data`
is their folder, see `worlds/mesh.py`), and are used for nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from worlds.kept import kept
from worlds.mesh import CONDITIONS, mesh_scene
from worlds.scene import Array, Scene

from kyphometer.endplates.calibration import Calibration
from kyphometer.endplates.corners import line_directions_deg, wrap_deg
from kyphometer.endplates.crop import cut_window
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.model import FOLDER, NAME, CornerModel, read_model
from kyphometer.endplates.passes import refine_by_network

FIRST_SEED = 300_000
CLICKS_MM = (1.5, 1.5, 2.5)
BINS = 9
"""Difficulties that are told apart; each has as many trials."""
Seen = tuple[Array, Array, Array, Array]
"""Line errors, said line SD, corner errors along the plate, said corner SD."""


def seen(scene: Scene, clicks: Array, truth: Array, model: CornerModel) -> Seen | None:
    """What the network says of a body that was clicked there, against the truth (mm)."""
    frame = VertebraFrame.of_corners(clicks, scene.factors, scene.facing_sign)
    window = cut_window(scene.pixels, frame, sign=1)
    if window is None:
        return None
    found = refine_by_network(window, frame, model)
    wanted, had = found.frame.from_square(truth), found.frame.from_square(found.corners)
    error = wrap_deg(line_directions_deg(had) - line_directions_deg(wanted))
    return error, found.line_sd_deg, (had - wanted)[:, 0], found.corner_sd[:, 0]


def rising(values: Array) -> Array:
    """The nearest rising sequence: neighbours that fall are pooled (isotonic regression)."""
    blocks: list[list[float]] = []
    for value in values:
        blocks.append([float(value)])
        while len(blocks) > 1 and np.mean(blocks[-2]) >= np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    level = np.concatenate([np.full(len(block), np.mean(block)) for block in blocks])
    return level * (1 + 1e-3 * np.arange(len(level)))


def scale(said: Array, error: Array, bins: int = BINS) -> dict[str, list[float]]:
    """Pairs of said and honest SD over equally filled bins; honest always rises."""
    order = np.argsort(said)
    groups = np.array_split(order, bins)
    middles = np.array([float(np.median(said[group])) for group in groups])
    honest = np.array([float(np.quantile(np.abs(error[group]), 0.95)) / 1.96 for group in groups])
    new = np.diff(middles, prepend=-1.0) > 1e-6
    middles, honest = middles[new], rising(honest[new])
    return {
        "said": [round(float(v), 6) for v in middles],
        "honest": [round(float(v), 6) for v in honest],
    }


def scenes(given: argparse.Namespace) -> Iterator[Scene]:
    for number in range(given.films):
        for index, condition in enumerate(CONDITIONS):
            seed = FIRST_SEED + number * len(CONDITIONS) + index
            make = partial(mesh_scene, given.data, condition, seed)
            yield kept(given.keep, f"mesh-{condition}-{seed}", make)


def gather(given: argparse.Namespace, model: CornerModel) -> dict[str, Array]:
    """Said SD and errors of angles (VKA and RKA) and of corners."""
    rng = np.random.default_rng(11)
    angles, corners = [], []
    for count, scene in enumerate(scenes(given), 1):
        for sd_mm in CLICKS_MM:
            lines: list[Seen | None] = []
            for body in scene.bodies:
                truth = body.corners * scene.factors
                lines.append(seen(scene, truth + rng.normal(0, sd_mm, (4, 2)), truth, model))
            for facts in filter(None, lines):
                error, said, miss, corner_said = facts
                corners += list(zip(corner_said, miss, strict=True))
                angles.append((np.hypot(said[0], said[1]), error[1] - error[0]))
            for (upper, _), (_, lower) in pairwise(pairwise(lines)):
                if upper is not None and lower is not None:
                    (e, s), (f, t) = upper[:2], lower[:2]
                    angles.append((np.hypot(s[0], t[1]), f[1] - e[0]))
        if count % 10 == 0:
            print(f"{count} films", flush=True)
    return {"angle": np.array(angles), "corner": np.array(corners)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=10, help="of each condition")
    parser.add_argument("--data", type=Path, required=True, help="folder of measured shapes")
    parser.add_argument("--keep", type=Path, help="folder to keep films in for the next run")
    parser.add_argument("--model", type=Path, default=FOLDER, help="folder of network and card")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    card, network = read_model(NAME, given.model)
    model = CornerModel(card=card, calibration=Calibration.of_card({}), network=network)
    found = gather(given, model)
    root = np.sqrt(2.0)
    card["calibration"] = {
        "films": given.films * len(CONDITIONS),
        "world": "mesh",
        "angles": len(found["angle"]),
        "line_deg": scale(found["angle"][:, 0] / root, found["angle"][:, 1] / root),
        "corner_depths": scale(*found["corner"].T),
    }
    (given.model / f"{NAME}.json").write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card["calibration"], indent=1))


if __name__ == "__main__":
    main()
