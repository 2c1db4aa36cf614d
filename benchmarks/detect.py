"""What the detector finds on whole films, and where it fails.

    python benchmarks/detect.py --world phantom --films 4
    python benchmarks/detect.py --world mesh --data PATH --films 8
    python benchmarks/detect.py --world ct --data PATH --films 6
    python benchmarks/detect.py --world other --films 100
    python benchmarks/detect.py --world visits --films 4

Worlds: `mesh` and `ct` (never trained on), `phantom` (trained on; other seeds), `other` (painted
pictures that are no lateral spine; other seeds), `visits` (the second of two films of level sets,
with what the first, read, says of the levels; `--alone` without it). `--variants` shows every film
otherwise as well: mirrored, inverted, turned by 15 to 30 degrees, filling a half or a quarter of
the height, cropped.
`--pictures` writes the worst films with what was proposed.

found     bodies whose centre was proposed within half a depth; false: others, a film
levels    films whose numbering is right; sure wrong: wrong although said to be sure
corner    median over bodies of the mean distance of the four corners, mm and % of the depth
far       bodies with a probability over 0.9 whose corners are off by more than 5 mm
VKA, RKA  SD of the error, degrees, bodies found, levels aside; ICC(A,1)
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "training"))

import cv2
import numpy as np
from numpy.typing import NDArray
from worlds.ct import CT_CONDITIONS, ct_scene
from worlds.kept import kept
from worlds.marks import facing_of, film_of, vertebra_of
from worlds.mesh import CONDITIONS, mesh_scene
from worlds.others import other_picture
from worlds.scene import Scene
from worlds.voxel import VOXEL_CONDITIONS, voxel_pair, voxel_scene
from worlds.whole_films import VARIANTS, phantom_film, varied

from kyphometer.carry.recognise import EarlierVisit
from kyphometer.detect import Proposal, detect
from kyphometer.endplates.corners import line_directions_deg, vertebra_corners
from kyphometer.errors import KyphometerError, NoLateralSpineError
from kyphometer.geometry import Facing
from kyphometer.reading import Reading
from kyphometer.reliability import intraclass_correlations

Array = NDArray[np.float64]
WORLDS = ("mesh", "ct", "voxel", "visits", "phantom", "other", "front")
NEAR = 0.5
"""A body is found if a centre lies within this part of its depth."""


@dataclass
class Seen:
    """One film and what was proposed on it.

    Attributes
    ----------
    scene, proposal
        None if the film was refused.
    seconds
        Processor time.
    pairs
        Truth and proposal of each body found: corners in mm (4, 2), in `worlds.scene`'s order.
    doubts
        Of each body proposed: stated probability that a corner is off by more than 3 mm, and
        whether one is.
    taken
        Of each body proposed: whether one key takes it with others, and by how many mm its worst
        corner is off; infinite where there is no body.
    """

    scene: Scene
    proposal: Proposal | None
    seconds: float
    pairs: list[tuple[Array, Array]] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)
    doubts: list[tuple[float, bool]] = field(default_factory=list)
    taken: list[tuple[bool, float]] = field(default_factory=list)
    levels_right: bool = False
    false: int = 0

    @property
    def missed(self) -> int:
        return len(self.scene.bodies) - len(self.pairs)


def judged(scene: Scene, first: Scene | None = None) -> Seen:
    """A film shown to the detector, with the visit before if there is one."""
    film = film_of(scene.pixels, scene.factors)
    earlier = None if first is None else _read(first)
    start = time.process_time()
    try:
        proposal = detect(film, earlier=earlier)
    except NoLateralSpineError:
        return Seen(scene, None, time.process_time() - start)
    seen = Seen(scene, proposal, time.process_time() - start)
    _match(seen)
    return seen


def _read(scene: Scene) -> EarlierVisit:
    """A film as a perfect reader leaves it."""
    film = film_of(scene.pixels, scene.factors)
    bodies = {body.level: vertebra_of(body.corners, body.level) for body in scene.bodies}
    facing = facing_of(scene.facing_sign)
    return EarlierVisit.of(film, Reading(film=film.reference, vertebrae=bodies, facing=facing))


def _match(seen: Seen) -> None:
    assert seen.proposal is not None
    scene, reading = seen.scene, seen.proposal.reading
    assert reading.facing is not None
    proposed = {
        level: c / scene.factors
        for level, v in reading.vertebrae.items()
        if (c := vertebra_corners(v, scene.factors, reading.facing.sign)) is not None
    }
    chances = {body.level: body.chance for body in seen.proposal.bodies}
    doubts = {body.level: body.doubt for body in seen.proposal.bodies}
    likely = {body.level: body.likely for body in seen.proposal.bodies}
    right = Facing.RIGHT if scene.facing_sign > 0 else Facing.LEFT
    order = [0, 1, 2, 3] if reading.facing is right else [1, 0, 3, 2]
    taken, right_levels = set(), []
    for body in scene.bodies:
        centre = body.corners.mean(axis=0)
        depth = np.hypot(*(body.corners[1] - body.corners[0]))
        near = [
            (float(np.hypot(*(c.mean(axis=0) - centre))), level) for level, c in proposed.items()
        ]
        gap, level = min(near, default=(np.inf, None))
        if level is None or gap > NEAR * depth or level in taken:
            continue
        taken.add(level)
        right_levels.append(level is body.level)
        seen.pairs.append((body.corners * scene.factors, proposed[level][order] * scene.factors))
        seen.chances.append(chances[level])
        off = np.hypot(*(seen.pairs[-1][0] - seen.pairs[-1][1]).T).max()
        seen.doubts.append((doubts[level], bool(off > 3)))
        seen.taken.append((likely[level], float(off)))
    seen.levels_right = bool(right_levels) and all(right_levels)
    half_seen = _half_seen(scene)
    for level, corners in proposed.items():
        centre = corners.mean(axis=0)
        if level not in taken and all(np.hypot(*(centre - p)) > r for p, r in half_seen):
            seen.false += 1
            seen.doubts.append((doubts[level], True))
            seen.taken.append((likely[level], np.inf))


def _half_seen(scene: Scene) -> list[tuple[Array, float]]:
    """Where the column goes on at either end: bodies there may be proposed or not."""
    centres = [body.corners.mean(axis=0) for body in scene.bodies]
    if len(centres) < 2:
        return []
    steps = ((centres[0], centres[1]), (centres[-1], centres[-2]))
    return [(2 * end - next_, 0.6 * float(np.hypot(*(end - next_)))) for end, next_ in steps]


def summary(films: list[Seen]) -> dict[str, float]:
    """One row of the table."""
    bodies = sum(len(seen.scene.bodies) for seen in films)
    shown = [seen for seen in films if seen.proposal is not None]
    pairs = [pair for seen in shown for pair in seen.pairs]
    chances = np.array([chance for seen in shown for chance in seen.chances])
    row = {
        "films": len(films),
        "refused": len(films) - len(shown),
        "found": len(pairs) / max(bodies, 1),
        "false": sum(seen.false for seen in shown) / max(len(films), 1),
        "levels": np.mean([seen.levels_right for seen in films]) if films else np.nan,
        "sure": np.mean([s.proposal.numbering.is_sure for s in shown if s.proposal])
        if shown
        else np.nan,
        "sure_wrong": sum(
            not seen.levels_right and seen.proposal.numbering.is_sure
            for seen in shown
            if seen.proposal is not None
        )
        / max(len(films), 1),
        "seconds": float(np.median([seen.seconds for seen in films])) if films else np.nan,
    }
    if len(pairs) < 3:
        return row
    off = np.array([np.hypot(*(a - b).T) for a, b in pairs])
    depth = np.array([np.hypot(*(a[1] - a[0])) for a, _ in pairs])
    sure = chances > 0.9
    row |= {
        "corner_mm": float(np.median(off.mean(axis=1))),
        "corner_%": float(100 * np.median(off.mean(axis=1) / depth)),
        "far": float((sure & (off.max(axis=1) > 5)).sum() / max(int(sure.sum()), 1)),
    }
    for name, angles in (("VKA", _vka), ("RKA", _rka)):
        table = np.array([pair for seen in shown for pair in angles(seen)])
        if len(table) > 4:
            error = table[:, 1] - table[:, 0]
            row[f"{name}_sd"] = float(error.std())
            row[f"{name}_icc"] = float(
                intraclass_correlations(table).form("ICC(A,1)").estimate.value
            )
    return row


def _vka(seen: Seen) -> Iterator[tuple[float, float]]:
    for pair in seen.pairs:
        lines = [line_directions_deg(corners) for corners in pair]
        yield _angle(seen, lines[0][0], lines[0][1]), _angle(seen, lines[1][0], lines[1][1])


def _rka(seen: Seen) -> Iterator[tuple[float, float]]:
    for (true_up, up), (true_low, low) in zip(seen.pairs, seen.pairs[2:], strict=False):
        if np.hypot(*(true_up - true_low).mean(axis=0)) > 110:
            continue
        lines = [line_directions_deg(c) for c in (true_up, true_low, up, low)]
        yield _angle(seen, lines[0][0], lines[1][1]), _angle(seen, lines[2][0], lines[3][1])


def _angle(seen: Seen, upper: float, lower: float) -> float:
    return float(-seen.scene.facing_sign * ((lower - upper + 180) % 360 - 180))


def scenes(given: argparse.Namespace) -> Iterator[tuple[str, Scene, Scene | None]]:
    """Films of the worlds, each otherwise as well, and the visit before of those that have one."""
    for world in given.world:
        yield from _scenes_of(world, given)


def _scenes_of(world: str, given: argparse.Namespace) -> Iterator[tuple[str, Scene, Scene | None]]:
    if world == "visits":
        for number in range(given.films):
            for condition in VOXEL_CONDITIONS:
                first, second = voxel_pair(condition, given.seed * 1000 + number)
                yield "as it is", second, None if given.alone else first
        return
    makers: dict[str, tuple[tuple[str, ...], Callable[[str, int], Scene]]] = {
        "mesh": (CONDITIONS, lambda c, s: mesh_scene(given.data, c, s)),
        "ct": (CT_CONDITIONS, lambda c, s: ct_scene(given.data, c, s)),
        "voxel": (VOXEL_CONDITIONS, voxel_scene),
        "front": (CONDITIONS, lambda c, s: mesh_scene(given.data, c, s, front=True)),
        "phantom": (CONDITIONS, phantom_film),
        "other": (("",), lambda _, s: _other(s)),
    }
    conditions, make = makers[world]
    for number in range(given.films):
        for index, condition in enumerate(conditions):
            seed = given.seed * 1000 + number * len(conditions) + index
            name = f"whole-{world}-{condition}-{seed}"
            scene = kept(given.keep, name, partial(make, condition, seed))
            rng = np.random.default_rng([96, seed])
            for variant in given.variants:
                yield variant, varied(scene, variant, rng), None


def _other(seed: int) -> Scene:
    picture = other_picture(np.random.default_rng([83, 400_000_000 + seed]))
    return Scene(
        pixels=picture, factors=np.ones(2), facing_sign=1, bodies=(), world="other", condition=""
    )


def draw(seen: Seen, path: Path) -> None:
    """The film, truth in green, the proposal in red with its levels."""
    pixels = seen.scene.pixels.astype(np.float32)
    low, high = np.percentile(pixels, (1, 99))
    grey = np.clip((pixels - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    scale = 900 / grey.shape[0]
    picture = cv2.cvtColor(cv2.resize(grey, None, fx=scale, fy=scale), cv2.COLOR_GRAY2BGR)

    def outline(corners: Array, colour: tuple[int, int, int], text: str, side: int) -> None:
        loop = np.round(corners[[0, 1, 3, 2]] * scale).astype(np.int32)
        cv2.polylines(picture, [loop], True, colour, 1, cv2.LINE_AA)
        x, y = loop.mean(axis=0).astype(int).tolist()
        cv2.putText(picture, text, (x + side, y), cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1)

    for body in seen.scene.bodies:
        outline(body.corners, (0, 220, 0), str(body.level), -60)
    if seen.proposal is not None:
        reading = seen.proposal.reading
        sign = 1 if reading.facing is Facing.RIGHT else -1
        for level, vertebra in reading.vertebrae.items():
            corners = vertebra_corners(vertebra, seen.scene.factors, sign)
            if corners is not None:
                outline(corners / seen.scene.factors, (60, 60, 255), str(level), 40)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


def show_doubt(films: list[Seen]) -> None:
    """Stated and true share of bodies with a corner off by more than 3 mm, by decile; the AUC."""
    pairs = [pair for seen in films for pair in seen.doubts]
    if not pairs:
        return
    stated, off = np.array([p for p, _ in pairs]), np.array([wrong for _, wrong in pairs])
    print("\nstated      bodies    stated      true")
    for tenth in range(10):
        part = np.clip(np.floor(10 * stated), 0, 9) == tenth
        if part.any():
            share = f"{stated[part].mean():10.3f}{off[part].mean():10.3f}"
            print(f"{tenth / 10:.1f}-{(tenth + 1) / 10:.1f} {part.sum():10d}{share}")
    gaps = stated[off][:, None] - stated[~off][None]
    if gaps.size:
        print(f"AUC {((gaps > 0) + 0.5 * (gaps == 0)).mean():.3f}")


def show_taken(groups: dict[str, list[Seen]]) -> None:
    """Bodies that one key takes and others, by world: how many, and how many of them are off."""
    heads = ("one key", "over 3 mm", "over 5 mm", "one by one", "over 3 mm", "over 5 mm")
    print("\ntaken by   " + "".join(f"{head:>12s}" for head in heads))
    worlds: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for films in groups.values():
        for seen in films:
            worlds[seen.scene.world] += seen.taken
            worlds["all"] += seen.taken
    for world in sorted(worlds, key=lambda name: name == "all"):
        cells = []
        for one_key in (True, False):
            off = np.array([far for likely, far in worlds[world] if likely is one_key])
            cells += [len(off), int((off > 3).sum()), int((off > 5).sum())]
        print(f"{world:11s}" + "".join(f"{cell:12d}" for cell in cells))


def show(rows: dict[str, dict[str, float]]) -> None:
    """The table for people."""
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    print("\n" + " " * 28 + "".join(f"{name:>11s}" for name in names))
    for label, row in rows.items():
        cells = "".join(f"{row[n]:11.3g}" if n in row else " " * 11 for n in names)
        print(f"{label:28s}{cells}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", nargs="+", choices=WORLDS, required=True)
    parser.add_argument("--data", type=Path, default=Path("shared"))
    parser.add_argument("--films", type=int, default=4, help="of each condition")
    parser.add_argument("--seed", type=int, default=700)
    parser.add_argument("--alone", action="store_true", help="`visits` without the first film")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=["as it is"])
    parser.add_argument("--keep", type=Path, help="folder to keep films in for the next run")
    parser.add_argument("--pictures", type=Path, help="write the worst films here")
    parser.add_argument("--worst", type=int, default=6, help="how many pictures")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    films: dict[str, list[Seen]] = defaultdict(list)
    every: list[Seen] = []
    for count, (variant, scene, first) in enumerate(scenes(given), 1):
        try:
            seen = judged(scene, first)
        except KyphometerError as problem:
            raise SystemExit(f"{scene.world} {scene.condition}: {problem}") from problem
        every.append(seen)
        label = f"{scene.world} {scene.condition}".strip()
        films[variant if len(given.variants) > 1 else label].append(seen)
        print(f"\r{count} films", end="", file=sys.stderr, flush=True)
    rows = {label: summary(items) for label, items in films.items()}
    show(rows | {"all": summary(every)})
    show_doubt(every)
    show_taken(films)
    if given.pictures:
        every.sort(key=lambda seen: -(seen.missed + 2 * seen.false + 2 * (not seen.levels_right)))
        for number, seen in enumerate(every[: given.worst]):
            draw(seen, given.pictures / f"{number}-{seen.scene.world}-{seen.scene.condition}.png")
    if given.out:
        given.out.write_text(json.dumps(rows | {"all": summary(every)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
