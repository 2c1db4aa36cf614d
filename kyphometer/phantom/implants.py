"""Pedicle screws, rods and bone cement, fixed to the vertebrae they were put into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.phantom.body import BodyShape
from kyphometer.phantom.patient import SimulatedPatient
from kyphometer.phantom.streams import between, stream

Point3 = tuple[float, float, float]


class Leak(StrEnum):
    """Where cement went that should not have."""

    DISC = "disc"
    VESSEL = "vessel"
    ANTERIOR = "anterior"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screw:
    """A pedicle screw in the axes of its vertebra, in mm.

    Attributes
    ----------
    level
        Its vertebra.
    tip, head
        Ends of its axis; the head's end is where the tulip begins.
    core_mm, thread_mm
        Radii of the core and of the thread's crest.
    lead_mm
        Distance between turns.
    """

    level: Level
    tip: Point3
    head: Point3
    core_mm: float = 2.2
    thread_mm: float = 3.1
    lead_mm: float = 2.7


@dataclass(frozen=True, slots=True, kw_only=True)
class CementBlob:
    """A ball of cement in the axes of its vertebra, in mm."""

    level: Level
    centre: Point3
    radius_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Construct:
    """Everything that was implanted.

    Attributes
    ----------
    screws
        Pedicle screws; those of one side (sign of z) are joined by a rod.
    cement
        Balls that run together.
    leaks
        Where cement leaked.
    rod_mm
        Radius of the rods; 0 for cement alone.
    overhang_mm
        How far the rods reach beyond the end screws.
    metal_per_mm, cement_per_mm
        Attenuation above that of soft tissue.
    """

    screws: tuple[Screw, ...] = ()
    cement: tuple[CementBlob, ...] = ()
    leaks: tuple[Leak, ...] = ()
    rod_mm: float = 2.75
    overhang_mm: float = 6.0
    metal_per_mm: float = 0.33
    cement_per_mm: float = 0.05

    @property
    def levels(self) -> tuple[Level, ...]:
        """Levels that carry screws."""
        return tuple(dict.fromkeys(screw.level for screw in self.screws))


def plan_construct(
    patient: SimulatedPatient,
    fractured: Level,
    *,
    augmented: bool = True,
    leaks: Sequence[Leak] = (),
    seed: int = 0,
) -> Construct:
    """Cement-augmented screws above and below a fracture, with two rods.

    Parameters
    ----------
    patient
        Whose spine.
    fractured
        The level to be bridged; one or two levels on each side are screwed.
    augmented
        Whether cement surrounds the screws.
    leaks
        Leaks to be simulated.
    seed
        Variant of the construct.
    """
    rng = stream(patient.seed, "construct", seed)
    levels = list(patient.levels)
    at = levels.index(fractured)
    reach = 1 if rng.random() < 0.65 else 2
    chosen = [lv for k, lv in enumerate(levels) if 0 < abs(k - at) <= reach]
    if rng.random() < 0.2:
        chosen.append(fractured)
    screws = tuple(
        _screw(patient.body(level), level, side, rng)
        for level in sorted(chosen, key=lambda lv: lv.order)
        for side in (-1.0, 1.0)
    )
    blobs: list[CementBlob] = []
    if augmented:
        for screw in screws:
            blobs += _cloud_of_cement(screw, patient.body(screw.level), rng)
    bodies = {level: patient.body(level) for level in levels}
    for leak in leaks:
        blobs += _leak(leak, screws[int(rng.integers(len(screws)))], bodies, rng)
    return Construct(
        screws=screws,
        cement=tuple(blobs),
        leaks=tuple(leaks),
        rod_mm=between(rng, 2.4, 3.1),
        overhang_mm=between(rng, 3, 10),
        metal_per_mm=between(rng, 0.27, 0.45),
        cement_per_mm=between(rng, 0.025, 0.07),
    )


def _screw(body: BodyShape, level: Level, side: float, rng: np.random.Generator) -> Screw:
    """A screw through one pedicle, converging forwards."""
    half, height = body.depth_mm / 2, body.mid_height_mm
    entry_y = -0.2 * height + between(rng, -1.2, 1.2)
    down = np.tan(np.radians(between(rng, -8, 6)))
    entry_z = side * body.half_width_mm * 0.68
    tip_x = half * between(rng, 0.25, 0.8)
    head_x = -half - between(rng, 17, 24)
    run = tip_x - head_x
    thread = min(between(rng, 2.6, 3.5), 0.16 * height)
    return Screw(
        level=level,
        tip=(tip_x, float(np.clip(entry_y + 0.5 * down * run, -0.3 * height, 0.3 * height)),
             entry_z * between(rng, 0.25, 0.5)),
        head=(head_x, entry_y - 0.5 * down * run, entry_z * between(rng, 1.05, 1.3)),
        core_mm=thread * 0.72,
        thread_mm=thread,
        lead_mm=between(rng, 2.2, 3.4),
    )  # fmt: skip


def _cloud_of_cement(screw: Screw, body: BodyShape, rng: np.random.Generator) -> list[CementBlob]:
    """Cement round the front third of a screw."""
    tip, head = np.array(screw.tip), np.array(screw.head)
    back = (head - tip) / np.linalg.norm(head - tip)
    room = body.mid_height_mm / 2 - 2.0
    blobs = []
    for _ in range(int(rng.integers(4, 9))):
        at = tip + back * between(rng, 0, 14) + rng.normal(0, [2.5, 2.2, 3.0])
        radius = min(between(rng, 2.0, 5.0), room - 0.5)
        at[1] = np.clip(at[1], -(room - radius), room - radius)
        at[0] = min(at[0], body.depth_mm / 2 - radius - 0.5)
        blobs.append(
            CementBlob(level=screw.level, centre=tuple(at.tolist()), radius_mm=max(radius, 1.2))
        )
    return blobs


def _leak(
    leak: Leak, screw: Screw, bodies: Mapping[Level, BodyShape], rng: np.random.Generator
) -> list[CementBlob]:
    """Cement outside of the body."""
    body = bodies[screw.level]
    half, height = body.depth_mm / 2, body.mid_height_mm
    z = between(rng, -6, 6)
    if leak is Leak.DISC:
        side = 1.0 if rng.random() < 0.5 else -1.0
        y = side * (height / 2 + 2.5)
        nodes = [
            (x, y + rng.normal(0, 0.4), z + rng.normal(0, 2))
            for x in np.linspace(-0.35 * half, between(rng, 0.2, 0.7) * half, 8)
        ]
        return _string(screw.level, nodes, 1.7, rng)
    if leak is Leak.ANTERIOR:
        nodes = [
            (half + between(rng, 0.5, 2.5), y, z + rng.normal(0, 1.5))
            for y in np.linspace(-0.2 * height, between(rng, 0.2, 0.6) * height, 7)
        ]
        return _string(screw.level, nodes, 2.0, rng)
    forward = rng.random() < 0.5
    start = half + 1 if forward else -half - 4
    drop = np.linspace(-0.1, between(rng, 0.5, 1.0), 16) * height
    nodes = [(start + (0.12 * d if forward else -0.02 * d), d, z) for d in drop]
    return _string(screw.level, nodes, 1.1, rng)  # fmt: skip


def _string(
    level: Level, nodes: Sequence[Point3], radius_mm: float, rng: np.random.Generator
) -> list[CementBlob]:
    """A row of small balls."""
    return [
        CementBlob(
            level=level,
            centre=(float(x), float(y), float(z)),
            radius_mm=radius_mm * between(rng, 0.75, 1.25),
        )
        for x, y, z in nodes
    ]
