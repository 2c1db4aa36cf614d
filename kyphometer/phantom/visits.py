"""One simulated patient at several visits: the same anatomy, a new pose, a correction and its loss.

After surgery the fractured body stands up again and the discs follow; screws, rods and cement stay
with their vertebrae from film to film.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from kyphometer.anatomy import Level
from kyphometer.film import Position
from kyphometer.geometry import Facing
from kyphometer.phantom.beam import Beam, Window
from kyphometer.phantom.body import BodyShape
from kyphometer.phantom.column import Stance, place_column
from kyphometer.phantom.conditions import Condition, find_condition
from kyphometer.phantom.formats import FilmFacts, FilmFormat
from kyphometer.phantom.fractures import FractureKind, fracture
from kyphometer.phantom.implants import Construct, Leak, plan_construct
from kyphometer.phantom.patient import Disc, SimulatedPatient
from kyphometer.phantom.posture import posture_shift_deg
from kyphometer.phantom.scene import Scene
from kyphometer.phantom.simulate import SimulatedFilm, UnexposedFilm, expose_nothing, take_film
from kyphometer.phantom.staging import (
    draw_beam,
    draw_patient,
    draw_stance,
    draw_surroundings,
    draw_window,
)
from kyphometer.phantom.streams import between, stream
from kyphometer.phantom.targets import TargetAngles, bend_to

SURGERY = date(2024, 3, 4)
"""Day 0 unless stated otherwise."""

NO_TARGET = TargetAngles()
"""Angles as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPlan:
    """What is wanted at one visit.

    Attributes
    ----------
    name
        Name of the visit.
    day
        Days after surgery; negative before.
    targets
        Angles that truth has on the film.
    instrumented
        Whether the construct is in place.
    position
        How the patient is held. Stated targets hold as they are; without a target, the angles
        shift as local kyphosis does with posture.
    """

    name: str
    day: int
    targets: TargetAngles = NO_TARGET
    instrumented: bool = True
    position: Position = Position.STANDING


