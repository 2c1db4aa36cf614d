"""Signing in by an identity provider: a real one, which requires PKCE, in Chromium and without."""

from __future__ import annotations

import hmac
import json
import re
import shutil
import socket
import subprocess
import threading
import time
from base64 import urlsafe_b64encode
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from web_films import write_films
from web_process import running

from kyphometer.errors import IdentityProviderError, ServerStartError
from kyphometer.store.study.study import Study
from kyphometer.web.access.identity.journey import LONGEST_S, Journeys
from kyphometer.web.access.identity.options import ProviderOptions, Roles, read_options
from kyphometer.web.access.identity.provider import IdentityProvider
from kyphometer.web.access.passwords import hashed

if TYPE_CHECKING:
    from collections.abc import Iterator

IDENTITY = Path(__file__).parent / "identity"
PASSWORD = "correct horse battery"
PEOPLE = {
    "ann": {"preferred_username": "ann", "groups": ["staff", "kypho-readers"]},
    "quinn": {"preferred_username": "quinn", "groups": ["kypho-readers", "kypho-qa"]},
    "new": {"preferred_username": "newcomer", "groups": ["kypho-readers"]},
    "closed": {"preferred_username": "closed", "groups": ["kypho-readers"]},
    "stranger": {"preferred_username": "stranger", "groups": ["staff"]},
}
OPTIONS = """
issuer = "{issuer}"
client_id = "kyphometer"
client_secret_file = "client-secret"
name = "St. Elsewhere"
account_claim = "preferred_username"
role_claim = "groups"
add_accounts = true
passwords = {passwords}

[roles]
observer = ["kypho-readers"]
qa = ["kypho-qa"]
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def provider_running(port: int, base: str, secret: str | None) -> Iterator[str]:
    """The provider that stands in tests/identity, for a server at `base`; its issuer."""
    if shutil.which("node") is None:
        pytest.skip("no Node.js")
    if not (IDENTITY / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("no identity provider: npm install in tests/identity")
    facts = {"port": port, "back": f"{base}/login/back", "after": f"{base}/login"}
    told = json.dumps({**facts, "people": PEOPLE, **({"secret": secret} if secret else {})})
    process = subprocess.Popen(
        ["node", "provider.mjs", told], cwd=IDENTITY, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", "the provider did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate(timeout=20)


def new_study(folder: Path) -> Path:
    films = folder / "films"
    films.mkdir()
    write_films(films, 2)
    target = folder / "study.sqlite"
    with Study.create(target, "Served", actor="KN") as study:
        study.add_films(films)
        known = hashed(PASSWORD)
        for name, role in (("ann", "observer"), ("olga", "owner"), ("closed", "observer")):
            study.add_account(name, password_hash=known, role=role)
        study.add_account("quinn", password_hash=known, role="observer")
        study.change_account("closed", active=False)
    return target


@pytest.fixture(scope="module", params=["true"])
def department(request: Any, tmp_path_factory: Any) -> Iterator[tuple[str, Path]]:
    """A server that asks that provider, and its study."""
    folder = tmp_path_factory.mktemp("identity")
    study, port, provider_port = new_study(folder), free_port(), free_port()
    secret = "a secret of tests, long enough"
    (folder / "client-secret").write_text(secret + "\n")
    options = folder / "oidc.toml"
    base = f"http://127.0.0.1:{port}"
    with provider_running(provider_port, base, secret) as issuer:
        options.write_text(OPTIONS.format(issuer=issuer, passwords=request.param))
        with running("serve", study, "--port", str(port), "--oidc", options) as server:
            assert server.base == base
            yield base, study


class Browser:
    """A person's browser without its page: follows links and fills in the provider's forms."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.client = httpx.Client(timeout=60)

    def to_provider(self, again: str = "") -> httpx.Response:
        return self.client.get(f"{self.base}/login/provider{again}")

    def answer_of_provider(self, login: str, again: str = "") -> str:
        """Sign in at the provider and agree; the address to which it sends the browser back."""
        found = self.client.get(self.to_provider(again).headers["location"], follow_redirects=True)
        for fields in (
            {"prompt": "login", "login": login, "password": "any"},
            {"prompt": "consent"},
        ):
            form = re.search(r'action="([^"]+)"', found.text)
            assert form is not None, found.text[:500]
            answer = self.client.post(str(found.url.join(form[1])), data=fields)
            while answer.is_redirect:
                there = str(answer.url.join(answer.headers["location"]))
                if there.startswith(self.base):
                    return there
                answer = self.client.get(there)
            found = answer
        raise AssertionError(found.text[:500])

    def sign_in(self, login: str) -> httpx.Response:
        return self.client.get(self.answer_of_provider(login))

    def who(self) -> dict[str, Any] | None:
        answer = self.client.get(f"{self.base}/api/config")
        return answer.json() if answer.status_code == 200 else None


