"""A simulated patient: anatomy that stays the same from film to film."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.phantom.body import BodyShape, EndplateShape
from kyphometer.phantom.population import NORMS, LevelNorm
from kyphometer.phantom.streams import between, near, stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """The disc below a vertebra: height at its middle and angle, kyphosis positive."""

    height_mm: float
    angle_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """Soft tissue around the spine.

    Attributes
    ----------
    half_width_mm
        Half of the lateral width of the trunk.
    back_mm
        From the posterior body wall to the skin of the back.
    front_mm
        From the anterior body wall to the skin of the belly.
    lung
        Air content of the lungs, 0 (none) to 1.
    diaphragm
        How many levels below T10 the domes stand.
    """

    half_width_mm: float = 150.0
    back_mm: float = 80.0
    front_mm: float = 150.0
    lung: float = 0.72
    diaphragm: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPatient:
    """Anatomy of one simulated person, before any film is taken.

    Attributes
    ----------
    seed
        Seed that made it; also the root of all later draws that belong to the anatomy.
    age_years, sex
        Facts for the header.
    osteoporosis
        Severity, 0 (healthy) to 1 (severe).
    osteophytes
        Chance of an osteophyte at a rim corner.
    size
        Overall size against the population mean.
    bodies
        Vertebral bodies before fracture, by level, cranial to caudal.
    fractures
        Bodies as they are after fracture, by level; empty without fracture.
    discs
        The disc below each level.
    trunk
        Soft tissue.
    """

    seed: int
    age_years: int
    sex: str
    osteoporosis: float
    osteophytes: float
    size: float
    bodies: Mapping[Level, BodyShape]
    discs: Mapping[Level, Disc]
    trunk: Trunk
    fractures: Mapping[Level, BodyShape]

    @property
    def levels(self) -> tuple[Level, ...]:
        """Levels, cranial to caudal."""
        return tuple(self.bodies)

    @property
    def fractured_levels(self) -> tuple[Level, ...]:
        """Fractured levels, cranial to caudal."""
        return tuple(level for level in self.bodies if level in self.fractures)

    def body(self, level: Level) -> BodyShape:
        """The body as it is: fractured if it is fractured."""
        return self.fractures.get(level, self.bodies[level])

    def with_fracture(self, body: BodyShape) -> SimulatedPatient:
        """The same person with that level broken as given."""
        return replace(self, fractures={**self.fractures, body.level: body})


def simulate_patient(
    seed: int,
    *,
    osteoporosis: float | None = None,
    osteophytes: float = 0.05,
    variant: Level | None = None,
) -> SimulatedPatient:
    """An intact simulated person.

    Parameters
    ----------
    seed
        The same seed gives the same person.
    osteoporosis
        Severity, 0 to 1; drawn if None.
    osteophytes
        Chance of an osteophyte at a rim corner, 0 to 1.
    variant
        `Level.T13` or `Level.L6` to give the person that extra vertebra.
    """
    rng = stream(seed, "patient")
    severity = between(rng, 0.1, 1.0) if osteoporosis is None else float(osteoporosis)
    size = float(np.clip(1 + 0.05 * rng.standard_normal(), 0.88, 1.12))
    levels = [lv for lv in NORMS if not lv.is_variant or lv is variant]
    scatter = _smooth_scatter(stream(seed, "scatter"), len(levels))
    bodies, discs = {}, {}
    for level, deviation in zip(levels, scatter, strict=True):
        draw = stream(seed, "body", level)
        bodies[level] = _simulate_body(draw, level, NORMS[level], size, severity, deviation)
        discs[level] = _simulate_disc(draw, NORMS[level], size)
    return SimulatedPatient(
        seed=seed,
        age_years=int(np.clip(round(rng.normal(65.2, 5.5)), 50, 85)),
        sex="F" if rng.random() < 0.762 else "M",
        osteoporosis=severity,
        osteophytes=osteophytes,
        size=size,
        bodies=bodies,
        discs=discs,
        trunk=_simulate_trunk(rng),
        fractures={},
    )


def _smooth_scatter(rng: np.random.Generator, count: int) -> np.ndarray:
    """Deviations of wedge angles that vary slowly along the spine, in SD."""
    white = rng.standard_normal((count + 4,))
    smooth = np.convolve(white, np.array([0.15, 0.5, 0.8, 0.5, 0.15]), "valid")
    deviation: np.ndarray = smooth + 0.35 * rng.standard_normal(count)
    return deviation


def _simulate_body(
    rng: np.random.Generator,
    level: Level,
    norm: LevelNorm,
    size: float,
    severity: float,
    deviation: float,
) -> BodyShape:
    wedge = norm.wedge_deg + 1.4 * float(deviation)
    share = between(rng, 0.35, 0.65)
    deepest = 1.2 + 2.6 * severity
    slopes = (wedge * share, wedge * (1 - share))
    superior, inferior = (
        _simulate_endplate(rng, slope, deepest, below=below) for below, slope in enumerate(slopes)
    )
    if level is Level.S1:
        superior = replace(superior, concavity_mm=between(rng, 0.2, 1.2))
    return BodyShape(
        level=level,
        depth_mm=near(rng, norm.depth_mm * size, 0.05),
        half_width_mm=near(rng, norm.half_width_mm * size, 0.05),
        height_mm=near(rng, norm.height_mm * size, 0.04),
        superior=superior,
        inferior=inferior,
        exponent_anterior=between(rng, 2.1, 2.6),
        exponent_posterior=between(rng, 2.7, 3.8),
        waist_anterior_mm=between(rng, 1.4, 3.2),
        waist_posterior_mm=between(rng, 0.5, 1.6),
        shell_endplate_mm=between(rng, 0.55, 1.0) * (1 - 0.4 * severity),
        shell_wall_mm=between(rng, 0.45, 0.8) * (1 - 0.4 * severity),
        cortical_per_mm=between(rng, 0.030, 0.042),
        trabecular_per_mm=0.0095 * (1 - 0.75 * severity) * near(rng, 1.0, 0.08),
    )


def _simulate_endplate(
    rng: np.random.Generator, slope_deg: float, deepest_mm: float, *, below: int
) -> EndplateShape:
    return EndplateShape(
        slope_deg=slope_deg,
        concavity_mm=between(rng, 0.5, 1.0) * deepest_mm + 0.4,
        centre_x=between(rng, -0.25, 0.15) - 0.15 * below,
        ring=between(rng, 0.76, 0.92),
        radius_anterior_mm=between(rng, 0.8, 2.2),
        radius_posterior_mm=between(rng, 0.6, 1.6),
    )


def _simulate_disc(rng: np.random.Generator, norm: LevelNorm, size: float) -> Disc:
    return Disc(
        height_mm=near(rng, norm.disc_mm * size, 0.12),
        angle_deg=norm.disc_deg + 1.3 * float(np.clip(rng.standard_normal(), -2.5, 2.5)),
    )


def _simulate_trunk(rng: np.random.Generator) -> Trunk:
    return Trunk(
        half_width_mm=between(rng, 130, 175),
        back_mm=between(rng, 72, 112),
        front_mm=between(rng, 110, 190),
        lung=between(rng, 0.62, 0.78),
        diaphragm=between(rng, -0.8, 1.3),
    )
