"""Line integrals through one vertebral body, slice by slice along the beam.

Each slice across the beam is drawn with its own magnification, so the two sides of a tilted or
off-centre endplate separate by themselves (the double contour). In a vertebra's own columns every
slice is an interval between its endplates, less the waist: four edges a column, which are added to
a difference image with sub-pixel weights and summed down the columns once for all slices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide
from kyphometer.phantom.beam import Beam, Pose, Window
from kyphometer.phantom.body import BodyShape

Array = NDArray[Any]

_WAIST_POWER = 2.2
_MARGIN_MM = 2.0
_DITHER = np.array([-0.375, 0.125, -0.125, 0.375], np.float32)
"""Shift of the slices from column to column, in slices, so that their steps do not line up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """The local grid of one vertebra and its way to the film."""

    x_mm: Array
    top_mm: float
    rows: int
    step_mm: float
    to_film: NDArray[np.float64]


def add_body(
    film: Array,
    window: Window,
    beam: Beam,
    body: BodyShape,
    pose: Pose,
    texture: Array | None = None,
) -> None:
    """Add a body's line integral to a film of line integrals, in place.

    Parameters
    ----------
    film
        Attenuation (natural logarithm), shape `window.shape`.
    window, beam, body, pose
        What is seen from where.
    texture
        Relative trabecular density, any 2-D shape with mean 1, or None for homogeneous bone.
    """
    offset = _central_offset(pose)
    frame = _local_frame(window, beam, body, pose, offset)
    shell, spongy = _line_integrals(beam, body, pose, frame, offset)
    if texture is not None:
        size = (spongy.shape[1], spongy.shape[0])
        spongy *= (
            texture[: size[1], : size[0]] if _covers(texture, size) else cv2.resize(texture, size)
        )
    warp_add(film, shell + spongy, frame.to_film)


def _covers(texture: Array, size: tuple[int, int]) -> bool:
    return bool(texture.shape[0] >= size[1] and texture.shape[1] >= size[0])


def _central_offset(pose: Pose) -> NDArray[np.float64]:
    """Position of the body's middle against the central ray, in axes that follow its pitch."""
    a = np.radians(pose.pitch_deg)
    x, y, _ = pose.centre_mm
    return np.array([np.cos(a) * x + np.sin(a) * y, -np.sin(a) * x + np.cos(a) * y])


def _local_frame(
    window: Window, beam: Beam, body: BodyShape, pose: Pose, offset: NDArray[np.float64]
) -> _Frame:
    """A grid in the vertebra's own columns that holds its whole projection."""
    step = window.pitch_mm
    depth_z = pose.centre_mm[2]
    m = float(beam.magnification_at(depth_z))
    spread = m * body.half_width_mm / (beam.source_object_mm + depth_z)
    sin_t, sin_f = np.abs(np.sin(np.radians([pose.axial_deg, pose.tilt_deg])))
    half_x = m * (body.depth_mm / 2 + body.half_width_mm * sin_t) + spread * abs(offset[0])
    half_y = m * (body.height_mm / 2 + 5 + body.half_width_mm * sin_f) + spread * abs(offset[1])
    nx = int(2 * (half_x * 1.03 + _MARGIN_MM) / step) + 1
    ny = int(2 * (half_y * 1.03 + _MARGIN_MM) / step) + 1
    left, top = -nx * step / 2, -ny * step / 2
    x = left + (np.arange(nx) + 0.5) * step
    shear = -np.sin(np.radians(pose.tilt_deg)) * pose_ray(beam, offset[0], depth_z)
    centre = window.to_pixels(beam.project(pose.centre_mm))
    return _Frame(
        x_mm=x.astype(np.float32),
        top_mm=top,
        rows=ny,
        step_mm=step,
        to_film=_grid_to_film(pose.pitch_deg, shear, centre, (left, top), step, window.pitch_mm),
    )


def pose_ray(beam: Beam, offset_mm: float, z_mm: float) -> float:
    """Slope of the ray against the central ray."""
    return offset_mm / (beam.source_object_mm + z_mm)


