from dataclasses import replace

import pytest
from builders import column, mark
from hypothesis import given
from hypothesis import strategies as st

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.errors import FacingError
from kyphometer.film import FilmReference
from kyphometer.geometry import Facing, PixelGeometry, Point
from kyphometer.measure import measure_reading
from kyphometer.reading import Endplate, Reading, Vertebra
from kyphometer.reading.checks import check_reading
from kyphometer.reading.facing import derive_facing
from kyphometer.reading.findings import Severity

SPACING = PixelGeometry.from_spacing(0.16, 0.16)
GOOD = {"T12": (5, 3), "L1": (12, -8), "L2": (-9, -11)}


def swapped(plate: Endplate) -> Endplate:
    return replace(plate, anterior=plate.posterior, posterior=plate.anterior)


def with_plate(reading: Reading, level: str, side: str, plate: Endplate) -> Reading:
    vertebra = reading.vertebrae[Level(level)]
    return reading.with_vertebra(replace(vertebra, **{side: plate}))


def moved(plate: Endplate, dx: float, dy: float) -> Endplate:
    def shift(landmark):
        return replace(landmark, xy=Point(landmark.xy.x + dx, landmark.xy.y + dy))

    return replace(plate, anterior=shift(plate.anterior), posterior=shift(plate.posterior))


@pytest.mark.parametrize("facing", list(Facing))
def test_facing_is_told_by_the_marks(facing):
    assert derive_facing(column(GOOD, facing=facing)) is facing


@given(st.floats(-180, 180), st.sampled_from(list(Facing)))
def test_facing_does_not_depend_on_rotation(degrees, facing):
    import math

    a = math.radians(degrees)

    def turn(landmark):
        x, y = landmark.xy.x - 500, landmark.xy.y - 500
        point = Point(
            x * math.cos(a) - y * math.sin(a) + 500, x * math.sin(a) + y * math.cos(a) + 500
        )
        return replace(landmark, xy=point)

    def turn_plate(plate):
        return replace(plate, anterior=turn(plate.anterior), posterior=turn(plate.posterior))

    reading = column(GOOD, facing=facing)
    rotated = replace(
        reading,
        vertebrae={
            level: Vertebra(
                level=level, superior=turn_plate(v.superior), inferior=turn_plate(v.inferior)
            )
            for level, v in reading.vertebrae.items()
        },
    )
    assert derive_facing(rotated) is facing


def test_the_vertebra_that_faces_the_other_way_is_named():
    reading = column(GOOD)
    odd = reading.vertebrae[Level.L1]
    reading = reading.with_vertebra(
        replace(odd, superior=swapped(odd.superior), inferior=swapped(odd.inferior))
    )
    with pytest.raises(FacingError, match="L1 faces the other way than T12, L2"):
        derive_facing(reading)


def test_stored_facing_must_agree_with_the_marks():
    reading = replace(column(GOOD), facing=Facing.LEFT)
    with pytest.raises(FacingError, match=r"image left.*\(T12, L1, L2\) say right"):
        derive_facing(reading)


def test_a_header_against_the_marks_is_refused_unless_the_observer_decided():
    reading = column(GOOD, facing=Facing.RIGHT)
    with pytest.raises(FacingError, match="PatientOrientation puts anterior at image left"):
        derive_facing(reading, header=Facing.LEFT)
    decided = replace(reading, facing=Facing.RIGHT)
    assert derive_facing(decided, header=Facing.LEFT) is Facing.RIGHT


def test_one_endplate_does_not_tell_facing():
    plate = column({"L1": (5, 3)}).vertebrae[Level.L1].superior
    lone = Reading(
        film=FilmReference(rows=4000, columns=1000),
        vertebrae={Level.L1: Vertebra(level=Level.L1, superior=plate)},
    )
    with pytest.raises(FacingError, match="cannot be told from one endplate"):
        derive_facing(lone)
    assert derive_facing(lone, header=Facing.LEFT) is Facing.LEFT
    assert derive_facing(replace(lone, facing=Facing.RIGHT)) is Facing.RIGHT


def test_single_endplates_of_several_vertebrae_tell_facing():
    """RKA alone needs only T12 superior and L2 inferior."""
    whole = column(GOOD, facing=Facing.LEFT).vertebrae
    reading = Reading(
        film=FilmReference(rows=4000, columns=1000),
        vertebrae={
            Level.T12: replace(whole[Level.T12], inferior=None),
            Level.L2: replace(whole[Level.L2], superior=None),
        },
    )
    assert derive_facing(reading) is Facing.LEFT


def test_a_good_reading_has_no_findings():
    for facing in Facing:
        assert check_reading(column(GOOD, facing=facing, middle_depth=5), SPACING) == ()


def only_error(reading, geometry=SPACING):
    errors = [f for f in check_reading(reading, geometry) if f.severity is Severity.ERROR]
    assert errors, "no error found"
    return str(errors[0])


def test_corners_in_one_place():
    plate = column(GOOD).vertebrae[Level.L1].superior
    reading = with_plate(column(GOOD), "L1", "superior", replace(plate, anterior=plate.posterior))
    assert "L1 superior endplate: both corners are in one place" in only_error(reading)


def test_corners_outside_the_film():
    plate = moved(column(GOOD).vertebrae[Level.L1].superior, 450, 0)
    text = only_error(with_plate(column(GOOD), "L1", "superior", plate))
    assert "L1 superior endplate, anterior corner" in text
    assert "outside the film of 1000 x 4000" in text


