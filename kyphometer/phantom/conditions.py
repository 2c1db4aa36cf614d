"""The five named conditions under which films are simulated (table in the ENDPLATES notes)."""

from __future__ import annotations

from dataclasses import dataclass

from kyphometer.errors import UnknownConditionError
from kyphometer.phantom.fractures import SUPERIOR_SHARE

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How films of one kind are taken, and of whom.

    Attributes
    ----------
    name
        Its name.
    photons, blur_mm, scatter
        Exposure: quanta a 0.2 mm pixel, SD of the blur, scatter to primary.
    tilt_sd_deg, axial_sd_deg
        SD of coronal tilt and axial rotation around a true lateral view, or 0.
    tilt_range_deg, axial_range_deg
        Range of their size for oblique films, or None.
    trabecular_per_mm
        Range of the attenuation of trabecular bone above soft tissue.
    osteophytes
        Chance of an osteophyte at a corner.
    instrumented
        Part of the films that carry screws, rods and cement.
    clutter
        SD of the tissue clutter in the line integral.
    correlated
        Range of the part of the blur that comes after the quanta were counted.
    gamma, sharpening, compression
        Ranges of the look's settings.
    collimated, marker, annotated, jpeg
        Part of the films with collimator edges, a lead letter, burned-in text and lines, an
        earlier lossy compression.
    any_level
        Whether fractures may lie anywhere, or at the thoracolumbar junction only.
    second_fracture
        Part of the fractured patients with a second fracture.
    superior_share
        Range of the part of a lost wedge that the superior endplate takes.
    """

    name: str
    photons: float
    blur_mm: float
    scatter: float
    tilt_sd_deg: float = 0.0
    axial_sd_deg: float = 0.0
    tilt_range_deg: Range | None = None
    axial_range_deg: Range | None = None
    trabecular_per_mm: Range = (0.005, 0.009)
    osteophytes: float = 0.0
    instrumented: float = 0.0
    clutter: float = 0.04
    correlated: Range = (0.0, 0.3)
    gamma: Range = (0.85, 1.25)
    sharpening: Range = (0.1, 0.8)
    compression: Range = (0.35, 0.65)
    collimated: float = 0.35
    marker: float = 0.35
    annotated: float = 0.0
    jpeg: float = 0.0
    any_level: bool = False
    second_fracture: float = 0.1
    superior_share: Range = SUPERIOR_SHARE


CLEAN = Condition(
    name="clean",
    photons=4000,
    blur_mm=0.20,
    scatter=0.8,
    tilt_sd_deg=1.0,
    axial_sd_deg=2.0,
    trabecular_per_mm=(0.006, 0.010),
    clutter=0.03,
)
NOISY = Condition(
    name="noisy",
    photons=120,
    blur_mm=0.50,
    scatter=3.0,
    tilt_sd_deg=1.5,
    axial_sd_deg=3.0,
    trabecular_per_mm=(0.003, 0.006),
    osteophytes=0.15,
    clutter=0.05,
)
OBLIQUE = Condition(
    name="oblique",
    photons=1200,
    blur_mm=0.30,
    scatter=1.5,
    tilt_range_deg=(4.0, 9.0),
    axial_range_deg=(4.0, 12.0),
    trabecular_per_mm=(0.004, 0.008),
    osteophytes=0.05,
)
INSTRUMENTED = Condition(
    name="instrumented",
    photons=1200,
    blur_mm=0.30,
    scatter=1.8,
    tilt_sd_deg=1.5,
    axial_sd_deg=3.0,
    trabecular_per_mm=(0.004, 0.008),
    osteophytes=0.05,
    instrumented=1.0,
)
HARD = Condition(
    name="hard",
    photons=150,
    blur_mm=0.55,
    scatter=3.0,
    tilt_range_deg=(3.0, 8.0),
    axial_range_deg=(3.0, 10.0),
    trabecular_per_mm=(0.002, 0.005),
    osteophytes=0.35,
    instrumented=0.5,
    clutter=0.06,
)

CONDITIONS: dict[str, Condition] = {
    condition.name: condition for condition in (CLEAN, NOISY, OBLIQUE, INSTRUMENTED, HARD)
}


def find_condition(condition: Condition | str) -> Condition:
    """The condition itself, or the one of that name.

    Raises
    ------
    UnknownConditionError
        If no condition has that name.
    """
    if isinstance(condition, Condition):
        return condition
    try:
        return CONDITIONS[condition]
    except KeyError:
        raise UnknownConditionError(condition, ", ".join(CONDITIONS)) from None
