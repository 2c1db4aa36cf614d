"""What every `ReadingStore` promises: SQLite study, PostgreSQL study, folder of films."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from store_films import TinyReader, reading_of, write_film

from kyphometer.errors import (
    ReadingFilmMismatchError,
    StudyConflictError,
    StudyRefusedError,
    UnknownRecordError,
)
from kyphometer.film import FilmReference
from kyphometer.store import FolderStore, MarkingLog, ReadingState, Study


@pytest.fixture(params=["sqlite", "postgresql", "folder"])
def reopen(request, tmp_path):
    """A function that opens the store afresh, as another process would."""
    write_film(tmp_path / "films" / "a.film", "1.2.1", seed=1)
    write_film(tmp_path / "films" / "b.film", "1.2.2", seed=2, day="2026-07-01")
    if request.param == "folder":
        yield lambda: FolderStore(tmp_path / "films", reader=TinyReader())
        return
    target = tmp_path / "s.study"
    if request.param == "postgresql":
        target = request.getfixturevalue("postgres_server").new_database()
    opened = [Study.create(target, reader=TinyReader(), actor="KN")]
    opened[0].add_films(tmp_path / "films")
    for code in ("KN", "LT"):
        opened[0].add_observer(code)

    def open_study():
        opened.append(Study.open(target, reader=TinyReader(), actor="KN"))
        return opened[-1]

    yield open_study
    for study in opened:
        study.close()


@pytest.fixture
def store(reopen):
    return reopen()


@pytest.fixture
def film(store):
    return store.films()[0].id


def test_films_are_listed_with_paths(store):
    first, second = store.films()
    assert (first.name, second.name) == ("a.film", "b.film")
    assert store.film(second.id) == second
    assert store.film_path(first.id).read_text().startswith("{")
    assert first.patient == "P1"
    for film_id in (first.id + 99_999, -1):
        with pytest.raises(UnknownRecordError):
            store.film(film_id)


def test_film_that_was_moved_away_is_told(store, film):
    store.film_path(film).unlink()
    with pytest.raises(UnknownRecordError, match=r"moved"):
        store.film_path(film)


def test_confirmed_reading_is_there_for_the_next_process(reopen, store, film):
    saved = store.save_reading(reading_of(), film, "KN", base_version=0)
    assert saved.version == 1
    other = reopen()
    assert other.latest_reading(film, "KN") == saved
    assert other.history(film) == (saved,)
    assert saved.reading.observer == "KN"
    assert len(saved.reading.film.sha256_pixels) == 64
    assert saved.reading.film.sop_instance_uid == "1.2.1"
    assert other.latest_reading(film, "LT") is None


def test_correction_keeps_what_was_and_why(reopen, store, film):
    store.save_reading(reading_of(), film, "KN", base_version=0)
    with pytest.raises(StudyRefusedError, match="needs a reason"):
        store.save_reading(reading_of(1.0), film, "KN", base_version=1, reason="  ")
    store.save_reading(
        reading_of(1.0), film, "KN", base_version=1, reason="wrong level", log=MarkingLog(seconds=9)
    )
    versions = reopen().history(film, "KN")
    assert [(v.version, v.reason) for v in versions] == [(1, ""), (2, "wrong level")]
    assert versions[0].reading.vertebrae == reading_of().vertebrae
    assert versions[1].reading.vertebrae == reading_of(1.0).vertebrae
    assert [r.version for r in store.latest_readings()] == [2]


def test_second_writer_is_told_and_shown_the_first(reopen, store, film):
    other = reopen()
    first = store.save_reading(reading_of(), film, "KN", base_version=0)
    with pytest.raises(StudyConflictError) as caught:
        other.save_reading(reading_of(1.0), film, "KN", base_version=0)
    assert caught.value.current == first
    assert store.history(film) == (first,)


def test_reading_sent_again_is_the_same_reading(store, film):
    draft = store.save_draft(film, "KN", {}, etag=None)
    first = store.save_reading(reading_of(), film, "KN", base_version=0, draft_etag=draft.etag)
    again = store.save_reading(reading_of(), film, "KN", base_version=0, draft_etag=draft.etag)
    assert again == first
    assert len(store.history(film)) == 1


def test_same_marks_stamped_later_are_the_same_reading(store, film):
    first = store.save_reading(reading_of(), film, "KN", base_version=0)
    later = replace(
        reading_of(), software="kyphometer 99", created=datetime(2030, 1, 1, tzinfo=UTC)
    )
    assert store.save_reading(later, film, "KN", base_version=0) == first
    assert len(store.history(film, "KN")) == 1


def test_draft_and_reading_are_seen_together(store, film):
    nothing = store.stored(film, "KN")
    assert (nothing.draft, nothing.reading, nothing.version, nothing.etag) == (None, None, 0, None)
    first = store.save_reading(reading_of(), film, "KN", base_version=0)
    draft = store.save_draft(film, "KN", {"n": 1}, etag=None, base_version=1)
    both = store.stored(film, "KN")
    assert (both.draft, both.reading) == (draft, first)
    assert (both.version, both.etag) == (1, draft.etag)


def test_draft_on_a_version_that_is_not_there_is_refused(store, film):
    with pytest.raises(StudyConflictError):
        store.save_draft(film, "KN", {"n": 1}, etag=None, base_version=3)
    assert store.draft(film, "KN") is None


def test_observers_do_not_meet(reopen, store, film):
    for n, observer in enumerate(("KN", "LT")):
        store.save_reading(reading_of(n), film, observer, base_version=0)
        store.save_draft(film, observer, {"of": observer}, etag=None, base_version=1)
    other = reopen()
    assert sorted(r.observer for r in other.history(film)) == ["KN", "LT"]
    assert [r.observer for r in other.latest_readings(observer="LT")] == ["LT"]
    assert other.draft(film, "LT").document == {"of": "LT"}
    assert {item.state for item in other.work_list("LT")} == {
        ReadingState.CORRECTING,
        ReadingState.UNREAD,
    }


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param(FilmReference(rows=41, columns=20), id="size"),
        pytest.param(FilmReference(rows=40, columns=20, sop_instance_uid="9.9"), id="uid"),
        pytest.param(FilmReference(rows=40, columns=20, sha256_pixels="0" * 64), id="pixels"),
        pytest.param(FilmReference(rows=40, columns=20, frame=2), id="frame"),
    ],
)
def test_reading_of_another_film_is_refused(store, film, reference):
    with pytest.raises(ReadingFilmMismatchError):
        store.save_reading(reading_of(film=reference), film, "KN", base_version=0)
    assert store.history(film) == ()


def test_reading_of_another_observer_is_refused(store, film):
    with pytest.raises(StudyRefusedError, match="made by 'LT'"):
        store.save_reading(reading_of(observer="LT"), film, "KN", base_version=0)
    with pytest.raises(StudyRefusedError, match="belongs to the session"):
        store.save_reading(reading_of(session="S"), film, "KN", base_version=0)


def test_draft_is_replaced_only_by_who_has_seen_it(reopen, store, film):
    first = store.save_draft(film, "KN", {"a": 1}, etag=None)
    second = store.save_draft(film, "KN", {"a": [2.5, None, "đốt sống"]}, etag=first.etag)
    other = reopen()
    for etag in (None, first.etag):
        with pytest.raises(StudyConflictError) as caught:
            other.save_draft(film, "KN", {"a": 3}, etag=etag)
        assert caught.value.current == second
    assert other.draft(film, "KN") == second
    assert other.draft(film, "KN").document == {"a": [2.5, None, "đốt sống"]}
    with pytest.raises(StudyConflictError):
        other.discard_draft(film, "KN", etag=first.etag)
    other.discard_draft(film, "KN", etag=second.etag)
    assert store.draft(film, "KN") is None
    other.discard_draft(film, "KN", etag=second.etag)


def test_draft_made_anew_is_not_the_old_one(store, film):
    old = store.save_draft(film, "KN", {"a": 1}, etag=None)
    store.discard_draft(film, "KN", etag=old.etag)
    store.save_draft(film, "KN", {"a": 1}, etag=None)
    with pytest.raises(StudyConflictError):
        store.save_draft(film, "KN", {"a": 2}, etag=old.etag)


def test_confirming_takes_the_draft_and_shuts_out_the_other_tab(store, film):
    draft = store.save_draft(film, "KN", {"a": 1}, etag=None)
    with pytest.raises(StudyConflictError) as caught:
        store.save_reading(reading_of(), film, "KN", base_version=0, draft_etag="stale")
    assert caught.value.current == draft
    assert store.history(film) == ()
    saved = store.save_reading(reading_of(), film, "KN", base_version=0, draft_etag=draft.etag)
    assert store.draft(film, "KN") is None
    with pytest.raises(StudyConflictError) as caught:
        store.save_draft(film, "KN", {"a": 9}, etag=draft.etag)
    assert caught.value.current == saved


def test_document_that_no_reading_can_be_is_refused(store, film):
    for document, words in [
        ({"a": float("nan")}, "cannot be saved"),
        ({"a": "x" * 5_000_000}, "larger than any reading"),
        ({"a": "\ud800"}, "cannot be saved"),
        ({"a": object()}, "cannot be saved"),
    ]:
        with pytest.raises(StudyRefusedError, match=words):
            store.save_draft(film, "KN", document, etag=None)
    assert store.draft(film, "KN") is None
    with pytest.raises(StudyRefusedError, match="characters that cannot be kept"):
        store.save_reading(reading_of(), film, "KN", base_version=0, reason="a\x00b")


def test_texts_of_all_scripts_come_back(reopen, store, film):
    comment = "Góc gù đốt sống \u2014 后凸角 \U0001f9b4 '\"\\ %s {} \x00"
    saved = store.save_reading(reading_of(comment=comment), film, "KN", base_version=0)
    assert reopen().latest_reading(film, "KN").reading.comment == comment
    assert saved.reading.comment == comment


def test_work_list_tells_how_far_an_observer_is(store):
    first, second = (record.id for record in store.films())
    store.save_reading(reading_of(), first, "KN", base_version=0)
    store.save_draft(second, "KN", {}, etag=None)
    items = store.work_list("KN")
    assert [(i.film_id, i.state, i.version) for i in items] == [
        (first, ReadingState.CONFIRMED, 1),
        (second, ReadingState.DRAFT, 0),
    ]
    assert {item.state for item in store.work_list("LT")} == {ReadingState.UNREAD}


def test_unknown_session_items_are_refused(store, film):
    with pytest.raises(UnknownRecordError):
        store.draft(film, "KN", session_item=7)
    with pytest.raises(UnknownRecordError):
        store.save_reading(reading_of(), film, "KN", base_version=0, session_item=7)
    with pytest.raises(UnknownRecordError):
        store.work_list("KN", session="S")


def test_of_many_threads_exactly_one_wins(store, film):
    def confirm(n: int) -> int:
        try:
            store.save_reading(reading_of(n / 10), film, "KN", base_version=0)
        except StudyConflictError as conflict:
            return conflict.current.version
        return 0

    with ThreadPoolExecutor(8) as pool:
        wins = list(pool.map(confirm, range(16)))
    assert sorted(wins) == [0] + [1] * 15
    (only,) = store.history(film)
    winner = wins.index(0)
    assert only.reading.vertebrae == reading_of(winner / 10).vertebrae


def test_who_has_read_which_film(reopen, store, film):
    assert store.readers() == {}
    for code in ("LT", "KN"):
        store.save_reading(reading_of(), film, code, base_version=0)
    store.save_reading(reading_of(), film, "LT", base_version=1, reason="again")
    assert store.readers() == reopen().readers() == {film: ("KN", "LT")}


def test_films_that_have_come_are_taken_up(store, tmp_path):
    come = tmp_path / "films" / "1.2.3"
    write_film(come / "c.film", "1.2.3", seed=3)
    report = store.add_films(come)
    assert (len(report.added) + report.known, report.failed) == (1, ())
    assert sorted(film.name for film in store.films()) == ["a.film", "b.film", "c.film"]


def test_a_deed_is_written_down_where_there_is_a_trail(store):
    store.note_deed("results.send", "film 1", {"destination": "archive"})
    if isinstance(store, Study):
        last = store.audit()[-1]
        assert (last.actor, last.action, last.subject) == ("KN", "results.send", "film 1")
        assert last.details == {"destination": "archive"}
        assert store.check() == ()
