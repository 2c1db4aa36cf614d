"""One simulated film, with everything that is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.film import Acquisition, Film, FilmHeader, FilmReference, Rendering
from kyphometer.geometry import Facing, PixelGeometry, SpacingSource
from kyphometer.phantom.beam import Window
from kyphometer.phantom.column import PlacedVertebra
from kyphometer.phantom.conditions import Condition, find_condition
from kyphometer.phantom.detector import BITS, Exposure, Look, Processing, develop, expose
from kyphometer.phantom.dressing import (
    Dressing,
    add_marker,
    black_out,
    burn_in,
    compress,
    draw_dressing,
    shutter,
)
from kyphometer.phantom.formats import FilmFacts, FilmFormat
from kyphometer.phantom.landmarks import reading_from_points, six_points_px
from kyphometer.phantom.patient import SimulatedPatient
from kyphometer.phantom.scene import Scene, line_integrals, metal_integrals
from kyphometer.phantom.staging import draw_patient, draw_scene, draw_window
from kyphometer.phantom.streams import between, stream
from kyphometer.reading import CornerRule, Reading

METAL_THRESHOLD = 0.1
"""Attenuation of implants above which a pixel belongs to the metal mask."""


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
        Facts for the header: distances, magnification, facing, position, date, patient.
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
        MONOCHROME2 (bone bright) or MONOCHROME1 (stored values inverted).
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
                reference=self.truth.film,
                geometry=self.geometry,
                acquisition=self.acquisition,
                rendering=Rendering(inverted=self.photometric == "MONOCHROME1", bits_stored=BITS),
            ),
            pixels=self.pixels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexposedFilm:
    """What is known of a simulated film before it is exposed; see `SimulatedFilm`."""

    geometry: PixelGeometry
    truth: Reading
    acquisition: Acquisition
    patient: SimulatedPatient
    seed: int


def simulate_film(
    condition: Condition | str,
    seed: int,
    *,
    film_format: FilmFormat | None = None,
    patient: SimulatedPatient | None = None,
    facing: Facing | None = None,
    fractured: bool | None = None,
    photometric: str = "MONOCHROME2",
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
    photometric
        MONOCHROME2 or MONOCHROME1.

    Raises
    ------
    UnknownConditionError
        If no condition has that name.
    """
    chosen = find_condition(condition)
    rng = stream(seed, "film", chosen.name)
    person = patient or draw_patient(chosen, seed, fractured=fractured)
    scene = draw_scene(chosen, person, rng)
    window = draw_window(film_format or FilmFormat(), rng)
    drawn = Facing.LEFT if rng.random() < 0.5 else Facing.RIGHT
    return take_film(scene, window, chosen, seed, facing or drawn, photometric=photometric)


def take_film(
    scene: Scene,
    window: Window,
    condition: Condition,
    seed: int,
    facing: Facing,
    *,
    facts: FilmFacts | None = None,
    photometric: str = "MONOCHROME2",
) -> SimulatedFilm:
    """Expose and develop a film of a scene.

    Parameters
    ----------
    scene, window
        What is seen, and through which part of the detector.
    condition
        Exposure and looks.
    seed
        Seed of noise, look and dressing.
    facing
        Where anterior lies on the finished film.
    facts
        What the header says beyond the geometry.
    photometric
        MONOCHROME2 or MONOCHROME1.
    """
    rng = stream(seed, "exposure", condition.name)
    dressing = draw_dressing(condition, window, stream(seed, "dressing", condition.name))
    attenuation, metal = _attenuation(scene, window, facing)
    pixels = _develop(attenuation, window, condition, dressing, rng)
    if photometric == "MONOCHROME1":
        pixels = (2**BITS - 1 - pixels).astype(np.uint16)
    truth, silhouette = _readings(scene, window, facing, dressing)
    return SimulatedFilm(
        pixels=pixels,
        geometry=_geometry(scene, window),
        truth=truth,
        silhouette=silhouette,
        acquisition=_acquisition(scene, facing, facts or FilmFacts(), dressing),
        patient=scene.patient,
        metal=metal,
        scene=scene,
        window=window,
        condition=condition,
        seed=seed,
        photometric=photometric,
    )


