"""How far the answer moves with the look of a film: the same clicks, other grey values and scales.

    python benchmarks/looks.py --world mesh --data PATH --films 4
    python benchmarks/looks.py --film FILM.dcm --reading READING.json

Eight looks (as it is, gamma 0.6 and 1.6, local equalisation, blur, noise, unsharp mask, JPEG) and
four turns and scales of every picture; the figure is the SD of VKA of one body over them, which
needs no truth: it is also told of any film of one's own, with the marks of a reading as clicks.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
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
from worlds.scene import Array, Image, Scene, SeenBody
from worlds.voxel import VOXEL_CONDITIONS, voxel_scene

from kyphometer.endplates import refine
from kyphometer.endplates.corners import line_directions_deg, vertebra_corners

TURNS = ((0.0, 1.0), (7.0, 1.0), (-7.0, 1.0), (0.0, 1.25))
"""Turn in degrees and scale."""


def looks(image: Image, rng: np.random.Generator) -> Iterator[tuple[str, Image]]:
    """The picture as eight displays would show it, values about 0 to 1."""
    eight = np.uint8(np.clip(image, 0, 1) * 255)
    yield "as it is", image
    yield "gamma 0.6", np.clip(image, 0, 1) ** np.float32(0.6)
    yield "gamma 1.6", np.clip(image, 0, 1) ** np.float32(1.6)
    yield "equalised", cv2.createCLAHE(3.0, (6, 6)).apply(eight).astype(np.float32) / 255
    yield "blurred", cv2.GaussianBlur(image, (0, 0), 1.0)
    yield "noisy", image + rng.normal(0, 0.02, image.shape).astype(np.float32)
    yield "sharpened", image + (image - cv2.GaussianBlur(image, (0, 0), 3.0))
    _, code = cv2.imencode(".jpg", eight, (cv2.IMWRITE_JPEG_QUALITY, 60))
    yield "JPEG", cv2.imdecode(code, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255


def turned(image: Image, turn_deg: float, scale: float) -> tuple[Image, Array]:
    """The picture turned about its middle and scaled, and the matrix (2, 3) for its pixels."""
    rows, columns = image.shape
    matrix = cv2.getRotationMatrix2D((columns / 2 - 0.5, rows / 2 - 0.5), turn_deg, scale)
    matrix[:, 2] += (scale - 1) / 2 * np.array([columns, rows])
    size = (round(columns * scale), round(rows * scale))
    out = cv2.warpAffine(
        image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return out, matrix


def moved(points: Array, matrix: Array) -> Array:
    """Pixel coordinates (outer edge 0) under the matrix of `turned`."""
    out: Array = (points - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    return out


def spreads(scene: Scene, clicks: dict[int, Array], seed: int) -> dict[int, list[float]]:
    """VKA of each body under every look and turn, where both endplates were moved."""
    low, high = np.percentile(scene.pixels, (0.5, 99.5))
    image = ((scene.pixels - low) / (high - low)).astype(np.float32)
    rng = np.random.default_rng([81, seed])
    found = defaultdict(list)
    for turn, scale in TURNS:
        for _, look in looks(image, rng):
            picture, matrix = turned(look, turn, scale)
            film = film_of(picture, scene.factors / scale)
            for number, corners in clicks.items():
                click = vertebra_of(moved(corners, matrix), scene.bodies[number].level)
                refined = refine(film, click, facing=facing_of(scene.facing_sign))
                if len(refined.accepted) == 2:
                    factors = scene.factors / scale
                    now = vertebra_corners(refined.vertebra, factors, scene.facing_sign)
                    upper, lower = line_directions_deg(now)
                    found[number].append((lower - upper + 180) % 360 - 180)
    return found


def own_film(path: Path, reading_path: Path) -> tuple[Scene, dict[int, Array]]:
    """A film of one's own, with the marks of its reading as clicks."""
    from kyphometer.dicom import read_film
    from kyphometer.endplates.tone import bone_sign
    from kyphometer.reading.document import read_reading
    from kyphometer.reading.facing import derive_facing

    film, reading = read_film(path), read_reading(reading_path)
    bodies, clicks = [], {}
    for level, body in reading.vertebrae.items():
        if len(body.endplates) == 2:
            plates = (body.superior, body.inferior)
            corners = [m.xy for plate in plates for m in (plate.anterior, plate.posterior)]
            clicks[len(bodies)] = np.array(corners, dtype=np.float64)
            bodies.append(SeenBody(corners=np.array(corners), level=level))
    scene = Scene(
        pixels=film.pixels.astype(np.float32) * bone_sign(film),
        factors=np.array(film.geometry.scale),
        facing_sign=(reading.facing or derive_facing(reading)).sign,
        bodies=tuple(bodies),
        world=path.name,
    )
    return scene, clicks


def scenes(given: argparse.Namespace) -> Iterator[tuple[Scene, dict[int, Array]]]:
    if given.film:
        yield own_film(given.film, given.reading)
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
        yield (
            scene,
            {
                n: body.corners + rng.normal(0, 1.5, (4, 2)) / scene.factors
                for n, body in enumerate(scene.bodies)
            },
        )


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
    tried = len(TURNS) * 8
    for number, (scene, clicks) in enumerate(scenes(given)):
        for body, values in spreads(scene, clicks, number).items():
            sd = float(np.std(values, ddof=1)) if len(values) > 2 else float("nan")
            level = str(scene.bodies[body].level)
            name = scene.condition or scene.world
            rows.append({"film": name, "level": level, "sd": sd, "seen": len(values) / tried})
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
