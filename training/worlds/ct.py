"""Projections of real CT, to test on: poses, altered bone, wedges cut in by a deformation.

Volumes come from a folder that is no part of this project: `ct` (lumbar, 3 mm) and `ct_thoracic`
(1.5 mm, contrast given), test files of TotalSegmentator (Apache License 2.0). Corners were read by
eye off each mid-sagittal section, so they are good to about a voxel. What can be judged better than
that is how an answer moves when only the pose, the bone or the wedge was changed: that is known
exactly. Only what lies within 60 mm of the column is projected.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from kyphometer.anatomy import Level
from kyphometer.endplates.corners import line_directions_deg
from worlds.physics import Exposure, exposed
from worlds.scene import Array, Image, Scene, SeenBody

PIXEL_MM = 0.7
HALF_WIDTH_MM = 60.0
CT_CONDITIONS = ("lumbar", "lumbar porotic", "thoracic", "thoracic porotic")
NIFTI = {2: np.uint8, 4: np.int16, 8: np.int32}

# superior anterior, superior posterior, inferior anterior, inferior posterior: (y, z) voxels
LUMBAR = {
    "L1": ((43.2, 103.0), (30.5, 101.0), (45.0, 95.8), (33.0, 91.0)),
    "L2": ((47.0, 91.0), (34.0, 89.0), (48.7, 83.0), (37.0, 80.3)),
    "L3": ((49.8, 79.0), (37.5, 78.0), (51.0, 70.0), (38.5, 69.3)),
    "L4": ((51.0, 65.0), (38.3, 66.0), (50.0, 56.0), (38.5, 58.2)),
    "L5": ((48.5, 50.0), (37.8, 55.0), (44.0, 42.2), (34.0, 48.2)),
}
THORACIC = {
    "T4": ((88.0, 138.0), (98.0, 141.5), (92.0, 128.5), (102.0, 131.0)),
    "T5": ((92.0, 126.5), (103.0, 129.0), (93.5, 117.0), (104.5, 118.0)),
    "T6": ((93.5, 115.3), (105.5, 116.0), (93.5, 103.3), (106.5, 104.0)),
    "T7": ((93.5, 101.0), (106.5, 102.0), (94.0, 90.0), (107.5, 90.0)),
    "T8": ((94.0, 87.0), (107.5, 88.0), (94.0, 76.0), (107.5, 75.0)),
    "T9": ((93.5, 73.0), (107.5, 73.0), (93.5, 60.0), (108.0, 60.2)),
    "T10": ((93.3, 58.0), (108.5, 58.0), (93.5, 44.0), (109.0, 44.3)),
    "T11": ((93.0, 41.0), (110.0, 42.0), (93.0, 31.0), (107.5, 28.0)),
    "T12": ((92.0, 27.0), (107.0, 25.0), (87.5, 13.0), (103.0, 9.0)),
}


@dataclass(frozen=True, eq=False)
class Volume:
    """A spine as numbers.

    Attributes
    ----------
    hu
        Hounsfield units, prepared for cubic interpolation, axes sideways, y, z (upwards).
    plain
        The same as stored.
    step
        Size of a voxel, mm.
    middle
        Voxel of the column along the first axis.
    corners
        Of every body, (4, 2), voxels (y, z).
    anterior
        +1 if y grows forwards, -1 if backwards.
    """

    hu: Image
    plain: Image
    step: float
    middle: float
    corners: dict[str, Array]
    anterior: int


def nifti(path: Path) -> NDArray:
    """The numbers of an uncompressed-axes NIfTI-1 file."""
    raw = gzip.decompress(path.read_bytes())
    size, kind = np.frombuffer(raw, "<i2", 8, 40), int(np.frombuffer(raw, "<i2", 1, 70)[0])
    start = int(np.frombuffer(raw, "<f4", 1, 108)[0])
    shape = tuple(int(n) for n in size[1:4])
    return np.frombuffer(raw, NIFTI[kind], int(np.prod(shape)), start).reshape(shape, order="F")


@cache
def volume(folder: Path, name: str) -> Volume:
    """The lumbar or the thoracic spine, cut to what lies around the column."""
    lumbar = name == "lumbar"
    hu = nifti(folder / ("ct" if lumbar else "ct_thoracic") / "ct.nii.gz").astype(np.float32)
    step, middle = (3.0, 58.0) if lumbar else (1.5, 45.0)
    corners = {k: np.array(v) for k, v in (LUMBAR if lumbar else THORACIC).items()}
    half = int(HALF_WIDTH_MM / step)
    low = max(int(middle) - half, 0)
    hu = np.clip(hu[low : int(middle) + half + 1], -1000, 1600)
    if not lumbar:
        _without_contrast(hu, corners)
    return Volume(
        hu=ndimage.spline_filter(hu, 3, output=np.float32),
        plain=hu,
        step=step,
        middle=middle - low,
        corners=corners,
        anterior=1 if lumbar else -1,
    )


def _without_contrast(hu: Image, corners: dict[str, Array]) -> None:
    """Take the bright heart and aorta in front of the column down to tissue."""
    front = np.concatenate([c[[0, 2]] for c in corners.values()])
    front = front[np.argsort(front[:, 1])]
    wall = np.interp(np.arange(hu.shape[2]), front[:, 1], front[:, 0]) - 4
    ahead = np.arange(hu.shape[1])[:, None] < wall[None]
    hu[:, ahead] = np.where(hu[:, ahead] < 600, np.minimum(hu[:, ahead], 60), hu[:, ahead])


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is done to a spine before it is projected.

    Attributes
    ----------
    turn_deg, tilt_deg
        Rotation about the upright and about the forward axis.
    porosis
        How far the inside of the bodies is brought down to the discs: 0 as it is, 1 equal.
    wedge
        Height lost in front by body, mm, and the superior endplate's share of it.
    """

    turn_deg: float = 0.0
    tilt_deg: float = 0.0
    porosis: float = 0.0
    wedge: tuple[tuple[str, float, float], ...] = ()