@pytest.fixture
def browsers(department: tuple[str, Path]) -> Iterator[Any]:
    """New browsers, closed with the test."""
    with ExitStack() as stack:

        def new() -> Browser:
            made = Browser(department[0])
            stack.enter_context(made.client)
            return made

        yield new


@pytest.mark.parametrize(
    ("login", "account", "role"),
    [("ann", "ann", "observer"), ("quinn", "quinn", "qa"), ("new", "newcomer", "observer")],
)
def test_claims_decide_account_and_role(department, browsers, login, account, role):
    """quinn was an observer until now, newcomer had no account."""
    _, study = department
    browser = browsers()
    assert browser.who() is None
    assert 'url=/"' in browser.sign_in(login).text
    assert browser.who()["user"] == {"name": account, "role": role}
    with Study.open(study) as opened:
        assert opened.account(account).role == role
    journal = Path(f"{study}.sign-ins.jsonl").read_text().splitlines()
    last = json.loads(journal[-1])
    assert (last["outcome"], last["name"], last["by"]) == ("success", account, "provider")


@pytest.mark.parametrize(("login", "why"), [("closed", "account"), ("stranger", "role")])
def test_whoever_has_no_account_or_no_role_stays_outside(department, browsers, login, why):
    browser = browsers()
    assert f"url=/login?refused={why}" in browser.sign_in(login).text
    assert browser.who() is None


def test_an_answer_opens_nothing_in_another_browser_and_once_only(department, browsers):
    browser, thief = browsers(), browsers()
    there = browser.answer_of_provider("ann")
    thief.to_provider()  # has a journey of its own
    assert "refused=late" in thief.client.get(there).text
    assert thief.who() is None
    changed = re.sub("state=[^&]+", "state=other", there)
    stranger = browsers()
    assert "refused=late" in stranger.client.get(changed).text
    assert 'url=/"' in browser.client.get(there).text
    again = browsers()
    again.client.cookies = browser.client.cookies
    assert "refused=late" in again.client.get(there).text  # its cookie is gone


@pytest.mark.parametrize(
    ("old", "new"),
    [("iss=[^&]+", "iss=http%3A%2F%2Felsewhere"), ("iss=", "other="), ("code=", "error=")],
)
def test_an_answer_of_another_issuer_or_with_an_error_is_refused(department, browsers, old, new):
    browser = browsers()
    there = browser.answer_of_provider("ann")
    changed = re.sub(old, new, there)
    assert changed != there
    assert "refused=provider" in browser.client.get(changed).text
    assert browser.who() is None


