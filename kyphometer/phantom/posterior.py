"""Posterior elements (pedicles, laminae, processes) and osteophytes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kyphometer.anatomy import EndplateSide, Level, Region
from kyphometer.phantom.body import rim_apex_mm
from kyphometer.phantom.splat import Bone, add_tube, smooth_path
from kyphometer.phantom.streams import between, stream

if TYPE_CHECKING:
    from kyphometer.phantom.column import PlacedVertebra
    from kyphometer.phantom.patient import SimulatedPatient
    from kyphometer.phantom.splat import Clouds

Nodes = list[tuple[float, float, float]]


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
    """Add everything behind the body of one vertebra."""
    rng = stream(patient.seed, "posterior", placed.level)
    build = _Arch(clouds, placed, posterior_bone(patient), rng)
    for side in (-1.0, 1.0):
        build.pedicle(side)
        build.lamina(side)
        build.articular(side)
        build.transverse(side)
    build.spinous()


class _Arch:
    """The arch of one vertebra, in its own axes."""

    def __init__(
        self, clouds: Clouds, placed: PlacedVertebra, bone: Bone, rng: np.random.Generator
    ) -> None:
        body = placed.body
        self.clouds, self.placed, self.bone, self.rng = clouds, placed, bone, rng
        self.q = lumbar_part(placed.level)
        self.back = -body.depth_mm / 2
        self.h = body.mid_height_mm + 2
        self.scale = body.depth_mm / (26 + 8 * self.q)
        self.pedicle_z = body.half_width_mm * between(rng, 0.58, 0.68)

    def tube(
        self, nodes: Nodes, radii: list[tuple[float, float]], bone: Bone | None = None
    ) -> None:
        """Add a tube given in local coordinates; the first radius is the cranio-caudal one."""
        local = np.asarray(nodes, float)
        count = 4 * len(nodes)
        path = self.placed.pose.to_world(smooth_path(local, count))
        radius = np.asarray(radii, float) * self.scale
        radius = smooth_path(radius, count) if len(nodes) > 1 else radius
        up = tuple(self.placed.pose.matrix[:, 1])
        add_tube(self.clouds, path, np.maximum(radius, 0.5), bone or self.bone, up)

    def pedicle(self, side: float) -> None:
        """From the upper half of the posterior wall backwards."""
        z = side * self.pedicle_z
        y = -0.22 * self.h
        high, wide = 4.6 + 2.6 * self.q, 2.6 + 1.6 * self.q
        self.tube(
            [(self.back + 2, y, z), (self.back - 4, y - 0.5, z), (self.back - 11, y, z)],
            [(high * 1.2, wide * 1.2), (high, wide), (high * 1.1, wide * 1.2)],
        )

    def lamina(self, side: float) -> None:
        """From the pedicle to the midline."""
        s, z = self.scale, side * self.pedicle_z
        self.tube(
            [
                (self.back - 10 * s, -0.15 * self.h, z),
                (self.back - 17 * s, 0.12 * self.h, 0.7 * z),
                (self.back - 25 * s, 0.32 * self.h, 0.1 * z),
            ],
            [(8.0, 2.6), (9.0, 2.8), (9.0, 3.0)],
        )

    def articular(self, side: float) -> None:
        """The superior and the inferior articular process of a side."""
        s, z = self.scale, side * self.pedicle_z
        out = 3.0 * self.q * side
        self.tube(
            [
                (self.back - 10 * s, -0.15 * self.h, z),
                (self.back - (12 + 1.5 * self.q) * s, -0.42 * self.h, z + out),
                (self.back - (11 + 1.0 * self.q) * s, -0.66 * self.h, z + out),
            ],
            [(5.0, 4.5), (4.2, 4.5), (2.2, 3.0)],
        )
        dense = replace(self.bone, shell_mm=self.bone.shell_mm * 1.3)
        self.tube(
            [
                (self.back - 13 * s, 0.05 * self.h, z),
                (self.back - (17 - 1.0 * self.q) * s, 0.45 * self.h, z - out),
                (self.back - (15 - 0.5 * self.q) * s, 0.78 * self.h, z - out),
            ],
            [(5.0, 5.0), (4.2, 4.6), (2.4, 3.2)],
            dense,
        )

    def transverse(self, side: float) -> None:
        """Sideways; seen end-on as a small ring behind the body."""
        rng, s = self.rng, self.scale
        reach = between(rng, 18, 26)
        back = (1 - self.q) * between(rng, 8, 14)
        z, y = side * self.pedicle_z, -0.12 * self.h
        thick = 4.6 - 1.6 * self.q
        self.tube(
            [
                (self.back - 11 * s, y, z),
                (self.back - 12 * s - back / 2, y - 1, z + side * reach / 2),
                (self.back - 12 * s - back, y + between(rng, -3, 2), z + side * reach),
            ],
            [(5.0, 3.6), (thick + 0.8, thick * 0.8), (thick, thick * 0.8)],
        )

    def spinous(self) -> None:
        """In the midline: long and slanting in the thorax, a broad blade in the lumbar spine."""
        rng, s, q = self.rng, self.scale, self.q
        out = between(rng, 24, 31) + 3 * q
        drop = (1 - q) * between(rng, 0.95, 1.35) * self.h + q * between(rng, 0.35, 0.5) * self.h
        start = (self.back - 23 * s, 0.28 * self.h, 0.0)
        high = 4.5 + 5.0 * q
        end = (start[0] - out * s, start[1] + drop, between(rng, -1.5, 1.5))
        middle = tuple((a + b) / 2 for a, b in zip(start, end, strict=True))
        self.tube(
            [start, (middle[0], middle[1] - 1.5, middle[2]), end],
            [(high + 1.5, 3.2), (high, 2.6), (high * 0.9, 3.6)],
        )


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
    for z in np.linspace(-span, span, max(4, int(2 * span / 2.0))):
        reach = length_mm * np.sqrt(max(1 - (z / span) ** 2, 0.05))
        depth = middle_z + z
        inset = outwards * placed.body.depth_mm / 2 * 0.4 * (depth / placed.body.half_width_mm) ** 2
        root = corner + np.array([-2.5 * outwards - inset, -2.2 * down, depth])
        tip = root + np.array([outwards * (reach + 2.5), (bend * reach + 2.0 * down), 0.0])
        path = placed.pose.to_world(np.linspace(root, tip, 6))
        taper = np.linspace(2.4, 0.5, 6)
        radius = np.column_stack([taper, np.full(6, 1.3)])
        add_tube(clouds, path, radius, replace(bone, shell_mm=0.5), tuple(placed.pose.matrix[:, 1]))


def has_ribs(level: Level) -> bool:
    """True for levels that carry ribs."""
    return level.region is Region.THORACIC
