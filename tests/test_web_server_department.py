"""A department's server: accounts, roles, sign-ins that end, and no way around them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher
from web_fakes import MemoryStore, film_record
from web_local import Client, document, sentence

from kyphometer.errors import ServerStartError, StudyRefusedError, UnknownRecordError
from kyphometer.reading.document import reading_from_dict, reading_to_dict
from kyphometer.store.people.accounts import AccountRecord
from kyphometer.store.study.settings import StudySettings
from kyphometer.web.access import passwords, sign_ins, throttle
from kyphometer.web.access.accounts import AccountAuthenticator
from kyphometer.web.access.passwords import PasswordError, checked_password, hashed, matches
from kyphometer.web.access.proxy_sign_in import ProxySignIn
from kyphometer.web.access.sign_in_log import SignInLog
from kyphometer.web.reader.confirming import draft_reading
from kyphometer.web.server.app import create_app
from kyphometer.web.server.department import DepartmentServices, Listening
from kyphometer.web.server.settings import Mode, WebSettings

PASSWORD = "correct horse battery"


class NoSessions:
    def list(self):
        return ()


class MemoryStudy(MemoryStore):
    """A store in memory with accounts."""

    sessions = NoSessions()

    def __init__(self, films, hashes):
        super().__init__(films)
        self.actors = []
        self._accounts = {
            login: AccountRecord(
                login=login,
                role=role,
                observer=f"O-{login}",
                active=True,
                created_at=datetime.now(UTC),
                password_hash=hashes,
            )
            for login, role in (("ann", "observer"), ("quinn", "qa"), ("olga", "owner"))
        }

    settings = StudySettings()

    def acting_as(self, actor):
        self.actors.append(actor)
        return self

    def accounts(self):
        return tuple(self._accounts.values())

    def account(self, login):
        return self._accounts.get(login)

    def add_account(self, login, *, password_hash, role, observer=None, first_password=False):
        if login in self._accounts:
            raise StudyRefusedError("account_there", login=login)
        self._accounts[login] = AccountRecord(
            login=login,
            role=role,
            observer=observer or login,
            active=True,
            created_at=datetime.now(UTC),
            password_hash=password_hash,
            first_password=first_password,
        )

    def change_account(
        self, login, *, password_hash=None, role=None, active=None, first_password=None
    ):
        if login not in self._accounts:
            raise UnknownRecordError("unknown_account", name=login)
        changes = {
            "password_hash": password_hash,
            "role": role,
            "active": active,
            "first_password": first_password,
        }
        given = {name: value for name, value in changes.items() if value is not None}
        self._accounts[login] = replace(self._accounts[login], **given)


@pytest.fixture(autouse=True, scope="module")
def cheap_hashing():
    """As many hashes as there are tests would take a minute at full cost."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        patch.setattr(passwords, "_hasher", lambda: cheap)
        yield


@pytest.fixture(scope="module")
def known_hash(cheap_hashing):
    return hashed(PASSWORD)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def study(known_hash):
    return MemoryStudy([film_record(1), film_record(2)], known_hash)


@pytest.fixture
def app(study, clock):
    settings = WebSettings(mode=Mode.DEPARTMENT, port=8000)
    authenticator = AccountAuthenticator(study, settings.cookie_name, clock)
    return create_app(settings, authenticator, DepartmentServices(study))


def login(app, name="ann", password=PASSWORD):
    client = Client(app)
    client.headers["X-Kyphometer-CSRF"] = "login"
    answer = client.post("/api/login", json={"name": name, "password": password})
    if answer.status_code == 200:
        client.headers["X-Kyphometer-CSRF"] = answer.json()["csrf"]
    client.answer = answer
    return client


def test_strangers_are_sent_to_the_sign_in_page(app):
    client = Client(app)
    assert client.get("/").headers["location"] == "/login"
    answer = client.get("/api/worklist")
    assert (answer.status_code, answer.json()["kind"]) == (401, "SignInError")
    assert client.get("/api/worklist", headers={"Authorization": "Bearer x"}).status_code == 401


