"""Would several looks of one crop, put together, be better than one, or know better when it fails?

    python benchmarks/votes.py --films 4 --seed 401

The corners that the network settled on, against the mean of seven answers: the crop as it is,
equalised, with an adaptive histogram, flattened by a high-pass, blurred, and in two frames turned
and scaled. Films of the world of level sets, which no network was trained on; no guards.

SD     of the error of VKA, degrees; robust: from the median absolute deviation
AUC    area under the ROC curve for an endplate whose corner is off by more than 3 mm: by what the
       network says of its corners, by the spread of the seven answers, by both
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import rankdata

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

from worlds.kept import kept
from worlds.scene import Array, Image, Scene
from worlds.voxel import VOXEL_CONDITIONS, voxel_scene

from kyphometer.endplates.corners import line_directions_deg, wrap_deg
from kyphometer.endplates.crop import (
    CROP_DEPTHS,
    CROP_PIXELS,
    Window,
    cut_window,
    network_tone,
)
from kyphometer.endplates.frame import VertebraFrame
from kyphometer.endplates.model import corner_model
from kyphometer.endplates.passes import LearnedCorners, refine_by_network

FRAMES = ((4.0, 1.06), (-4.0, 0.95))
"""Turn in degrees and scale of the crop."""
OFF_MM = 3.0


def looks(crop: Image) -> Iterator[Image]:
    """The crop as other displays would show it."""
    from skimage.exposure import equalize_adapthist, equalize_hist

    low, high = np.percentile(crop, (1, 99))
    grey = np.clip((crop - low) / max(float(high - low), 1e-6), 0, 1)
    yield equalize_hist(grey).astype(np.float32)
    yield equalize_adapthist(grey, clip_limit=0.02).astype(np.float32)
    yield (grey - 0.85 * cv2.GaussianBlur(grey, (0, 0), 9.0)).astype(np.float32)
    yield cv2.GaussianBlur(grey, (0, 0), 0.9).astype(np.float32)


def turned(frame: VertebraFrame, turn_deg: float, scale: float) -> VertebraFrame:
    """The frame turned about its centre, its depth scaled."""
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    return replace(frame, depth=frame.depth * scale, axes=frame.axes @ np.array([[c, -s], [s, c]]))


def answers(window: Window, found: LearnedCorners) -> Array:
    """Corners in the found frame by every look, shape (7, 4, 2), as it is first."""
    model, frame = corner_model(), found.frame
    votes = [frame.from_square(found.corners)]
    crop = window.crop(frame, CROP_PIXELS, CROP_DEPTHS)
    seen = [model.predict(network_tone(look)[None]).corners[0] for look in looks(crop)]
    votes += [corners * CROP_DEPTHS / 2 for corners in seen]
    for turn, scale in FRAMES:
        other = turned(frame, turn, scale)
        crop = network_tone(window.crop(other, CROP_PIXELS, CROP_DEPTHS))
        corners = model.predict(crop[None]).corners[0] * CROP_DEPTHS / 2
        votes.append(frame.from_square(other.to_square(corners)))
    return np.array(votes)


def scenes(given: argparse.Namespace) -> Iterator[tuple[int, Scene]]:
    for number in range(given.films * len(VOXEL_CONDITIONS)):
        condition = VOXEL_CONDITIONS[number % len(VOXEL_CONDITIONS)]
        seed = given.seed * 1000 + number
        make = partial(voxel_scene, condition, seed)
        yield seed, kept(given.keep, f"voxel-{condition}-{seed}", make)


def area(score: Array, off: Array) -> float:
    """Area under the ROC curve; NaN where nothing is off."""
    ranks, hits = rankdata(score), int(off.sum())
    if not hits:
        return float("nan")
    return float((ranks[off].sum() - hits * (hits + 1) / 2) / (hits * (len(off) - hits)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=4, help="of each condition")
    parser.add_argument("--seed", type=int, default=401)
    parser.add_argument("--keep", type=Path, help="folder to keep films in for the next run")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    one, mean, said, spread, off = [], [], [], [], []
    for seed, scene in scenes(given):
        rng = np.random.default_rng([63, seed])
        for body in scene.bodies:
            truth = body.corners * scene.factors
            clicks = truth + rng.normal(0, 1.5, (4, 2))
            frame = VertebraFrame.of_corners(clicks, scene.factors, scene.facing_sign)
            window = cut_window(scene.pixels, frame, sign=1)
            if window is None:
                continue
            found = refine_by_network(window, frame, corner_model())
            votes, wanted = answers(window, found), found.frame.from_square(truth)
            lines = [wrap_deg(line_directions_deg(v) - line_directions_deg(wanted)) for v in votes]
            errors = np.diff(lines, axis=1)[:, 0]
            one.append(errors[0])
            mean.append(errors.mean())
            far = np.hypot(*(votes[0] - wanted).T) * found.frame.depth
            off += list(far.reshape(2, 2).max(axis=1) > OFF_MM)
            said += list(np.hypot(*found.corner_sd.T).reshape(2, 2).max(axis=1))
            spread += list(np.hypot(*votes.std(axis=0).T).reshape(2, 2).max(axis=1))
    for name, values in (("one look", np.array(one)), ("mean of seven", np.array(mean))):
        robust = 1.4826 * np.median(np.abs(values - np.median(values)))
        print(f"{name:14s} bodies {len(values)}, SD {values.std():.2f}, robust {robust:.2f}")
    scores, wrong = np.array([said, spread]), np.array(off)
    both = np.log(scores).sum(axis=0)
    told = ", ".join(
        f"{name} {area(score, wrong):.3f}"
        for name, score in (("said", scores[0]), ("spread", scores[1]), ("both", both))
    )
    print(f"AUC, {wrong.sum()} of {len(wrong)} endplates off: {told}")


if __name__ == "__main__":
    main()
