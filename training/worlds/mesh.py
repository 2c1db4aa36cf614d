"""A world to test on: bodies of measured meshes, morphed by level, of two materials.

Nothing of the training worlds or of the package's simulator is used here. Meshes come from a folder
that is no part of this project: `lumbosacral_mesh/meshes.npz` (L1 to L5 of the Visible Human Male;
Remus et al. 2021, BSD-3-Clause) and `lumbar_mesh/mean_L2_L5.npz` (means of 87 people; Clouthier et
al. 2023, MIT). Sizes by level are those of Panjabi et al. 1991 and 1992. Fractures are cut in by a
deformation field: height lost in front and behind, shared at will between both endplates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from kyphometer.anatomy import Level
from worlds.clutter import Surroundings, clutter, metal
from worlds.physics import METAL, Exposure, exposed
from worlds.scene import Array, Image, Scene, SeenBody
from worlds.solid import Solid, solid_of_mesh

DEPTH_MM = (
    18.5, 19.6, 22.7, 23.3, 24.3, 26.0, 27.4, 27.9, 29.3, 30.5, 31.9, 32.8,
    34.1, 34.6, 35.2, 35.5, 34.7,
)  # fmt: skip
"""Antero-posterior depth of T1 to L5."""
HEIGHT_MM = (
    14.1, 15.6, 15.7, 16.2, 16.2, 17.4, 18.2, 18.7, 19.3, 20.2, 21.3, 22.7,
    23.8, 24.3, 23.8, 24.1, 22.9,
)  # fmt: skip
"""Posterior height of the same."""
WIDTH_MM = (
    24.5, 24.9, 24.6, 24.5, 24.9, 26.2, 27.8, 29.5, 30.6, 31.9, 34.9, 39.0,
    41.2, 42.6, 44.1, 46.6, 47.3,
)  # fmt: skip
LEVELS = tuple(Level(f"T{n}") for n in range(1, 13)) + tuple(Level(f"L{n}") for n in range(1, 6))
CONDITIONS = ("clean", "instrumented", "noisy", "oblique", "hard")
BODIES = 6
PIXEL_MM = 0.4
RAY_MM = 1.2
"""Step along a ray."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Morph:
    """How a mesh becomes one vertebra of a picture.

    Attributes
    ----------
    solid, scale
        The mesh and its stretch along x, y, z.
    lost_front, lost_back, share
        Height lost (mm, after the stretch) and what the superior endplate takes of it.
    trabecular, shell_mm
        Part of bone inside, thickness of the cortex.
    """

    solid: Solid
    scale: Array
    lost_front: float
    lost_back: float
    share: float
    trabecular: float
    shell_mm: float

    @property
    def depth(self) -> float:
        corners = self.solid.corners[:, 0] * self.scale[0]
        return float(corners[0] - corners[1] + corners[2] - corners[3]) / 2

    @property
    def corners(self) -> Array:
        """(x, z) after stretch and fracture."""
        plain = self.solid.corners * self.scale[[0, 2]]
        moved = plain.copy()
        for rows, part in ((slice(0, 2), -self.share), (slice(2, 4), 1 - self.share)):
            moved[rows, 1] += part * self.lost(plain[rows, 0])
        return moved

    def lost(self, x: Array) -> Array:
        """Height lost at x, mm."""
        u = np.clip(x / self.depth + 0.5, 0.0, 1.0)
        lost: Array = self.lost_back + u * (self.lost_front - self.lost_back)
        return lost

    def before(self, points: Array) -> Array:
        """Where points (..., 3) of the broken vertebra were in the mesh's own grid."""
        plain = self.solid.corners * self.scale[[0, 2]]
        x, z = points[..., 0], points[..., 2]
        top = plain[1, 1] + (x - plain[1, 0]) * _slope(plain[:2])
        bottom = plain[3, 1] + (x - plain[3, 0]) * _slope(plain[2:])
        loss = self.lost(x)
        new_top, new_bottom = top - self.share * loss, bottom + (1 - self.share) * loss
        t = (z - new_bottom) / np.maximum(new_top - new_bottom, 1.0)
        inside = np.clip(t, 0, 1)
        old = bottom + inside * (top - bottom)
        old = old + np.where(t > 1, z - new_top, np.where(t < 0, z - new_bottom, 0.0))
        return np.stack((x, points[..., 1], old), axis=-1) / self.scale


