"""A link from another program opens the film of its study."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from web_fakes import MemoryStore, film_record
from web_local import sentence, stranger, visitor

STUDY = "1.2.3.4"


def of_study(number, uid, *, lateral=None):
    known = {"study_instance_uid": uid}
    return replace(film_record(number), facts_json=json.dumps(known), is_lateral=lateral)


@pytest.fixture
def store():
    return MemoryStore(
        [of_study(1, "1.2.3"), of_study(2, STUDY, lateral=False), of_study(3, STUDY, lateral=True)]
    )


def test_a_studys_uid_leads_to_its_lateral_film(store):
    answer = visitor(store).get("/open", params={"StudyInstanceUID": STUDY})
    assert (answer.status_code, answer.headers["location"]) == (303, "/#/film/3")


@pytest.mark.parametrize(
    ("uid", "status"), [("1.2.3.4.5", 404), ("", 400), ("<script>", 400), ("1" * 65, 400)]
)
def test_what_is_not_here_is_told_in_a_sentence(store, uid, status):
    answer = visitor(store).get("/open", params={"StudyInstanceUID": uid})
    assert answer.status_code == status
    assert sentence(answer.json()["error"])
    assert "<script>" not in answer.text


def test_who_may_fetch_is_offered_a_study_that_is_not_here(store, tmp_path, monkeypatch):
    file = tmp_path / "destinations.toml"
    file.write_text('[archive]\nkind = "dimse"\nhost = "127.0.0.1"\n', "utf-8")
    monkeypatch.setenv("KYPHOMETER_DESTINATIONS", str(file))
    answer = visitor(store).get("/open", params={"StudyInstanceUID": "1.2.3.4.5"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/#/fetch/1.2.3.4.5")
    monkeypatch.setenv("KYPHOMETER_DESTINATIONS", str(tmp_path / "none.toml"))
    assert visitor(store).get("/open", params={"StudyInstanceUID": "1.2.3.4.5"}).status_code == 404


def test_a_stranger_learns_nothing(store):
    for uid in (STUDY, "1.2.9", ""):
        assert stranger(store).get("/open", params={"StudyInstanceUID": uid}).status_code == 401


def test_a_click_in_another_page_asks_again_from_our_own(store):
    """The strict cookie does not come along with a click elsewhere."""
    answer = stranger(store).get(
        "/open", params={"StudyInstanceUID": STUDY}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 200
    assert f'content="0; url=/open?StudyInstanceUID={STUDY}"' in answer.text
    for uid in ('"><script>', ""):
        answer = stranger(store).get(
            "/open", params={"StudyInstanceUID": uid}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert answer.status_code == 401
        assert "script>" not in answer.text
