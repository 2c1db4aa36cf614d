"""The spinal column on the day of a film: every vertebra with its pose."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.phantom.beam import Pose
from kyphometer.phantom.body import BodyShape
from kyphometer.phantom.patient import Disc


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """How the column is held in front of the detector.

    Attributes
    ----------
    centre
        Level whose middle is placed at `at_mm`.
    at_mm
        World position (x, y, z) of that middle.
    pitch_deg
        Sagittal inclination of that level, positive when its anterior side is lower.
    tilt_deg, axial_deg
        Coronal tilt and axial rotation at that level.
    tilt_per_level_deg, axial_per_level_deg
        Their change from level to level caudally (scoliosis, twisted stance).
    tilt_jitter_deg, axial_jitter_deg
        Further deviations by level, shape as the levels; missing levels have none.
    """

    centre: Level
    at_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    pitch_deg: float = 0.0
    tilt_deg: float = 0.0
    axial_deg: float = 0.0
    tilt_per_level_deg: float = 0.0
    axial_per_level_deg: float = 0.0
    tilt_jitter_deg: Mapping[Level, float]
    axial_jitter_deg: Mapping[Level, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedVertebra:
    """A vertebral body where it stands."""

    body: BodyShape
    pose: Pose

    @property
    def level(self) -> Level:
        """Its level."""
        return self.body.level


def place_column(
    bodies: Mapping[Level, BodyShape], discs: Mapping[Level, Disc], stance: Stance
) -> tuple[PlacedVertebra, ...]:
    """Stack bodies and discs into a column, cranial to caudal.

    The rims' planes and the disc angles add up exactly: the angle between the planes of any two
    endplates is the sum of the wedge and disc angles between them.
    """
    levels = list(bodies)
    pitches = _pitches(bodies, discs, levels)
    middle = levels.index(stance.centre)
    pitches = pitches - pitches[middle] + stance.pitch_deg
    tilts, axials = _turns(levels, stance)
    flat = _positions(bodies, discs, levels, pitches)
    z = _lateral(flat[:, 1], tilts)
    centres = np.column_stack([flat, z])
    centres += np.asarray(stance.at_mm) - centres[middle]
    return tuple(
        PlacedVertebra(
            body=bodies[level],
            pose=Pose(
                centre_mm=tuple(centre.tolist()),
                pitch_deg=float(pitch),
                tilt_deg=float(tilt),
                axial_deg=float(axial),
            ),
        )
        for level, centre, pitch, tilt, axial in zip(
            levels, centres, pitches, tilts, axials, strict=True
        )
    )


def _pitches(
    bodies: Mapping[Level, BodyShape], discs: Mapping[Level, Disc], levels: list[Level]
) -> np.ndarray:
    """Pitch of each vertebra's mid-plane against the first's, in degrees."""
    pitch = [0.0]
    for upper, lower in itertools.pairwise(levels):
        inferior = pitch[-1] - bodies[upper].inferior.slope_deg
        superior = inferior - discs[upper].angle_deg
        pitch.append(superior - bodies[lower].superior.slope_deg)
    return np.array(pitch)


def _turns(levels: list[Level], stance: Stance) -> tuple[np.ndarray, np.ndarray]:
    """Coronal tilt and axial rotation of each level, in degrees."""
    away = np.arange(len(levels)) - levels.index(stance.centre)
    tilt = stance.tilt_deg + stance.tilt_per_level_deg * away
    axial = stance.axial_deg + stance.axial_per_level_deg * away
    tilt = tilt + np.array([stance.tilt_jitter_deg.get(level, 0.0) for level in levels])
    axial = axial + np.array([stance.axial_jitter_deg.get(level, 0.0) for level in levels])
    return tilt, axial


def _positions(
    bodies: Mapping[Level, BodyShape],
    discs: Mapping[Level, Disc],
    levels: list[Level],
    pitches: np.ndarray,
) -> np.ndarray:
    """Sagittal positions (x, y) of the middles, shape (N, 2)."""
    here = np.zeros(2)
    placed = [here]
    for k, (upper, lower) in enumerate(itertools.pairwise(levels)):
        disc_pitch = pitches[k] - bodies[upper].inferior.slope_deg - discs[upper].angle_deg / 2
        here = here + _down(pitches[k]) * bodies[upper].mid_height_mm / 2
        here = here + _down(disc_pitch) * discs[upper].height_mm
        here = here + _down(pitches[k + 1]) * bodies[lower].mid_height_mm / 2
        placed.append(here)
    return np.array(placed)


def _down(pitch_deg: float) -> np.ndarray:
    """Caudal direction of something pitched, shape (2,)."""
    a = np.radians(pitch_deg)
    return np.array([-np.sin(a), np.cos(a)])


def _lateral(y: np.ndarray, tilts: np.ndarray) -> np.ndarray:
    """Depth z along the beam that follows from the tilts."""
    slope = np.sin(np.radians((tilts[1:] + tilts[:-1]) / 2))
    return np.concatenate([[0.0], np.cumsum(slope * np.diff(y))])
