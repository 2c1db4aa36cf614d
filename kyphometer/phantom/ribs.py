"""Ribs, two a level, from the costovertebral joint round the posterior arc."""

from __future__ import annotations

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.phantom.column import PlacedVertebra
from kyphometer.phantom.patient import SimulatedPatient
from kyphometer.phantom.splat import Bone, Clouds, add_tube, smooth_path
from kyphometer.phantom.streams import between, stream

_FLOATING = {Level.T11: 0.62, Level.T12: 0.5, Level.T13: 0.35}
"""How much of the arc the floating ribs keep."""


def add_ribs(clouds: Clouds, patient: SimulatedPatient, placed: PlacedVertebra) -> None:
    """Add the two ribs of a thoracic vertebra."""
    for side in (-1.0, 1.0):
        rng = stream(patient.seed, "rib", placed.level, side)
        nodes, keep = _arc(patient, placed, side, rng)
        path = smooth_path(nodes, 48)
        path = path[: max(6, int(keep * len(path)))]
        bone = Bone(
            shell_mm=between(rng, 0.55, 0.9) * (1 - 0.35 * patient.osteoporosis),
            cortical_per_mm=0.033,
            spongy_per_mm=0.002,
        )
        add_tube(clouds, path, _section(patient, len(path), keep, rng), bone)


def _arc(
    patient: SimulatedPatient, placed: PlacedVertebra, side: float, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Nodes of a rib's axis in world mm, and how much of it is there."""
    body, pose, size = placed.body, placed.pose, patient.size
    order = max(placed.level.order - Level.T4.order, -2)
    back, top = -body.depth_mm / 2, -body.mid_height_mm / 2
    wide = 0.8 * patient.trunk.half_width_mm - 3.0 * abs(order - 5)
    low = order >= Level.T11.order - Level.T4.order
    joint = 0.1 * body.mid_height_mm if low else top + 1.0
    slope = between(rng, 0.9, 1.1) * (1.0 + 0.04 * order) * size
    w = body.half_width_mm
    hump = -between(rng, 30, 38) * size
    nodes = np.array(
        [
            (back + 1.5, joint, side * w * 0.95),
            (back - 9 * size, joint + 2, side * (w + 9)),
            (back - 20 * size, joint + 5 * slope, side * (w + 24)),
            (back + hump, joint + 18 * slope, side * (w + 0.45 * (wide - w))),
            (back - 12 * size, joint + 40 * slope, side * 0.88 * wide),
            (back + 32 * size, joint + 66 * slope, side * wide),
            (back + 80 * size, joint + 96 * slope, side * 0.93 * wide),
            (back + 125 * size, joint + 118 * slope, side * 0.7 * wide),
        ]
    )
    nodes[1:, 1] += between(rng, -3, 3)
    return pose.to_world(nodes), _FLOATING.get(placed.level, 1.0) * between(rng, 0.93, 1.0)


def _section(
    patient: SimulatedPatient, count: int, keep: float, rng: np.random.Generator
) -> np.ndarray:
    """Half height and half thickness along a rib."""
    along = np.linspace(0, keep, count)
    high = between(rng, 5.0, 6.8) * patient.size * (0.75 + 0.35 * np.clip(along * 6, 0, 1))
    thick = between(rng, 2.8, 4.0) * patient.size * (1.25 - 0.4 * np.clip(along * 5, 0, 1))
    if keep < 0.9:
        high = high * np.sqrt(np.clip((keep - along) / (0.25 * keep), 0.05, 1))
    return np.column_stack([high, thick])