def test_signing_in_opens_the_page_under_ones_own_name(app):
    client = login(app)
    assert client.answer.json()["user"] == {"name": "ann", "role": "observer"}
    cookie = client.answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    config = client.get("/api/config").json()
    assert (config["user"]["name"], config["observer"], config["mode"]) == (
        "ann",
        "O-ann",
        "department",
    )


@pytest.mark.parametrize(
    ("name", "password"),
    [("ann", "wrong password"), ("nobody", PASSWORD), ("ANN", PASSWORD), ("ann", PASSWORD + "x")],
)
def test_wrong_name_and_wrong_password_sound_the_same(app, name, password):
    answer = login(app, name, password).answer
    assert answer.status_code == 401
    assert answer.json()["error"] == "Name and password do not match; check both and try again."
    assert "set-cookie" not in answer.headers


def test_signing_in_from_another_page_is_refused(app):
    client = Client(app)
    body = {"name": "ann", "password": PASSWORD}
    assert client.post("/api/login", json=body).status_code == 403
    headers = {"X-Kyphometer-CSRF": "login", "Origin": "http://evil.example"}
    assert client.post("/api/login", json=body, headers=headers).status_code == 403


def test_a_closed_account_cannot_sign_in_and_is_put_out(app, study, clock):
    client = login(app)
    assert client.get("/api/config").status_code == 200
    study.change_account("ann", active=False)  # by the command line, behind the server's back
    clock.now += 16
    assert client.get("/api/config").status_code == 401
    assert login(app).answer.status_code == 401


def test_the_identifier_is_new_at_each_sign_in(app):
    planted = Client(app)
    headers = {"X-Kyphometer-CSRF": "login", "Cookie": "kyphometer-8000=chosen-by-an-attacker"}
    body = {"name": "ann", "password": PASSWORD}
    answer = planted.post("/api/login", json=body, headers=headers)
    assert answer.status_code == 200
    assert "chosen-by-an-attacker" not in answer.headers["set-cookie"]
    planted.cookies.clear()
    assert planted.get("/api/config", headers={"Cookie": headers["Cookie"]}).status_code == 401
    one, two = login(app), login(app)
    assert set(one.cookies.values()).isdisjoint(two.cookies.values())


