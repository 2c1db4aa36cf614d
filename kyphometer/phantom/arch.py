"""The bony arch behind a body, once for all: point clouds of a reference vertebra.

Tubes are costly to lay out point by point, so arches come from a small set of templates (five
grades from thoracic to lumbar, a few variants each) that are stretched to each vertebra.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyphometer.phantom.beam import Beam, Window
from kyphometer.phantom.splat import Bone, Cloud, Clouds, add_tube, smooth_path
from kyphometer.phantom.streams import between, stream

Array = NDArray[Any]

Nodes = list[tuple[float, float, float]]

HEIGHT_MM, PEDICLE_Z_MM, DEPTH_MM = 26.0, 13.0, 30.0
"""The reference vertebra: body height plus 2 mm, distance of the pedicles from the midline, and
depth of the body."""
GRADES, VARIANTS = 5, 4
SPACINGS_MM = (0.2, 0.28, 0.4, 0.55, 0.8)


class Arch(NamedTuple):
    """Points (N, 3) with x from the posterior wall, and masses for 1 mm of cortex, 1 per mm."""

    cortex_mm: Array
    cortex_mass: Array
    spongy_mm: Array
    spongy_mass: Array


@lru_cache(maxsize=64)
def arch_template(grade: int, variant: int, spacing_mm: float) -> Arch:
    """The arch of grade 0 (thoracic) to `GRADES - 1` (lumbar).

    `spacing_mm` is one of `SPACINGS_MM`.
    """
    cortex, spongy = (_open_cloud(pitch) for pitch in (spacing_mm, max(1.4, 2 * spacing_mm)))
    rng = stream(variant, "arch", grade)
    build = _Builder(Clouds(cortex, spongy), grade / (GRADES - 1), rng)
    for side in (-1.0, 1.0):
        build.pedicle(side)
        build.lamina(side)
        build.articular(side)
        build.transverse(side)
    build.spinous()
    return Arch(*cortex.contents(), *spongy.contents())


def template_spacing(spacing_mm: float) -> float:
    """The coarsest template spacing that is fine enough."""
    fitting = [s for s in SPACINGS_MM if s <= 1.15 * spacing_mm]
    return max(fitting, default=SPACINGS_MM[0])


def _open_cloud(spacing_mm: float) -> Cloud:
    """A cloud with points of that spacing whose window sees everything."""
    beam = Beam(source_detector_mm=1e6, source_object_mm=1e6)
    size = int(400 / spacing_mm)
    window = Window(left_mm=-200, top_mm=-200, rows=size, columns=size, pitch_mm=spacing_mm)
    return Cloud(beam, window, spacing_px=1.0)


class _Builder:
    """Lays out the parts of one arch."""

    def __init__(self, clouds: Clouds, lumbar: float, rng: np.random.Generator) -> None:
        self.clouds, self.q, self.rng = clouds, lumbar, rng
        self.bone = Bone(shell_mm=1.0, cortical_per_mm=1.0, spongy_per_mm=1.0)
        self.back, self.h, self.scale = 0.0, HEIGHT_MM, DEPTH_MM / (26 + 8 * lumbar)
        self.pedicle_z = PEDICLE_Z_MM

    def tube(
        self, nodes: Nodes, radii: list[tuple[float, float]], bone: Bone | None = None
    ) -> None:
        """Add a tube; the first radius is the cranio-caudal one."""
        count = 4 * len(nodes)
        wobble = self.rng.normal(0, 0.5, (len(nodes), 3))
        path = smooth_path(np.asarray(nodes, float) + wobble, count)
        swell = self.rng.uniform(0.88, 1.12, (len(nodes), 1))
        radius = smooth_path(np.asarray(radii, float) * swell, count) * self.scale
        add_tube(self.clouds, path, np.maximum(radius, 0.4), bone or self.bone)

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
                (self.back - 14 * s - back, y + between(rng, -4, 1), z + side * reach),
            ],
            [(4.6, 3.4), (thick + 0.6, thick * 0.8), (0.5 * thick, 0.4 * thick)],
            replace(self.bone, shell_mm=0.45 * self.bone.shell_mm),
        )

    def spinous(self) -> None:
        """In the midline: long and slanting in the thorax, a broad blade in the lumbar spine."""
        rng, s, q = self.rng, self.scale, self.q
        out = between(rng, 24, 31) + 3 * q
        drop = (1 - q) * between(rng, 0.95, 1.35) * self.h + q * between(rng, 0.35, 0.5) * self.h
        start = (self.back - 23 * s, 0.28 * self.h, 0.0)
        high = 4.5 + 5.0 * q
        end = (start[0] - out * s, start[1] + drop, between(rng, -1.5, 1.5))
        cap = (end[0] - 3.0 * s, end[1] + 1.0, end[2])
        middle = tuple((a + b) / 2 for a, b in zip(start, end, strict=True))
        self.tube(
            [start, (middle[0], middle[1] - 1.5, middle[2]), end, cap],
            [(high + 1.5, 3.2), (high, 2.6), (high * 0.9, 3.6), (high * 0.3, 1.2)],
        )