def _slope(pair: Array) -> float:
    return float((pair[0, 1] - pair[1, 1]) / (pair[0, 0] - pair[1, 0]))


@cache
def meshes(folder: Path) -> dict[str, Solid]:
    """Every vertebra of both sources, by name."""
    found = {}
    with np.load(folder / "lumbosacral_mesh" / "meshes.npz") as stored:
        for number in range(1, 6):
            parts = stored[f"L{number}_vertices"], stored[f"L{number}_faces"]
            found[f"L{number} man"] = solid_of_mesh(*parts)
    with np.load(folder / "lumbar_mesh" / "mean_L2_L5.npz") as stored:
        vertices, faces = stored["vertices_mm"], stored["faces"]
    ends = np.concatenate((faces[:, :2], faces[:, 1:]))
    graph = coo_matrix((np.ones(len(ends)), ends.T), shape=(len(vertices),) * 2)
    count, owner = connected_components(graph, directed=False)
    order = sorted(range(count), key=lambda k: -vertices[owner == k, 2].mean())
    for number, part in enumerate(order, 2):
        mine = owner == part
        index = np.cumsum(mine) - 1
        own = faces[mine[faces[:, 0]]]
        found[f"L{number} mean"] = solid_of_mesh(vertices[mine], index[own])
    return found


def exposure(condition: str, rng: np.random.Generator) -> Exposure:
    """How films of a condition are taken."""
    poor = condition in ("noisy", "hard")
    return Exposure(
        kvp=rng.uniform(70, 100),
        photons={"noisy": 250.0, "hard": 350.0, "clean": 9000.0}.get(condition, 3000.0),
        blur_mm=rng.uniform(0.35, 0.6) if poor else rng.uniform(0.15, 0.35),
        scatter=rng.uniform(1.5, 3.0) if poor else rng.uniform(0.3, 1.5),
        gamma=rng.uniform(0.7, 1.5),
        sharpen=rng.uniform(0.0, 1.0),
        flatten=rng.uniform(0.0, 0.9) if rng.random() < 0.5 else 0.0,
    )