STUDY_VISITS: tuple[VisitPlan, ...] = (
    VisitPlan(
        name="pre-op",
        day=-3,
        targets=TargetAngles(vka_deg=18.3, rka_deg=20.8),
        instrumented=False,
    ),
    VisitPlan(name="discharge", day=5, targets=TargetAngles(vka_deg=11.4, rka_deg=12.4)),
    VisitPlan(name="1 month", day=30, targets=TargetAngles(vka_deg=12.0, rka_deg=13.1)),
    VisitPlan(name="6 months", day=182, targets=TargetAngles(vka_deg=12.8, rka_deg=14.0)),
)
"""Pre-op to 6 months with the published means at both ends; between them, assumed values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedVisit:
    """A visit and its film.

    Attributes
    ----------
    plan
        What was wanted.
    exposed_on
        Date of the film.
    film
        The film with its truth.
    """

    plan: VisitPlan
    exposed_on: date
    film: SimulatedFilm


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexposedVisit:
    """A visit with the truth of its film, but without pixels."""

    plan: VisitPlan
    exposed_on: date
    film: UnexposedFilm


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pose:
    """A visit ready to be filmed."""

    plan: VisitPlan
    exposed_on: date
    scene: Scene
    window: Window
    facts: FilmFacts
    exposure_seed: int


def simulate_visits(
    patient: SimulatedPatient | int,
    plans: Sequence[VisitPlan] = STUDY_VISITS,
    *,
    condition: Condition | str = "clean",
    fractured: Level = Level.L1,
    seed: int = 0,
    film_format: FilmFormat | None = None,
    facing: Facing = Facing.LEFT,
    surgery: date = SURGERY,
    patient_id: str | None = None,
    leaks: Sequence[Leak] = (),
) -> tuple[SimulatedVisit, ...]:
    """Films of one patient at several visits.

    Parameters
    ----------
    patient
        Anatomy, or the seed of one.
    plans
        Visits with the angles wanted at each.
    condition
        Exposure, obliquity and bone; its `instrumented` is ignored, the plans decide.
    fractured
        The fractured level; a wedge fracture is made there if the patient has none.
    seed
        Seed of poses and exposures.
    film_format
        Size of the films.
    facing
        Where anterior lies on every film.
    surgery
        Day 0.
    patient_id
        Identity in the header; derived from the patient's seed if None.
    leaks
        Cement leaks of the construct.

    Raises
    ------
    UnreachableAngleError
        If a wanted angle cannot be reached.
    """
    chosen = find_condition(condition)
    poses = _poses(patient, plans, chosen, fractured, seed, film_format, surgery, patient_id, leaks)
    return tuple(
        SimulatedVisit(
            plan=pose.plan,
            exposed_on=pose.exposed_on,
            film=take_film(
                pose.scene, pose.window, chosen, pose.exposure_seed, facing, facts=pose.facts
            ),
        )
        for pose in poses
    )


def simulate_visit_truth(
    patient: SimulatedPatient | int,
    plans: Sequence[VisitPlan] = STUDY_VISITS,
    *,
    condition: Condition | str = "clean",
    fractured: Level = Level.L1,
    seed: int = 0,
    film_format: FilmFormat | None = None,
    facing: Facing = Facing.LEFT,
    surgery: date = SURGERY,
    patient_id: str | None = None,
    leaks: Sequence[Leak] = (),
) -> tuple[UnexposedVisit, ...]:
    """The truth of the films that `simulate_visits` would make, without making them.

    Endplates, geometry and header facts are the same; it takes milliseconds, since nothing is
    exposed. Parameters are those of `simulate_visits`.

    Raises
    ------
    UnreachableAngleError
        If a wanted angle cannot be reached.
    """
    chosen = find_condition(condition)
    poses = _poses(patient, plans, chosen, fractured, seed, film_format, surgery, patient_id, leaks)
    return tuple(
        UnexposedVisit(
            plan=pose.plan,
            exposed_on=pose.exposed_on,
            film=expose_nothing(
                pose.scene, pose.window, chosen, pose.exposure_seed, facing, facts=pose.facts
            ),
        )
        for pose in poses
    )


def _poses(
    patient: SimulatedPatient | int,
    plans: Sequence[VisitPlan],
    condition: Condition,
    fractured: Level,
    seed: int,
    film_format: FilmFormat | None,
    surgery: date,
    patient_id: str | None,
    leaks: Sequence[Leak],
) -> list[_Pose]:
    """The patient posed at each visit."""
    person = _person(patient, condition, fractured)
    construct = plan_construct(person, fractured, leaks=leaks, seed=seed)
    beam = draw_beam(stream(seed, "room", person.seed))
    return [
        _pose(
            person,
            plan,
            condition=condition,
            fractured=fractured,
            construct=construct if plan.instrumented else None,
            room=beam,
            seed=seed,
            film_format=film_format or FilmFormat(),
            exposed_on=surgery + timedelta(days=plan.day),
            patient_id=patient_id or f"SIM{person.seed:04d}",
        )
        for plan in plans
    ]


def _person(
    patient: SimulatedPatient | int, condition: Condition, fractured: Level
) -> SimulatedPatient:
    """A patient with a fracture at that level."""
    person = (
        patient
        if isinstance(patient, SimulatedPatient)
        else draw_patient(condition, patient, fractured=False)
    )
    if fractured in person.fractures:
        return person
    rng = stream(person.seed, "fracture", fractured)
    severity = between(rng, 0.25, 0.4)
    body = fracture(person.bodies[fractured], FractureKind.WEDGE, severity, rng)
    return person.with_fracture(body)


def _pose(
    person: SimulatedPatient,
    plan: VisitPlan,
    *,
    condition: Condition,
    fractured: Level,
    construct: Construct | None,
    room: Beam,
    seed: int,
    film_format: FilmFormat,
    exposed_on: date,
    patient_id: str,
) -> _Pose:
    """One visit: pose and bend."""
    rng = stream(seed, "visit", person.seed, plan.name, plan.day)
    stance = draw_stance(condition, person, fractured, rng)
    bodies, discs = _bent(person, plan, stance, room, fractured, rng)
    scene = Scene(
        patient=person,
        column=place_column(bodies, discs, stance),
        beam=room,
        surroundings=draw_surroundings(condition, rng),
        construct=construct,
    )
    moment = datetime.combine(exposed_on, time(9 + int(rng.integers(8)), 30), tzinfo=UTC)
    surgery = exposed_on - timedelta(days=plan.day)
    facts = FilmFacts(
        position=plan.position,
        exposed_at=moment,
        time_point=plan.name,
        patient_id=patient_id,
        patient_name=f"Simulated^{patient_id}",
        birth_date=date(surgery.year - person.age_years, 1 + person.seed % 12, 15),
    )
    window = draw_window(film_format, rng)
    return _Pose(
        plan=plan,
        exposed_on=exposed_on,
        scene=scene,
        window=window,
        facts=facts,
        exposure_seed=int(rng.integers(2**62)),
    )


def _bent(
    person: SimulatedPatient,
    plan: VisitPlan,
    stance: Stance,
    beam: Beam,
    fractured: Level,
    rng: np.random.Generator,
) -> tuple[dict[Level, BodyShape], dict[Level, Disc]]:
    """Bodies and discs of that day, with the wanted angles."""
    bodies = {level: person.body(level) for level in person.levels}
    discs = {
        level: replace(disc, angle_deg=disc.angle_deg + 0.6 * float(rng.standard_normal()))
        for level, disc in person.discs.items()
    }
    shift = posture_shift_deg(plan.position, instrumented=plan.instrumented)
    if plan.targets.rka_deg is None:
        above = person.levels[person.levels.index(fractured) - 1]
        for level in (above, fractured):
            discs[level] = replace(discs[level], angle_deg=discs[level].angle_deg + shift / 2)
    return bend_to(bodies, discs, stance, beam, fractured, plan.targets)
