"""A second reference for real CT: endplates by their edges, apart from any eye and any network.

In a mid-sagittal section the cortical line and the steepest fall outside it are looked for across
each endplate near both rims, to a fraction of a voxel. It shares nothing with the marks by eye but
where to begin; how far the two differ tells how well either is known.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.ndimage import gaussian_filter1d, map_coordinates

from worlds.ct import Volume
from worlds.scene import Array

ENDS = ((0.04, 0.2), (0.8, 0.96))
"""The parts of an endplate that are looked at, of its length from the anterior corner."""
REACH_MM = {3.0: 3.0, 1.5: 1.95}
"""How far across the line is searched, by voxel size."""
HALF_MM = (3.0, 8.0)
"""Half thickness of the section."""
STEP = 0.05
SMOOTH, WIDE = 0.35, 1.0
"""Smoothing of profiles, and the surroundings a line stands out from, voxels."""


def readings(spine: Volume) -> dict[str, list[Array]]:
    """Four sets of corners (4, 2) a body, voxels (y, z): two sections, edge and line."""
    found: dict[str, list[Array]] = {}
    for (half, by_edge), (name, corners) in product(
        product(HALF_MM, (True, False)), spine.corners.items()
    ):
        outwards = corners[:2].mean(axis=0) - corners[2:].mean(axis=0)
        pairs = [
            _plate(spine, corners[rows], sign * outwards, half, by_edge=by_edge)
            for rows, sign in ((slice(0, 2), 1), (slice(2, 4), -1))
        ]
        found.setdefault(name, []).append(np.concatenate(pairs))
    return found


def vka_deg(corners: Array, anterior: int) -> float:
    """Angle between the endplates, kyphosis positive, of corners (y, z)."""
    along = corners[::2] - corners[1::2]
    upper, lower = np.degrees(np.arctan2(along[:, 1], anterior * along[:, 0]))
    return float(-((upper - lower + 180) % 360 - 180))


def _plate(spine: Volume, pair: Array, outwards: Array, half_mm: float, *, by_edge: bool) -> Array:
    reach = REACH_MM[spine.step] / spine.step
    anterior, posterior = pair.copy()
    for _ in range(3):
        along = posterior - anterior
        normal = np.array([-along[1], along[0]]) / np.hypot(*along)
        normal *= np.sign(normal @ outwards)
        first, last = (
            _shift(spine, anterior + np.linspace(*part, 7)[:, None] * along, normal, reach, half_mm,
                   by_edge=by_edge)
            for part in ENDS
        )  # fmt: skip
        slope = (last - first) / (np.mean(ENDS[1]) - np.mean(ENDS[0]))
        anterior = anterior + (first - np.mean(ENDS[0]) * slope) * normal
        posterior = posterior + (last + (1 - np.mean(ENDS[1])) * slope) * normal
        reach = max(reach / 2, 0.6)
    return np.stack((anterior, posterior))


def _shift(
    spine: Volume, base: Array, normal: Array, reach: float, half_mm: float, *, by_edge: bool
) -> float:
    """How far outwards the endplate lies there, voxels."""
    t = np.arange(-reach, reach + STEP / 2, STEP)
    y, z = np.moveaxis(base[:, None] + t[:, None] * normal, -1, 0)
    sideways = np.arange(-half_mm, half_mm + 0.1, spine.step / 2) / spine.step + spine.middle
    sections = [
        map_coordinates(spine.hu, [np.full(y.shape, x), y, z], prefilter=False, mode="nearest")
        for x in sideways
    ]
    profile = gaussian_filter1d(np.mean(sections, axis=(0, 1)), SMOOTH / STEP)
    stands_out = profile - gaussian_filter1d(profile, WIDE / STEP)
    sought = -np.gradient(profile, t) if by_edge else stands_out
    return float(t[np.argmax(sought * np.exp(-0.5 * (t / (0.8 * reach)) ** 2))])
