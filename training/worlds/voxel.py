"""A world to test on: bodies as level sets with noisy surfaces and uneven bone, by one energy.

Another hand than every other world: no mesh, no outline, no drawing of lines, no code of the
package's simulator. A body is the smooth intersection of a kidney-shaped wall and two bowls, its
surface is roughened, its inside is a noise of struts, and it is added up along parallel rays. The
true corner is the apex of the rounded rim in the plane that halves the body.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from scipy.ndimage import zoom

from kyphometer.anatomy import Level
from worlds.scene import Array, Image, Scene, SeenBody
from worlds.voxel_body import Body, made_up_body, noise

VOXEL_CONDITIONS = ("clean", "instrumented", "porotic", "noisy", "oblique", "hard")
POROTIC = ("porotic", "hard")
BODIES = 5
MM = 0.38
"""Size of a pixel."""
RAY_MM = 1.4
"""Step along a ray."""
BONE_PER_MM, SOFT_PER_MM, METAL_PER_MM = 0.055, 0.021, 0.30
"""Attenuation at about 55 keV."""


def _view(turns: Array) -> Array:
    """Rotation by an axial turn and a coronal tilt, degrees."""
    (ca, ct), (sa, st) = np.cos(np.radians(turns)), np.sin(np.radians(turns))
    axial = np.array([[ca, -sa, 0], [sa, ca, 0], [0, 0, 1]])
    coronal = np.array([[1, 0, 0], [0, ct, -st], [0, st, ct]])
    matrix: Array = axial @ coronal
    return matrix


def _sagittal(turn: float) -> Array:
    c, s = np.cos(turn), np.sin(turn)
    return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])


def _chain(bodies: list[Body], levels: list[int], rng: np.random.Generator) -> list[tuple]:
    """Turn (radians) and middle (x, z) of each body, a disc between neighbours."""
    places = [(rng.normal(0, 0.15), np.zeros(2))]
    gap = rng.uniform(0.5, 1.2)
    for upper, lower, level in zip(bodies, bodies[1:], levels[1:], strict=False):
        turn, middle = places[-1]
        disc = gap * np.interp(level, (0, 7, 16), (3.5, 4.5, 10.5)) * np.exp(rng.normal(0, 0.15))
        bottom = upper.corners()[2:] @ _sagittal(turn)[::2, ::2].T + middle
        top = lower.corners()[:2]
        wedge = np.radians(np.interp(level, (8, 16), (1.0, -7.0)) + rng.normal(0, 2.5))
        ends = [pair[1] - pair[0] for pair in (bottom, top)]
        angles = [np.arctan2(end[1], end[0]) for end in ends]
        now = angles[0] - angles[1] + wedge
        down = np.array([ends[0][1], -ends[0][0]]) / np.hypot(*ends[0])
        placed = top @ _sagittal(now)[::2, ::2].T
        moved = bottom.mean(axis=0) + disc * down - placed.mean(axis=0)
        close = float(((placed + moved - bottom) @ down).min())
        places.append((now, moved + down * max(0.0, 1.0 - close)))
    return places


def voxel_scene(condition: str, seed: int) -> Scene:
    """Five bodies of one made-up person under a named condition."""
    rng = np.random.default_rng([91, seed])
    levels, bodies = _person(condition, rng)
    scene = _filmed(bodies, levels, _chain(bodies, levels, rng), condition, rng)
    return scene if rng.random() < 0.5 else _flipped(scene)


def voxel_pair(condition: str, seed: int) -> tuple[Scene, Scene]:
    """Two films of one made-up person: a fracture, and the same with part of its height back.

    The second film has screws, another pose, another look and other tissue around the same bodies.
    """
    levels, bodies = _person(condition, np.random.default_rng([92, seed, 0]))
    middle = BODIES // 2
    draw = np.random.default_rng([92, seed, 1])
    while not bodies[middle].broken:
        bodies[middle] = made_up_body(levels[middle], 1.0, condition in POROTIC, draw)
    mended = list(bodies)
    mended[middle] = _mended(bodies[middle], draw.uniform(0.1, 0.9))
    flipped = draw.random() < 0.5
    scenes = []
    for visit, column in enumerate((bodies, mended)):
        places = _chain(column, levels, np.random.default_rng([92, seed, 2]))
        rng = np.random.default_rng([92, seed, 3 + visit])
        screwed = [number for number in range(BODIES) if visit and number != middle]
        scene = _filmed(
            column, levels, places, condition, rng, screwed=screwed, texture=(92, seed, 9)
        )
        scenes.append(_flipped(scene) if flipped else scene)
    return scenes[0], scenes[1]


def _person(condition: str, rng: np.random.Generator) -> tuple[list[int], list[Body]]:
    """Levels and bodies."""
    first = int(rng.integers(0, 17 - BODIES + 1))
    levels = list(range(first, first + BODIES))
    size = float(np.exp(rng.normal(0, 0.07)))
    return levels, [made_up_body(level, size, condition in POROTIC, rng) for level in levels]


def _mended(body: Body, part: float) -> Body:
    """The body with a part of the height that it lost to its wedge."""
    depth = 2 * float(body.half[0])
    plates = tuple(
        (middle + part * slope * depth / 2, (1 - part) * slope, *rest)
        for middle, slope, *rest in body.plates
    )
    return replace(body, plates=plates)


def _filmed(
    bodies: list[Body],
    levels: list[int],
    places: list[tuple],
    condition: str,
    rng: np.random.Generator,
    *,
    screwed: list[int] | None = None,
    texture: tuple[int, ...] | None = None,
) -> Scene:
    """A film of bodies in their places.

    `texture` seeds the inside of the bodies, else `rng`. If it is said which are `screwed`, the
    film is exposed for the bone; else three are when instrumented, and metal counts.
    """
    poor, tilted = condition in ("noisy", "hard"), condition in ("oblique", "hard")
    turns = rng.uniform(3, 8, 2) * rng.choice((-1, 1), 2) if tilted else rng.normal(0, 1.2, 2)
    middles = np.array([middle for _, middle in places])
    low = middles.min(axis=0) - np.array([46, 30])
    high = middles.max(axis=0) + np.array([56, 30])
    columns, rows = np.ceil((high - low) / MM).astype(int)
    bone, soft = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    corner = np.array([low[0], high[1]])
    seen = []
    for number, (body, (turn, middle)) in enumerate(zip(bodies, places, strict=True)):
        matrix = _view(turns) @ _sagittal(turn)
        own = rng if texture is None else np.random.default_rng([*texture, number])
        _projected(body, matrix, middle, corner, bone, soft, own)
        flat = np.insert(body.corners(), 1, 0.0, axis=1) @ matrix.T
        pixels = (flat[:, ::2] + middle - corner) / (MM, -MM)
        level = _level(levels[number])
        seen.append(SeenBody(corners=pixels, level=level, fractured=body.broken))
    _behind(seen, bone, rng)
    _around(bone, soft, thoracic=levels[2] < 11, rng=rng)
    metal = np.zeros_like(bone)
    if screwed is not None:
        _screws([seen[number] for number in screwed], metal, rng)
    elif condition == "instrumented":
        first = int(rng.integers(0, BODIES - 2))
        _screws(seen[first : first + 3], metal, rng)
    return Scene(
        pixels=_exposed(bone, soft, metal, poor, rng, bone_only=screwed is not None),
        factors=np.full(2, MM),
        facing_sign=-1,
        bodies=tuple(seen),
        world="voxel",
        condition=condition,
    )


def _level(number: int) -> Level:
    return Level(f"T{number + 1}" if number < 12 else f"L{number - 11}")


def _flipped(scene: Scene) -> Scene:
    width = scene.pixels.shape[1]
    bodies = [replace(b, corners=np.abs(b.corners - (width, 0))) for b in scene.bodies]
    return replace(
        scene,
        pixels=np.ascontiguousarray(scene.pixels[:, ::-1]),
        facing_sign=1,
        bodies=tuple(bodies),
    )


def _projected(
    body: Body,
    matrix: Array,
    middle: Array,
    corner: Array,
    bone: Image,
    soft: Image,
    rng: np.random.Generator,
) -> None:
    """Add one body along the rays to thickness of bone and of soft tissue."""
    reach = 1.25 * float(np.hypot(body.half[0], 17.0))
    at = (middle - corner) / (MM, -MM)
    low = np.maximum(np.floor(at - reach / MM), 0).astype(int)
    high = np.minimum(np.ceil(at + reach / MM), bone.shape[::-1]).astype(int)
    x = corner[0] + (np.arange(low[0], high[0]) + 0.5) * MM - middle[0]
    z = corner[1] - (np.arange(low[1], high[1]) + 0.5) * MM - middle[1]
    y = np.arange(-1.15 * body.half[1], 1.15 * body.half[1], RAY_MM)
    grid = np.stack(np.meshgrid(z, y, x, indexing="ij"), axis=-1)[..., ::-1].astype(np.float32)
    points = grid @ matrix.astype(np.float32)
    size = points.shape[:3]
    rough = zoom(body.rough, np.array(size) / 40, order=1, grid_mode=True, mode="grid-wrap")[
        : size[0], : size[1], : size[2]
    ]
    wall, plate = body.depths(*np.moveaxis(points, -1, 0))
    inside = body.rounded(wall, plate) + rough
    filled = np.clip(inside / 0.5 + 0.5, 0, 1)
    core = np.clip(np.minimum(wall - body.wall_mm, plate - body.plate_mm) / 0.5 + 0.5, 0, 1)
    struts = noise(rng, (64, 32, 64), rng.uniform(0.6, 1.5))
    struts = np.tile(struts, (4, 3, 4))[: size[0], : size[1], : size[2]]
    inner = body.dense + abs(body.dense) * np.float32(rng.uniform(0.2, 1.5)) * struts
    part = 0.85 * (filled - filled * core) + inner * core
    window = np.s_[low[1] : high[1], low[0] : high[0]]
    bone[window] += RAY_MM * part.sum(axis=1)
    soft[window] -= RAY_MM * (np.maximum(part, 0)).sum(axis=1)


def _ellipsoid(image: Image, at: Array, axes: Array, angle: float, rays: float) -> None:
    """Add the chords of an ellipsoid, pixels and mm."""
    rows, columns = image.shape
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    c, s = np.cos(angle), np.sin(angle)
    dx, dy = (x + 0.5 - at[0]) * MM, (y + 0.5 - at[1]) * MM
    q = ((c * dx + s * dy) / axes[0]) ** 2 + ((c * dy - s * dx) / axes[1]) ** 2
    image += np.float32(rays) * np.sqrt(np.maximum(1 - q, 0))


def _behind(seen: list[SeenBody], bone: Image, rng: np.random.Generator) -> None:
    """Pedicles, joints and processes of both sides as ellipsoids."""
    share, dense = rng.normal(0, 1.0, 2), rng.uniform(0.15, 0.6)
    for body in seen:
        sa, sp, _, ip = body.corners
        back, down = sp - sa, ip - sp
        for u, v, a, b, turn in (
            (0.2, 0.3, 0.20, 0.11, 0.0), (0.42, 0.1, 0.10, 0.22, 0.3), (0.45, 0.8, 0.10, 0.24, 0.3),
            (0.9, 0.9, 0.36, 0.10, 0.5),
        ):  # fmt: skip
            at = sp + u * back + v * down + (share + rng.normal(0, 1.0, 2)) / MM
            long = np.hypot(*back) * MM
            axes = np.array([a, b]) * long * np.exp(rng.normal(0, 0.15, 2))
            angle = float(np.arctan2(back[1], back[0]) + turn * np.sign(back[0]))
            _ellipsoid(bone, at, axes, angle, dense * rng.uniform(6, 16))


def _ridge(shape: tuple[int, ...], start: Array, end: Array, bend: float) -> Array:
    """Distance of every pixel from a bent line, mm, positive below it."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    u = (x - start[0]) / (end[0] - start[0])
    line = start[1] + u * (end[1] - start[1]) + bend * u * (1 - u)
    return (y - line) * MM


