"""A department's page in Chromium: signing in, accounts, a blinded session that tells nothing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from web_page_kit import PATIENCE_S, Tab, case, phantoms, write_film
from web_process import running

from kyphometer.reading import MarkSource
from kyphometer.sessions.mirroring import mirror_reading
from kyphometer.store.study.study import Study
from kyphometer.web.access.passwords import hashed
from kyphometer.workflow.sessions import SessionRequest, new_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route

PASSWORD = "correct horse battery"
PATIENT = "SECRETPAT"
REMARK = "EARLIERREMARK"
FILES = {"before": "preop-SECRETPAT", "after": "sixmonths-SECRETPAT"}


@dataclass
class Department:
    """A served study: its address, its file, and what a blinded reader must not learn."""

    address: str
    study: Path
    secrets: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def department(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    """Accounts ann, olga (owner) and bea, who has an open blinded session with mirrored doubles."""
    folder = tmp_path_factory.mktemp("department")
    films, target = folder / "films", folder / "the-secret-study.sqlite"
    films.mkdir()
    for number, (name, file) in enumerate(FILES.items()):
        write_film(phantoms()[name].film, films, file, PATIENT, date(2026, 1 + 6 * number, 10))
    with Study.create(target, "Secret title", actor="KN") as study:
        study.add_films(films)
        known = hashed(PASSWORD)
        for name, role in (("ann", "observer"), ("bea", "observer"), ("olga", "owner")):
            study.add_account(name, password_hash=known, role=role, observer=f"OBS-{name}")
        secrets = _fill(study)
    with running("serve", target, "--port", "0") as server:
        yield Department(server.base, target, [*secrets, str(folder), target.stem])


def _fill(study: Study) -> list[str]:
    """Earlier open readings of bea and ann, and bea's session; what must stay hidden of it all."""
    told = ["Secret title", PATIENT, f"Phantom^{PATIENT}", REMARK, "OBS-ann", *FILES.values()]
    told += ["2026-01-10", "20260110", "2026-07-10", "20260710"]
    for film in study.films():
        name = "before" if film.name.startswith(FILES["before"]) else "after"
        for observer in ("OBS-bea", "OBS-ann"):
            reading = replace(case(name).phantom.truth, film=film.reference, comment=REMARK)
            study.save_reading(
                replace(reading, observer=observer), film.id, observer, base_version=0
            )
        told += [str(film.sop_instance_uid), str(film.sha256_pixels)]
        told += [f"{mark.xy.x:.6f}"[:-1] for *_, mark in case(name).phantom.truth.landmarks()][:4]
    plan = SessionRequest(
        code="qa1",
        observers=("OBS-bea",),
        seed=5,
        rounds=1,
        duplicates=0.5,
        mirrored=0.34,
        spacing=1,
        washout_days=0.0,
        assist=True,
    )
    new_session(study, plan)
    return told


@pytest.fixture(name="page")
def _page(chromium: Browser, department: Department) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context.new_page()
    context.close()


def _fill_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def _violations(page: Page) -> list[str]:
    return [item["id"] for item in Axe().run(page).response["violations"]]


class SignedIn(Tab):
    """The page of somebody with an account."""

    def __init__(
        self, page: Page, department: Department, name: str, *, there: bool = False
    ) -> None:
        if not there:
            page.goto(department.address)
            _fill_in(page, name, PASSWORD)
        page.locator(".row").first.wait_for()
        super().__init__(page, f"{department.address}/?")


def test_signing_in_reading_and_signing_out(page: Page, department: Department) -> None:
    page.goto(f"{department.address}/#/film/1")
    page.wait_for_url("**/login#/film/1")
    assert _violations(page) == []
    _fill_in(page, "ann", "wrong horse battery")
    expect(page.locator("#refusal")).not_to_be_empty()
    assert "/login" in page.url
    _fill_in(page, "ann", PASSWORD)
    page.locator(".reader[data-ready='1']").wait_for()  # where one wanted to go
    page.keyboard.press("u")
    tab = SignedIn(page, department, "ann", there=True)
    assert page.locator(".row").count() == 2
    assert PATIENT in page.content()  # what is looked for below is there for open readers
    tab.open(FILES["before"])
    tab.page.locator(".angle-row").first.wait_for()  # the reading that was confirmed before
    page.keyboard.press("u")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    page.goto(f"{department.address}/")
    page.wait_for_url("**/login")
    assert page.evaluate("() => Object.keys(localStorage).length") == 0
    answer = page.request.get(f"{department.address}/api/worklist")
    assert answer.status == 401


