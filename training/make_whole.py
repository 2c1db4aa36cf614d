"""Make a folder of whole films for the detector.

    python training/make_whole.py --out data/whole --kind phantom --films 900 --seed 5
    python training/make_whole.py --out data/drawn --kind drawn --films 900 --seed 5

Kinds: `phantom` (the package's simulator at a coarse pixel size), `drawn` (painted columns), `real`
(painted columns of real people's outlines), `mesh` (projected meshes), `front` (the same from the
front, which is no lateral spine), `other` (no lateral spine). Seeds run from
`--seed * 1_000_000`. A run that was stopped goes on where it ended.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
import numpy as np
from numpy.typing import NDArray
from whole import write_whole
from worlds.column import Column, drawn_column, real_column
from worlds.mesh import CONDITIONS, mesh_scene
from worlds.others import other_picture
from worlds.outlines import Outlines
from worlds.paint import Canvas, painted
from worlds.scene import Scene
from worlds.torso import surround

Film = tuple[NDArray, dict[str, Any]]
KINDS = ("phantom", "drawn", "real", "mesh", "front", "other")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--meshes", type=Path, help="folder of meshes, for `mesh` and `front`")
    parser.add_argument("--outlines-file", type=Path, help="array file of outlines, for `real`")
    parser.add_argument("--films", type=int, default=900)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def facts(**known: Any) -> dict[str, Any]:
    """A line of the index: what is not known is empty."""
    empty = {"mm": 1.0, "facing_sign": 0, "s1": None}
    lists = {"corners": [], "levels": [], "fractured": [], "metal": [], "unsure": []}
    return {**empty, **lists, **known}


def phantom(seed: int) -> Film:
    """A film of the package's simulator, of any length."""
    from kyphometer.anatomy import Level
    from kyphometer.phantom import FilmFormat
    from kyphometer.phantom.training import simulate_training_film

    rng = np.random.default_rng([81, seed])
    pitch = 1.1
    size = (rng.uniform(330, 900) / pitch, rng.uniform(220, 430) / pitch)
    form = FilmFormat(rows=int(size[0]), columns=int(size[1]), pitch_mm=pitch)
    film = simulate_training_film(seed, film_format=form)
    whole = {
        level: [p.xy for e in (body.superior, body.inferior) for p in (e.anterior, e.posterior)]
        for level, body in film.truth.vertebrae.items()
        if body.superior and body.inferior
    }
    s1 = film.truth.vertebrae.get(Level.S1)
    plate = s1.superior if s1 else None
    corners = [[list(map(float, p)) for p in points] for points in whole.values()]
    return film.pixels, facts(
        mm=film.geometry.scale[0],
        facing_sign=film.facing.sign,
        corners=corners,
        levels=[str(level) for level in whole],
        fractured=[level in film.truth.fractured_levels for level in whole],
        metal=[_metal(film.metal, np.array(c)) for c in corners],
        s1=None
        if plate is None
        else [list(map(float, p.xy)) for p in (plate.anterior, plate.posterior)],
        unsure=_beyond(corners, [str(level) for level in whole]),
    )


def _metal(mask: NDArray[np.bool_], corners: NDArray) -> bool:
    inside = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(inside, np.round(corners[[0, 1, 3, 2]]).astype(np.int32), 1)
    return bool(mask[inside > 0].mean() > 0.03) if inside.any() else False


def _beyond(corners: list, levels: list[str]) -> list[list[float]]:
    """Where the next body would be at either end, if part of it may be seen."""
    if len(corners) < 2:
        return []
    centres = np.array(corners).mean(axis=1)
    ends = [] if levels[0] == "T1" else [2 * centres[0] - centres[1]]
    ends += [2 * centres[-1] - centres[-2]]
    return [list(map(float, end)) for end in ends]


def column_film(make: Callable[[np.random.Generator], Column], seed: int) -> Film:
    """A painted film of a column, from anywhere in the neck to the pelvis."""
    rng = np.random.default_rng([82, seed])
    column = make(rng)
    every = np.concatenate([s.corners for s in column.shapes])
    low = every.min(axis=0) - (rng.uniform(60, 150), 0)
    high = (*every.max(axis=0), rng.uniform(50, 130), rng.uniform(60, 130))
    first = 0 if rng.random() < 0.4 else int(rng.integers(3, 6))
    low[1] = column.shapes[first].corners[:, 1].min() - rng.uniform(5, 25)
    size = np.ceil(high - low).astype(int)
    canvas = Canvas(np.zeros(np.minimum(size, 1000)[::-1], np.float32), low, 1.0)
    surround(canvas, column, rng)
    image = painted(canvas, column.shapes, rng)
    neck = column.names.index("C7")
    unsure = [canvas.pixels(s.corners.mean(axis=0)).tolist() for s in column.shapes[:neck]]
    shapes = column.shapes[neck:]
    return image, facts(
        facing_sign=-1,
        corners=[canvas.pixels(s.corners).tolist() for s in shapes],
        levels=list(column.names[neck:]),
        fractured=[s.broken for s in shapes],
        metal=[False] * len(shapes),
        s1=canvas.pixels(column.s1).tolist(),
        unsure=unsure,
    )


def mesh(folder: Path, seed: int, *, front: bool = False) -> Film:
    """Six bodies of a made-up person; thoracic ones are lumbar ones made smaller: no levels."""
    scene = mesh_scene(folder, CONDITIONS[seed % len(CONDITIONS)], seed, front=front)
    return scene.pixels, facts(mm=0.4) if front else scene_facts(scene)


def scene_facts(scene: Scene) -> dict[str, Any]:
    """What the index says of a scene."""
    corners = [body.corners.tolist() for body in scene.bodies]
    return facts(
        mm=float(scene.factors[0]),
        facing_sign=scene.facing_sign,
        corners=corners,
        levels=[""] * len(corners),
        fractured=[bool(body.fractured) for body in scene.bodies],
        metal=[False] * len(corners),
        unsure=_beyond(corners, [""]),
    )


def other(seed: int) -> Film:
    """A picture that is no lateral spine."""
    return other_picture(np.random.default_rng([83, seed])), facts()


def maker(given: argparse.Namespace) -> Callable[[int], Film]:
    if given.kind in ("mesh", "front"):
        return partial(mesh, given.meshes, front=given.kind == "front")
    if given.kind == "real":
        source = Outlines.read(given.outlines_file)
        return partial(column_film, partial(real_column, source))
    return {"phantom": phantom, "drawn": partial(column_film, drawn_column), "other": other}[
        given.kind
    ]


def main() -> None:
    given = options()
    cv2.setNumThreads(1)
    given.out.mkdir(parents=True, exist_ok=True)
    index = given.out / "index.jsonl"
    lines = index.read_text().splitlines() if index.exists() else []
    done = {json.loads(line)["name"] for line in lines}
    make = maker(given)
    for number in range(given.films):
        seed = given.seed * 1_000_000 + number
        name = f"{given.kind}-{seed}"
        if name in done:
            continue
        image, known = make(seed)
        write_whole(given.out, name, image, known)
        if number % 50 == 49:
            print(f"{number + 1} of {given.films}", flush=True)


if __name__ == "__main__":
    main()
