"""One simulated film, with everything that is known about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kyphometer.anatomy import Level
from kyphometer.film import (
    Acquisition,
    Film,
    FilmHeader,
    FilmReference,
    Position,
)
from kyphometer.geometry import Facing, PixelGeometry, SpacingSource
from kyphometer.phantom.beam import Beam, Window
from kyphometer.phantom.column import Stance, place_column
from kyphometer.phantom.conditions import Condition, find_condition
from kyphometer.phantom.detector import Exposure, Look, Processing, develop, expose
from kyphometer.phantom.fractures import FractureKind, fracture
from kyphometer.phantom.implants import Construct, Leak, plan_construct
from kyphometer.phantom.landmarks import reading_from_points, six_points_px
from kyphometer.phantom.patient import SimulatedPatient, simulate_patient
from kyphometer.phantom.scene import Scene, line_integrals, metal_integrals
from kyphometer.phantom.soft_tissue import Surroundings
from kyphometer.phantom.streams import between, stream
from kyphometer.reading import CornerRule, Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

FRACTURE_LEVELS = (Level.T11, Level.T12, Level.L1, Level.L2)
"""Where fractures are put unless asked otherwise: the thoracolumbar junction."""

METAL_THRESHOLD = 0.1
"""Attenuation of implants above which a pixel belongs to the metal mask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFormat:
    """Size of a film.

    Attributes
    ----------
    rows, columns
        Pixel matrix.
    pitch_mm
        Detector pixel size.
    """

    rows: int = 1800
    columns: int = 900
    pitch_mm: float = 0.16


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedFilm:
    """A simulated film and the whole truth about it.

    Attributes
    ----------
    pixels
        Stored 12-bit values, shape (rows, columns), uint16.
    geometry
        Pixel geometry, calibrated to the plane of the spine.
    truth
        The rounded rims' apexes in the mid-sagittal plane, source `truth`.
    silhouette
        The corners of the outermost visible contours (corner rule `outer_contour`).
    acquisition
        Facts for the header: distances, magnification, facing, position, patient.
    patient
        Whose film it is.
    metal
        True where screws, rods or cement lie, shape as `pixels`.
    scene
        What stood in the beam.
    window
        Which part of the detector the film shows, with the detector's pixel size `pitch_mm`
        (ImagerPixelSpacing).
    condition
        Condition it was made under.
    seed
        Its seed.
    photometric
        MONOCHROME2 (bone bright) or MONOCHROME1.
    """

    pixels: NDArray[np.uint16]
    geometry: PixelGeometry
    truth: Reading
    silhouette: Reading
    acquisition: Acquisition
    patient: SimulatedPatient
    metal: NDArray[np.bool_]
    scene: Scene
    window: Window
    condition: Condition
    seed: int
    photometric: str = "MONOCHROME2"

    @property
    def facing(self) -> Facing:
        """Where anterior lies."""
        return self.truth.facing or Facing.RIGHT

    @property
    def film(self) -> Film:
        """The same as a film without a file."""
        return Film(
            header=FilmHeader(
                reference=self.truth.film, geometry=self.geometry, acquisition=self.acquisition
            ),
            pixels=self.pixels,
        )


