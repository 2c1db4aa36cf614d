"""Drafts and confirmed readings through the server: nothing lost, nothing overwritten unseen."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor

import pytest
from web_fakes import MemoryStore, film_record
from web_local import document, sentence, visitor

from kyphometer.reading.document import reading_from_dict
from kyphometer.web.reader.versions import Tag

SHA = "ab" * 32


@pytest.fixture
def store():
    return MemoryStore([film_record(1, sha256_pixels=SHA), film_record(2)])


@pytest.fixture
def client(store, monkeypatch):
    async def fingerprint(*_: object) -> str:
        return SHA

    monkeypatch.setattr("kyphometer.web.pixels.cache.FilmCache.fingerprint", fingerprint)
    monkeypatch.setattr("kyphometer.web.reader.open.OpenService.source", lambda *_: None)
    return visitor(store)


def save(client, draft, base, film=1):
    return client.put(f"/api/films/{film}/draft", json={"document": draft, "base": base})


def confirm(client, reading, base, **more):
    body = {"document": reading, "base": base, **more}
    return client.post("/api/films/1/reading", json=body)


def test_a_draft_comes_back_as_it_was_saved(client):
    nothing = client.get("/api/films/1/document").json()
    assert nothing == {
        "document": None,
        "etag": "0.",
        "version": 0,
        "source": "none",
        "status": "unread",
    }
    draft = document(comment="độ gù đốt sống", draft={"armed": "L1", "queue": ["L2"]})
    draft["vertebrae"]["L3"] = {"superior": {"anterior": {"xy": [1.5, 2.25]}, "posterior": None}}
    etag = save(client, draft, nothing["etag"]).json()["etag"]
    back = client.get("/api/films/1/document").json()
    assert back["document"] == draft
    assert (back["etag"], back["source"], back["status"]) == (etag, "draft", "draft")


def test_the_second_of_two_windows_is_told_and_nothing_is_overwritten(client):
    first = save(client, document(comment="first"), "0.").json()["etag"]
    answer = save(client, document(comment="second"), "0.")
    assert answer.status_code == 409
    body = answer.json()
    assert body["document"]["comment"] == "first"
    assert body["etag"] == first
    assert sentence(body["error"])
    assert save(client, document(comment="second"), first).status_code == 200


@pytest.mark.parametrize("base", ["", "x", "1.", "0.nothing", "-1.", "\u0661.", "0", "9" * 30])
def test_a_tag_that_is_not_the_present_one_saves_nothing(client, base):
    save(client, document(comment="mine"), "0.")
    assert save(client, document(), base).status_code == 409
    assert client.get("/api/films/1/document").json()["document"]["comment"] == "mine"


def test_of_many_windows_saving_at_once_one_wins_each_round(client, store):
    app_client = client
    etag = None
    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            from kyphometer.errors import StudyConflictError
            from kyphometer.web.reader.versions import ReadingVersions, tag_of

            versions = ReadingVersions(store, "KN")
            base = str(tag_of(versions.stored(1)))

            def attempt(number, versions=versions, base=base):
                try:
                    return str(versions.save_draft(1, {"n": number}, base))
                except StudyConflictError:
                    return None

            outcomes = list(pool.map(attempt, range(8)))
        winners = [outcome for outcome in outcomes if outcome]
        assert len(winners) == 1
        etag = winners[0]
    assert app_client.get("/api/films/1/document").json()["etag"] == etag


def test_a_confirmed_reading_is_signed_by_the_server(client, store):
    forged = document(observer="SOMEBODY", session="S1", software="x", created="1999-01-01")
    forged["draft"] = {"armed": "L1"}
    forged["film"] = {"rows": 5, "columns": 5, "sop_instance_uid": "9.9"}
    log = {"seconds": 31.5, "zoom": 4.0, "window_center": 1800, "window_width": 3000}
    answer = confirm(client, forged, "0.", log=log)
    assert answer.status_code == 200
    assert answer.json()["version"] == 1
    kept = store.latest_reading(1, "KN")
    reading = reading_from_dict(kept.document)
    assert reading.observer == "KN"
    assert reading.session is None
    assert reading.software.startswith("kyphometer ")
    assert reading.film.sha256_pixels == SHA
    assert (reading.film.rows, reading.film.columns) == (1800, 900)
    assert reading.facing == "left"
    assert "draft" not in kept.document
    assert store.logs[0].seconds == 31.5
    assert store.logs[0].zoom == 4.0


def test_a_correction_needs_a_reason_and_keeps_the_first_version(client, store):
    first = confirm(client, document(), "0.").json()["etag"]
    refused = confirm(client, document(30.0), first)
    assert refused.status_code == 409
    assert "reason" in refused.json()["error"]
    second = confirm(client, document(30.0), first, reason="rim mistaken for osteophyte")
    assert second.json()["version"] == 2
    versions = store.history(1, "KN")
    assert [record.version for record in versions] == [1, 2]
    assert versions[0].document["vertebrae"] != versions[1].document["vertebrae"]


def test_an_answer_that_got_lost_can_be_asked_for_again(client, store):
    base = save(client, document(), "0.").json()["etag"]
    first = confirm(client, document(), base)
    again = confirm(client, document(), base)
    assert again.status_code == 200
    assert again.json() == first.json()
    assert len(store.history(1)) == 1


def test_a_draft_saved_elsewhere_is_not_swept_away_by_a_confirmation(client, store):
    save(client, document(comment="other window"), "0.")
    answer = confirm(client, document(), "0.")
    assert answer.status_code == 409
    assert answer.json()["document"]["comment"] == "other window"
    assert store.latest_reading(1, "KN") is None


def test_a_discarded_draft_leaves_the_reading(client):
    etag = confirm(client, document(), "0.").json()["etag"]
    tag = save(client, document(25.0), etag).json()["etag"]
    assert client.get("/api/films/1/document").json()["source"] == "draft"
    answer = client.request("DELETE", "/api/films/1/draft", json={"base": tag}).json()
    assert (answer["source"], answer["etag"], answer["status"]) == ("reading", etag, "read")


def test_impossible_marks_are_not_confirmed_and_all_that_is_wrong_is_named(client, store):
    crossed = document()
    crossed["vertebrae"]["L1"]["inferior"] = {
        "anterior": {"xy": [300.0, 650.0]},
        "posterior": {"xy": [520.0, 900.0]},
    }
    crossed["vertebrae"]["L2"]["superior"]["anterior"]["xy"] = [-5.0, 960.0]
    answer = confirm(client, crossed, "0.")
    assert answer.status_code == 422
    body = answer.json()
    assert body["kind"] == "ImpossibleReadingError"
    assert {"L1", "L2"} <= {level for item in body["findings"] for level in item["levels"]}
    assert store.latest_reading(1, "KN") is None


@pytest.mark.parametrize(
    "change",
    [
        {"vertebrae": {}},
        {"vertebrae": {"L1": {"superior": {"anterior": {"xy": [1, 2]}, "posterior": None}}}},
        {"vertebrae": {"L9": {}}},
        {"facing": "right"},
        {"facing": "up"},
        {"format": "something"},
        {"version": 99},
        {"fractured_levels": "L1"},
    ],
)
def test_unfinished_or_contradictory_readings_are_refused_in_a_sentence(client, store, change):
    answer = confirm(client, document(**change), "0.")
    assert answer.status_code == 422
    assert sentence(answer.json()["error"])
    assert store.latest_reading(1, "KN") is None


def test_a_film_without_measurable_endplates_can_be_confirmed(client, store):
    reading = document(vertebrae={})
    reading["not_measurable"] = [{"level": "L1", "endplate": "superior", "reason": "outside film"}]
    assert confirm(client, reading, "0.").status_code == 200
    assert store.latest_reading(1, "KN").version == 1


def test_a_full_disk_is_told_and_loses_nothing(client, store, monkeypatch):
    save(client, document(comment="kept"), "0.")
    before = client.get("/api/films/1/document").json()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "save_draft", full)
    answer = save(client, document(comment="new"), before["etag"])
    assert answer.status_code == 507
    assert sentence(answer.json()["error"])
    assert client.get("/api/films/1/document").json() == before


@pytest.mark.parametrize("text", ["0.", "3.", "0.abc", "12.x.y"])
def test_tags_survive_the_way_to_the_page_and_back(text):
    assert str(Tag.parse(text)) == text