def porotic(spine: Volume, part: float) -> Image:
    """HU whose bodies' insides were lowered towards the discs, ready for interpolation."""
    if part <= 0:
        return spine.hu
    hu = spine.plain.copy()
    y, z = np.meshgrid(np.arange(hu.shape[1]), np.arange(hu.shape[2]), indexing="ij")
    side = np.abs(np.arange(hu.shape[0]) - spine.middle) * spine.step < 15
    inside = np.zeros(y.shape, bool)
    between = np.zeros(y.shape, bool)
    names = list(spine.corners)
    for name in names:
        inside |= _within(spine.corners[name], y, z, 0.16)
    for upper, lower in pairwise(names):
        gap = np.concatenate((spine.corners[upper][2:], spine.corners[lower][:2]))
        between |= _within(gap, y, z, 0.25)
    core = hu[side][:, inside]
    lowered = part * (float(core.mean()) - float(hu[side][:, between].mean()))
    where = side[:, None, None] & inside[None]
    hu[where] -= lowered
    prepared: Image = ndimage.spline_filter(hu, 3, output=np.float32)
    return prepared


def _within(corners: Array, y: NDArray, z: NDArray, margin: float) -> NDArray:
    """Grid points well inside a body or a disc: bilinear coordinates between margins."""
    sa, sp, ia, ip = corners
    u = _part(np.stack((y, z), -1), (sa + ia) / 2, (sp + ip) / 2)
    top, bottom = (a[1] + u * (b[1] - a[1]) for a, b in ((sa, sp), (ia, ip)))
    v = (z - bottom) / np.where(np.abs(top - bottom) < 1e-6, 1e-6, top - bottom)
    return (u > margin) & (u < 1 - margin) & (v > margin) & (v < 1 - margin)


def _part(points: Array, start: Array, end: Array) -> Array:
    along = end - start
    part: Array = (points - start) @ along / (along @ along)
    return part


def wedged(spine: Volume, change: Change) -> tuple[dict[str, Array], Array]:
    """Corners after the wedges, and where each voxel (y, z) of the result comes from along z.

    At its own endplates the field moves as the fracture says; across both discs it dies away.
    """
    shape = spine.hu.shape[1:]
    y, z = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    source = z.astype(np.float64)
    corners = {name: c.copy() for name, c in spine.corners.items()}
    names = list(corners)
    for name, lost_mm, share in change.wedge:
        at = names.index(name)
        above = spine.corners[names[at - 1]][2:]
        below = spine.corners[names[at + 1]][:2]
        own = spine.corners[name]
        u = np.clip(_part(np.stack((y[:, 0], np.full(shape[0], own[:, 1].mean())), -1),
                          own[[1, 3]].mean(0), own[[0, 2]].mean(0)), 0, 1.1)  # fmt: skip
        loss = lost_mm / spine.step * u
        old = [_line(pair, y[:, 0]) for pair in (below, own[2:], own[:2], above)]
        new = [old[0], old[1] + (1 - share) * loss, old[2] - share * loss, old[3]]
        for column in range(shape[0]):
            here, before = np.array([n[column] for n in new]), np.array([o[column] for o in old])
            if np.all(np.diff(here) > 0.2):
                inner = (z[column] > here[0]) & (z[column] < here[3])
                source[column, inner] = np.interp(z[column, inner], here, before)
        # corners keep their y; lines stay lines where the loss grows evenly along y
        part = np.clip(_part(own, own[[1, 3]].mean(0), own[[0, 2]].mean(0)), 0, 1.1)
        corners[name][:2, 1] -= share * lost_mm / spine.step * part[:2]
        corners[name][2:, 1] += (1 - share) * lost_mm / spine.step * part[2:]
    return corners, source