def test_the_request_carries_state_nonce_and_challenge(department, browsers):
    asked = parse_qs(urlsplit(browsers().to_provider().headers["location"]).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{department[0]}/login/back"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43, name
    other = parse_qs(urlsplit(browsers().to_provider().headers["location"]).query)
    for name in ("state", "nonce", "code_challenge"):
        assert asked[name] != other[name]


# ------------------------------------------------------------------------------- in Chromium


@pytest.fixture(name="page")
def _page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def at_provider(page: Any, login: str) -> None:
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.get_by_role("button", name="Continue").click()


def test_the_page_signs_in_again_over_the_film_and_out_at_both(department, page, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    base, _ = department
    page.goto(base)
    button = page.get_by_role("link", name="Sign in with St. Elsewhere")
    button.wait_for()
    assert [item["id"] for item in Axe().run(page).response["violations"]] == []
    button.click()
    at_provider(page, "ann")
    page.locator(".row").first.wait_for()
    film = page.request.get(f"{base}/api/worklist").json()["items"][0]["film_id"]
    page.evaluate("film => { location.hash = `#/film/${film}`; }", film)
    page.locator(f".reader[data-ready='{film}']").wait_for()
    session = [one for one in page.context.cookies(base) if "kyphometer" in one["name"]]
    for one in session:
        if not one["name"].endswith("-known"):
            page.context.clear_cookies(name=one["name"])
    page.get_by_role("button", name=re.compile("L1")).first.click()  # a change that is to be saved
    dialog = page.locator("dialog.sign-in")
    dialog.wait_for()
    assert [item["id"] for item in Axe().run(page).response["violations"]] == []
    with page.context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in with St. Elsewhere").click()
    # The provider still knows who it is, and asks nothing.
    dialog.wait_for(state="detached")
    assert page.request.get(f"{base}/api/config").json()["user"]["name"] == "ann"
    if not opened.value.is_closed():
        opened.value.close()
    page.locator(f".reader[data-ready='{film}']").wait_for()
    page.evaluate("location.hash = ''")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name=re.compile("sign me out", re.I)).click()
    page.get_by_role("link", name="Sign in with St. Elsewhere").wait_for()
    assert page.request.get(f"{base}/api/config").status == 401
    page.get_by_role("link", name="Sign in with St. Elsewhere").click()
    page.locator("input[name=login]").wait_for()  # signed out there too


def test_the_page_says_why_somebody_was_not_let_in(department, page):
    page.goto(f"{department[0]}/login?refused=role")
    page.get_by_text("has no role here").wait_for()
    page.goto(f"{department[0]}/login?refused=<b>anything</b>")
    page.get_by_role("link", name="Sign in with St. Elsewhere").wait_for()
    assert page.locator("#refused").inner_text() == ""


# --------------------------------------------------------------- a provider that is not honest


class Dishonest:
    """A provider whose identity token a test makes up; it knows the verifier that it was sent."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self.token: Any = None
        self.issuer_told: str | None = None
        self.person = {"sub": "s1", "groups": ["g"]}
        outer = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self, self.path)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                outer.redeemed = parse_qs(body)
                outer.answer(self, self.path)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, at: BaseHTTPRequestHandler, path: str) -> None:
        document: Any = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer_told or self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/me",
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            },
            "/jwks": KeySet([self.key]).as_dict(),
            "/me": self.person,
            "/token": {"access_token": "a", "token_type": "Bearer", "id_token": self.token},
        }[path]
        text = json.dumps(document).encode()
        at.send_response(200)
        at.send_header("content-type", "application/json")
        at.send_header("content-length", str(len(text)))
        at.end_headers()
        at.wfile.write(text)

    def signed(self, claims: dict[str, Any], alg: str = "RS256", key: Any = None) -> str:
        header = {"alg": alg, "kid": "k1"}
        return jwt.encode(header, claims, key or self.key, algorithms=[alg])


@pytest.fixture
def dishonest():
    made = Dishonest()
    yield made
    made.server.shutdown()
    made.server.server_close()


def redeem(provider: Dishonest, **options: Any) -> Any:
    """What a server makes of that provider's token, for a journey whose claims are right."""
    known = ProviderOptions(issuer=provider.issuer, client_id="us", account_claim="sub", **options)
    journey, _ = Journeys().begin(again=False)
    now = int(time.time())
    right = {
        "iss": provider.issuer,
        "aud": "us",
        "sub": "s1",
        "iat": now,
        "exp": now + 300,
        "nonce": journey.nonce,
    }
    provider.token = provider.token(right) if callable(provider.token) else provider.token
    asked = {"code": "c", "state": journey.state}
    found = IdentityProvider(known).identity(asked, journey, "http://us/login/back")
    assert provider.redeemed["code_verifier"] == [journey.verifier]
    return found


def test_a_right_token_is_believed(dishonest):
    dishonest.token = dishonest.signed
    assert redeem(dishonest).claims["sub"] == "s1"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"},
        {"aud": "others"},
        {"aud": ["us", "others"]},  # for whom of them? azp lacks
        {"aud": ["us", "others"], "azp": "others"},
        {"exp": 1_000_000_000},
        {"iat": 9_999_999_999},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": None},
        {"aud": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_us_and_now_is_refused(dishonest, change):
    def token(right):
        claims = {**right, **change}
        return dishonest.signed(
            {name: value for name, value in claims.items() if value is not None}
        )

    dishonest.token = token
    with pytest.raises(IdentityProviderError):
        redeem(dishonest)


def written(*parts):
    coded = [urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts]
    return ".".join(coded)


def unsigned(provider, right):
    return written({"alg": "none"}, right) + "."


def by_another(provider, right):
    other = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
    return provider.signed(right, key=other)


def by_public_key(provider, right):
    """The public key taken for a shared secret: everybody could sign."""
    text = written({"alg": "HS256", "kid": "k1"}, right)
    seal = hmac.digest(provider.key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(seal).decode().rstrip('=')}"


def no_token(provider, right):
    return "abc"


@pytest.mark.parametrize("forge", [unsigned, by_another, by_public_key, no_token])
def test_a_forged_token_is_refused(dishonest, forge):
    dishonest.token = lambda right: forge(dishonest, right)
    with pytest.raises(IdentityProviderError):
        redeem(dishonest)


def test_claims_of_another_person_are_refused(dishonest):
    roles = {"role_claim": "groups", "roles": Roles(observer=["g"])}
    dishonest.token = dishonest.signed
    assert redeem(dishonest, **roles).claims["groups"] == ["g"]
    dishonest.person = {"sub": "s2", "groups": ["g"]}
    dishonest.token = dishonest.signed
    with pytest.raises(IdentityProviderError):
        redeem(dishonest, **roles)


def test_a_provider_that_names_itself_otherwise_or_is_gone_is_refused(dishonest):
    journey, _ = Journeys().begin(again=False)
    dishonest.issuer_told = "https://elsewhere.example"
    known = ProviderOptions(issuer=dishonest.issuer, client_id="us", account_claim="sub")
    with pytest.raises(IdentityProviderError, match="elsewhere"):
        IdentityProvider(known).address(journey, "http://us/login/back")
    gone = ProviderOptions(
        issuer=f"http://127.0.0.1:{free_port()}", client_id="us", account_claim="sub"
    )
    with pytest.raises(IdentityProviderError):
        IdentityProvider(gone).address(journey, "http://us/login/back")


# -------------------------------------------------------------------------- options, journeys


@pytest.mark.parametrize(
    ("claims", "login", "role"),
    [
        ({"name": "ann", "realm": {"roles": ["r", "o"]}}, "ann", "owner"),
        ({"name": "ann", "realm": {"roles": "r"}}, "ann", "observer"),
        ({"name": "ann", "realm.roles": ["q"]}, "ann", "qa"),
        ({"name": " ", "realm": {}}, None, None),
        ({"name": ["ann"], "realm": []}, None, None),
        ({}, None, None),
    ],
)
def test_claims_are_read_as_the_file_says(claims, login, role):
    options = ProviderOptions(
        issuer="https://i",
        client_id="c",
        account_claim="name",
        role_claim="realm.roles",
        roles=Roles(observer=["r"], qa=["q"], owner=["o"]),
    )
    assert (options.login(claims), options.role(claims)) == (login, role)


def test_an_address_that_nobody_has_verified_names_no_account():
    options = ProviderOptions(issuer="https://i", client_id="c", account_claim="email")
    assert options.login({"email": "a@b.example"}) is None
    assert options.login({"email": "a@b.example", "email_verified": "true"}) is None
    assert options.login({"email": "a@b.example", "email_verified": True}) == "a@b.example"


def test_a_journey_ends_and_cannot_be_made_up():
    now = [1000.0]
    journeys = Journeys(lambda: now[0])
    journey, cookie = journeys.begin(again=True)
    assert journeys.ended(cookie, journey.state) == journey
    assert journeys.ended(cookie, "other") is None
    assert journeys.ended("", "") is None
    assert journeys.ended("zz." + cookie.partition(".")[2], journey.state) is None
    assert Journeys(lambda: now[0]).ended(cookie, journey.state) is None  # another server's
    now[0] += LONGEST_S + 1
    assert journeys.ended(cookie, journey.state) is None


GOOD = 'issuer = "https://i"\nclient_id = "c"\naccount_claim = "sub"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "issuer"),
        ("issuer = ", "at end of document"),
        (GOOD + 'unknown = "x"', "unknown"),
        (GOOD.replace("https", "http"), "clear"),
        (GOOD + 'role_claim = "groups"', "[roles]"),
        (GOOD + "add_accounts = true", "[roles]"),
        (GOOD + "passwords = 1", "passwords"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(tmp_path, text, told):
    path = tmp_path / "oidc.toml"
    path.write_text(text)
    with pytest.raises(ServerStartError) as caught:
        read_options(path)
    assert told in str(caught.value)


def test_a_secret_that_cannot_be_read_stops_the_start(tmp_path):
    path = tmp_path / "oidc.toml"
    path.write_text(GOOD + 'client_secret_file = "none"')
    with pytest.raises(ServerStartError, match="client_secret_file"):
        IdentityProvider(read_options(path))
    with pytest.raises(ServerStartError, match=re.escape(str(tmp_path / "gone"))):
        read_options(tmp_path / "gone")
