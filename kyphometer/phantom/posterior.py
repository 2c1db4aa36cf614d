"""Posterior elements and osteophytes of a vertebra on a film."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import EndplateSide, Level, Region
from kyphometer.phantom.arch import (
    DEPTH_MM,
    GRADES,
    HEIGHT_MM,
    PEDICLE_Z_MM,
    VARIANTS,
    arch_template,
    template_spacing,
)
from kyphometer.phantom.body import rim_apex_mm
from kyphometer.phantom.column import PlacedVertebra
from kyphometer.phantom.patient import SimulatedPatient
from kyphometer.phantom.splat import Bone, Clouds
from kyphometer.phantom.streams import between, stream

Array = NDArray[Any]


def lumbar_part(level: Level) -> float:
    """0 for a thoracic, 1 for a lumbar vertebra, between at the junction."""
    return float(np.clip((level.order - Level.T10.order) / 4, 0, 1))


def posterior_bone(patient: SimulatedPatient) -> Bone:
    """What posterior elements are made of in this patient."""
    s = patient.osteoporosis
    return Bone(shell_mm=1.0 - 0.45 * s, cortical_per_mm=0.035, spongy_per_mm=0.006 * (1 - 0.7 * s))


def add_posterior_elements(
    clouds: Clouds, patient: SimulatedPatient, placed: PlacedVertebra
) -> None:
    """Add everything behind the body of one vertebra, stretched to its size."""
    rng = stream(patient.seed, "posterior", placed.level)
    grade = round(lumbar_part(placed.level) * (GRADES - 1))
    variant = int(rng.integers(VARIANTS))
    spacing = template_spacing(clouds.cortex.spacing_mm)
    arch = arch_template(grade, variant, spacing)
    body, bone = placed.body, posterior_bone(patient)
    height = patient.bodies[placed.level].mid_height_mm + 2
    stretch = np.array(
        [
            body.depth_mm / DEPTH_MM * between(rng, 0.92, 1.12),
            height / HEIGHT_MM * between(rng, 0.93, 1.05),
            body.half_width_mm * between(rng, 0.58, 0.68) / PEDICLE_Z_MM,
        ]
    )
    lean = np.eye(3)
    lean[1, 0] = between(rng, -0.12, 0.12)
    to_world = placed.pose.matrix @ lean @ np.diag(stretch)
    wall = placed.pose.to_world(np.array([-body.depth_mm / 2, 0.0, 0.0]))
    size = float(np.prod(stretch)) ** (1 / 3)
    cortex = bone.shell_mm * bone.cortical_per_mm * size**2
    clouds.cortex.add(_moved(arch.cortex_mm, to_world, wall), arch.cortex_mass * cortex)
    spongy = bone.spongy_per_mm * size**3
    clouds.spongy.add(_moved(arch.spongy_mm, to_world, wall), arch.spongy_mass * spongy)


def _moved(points: Array, matrix: Array, origin: Array) -> Array:
    """Points in the world, single precision."""
    moved: Array = points @ matrix.T.astype(np.float32) + origin.astype(np.float32)
    return moved


def add_osteophytes(clouds: Clouds, patient: SimulatedPatient, placed: PlacedVertebra) -> None:
    """Beaks at the rims, mostly anterior."""
    rng = stream(patient.seed, "osteophytes", placed.level)
    bone = posterior_bone(patient)
    for side in EndplateSide:
        down = -1.0 if side is EndplateSide.SUPERIOR else 1.0
        for corner, outwards in zip(rim_apex_mm(placed.body, side), (1.0, -1.0), strict=True):
            chance, length = rng.random(), between(rng, 2.0, 8.0)
            if chance < patient.osteophytes * (1.0 if outwards > 0 else 0.3):
                _beak(clouds, placed, bone, corner, outwards, down, length, rng)


def _beak(
    clouds: Clouds,
    placed: PlacedVertebra,
    bone: Bone,
    corner: np.ndarray,
    outwards: float,
    down: float,
    length_mm: float,
    rng: np.random.Generator,
) -> None:
    """One beak: a ridge along the rim, tapering outwards and bent towards the disc."""
    bend = between(rng, -0.3, 0.6) * down
    span = between(rng, 0.3, 0.7) * placed.body.half_width_mm
    middle_z = between(rng, -0.4, 0.4) * placed.body.half_width_mm
    count = max(4, int(1.6 * span / clouds.cortex.spacing_mm))
    across = np.linspace(-span, span, count)
    along = np.linspace(0, 1, max(4, int(1.3 * length_mm / clouds.cortex.spacing_mm)))
    reach = length_mm * np.sqrt(np.clip(1 - (across / span) ** 2, 0.05, None))[:, None]
    z = np.broadcast_to(middle_z + across[:, None], (count, len(along)))
    inset = 0.2 * placed.body.depth_mm * (z / placed.body.half_width_mm) ** 2
    x = corner[0] + outwards * (along * (reach + 2.5) - 2.5 - inset)
    spine = corner[1] - 1.4 * down + along * (bend * reach + 1.2 * down)
    half = 2.2 * (1 - along) ** 0.8 + 0.3
    shell = np.stack([np.stack([x, spine + k * half, z], axis=-1) for k in (-1.0, 1.0)])
    spacing = (across[1] - across[0]) * (length_mm + 2.5) / len(along)
    mass = spacing * 0.55 * bone.cortical_per_mm
    clouds.cortex.add(placed.pose.to_world(shell), np.full(shell.shape[:-1], mass))
    inside = np.stack([x, spine, z], axis=-1)
    filled = spacing * 2 * half * 2.0 * bone.spongy_per_mm
    clouds.spongy.add(placed.pose.to_world(inside), np.broadcast_to(filled, x.shape))


def has_ribs(level: Level) -> bool:
    """True for levels that carry ribs."""
    return level.region is Region.THORACIC