def _grid_to_film(
    pitch_deg: float,
    shear: float,
    centre_px: NDArray[np.float64],
    corner_mm: tuple[float, float],
    step_mm: float,
    film_mm: float,
) -> NDArray[np.float64]:
    """Affine map of pixel indices of the local grid to pixel indices of the film, shape (2, 3)."""
    a = np.radians(pitch_deg)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ [[1, shear], [0, 1]]
    linear = turn * (step_mm / film_mm)
    start = np.asarray(corner_mm) + step_mm / 2
    shift = turn @ start / film_mm + centre_px - 0.5
    return np.column_stack([linear, shift])


def _slices(body: BodyShape, step_mm: float) -> Array:
    """Positions of the slices along the beam in mm, evenly spaced, shape (K,)."""
    count = max(24, int(np.ceil(2 * body.half_width_mm / max(1.1, 2.5 * step_mm))))
    edges = np.linspace(-1, 1, count + 1)
    return ((edges[1:] + edges[:-1]) / 2 * body.half_width_mm).astype(np.float32)


def _line_integrals(
    beam: Beam, body: BodyShape, pose: Pose, frame: _Frame, offset: NDArray[np.float64]
) -> tuple[Array, Array]:
    """Line integrals of the cortex and of the trabecular bone on the local grid."""
    z1 = _slices(body, frame.step_mm)
    thickness = float(z1[1] - z1[0])
    sin_f, cos_f = np.sin(np.radians(pose.tilt_deg)), np.cos(np.radians(pose.tilt_deg))
    sin_t, cos_t = np.sin(np.radians(pose.axial_deg)), np.cos(np.radians(pose.axial_deg))
    depth_z, m_centre = pose.centre_mm[2], float(beam.magnification_at(pose.centre_mm[2]))
    z1 = z1[:, None] + thickness * _DITHER[np.arange(len(frame.x_mm)) % len(_DITHER)]
    m = beam.magnification_at(depth_z + z1 * cos_f).astype(np.float32)
    x1 = (frame.x_mm[None, :] + np.float32(m_centre * offset[0])) / m - np.float32(offset[0])
    x = np.float32(cos_t) * x1 - np.float32(sin_t) * z1
    z = np.float32(sin_t) * x1 + np.float32(cos_t) * z1
    rho = body.radial(x, z)
    keep = rho < 1 + 2 * frame.step_mm / body.depth_mm
    column = np.nonzero(keep)[1]
    x, z, rho, z1_cell = x[keep], z[keep], rho[keep], z1[keep]

    def to_row(y: Array) -> Array:
        """Grid row of local heights at the kept cells."""
        y2 = y * np.float32(cos_f) - z1_cell * np.float32(sin_f)
        depth = depth_z + y * np.float32(sin_f) + z1_cell * np.float32(cos_f)
        scale = np.float32(beam.source_detector_mm) / (np.float32(beam.source_object_mm) + depth)
        on_detector = scale * (y2 + np.float32(offset[1])) - np.float32(m_centre * offset[1])
        row: Array = (on_detector - np.float32(frame.top_mm)) / np.float32(frame.step_mm)
        return row

    top = body.surface(EndplateSide.SUPERIOR, x, z, rho)
    bottom = np.maximum(body.surface(EndplateSide.INFERIOR, x, z, rho), top + 3.0)
    edges = _Edges(frame.rows, len(frame.x_mm), column, to_row)
    per_px = thickness
    cell = 2 * frame.step_mm / (m_centre * body.depth_mm)
    edges.add_solid(body, x, rho, top, bottom, cell, per_px)
    return edges.shell(), edges.spongy()


