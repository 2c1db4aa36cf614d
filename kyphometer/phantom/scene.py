"""Everything that stands in the beam, and its line integrals on a window of the detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.anatomy import Level
from kyphometer.phantom.beam import Beam, Window
from kyphometer.phantom.body_render import add_body
from kyphometer.phantom.column import PlacedVertebra
from kyphometer.phantom.implants import Construct
from kyphometer.phantom.implants_render import implants_image
from kyphometer.phantom.patient import SimulatedPatient
from kyphometer.phantom.pelvis import add_aortic_calcification, add_pelvis
from kyphometer.phantom.posterior import add_osteophytes, add_posterior_elements, has_ribs
from kyphometer.phantom.ribs import add_ribs
from kyphometer.phantom.soft_tissue import Surroundings, aorta, soft_tissue
from kyphometer.phantom.splat import Cloud, Clouds
from kyphometer.phantom.streams import stream

Array = NDArray[Any]

_ARCH_PITCH_MM = 0.3
_RIB_PITCH_MM = 0.5
_SPONGY_PITCH_MM = 1.6
_SOFT_PITCH_MM = 1.2
_RIB_DROP_MM = 130.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A patient in front of the detector.

    Attributes
    ----------
    patient
        Whose anatomy.
    column
        Every vertebra with its pose, cranial to caudal.
    beam
        Source and detector.
    surroundings
        Soft tissue on this film.
    construct
        Screws, rods and cement, if any.
    """

    patient: SimulatedPatient
    column: tuple[PlacedVertebra, ...]
    beam: Beam
    surroundings: Surroundings
    construct: Construct | None = None


def metal_integrals(scene: Scene, window: Window) -> Array | None:
    """Attenuation of screws, rods and cement, shape `window.shape`; None without any."""
    if scene.construct is None:
        return None
    poses = {placed.level: placed.pose for placed in scene.column}
    return implants_image(scene.construct, poses, scene.beam, window)


def line_integrals(scene: Scene, window: Window) -> Array:
    """Attenuation (natural logarithm) of the patient without implants, shape `window.shape`."""
    total = _soft(scene, window)
    total += _bones(scene, window)
    texture = _trabecular_texture(scene.patient, window.pitch_mm)
    for placed in scene.column:
        if _is_near(placed, scene.beam, window, above_mm=30, below_mm=30):
            rolled = _texture_of(texture, scene.patient.seed, placed.level)
            add_body(total, window, scene.beam, placed.body, placed.pose, rolled)
    return total


def _upsampled(image: Array, coarse: Window, window: Window) -> Array:
    """An image on a coarser window, brought to the window's pixels."""
    if coarse == window:
        return image
    k = window.pitch_mm / coarse.pitch_mm
    shift_x = (window.left_mm - coarse.left_mm) / coarse.pitch_mm + 0.5 * k - 0.5
    shift_y = (window.top_mm - coarse.top_mm) / coarse.pitch_mm + 0.5 * k - 0.5
    back = np.array([[k, 0, shift_x], [0, k, shift_y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        image, back, (window.columns, window.rows), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def _coarse(window: Window, pitch_mm: float) -> Window:
    """The window at no less than that pitch."""
    if window.pitch_mm >= pitch_mm:
        return window
    return window.coarser(pitch_mm, margin_mm=3 * pitch_mm)


def _soft(scene: Scene, window: Window) -> Array:
    coarse = _coarse(window, _SOFT_PITCH_MM)
    image = soft_tissue(coarse, scene.beam, scene.patient, scene.column, scene.surroundings)
    return _upsampled(image, coarse, window)


def _bones(scene: Scene, window: Window) -> Array:
    """Arches, osteophytes and ribs: cortex on a finer, spongy bone on a coarser grid."""
    pitches = (
        max(_ARCH_PITCH_MM, 1.25 * window.pitch_mm),
        max(_RIB_PITCH_MM, 1.9 * window.pitch_mm),
    )
    arch, rib, spongy = (
        Cloud(scene.beam, _coarse(window, pitch)) for pitch in (*pitches, _SPONGY_PITCH_MM)
    )
    for placed in scene.column:
        if _is_near(placed, scene.beam, window, above_mm=35, below_mm=50):
            if placed.level is not Level.S1:
                add_posterior_elements(Clouds(arch, spongy), scene.patient, placed)
            add_osteophytes(Clouds(arch, spongy), scene.patient, placed)
        if has_ribs(placed.level) and _is_near(
            placed, scene.beam, window, above_mm=_RIB_DROP_MM, below_mm=30
        ):
            add_ribs(Clouds(rib, spongy), scene.patient, placed)
    last = scene.column[-1]
    if last.level is Level.S1 and _is_near(last, scene.beam, window, above_mm=150, below_mm=70):
        add_pelvis(Clouds(rib, spongy), scene.patient, last)
    centres = np.array([placed.pose.centre_mm for placed in scene.column])
    add_aortic_calcification(Clouds(arch, spongy), scene.patient, centres, *aorta(scene.patient))
    total = _upsampled(spongy.image(), spongy.window, rib.window)
    total += rib.image()
    total = _upsampled(total, rib.window, arch.window)
    total += arch.image()
    return _upsampled(total, arch.window, window)


def _is_near(
    placed: PlacedVertebra, beam: Beam, window: Window, *, above_mm: float, below_mm: float
) -> bool:
    """True if the vertebra lies within the window, or not further than that above or below it."""
    y = float(beam.project(placed.pose.centre_mm)[1])
    bottom = window.top_mm + window.rows * window.pitch_mm
    return window.top_mm - above_mm < y < bottom + below_mm


def _trabecular_texture(patient: SimulatedPatient, pitch_mm: float) -> Array:
    """Relative density of trabecular bone: vertical striation over a grainy ground, mean 1."""
    rng = stream(patient.seed, "trabeculae")
    size = int(72 / pitch_mm)
    white = rng.standard_normal((size, size), dtype=np.float32)
    upright = cv2.GaussianBlur(white, (0, 0), 0.3 / pitch_mm, sigmaY=2.6 / pitch_mm)
    level = cv2.GaussianBlur(white[::-1], (0, 0), 1.6 / pitch_mm, sigmaY=0.28 / pitch_mm)
    cloudy = cv2.GaussianBlur(white.T, (0, 0), 1.8 / pitch_mm)
    strength = 0.07 + 0.13 * patient.osteoporosis
    mixed = 0.8 * _unit(upright) + 0.2 * _unit(level) + 0.7 * _unit(cloudy)
    return np.maximum(1 + np.float32(strength) * mixed, 0).astype(np.float32)


def _unit(image: Array) -> Array:
    scaled: Array = (image - image.mean()) / (image.std() + np.float32(1e-6))
    return scaled


def _texture_of(texture: Array, seed: int, level: Level) -> Array:
    """A part of the texture of its own for each level."""
    shift = stream(seed, "trabeculae", level).integers(0, texture.shape[0], 2)
    return np.roll(texture, tuple(int(s) for s in shift), axis=(0, 1))
