"""Reading sessions in the database: blinded lists, locks, wash-out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from store_films import TinyReader, reading_of, write_film

from kyphometer.errors import StudyFileError, StudyRefusedError, UnknownRecordError
from kyphometer.store import ReadingState, Study
from kyphometer.store.sessions.plans import PlannedItem


@pytest.fixture
def study(study_target, tmp_path):
    for n in (1, 2):
        write_film(tmp_path / "films" / f"{n}.film", f"1.2.{n}", seed=n, patient=f"P{n}")
    with Study.create(study_target, reader=TinyReader(), actor="owner") as made:
        made.add_films(tmp_path / "films")
        for code in ("KN", "LT"):
            made.add_observer(code)
        yield made


def plan(study, **later):
    first, second = (film.id for film in study.films())
    return [
        PlannedItem(film_id=second, observer="KN", round=1, place=1, code="A7"),
        PlannedItem(
            film_id=first, observer="KN", round=1, place=2, code="Q3", mirrored=True, duplicate=True
        ),
        PlannedItem(film_id=first, observer="LT", round=1, place=1, code="Z9", training=True),
        PlannedItem(film_id=second, observer="KN", round=2, place=1, code="M2", **later),
    ]


def test_session_is_kept_whole(study):
    items = plan(study)
    study.sessions.add("S1", items, title="Intra", settings={"seed": 7, "washout_days": 14})
    found = study.sessions.get("S1")
    assert (found.title, found.kind, found.locked) == ("Intra", "reproducibility", False)
    assert found.settings == {"seed": 7, "washout_days": 14}
    kept = study.sessions.items("S1")
    assert [(i.observer, i.code, i.film_id) for i in kept] == [
        ("KN", "A7", items[0].film_id),
        ("KN", "Q3", items[1].film_id),
        ("KN", "M2", items[3].film_id),
        ("LT", "Z9", items[2].film_id),
    ]
    assert (kept[1].mirrored, kept[1].duplicate, kept[3].training) == (True, True, True)
    assert study.sessions.list() == (found,)
    assert study.audit("session S1")[0].details["items"] == 4


def test_work_list_shows_codes_in_blinded_order(study):
    study.sessions.add("S1", plan(study))
    items = study.work_list("KN", session="S1")
    assert [(i.code, i.mirrored, i.state) for i in items] == [
        ("A7", False, ReadingState.UNREAD),
        ("Q3", True, ReadingState.UNREAD),
        ("M2", False, ReadingState.UNREAD),
    ]
    assert [i.code for i in study.work_list("LT", session="S1")] == ["Z9"]
    with pytest.raises(UnknownRecordError, match="no reading session 'S2'"):
        study.work_list("KN", session="S2")


def test_confirmed_items_are_locked_until_reopened_with_a_reason(study):
    study.sessions.add("S1", plan(study))
    item = study.work_list("KN", session="S1")[0]
    key = {"session_item": item.session_item}
    draft = study.save_draft(item.film_id, "KN", {}, etag=None, **key)
    saved = study.save_reading(
        reading_of(), item.film_id, "KN", base_version=0, draft_etag=draft.etag, **key
    )
    assert (saved.session_item, saved.reading.session) == (item.session_item, "S1")
    assert study.work_list("KN", session="S1")[0].state is ReadingState.CONFIRMED
    again = study.save_reading(reading_of(), item.film_id, "KN", base_version=0, **key)
    assert again == saved
    with pytest.raises(StudyRefusedError, match="reading of 'A7' is locked"):
        study.save_reading(
            reading_of(1.0), item.film_id, "KN", base_version=1, reason="slip", **key
        )
    with pytest.raises(StudyRefusedError, match="is locked"):
        study.save_draft(item.film_id, "KN", {}, etag=None, base_version=1, **key)
    with pytest.raises(StudyRefusedError, match="needs a reason"):
        study.sessions.reopen_item(item.session_item, " ")
    study.sessions.reopen_item(item.session_item, "wrong level named")
    corrected = study.save_reading(
        reading_of(1.0), item.film_id, "KN", base_version=1, reason="slip", **key
    )
    assert corrected.version == 2
    assert [i.locked_at is not None for i in study.sessions.items("S1")] == [True] + [False] * 3


def test_session_readings_stay_apart_from_others(study):
    study.sessions.add("S1", plan(study))
    item = study.work_list("KN", session="S1")[0]
    film = item.film_id
    study.save_reading(reading_of(), film, "KN", base_version=0)
    study.save_reading(reading_of(1.0), film, "KN", base_version=0, session_item=item.session_item)
    assert len(study.history(film)) == 2
    assert len(study.history(film, "KN")) == 1
    assert [r.session_item for r in study.latest_readings()] == [None, item.session_item]
    assert len(study.latest_readings(session="S1")) == 1
    states = [i.state for i in study.work_list("KN")]
    assert sorted(states) == [ReadingState.CONFIRMED, ReadingState.UNREAD]


def test_items_of_others_are_refused(study):
    study.sessions.add("S1", plan(study))
    item = study.work_list("LT", session="S1")[0]
    with pytest.raises(UnknownRecordError, match="this observer's list"):
        study.save_reading(
            reading_of(), item.film_id, "KN", base_version=0, session_item=item.session_item
        )
    other = next(film.id for film in study.films() if film.id != item.film_id)
    with pytest.raises(UnknownRecordError, match="this observer's list"):
        study.draft(other, "LT", session_item=item.session_item)


def test_washout_is_enforced_by_the_clock(study):
    future = datetime.now(UTC) + timedelta(days=14)
    study.sessions.add("S1", plan(study, opens_at=future))
    assert [i.code for i in study.work_list("KN", session="S1")] == ["A7", "Q3"]
    waiting = study.sessions.items("S1", observer="KN")[-1]
    assert waiting.opens_at == future
    with pytest.raises(StudyRefusedError, match="may not be read before"):
        study.save_reading(
            reading_of(), waiting.film_id, "KN", base_version=0, session_item=waiting.id
        )
    with pytest.raises(StudyRefusedError, match="may not be read before"):
        study.sessions.mark_opened(waiting.id)


def test_first_opening_is_noted_once(study):
    study.sessions.add("S1", plan(study))
    item = study.sessions.items("S1")[0]
    study.sessions.mark_opened(item.id)
    first = study.sessions.items("S1")[0].first_opened_at
    study.sessions.mark_opened(item.id)
    assert first is not None
    assert study.sessions.items("S1")[0].first_opened_at == first


def test_locked_session_is_closed_for_all(study):
    study.sessions.add("S1", plan(study))
    study.sessions.lock("S1")
    item = study.sessions.items("S1")[0]
    with pytest.raises(StudyRefusedError, match="reading session is locked"):
        study.save_reading(reading_of(), item.film_id, "KN", base_version=0, session_item=item.id)
    with pytest.raises(StudyRefusedError, match="needs a reason"):
        study.sessions.reopen("S1", "")
    study.sessions.reopen("S1", "one film was missed")
    study.save_reading(reading_of(), item.film_id, "KN", base_version=0, session_item=item.id)
    assert [e.action for e in study.audit("session S1")] == [
        "session.add",
        "session.locked",
        "session.open",
    ]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"code": "A7"}, StudyFileError, id="code twice"),
        pytest.param({"observer": "XX"}, UnknownRecordError, id="unknown observer"),
        pytest.param({"film_id": 999}, StudyFileError, id="unknown film"),
    ],
)
def test_impossible_plans_leave_nothing_behind(study, change, error):
    from dataclasses import replace

    items = plan(study)
    items[1] = replace(items[1], **change)
    with pytest.raises(error):
        study.sessions.add("S1", items)
    assert study.sessions.list() == ()
    study.sessions.add("S1", plan(study))
    with pytest.raises(StudyRefusedError, match="a session 'S1' already"):
        study.sessions.add("S1", plan(study))