def _line(pair: Array, y: Array) -> Array:
    (y0, z0), (y1, z1) = pair
    line: Array = z0 + (y - y0) * (z1 - z0) / (y1 - y0)
    return line


def ct_film(folder: Path, name: str, change: Change, seed: int) -> Scene:
    """A projection of the lumbar or thoracic spine, anterior to the left."""
    spine = volume(folder, name)
    rng = np.random.default_rng([71, seed])
    corners, source = wedged(spine, change)
    hu = porotic(spine, change.porosis)
    every = np.concatenate(list(corners.values()))
    centre = every.mean(axis=0)
    low = every.min(axis=0) - np.array([45.0, 20.0]) / spine.step
    high = every.max(axis=0) + np.array([45.0, 20.0]) / spine.step
    grow = PIXEL_MM / spine.step
    y, z = np.arange(low[0], high[0], grow), np.arange(high[1], low[1], -grow)
    turn = _rotation(change)
    zz, yy = np.meshgrid(z - centre[1], y - centre[0], indexing="ij")
    bone, soft = np.zeros(zz.shape, np.float32), np.zeros(zz.shape, np.float32)
    for x in np.arange(-HALF_WIDTH_MM / spine.step, HALF_WIDTH_MM / spine.step, 1.0):
        points = np.stack((np.full_like(yy, x), yy, zz), axis=-1) @ turn
        place = [points[..., 0] + spine.middle, points[..., 1] + centre[0],
                 points[..., 2] + centre[1]]  # fmt: skip
        if change.wedge:
            place[2] = ndimage.map_coordinates(source, place[1:], order=1, mode="nearest")
        seen = ndimage.map_coordinates(
            hu, place, order=3, mode="grid-constant", cval=-500, prefilter=False
        )
        part = np.clip((seen - 60) / 1400, 0, 1)
        bone += spine.step * part
        soft += spine.step * np.clip(1 + np.minimum(seen, 60) / 1000, 0, 1.1) * (1 - part)
    how = Exposure(
        kvp=rng.uniform(75, 95), photons=6000.0, blur_mm=0.3, scatter=rng.uniform(0.5, 1.5),
        gamma=rng.uniform(0.8, 1.3), sharpen=rng.uniform(0.2, 0.8), flatten=rng.uniform(0, 0.6),
    )  # fmt: skip
    image = exposed(soft + 120, bone, PIXEL_MM, how, rng)
    forward = spine.anterior
    bodies = []
    broken = {name for name, _, _ in change.wedge}
    for level, c in corners.items():
        flat = np.insert(c - centre, 0, 0.0, axis=1) @ turn.T
        pixels = np.stack(
            (
                (flat[:, 1] + centre[0] - low[0]) / grow + 0.5,
                (high[1] - flat[:, 2] - centre[1]) / grow + 0.5,
            ),
            axis=1,
        )
        bodies.append(SeenBody(corners=pixels, level=Level(level), fractured=level in broken))
    return Scene(
        pixels=image,
        factors=np.full(2, PIXEL_MM),
        facing_sign=forward,
        bodies=tuple(sorted(bodies, key=lambda b: b.level.order)),
        world="ct",
        condition=name,
    )


def _rotation(change: Change) -> Array:
    a, t = np.radians((change.turn_deg, change.tilt_deg))
    turn = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    tilt = np.array([[np.cos(t), 0, np.sin(t)], [0, 1, 0], [-np.sin(t), 0, np.cos(t)]])
    matrix: Array = turn @ tilt
    return matrix


def random_change(folder: Path, name: str, seed: int) -> Change:
    """Any pose, and one or two bodies wedged."""
    rng = np.random.default_rng([72, seed])
    spine = volume(folder, name)
    inner = list(spine.corners)[1:-1]
    hit = rng.choice(len(inner), 2, replace=False)
    wedge = []
    for at in sorted(hit.tolist()):
        sa, _, ia, _ = spine.corners[inner[at]]
        front = (sa[1] - ia[1]) * spine.step
        wedge.append((inner[at], float(rng.uniform(0.1, 0.5) * front), float(rng.uniform(0, 1))))
    if abs(hit[0] - hit[1]) < 2:
        wedge = wedge[:1]
    return Change(
        turn_deg=float(rng.uniform(-6, 6)),
        tilt_deg=float(rng.uniform(-6, 6)),
        wedge=tuple(wedge),
    )


def ct_scene(folder: Path, condition: str, seed: int) -> Scene:
    """A projection in a random pose with two bodies wedged; `porotic` lowers the bone to discs."""
    name, *more = condition.split()
    change = replace(random_change(folder, name, seed), porosis=1.0 if more else 0.0)
    return ct_film(folder, name, change, seed)


def vka_deg(body: SeenBody, facing_sign: int) -> float:
    """The angle between the endplates of a body as projected, kyphosis positive."""
    upper, lower = line_directions_deg(body.corners)
    return float(-facing_sign * ((lower - upper + 180) % 360 - 180))
