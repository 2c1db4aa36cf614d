"""How far the answer moves with the look of a film: the same clicks, other grey values and scales.

    python benchmarks/looks.py --world mesh --data PATH --films 4
    python benchmarks/looks.py --film FILM.dcm --reading READING.json

`kyphometer.endplates.looks` on every world: the SD of VKA of one body over eight looks and four
turns and scales, which needs no truth. It is also told of any film of one's own, with the marks of
a reading as clicks, and `kyphometer qa validate` tells it of a study's films.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

from worlds.ct import CT_CONDITIONS, ct_scene
from worlds.drawn import drawn_scene
from worlds.marks import facing_of, film_of, vertebra_of
from worlds.mesh import CONDITIONS, mesh_scene
from worlds.phantom import package_scene
from worlds.scene import Array, Scene
from worlds.voxel import VOXEL_CONDITIONS, voxel_scene

from kyphometer.dicom import read_film
from kyphometer.endplates.looks import stability
from kyphometer.film import Film
from kyphometer.reading import Reading
from kyphometer.reading.document import read_reading


def reading_of(scene: Scene, clicks: list[Array]) -> tuple[Film, Reading]:
    """A scene as a film, and clicks (4, 2) on its bodies as a reading."""
    film = film_of(scene.pixels, scene.factors)
    bodies = {
        body.level: vertebra_of(click, body.level)
        for body, click in zip(scene.bodies, clicks, strict=True)
    }
    facing = facing_of(scene.facing_sign)
    return film, Reading(film=film.reference, vertebrae=bodies, facing=facing)


def films(given: argparse.Namespace) -> Iterator[tuple[str, Film, Reading]]:
    """Name, film and clicks."""
    if given.film:
        yield given.film.name, read_film(given.film), read_reading(given.reading)
        return
    makers = {
        "mesh": (CONDITIONS, lambda c, s: mesh_scene(given.data, c, s)),
        "ct": (CT_CONDITIONS, lambda c, s: ct_scene(given.data, c, s)),
        "voxel": (VOXEL_CONDITIONS, voxel_scene),
        "drawn": (("",), lambda _, s: drawn_scene(s)),
        "phantom": (CONDITIONS, package_scene),
    }
    conditions, make = makers[given.world]
    for number in range(given.films):
        scene = make(conditions[number % len(conditions)], given.seed * 1000 + number)
        rng = np.random.default_rng([82, given.seed, number])
        clicks = [b.corners + rng.normal(0, 1.5, (4, 2)) / scene.factors for b in scene.bodies]
        yield scene.condition or scene.world, *reading_of(scene, clicks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--world", choices=("voxel", "mesh", "ct", "drawn", "phantom"), default="phantom"
    )
    parser.add_argument("--data", type=Path, help="folder of measured shapes")
    parser.add_argument("--film", type=Path, help="a film of one's own")
    parser.add_argument("--reading", type=Path, help="its reading")
    parser.add_argument("--films", type=int, default=4)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    rows = []
    for name, film, reading in films(given):
        rows += [
            {"film": name, "level": str(body.level), "sd": body.sd_deg, "seen": body.moved}
            for body in stability(film, reading)
        ]
    sds = np.array([row["sd"] for row in rows])
    for row in rows:
        print(f"{row['film']:16s}{row['level']:5s}{row['sd']:7.2f} deg {100 * row['seen']:4.0f} %")
    rms, median = np.sqrt(np.nanmean(sds**2)), np.nanmedian(sds)
    print(f"SD of VKA over looks, RMS {rms:.2f}, median {median:.2f}, bodies {len(rows)}")
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