def test_a_sign_in_ends_when_unused_and_at_the_latest_after_its_lifetime(app, clock):
    client = login(app)
    clock.now += sign_ins.IDLE_S - 1
    assert client.get("/api/config").status_code == 200
    clock.now += sign_ins.IDLE_S + 1
    assert client.get("/api/config").status_code == 401
    client = login(app)
    for _ in range(int(sign_ins.LIFETIME_S // 600)):
        clock.now += 600
        assert client.get("/api/config").status_code == 200
    clock.now += 601
    assert client.get("/api/config").status_code == 401


def test_the_identifier_is_replaced_in_use_and_the_old_one_soon_opens_nothing(app, clock):
    client = login(app)
    old = client.cookies["kyphometer-8000"]
    clock.now += sign_ins.ROTATE_S + 1
    assert client.get("/api/config").status_code == 200
    new = client.cookies["kyphometer-8000"]
    assert new != old
    late = Client(app)  # a request that was under way with the old one
    late.cookies.set("kyphometer-8000", old)
    assert late.get("/api/config").status_code == 200
    clock.now += sign_ins.GRACE_S + 1
    late.cookies.clear()
    late.cookies.set("kyphometer-8000", old)
    assert late.get("/api/config").status_code == 401
    assert client.get("/api/config").status_code == 200


def test_signing_out_ends_it_on_the_server(app):
    client = login(app)
    cookie = client.cookies["kyphometer-8000"]
    assert client.post("/api/logout").status_code == 200
    thief = Client(app)
    thief.cookies.set("kyphometer-8000", cookie)
    assert thief.get("/api/config").status_code == 401


def test_guessing_is_slowed_down_for_the_pair_and_not_for_others(app, clock):
    for _ in range(throttle.FREE_ATTEMPTS["pair"]):
        assert login(app, "ann", "a wrong password").answer.status_code == 401
    answer = login(app).answer  # even the right one must wait now
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= throttle.LONGEST_WAIT_S
    assert sentence(answer.json()["error"])
    assert login(app, "quinn").answer.status_code == 200
    clock.now += throttle.FIRST_WAIT_S + 1
    assert login(app).answer.status_code == 200


def test_guessing_at_others_keeps_nobody_out_who_was_in_before(app):
    assert login(app).answer.status_code == 200
    for number in range(60):  # all from the address that ann has
        login(app, f"guess{number}", "a wrong password")
        login(app, "quinn", "a wrong password")
    assert login(app, "quinn").answer.status_code == 429
    assert login(app).answer.status_code == 200


def test_a_browser_that_was_in_before_is_let_in_past_those_who_guess_its_login(app):
    ann = login(app)
    for _ in range(60):
        login(app, "ann", "a wrong password")
    assert login(app).answer.status_code == 429
    answer = ann.post("/api/login", json={"name": "ann", "password": PASSWORD})
    assert answer.status_code == 200


def test_a_cookie_is_kept_no_longer_than_its_sign_in(app, clock):
    ann = login(app)
    assert f"Max-Age={int(sign_ins.LIFETIME_S)};" in ann.answer.headers["set-cookie"]
    clock.now += sign_ins.ROTATE_S + 1
    renewed = ann.get("/api/config").headers["set-cookie"]
    assert f"Max-Age={int(sign_ins.LIFETIME_S - sign_ins.ROTATE_S - 1)};" in renewed


def test_a_first_password_opens_nothing_but_its_change(app, study):
    olga = login(app, "olga")
    made = olga.post("/api/users", json={"name": "new", "role": "observer"}).json()
    new = login(app, "new", made["password"])
    assert new.answer.json()["first_password"] is True
    for path in ("/api/config", "/api/worklist", "/api/films/1", "/api/users"):
        answer = new.get(path)
        assert (answer.status_code, answer.json()["kind"]) == (403, "FirstPasswordError")
    assert new.get("/").headers["location"] == "/login"
    body = {"old": made["password"], "new": made["password"]}
    assert new.post("/api/password", json=body).status_code == 422
    body["new"] = "quite another phrase"
    changed = new.post("/api/password", json=body)
    assert changed.json()["first_password"] is False
    assert new.get("/api/worklist").status_code == 200
    assert study.account("new").first_password is False
    assert login(app, "new", body["new"]).answer.json()["first_password"] is False


def test_sign_ins_are_recorded_without_what_is_no_name_here(study, clock, tmp_path):
    path = tmp_path / "sign-ins.jsonl"
    settings = WebSettings(mode=Mode.DEPARTMENT, port=8000)
    log = SignInLog(path)
    authenticator = AccountAuthenticator(study, settings.cookie_name, clock, log)
    app = create_app(settings, authenticator, DepartmentServices(study))
    login(app)
    login(app, "ann", "a wrong password")
    login(app, "my secret password", "x")
    login(app, "my secret password", "x")
    for _ in range(throttle.FREE_ATTEMPTS["pair"] + 1):
        login(app, "quinn", "a wrong password")
    found = login(app, "olga").get("/api/sign-ins").json()["sign_ins"]
    log.close()
    text = path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert "secret" not in text
    assert "wrong" not in text
    assert [line["outcome"] for line in lines[:4]] == ["success", *["failure"] * 3]
    assert (lines[-2]["outcome"], lines[-2]["name"]) == ("too early", "quinn")
    assert (lines[0]["name"], lines[0]["address"]) == ("ann", "127.0.0.1")
    assert lines[2]["name_hash"] == lines[3]["name_hash"]
    assert "name" not in lines[2]
    assert datetime.fromisoformat(lines[0]["time"]).tzinfo is not None
    assert path.stat().st_mode & 0o077 == 0
    assert [item["outcome"] for item in reversed(found)][:4] == ["success", *["failure"] * 3]


def test_a_log_that_cannot_be_written_is_told_at_the_start(tmp_path):
    with pytest.raises(ServerStartError) as caught:
        SignInLog(tmp_path / "no folder" / "log")
    assert sentence(str(caught.value))


@pytest.mark.parametrize(
    "weak",
    ["passwordpassword", "qwertyuiop12", "kyphometer123", "matkhau12345", "annann123456789"],
)
def test_weak_passwords_are_refused(weak):
    with pytest.raises(PasswordError, match=r"choose"):
        checked_password(weak, "ann")


def test_people_have_drafts_and_readings_of_their_own(app):
    ann, quinn = login(app), login(app, "quinn")
    body = {"document": document(comment="ann's"), "base": "0."}
    assert ann.put("/api/films/1/draft", json=body).status_code == 200
    assert quinn.get("/api/films/1/document").json()["source"] == "none"
    assert ann.get("/api/films/1/document").json()["document"]["comment"] == "ann's"


def test_one_persons_csrf_value_is_useless_to_another(app):
    ann, quinn = login(app), login(app, "quinn")
    ann.headers["X-Kyphometer-CSRF"] = quinn.headers["X-Kyphometer-CSRF"]
    body = {"document": document(), "base": "0."}
    assert ann.put("/api/films/1/draft", json=body).status_code == 403


OWNERS_ONLY = [
    ("GET", "/api/users", None),
    ("POST", "/api/users", {"name": "new", "role": "observer"}),
    ("PATCH", "/api/users/ann", {"role": "owner"}),
    ("PATCH", "/api/users/olga", {"active": False}),
]


@pytest.mark.parametrize("name", ["ann", "quinn"])
@pytest.mark.parametrize(("method", "path", "body"), OWNERS_ONLY)
def test_only_an_owner_manages_accounts(app, study, name, method, path, body):
    before = study.accounts()
    answer = login(app, name).request(method, path, json=body)
    assert answer.status_code == 403
    assert study.accounts() == before


def test_qa_sees_everybodys_readings_and_progress_and_observers_do_not(app):
    ann, quinn = login(app), login(app, "quinn")
    assert ann.get("/api/films/1/readings").status_code == 403
    assert ann.get("/api/progress").status_code == 403
    reading = reading_to_dict(draft_reading(document(20.0), film_record(1).reference))
    app.state.services.readers._study.save_reading(
        reading_from_dict(reading), 1, "O-ann", base_version=0
    )
    found = quinn.get("/api/films/1/readings").json()["readings"]
    assert [item["observer"] for item in found] == ["O-ann"]
    assert "VKA" in {item["code"] for item in found[0]["measurements"]}
    other = reading_to_dict(draft_reading(document(60.0), film_record(1).reference))
    app.state.services.readers._study.save_reading(
        reading_from_dict(other), 1, "O-ben", base_version=0
    )
    both = quinn.get("/api/films/1/readings").json()
    vka = [
        item["value"]
        for one in both["readings"]
        for item in one["measurements"]
        if item["code"] == "VKA"
    ]
    (spread,) = [item for item in both["spread"] if item["code"] == "VKA"]
    assert spread["difference"] == pytest.approx(abs(vka[0] - vka[1]))
    assert (spread["mdc95"], spread["beyond_mdc"]) == (None, None)
    progress = {line["observer"]: line for line in quinn.get("/api/progress").json()["observers"]}
    assert progress["O-ann"]["read"] == 1
    assert progress["O-quinn"]["read"] == 0


def test_an_owner_adds_and_closes_accounts_and_never_sees_a_hash(app, study):
    owner = login(app, "olga")
    made = owner.post("/api/users", json={"name": "new", "role": "qa"})
    assert made.status_code == 201
    fresh = login(app, "new", made.json()["password"])
    assert fresh.answer.json()["user"]["role"] == "qa"
    listing = owner.get("/api/users")
    assert "argon2" not in listing.text
    assert {user["name"] for user in listing.json()["users"]} == {"ann", "quinn", "olga", "new"}
    assert owner.request("PATCH", "/api/users/new", json={"active": False}).status_code == 200
    assert fresh.get("/api/config").status_code == 401
    assert "olga" in study.actors
    assert owner.post("/api/users", json={"name": "new", "role": "qa"}).status_code == 409
    assert owner.request("PATCH", "/api/users/nobody", json={"role": "qa"}).status_code == 404
    assert owner.post("/api/users", json={"name": "x", "role": "king"}).status_code == 400


def test_a_changed_role_takes_effect_at_once(app):
    owner, ann = login(app, "olga"), login(app)
    owner.request("PATCH", "/api/users/ann", json={"role": "qa"})
    assert ann.get("/api/config").status_code == 401
    assert login(app).answer.json()["user"]["role"] == "qa"


def test_a_new_password_signs_out_everywhere_else(app):
    here, elsewhere = login(app), login(app)
    body = {"old": PASSWORD, "new": "a much better passphrase"}
    wrong = here.post("/api/password", json={**body, "old": "not the old one"})
    assert (wrong.status_code, wrong.json()["kind"]) == (403, "ForbiddenError")
    weak = here.post("/api/password", json={**body, "new": "short"})
    assert (weak.status_code, weak.json()["kind"]) == (422, "PasswordError")
    changed = here.post("/api/password", json=body)
    assert changed.status_code == 200
    here.headers["X-Kyphometer-CSRF"] = changed.json()["csrf"]
    assert here.get("/api/config").status_code == 200
    assert elsewhere.get("/api/config").status_code == 401
    assert login(app).answer.status_code == 401
    assert login(app, "ann", body["new"]).answer.status_code == 200


@pytest.mark.parametrize(
    "password", ["", "short", "a" * 20, "x" * 300, "annlovesyou!", "my-ANNlovesyou"]
)
def test_passwords_that_are_none_are_refused(password):
    with pytest.raises(PasswordError) as refused:
        checked_password(password, "annlovesyou")
    assert sentence(str(refused.value))


@pytest.mark.parametrize("password", ["correct horse battery", "mật khẩu rất dài", "k7!vR2#pQ9xZ"])
def test_good_passwords_are_accepted_as_they_are(password):
    assert checked_password(password, "ann") == password


def test_hashes_are_argon2id_with_their_own_salt(known_hash):
    assert known_hash.startswith("$argon2id$")
    assert hashed(PASSWORD) != known_hash
    assert matches(PASSWORD, known_hash)
    assert not matches(PASSWORD + " ", known_hash)
    assert not matches(PASSWORD, None)
    assert not matches(PASSWORD, "not a hash")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"host": "0.0.0.0"}, "plain HTTP"),
        ({"host": "192.168.1.7"}, "plain HTTP"),
        ({"host": "::"}, "plain HTTP"),
        ({"host": "pacs.hospital.example"}, "plain HTTP"),
        ({"behind_proxy": True}, "--public-url"),
        ({"behind_proxy": True, "public_url": "http://kypho.example"}, "https"),
        ({"certificate": "a.pem"}, "both files"),
        ({"key": "a.pem"}, "both files"),
    ],
)
def test_nothing_is_served_in_clear_over_a_network(facts, words):
    with pytest.raises(ServerStartError, match=words) as refused:
        Listening(**facts).check()
    assert sentence(str(refused.value))


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"host": "::1"},
        {"host": "localhost"},
        {"host": "127.1.2.3"},
        {"host": "0.0.0.0", "certificate": "a", "key": "b"},
        {"host": "0.0.0.0", "behind_proxy": True, "public_url": "https://kypho.example"},
    ],
)
def test_what_is_safe_is_served(facts):
    Listening(**facts).check()