class _Edges:
    """Difference images of cortex and trabecular bone, to be summed down the columns."""

    def __init__(self, rows: int, columns: int, column: NDArray[np.intp], to_row: object) -> None:
        self.rows, self.columns = rows, columns
        self.column = column
        self.to_row = to_row
        self._shell: list[tuple[Array, Array]] = []
        self._spongy: list[tuple[Array, Array]] = []

    def add_solid(
        self,
        body: BodyShape,
        x: Array,
        rho: Array,
        top: Array,
        bottom: Array,
        cell: float,
        thickness: float,
    ) -> None:
        """Add the outer body as cortex, take the inside out of it, and fill that."""
        wall = 2 * body.shell_wall_mm / body.depth_mm
        roof = np.float32(body.shell_endplate_mm)
        outer = thickness * _coverage(rho, 1.0, cell)
        inner = thickness * _coverage(rho, 1.0 - wall, cell)
        inner[bottom - top <= 2 * roof + 0.2] = 0
        cortical, spongy = np.float32(body.cortical_per_mm), np.float32(body.trabecular_per_mm)
        waist = body.waist(x)
        self._interval(self._shell, top, bottom, outer * cortical)
        self._gap(self._shell, rho, waist, top, bottom, outer * cortical)
        inside = (top + roof, bottom - roof)
        for store, value in ((self._shell, -cortical), (self._spongy, spongy)):
            self._interval(store, *inside, inner * value)
            self._gap(store, rho + np.float32(wall), waist, top, bottom, inner * value)
        self._bands(body, inside, inner)

    def _bands(self, body: BodyShape, inside: tuple[Array, Array], inner: Array) -> None:
        """Add impacted bone below a broken endplate."""
        top, bottom = inside
        for part in (1.0, 0.7, 0.4):
            thick = np.float32(part * body.band_mm)
            if body.band_superior_per_mm:
                mass = inner * np.float32(body.band_superior_per_mm / 3)
                self._interval(self._spongy, top, np.minimum(top + thick, bottom), mass)
            if body.band_inferior_per_mm:
                mass = inner * np.float32(body.band_inferior_per_mm / 3)
                self._interval(self._spongy, np.maximum(bottom - thick, top), bottom, mass)

    def _interval(
        self, store: list[tuple[Array, Array]], top: Array, bottom: Array, w: Array
    ) -> None:
        """Bone between two heights."""
        store.append((self.to_row(top), w))  # type: ignore[operator]
        store.append((self.to_row(bottom), -w))  # type: ignore[operator]

    def _gap(
        self,
        store: list[tuple[Array, Array]],
        rho: Array,
        waist: Array,
        top: Array,
        bottom: Array,
        w: Array,
    ) -> None:
        """No bone where the wall stands back."""
        reach = np.clip(1 - (1 - rho) / waist, 0, 1) ** np.float32(1 / _WAIST_POWER)
        middle, half = (top + bottom) / 2, (bottom - top) / 2 * np.minimum(reach, 0.999)
        self._interval(store, middle - half, middle + half, -w)

    def shell(self) -> Array:
        """Line integral of the cortex."""
        return self._sum(self._shell)

    def spongy(self) -> Array:
        """Line integral of the trabecular bone."""
        return self._sum(self._spongy)

    def _sum(self, store: list[tuple[Array, Array]]) -> Array:
        row = np.concatenate([r for r, _ in store])
        weight = np.concatenate([w for _, w in store])
        column = np.tile(self.column, len(store))
        np.clip(row, 0, self.rows - 2, out=row)
        whole = row.astype(np.int32)
        part = row - whole
        flat = column * self.rows + whole
        length = self.rows * self.columns
        image = np.bincount(flat, weight * (1 - part), length)
        image += np.bincount(flat + 1, weight * part, length + 1)[:length]
        image = np.cumsum(image.reshape(self.columns, self.rows), axis=1)
        return np.ascontiguousarray(image.T, dtype=np.float32)


def _coverage(rho: Array, limit: float, cell: float) -> Array:
    """How much of a column's cell lies inside a radius."""
    covered: Array = np.clip((limit - rho) / np.float32(cell) + 0.5, 0, 1)
    return covered


def warp_add(film: Array, patch: Array, to_film: NDArray[np.float64]) -> None:
    """Add a patch to the film through an affine map of pixel indices."""
    h, w = patch.shape
    corners = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]]) @ to_film.T
    lo = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
    hi = np.minimum(np.ceil(corners.max(0)).astype(int) + 2, (film.shape[1], film.shape[0]))
    if (hi <= lo).any():
        return
    local = to_film.copy()
    local[:, 2] -= lo
    size = (int(hi[0] - lo[0]), int(hi[1] - lo[1]))
    film[lo[1] : hi[1], lo[0] : hi[0]] += cv2.warpAffine(patch, local, size, flags=cv2.INTER_LINEAR)