def simulate_film(
    condition: Condition | str,
    seed: int,
    *,
    film_format: FilmFormat | None = None,
    patient: SimulatedPatient | None = None,
    facing: Facing | None = None,
    fractured: bool | None = None,
) -> SimulatedFilm:
    """A simulated lateral film.

    Parameters
    ----------
    condition
        `clean`, `noisy`, `oblique`, `instrumented`, `hard`, or a condition of your own.
    seed
        The same seed gives the same film, bit for bit, in the same version.
    film_format
        Size of the film; 1800 x 900 pixels of 0.16 mm if None.
    patient
        Whose film; simulated from the seed if None.
    facing
        Where anterior lies; drawn if None.
    fractured
        Whether a new patient has a fracture; drawn (70 %) if None.

    Raises
    ------
    UnknownConditionError
        If no condition has that name.
    """
    chosen = find_condition(condition)
    rng = stream(seed, "film", chosen.name)
    person = patient or _patient_for(chosen, seed, fractured)
    scene = _scene(chosen, person, rng)
    shape = film_format or FilmFormat()
    window = Window(
        left_mm=-shape.columns * shape.pitch_mm / 2 + between(rng, -12, 12),
        top_mm=-shape.rows * shape.pitch_mm / 2 + between(rng, -20, 20),
        rows=shape.rows,
        columns=shape.columns,
        pitch_mm=shape.pitch_mm,
    )
    drawn = Facing.LEFT if rng.random() < 0.5 else Facing.RIGHT
    return take_film(scene, window, chosen, seed, facing or drawn)


def take_film(
    scene: Scene, window: Window, condition: Condition, seed: int, facing: Facing
) -> SimulatedFilm:
    """Expose and develop a film of a scene."""
    rng = stream(seed, "exposure", condition.name)
    attenuation, metal = _attenuation(scene, window, facing)
    exposure = Exposure(
        photons=condition.photons, blur_mm=condition.blur_mm, scatter=condition.scatter
    )
    quanta = expose(attenuation, window.pitch_mm, exposure, rng)
    processing = Processing(
        look=list(Look)[int(rng.integers(len(Look)))],
        gamma=between(rng, 0.85, 1.25),
        sharpening=between(rng, 0.1, 0.8),
        compression=between(rng, 0.3, 0.6),
    )
    pixels = develop(quanta, window.pitch_mm, processing)
    truth, silhouette = _readings(scene, window, facing)
    spacing = window.pitch_mm / scene.beam.magnification
    return SimulatedFilm(
        pixels=pixels,
        geometry=PixelGeometry.from_spacing(spacing, spacing, SpacingSource.MAGNIFICATION),
        truth=truth,
        silhouette=silhouette,
        acquisition=_acquisition(scene, facing),
        patient=scene.patient,
        metal=metal,
        scene=scene,
        window=window,
        condition=condition,
        seed=seed,
    )


def _attenuation(scene: Scene, window: Window, facing: Facing) -> tuple[Any, NDArray[np.bool_]]:
    """Line integrals of everything, and where implants lie."""
    attenuation = line_integrals(scene, window)
    implants = metal_integrals(scene, window)
    metal = np.zeros(window.shape, np.bool_) if implants is None else implants > METAL_THRESHOLD
    if implants is not None:
        attenuation += implants
    if facing is Facing.RIGHT:
        return attenuation, metal
    return cv2.flip(attenuation, 1), np.ascontiguousarray(metal[:, ::-1])


def _patient_for(condition: Condition, seed: int, fractured: bool | None) -> SimulatedPatient:
    """A patient as the condition wants them."""
    rng = stream(seed, "who", condition.name)
    person = simulate_patient(seed, osteophytes=condition.osteophytes)
    density = between(rng, *condition.trabecular_per_mm)
    bodies = {
        level: replace(body, trabecular_per_mm=density * between(rng, 0.92, 1.08))
        for level, body in person.bodies.items()
    }
    person = replace(person, bodies=bodies, osteoporosis=float(np.clip(1.15 - 120 * density, 0, 1)))
    broken = rng.random() < 0.7 if fractured is None else fractured
    if not broken:
        return person
    level = FRACTURE_LEVELS[int(rng.integers(len(FRACTURE_LEVELS)))]
    kind = list(FractureKind)[int(rng.choice(4, p=[0.5, 0.15, 0.15, 0.2]))]
    return person.with_fracture(fracture(bodies[level], kind, between(rng, 0.12, 0.55), rng))