def test_behind_a_proxy_cookies_are_secure_and_only_its_origin_is_accepted(study):
    settings = WebSettings(
        mode=Mode.DEPARTMENT,
        port=8000,
        public_origin="https://kypho.example",
        secure=True,
        hosts=frozenset(),
    )
    app = create_app(
        settings, AccountAuthenticator(study, settings.cookie_name), DepartmentServices(study)
    )
    client = Client(app, "https://kypho.example")
    body = {"name": "ann", "password": PASSWORD}
    headers = {"X-Kyphometer-CSRF": "login", "Origin": "https://kypho.example"}
    answer = client.post("/api/login", json=body, headers=headers)
    assert answer.status_code == 200
    assert "; Secure" in answer.headers["set-cookie"]
    assert answer.headers["set-cookie"].startswith("__Host-")
    assert "max-age" in answer.headers["strict-transport-security"]
    headers["Origin"] = "http://kypho.example"
    assert client.post("/api/login", json=body, headers=headers).status_code == 403
    other = Client(app, "https://other.example")
    assert other.get("/api/health").status_code == 400


SECRET = "0123456789abcdef" * 4


def behind_proxy(study):
    settings = WebSettings(mode=Mode.DEPARTMENT, port=8000)
    proxy = ProxySignIn(header="x-remote-user", secret=SECRET)
    authenticator = AccountAuthenticator(study, settings.cookie_name, proxy=proxy)
    return create_app(settings, authenticator, DepartmentServices(study))


