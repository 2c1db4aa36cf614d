"""Soft tissue, lungs, diaphragm, vessels, bowel gas and clutter: smooth things, drawn coarsely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.phantom.beam import Beam, Window
from kyphometer.phantom.column import PlacedVertebra
from kyphometer.phantom.patient import SimulatedPatient
from kyphometer.phantom.streams import between, stream

Array = NDArray[Any]

SOFT_PER_MM = 0.0195
"""Attenuation of soft tissue at the mean energy of a spine film."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What soft tissue does on this film.

    Attributes
    ----------
    clutter
        SD of the tissue clutter in the line integral.
    clutter_power
        Exponent of its power spectrum.
    gas_bubbles
        Mean number of bowel gas bubbles.
    breath
        How many mm the domes stand lower than in the patient's mean position.
    seed
        Seed of what differs from film to film (gas, breath).
    """

    clutter: float = 0.04
    clutter_power: float = 2.8
    gas_bubbles: float = 3.0
    breath: float = 0.0
    seed: int = 0


class _Field:
    """A coarse grid in object-plane millimetres, relative to the spine."""

    def __init__(
        self, window: Window, beam: Beam, column: tuple[PlacedVertebra, ...], size: float
    ) -> None:
        x, y = window.centres_mm()
        m = np.float32(beam.magnification)
        self.size = size
        self.y = (y / m)[:, None]
        self.x_world = (x / m)[None, :]
        centres = np.array([p.pose.centre_mm for p in column])
        self.levels = {p.level: p.pose.centre_mm for p in column}
        spine_x = np.interp(self.y[:, 0], centres[:, 1], centres[:, 0])
        self.x = self.x_world - spine_x.astype(np.float32)[:, None]
        straight = np.polyval(np.polyfit(centres[7:-1, 1], centres[7:-1, 0], 1), self.y[:, 0])
        outline = 0.75 * straight + 0.25 * spine_x
        self.x_trunk = self.x_world - outline.astype(np.float32)[:, None]
        self.pitch_mm = window.pitch_mm / float(m)
        self.shape = window.shape


def soft_tissue(
    window: Window,
    beam: Beam,
    patient: SimulatedPatient,
    column: tuple[PlacedVertebra, ...],
    surroundings: Surroundings,
) -> Array:
    """Line integral of everything but bone and metal, shape `window.shape`.

    `window` should be coarse (about 1 mm); the caller brings it to the film's pixels.
    """
    grid = _Field(window, beam, column, patient.size)
    total = _trunk(grid, patient)
    air = _lungs(grid, patient, surroundings)
    inside = np.clip(total / (SOFT_PER_MM * 150), 0, 1)
    filled = air / max(float(air.max()), 1e-3)
    total = total - air * inside
    total += filled * _vessels(grid, patient)
    total += _aorta(grid, patient) * (0.08 + 0.92 * filled)
    total -= _bowel_gas(grid, patient, surroundings) * inside * (1 - filled)
    total += _clutter(grid, patient, surroundings) * inside
    return np.maximum(total, 0).astype(np.float32)


def _trunk(grid: _Field, patient: SimulatedPatient) -> Array:
    """A trunk of superelliptic cross-section."""
    trunk = patient.trunk
    wave = 6 * np.sin((grid.y + 37 * (patient.seed % 7)) / 60)
    buttocks = 45 / (1 + np.exp((grid.levels[Level.S1][1] - grid.y) / 18))
    back = -trunk.back_mm - 17 + wave - buttocks
    front = trunk.front_mm + 17 + 2 * wave
    middle, half = (back + front) / 2, (front - back) / 2
    u = np.clip(np.abs((grid.x_trunk - middle) / half), 0, 1)
    thickness = 2 * trunk.half_width_mm * (1 - u**2.6) ** np.float32(1 / 2.6)
    total: Array = (SOFT_PER_MM * thickness).astype(np.float32)
    return total


def _dome_height(grid: _Field, patient: SimulatedPatient, rng: np.random.Generator) -> Array:
    """World y of one dome for each column, relative to a straight spine at x = 0."""
    base = grid.levels[Level.T10][1] + 28 * (patient.trunk.diaphragm + between(rng, -0.35, 0.35))
    apex = between(rng, 45, 75)
    behind = np.clip((apex - grid.x) / 95, 0, 1.4)
    ahead = np.clip((grid.x - apex) / 90, 0, 1.5)
    depth = between(rng, 62, 92)
    dome: Array = (base + depth * behind**1.8 + 45 * ahead**2).astype(np.float32)
    return dome


def _lungs(grid: _Field, patient: SimulatedPatient, surroundings: Surroundings) -> Array:
    """Attenuation that air takes away on both sides."""
    air = np.zeros(np.broadcast(grid.x, grid.y).shape, np.float32)
    half = patient.trunk.half_width_mm * 0.42
    for side in (0, 1):
        rng = stream(patient.seed, "lung", side)
        dome = _dome_height(grid, patient, rng) + surroundings.breath
        above = np.clip(dome - grid.y, 0, None)
        rim = np.clip(grid.x + between(rng, 44, 56), 0, None)
        rise = np.minimum(np.sqrt(2 * 40 * above), half) * np.clip(np.sqrt(rim / 45), 0, 1)
        front = np.clip((grid.x - between(rng, 20, 40)) / 60, 0, 1)
        air += rise * (1 - between(rng, 0.1, 0.55) * front * side)
    lost: Array = (air * SOFT_PER_MM * patient.trunk.lung).astype(np.float32)
    return lost


def _vessels(grid: _Field, patient: SimulatedPatient) -> Array:
    """Branches of the pulmonary vessels, from the hila outwards."""
    rng = stream(patient.seed, "vessels")
    count, pieces = 45, 6
    hilum = np.array([45.0, grid.levels[Level.T7][1] + 5])
    start = hilum + rng.normal(0, 14, (count, 1, 2))
    bends = rng.normal(0, 0.16, (count, pieces - 1))
    angle = np.cumsum(np.hstack([rng.uniform(0, 2 * np.pi, (count, 1)), bends]), axis=1)
    steps = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * rng.uniform(7, 25, (count, 1, 1))
    nodes = np.concatenate([start, start + np.cumsum(steps, axis=1)], axis=1)
    origin = np.array([grid.x_world[0, 0], grid.y[0, 0]])
    fixed = np.round((nodes - origin) / grid.pitch_mm * 16).astype(np.int32)
    width = rng.uniform(1.5, 5.0, count)[:, None] * (1 - 0.14 * np.arange(pieces))
    layer = width * rng.uniform(0.7, 1.0, (count, pieces)) * (0.75 * SOFT_PER_MM)
    canvas = np.zeros(grid.shape, np.float32)
    for vessel in range(count):
        for k in range(pieces):
            thick = max(1, round(width[vessel, k] / grid.pitch_mm))
            ends = fixed[vessel, k].tolist(), fixed[vessel, k + 1].tolist()
            cv2.line(canvas, *ends, float(layer[vessel, k]), thick, cv2.LINE_8, 4)
    return cv2.GaussianBlur(canvas, (0, 0), 0.9 / grid.pitch_mm)


def _aorta(grid: _Field, patient: SimulatedPatient) -> Array:
    """The descending aorta in front of the spine, as soft tissue that replaces air."""
    front, radius = aorta(patient)
    axis = front + 2.5 * np.sin(grid.y / 90)
    d = np.clip(1 - ((grid.x - axis) / radius) ** 2, 0, None)
    tube: Array = (2 * radius * np.sqrt(d) * SOFT_PER_MM * 0.5).astype(np.float32)
    return tube


def aorta(patient: SimulatedPatient) -> tuple[float, float]:
    """How far the aorta's axis lies in front of the middle of the bodies, and its radius, in mm."""
    rng = stream(patient.seed, "aorta")
    radius = between(rng, 10, 14)
    return 17 * patient.size + radius + between(rng, -2, 8), radius


