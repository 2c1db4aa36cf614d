"""Size the network's stated spreads on worlds that it was not trained on.

    python training/calibrate.py --data PATH --films 6 --worlds voxel mesh outlines

Writes into the card beside the exported network (see `kyphometer/endplates/calibration.py`):

- by how much steep wedges are read too flat: the slope of the error of VKA on VKA by world and
  condition, and the part of the angle (`--shrinkage`) that is added to its uncertainty for it;
- pairs of said and honest SD. Honest is what makes 95 % intervals of VKA and RKA, as `kyphometer
  measure` propagates them from the corners, cover 95 % of the errors at that difficulty, every
  world and condition counting alike, widened by one factor until they cover 93 % in the hardest.

A world that the network was trained on sizes nothing: name those that were left out. Seeds are used
for nothing else. `--data` is the folder of measured shapes, see `worlds/mesh.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import minimize
from scipy.stats import rankdata

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from worlds.kept import kept
from worlds.mesh import CONDITIONS, mesh_scene
from worlds.outlines import Outlines, outline_scene
from worlds.scene import Array, Scene
from worlds.voxel import VOXEL_CONDITIONS, voxel_scene

from kyphometer.endplates import Limits
from kyphometer.endplates.calibration import OFF_DEPTHS, Calibration, Scale
from kyphometer.endplates.corners import line_directions_deg, wrap_deg
from kyphometer.endplates.crop import cut_window
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.model import FOLDER, NAME, CornerModel, read_model
from kyphometer.endplates.passes import refine_by_network

FIRST_SEED = {"mesh": 300_000, "outlines": 300_000, "voxel": 400_000}
CLICKS_MM = (1.5, 1.5, 2.5)
BINS = 9
"""Difficulties that are told apart; each has as many trials."""
FLAT_DEG = 12.0
"""Angles up to which shrinkage hardly shows: these size the spreads."""
LEAST_COVERED = 0.93
"""What intervals cover in the hardest condition."""
OUTLINE_FILMS = 5
"""Films of outlines for each of a condition of the other worlds."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What the network says of a body, against the truth: errors and said SD."""

    error: Array
    said: Array
    along: Array
    along_said: Array
    off: Array
    radial_said: Array
    wedge: float
    true_wedge: float


def seen(scene: Scene, clicks: Array, truth: Array, model: CornerModel) -> Seen | None:
    """What the network says of a body that was clicked there (mm); None where it is refused."""
    frame = VertebraFrame.of_corners(clicks, scene.factors, scene.facing_sign)
    window = cut_window(scene.pixels, frame, sign=1)
    if window is None:
        return None
    found = refine_by_network(window, frame, model)
    if np.hypot(*(found.corners - clicks).T).max() > Limits().move_depths * found.frame.depth:
        return None
    wanted, had = found.frame.from_square(truth), found.frame.from_square(found.corners)
    lines, true = line_directions_deg(had), line_directions_deg(wanted)
    return Seen(
        error=wrap_deg(lines - true),
        said=found.line_sd_deg[:2],
        along=(had - wanted)[:, 0],
        along_said=found.corner_sd[:, 0],
        off=np.hypot(*(had - wanted).T).reshape(2, 2).max(axis=1) > OFF_DEPTHS,
        radial_said=np.hypot(*found.corner_sd.T).reshape(2, 2).max(axis=1),
        wedge=float(wrap_deg(lines[1] - lines[0])),
        true_wedge=float(wrap_deg(true[1] - true[0])),
    )


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


def scale(said: Array, error: Array, weight: Array, bins: int = BINS) -> Scale:
    """Pairs of said and honest SD over equally filled bins; honest always rises."""
    order = np.argsort(said)
    groups = np.array_split(order, bins)
    middles = np.array([float(np.median(said[group])) for group in groups])
    honest = np.array([covering(np.abs(error[g]), weight[g], 0.95) / 1.96 for g in groups])
    new = np.diff(middles, prepend=-1.0) > 1e-6
    return Scale(said=middles[new], honest=rising(honest[new]))


def covering(sizes: Array, weight: Array, part: float) -> float:
    """The size that a part of the weight does not exceed."""
    return float(np.quantile(sizes, part, weights=weight, method="inverted_cdf"))


def scenes(given: argparse.Namespace) -> Iterator[tuple[str, Scene]]:
    """World with condition, and film."""
    makers: dict[str, tuple[tuple[str, ...], Callable[[str, int], Scene]]] = {
        "mesh": (CONDITIONS, lambda c, s: mesh_scene(given.data, c, s)),
        "voxel": (VOXEL_CONDITIONS, voxel_scene),
    }
    if "outlines" in given.worlds:
        source = Outlines.read(given.data / "lateral_outlines" / "outlines.npz", kept_out=True)
        makers["outlines"] = (("",) * OUTLINE_FILMS, lambda _, s: outline_scene(source, s))
    for world in given.worlds:
        conditions, make = makers[world]
        for number in range(given.films):
            for index, condition in enumerate(conditions):
                seed = FIRST_SEED[world] + number * len(conditions) + index
                name = f"{world}-{condition}-{seed}"
                yield (
                    f"{world} {condition}".strip(),
                    kept(given.keep, name, partial(make, condition, seed)),
                )


@dataclass(frozen=True, eq=False)
class Errors:
    """Errors of one condition.

    Attributes
    ----------
    angles
        Said SD, error, seen angle within one body (0 for RKA), shape (n, 3).
    wedges
        True VKA and its error, shape (n, 2).
    corners
        Said SD and error along the endplate, shape (n, 2).
    plates
        Larger said SD of both corners, and whether one is off, shape (n, 2).
    """

    angles: Array
    wedges: Array
    corners: Array
    plates: Array