def test_a_proxy_that_proves_itself_says_who_it_is(study):
    client = Client(behind_proxy(study))
    vouched = {"X-Remote-User": "ann", "X-Kyphometer-Proxy-Secret": SECRET}
    answer = client.get("/login", headers=vouched)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    config = client.get("/api/config").json()
    assert (config["user"]["name"], config["sign_in"]) == ("ann", "proxy")
    again = Client(behind_proxy(study))  # the page signs in again by itself
    headers = {**vouched, "X-Kyphometer-CSRF": "login"}
    body = {"name": "ann", "password": "-"}
    assert again.post("/api/login", json=body, headers=headers).json()["user"]["name"] == "ann"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Remote-User": "olga"},
        {"X-Remote-User": "olga", "X-Kyphometer-Proxy-Secret": "x" * 64},
        {"X-Remote-User": "olga", "X-Kyphometer-Proxy-Secret": ""},
        {"X-Kyphometer-Proxy-Secret": SECRET},
        [
            ("X-Remote-User", "ann"),
            ("X-Remote-User", "olga"),
            ("X-Kyphometer-Proxy-Secret", SECRET),
        ],
    ],
)
def test_nobody_else_can_say_so(study, headers):
    client = Client(behind_proxy(study))
    assert client.get("/login", headers=headers).status_code == 200  # the form
    assert client.get("/api/config", headers=headers).status_code == 401


