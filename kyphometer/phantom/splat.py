"""Bones other than bodies, as clouds of small masses projected onto the detector.

A cloud holds points in world mm and masses in mm squared: cortical shells carry area times
thickness, spongy filling carries area of the cross-section times length, each times attenuation.
Line integrals of obliquely met shells come out denser by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.phantom.beam import Beam, Window

Array = NDArray[Any]


class Cloud:
    """Points and masses on their way to a window, collected part by part and projected once.

    Parameters
    ----------
    beam, window
        Where they will be seen; points far outside are not kept.
    spacing_px
        Distance between neighbouring points that the parts keep to, in pixels of the window.
    """

    def __init__(self, beam: Beam, window: Window, spacing_px: float = 1.0) -> None:
        self.beam, self.window = beam, window
        self.spacing_mm = spacing_px * window.pitch_mm / beam.magnification
        self._points: list[Array] = []
        self._masses: list[Array] = []

    def add(self, points_mm: NDArray[np.floating], masses: NDArray[np.floating]) -> None:
        """Add points, shape (..., 3), with their masses, shape (...)."""
        self._points.append(points_mm.reshape(-1, 3).astype(np.float32, copy=False))
        self._masses.append(
            np.broadcast_to(masses, points_mm.shape[:-1]).astype(np.float32, copy=False).ravel()
        )

    def sees(self, points_mm: Array, reach_mm: float) -> NDArray[np.bool_]:
        """Which of the points (N, 3) come within reach of the window."""
        xy = self.window.to_pixels(self.beam.project(points_mm))
        reach = 1.5 * reach_mm / self.window.pitch_mm
        size = np.array([self.window.columns, self.window.rows])
        seen: NDArray[np.bool_] = np.all((xy > -reach) & (xy < size + reach), axis=1)
        return seen

    def contents(self) -> tuple[Array, Array]:
        """All points (N, 3) and masses (N,), single precision."""
        if not self._points:
            return np.zeros((0, 3), np.float32), np.zeros(0, np.float32)
        return np.concatenate(self._points), np.concatenate(self._masses)

    def image(self) -> Array:
        """Line integral of everything in the cloud, shape `window.shape`."""
        window = self.window
        xyz, mass = self.contents()
        sid, sod = self.beam.source_detector_mm, self.beam.source_object_mm
        m = np.float32(sid / window.pitch_mm) / (np.float32(sod) + xyz[:, 2])
        u = xyz[:, 0] * m - np.float32(window.left_mm / window.pitch_mm)
        v = xyz[:, 1] * m - np.float32(window.top_mm / window.pitch_mm)
        return _summed(u, v, mass * m * m, window.shape)


@dataclass(frozen=True, slots=True)
class Clouds:
    """Where the parts of bones go: cortex to a fine grid, spongy bone to a coarse one."""

    cortex: Cloud
    spongy: Cloud


def _summed(u: Array, v: Array, value: Array, shape: tuple[int, int]) -> Array:
    """Add each value to its pixel, found to half a pixel, and smooth over the neighbours."""
    rows, columns = 2 * shape[0], 2 * shape[1]
    j, i = (2 * u).astype(np.int32), (2 * v).astype(np.int32)
    inside = (u >= 0) & (v >= 0) & (j < columns) & (i < rows)
    flat = i * np.int32(columns) + j
    flat[~inside] = rows * columns
    image = np.bincount(flat, value, rows * columns + 1)[: rows * columns]
    halves = image.reshape(rows, columns).astype(np.float32)
    pixels = cv2.resize(halves, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return 4.0 * cv2.GaussianBlur(pixels, (0, 0), 0.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bone:
    """What a part is made of.

    Attributes
    ----------
    shell_mm
        Thickness of its cortex.
    cortical_per_mm, spongy_per_mm
        Attenuation above that of soft tissue.
    """

    shell_mm: float = 0.8
    cortical_per_mm: float = 0.036
    spongy_per_mm: float = 0.004


def add_tube(
    clouds: Clouds,
    path_mm: Array,
    radius_mm: Array,
    bone: Bone,
    flat_axis: tuple[float, float, float] = (0.0, 1.0, 0.0),
) -> None:
    """Add a bony tube of elliptical cross-section along a path.

    Parameters
    ----------
    path_mm
        Nodes of its axis, world mm, shape (N, 3); resampled along its length.
    radius_mm
        Half axes of the cross-section at the nodes, shape (N, 2): along `flat_axis` (made
        perpendicular to the path) and across it.
    bone
        What it is made of.
    flat_axis
        Direction of the first half axis, world.
    """
    tube = _Tube.along(clouds.cortex, path_mm, radius_mm, flat_axis)
    if tube is None:
        return
    clouds.cortex.add(tube.rim, tube.rim_area * bone.shell_mm * bone.cortical_per_mm)
    if bone.spongy_per_mm > 0:
        stride = max(1, round(clouds.spongy.spacing_mm / clouds.cortex.spacing_mm))
        _fill(clouds.spongy, tube, bone, stride)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tube:
    """A resampled tube: axis (N, 3), half axes (N, 2), rim points (N, K, 3) and their area."""

    path: Array
    radius: Array
    length: Array
    rim: Array
    rim_area: Array

    @classmethod
    def along(
        cls,
        cloud: Cloud,
        path_mm: Array,
        radius_mm: Array,
        flat_axis: tuple[float, float, float],
    ) -> _Tube | None:
        """The part of a tube that the cloud's window sees, or None."""
        path, radius, length = _resample(path_mm, radius_mm, cloud.spacing_mm)
        tangent = np.empty_like(path)
        tangent[1:-1] = path[2:] - path[:-2]
        tangent[0], tangent[-1] = path[1] - path[0], path[-1] - path[-2]
        seen = cloud.sees(path, float(radius.max()))
        if not seen.any():
            return None
        path, radius, length, tangent = path[seen], radius[seen], length[seen], tangent[seen]
        tangent /= np.sqrt((tangent**2).sum(axis=1, keepdims=True)) + np.float32(1e-12)
        axis = np.asarray(flat_axis, np.float32)
        first = axis - (tangent @ axis)[:, None] * tangent
        first /= np.sqrt((first**2).sum(axis=1, keepdims=True)) + np.float32(1e-12)
        second = np.cross(tangent, first)
        around = max(8, int(np.ceil(2 * np.pi * float(radius.mean()) / cloud.spacing_mm)))
        angle = 2 * np.pi * (np.arange(around) + 0.5) / around
        c, s = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        a, b = radius[:, :1] * c, radius[:, 1:] * s
        rim = path[:, None] + a[..., None] * first[:, None] + b[..., None] * second[:, None]
        turned = (radius[:, :1] * s) ** 2 + (radius[:, 1:] * c) ** 2
        arc = np.sqrt(turned) * np.float32(2 * np.pi / around)
        return cls(path=path, radius=radius, length=length, rim=rim, rim_area=arc * length[:, None])