def test_the_owner_adds_and_closes_accounts(page: Page, department: Department) -> None:
    tab = SignedIn(page, department, "olga")
    page.get_by_role("link", name="Accounts").click()
    page.locator("[data-account=bea]").wait_for()
    assert _violations(page) == []
    page.get_by_role("textbox", name="Name", exact=True).fill("newcomer")
    page.get_by_role("button", name="Add account").click()
    first = page.locator("dialog .secret").inner_text()
    page.keyboard.press("Escape")
    tab.dialog_closed()
    expect(page.locator("[data-account]")).to_have_count(4)
    page.get_by_role("textbox", name="Name", exact=True).fill("newcomer")
    page.get_by_role("button", name="Add account").click()
    expect(page.locator(".list-note")).to_contain_text("There is an account")
    page.get_by_label("Role of olga").select_option("observer")
    expect(page.locator(".list-note")).to_contain_text("without an owner")
    expect(page.get_by_label("Role of olga")).to_have_value("owner")
    page.get_by_role("button", name="Close: newcomer").click()
    page.get_by_role("button", name="Open again: newcomer").wait_for()
    with Study.open(department.study) as study:
        account = study.account("newcomer")
    assert account is not None
    assert (account.active, account.role) == (False, "observer")
    page.goto(f"{department.address}/login")
    _fill_in(page, "newcomer", first)
    expect(page.locator("#refusal")).not_to_be_empty()
    page.goto(f"{department.address}/")
    page.locator(".row").first.wait_for()  # a refused name does not sign the owner out


def test_accounts_are_for_the_owner_only(page: Page, department: Department) -> None:
    SignedIn(page, department, "ann")
    expect(page.get_by_role("link", name="Accounts")).to_have_count(0)
    page.evaluate("() => { location.hash = '#/accounts'; }")
    expect(page.locator(".list-note")).not_to_be_empty()
    assert page.locator("[data-account]").count() == 0


def test_a_blinded_session_tells_nothing(page: Page, department: Department) -> None:
    """Everything that reaches the browser, and everything it shows or keeps, is looked through."""
    shown: list[str] = []

    def listen(route: Route) -> None:
        answer = route.fetch()
        body = answer.body().decode("latin-1")  # pixels too
        shown.append(f"{answer.url} {answer.headers} {body}")
        route.fulfill(response=answer)

    page.route("**/api/**", listen)
    tab = SignedIn(page, department, "bea")
    for code in _codes(tab):
        _open(tab, code)
        page.locator(".facts summary").click()
        page.keyboard.press("s")  # no visit to compare with
        shown.append(f"{page.title()} {page.content()}")
    code = _mark(tab, department, mirrored=False)
    shown.append(page.content())
    with page.expect_download() as coming:
        page.keyboard.press("Control+e")
    shown.append(coming.value.suggested_filename)
    assert code in coming.value.suggested_filename
    page.keyboard.press("Control+Enter")
    page.locator(".save.confirmed").wait_for()
    shown.append(page.content())
    for wrong in ("1", "2", "OBS-ann", FILES["before"]):
        for part in ("", "/readings", "/picture.png", "/document", "/pixels"):
            asked = page.request.get(f"{department.address}/api/films/{wrong}{part}")
            shown.append(f"{asked.status} {asked.headers} {asked.text()}".replace(wrong, ""))
    for path in ("progress", "users", "config", "worklist?query=SECRET"):
        asked = page.request.get(f"{department.address}/api/{path}")
        shown.append(f"{asked.headers} {asked.text()}")
    shown.append(page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}])"))
    shown.append(json.dumps(page.context.cookies()))
    assert len(shown) > 30
    for text in shown:
        for secret in department.secrets:
            assert secret not in text, (secret, text[:200])
    said = [text for text in shown if "application/octet-stream" not in text]  # any two bytes
    assert not any(re.search(r"[0-9] ?°", text) for text in said)


def _codes(tab: Tab) -> list[str]:
    return [
        str(row.get_attribute("href")).rpartition("/")[2] for row in tab.page.locator(".row").all()
    ]


def _open(tab: Tab, code: str) -> None:
    tab.page.evaluate("film => { location.hash = `#/film/${film}`; }", code)
    tab.page.locator(f".reader[data-ready='{code}']").wait_for()


def _items(department: Department) -> dict[str, Any]:
    with Study.open(department.study) as study:
        names = {film.id: film.name for film in study.films()}
        items = study.sessions.items("qa1", observer="OBS-bea")
        return {
            item.code: (item, "before" if names[item.film_id].startswith("preop") else "after")
            for item in items
        }


OFF_PX = 2.0