def test_a_proxy_cannot_let_in_who_has_no_account_or_a_closed_one(study):
    app = behind_proxy(study)
    study.change_account("quinn", active=False)
    for name in ("nobody", "quinn"):
        vouched = {"X-Remote-User": name, "X-Kyphometer-Proxy-Secret": SECRET}
        assert Client(app).get("/login", headers=vouched).status_code == 403


def test_a_proxy_without_a_secret_of_its_own_is_refused_at_the_start(tmp_path):
    short, good = tmp_path / "short", tmp_path / "good"
    short.write_text("abc")
    good.write_text(SECRET + "\n")
    url = {"behind_proxy": True, "public_url": "https://k.example"}
    for wrong in (
        {"user_header": "X-Remote-User", **url},
        {"user_header": "X-Remote-User", "proxy_secret": good},
        {"proxy_secret": good, **url},
        {"user_header": "X-Remote-User", "proxy_secret": short, **url},
        {"user_header": "X-Remote-User", "proxy_secret": tmp_path / "none", **url},
    ):
        with pytest.raises(ServerStartError) as caught:
            Listening(**wrong).proxy_sign_in()
        assert sentence(str(caught.value))
    found = Listening(user_header="X-Remote-User", proxy_secret=good, **url).proxy_sign_in()
    assert found == ProxySignIn(header="x-remote-user", secret=SECRET)
