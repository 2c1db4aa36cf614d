"""The work list: by patient and visit, in other orders, by whom, and who has read besides."""

from __future__ import annotations

from datetime import date

import pytest
from web_fakes import MemoryStore, film_record
from web_local import document, visitor

from kyphometer.web.reader.confirming import draft_reading

FILMS = [
    film_record(1, path_text="x/z.dcm", patient="A", visit="pre-op", taken_on=date(2026, 1, 1)),
    film_record(2, path_text="x/y.dcm", patient="A", visit="6 months", taken_on=date(2026, 7, 1)),
    film_record(3, path_text="x/b.dcm", patient="B", taken_on=date(2026, 3, 1)),
    film_record(4, path_text="x/a.dcm", facts_json='{"warnings": ["It has no date."]}'),
]


@pytest.fixture
def store():
    found = MemoryStore(FILMS)
    read(found, 2, "KN")
    found.save_draft(3, "KN", document(), etag=None)
    return found


@pytest.fixture
def client(store):
    return visitor(store)


def read(store, film, observer):
    reading = draft_reading(document(), store.film(film).reference)
    store.save_reading(reading, film, observer, base_version=0)


def listed(client, **asked):
    return client.get("/api/worklist", params=asked).json()


def numbers(client, **asked):
    return [int(item["film_id"]) for item in listed(client, **asked)["items"]]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("patient", [1, 2, 3, 4]),
        ("date", [2, 3, 1, 4]),
        ("status", [3, 1, 4, 2]),
        ("name", [4, 3, 2, 1]),
    ],
)
def test_orders(client, sort, order):
    assert numbers(client, sort=sort) == order
    assert numbers(client, sort=sort, offset=1, limit=2) == order[1:3]


@pytest.mark.parametrize(
    ("status", "films"),
    [("unread", [1, 4]), ("mine", [2, 3]), ("draft", [3]), ("read", [2]), ("flagged", [4])],
)
def test_parts(client, status, films):
    assert numbers(client, status=status) == films


def test_what_is_asked_for_in_vain_is_refused_in_a_sentence(client):
    for asked in ({"sort": "size"}, {"status": "lost"}, {"limit": "-1"}, {"offset": "1.5"}):
        answer = client.get("/api/worklist", params=asked)
        assert answer.status_code == 400
        assert f"The member '{next(iter(asked))}' must be" in answer.json()["error"]


def test_the_first_line_of_each_patient_counts_that_patients_films(client):
    groups = [item["group"] for item in listed(client)["items"]]
    assert groups == [{"films": 2, "read": 1}, None, {"films": 1, "read": 0}, None]
    assert listed(client, offset=1)["items"][0]["group"] is None  # begun on the page before
    assert all(item["group"] is None for item in listed(client, sort="name")["items"])


def test_readings_of_others_are_told_by_name(store):
    read(store, 1, "LT")
    read(store, 1, "ÉL")
    found = listed(visitor(store))
    assert found["others"] == [{"observer": "LT", "films": 1}, {"observer": "ÉL", "films": 1}]
    assert [item["others"] for item in found["items"]] == [["LT", "ÉL"], [], [], []]


def test_whoever_reads_can_be_changed_and_nothing_is_mixed(client):
    as_other = {"X-Kyphometer-Observer": "L%20T%C3%A9"}
    assert client.get("/api/config", headers=as_other).json()["observer"] == "L Té"
    assert client.get("/api/config").json()["observer"] == "KN"
    items = client.get("/api/worklist", headers=as_other).json()["items"]
    assert [item["status"] for item in items] == ["unread"] * 4
    assert items[1]["others"] == ["KN"]
    assert client.get("/api/films/3/document", headers=as_other).json()["document"] is None


@pytest.mark.parametrize("code", ["%00", "x" * 65, "%0A"])
def test_an_impossible_code_is_refused(client, code):
    answer = client.get("/api/worklist", headers={"X-Kyphometer-Observer": code})
    assert answer.status_code in (400, 409, 422)
    assert "1 to 64 printable characters" in answer.json()["error"]
