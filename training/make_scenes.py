"""Make films of the projected worlds beforehand, to train on: they are too slow to make as wanted.

    python training/make_scenes.py --world mesh --data PATH --films 500 --out training/data/mesh

`mesh` and `voxel` draw the conditions in turn. `ct` projects the thoracic spine only, with its bone
lowered by any part; the lumbar one is kept for judging. Seeds begin at 2,000,000, so no film is one
that `calibrate.py` or `benchmarks/worlds.py` makes. A folder that is there already is added to.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from worlds.ct import ct_film, random_change
from worlds.kept import kept
from worlds.mesh import CONDITIONS, mesh_scene
from worlds.scene import Scene
from worlds.voxel import VOXEL_CONDITIONS, voxel_scene

FIRST_SEED = 2_000_000


def thoracic_scene(folder: Path, seed: int) -> Scene:
    """The thoracic spine in any pose, wedged, with any density of bone, facing either way."""
    rng = np.random.default_rng([73, seed])
    change = random_change(folder, "thoracic", seed)
    change = replace(change, porosis=float(np.clip(rng.uniform(-0.3, 1.2), 0, 1)))
    scene = ct_film(folder, "thoracic", change, seed)
    small = replace(scene, pixels=scene.pixels.astype(np.float32))
    return small if rng.random() < 0.5 else mirrored(small)


def level_set_scene(condition: str, seed: int) -> Scene:
    """Level sets under a condition, in single precision."""
    scene = voxel_scene(condition, seed)
    return replace(scene, pixels=scene.pixels.astype(np.float32))


def mirrored(scene: Scene) -> Scene:
    """The same film seen from the other side."""
    width = scene.pixels.shape[1]
    bodies = []
    for body in scene.bodies:
        corners = np.stack((width - body.corners[:, 0], body.corners[:, 1]), axis=1)
        bodies.append(replace(body, corners=corners))
    return replace(
        scene,
        pixels=np.ascontiguousarray(scene.pixels[:, ::-1]),
        facing_sign=-scene.facing_sign,
        bodies=tuple(bodies),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", choices=("mesh", "ct", "voxel"), required=True)
    parser.add_argument("--data", type=Path, help="folder of measured shapes")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--films", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0, help="added to the first seed")
    given = parser.parse_args()
    if given.data is None and given.world != "voxel":
        parser.error(f"--data names the folder of shapes that the world {given.world} needs")
    cv2.setNumThreads(1)
    for number in range(given.films):
        seed = FIRST_SEED + given.seed + number
        if given.world == "voxel":
            condition = VOXEL_CONDITIONS[number % len(VOXEL_CONDITIONS)]
            make = partial(level_set_scene, condition, seed)
        elif given.world == "mesh":
            make = partial(mesh_scene, given.data, CONDITIONS[number % len(CONDITIONS)], seed)
        else:
            make = partial(thoracic_scene, given.data, seed)
        kept(given.out, f"{given.world}-{seed}", make)
        print(f"\r{number + 1} of {given.films}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
