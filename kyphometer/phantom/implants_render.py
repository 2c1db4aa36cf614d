"""Line integrals of screws, rods and cement."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.phantom.beam import Beam, Pose, Window
from kyphometer.phantom.body_render import warp_add
from kyphometer.phantom.implants import Construct, Screw
from kyphometer.phantom.soft_tissue import power_law
from kyphometer.phantom.splat import smooth_path
from kyphometer.phantom.streams import stream

Array = NDArray[Any]

_HEAD_MM = 15.0
_HEAD_RADIUS_MM = 6.4
_ROD_AT_MM = 7.0
_TIP_MM = 6.0


def implants_image(
    construct: Construct, poses: dict[Level, Pose], beam: Beam, window: Window
) -> Array:
    """Attenuation of a construct, shape `window.shape`."""
    image = np.zeros(window.shape, np.float32)
    for screw in construct.screws:
        if screw.level in poses:
            _add_screw(image, screw, poses[screw.level], beam, window, construct.metal_per_mm)
    if construct.rod_mm > 0:
        for side in (-1.0, 1.0):
            _add_rod(image, construct, side, poses, beam, window)
    _add_cement(image, construct, poses, beam, window)
    return image


def _add_screw(
    image: Array, screw: Screw, pose: Pose, beam: Beam, window: Window, per_mm: float
) -> None:
    """A threaded shaft with a tapered tip, and its tulip."""
    ends = pose.to_world(np.array([screw.tip, screw.head]))
    start, stop = beam.project(ends)
    m = float(beam.magnification_at(ends[:, 2].mean()))
    length_mm = float(np.linalg.norm(ends[1] - ends[0]))
    seen_mm = float(np.hypot(*(stop - start))) / m
    step = window.pitch_mm / m
    s = (np.arange(int((seen_mm + _HEAD_MM + 3) / step)) + 0.5)[None, :] * step - 1.0
    d = ((np.arange(int(2 * 8.5 / step)) + 0.5) * step - 8.5)[:, None]
    radius = _shaft_radius(s, d, screw)
    shaft = _chord(radius, d) * (s < seen_mm) * length_mm / max(seen_mm, 1.0)
    patch = (np.maximum(shaft, _tulip(s - seen_mm, d)) * per_mm).astype(np.float32)
    axis = (stop - start) / np.linalg.norm(stop - start)
    across = np.array([-axis[1], axis[0]])
    origin = window.to_pixels(start + m * (axis * (-1.0 + step / 2) + across * (step / 2 - 8.5)))
    warp_add(image, patch, np.column_stack([axis, across, origin - 0.5]))


def _shaft_radius(s: Array, d: Array, screw: Screw) -> Array:
    """Outer radius along a shaft; the two sides are half a turn apart."""
    turn = s / screw.lead_mm + 0.5 * (d > 0)
    crest = np.abs(2 * (turn - np.floor(turn)) - 1)
    crest = np.clip(1.6 * crest - 0.3, 0, 1)
    taper = np.clip(s / _TIP_MM, 0, 1) ** 0.6
    radius: Array = (screw.core_mm + (screw.thread_mm - screw.core_mm) * crest) * taper
    return radius


def _chord(radius: Array, d: Array) -> Array:
    chord: Array = 2 * np.sqrt(np.clip(radius**2 - d**2, 0, None))
    return chord


def _tulip(s: Array, d: Array) -> Array:
    """Thickness of a screw's head: a solid foot, two walls beside the rod, and a set screw."""
    inside = (np.abs(d) < _HEAD_RADIUS_MM) & (s >= 0) & (s < _HEAD_MM)
    foot = _chord(np.full_like(s, _HEAD_RADIUS_MM), d) * (s < 4.5)
    walls = np.minimum(5.0, _chord(np.full_like(s, _HEAD_RADIUS_MM), d)) * (s >= 4.5)
    plug = _chord(np.full_like(s, 4.2), d) * ((s > 9.5) & (s < 14.0))
    tulip: Array = (foot + walls + 0.6 * plug) * inside
    return tulip