def test_one_swapped_endplate():
    plate = swapped(column(GOOD).vertebrae[Level.L1].inferior)
    text = only_error(with_plate(column(GOOD), "L1", "inferior", plate))
    assert text.startswith("L1: its endplates run in opposite directions")


def test_crossed_endplates():
    vertebra = column(GOOD).vertebrae[Level.L1]
    a, b = vertebra.superior, vertebra.inferior
    reading = column(GOOD).with_vertebra(
        replace(
            vertebra,
            superior=replace(a, posterior=b.posterior),
            inferior=replace(b, posterior=a.posterior),
        )
    )
    assert only_error(reading).startswith("L1: its superior and inferior endplates cross")


def test_swapped_superior_and_inferior():
    vertebra = column(GOOD).vertebrae[Level.L1]
    reading = column(GOOD).with_vertebra(
        replace(vertebra, superior=vertebra.inferior, inferior=vertebra.superior)
    )
    assert "L1: its superior endplate lies caudal of its inferior" in only_error(reading)


def test_swapped_levels():
    reading = column(GOOD)
    one, two = reading.vertebrae[Level.T12], reading.vertebrae[Level.L1]
    reading = reading.with_vertebra(replace(one, level=Level.L1))
    reading = reading.with_vertebra(replace(two, level=Level.T12))
    assert "T12 and L1: L1 lies cranial of T12" in only_error(reading)


def warnings_of(reading):
    return [str(f) for f in check_reading(reading, SPACING) if f.severity is Severity.WARNING]


def test_a_skipped_vertebra_is_noticed():
    """The label after a gap the size of a vertebra is off by one."""
    reading = column({"T12": (5, 3), "L1": (2, -2), "L2": (-9, -11)})
    gap = {
        Level.T12: reading.vertebrae[Level.T12],
        Level.L1: replace(reading.vertebrae[Level.L2], level=Level.L1),
    }
    assert any(
        "may have been skipped" in text for text in warnings_of(replace(reading, vertebrae=gap))
    )


def test_a_label_without_room_is_noticed():
    reading = column({"T12": (5, 3), "L2": (2, -2)})
    assert any("off by one" in text for text in warnings_of(reading))


def test_a_middle_point_beside_the_endplate_is_noticed():
    plate = column(GOOD).vertebrae[Level.L1].superior
    far = replace(plate, middle=mark(plate.posterior.xy.x - 50, plate.posterior.xy.y))
    assert any(
        "middle point does not lie between" in text
        for text in warnings_of(with_plate(column(GOOD), "L1", "superior", far))
    )


def test_sides_have_names():
    assert str(EndplateSide.SUPERIOR) == "superior"


def test_a_finding_names_the_corners_to_look_at():
    plate = swapped(column(GOOD).vertebrae[Level.L1].inferior)
    found = check_reading(with_plate(column(GOOD), "L1", "inferior", plate), SPACING)[0]
    sides = (EndplateSide.SUPERIOR, EndplateSide.INFERIOR)
    names = ("anterior", "posterior")
    assert set(found.corners) == {(Level.L1, side, name) for side in sides for name in names}


@given(st.floats(-400, 400), st.floats(-400, 400), st.sampled_from(["superior", "inferior"]))
def test_corners_of_findings_are_marked_and_of_their_levels(dx, dy, side):
    plate = getattr(column(GOOD).vertebrae[Level.L1], side)
    reading = with_plate(column(GOOD), "L1", side, moved(plate, dx, dy))
    marked = {(level, part, name) for level, part, name, _ in reading.landmarks()}
    for finding in check_reading(reading, SPACING):
        assert finding.corners
        assert set(finding.corners) <= marked
        assert {level for level, _, _ in finding.corners} == set(finding.levels)


def test_a_vertebra_without_endplates_counts_as_not_marked():
    marked = column({"L1": (3, 1)}, fractured=("L1",))
    empty = marked.with_vertebra(Vertebra(level=Level.L2))
    assert check_reading(empty, SPACING) == check_reading(marked, SPACING)
    assert measure_reading(empty, SPACING).get("VKA") == measure_reading(marked, SPACING).get("VKA")


def test_measured_numbers_keep_the_findings_of_their_marks():
    reading = column({"T12": (5, 3), "L1": (60, -8), "L2": (-9, -11)}, fractured=("L1",))
    measured = measure_reading(reading, SPACING, strict=False)
    assert measured.findings == check_reading(reading, SPACING) != ()
    assert measured.warnings[: len(measured.findings)] == tuple(
        str(item) for item in measured.findings if item.severity is Severity.WARNING
    )


def test_live_results_look_at_the_marks_once(monkeypatch):
    """Counted where the check is called, not replaced: every call still does its work."""
    from kyphometer.measure import measure
    from kyphometer.web.views import measurements

    calls = []

    def counted(*args, **options):
        calls.append(1)
        return check_reading(*args, **options)

    monkeypatch.setattr(measure, "check_reading", counted)
    monkeypatch.setattr(measurements, "check_reading", counted)
    reading = column(GOOD, fractured=("L1",))
    answer = measurements.measure_answer(reading, SPACING, None, 0.75)
    assert len(answer.measurements) > 3
    assert calls == [1]