def _around(bone: Image, soft: Image, *, thoracic: bool, rng: np.random.Generator) -> None:
    """Tissue, lung with ribs of both sides, or gas."""
    shape = bone.shape
    soft += np.float32(rng.uniform(150, 240))
    coarse = noise(rng, (24, 24), 2.0)
    soft += np.float32(rng.uniform(3, 12)) * cv2.resize(coarse, shape[::-1])
    fine = noise(rng, (96, 96), 2.0)
    soft += np.float32(rng.uniform(0.5, 3)) * cv2.resize(fine, shape[::-1])
    width = shape[1]
    if not thoracic:
        if rng.random() < 0.5:
            gas = cv2.resize(noise(rng, (30, 30), 2.0), shape[::-1])
            soft -= np.float32(rng.uniform(8, 25)) * np.maximum(gas - 0.8, 0)
        return
    for _ in range(2):
        slope, bend = rng.normal(0.45, 0.2) * width, rng.normal(0, 0.2) * width
        apart, radius, cortex = rng.uniform(22, 34) / MM, rng.uniform(3, 6), rng.uniform(0.4, 1.0)
        for y in np.arange(-0.6 * shape[0], 1.2 * shape[0], apart):
            ends = np.array([[0.0, y + slope], [width, y]])
            far = np.abs(_ridge(shape, *ends, bend))
            chords = [np.sqrt(np.maximum(r * r - far * far, 0)) for r in (radius, radius - cortex)]
            bone += np.float32(1.6) * (chords[0] - 0.92 * chords[1])
    if rng.random() < 0.6:
        y0, y1 = rng.uniform(0, shape[0], 2)
        below = _ridge(shape, np.array([0.0, y0]), np.array([width, y1]), rng.normal(0, 80))
        soft += np.float32(rng.uniform(10, 50)) / (1 + np.exp(-np.clip(below / 0.6, -30, 30)))