def expose_nothing(
    scene: Scene,
    window: Window,
    condition: Condition,
    seed: int,
    facing: Facing,
    *,
    facts: FilmFacts | None = None,
) -> UnexposedFilm:
    """The truth of the film that `take_film` would make with the same arguments, without pixels."""
    dressing = draw_dressing(condition, window, stream(seed, "dressing", condition.name))
    truth, _ = _readings(scene, window, facing, dressing)
    return UnexposedFilm(
        geometry=_geometry(scene, window),
        truth=truth,
        acquisition=_acquisition(scene, facing, facts or FilmFacts(), dressing),
        patient=scene.patient,
        seed=seed,
    )


def _geometry(scene: Scene, window: Window) -> PixelGeometry:
    """Pixel geometry in the plane of the spine."""
    spacing = window.pitch_mm / scene.beam.magnification
    return PixelGeometry.from_spacing(spacing, spacing, SpacingSource.MAGNIFICATION)


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


def _develop(
    attenuation: Any,
    window: Window,
    condition: Condition,
    dressing: Dressing,
    rng: np.random.Generator,
) -> NDArray[np.uint16]:
    """Stored values, bone bright."""
    add_marker(attenuation, dressing, window)
    exposure = Exposure(
        photons=condition.photons,
        blur_mm=condition.blur_mm,
        scatter=condition.scatter,
        correlated=between(rng, *condition.correlated),
    )
    quanta = expose(attenuation, window.pitch_mm, exposure, rng, shutter(dressing, window))
    processing = Processing(
        look=list(Look)[int(rng.choice(len(Look), p=(0.2, 0.4, 0.4)))],
        gamma=between(rng, *condition.gamma),
        sharpening=between(rng, *condition.sharpening),
        compression=between(rng, *condition.compression),
        reach=between(rng, 1.0, 2.0),
    )
    pixels = develop(quanta, window.pitch_mm, processing)
    black_out(pixels, dressing)
    burn_in(pixels, dressing, window.pitch_mm)
    return pixels if dressing.jpeg_quality is None else compress(pixels, dressing.jpeg_quality)


def _readings(
    scene: Scene, window: Window, facing: Facing, dressing: Dressing
) -> tuple[Reading, Reading]:
    """Truth and silhouette as readings."""
    film = FilmReference(rows=window.rows, columns=window.columns)
    common: dict[str, Any] = {
        "film": film,
        "facing": facing,
        "fractured_levels": scene.patient.fractured_levels,
        "field_px": dressing.field_px,
    }
    column = tuple(placed for placed in scene.column if _is_near(placed, scene, window))
    truth = six_points_px(column, scene.beam, window)
    outer = six_points_px(column, scene.beam, window, silhouette=True)
    if facing is Facing.LEFT:
        for points in (*truth.values(), *outer.values()):
            points[..., 0] = window.columns - points[..., 0]
    return (
        reading_from_points(truth, **common),
        reading_from_points(outer, corner_rule=CornerRule.OUTER_CONTOUR, **common),
    )


def _is_near(placed: PlacedVertebra, scene: Scene, window: Window) -> bool:
    """True if a vertebra lies on the film or within its own size of it."""
    y = float(window.to_pixels(scene.beam.project(placed.pose.centre_mm))[1])
    reach = 45.0 / window.pitch_mm
    return -reach < y < window.rows + reach


def _acquisition(scene: Scene, facing: Facing, facts: FilmFacts, dressing: Dressing) -> Acquisition:
    """What the header should say."""
    return Acquisition(
        modality="DX",
        patient_id=facts.patient_id,
        patient_name=facts.patient_name,
        patient_birth_date=facts.birth_date,
        patient_sex=scene.patient.sex,
        study_date=facts.exposed_at.date() if facts.exposed_at else None,
        exposed_at=facts.exposed_at,
        body_part="TLSPINE",
        view="LL",
        is_lateral=True,
        facing=facing,
        patient_orientation=("P" if facing is Facing.LEFT else "A", "F"),
        position=facts.position,
        source_to_detector_mm=scene.beam.source_detector_mm,
        source_to_patient_mm=scene.beam.source_object_mm,
        magnification=scene.beam.magnification,
        burned_in_annotation=bool(dressing.texts),
        lossy=dressing.jpeg_quality is not None,
        manufacturer="Kyphometer phantom",
        time_point=facts.time_point,
    )