def _mark(tab: Tab, department: Department, *, mirrored: bool) -> str:
    """Mark an unread film of the session as it is shown, a little off; the image helps."""
    code, (_, name) = next(
        (code, found)
        for code, found in _items(department).items()
        if found[0].mirrored is mirrored and found[0].locked_at is None
    )
    truth = case(name).phantom.truth
    shown = mirror_reading(truth) if mirrored else truth
    _open(tab, code)
    tab.choose(case(name).fractured)
    places = {(str(a), str(b), c): mark.xy for a, b, c, mark in shown.landmarks()}
    while (asked := tab.target()) is not None:
        x, y = places[asked]
        tab.press_at((x + OFF_PX, y - OFF_PX))
    expect(tab.page.locator(".stage .corner.assisted")).not_to_have_count(0, timeout=60_000)
    tab.wait_saved()
    return code


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_image_helps_on_the_picture_shown(
    page: Page, department: Department, mirrored: bool
) -> None:
    """Mirrored or not: kept as it lies on the film, the hand's mark beside the refined one."""
    tab = SignedIn(page, department, "bea")
    code = _mark(tab, department, mirrored=mirrored)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Control+Enter")
    page.locator(".save.confirmed").wait_for()
    item, name = _items(department)[code]
    with Study.open(department.study) as study:
        kept = study.latest_reading(item.film_id, "OBS-bea", session_item=item.id)
    assert kept is not None
    truth = case(name).phantom.truth
    assert kept.reading.facing is truth.facing
    places = {key: mark.xy for *key, mark in map(list, truth.landmarks()) for key in [tuple(key)]}
    side = -1 if mirrored else 1
    helped = 0
    for *key, mark in kept.reading.landmarks():
        true = places[tuple(key)]
        hand = mark.xy if mark.raw is None else mark.raw
        assert (hand.x, hand.y) == pytest.approx((true.x + side * OFF_PX, true.y - OFF_PX), abs=0.6)
        if mark.source is MarkSource.REFINED:
            helped += 1
            assert abs(mark.xy.x - true.x) + abs(mark.xy.y - true.y) < 2 * OFF_PX
    assert helped >= 4


def test_the_owner_sees_all_readings_together(page: Page, department: Department) -> None:
    """Those of bea's session, which is not locked, stay hidden even now."""
    tab = SignedIn(page, department, "olga")
    tab.open(FILES["before"])
    expect(page.locator(".stage .other")).to_have_count(0)
    page.keyboard.press("j")
    expect(page.locator(".together tbody tr")).to_have_count(2)
    observers = [
        str(row.get_attribute("data-reading")) for row in page.locator("[data-reading]").all()
    ]
    assert sorted(observers) == ["OBS-ann", "OBS-bea"]
    for row in page.locator("[data-reading] .num:nth-child(3)").all():
        assert float(row.inner_text().rstrip("°")) == pytest.approx(case().angles["VKA"], abs=0.06)
    expect(page.locator("[data-spread=VKA]")).to_contain_text("0.0° apart")
    expect(page.locator(".stage .other")).not_to_have_count(0)
    assert _violations(page) == []
    page.keyboard.press("j")
    expect(page.locator(".stage .other")).to_have_count(0)


def test_a_sign_in_that_ended_is_renewed_over_the_film_and_no_mark_is_lost(
    page: Page, department: Department
) -> None:
    """The cookie goes while one marks: one question, no navigation, everything saved after it."""
    prompts: list[str] = []
    page.on("dialog", lambda dialog: (prompts.append(dialog.type), dialog.accept()))
    tab = SignedIn(page, department, "olga")
    tab.open(FILES["after"])
    tab.choose(case("after").fractured)
    address = page.url
    tab.press_at((300.0, 300.0))
    tab.wait_corners(1)
    page.wait_for_timeout(1000)  # begun to be saved
    tab.wait_saved()
    tab.quiet()  # or a late request would open the dialog before the second press
    page.context.clear_cookies()
    tab.press_at((340.0, 300.0))
    tab.wait_corners(2)
    dialog = page.get_by_role("dialog", name="Sign in again")
    dialog.wait_for()
    page.wait_for_timeout(1500)  # further requests wait for the same answer
    assert _violations(page) == []
    assert page.locator("dialog").count() == 1
    dialog.get_by_label("Password").fill("wrong horse battery")
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog).to_have_count(0)
    tab.wait_saved()
    assert page.url == address
    assert prompts == []
    with Study.open(department.study) as study:
        film = next(film for film in study.films() if film.name.startswith(FILES["after"]))
        draft = study.draft(film.id, "OBS-olga")
    assert draft is not None
    plates = next(iter(draft.document["vertebrae"].values())).values()
    assert sum(len([mark for mark in plate.values() if mark]) for plate in plates if plate) == 2


def test_a_first_password_is_changed_at_the_first_sign_in(
    page: Page, department: Department
) -> None:
    with Study.open(department.study) as study:
        known = hashed("the first of them all")
        study.add_account("fresh", password_hash=known, role="observer", first_password=True)
    page.goto(department.address)
    _fill_in(page, "fresh", "the first of them all")
    page.get_by_label("New password", exact=True).fill("quite another phrase")
    assert _violations(page) == []
    page.get_by_label("New password again").fill("not the same phrase")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("#first-refusal")).to_contain_text("differ")
    page.get_by_label("New password again").fill("quite another phrase")
    page.get_by_role("button", name="Change password").click()
    page.locator(".row").first.wait_for()