def gather(given: argparse.Namespace, model: CornerModel) -> dict[str, Errors]:
    """Errors of angles (VKA and RKA) and of corners, by world and condition."""
    rng = np.random.default_rng(11)
    found = defaultdict(lambda: ([], [], [], []))
    for count, (group, scene) in enumerate(scenes(given), 1):
        angles, wedges, corners, plates = found[group]
        for sd_mm in CLICKS_MM:
            bodies: list[Seen | None] = []
            for body in scene.bodies:
                truth = body.corners * scene.factors
                bodies.append(seen(scene, truth + rng.normal(0, sd_mm, (4, 2)), truth, model))
            for one in filter(None, bodies):
                corners += zip(one.along_said, one.along, strict=True)
                plates += zip(one.radial_said, one.off, strict=True)
                miss = float(one.error[1] - one.error[0])
                angles.append((float(np.hypot(*one.said)), miss, one.wedge))
                wedges.append((one.true_wedge, miss))
            for (upper, _), (_, lower) in pairwise(pairwise(bodies)):
                if upper is not None and lower is not None:
                    said = float(np.hypot(upper.said[0], lower.said[1]))
                    angles.append((said, float(lower.error[1] - upper.error[0]), 0.0))
        if count % 10 == 0:
            print(f"{count} films", flush=True)
    return {group: Errors(*map(np.array, parts)) for group, parts in found.items()}


def slopes(found: dict[str, Errors]) -> dict[str, float]:
    """Slope of the error of VKA on VKA by world and condition, gross errors cut off."""
    fitted = {}
    for group, errors in found.items():
        true, miss = errors.wedges.T
        plain = np.abs(miss - np.median(miss)) < 12
        fitted[group] = round(float(np.polyfit(true[plain], miss[plain], 1)[0]), 4)
    return fitted


def sized(found: dict[str, Errors], part: float) -> tuple[Scale, dict[str, float]]:
    """The scale of lines, and what each condition would need to be covered, over it."""
    root = np.sqrt(2.0)
    every = np.concatenate([errors.angles for errors in found.values()])
    weight = np.concatenate([np.full(len(e.angles), 1 / len(e.angles)) for e in found.values()])
    flat = np.abs(every[:, 2]) < FLAT_DEG
    plain = scale(every[flat, 0] / root, every[flat, 1] / root, weight[flat])
    needs = {}
    for group, errors in found.items():
        said, miss, wedge = errors.angles.T
        sd = np.hypot(root * plain(said / root), part * wedge)
        needs[group] = float(np.quantile(np.abs(miss) / sd, LEAST_COVERED)) / 1.96
    return plain, needs


def doubted(found: dict[str, Errors]) -> dict[str, float]:
    """The logistic curve of `Doubt`, every condition counting alike, and the area under its ROC."""
    said, off = np.concatenate([errors.plates for errors in found.values()]).T
    weight = np.concatenate([np.full(len(e.plates), 1 / len(e.plates)) for e in found.values()])
    level = np.log(said)

    def cost(curve: Array) -> float:
        logit = curve[0] + curve[1] * level
        return float(weight @ (np.logaddexp(0, logit) - off * logit))

    offset, slope = minimize(cost, (0.0, 1.0), method="Nelder-Mead").x
    ranks = rankdata(said)
    pairs = off.sum() * (1 - off).sum()
    area = (ranks[off > 0].sum() - off.sum() * (off.sum() + 1) / 2) / pairs
    return {"offset": round(offset, 4), "slope": round(slope, 4), "auc": round(area, 4),
            "off": int(off.sum()), "endplates": len(off)}  # fmt: skip


def record(found: Scale, factor: float) -> dict[str, list[float]]:
    return {
        "said": [round(float(v), 6) for v in found.said],
        "honest": [round(float(v * factor), 6) for v in found.honest],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=6, help="of each condition")
    parser.add_argument("--worlds", nargs="+", default=["voxel", "mesh", "outlines"])
    parser.add_argument("--shrinkage", type=float, default=0.05, metavar="PART")
    parser.add_argument("--data", type=Path, required=True, help="folder of measured shapes")
    parser.add_argument("--keep", type=Path, help="folder to keep films in for the next run")
    parser.add_argument("--model", type=Path, default=FOLDER, help="folder of network and card")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    card, network = read_model(NAME, given.model)
    model = CornerModel(card=card, calibration=Calibration.of_card({}), network=network)
    found = gather(given, model)
    lines, needs = sized(found, given.shrinkage)
    factor = max(1.0, *needs.values())
    along = np.concatenate([errors.corners for errors in found.values()])
    weight = np.concatenate([np.full(len(e.corners), 1 / len(e.corners)) for e in found.values()])
    card["calibration"] = {
        "worlds": given.worlds,
        "films": given.films,
        "angles": sum(len(errors.angles) for errors in found.values()),
        "slopes": slopes(found),
        "needs": {group: round(value, 3) for group, value in needs.items()},
        "shrinkage": given.shrinkage,
        "line_deg": record(lines, factor),
        "corner_depths": record(scale(*along.T, weight), 1.0),
        "doubt": doubted(found),
    }
    (given.model / f"{NAME}.json").write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card["calibration"], indent=1))


if __name__ == "__main__":
    main()
