"""One simulated patient at several visits, and films bent to wanted angles."""

from __future__ import annotations

from datetime import date

import pytest

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import UnreachableAngleError
from kyphometer.film import Position
from kyphometer.geometry import Facing, signed_angle_deg
from kyphometer.phantom import (
    STUDY_VISITS,
    FilmFormat,
    SimulatedFilm,
    TargetAngles,
    VisitPlan,
    simulate_visits,
)

SMALL = FilmFormat(rows=450, columns=240, pitch_mm=0.6)


def angle(film: SimulatedFilm, upper: Level, lower: Level) -> float:
    """Angle from `upper`'s superior to `lower`'s inferior endplate, from the truth reading."""
    u = film.truth.endplate(upper, EndplateSide.SUPERIOR)
    v = film.truth.endplate(lower, EndplateSide.INFERIOR)
    assert u is not None
    assert v is not None
    return signed_angle_deg(u.vector, v.vector, film.facing)


@pytest.mark.parametrize("facing", list(Facing))
@pytest.mark.parametrize("condition", ["clean", "oblique"])
def test_truth_has_the_wanted_angles_at_every_visit(condition: str, facing: Facing) -> None:
    visits = simulate_visits(5, condition=condition, facing=facing, film_format=SMALL)
    assert [visit.plan.name for visit in visits] == [plan.name for plan in STUDY_VISITS]
    for visit in visits:
        targets = visit.plan.targets
        assert angle(visit.film, Level.L1, Level.L1) == pytest.approx(targets.vka_deg, abs=1e-4)
        assert angle(visit.film, Level.T12, Level.L2) == pytest.approx(targets.rka_deg, abs=1e-4)


def test_anatomy_stays_and_the_construct_appears() -> None:
    visits = simulate_visits(6, film_format=SMALL, surgery=date(2023, 1, 10), seed=2)
    before, *after = visits
    assert before.film.scene.construct is None
    assert not before.film.metal.any()
    for visit in after:
        assert visit.film.metal.any()
        assert visit.film.scene.construct == after[0].film.scene.construct
        assert visit.film.patient is before.film.patient
    assert [visit.exposed_on for visit in visits] == [
        date(2023, 1, 7),
        date(2023, 1, 15),
        date(2023, 2, 9),
        date(2023, 7, 11),
    ]
    acquisition = visits[1].film.acquisition
    assert acquisition.exposed_at is not None
    assert acquisition.exposed_at.date() == date(2023, 1, 15)
    assert acquisition.time_point == "discharge"
    assert acquisition.patient_orientation == ("P", "F")  # faces left: rightwards is posterior


def test_lying_down_straightens_an_unfixed_fracture() -> None:
    plans = [
        VisitPlan(name=p.value, day=-2, instrumented=fixed, position=p, targets=TargetAngles())
        for fixed in (False, True)
        for p in (Position.SITTING, Position.SUPINE)
    ]
    films = [v.film for v in simulate_visits(8, plans, film_format=SMALL)]
    rka = [angle(film, Level.T12, Level.L2) for film in films]
    assert rka[0] - rka[1] == pytest.approx(10.8, abs=4.0)  # discs differ by day as well
    assert abs(rka[2] - rka[3]) < abs(rka[0] - rka[1])


def test_an_impossible_wedge_is_refused_by_name() -> None:
    plan = VisitPlan(name="x", day=0, targets=TargetAngles(vka_deg=70.0))
    with pytest.raises(UnreachableAngleError, match="L1 cannot be bent to VKA"):
        simulate_visits(5, [plan], film_format=SMALL)
