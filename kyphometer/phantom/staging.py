"""Who is filmed and how they stand: patients, stances and beams drawn for a condition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.phantom.beam import Beam, Window
from kyphometer.phantom.column import Stance, place_column
from kyphometer.phantom.conditions import Condition
from kyphometer.phantom.formats import FilmFormat
from kyphometer.phantom.fractures import FractureKind, fracture
from kyphometer.phantom.implants import Construct, Leak, plan_construct
from kyphometer.phantom.patient import SimulatedPatient, simulate_patient
from kyphometer.phantom.scene import Scene
from kyphometer.phantom.soft_tissue import Surroundings
from kyphometer.phantom.streams import between, stream

FRACTURE_LEVELS = (Level.T11, Level.T12, Level.L1, Level.L2)
"""Where fractures are put unless asked otherwise: the thoracolumbar junction."""


def draw_patient(condition: Condition, seed: int, *, fractured: bool | None) -> SimulatedPatient:
    """A patient as the condition wants them: bone density, osteophytes, perhaps a fracture."""
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
    levels = FRACTURE_LEVELS if condition.any_level is False else person.levels[5:-2]
    for _ in range(1 + int(rng.random() < condition.second_fracture)):
        level = levels[int(rng.integers(len(levels)))]
        kind = list(FractureKind)[int(rng.choice(4, p=[0.5, 0.15, 0.15, 0.2]))]
        severity = between(rng, 0.12, 0.55)
        broken_body = fracture(
            bodies[level], kind, severity, rng, superior_share=condition.superior_share
        )
        person = person.with_fracture(broken_body)
    return person


def _turn(sd: float, size: tuple[float, float] | None, rng: np.random.Generator) -> float:
    """An angle around zero, or of a size within a range and either sign."""
    if size is None:
        return sd * float(rng.standard_normal())
    return between(rng, *size) * (1.0 if rng.random() < 0.5 else -1.0)


def draw_stance(
    condition: Condition, patient: SimulatedPatient, centre: Level, rng: np.random.Generator
) -> Stance:
    """How the patient is held, with that level near the middle of the film."""
    levels = patient.levels
    return Stance(
        centre=centre,
        at_mm=(between(rng, -6, 20), between(rng, -25, 25), between(rng, -10, 10)),
        pitch_deg=-9.0 + 6.0 * float(np.clip(rng.standard_normal(), -2.5, 2.5)),
        tilt_deg=_turn(condition.tilt_sd_deg, condition.tilt_range_deg, rng),
        axial_deg=_turn(condition.axial_sd_deg, condition.axial_range_deg, rng),
        tilt_per_level_deg=0.35 * float(rng.standard_normal()),
        axial_per_level_deg=0.35 * float(rng.standard_normal()),
        tilt_jitter_deg={level: 0.6 * float(rng.standard_normal()) for level in levels},
        axial_jitter_deg={level: 0.8 * float(rng.standard_normal()) for level in levels},
    )


def draw_beam(rng: np.random.Generator) -> Beam:
    """A source distance between 900 and 1800 mm and a realistic gap to the detector."""
    sid = between(rng, 900, 1800)
    gap = between(rng, 130, 0.22 * sid)
    return Beam(source_detector_mm=sid, source_object_mm=sid - gap)


def draw_surroundings(condition: Condition, rng: np.random.Generator) -> Surroundings:
    """Soft tissue that differs from film to film."""
    return Surroundings(
        clutter=condition.clutter * between(rng, 0.7, 1.3),
        breath=between(rng, -15, 20),
        seed=int(rng.integers(2**31)),
    )


def draw_construct(patient: SimulatedPatient, centre: Level, rng: np.random.Generator) -> Construct:
    """A construct as used in osteoporotic spines; cement leaks in one of five."""
    leaks = (list(Leak)[int(rng.integers(len(Leak)))],) if rng.random() < 0.2 else ()
    return plan_construct(
        patient,
        centre,
        augmented=bool(rng.random() < 0.8),
        leaks=leaks,
        seed=int(rng.integers(2**31)),
    )


def draw_scene(condition: Condition, patient: SimulatedPatient, rng: np.random.Generator) -> Scene:
    """A patient placed as the condition wants it."""
    drawn = FRACTURE_LEVELS[int(rng.integers(len(FRACTURE_LEVELS)))]
    centre = next(iter(patient.fractured_levels), drawn)
    beam = draw_beam(rng)
    stance = draw_stance(condition, patient, centre, rng)
    surroundings = draw_surroundings(condition, rng)
    construct = None
    if rng.random() < condition.instrumented:
        construct = draw_construct(patient, centre, rng)
    bodies = {level: patient.body(level) for level in patient.levels}
    return Scene(
        patient=patient,
        column=place_column(bodies, patient.discs, stance),
        beam=beam,
        surroundings=surroundings,
        construct=construct,
    )


def draw_window(film_format: FilmFormat, rng: np.random.Generator) -> Window:
    """Where the detector is against the central ray."""
    return Window(
        left_mm=-film_format.columns * film_format.pitch_mm / 2 + between(rng, -12, 12),
        top_mm=-film_format.rows * film_format.pitch_mm / 2 + between(rng, -20, 20),
        rows=film_format.rows,
        columns=film_format.columns,
        pitch_mm=film_format.pitch_mm,
    )