def _fill(cloud: Cloud, tube: _Tube, bone: Bone, stride: int) -> None:
    """Add the spongy inside of a tube as concentric rings, taking every `stride`-th point."""
    path, rim, length = tube.path[::stride], tube.rim[::stride, ::stride], tube.length[::stride]
    rings = max(2, int(np.ceil(tube.radius.mean() / (1.3 * cloud.spacing_mm))))
    part = ((np.arange(rings) + 0.5) / rings).astype(np.float32)
    from_axis = rim - path[:, None]
    inside = path[:, None, None] + from_axis[:, None] * part[None, :, None, None]
    share = len(tube.path) / (len(path) * rings * rim.shape[1])
    area = 2 * np.pi * tube.radius[::stride].prod(axis=1) * share
    mass = area[:, None] * part[None, :] * length[:, None] * np.float32(bone.spongy_per_mm)
    cloud.add(inside, np.broadcast_to(mass[..., None], inside.shape[:-1]))


def _resample(path: Array, radius: Array, spacing: float) -> tuple[Array, Array, Array]:
    """Path, radii and length elements at even spacing along the path."""
    path, radius = np.asarray(path, float), np.asarray(radius, float)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    count = max(4, int(np.ceil(along[-1] / spacing)))
    s = (np.arange(count) + 0.5) * along[-1] / count
    new_path = np.stack([np.interp(s, along, path[:, k]) for k in range(3)], axis=1)
    new_radius = np.stack([np.interp(s, along, radius[:, k]) for k in range(2)], axis=1)
    length = np.full(count, along[-1] / count, np.float32)
    return new_path.astype(np.float32), new_radius.astype(np.float32), length


def add_sheet(cloud: Cloud, grid_mm: Array, mass_per_mm2: float | Array) -> None:
    """Add a thin shell given as a grid of points, shape (I, J, 3), finer than the spacing.

    `mass_per_mm2` is thickness times attenuation, one number or one per cell (I-1, J-1).
    """
    across = grid_mm[1:, :-1] - grid_mm[:-1, :-1]
    along = grid_mm[:-1, 1:] - grid_mm[:-1, :-1]
    area = np.linalg.norm(np.cross(across, along), axis=-1)
    centres = (grid_mm[1:, 1:] + grid_mm[:-1, 1:] + grid_mm[1:, :-1] + grid_mm[:-1, :-1]) / 4
    cloud.add(centres, area * mass_per_mm2)


def smooth_path(nodes: Array, count: int = 40) -> Array:
    """Catmull-Rom curve through nodes, shape (N, D) to (count, D)."""
    nodes = np.asarray(nodes, float)
    padded = np.vstack([2 * nodes[0] - nodes[1], nodes, 2 * nodes[-1] - nodes[-2]])
    t = np.linspace(0, len(nodes) - 1 - 1e-9, count)
    i = t.astype(int)
    f = (t - i)[:, None]
    p0, p1, p2, p3 = (padded[i + k] for k in range(4))
    curve: Array = 0.5 * (
        2 * p1
        + (p2 - p0) * f
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * f**2
        + (3 * p1 - p0 - 3 * p2 + p3) * f**3
    )
    return curve