def _turn(sd: float, size: tuple[float, float] | None, rng: np.random.Generator) -> float:
    """An angle around zero, or of a size within a range and either sign."""
    if size is None:
        return sd * float(rng.standard_normal())
    return between(rng, *size) * (1.0 if rng.random() < 0.5 else -1.0)


def _scene(condition: Condition, patient: SimulatedPatient, rng: np.random.Generator) -> Scene:
    """A patient placed as the condition wants it."""
    sid = between(rng, 900, 1800)
    gap = between(rng, 130, 0.22 * sid)
    levels = patient.levels
    centre = next(iter(patient.fractured_levels), FRACTURE_LEVELS[int(rng.integers(4))])
    stance = Stance(
        centre=centre,
        at_mm=(between(rng, -6, 20), between(rng, -25, 25), between(rng, -10, 10)),
        pitch_deg=6.0 + 7.0 * float(np.clip(rng.standard_normal(), -2.5, 2.5)),
        tilt_deg=_turn(condition.tilt_sd_deg, condition.tilt_range_deg, rng),
        axial_deg=_turn(condition.axial_sd_deg, condition.axial_range_deg, rng),
        tilt_per_level_deg=0.35 * float(rng.standard_normal()),
        axial_per_level_deg=0.35 * float(rng.standard_normal()),
        tilt_jitter_deg={level: 0.6 * float(rng.standard_normal()) for level in levels},
        axial_jitter_deg={level: 0.8 * float(rng.standard_normal()) for level in levels},
    )
    bodies = {level: patient.body(level) for level in levels}
    construct = None
    if rng.random() < condition.instrumented:
        construct = _construct(patient, centre, rng)
    return Scene(
        patient=patient,
        column=place_column(bodies, patient.discs, stance),
        beam=Beam(source_detector_mm=sid, source_object_mm=sid - gap),
        surroundings=Surroundings(
            clutter=condition.clutter * between(rng, 0.7, 1.3),
            breath=between(rng, -15, 20),
            seed=int(rng.integers(2**31)),
        ),
        construct=construct,
    )


def _construct(patient: SimulatedPatient, centre: Level, rng: np.random.Generator) -> Construct:
    """A construct as surgeons of osteoporotic spines put it; cement leaks in one of five."""
    leaks = (list(Leak)[int(rng.integers(len(Leak)))],) if rng.random() < 0.2 else ()
    return plan_construct(
        patient,
        centre,
        augmented=bool(rng.random() < 0.8),
        leaks=leaks,
        seed=int(rng.integers(2**31)),
    )


def _readings(scene: Scene, window: Window, facing: Facing) -> tuple[Reading, Reading]:
    """Truth and silhouette as readings."""
    film = FilmReference(rows=window.rows, columns=window.columns)
    common: dict[str, Any] = {
        "film": film,
        "facing": facing,
        "fractured_levels": scene.patient.fractured_levels,
    }
    truth = six_points_px(scene.column, scene.beam, window)
    outer = six_points_px(scene.column, scene.beam, window, silhouette=True)
    if facing is Facing.LEFT:
        for points in (*truth.values(), *outer.values()):
            points[..., 0] = window.columns - points[..., 0]
    return (
        reading_from_points(truth, **common),
        reading_from_points(outer, corner_rule=CornerRule.OUTER_CONTOUR, **common),
    )


def _acquisition(scene: Scene, facing: Facing) -> Acquisition:
    """What the header should say."""
    return Acquisition(
        modality="DX",
        patient_sex=scene.patient.sex,
        body_part="TLSPINE",
        view="LL",
        is_lateral=True,
        facing=facing,
        patient_orientation=("A" if facing is Facing.LEFT else "P", "F"),
        position=Position.STANDING,
        source_to_detector_mm=scene.beam.source_detector_mm,
        source_to_patient_mm=scene.beam.source_object_mm,
        magnification=scene.beam.magnification,
        burned_in_annotation=False,
        manufacturer="Kyphometer phantom",
    )