def _screws(seen: list[SeenBody], metal: Image, rng: np.random.Generator) -> None:
    for body in seen:
        sa, sp, ia, ip = body.corners
        for _ in range(2):
            tip = sa + rng.uniform(0.25, 0.55) * (ia - sa) + rng.uniform(0.15, 0.4) * (sp - sa)
            entry = sp + rng.uniform(0.2, 0.4) * (ip - sp) + 0.4 * (sp - sa)
            wide = max(2, round(rng.uniform(4.5, 6.5) / MM))
            ends = [np.round(point * 16).astype(int).tolist() for point in (tip, entry)]
            cv2.line(metal, *ends, 5.0, wide, cv2.LINE_AA, 4)


def _exposed(
    bone: Image,
    soft: Image,
    metal: Image,
    poor: bool,
    rng: np.random.Generator,
    *,
    bone_only: bool = False,
) -> Image:
    """A film, bone bright: one energy, veil, quanta, two blurs, bands weighed, a sigmoid table."""
    ray = BONE_PER_MM * bone + SOFT_PER_MM * soft + METAL_PER_MM * metal
    seen = np.exp(-(ray - np.percentile(ray, 1)))
    seen += np.float32(rng.uniform(1, 3) if poor else rng.uniform(0.1, 1)) * seen.mean()
    sharp, tail = rng.uniform(0.25, 0.45), rng.uniform(0.0, 0.3)
    seen = (1 - tail) * cv2.GaussianBlur(seen, (0, 0), sharp / MM) + tail * cv2.GaussianBlur(
        seen, (0, 0), 4 * sharp / MM
    )
    photons = rng.uniform(150, 500) if poor else rng.uniform(1500, 9000)
    image = -np.log(rng.poisson(seen * photons) + 1.0).astype(np.float32)
    out, rest = np.zeros_like(image), image
    gains = np.exp(rng.normal(0.2, 0.35, 5)) if rng.random() < 0.6 else np.ones(5)
    for gain, size in zip(gains, (0.6, 1.2, 2.4, 4.8, 9.6), strict=True):
        wide = cv2.GaussianBlur(rest, (0, 0), size / MM)
        out += np.float32(gain) * (rest - wide)
        rest = wide
    out += np.float32(rng.uniform(0.15, 1.0)) * rest
    low, high = np.percentile(out[metal == 0] if bone_only else out, (1, 99))
    level = (out - low) / (high - low)
    curve = 1 / (1 + np.exp(-rng.uniform(3, 7) * (level - rng.uniform(0.3, 0.7))))
    return np.round(np.float32(1000) * curve).astype(np.float32) / 1000
