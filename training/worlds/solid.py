"""A vertebra from a surface mesh: signed distances on a grid, and its rim corners.

Corners are found in the mid-sagittal section: of each quarter of the body's loop, the
point furthest along the bisector of its endplate and wall, which is the apex of the rounded rim.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]
Grid = NDArray[np.float32]

STEP = 0.8
"""Size of a grid cell in mm."""
PAD = 3


@dataclass(frozen=True, eq=False)
class Solid:
    """A vertebra in its own frame: x forwards, y sideways, z upwards, mm, body's middle the origin.

    Attributes
    ----------
    inside
        Distance to the surface, positive inside, on a grid, mm.
    origin
        Place of the first grid point.
    corners
        Superior anterior, superior posterior, inferior anterior, inferior posterior (x, z), in the
        plane y = 0, shape (4, 2).
    """

    inside: Grid
    origin: Array
    corners: Array

    def at(self, points: Array) -> Grid:
        """Distances inside at points (..., 3); -9 off the grid."""
        index = np.moveaxis((points - self.origin) / STEP, -1, 0)
        found: Grid = ndimage.map_coordinates(
            self.inside, index, order=1, mode="constant", cval=-9.0, prefilter=False
        )
        return found


def solid_of_mesh(vertices: Array, faces: NDArray[np.int_]) -> Solid:
    """From a closed surface, x forwards, y sideways, z upwards."""
    points = vertices.astype(np.float64).copy()
    points[:, 1] -= (points[:, 1].min() + points[:, 1].max()) / 2
    loop = body_loop(points, faces)
    corners = rim_corners(loop)
    middle = corners.mean(axis=0)
    axis = corners[0] - corners[1] + corners[2] - corners[3]
    c, s = axis / np.hypot(*axis)
    turn = np.array([[c, s], [-s, c]])
    points[:, [0, 2]] = (points[:, [0, 2]] - middle) @ turn.T
    corners = (corners - middle) @ turn.T
    origin = points.min(axis=0) - PAD * STEP
    inside = distances(points - origin, faces)
    return Solid(inside, origin, corners)


def body_loop(points: Array, faces: NDArray[np.int_]) -> Array:
    """Points (x, z) of the body's outline in the plane y = 0."""
    tri = points[faces]
    cut = (tri[..., 1].min(axis=1) < 0) & (tri[..., 1].max(axis=1) >= 0)
    found = []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        p, q = tri[cut, a], tri[cut, b]
        crossing = (p[:, 1] < 0) != (q[:, 1] < 0)
        p, q = p[crossing], q[crossing]
        t = (-p[:, 1] / (q[:, 1] - p[:, 1]))[:, None]
        found.append((p + t * (q - p))[:, [0, 2]])
    section = np.concatenate(found)
    return section[section[:, 0] > canal(section[:, 0])]


def canal(x: Array) -> float:
    """Where the widest gap along x lies: behind the body is the spinal canal."""
    order = np.sort(x)
    gaps = np.diff(order)
    widest = int(gaps.argmax())
    return float((order[widest] + order[widest + 1]) / 2) if gaps[widest] > 4.0 else -np.inf


def rim_corners(loop: Array) -> Array:
    """Corners of a body's section, turned and skewed as it may be; shape (4, 2)."""
    signs = np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]], dtype=np.float64)
    corners = np.array([loop[(loop @ s).argmax()] for s in signs])
    for _ in range(4):
        corners = np.array([loop[(loop @ _out(corners, n)).argmax()] for n in range(4)])
    return corners


def _out(corners: Array, corner: int) -> Array:
    """Direction out of a corner that halves its endplate and wall."""
    plate, wall = ((1, 2), (0, 3), (3, 0), (2, 1))[corner]
    arms = corners[corner] - corners[[plate, wall]]
    out: Array = (arms / np.hypot(*arms.T)[:, None]).sum(axis=0)
    return out


def distances(points: Array, faces: NDArray[np.int_]) -> Grid:
    """Signed distances on a grid whose first point is the origin."""
    shape = np.ceil(points.max(axis=0) / STEP).astype(int) + 2 * PAD
    tri = points[faces] / STEP
    flat = tri[..., [0, 2]]
    low = np.ceil(flat.min(axis=1)).astype(int)
    reach = (np.floor(flat.max(axis=1)).astype(int) - low).max(axis=0) + 1
    e1, e2 = flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]
    area = e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0]
    crossings = np.zeros(shape, np.float32)
    safe = np.where(np.abs(area) < 1e-12, np.inf, area)
    for i in range(reach[0]):
        for j in range(reach[1]):
            at = low + np.array([i, j])
            d = at + 1e-7 - flat[:, 0]
            u = (d[:, 0] * e2[:, 1] - d[:, 1] * e2[:, 0]) / safe
            v = (e1[:, 0] * d[:, 1] - e1[:, 1] * d[:, 0]) / safe
            hit = (u >= 0) & (v >= 0) & (u + v < 1) & np.isfinite(safe)
            y = tri[hit, 0, 1] + u[hit] * (tri[hit, 1, 1] - tri[hit, 0, 1])
            y = y + v[hit] * (tri[hit, 2, 1] - tri[hit, 0, 1])
            first = np.floor(y + 0.5).astype(int)
            part = first + 0.5 - y
            where = at[hit]
            for shift, share in ((0, part), (1, 1 - part)):
                sign = np.sign(area[hit]) * share
                np.add.at(crossings, (where[:, 0], first + shift, where[:, 1]), sign)
    filled = np.abs(np.cumsum(crossings, axis=1))
    solid = filled > 0.5
    solid = ndimage.binary_fill_holes(solid)
    near = ndimage.distance_transform_edt(solid) - ndimage.distance_transform_edt(~solid)
    near -= np.sign(near) * 0.5
    partly = (filled > 0.02) & (filled < 0.98)
    near[partly] = (filled[partly] - 0.5) * 1.0
    return (ndimage.gaussian_filter(near, 0.6) * STEP).astype(np.float32)
