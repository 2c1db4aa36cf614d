"""A blinded reader learns nothing but the picture: every answer is looked through for leaks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from web_films import COLUMNS, ROWS, film
from web_local import TOKEN, Client, document, sentence

from kyphometer.anatomy import Level
from kyphometer.dicom import read_film, to_grey
from kyphometer.dicom.write import write_dx
from kyphometer.film import VoiWindow
from kyphometer.measure import measure_reading
from kyphometer.reading.document import reading_from_dict
from kyphometer.store.study.settings import StudySettings
from kyphometer.store.study.study import Study
from kyphometer.web.server.annotate import session_app
from kyphometer.web.server.settings import WebSettings
from kyphometer.workflow.session_progress import session_progress
from kyphometer.workflow.sessions import SessionRequest, new_session

SECRETS = ("Hidden", "SECRETPAT", "preop", "after-op", "2025-03", "20250301", "2025", "POSTOP")


@pytest.fixture
def study(tmp_path):
    """Two films of one patient."""
    for number, name in enumerate(("preop-SECRETPAT", "after-op-SECRETPAT")):
        made = film(
            number,
            patient_id="SECRETPAT",
            patient_name="Hidden^Person",
            study_date=date(2025, 3, 1 + number),
            description="POSTOP control",
        )
        window = VoiWindow(center=1500, width=3000, explanation="POSTOP view")
        header = replace(made.header, rendering=replace(made.header.rendering, windows=(window,)))
        write_dx(replace(made, header=header), tmp_path / f"{name}.dcm", seed=name)
    with Study.create(tmp_path / "secretstudy.kypho", "Secret Study", actor="owner") as opened:
        opened.add_films(tmp_path)
        opened.add_observer("OTHERONE")
        yield opened


def plan(study, **changes):
    request = {
        "code": "qa1",
        "observers": ("KN", "OTHERONE"),
        "seed": 3,
        "rounds": 2,
        "duplicates": 0.5,
        "mirrored": 0.5,
        "washout_days": 0.0,
        **changes,
    }
    new_session(study, SessionRequest(**request))


def reader(study, observer="KN"):
    client = Client(session_app(study, "qa1", observer, WebSettings(port=8000), TOKEN))
    assert client.get(f"/?token={TOKEN}").status_code == 303
    client.headers["X-Kyphometer-CSRF"] = client.get("/api/config").json()["csrf"]
    return client


def items(client):
    return client.get("/api/worklist").json()["items"]


def confirm(client, film_id, body=None):
    path = f"/api/films/{film_id}"
    base = client.get(f"{path}/document").json()["etag"]
    sent = {"document": body or document(), "base": base, "log": {"seconds": 12.5, "zoom": 2.0}}
    return client.post(f"{path}/reading", json=sent)


def flipped(body):
    """The marks of a document on the mirror image."""
    text = json.loads(json.dumps(body))
    for plates in text["vertebrae"].values():
        for plate in plates.values():
            for corner in ("anterior", "posterior"):
                plate[corner]["xy"][0] = COLUMNS - plate[corner]["xy"][0]
    return text


def test_a_link_to_a_study_is_not_followed(study):
    plan(study)
    uid = study.films()[0].facts["study_instance_uid"]
    for asked in (uid, "1.2.3"):
        answer = reader(study).get("/open", params={"StudyInstanceUID": asked})
        assert answer.status_code == 403
        assert "location" not in answer.headers
        assert uid not in answer.text


def test_no_answer_leaks_anything(study):
    plan(study)
    client = reader(study)
    seen = []

    def ask(method, path, **options):
        answer = client.request(method, path, **options)
        head = f"{path} {answer.status_code} {dict(answer.headers)}"
        binary = answer.headers["content-type"] in ("application/octet-stream", "image/jpeg")
        seen.append(head if binary else f"{head} {answer.text}")
        return answer

    listed = items(client)
    assert len(listed) == 3
    codes = [item["film_id"] for item in listed]
    ask("GET", "/api/config")
    ask("GET", "/api/worklist?query=SECRETPAT")
    for code in codes:
        path = f"/api/films/{code}"
        ask("GET", path)
        ask("GET", f"{path}/pixels")
        ask("GET", f"{path}/thumbnail")
        base = ask("GET", f"{path}/document").json()["etag"]
        base = ask("PUT", f"{path}/draft", json={"document": document(), "base": base}).json()
        ask("PUT", f"{path}/draft", json={"document": document(), "base": "0.x"})
        ask("POST", f"{path}/measure", json={"document": document()})
        ask("POST", f"{path}/reading", json={"document": {}, "base": base["etag"]})
        done = document() if not mirrored(study, code) else flipped(document())
        ask("POST", f"{path}/reading", json={"document": done, "base": base["etag"]})
        ask("GET", f"{path}/document")
        ask("POST", f"{path}/reading", json={"document": done, "base": "1.", "reason": "again"})
        ask("DELETE", f"{path}/draft", json={"base": "1."})
    for number in range(1, 12):
        ask("GET", f"/api/films/{number}")
        for name in ("picture.png", "page.pdf", "page.png", "measurements.csv"):
            ask("GET", f"/api/films/{number}/{name}")
    ask("GET", "/api/films/..%2f..%2fsecretstudy.kypho")
    for path in sorted({item.name for item in study.films()[0].path.parent.iterdir()}):
        ask("GET", f"/api/films/{path}")
    uids = [film.sop_instance_uid for film in study.films()]
    hashes = [film.sha256_pixels for film in study.films()]
    root = str(study.films()[0].path.parent)
    for text in seen:
        asked, _, rest = text.partition(" ")
        for secret in (*SECRETS, "Secret", "OTHERONE", root, *uids, *hashes):
            assert secret is None or secret not in rest.replace(asked, ""), text[:300]


def mirrored(study, code):
    return next(i for i in study.sessions.items("qa1") if i.code == code).mirrored


def test_no_value_of_an_angle_is_told(study):
    plan(study)
    client = reader(study)
    code = items(client)[0]["film_id"]
    marks = flipped(document()) if mirrored(study, code) else document()
    answer = client.post(f"/api/films/{code}/measure", json={"document": marks}).json()
    assert (answer["measurements"], answer["change"]) == ([], None)
    assert answer["facing"] in ("left", "right")
    steep = document(angle_px=400.0)
    answer = client.post(f"/api/films/{code}/measure", json={"document": steep})
    assert "degrees" not in answer.text
    done = confirm(client, code, marks).json()
    assert done["measured"] == []


def test_the_same_film_under_two_codes_has_two_tags(study):
    plan(study, mirrored=0.0)
    client = reader(study)
    tags = {
        client.get(f"/api/films/{item['film_id']}/{part}").headers["etag"]
        for item in items(client)
        for part in ("pixels", "thumbnail")
    }
    assert len(tags) == 6


def test_a_mirrored_showing_is_shown_mirrored_and_kept_as_it_lies_on_the_film(study):
    plan(study)
    client = reader(study)
    planned = {i.code: i for i in study.sessions.items("qa1", observer="KN")}
    for item in items(client):
        code, own = item["film_id"], planned[item["film_id"]]
        facts = client.get(f"/api/films/{code}").json()
        assert facts["facing"] == ("right" if own.mirrored else "left")
        shown = client.get(f"/api/films/{code}/pixels")
        pixels = np.frombuffer(shown.content, "<u2").reshape(ROWS, COLUMNS)
        grey = np.rint(np.clip((pixels - 32768.0) / 32768.0 + 0.5, 0.0, 1.0) * 255.0)
        expected = to_grey(read_film(study.film_path(own.film_id)))
        expected = expected[:, ::-1] if own.mirrored else expected
        assert np.abs(grey - expected).max() <= 1.0  # of 255 greys
        assert confirm(client, code, flipped(document()) if own.mirrored else document()).is_success
        kept = study.latest_reading(own.film_id, "KN", session_item=own.id).reading
        expected = reading_from_dict(document())
        found = {(*key, name): m.xy for *key, name, m in kept.landmarks()}
        assert found == {(*key, name): m.xy for *key, name, m in expected.landmarks()}
        angle = measure_reading(kept, study.film(own.film_id).geometry, codes=["VKA"])
        assert angle.get("VKA").value == pytest.approx(np.degrees(np.arctan2(20, 220)), abs=1e-9)
        assert str(kept.facing) == "left"


def test_nothing_of_another_film_is_kept_with_a_reading_of_a_session(study):
    plan(study)
    client = reader(study)
    item = items(client)[0]["film_id"]
    own = next(i for i in study.sessions.items("qa1", observer="KN") if i.code == item)
    corners = {"anterior": [1.0, 2.0], "posterior": [3.0, 4.0]}
    line = {"change_sd_deg": 0.1, "before": corners, "here": corners}
    carried = {
        "from": {"rows": 9, "columns": 9, "sop_instance_uid": "1.2.3"},
        "correlation": 0.5,
        "superior": line,
        "inferior": line,
    }
    body = flipped(document()) if own.mirrored else document()
    assert confirm(client, item, {**body, "carried_over": {"L1": carried}}).is_success
    kept = study.latest_reading(own.film_id, "KN", session_item=own.id)
    assert "1.2.3" not in kept.document_json
    assert kept.reading.carried_over == {}


def test_rounds_open_one_after_the_other_and_read_items_stay_hidden(study):
    plan(study)
    client = reader(study)
    first = [item["film_id"] for item in items(client)]
    for code in first:
        confirm(client, code, flipped(document()) if mirrored(study, code) else document())
        there = client.get(f"/api/films/{code}/document").json()
        assert (there["status"], there["document"]) == ("read", None)
    second = [item["film_id"] for item in items(client) if item["status"] == "unread"]
    assert len(second) == 3
    assert not set(first) & set(second)
    done = confirm(client, first[0])
    assert done.status_code in (409, 422)
    assert sentence(done.json()["error"])
    state = session_progress(study, "qa1")[0]
    assert [r.read for r in state.rounds] == [3, 0]
    assert state.minutes == pytest.approx(3 * 12.5 / 60)


def test_a_second_round_in_its_wash_out_is_not_to_be_seen(study):
    plan(study, washout_days=14.0)
    client = reader(study)
    codes = [i.code for i in study.sessions.items("qa1", observer="KN") if i.round == 2]
    for item in items(client):
        code = item["film_id"]
        confirm(client, code, flipped(document()) if mirrored(study, code) else document())
    assert all(item["status"] == "read" for item in items(client))
    assert client.get(f"/api/films/{codes[0]}").status_code == 400


def test_help_from_the_image_is_refused_where_the_session_forbids_it(study):
    plan(study)
    client = reader(study)
    assert client.get("/api/config").json()["assist"]["allowed"] is False
    code = next(i["film_id"] for i in items(client) if not mirrored(study, i["film_id"]))
    helped = document()
    helped["vertebrae"]["L1"]["superior"]["anterior"]["source"] = "refined"
    refused = confirm(client, code, helped)
    assert refused.status_code == 409
    assert "not allowed" in refused.json()["error"]


def test_a_fixed_level_map_is_offered_and_held(study):
    study.change_settings(StudySettings(levels={"SECRETPAT": (Level.L1,)}))
    plan(study, fix_levels=True)
    client = reader(study)
    code = next(i["film_id"] for i in items(client) if not mirrored(study, i["film_id"]))
    assert client.get(f"/api/films/{code}").json()["fractured_levels"] == ["L1"]
    assert confirm(client, code, document(fractured_levels=["T12"])).status_code == 409
    assert confirm(client, code).is_success


def test_a_film_that_cannot_be_shown_is_named_by_its_code_only(study):
    plan(study)
    client = reader(study)
    item = study.sessions.items("qa1", observer="KN")[0]
    study.film_path(item.film_id).write_bytes(b"")
    for part in ("", "/pixels", "/thumbnail"):
        answer = client.get(f"/api/films/{item.code}{part}")
        assert item.code in answer.text
        assert "SECRETPAT" not in answer.text
        text = answer.json()["error"]
        assert sentence(text)