def _add_rod(
    image: Array,
    construct: Construct,
    side: float,
    poses: dict[Level, Pose],
    beam: Beam,
    window: Window,
) -> None:
    """One rod through the heads of a side."""
    path = _rod_path(construct, side, poses)
    if path is None:
        return
    xy = beam.project(path)
    x_mm, y_mm = window.centres_mm()
    rows = np.nonzero((y_mm >= xy[0, 1]) & (y_mm <= xy[-1, 1]))[0]
    if not len(rows):
        return
    centre = np.interp(y_mm[rows], xy[:, 1], xy[:, 0])
    steep = np.cos(np.arctan(np.gradient(centre, window.pitch_mm))) if len(rows) > 2 else 1.0
    m = float(beam.magnification_at(path[:, 2].mean()))
    reach = m * construct.rod_mm / max(float(np.min(steep)), 0.3) + 1
    columns = np.nonzero((x_mm > centre.min() - reach) & (x_mm < centre.max() + reach))[0]
    if not len(columns):
        return
    r, c = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    d = (x_mm[None, c] - centre[:, None]) * np.atleast_1d(steep)[:, None] / m
    thick = _chord(np.full_like(d, construct.rod_mm), d)
    image[r, c] += thick * np.float32(construct.metal_per_mm)


def _rod_path(construct: Construct, side: float, poses: dict[Level, Pose]) -> Array | None:
    """World path of a rod, cranial to caudal, shape (N, 3); None with fewer than two heads."""
    seats = []
    for screw in construct.screws:
        if screw.level in poses and screw.head[2] * side > 0:
            tip, head = np.array(screw.tip), np.array(screw.head)
            back = (head - tip) / np.linalg.norm(head - tip)
            seats.append(poses[screw.level].to_world(head + back * _ROD_AT_MM))
    if len(seats) < 2:
        return None
    nodes = np.array(seats)
    first, last = nodes[0] - nodes[1], nodes[-1] - nodes[-2]
    nodes[0] += first / np.linalg.norm(first) * construct.overhang_mm
    nodes[-1] += last / np.linalg.norm(last) * construct.overhang_mm
    path: Array = smooth_path(nodes, 60)
    return path


def _add_cement(
    image: Array, construct: Construct, poses: dict[Level, Pose], beam: Beam, window: Window
) -> None:
    """Balls of cement that run together, with ragged edges, level by level."""
    for level in dict.fromkeys(blob.level for blob in construct.cement):
        if level not in poses:
            continue
        blobs = [blob for blob in construct.cement if blob.level is level]
        world = poses[level].to_world(np.array([blob.centre for blob in blobs]))
        m = beam.magnification_at(world[:, 2])
        at = window.to_pixels(beam.project(world))
        radius = np.array([blob.radius_mm for blob in blobs]) * m / window.pitch_mm
        pad = 3.0 / window.pitch_mm
        lo = np.maximum(np.floor((at - radius[:, None]).min(0) - pad), 0).astype(int)
        limit = np.array([window.columns, window.rows])
        hi = np.minimum(np.ceil((at + radius[:, None]).max(0) + pad).astype(int), limit)
        if (hi <= lo + 2).any():
            continue
        field = _run_together(at - lo, radius, (int(hi[1] - lo[1]), int(hi[0] - lo[0])), blobs)
        thick = field * np.float32(window.pitch_mm / float(m.mean()) * construct.cement_per_mm)
        image[lo[1] : hi[1], lo[0] : hi[0]] += thick


def _run_together(at: Array, radius: Array, shape: tuple[int, int], blobs: list[Any]) -> Array:
    """Thickness in pixels of balls that overlap; ragged by a fixed texture."""
    rows, columns = shape
    rng = stream(len(blobs), *(round(blob.radius_mm, 6) for blob in blobs))
    small = (max(8, rows // 4), max(8, columns // 4))
    ragged = [cv2.resize(power_law(rng, small, 2.4), (columns, rows)) for _ in range(3)]
    wander = 0.18 * float(radius.mean())
    x = (np.arange(columns) + 0.5)[None, :] + wander * ragged[0]
    y = (np.arange(rows) + 0.5)[:, None] + wander * ragged[1]
    most, total = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for (cx, cy), r in zip(at, radius, strict=True):
        chord = 2 * np.sqrt(np.clip(r * r - (x - cx) ** 2 - (y - cy) ** 2, 0, None))
        most = np.maximum(most, chord)
        total += chord.astype(np.float32)
    grainy = np.clip(1 + 0.15 * ragged[2], 0.3, 1.7)
    thickness: Array = ((0.7 * most + 0.3 * total) * grainy).astype(np.float32)
    return thickness
