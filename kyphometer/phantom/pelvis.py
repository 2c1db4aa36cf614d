"""Sacrum below S1, iliac wings and femoral heads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.phantom.beam import rotation
from kyphometer.phantom.column import PlacedVertebra
from kyphometer.phantom.patient import SimulatedPatient
from kyphometer.phantom.posterior import posterior_bone
from kyphometer.phantom.splat import Bone, Clouds, add_sheet, add_tube, smooth_path
from kyphometer.phantom.streams import between, stream

Array = NDArray[Any]

_STEEP_DEG = 38.0
"""Slope of S1 in the pose in which the nodes of the iliac wings are given."""

_CREST = ((-48, 18, 42), (-27, -26, 74), (8, -46, 112), (44, -38, 128), (72, -4, 122))
_BELOW = ((-40, 46, 48), (-14, 60, 62), (12, 62, 78), (36, 58, 92), (60, 44, 106))
_HEAD = (34, 88, 88)


def add_pelvis(clouds: Clouds, patient: SimulatedPatient, s1: PlacedVertebra) -> None:
    """Add everything caudal of S1."""
    rng = stream(patient.seed, "pelvis")
    bone = posterior_bone(patient)
    _sacrum(clouds, patient, s1, bone)
    turn = rotation(s1.pose.pitch_deg - _STEEP_DEG, s1.pose.tilt_deg, s1.pose.axial_deg)
    for side in (-1.0, 1.0):
        shape = _Wing(turn, np.array(s1.pose.centre_mm), patient.size, side, rng)
        _wing(clouds, shape, bone)
        _femoral_head(clouds, shape, bone)


class _Wing:
    """Places nodes of one side of the pelvis in the world."""

    def __init__(
        self, turn: Array, centre: Array, size: float, side: float, rng: np.random.Generator
    ) -> None:
        self.turn, self.centre = turn, centre
        self.mirror = np.array([1.0, 1.0, side]) * size
        self.wobble = rng.normal(0, 2.0, (1, 3))

    def place(self, nodes: Array) -> Array:
        """World points of nodes, shape (..., 3)."""
        placed: Array = ((nodes + self.wobble) * self.mirror) @ self.turn.T + self.centre
        return placed


def _steps(length_mm: float, clouds: Clouds) -> int:
    return max(6, int(1.35 * length_mm / clouds.cortex.spacing_mm))


def _sacrum(clouds: Clouds, patient: SimulatedPatient, s1: PlacedVertebra, bone: Bone) -> None:
    """Front and back of the fused segments below S1, curving backwards."""
    half, h, size = s1.body.depth_mm / 2, s1.body.mid_height_mm / 2, patient.size
    front = [(half - 3, h - 4), (half - 9, h + 24), (half - 12, h + 54), (half - 5, h + 84)]
    back = [(-half - 9, 4 - h), (-half - 15, h + 12), (-half - 15, h + 46), (3 - half, h + 84)]
    steps = _steps(105 * size, clouds)
    lines = [smooth_path(np.array(line, float) * size, steps) for line in (front, back)]
    across = np.linspace(-1, 1, _steps(75, clouds))[None, :]
    z = np.linspace(40, 12, steps)[:, None] * size * across
    for line, bulge in zip(lines, (-11.0, 5.0), strict=True):
        x = line[:, :1] + bulge * across**2
        y = np.broadcast_to(line[:, 1:2], z.shape)
        sheet = s1.pose.to_world(np.stack([x, y, z], axis=-1))
        add_sheet(clouds.cortex, sheet, 0.7 * bone.shell_mm * bone.cortical_per_mm)
    _fill_sacrum(clouds, s1, lines, z, bone)


def _fill_sacrum(
    clouds: Clouds, s1: PlacedVertebra, lines: list[Array], z: Array, bone: Bone
) -> None:
    """Spongy bone between the front and the back of the sacrum."""
    stride = max(1, int(0.8 * clouds.spongy.spacing_mm / clouds.cortex.spacing_mm))
    front, back = (line[::stride] for line in lines)
    depth = float(np.linalg.norm(front - back, axis=1).mean())
    layers = max(4, int(depth / (0.8 * clouds.spongy.spacing_mm)))
    part = ((np.arange(layers) + 0.5) / layers)[:, None, None]
    line = front * (1 - part) + back * part
    z = z[::stride, :: max(1, z.shape[1] // 12)]
    xyz = np.stack(np.broadcast_arrays(line[..., :1], line[..., 1:2], z[None]), axis=-1)
    along = float(np.linalg.norm(np.diff(front, axis=0), axis=1).mean())
    across = np.abs(np.diff(z, axis=1)).mean()
    mass = depth / layers * along * across * bone.spongy_per_mm
    clouds.spongy.add(s1.pose.to_world(xyz), np.full(xyz.shape[:-1], mass))


def _wing(clouds: Clouds, shape: _Wing, bone: Bone) -> None:
    """An iliac wing: two thin plates with a thick crest."""
    crest, below = np.array(_CREST, float), np.array(_BELOW, float)
    path = smooth_path(crest, 40)
    add_tube(clouds, shape.place(path), np.tile([[5.0, 4.5]], (40, 1)), bone, (0.0, 1.0, 0.0))
    steps = _steps(170, clouds)
    upper, lower = smooth_path(crest, steps), smooth_path(below, steps)
    t = np.linspace(0, 1, _steps(85, clouds))[:, None, None]
    sheet = upper[None] * (1 - t) + lower[None] * t
    sheet = sheet - np.array([0, 0, 10.0]) * np.sin(np.pi * t)
    add_sheet(clouds.cortex, shape.place(sheet), 1.5 * bone.shell_mm * bone.cortical_per_mm)


def _femoral_head(clouds: Clouds, shape: _Wing, bone: Bone) -> None:
    """The head, the roof of its socket, and the neck."""
    centre = np.array(_HEAD, float)
    for radius, lowest, thick in ((23.0, 1.0, 0.7), (26.5, 0.1, 1.0)):
        polar = np.linspace(-1, lowest, _steps(radius * 2, clouds))
        around = np.linspace(0, 2 * np.pi, _steps(6 * radius, clouds))
        ring = np.sqrt(1 - polar**2)
        x = ring[:, None] * np.cos(around)
        z = ring[:, None] * np.sin(around)
        y = np.broadcast_to(polar[:, None], x.shape)
        sphere = centre + radius * np.stack([x, y, z], axis=-1)
        mass = thick * bone.shell_mm * bone.cortical_per_mm
        add_sheet(clouds.cortex, shape.place(sphere), mass)
    neck = np.array([centre, centre + np.array([-6, 24, 26]), centre + np.array([-8, 70, 34])])
    radii = np.array([[19.0, 15.0], [15.0, 13.0], [15.0, 15.0]])
    hard = Bone(shell_mm=1.2 * bone.shell_mm, spongy_per_mm=bone.spongy_per_mm)
    add_tube(clouds, shape.place(neck), radii, hard, (1.0, 0.0, 0.0))


def add_aortic_calcification(
    clouds: Clouds,
    patient: SimulatedPatient,
    centres_mm: Array,
    axis_mm: float,
    radius_mm: float,
) -> None:
    """Flecks of lime in the aortic wall.

    Parameters
    ----------
    centres_mm
        Middles of the vertebral bodies in the world, shape (N, 3), cranial to caudal.
    axis_mm
        How far the aorta's axis lies in front of them.
    radius_mm
        Its radius.
    """
    rng = stream(patient.seed, "lime")
    for _ in range(rng.poisson(9 * patient.osteoporosis)):
        y = between(rng, centres_mm[len(centres_mm) // 2, 1], centres_mm[-2, 1])
        x = float(np.interp(y, centres_mm[:, 1], centres_mm[:, 0])) + axis_mm
        start, span = rng.uniform(0, 2 * np.pi), between(rng, 0.2, 0.7)
        length = between(rng, 2.5, 14)
        angle = start + np.linspace(0, span, _steps(span * radius_mm, clouds))[:, None]
        along = y + np.linspace(0, length, _steps(length, clouds))[None, :]
        r = radius_mm * (1 + 0.04 * np.sin(along / 3))
        wall = (x + r * np.cos(angle), along, -8 + r * np.sin(angle))
        sheet = np.stack(np.broadcast_arrays(*wall), axis=-1)
        patchy = rng.uniform(0.1, 1.0, (sheet.shape[0] - 1, sheet.shape[1] - 1))
        add_sheet(clouds.cortex, sheet, between(rng, 0.5, 1.4) * 0.05 * patchy)
