"""The network of changes: its file and card, what it must not depend on, what it is worth."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from endplates_films import FORMAT

from kyphometer.anatomy import EndplateSide, Level
from kyphometer.carry import carry_over, change_with_uncertainty
from kyphometer.carry.change_model import NAME, TurnUncertainty, change_model
from kyphometer.endplates import refine_reading
from kyphometer.endplates.crop import CROP_DEPTHS, CROP_PIXELS
from kyphometer.endplates.model import FOLDER
from kyphometer.errors import ModelFileError
from kyphometer.geometry import Point, signed_angle_deg
from kyphometer.measure import measure_reading
from kyphometer.phantom import simulate_visits
from kyphometer.phantom.targets import TargetAngles
from kyphometer.phantom.visits import VisitPlan
from kyphometer.reading import Landmark

UP, LOW = EndplateSide
VKA = ((Level.L1, UP), (Level.L1, LOW))
RKA = ((Level.T12, UP), (Level.L2, LOW))
PLANS = (
    VisitPlan(name="pre-op", day=-3, instrumented=False, targets=TargetAngles(vka_deg=17.0)),
    VisitPlan(name="discharge", day=5, targets=TargetAngles(vka_deg=9.0)),
)


def crops(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.5, (2, CROP_PIXELS, CROP_PIXELS)).astype(np.float32)


def whole(reading):
    bodies = {level: b for level, b in reading.vertebrae.items() if len(b.endplates) == 2}
    return replace(reading, vertebrae=bodies)


def mirrored(film, reading):
    """Film and reading as seen from the other side."""
    width = film.pixels.shape[1]

    def mark(landmark):
        return replace(landmark, xy=Point(width - landmark.xy.x, landmark.xy.y))

    def plate(endplate):
        return replace(
            endplate,
            anterior=mark(endplate.anterior),
            posterior=mark(endplate.posterior),
            middle=None,
        )

    bodies = {
        level: replace(body, superior=plate(body.superior), inferior=plate(body.inferior))
        for level, body in reading.vertebrae.items()
    }
    other = reading.facing.opposite
    pixels = np.ascontiguousarray(film.pixels[:, ::-1])
    return (
        replace(film, pixels=pixels),
        replace(reading, vertebrae=bodies, facing=other),
    )


def placed(plate):
    """The endplate as an observer would have marked it."""
    marks = {name: Landmark(xy=getattr(plate, name).xy) for name in ("anterior", "posterior")}
    return replace(plate, **marks)


@pytest.fixture(scope="module")
def pair():
    made = simulate_visits(7011, PLANS, fractured=Level.L1, seed=7011, film_format=FORMAT)
    return [(visit.film.film, whole(visit.film.truth)) for visit in made]


def test_card_belongs_to_the_file_and_both_networks_stay_small():
    facts = json.loads((FOLDER / f"{NAME}.json").read_text())
    file = (FOLDER / f"{NAME}.onnx").read_bytes()
    assert facts["sha256"] == hashlib.sha256(file).hexdigest()
    assert facts["crop"] == {"pixels": CROP_PIXELS, "channels": 2, "depths": CROP_DEPTHS}
    assert facts["largest_difference"] < 1e-4
    for kind in ("intact", "fractured"):
        for name in ("turn_deg", "wedge_deg"):
            assert (np.diff(facts["calibration"][kind][name]["honest"]) >= 0).all()
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 5_000_000


def test_the_way_back_is_the_opposite_of_the_way_there():
    first, second = crops(1), crops(2)
    there, back = change_model().compare(first, second), change_model().compare(second, first)
    np.testing.assert_allclose(there.before, back.after, atol=1e-6)
    np.testing.assert_allclose(there.said_sd_deg, back.said_sd_deg, rtol=1e-5)
    same = change_model().compare(first, first)
    np.testing.assert_allclose(same.before, same.after, atol=1e-6)


def test_correlation_of_the_lines_follows_from_the_wedges_uncertainty():
    known = TurnUncertainty(line_sd_deg=(0.3, 0.4), wedge_sd_deg=0.5)
    assert known.shared == pytest.approx(0.0, abs=1e-12)
    assert replace(known, wedge_sd_deg=0.1).shared == pytest.approx(0.95)
    assert replace(known, wedge_sd_deg=0.7).shared == pytest.approx(-0.95)


def test_missing_network_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr("kyphometer.endplates.model.FOLDER", tmp_path)
    with pytest.raises(ModelFileError):
        change_model.__wrapped__()


def test_nothing_changed_between_a_film_and_itself(pair):
    film, truth = pair[0]
    carried = carry_over(film, truth, film)
    for lines in (VKA, RKA):
        assert change_with_uncertainty(carried, *lines).change_deg == pytest.approx(0.0, abs=0.05)


def test_change_is_the_same_seen_from_the_other_side(pair):
    (before, read), (after, _) = pair
    straight = carry_over(before, read, after)
    turned_film, turned_reading = mirrored(before, read)
    turned = carry_over(
        turned_film, turned_reading, mirrored(after, read)[0], facing=turned_reading.facing
    )
    for lines in (VKA, RKA):
        one, other = (change_with_uncertainty(c, *lines) for c in (straight, turned))
        # a mirrored film is sampled anew: less than a third of the SD of the change
        assert one.change_deg == pytest.approx(other.change_deg, abs=one.standard_uncertainty / 3)
        assert one.standard_uncertainty == pytest.approx(other.standard_uncertainty, rel=0.1)


def test_a_carried_angle_is_as_uncertain_as_the_earlier_one_and_the_change(pair):
    (before, truth), (after, _) = pair
    read = refine_reading(before, truth, levels=[Level.L1]).reading
    carried = carry_over(before, read, after)
    measured = [
        measure_reading(r, film.geometry, codes=["VKA"]).get("VKA").standard_uncertainty
        for r, film in ((read, before), (carried.reading, after))
    ]
    a, b = carried.vertebra(Level.L1).line_change_sd_deg
    assert measured[1] ** 2 == pytest.approx(measured[0] ** 2 + a**2 + b**2, rel=0.15)


def test_a_mark_carried_from_a_hand_placed_one_counts_as_hand_placed(pair):
    (before, truth), (after, _) = pair
    by_hand = replace(
        truth,
        vertebrae={
            level: replace(body, superior=placed(body.superior), inferior=placed(body.inferior))
            for level, body in truth.vertebrae.items()
        },
    )
    carried = carry_over(before, by_hand, after).reading
    assert {mark.covariance for *_, mark in carried.landmarks()} == {None}
    measured = [
        measure_reading(r, film.geometry, codes=["VKA"]).get("VKA").standard_uncertainty
        for r, film in ((by_hand, before), (carried, after))
    ]
    assert measured[1] == pytest.approx(measured[0], rel=0.1)


def test_change_is_known_better_than_from_two_assisted_readings():
    """Errors of VKA and RKA over several patients, against the simulator's truth."""
    carried_miss, apart_miss = [], []
    for seed in range(7020, 7028):
        visits = simulate_visits(seed, PLANS, fractured=Level.L1, seed=seed, film_format=FORMAT)
        films = [(visit.film.film, whole(visit.film.truth)) for visit in visits]
        read = [refine_reading(film, truth).reading for film, truth in films]
        carried = carry_over(films[0][0], read[0], films[1][0])
        for upper, lower in (VKA, RKA):
            angles = [
                signed_angle_deg(r.endplate(*upper).vector, r.endplate(*lower).vector, r.facing)
                for r in (*read, *(truth for _, truth in films))
            ]
            true = angles[3] - angles[2]
            apart_miss.append(angles[1] - angles[0] - true)
            change = change_with_uncertainty(carried, upper, lower)
            carried_miss.append(change.change_deg - true)
    assert np.std(carried_miss) < 0.9 * np.std(apart_miss)
    assert np.std(carried_miss) < 0.6