def _bowel_gas(grid: _Field, patient: SimulatedPatient, surroundings: Surroundings) -> Array:
    """Clusters of gas bubbles below the diaphragm."""
    rng = stream(patient.seed, "gas", surroundings.seed)
    gas = np.zeros(np.broadcast(grid.x, grid.y).shape, np.float32)
    rows, columns = grid.shape
    small = (max(8, rows // 8), max(8, columns // 8))
    wander = [8.0 * cv2.resize(power_law(rng, small, 2.5), (columns, rows)) for _ in range(2)]
    for _ in range(rng.poisson(surroundings.gas_bubbles)):
        level = (Level.L1, Level.L2, Level.L3, Level.L4, Level.L5)[int(rng.integers(5))]
        centre = np.array([between(rng, -5, 110), grid.levels[level][1] + rng.normal(0, 15)])
        for _ in range(int(rng.integers(1, 5))):
            axes = rng.uniform(5, 20, 2)
            turn = rng.uniform(0, np.pi)
            at = centre + rng.normal(0, 12, 2)
            gas = np.maximum(gas, _ellipsoid(grid, wander, at, axes, turn))
    return gas * np.float32(SOFT_PER_MM)


def _ellipsoid(
    grid: _Field, wander: list[Array], centre: np.ndarray, axes: np.ndarray, turn: float
) -> Array:
    """Thickness along the beam of an ellipsoid with a wandering outline."""
    dx, dy = grid.x - centre[0] + wander[0], grid.y - centre[1] + wander[1]
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    q = ((c * dx + s * dy) / axes[0]) ** 2 + ((c * dy - s * dx) / axes[1]) ** 2
    chord: Array = (1.4 * axes.min() * np.sqrt(np.clip(1 - q, 0, None))).astype(np.float32)
    return chord


def _clutter(grid: _Field, patient: SimulatedPatient, surroundings: Surroundings) -> Array:
    """Tissue clutter with a power-law spectrum."""
    rng = stream(patient.seed, "clutter", surroundings.seed)
    return surroundings.clutter * power_law(rng, grid.shape, surroundings.clutter_power)


def power_law(rng: np.random.Generator, shape: tuple[int, int], power: float) -> Array:
    """Gaussian noise with spectrum `1 / f**power`, mean 0 and SD 1."""
    rows, columns = (cv2.getOptimalDFTSize(n) for n in shape)
    white = rng.standard_normal((rows, columns), dtype=np.float32)
    fy, fx = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :]
    f = np.hypot(fy, fx)
    f[0, 0] = 1.0
    gain = f ** (-power / 2)
    gain[0, 0] = 0.0
    noise = np.fft.irfft2(np.fft.rfft2(white) * gain, (rows, columns))[: shape[0], : shape[1]]
    scaled: Array = ((noise - noise.mean()) / (noise.std() + 1e-12)).astype(np.float32)
    return scaled
