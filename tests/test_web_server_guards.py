"""Nobody reaches the server who should not; nothing is changed from elsewhere."""

from __future__ import annotations

import pytest
from web_fakes import MemoryStore, film_record
from web_local import TOKEN, Client, document, sentence, stranger, visitor

from kyphometer.web.reader.agreement import Agreement
from kyphometer.web.routes.every import ROUTES
from kyphometer.web.routes.pages import static_files
from kyphometer.web.server.annotate import local_app
from kyphometer.web.server.settings import WebSettings


@pytest.fixture
def client() -> Client:
    return visitor(MemoryStore([film_record(1), film_record(2)]))


@pytest.fixture
def unknown() -> Client:
    return stranger(MemoryStore([film_record(1)]))


PUBLIC = {
    "/static/{name:path}", "/api/health", "/api/login", "/login", "/login/provider",
    "/login/back", "/favicon.ico",
}  # fmt: skip


def test_every_route_but_the_public_ones_needs_the_token(unknown):
    tried = 0
    for route in ROUTES:
        path = route.path.replace("{film_id}", "1").replace("{name:path}", "nothing.js")
        for method in route.methods:
            answer = unknown.request(method, path)
            if route.path not in PUBLIC:
                assert answer.status_code == 401, (method, path)
                tried += 1
    assert tried >= 10


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\u00e9"])
def test_a_wrong_token_opens_nothing(unknown, token):
    answer = unknown.get("/", params={"token": token})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert (
        unknown.get(
            "/api/config", headers={"Authorization": f"Bearer {token}".encode()}
        ).status_code
        == 401
    )


def test_the_token_becomes_a_cookie_that_scripts_cannot_read(unknown):
    answer = unknown.get("/", params={"token": TOKEN})
    cookie = answer.headers["set-cookie"]
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert unknown.get("/api/config").status_code == 200


def test_after_a_click_in_another_page_the_cookie_still_arrives(unknown):
    """A strict cookie is not sent along a redirect chain that began elsewhere."""
    answer = unknown.get("/", params={"token": TOKEN}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert 'content="0; url=/"' in answer.text


def test_the_invitation_for_the_browser_lets_in_once():
    app = local_app(MemoryStore([film_record(1)]), "KN", WebSettings(port=8000), TOKEN, Agreement())
    code = app.state.services.authenticator.invite()
    assert Client(app).get("/", params={"token": code}).status_code == 303
    assert Client(app).get("/", params={"token": code}).status_code == 401
    bearer = {"Authorization": f"Bearer {app.state.services.authenticator.invite()}"}
    assert Client(app).get("/api/config", headers=bearer).status_code == 401
    assert Client(app).get("/", params={"token": TOKEN}).status_code == 303


def test_the_cookie_of_another_server_opens_nothing(unknown):
    unknown.cookies.set("kyphometer-8000", TOKEN)
    assert unknown.get("/api/config").status_code == 401


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "",
        "127.0.0.2",
    ],
)
def test_other_host_names_are_refused(client, host):
    answer = client.get("/api/config", headers={"Host": host})
    assert answer.status_code == 400
    assert sentence(answer.json()["error"])


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000"])
def test_own_host_names_are_served(client, host):
    assert client.get("/api/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/config"),
        ("GET", "/api/films/77"),
        ("GET", "/nowhere"),
        ("PATCH", "/api/config"),
        ("GET", "/static/nothing.js"),
    ],
)
def test_every_answer_carries_the_policy(client, method, path):
    answer = client.request(method, path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers


def test_answers_about_patients_are_not_stored(client):
    assert client.get("/api/films/1").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Kyphometer-CSRF": ""},
        {"X-Kyphometer-CSRF": "0" * 64},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:8000"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_changes_from_elsewhere_are_refused(client, headers):
    body = {"document": document(), "base": None}
    answer = client.put("/api/films/1/draft", json=body, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["kind"] == "ForbiddenError"
    assert client.get("/api/films/1/document").json()["source"] == "none"


def test_changes_from_the_page_are_taken(client):
    headers = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    body = {"document": document(), "base": None}
    assert client.put("/api/films/1/draft", json=body, headers=headers).status_code == 200


def test_a_script_with_the_token_needs_no_csrf_header(unknown):
    body = {"document": document(), "base": None}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert unknown.put("/api/films/1/draft", json=body, headers=headers).status_code == 200


def test_bodies_beyond_the_bound_are_refused_by_their_declared_length(client):
    answer = client.put(
        "/api/films/1/draft",
        content=b"{",
        headers={"Content-Length": str(10**9), "Content-Type": "application/json"},
    )
    assert answer.status_code == 413
    assert sentence(answer.json()["error"])


def test_bodies_beyond_the_bound_are_refused_as_they_arrive():
    client = visitor(MemoryStore([film_record(1)]), max_body_bytes=10_000)
    sent = []

    async def chunks():
        for _ in range(1000):
            sent.append(1)
            yield b" " * 1000

    answer = client.put(
        "/api/films/1/draft", content=chunks(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413
    assert answer.json()["kind"] == "BodyTooLargeError"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pages.py",
        "/static/..%2fpages.py",
        "/static/%2e%2e/%2e%2e/film.py",
        "/static//etc/passwd",
        "/static/..\\pages.py",
        "/static/%00index.html",
        "/api/films/..%2f..%2fetc%2fpasswd/pixels",
        "/api/films/%2e%2e/pixels",
        "/api/films/1%00/pixels",
        "/api/films/-1",
        "/api/films/\u0661",
        "/api/films/99999999999999999999",
    ],
)
def test_no_address_reaches_a_file_outside_the_page(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert sentence(answer.json()["error"])


def test_files_of_the_page_are_served_with_their_kind(client):
    for name in static_files():
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200
        if name.endswith(".js"):
            assert answer.headers["content-type"].startswith("text/javascript")
        again = client.get(f"/static/{name}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"document": {"x": NaN}}', "application/json", 400),
        (b'{"document": {"x": ' + b"1" * 5000 + b"}}", "application/json", 400),
        (b'{"document": 3}', "application/json", 400),
        (b'{"document": {}, "base": 3}', "application/json", 400),
        (b'{"document": {"comment": "\\ud800"}, "base": null}', "application/json", 400),
        (b'{"document": {"comment": "\\u0000"}, "base": null}', "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"a=1", "application/x-www-form-urlencoded", 415),
    ],
)
def test_what_is_no_json_object_is_refused_with_a_sentence(client, content, kind, status):
    answer = client.put("/api/films/1/draft", content=content, headers={"Content-Type": kind})
    assert answer.status_code == status
    assert sentence(answer.json()["error"])


def test_unknown_addresses_and_methods_are_told_in_a_sentence(client):
    nowhere = client.get("/api/nowhere")
    assert (nowhere.status_code, nowhere.json()["kind"]) == (404, "NotFoundError")
    wrong = client.delete("/api/config")
    assert (wrong.status_code, wrong.json()["kind"]) == (405, "MethodError")
    assert "GET" in wrong.headers["allow"]


def test_an_unforeseen_error_tells_no_secrets(client, monkeypatch, caplog):
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("kyphometer.web.reader.open.OpenService.work_list", broken)
    answer = client.get("/api/worklist")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert sentence(answer.json()["error"])
    assert "secret detail" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"
