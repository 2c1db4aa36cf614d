"""Carry-over through the server: near a simulated truth, own marks untouched."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from datetime import date

import pytest
from endplates_films import FORMAT
from web_fakes import MemoryStore, film_record
from web_local import sentence, visitor

from kyphometer.anatomy import Level
from kyphometer.dicom.write import write_dx
from kyphometer.phantom import simulate_visits
from kyphometer.phantom.targets import TargetAngles
from kyphometer.phantom.visits import VisitPlan
from kyphometer.reading.document import film_to_dict, reading_from_dict, reading_to_dict
from kyphometer.web.reader.agreement import Agreement

PLANS = (
    VisitPlan(name="pre-op", day=-3, instrumented=False, targets=TargetAngles(vka_deg=18.0)),
    VisitPlan(name="discharge", day=5, targets=TargetAngles(vka_deg=10.0)),
)
TRUE_CHANGE_DEG = -8.0


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    """Two films of a patient on disk, and the reading of the first as an observer would mark it."""
    folder = tmp_path_factory.mktemp("visits")
    made = simulate_visits(7005, PLANS, fractured=Level.L1, seed=7005, film_format=FORMAT)
    films = [visit.film for visit in made]
    records = []
    for number, film in enumerate(films, 1):
        path = folder / f"film{number}.dcm"
        uid = write_dx(film.film, path, seed=f"carry {number}")
        rows, columns = film.film.shape
        spacing = film.film.geometry
        records.append(
            film_record(
                number,
                path,
                rows=rows,
                columns=columns,
                row_mm=spacing.row_mm,
                column_mm=spacing.column_mm,
                patient="P1",
                position="standing",
                sop_instance_uid=uid,
                sha256_pixels=film.film.sha256_pixels,
                taken_on=date(2025, 1, number),
            )
        )
    whole = {
        level: body
        for level, body in films[0].truth.vertebrae.items()
        if body.superior and body.inferior
    }
    first = replace(films[0].truth, vertebrae=whole, observer="KN", film=records[0].reference)
    return records, films, first


@pytest.fixture
def store(visits):
    records, _, first = visits
    made = MemoryStore(records)
    made.save_reading(first, 1, "KN", base_version=0)
    return made


@pytest.fixture
def client(store):
    return visitor(store)


EMPTY = {
    "format": "kyphometer-reading",
    "version": 1,
    "film": {"rows": 1, "columns": 1},
    "vertebrae": {},
    "draft": {"armed": None},
}


def carry(client, document, origin="1", film=2):
    body = {"document": document, "from": origin}
    return client.post(f"/api/films/{film}/carry-over", json=body)


def test_proposals_lie_near_the_truth_and_are_not_confirmed_by_themselves(client, visits, store):
    records, films, _ = visits
    answer = carry(client, EMPTY)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert len(body["carried"]) >= 4
    assert body["document"]["fractured_levels"] == ["L1"]
    assert body["document"]["draft"] == {"armed": None}
    truth = reading_to_dict(films[1].truth)["vertebrae"]
    for level in body["carried"]:
        for side, plate in body["document"]["vertebrae"][level].items():
            for corner in ("anterior", "posterior"):
                miss = math.dist(plate[corner]["xy"], truth[level][side][corner]["xy"])
                assert miss * records[1].column_mm < 2.0
                assert plate[corner]["source"] == "carried"
    assert store.latest_reading(2, "KN") is None
    assert all(sentence(note) for note in body["notes"])


def change_of(client, document, code="VKA"):
    measured = client.post("/api/films/2/measure", json={"document": document}).json()
    return next(item for item in measured["change"] if item["code"] == code)


def test_the_change_is_known_better_while_the_proposals_are_untouched(client):
    document = carry(client, EMPTY).json()["document"]
    known = change_of(client, document)
    assert known["uncertainty_source"] == "marks carried over"
    assert known["change"] == pytest.approx(
        TRUE_CHANGE_DEG, abs=max(3 * known["standard_uncertainty"], 1.0)
    )
    moved = copy.deepcopy(document)
    mark = moved["vertebrae"]["L1"]["superior"]["anterior"]
    moved["vertebrae"]["L1"]["superior"]["anterior"] = {"xy": mark["xy"], "source": "hand"}
    assert change_of(client, moved)["uncertainty_source"] == "independent readings"
    forged = copy.deepcopy(document)
    forged["carried_over"]["L1"]["from"]["frame"] = 7
    assert change_of(client, forged)["uncertainty_source"] == "independent readings"


def test_what_is_known_is_kept_with_the_confirmed_reading(client, store):
    document = carry(client, EMPTY).json()["document"]
    answer = client.post("/api/films/2/reading", json={"document": document, "base": "0."})
    assert answer.status_code == 200, answer.text
    kept = store.latest_reading(2, "KN").document["carried_over"]
    assert kept == document["carried_over"]
    assert set(kept) == set(document["vertebrae"])
    read = client.get("/api/films/2/document").json()["document"]
    assert change_of(client, read)["uncertainty_source"] == "marks carried over"


def test_a_second_carry_over_leaves_what_is_known_of_the_first(client):
    first = carry(client, EMPTY).json()["document"]
    partly = copy.deepcopy(first)
    del partly["vertebrae"]["T12"]
    partly["carried_over"]["L1"]["correlation"] = 0.123
    again = carry(client, partly).json()
    assert again["carried"] == ["T12"]
    assert again["document"]["carried_over"]["L1"]["correlation"] == 0.123
    assert change_of(client, again["document"], "RKA")["uncertainty_source"] == "marks carried over"


def test_the_change_is_the_same_when_the_earlier_film_was_read_last(client, store, visits):
    """Carried backwards in time: the uncertainty of a change knows no direction."""
    records, _, first = visits
    document = carry(client, EMPTY).json()["document"]
    known = change_of(client, document)["standard_uncertainty"]
    swapped = MemoryStore(
        [
            replace(records[0], taken_on=date(2025, 2, 1)),
            replace(records[1], taken_on=date(2025, 1, 1)),
        ]
    )
    swapped.save_reading(
        reading_from_dict({**document, "film": film_to_dict(records[1].reference)}),
        2,
        "KN",
        base_version=0,
    )
    body = {"document": reading_to_dict(first)}
    measured = visitor(swapped).post("/api/films/1/measure", json=body).json()
    vka = next(item for item in measured["change"] if item["code"] == "VKA")
    assert vka["uncertainty_source"] == "marks carried over"
    assert vka["standard_uncertainty"] == pytest.approx(known)


def test_own_marks_stay_where_they_are(client, visits):
    _, films, _ = visits
    own = reading_to_dict(films[1].truth)["vertebrae"]["T12"]
    marked = {**EMPTY, "vertebrae": {"T12": own}, "fractured_levels": ["L1"]}
    body = carry(client, marked).json()
    assert body["document"]["vertebrae"]["T12"] == own
    assert "T12" not in body["carried"]
    assert "L1" in body["carried"]


def test_a_click_of_the_reader_says_where_a_body_lies(client, visits):
    _, films, _ = visits
    plates = films[1].truth.vertebrae[Level.L1].endplates.values()
    at = [sum(plate.centre[axis] for plate in plates) / 2 for axis in (0, 1)]
    body = {"document": EMPTY, "from": "1", "anchors": {"L1": at}}
    answer = client.post("/api/films/2/carry-over", json=body)
    assert answer.status_code == 200, answer.text
    assert "L1" in answer.json()["carried"]
    away = {**body, "anchors": {"L1": [at[0], at[1] - 60.0 / films[1].film.geometry.row_mm]}}
    refused = client.post("/api/films/2/carry-over", json=away)
    assert refused.status_code == 422, "two bodies higher is not believed because it was clicked"


@pytest.mark.parametrize("anchors", [{"X9": [1, 2]}, {"L1": [1]}, {"L1": "there"}, 3])
def test_a_damaged_click_is_refused_in_a_sentence(client, anchors):
    body = {"document": EMPTY, "from": "1", "anchors": anchors}
    answer = client.post("/api/films/2/carry-over", json=body)
    assert answer.status_code in (400, 422)
    assert sentence(answer.json()["error"])


def test_a_film_that_is_not_recognised_says_which_bodies_could_be_clicked(visits):
    records, _, first = visits
    blank = records[1].path.with_name("blank.dcm")
    film = simulate_visits(7105, PLANS, fractured=Level.T8, seed=7105, film_format=FORMAT)[1].film
    write_dx(film.film, blank, seed="another")
    store = MemoryStore([records[0], replace(records[1], path_text=str(blank))])
    store.save_reading(first, 1, "KN", base_version=0)
    client = visitor(store)
    headers = {"Accept-Language": "vi"}
    body = {"document": EMPTY, "from": "1"}
    answer = client.post("/api/films/2/carry-over", json=body, headers=headers)
    assert answer.status_code == 422
    told = answer.json()
    assert told["code"] in ("carry_unrecognised", "carry_two_places")
    assert told["facts"]["levels"] == [level.value for level in sorted(first.vertebrae)]
    assert told["error"].startswith("Không chuyển được")


@pytest.mark.parametrize(("origin", "film"), [("2", 2), ("1", 1), (None, 1)])
def test_there_must_be_an_earlier_reading(client, origin, film):
    answer = carry(client, EMPTY, origin, film)
    assert answer.status_code == 404
    assert sentence(answer.json()["error"])


def test_where_help_is_forbidden_nothing_is_carried(store):
    client = visitor(store, agreement=Agreement(may_assist=False))
    assert carry(client, EMPTY).status_code == 403


@pytest.mark.parametrize(
    "member",
    [
        3,
        {"X9": {}},
        {"L1": {}},
        {"L1": {"from": {"rows": 1, "columns": 1}, "correlation": 7}},
    ],
)
def test_a_damaged_member_is_refused_in_a_sentence(client, visits, member):
    _, films, _ = visits
    draft = {**reading_to_dict(films[1].truth), "carried_over": member}
    answer = client.post("/api/films/2/measure", json={"document": draft})
    assert answer.status_code == 422
    assert sentence(answer.json()["error"])


def test_a_draft_of_before_the_member_was_kept_is_measured_as_ever(client, visits):
    _, films, _ = visits
    draft = {**reading_to_dict(films[1].truth), "carried": {"from": {}, "changes": []}}
    assert change_of(client, draft)["uncertainty_source"] == "independent readings"