def mesh_scene(folder: Path, condition: str, seed: int, *, front: bool = False) -> Scene:
    """Six bodies of one made-up person under a named condition, from the side or from the front.

    From the front there are no corners to be right: the bodies' places are those of the side view.
    """
    rng = np.random.default_rng([51, seed])
    first = int(rng.integers(0, len(LEVELS) - BODIES + 1))
    levels = LEVELS[first : first + BODIES]
    morphs, broken = _people(folder, condition, levels, rng)
    places = _chain(morphs, levels, rng)
    facing = int(rng.choice((-1, 1)))
    oblique = condition in ("oblique", "hard")
    turns = rng.uniform(4, 9, 2) * rng.choice((-1, 1), 2) if oblique else rng.normal(0, 1.5, 2)
    turns = turns + np.array((90.0, 0.0)) if front else turns
    corners = np.concatenate([_placed(m.corners, p) for m, p in zip(morphs, places, strict=True)])
    low, high = corners.min(axis=0) - np.array([45, 14]), corners.max(axis=0) + np.array([26, 14])
    columns, rows = np.ceil((high - low) / PIXEL_MM).astype(int)
    bone, soft = (np.zeros((rows, columns), np.float32) for _ in range(2))
    top_left = np.array([low[0], high[1]])
    for morph, place in zip(morphs, places, strict=True):
        _project(morph, place, turns, top_left, bone, soft)
    around = Surroundings(pixel_mm=PIXEL_MM, thoracic=levels[BODIES // 2].order < Level.T12.order)
    extra_soft, extra_bone = clutter(bone.shape, around, rng)
    bone += extra_bone
    soft += extra_soft
    pixels = [_pixels(_turned(m, p, turns), top_left) for m, p in zip(morphs, places, strict=True)]
    if condition == "instrumented" or (condition == "hard" and rng.random() < 0.5):
        bone += np.float32(METAL) * metal(bone.shape, pixels, PIXEL_MM, rng)
    image = exposed(soft, bone, PIXEL_MM, exposure(condition, rng), rng)
    if facing < 0:
        image = np.ascontiguousarray(image[:, ::-1])
        pixels = [np.stack((columns - p[:, 0], p[:, 1]), axis=1) for p in pixels]
    seen = zip(pixels, levels, broken, strict=True)
    return Scene(
        pixels=image,
        factors=np.full(2, PIXEL_MM),
        facing_sign=facing,
        bodies=tuple(SeenBody(corners=c, level=lv, fractured=b) for c, lv, b in seen),
        world="mesh",
        condition=condition,
    )


def _people(
    folder: Path, condition: str, levels: tuple[Level, ...], rng: np.random.Generator
) -> tuple[list[Morph], list[bool]]:
    """The vertebrae of one person; two of six lose height."""
    solids = meshes(folder)
    names = [n for n in sorted(solids) if n.endswith(str(rng.choice(("man", "mean"))))]
    size, slim = np.exp(rng.normal(0, 0.06)), np.exp(rng.normal(0, 0.05))
    dense = rng.uniform(0.02, 0.10) if condition in ("noisy", "hard") else rng.uniform(0.05, 0.2)
    hit = set(rng.choice(len(levels), 2, replace=False).tolist())
    morphs = []
    for number, level in enumerate(levels):
        at = LEVELS.index(level)
        lumbar = [n for n in names if n.startswith(str(level))]
        solid = solids[lumbar[0] if lumbar else names[int(rng.integers(len(names)))]]
        own = solid.corners
        scale = np.array(
            [
                DEPTH_MM[at] * size / (own[0, 0] - own[1, 0]),
                WIDTH_MM[at] * size * slim / 46.0,
                HEIGHT_MM[at] * size * slim / (own[1, 1] - own[3, 1]),
            ]
        ) * np.exp(rng.normal(0, 0.02, 3))
        front, back = 0.0, 0.0
        height = HEIGHT_MM[at] * size * slim
        if number in hit:
            front = rng.uniform(0.12, 0.65) * height
            back = rng.uniform(0.0, 0.9) * front if rng.random() < 0.3 else 0.0
        # lumbar meshes are lordotic: thoracic bodies lose their taller front
        tall = scale[2] * (own[0, 1] - own[2, 1]) - height
        wanted = height * (rng.normal(-0.03, 0.03) if at < 12 else rng.normal(0.02, 0.03))
        front += max(tall - wanted, 0.0) if at < 13 else 0.0
        morphs.append(
            Morph(
                solid=solid,
                scale=scale,
                lost_front=front,
                lost_back=back,
                share=float(rng.uniform(0.0, 1.0)),
                trabecular=dense * float(np.exp(rng.normal(0, 0.1))),
                shell_mm=float(rng.uniform(0.3, 0.9)),
            )
        )
    return morphs, [n in hit for n in range(len(levels))]


Place = tuple[float, Array]
"""Turn in the sagittal plane (radians) and position (x, z) of a body's middle."""


def _chain(morphs: list[Morph], levels: tuple[Level, ...], rng: np.random.Generator) -> list[Place]:
    """One below the other, a disc between, bent as the region is."""
    places: list[Place] = []
    for morph, level in zip(morphs, levels, strict=True):
        at = LEVELS.index(level)
        corners = morph.corners
        if not places:
            places.append((float(rng.normal(0, 0.2)), np.zeros(2)))
            continue
        disc = (3.5 + 0.7 * max(at - 8, 0)) * float(np.exp(rng.normal(0, 0.2)))
        wedge = np.radians(rng.normal(0.5 if at < 11 else -4.0, 2.5))
        above = _placed(morphs[len(places) - 1].corners, places[-1])[2:]
        along = above[0] - above[1]
        own = corners[0] - corners[1]
        turn = float(np.arctan2(*along[::-1]) - np.arctan2(*own[::-1]) - wedge)
        down = np.array([along[1], -along[0]]) / np.hypot(*along)
        turned = _placed(corners, (turn, np.zeros(2)))
        moved = above.mean(axis=0) + disc * down - turned[:2].mean(axis=0)
        close = ((turned[:2] + moved - above) @ down).min()
        places.append((turn, moved + down * max(0.0, 1.2 - close)))
    return places


def _placed(corners: Array, place: Place) -> Array:
    turn, moved = place
    c, s = np.cos(turn), np.sin(turn)
    placed: Array = corners @ np.array([[c, s], [-s, c]]) + moved
    return placed


def _view(turns: Array) -> Array:
    """Rotation of the body by axial turn and coronal tilt, degrees."""
    a, t = np.radians(turns)
    axial = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    tilt = np.array([[1, 0, 0], [0, np.cos(t), -np.sin(t)], [0, np.sin(t), np.cos(t)]])
    matrix: Array = axial @ tilt
    return matrix


def _turned(morph: Morph, place: Place, turns: Array) -> Array:
    """Corners (x, z) as projected: the vertebra turned about its own middle."""
    turn, moved = place
    flat = np.insert(_placed(morph.corners, (turn, np.zeros(2))), 1, 0.0, axis=1)
    return (flat @ _view(turns).T)[:, [0, 2]] + moved


def _pixels(points: Array, top_left: Array) -> Array:
    x, z = points.T
    return np.stack(((x - top_left[0]) / PIXEL_MM, (top_left[1] - z) / PIXEL_MM), axis=1)


def _project(
    morph: Morph, place: Place, turns: Array, top_left: Array, bone: Image, soft: Image
) -> None:
    """Add one vertebra's bone and soft tissue along rays to both pictures."""
    turn, moved = place
    size = np.abs(morph.solid.origin * morph.scale)
    reach = (size if abs(turns[0]) > 45 else size[[0, 2]]).max() + 4
    centre = _pixels(moved[None], top_left)[0]
    low = np.maximum(np.floor(centre - reach / PIXEL_MM), 0).astype(int)
    high = np.minimum(np.ceil(centre + reach / PIXEL_MM), bone.shape[::-1]).astype(int)
    x = top_left[0] + (np.arange(low[0], high[0]) + 0.5) * PIXEL_MM - moved[0]
    z = top_left[1] - (np.arange(low[1], high[1]) + 0.5) * PIXEL_MM - moved[1]
    half = size[:2].max() if abs(turns[0]) > 45 else size[1]
    c, s = np.cos(turn), np.sin(turn)
    in_plane = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    back = (_view(turns) @ in_plane).T
    zz, xx = np.meshgrid(z, x, indexing="ij")
    added_bone, added_soft = np.zeros_like(xx), np.zeros_like(xx)
    for y in np.arange(-half, half + RAY_MM, RAY_MM):
        points = np.stack((xx, np.full_like(xx, y), zz), axis=-1) @ back.T
        depth = morph.solid.at(morph.before(points))
        inside = np.clip(depth / 0.5 + 0.5, 0, 1)
        core = np.clip((depth - morph.shell_mm) / 0.5 + 0.5, 0, 1)
        added_bone += RAY_MM * (0.9 * (inside - core) + morph.trabecular * core)
        added_soft -= RAY_MM * (0.9 * (inside - core) + (morph.trabecular + 0.06) * core)
    bone[low[1] : high[1], low[0] : high[0]] += added_bone.astype(np.float32)
    soft[low[1] : high[1], low[0] : high[0]] += added_soft.astype(np.float32)
