"""Texts, times, paths and settings as the store writes them, and whatever it is handed instead."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kyphometer.errors import KyphometerError, StudyRefusedError
from kyphometer.store.database.clock import from_text, to_text
from kyphometer.store.films.films import absolute, stored_path
from kyphometer.store.readings.documents import checked_text, to_json
from kyphometer.store.study.settings import StudySettings, settings_from_json, settings_to_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)),
    st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)
def test_times_come_back_and_sort_as_text(moment, zone):
    aware = moment.replace(tzinfo=zone)
    assert from_text(to_text(aware)) == aware
    later = aware + timedelta(microseconds=1)
    assert to_text(aware) < to_text(later)
    assert from_text(to_text(aware)).tzinfo == UTC


@given(JSON)
def test_documents_come_back_or_are_refused(document):
    try:
        text = to_json(document)
    except StudyRefusedError:
        assert not _is_plain(document)
    else:
        assert json.loads(text) == document
        text.encode()


def _is_plain(document):
    """True if every JSON reader could read it: finite, and no half characters."""
    try:
        json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


@given(st.text())
def test_free_text_is_kept_or_refused_whole(text):
    try:
        kept = checked_text(text, "reason")
    except StudyRefusedError:
        return
    assert kept == text.strip()
    assert "\x00" not in kept
    kept.encode()


@given(JSON | st.fixed_dictionaries({}, optional={
    "visits": JSON, "levels": JSON, "corner_rule": JSON, "corner_sd_mm": JSON,
    "stated_standard_error_deg": JSON,
}))  # fmt: skip
@example({"stated_standard_error_deg": []})
def test_settings_of_any_kind_are_settings_or_refused(document):
    try:
        settings = settings_from_json(json.dumps(document))
    except KyphometerError as error:
        assert "\n" not in str(error)
    else:
        assert settings_from_json(settings_to_json(settings)) == settings


def test_default_settings_come_back():
    assert settings_from_json("{}") == StudySettings()
    assert settings_from_json(settings_to_json(StudySettings())) == StudySettings()


@pytest.mark.parametrize(
    ("path", "stored"),
    [
        ("/data/study/films/a.dcm", "./films/a.dcm"),
        ("/data/other/a.dcm", "/data/other/a.dcm"),
        ("/data/study2/a.dcm", "/data/study2/a.dcm"),
        ("/data/study/a b/đốt.dcm", "./a b/đốt.dcm"),
    ],
)
def test_paths_below_the_study_are_kept_relative(path, stored):
    assert stored_path(Path(path), "/data/study") == stored
    assert absolute(stored, "/data/study") == path
    assert absolute(stored, "/new/place") == path.replace("/data/study/", "/new/place/")
    assert stored_path(Path(path), "") == path
