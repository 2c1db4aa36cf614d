"""Routes of a department: signing in and out, own password, accounts for the study's owner."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from kyphometer.errors import ForbiddenError, NotFoundError, RequestError
from kyphometer.store.people.accounts import AccountRecord
from kyphometer.web.access.accounts import AccountAuthenticator, Begun
from kyphometer.web.access.cookies import cookie_header
from kyphometer.web.access.devices import KEPT_S as DEVICE_KEPT_S
from kyphometer.web.access.passwords import MAX_LENGTH, PasswordError, checked_password
from kyphometer.web.access.sign_ins import LIFETIME_S
from kyphometer.web.access.visitors import Role
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.bodies import json_object, member_text
from kyphometer.web.routes.routing import route
from kyphometer.web.server.services import require, services, visitor
from kyphometer.web.server.settings import WebSettings

DEVICE = "-known"
"""Ends the name of the cookie that holds the mark of a browser (`access.devices`)."""


async def login(request: Request) -> Response:
    """POST /api/login."""
    authenticator, body = _authenticator(request), await json_object(request)
    vouched = await authenticator.vouched(request.headers, address_of(request))
    if vouched is not None:
        return _begun(request, vouched)
    name, password = _needed(body, "name"), _needed(body, "password")
    settings = services(request).settings
    mark = request.cookies.get(f"{settings.cookie_name}{DEVICE}", "")
    return _begun(request, await authenticator.sign_in(name, password, address_of(request), mark))


def _begun(request: Request, begun: Begun) -> Response:
    """The answer to whoever has signed in, with the cookies."""
    settings, known = services(request).settings, begun.sign_in
    answer = Json(
        {
            "user": {"name": known.login, "role": str(known.role)},
            "csrf": known.csrf,
            "first_password": known.first_password,
        }
    )
    add_cookies(answer, settings, begun)
    return answer


def add_cookies(answer: Response, settings: WebSettings, begun: Begun) -> None:
    """The sign-in's cookie, and the mark by which its browser is known again."""
    for value, seconds, suffix in (
        (begun.identifier, LIFETIME_S, ""),
        (begun.device, DEVICE_KEPT_S, DEVICE),
    ):
        header = cookie_header(settings, value, seconds, suffix=suffix)
        answer.headers.append("set-cookie", header)


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else "unknown"


async def logout(request: Request) -> Response:
    """POST /api/logout."""
    authenticator, settings = _authenticator(request), services(request).settings
    visitor(request)
    authenticator.sign_ins.end(request.cookies.get(settings.cookie_name, ""))
    answer = Json({"ok": True})
    answer.headers.append("set-cookie", cookie_header(settings, "", seconds=0))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


async def password(request: Request) -> Response:
    """POST /api/password: change one's own; signs out everywhere else."""
    authenticator, who, body = _authenticator(request), visitor(request), await json_object(request)
    name, old, new = str(who.name), _needed(body, "old"), _needed(body, "new")
    authenticator.throttle.require_patience(name, "own password")
    if not await authenticator.is_password(name, old):
        authenticator.throttle.failed(name, "own password")
        problem = "The old password is not the right one"
        raise ForbiddenError(problem, "type it again")
    if new == old:
        raise PasswordError("The new password is the old one; choose another.")
    made = await authenticator.hashed(checked_password(new, name))
    account = await run_in_threadpool(authenticator.change, name, password_hash=made)
    authenticator.sign_ins.end_all(name)
    return _begun(request, authenticator.begin(account, address_of(request)))


async def users(request: Request) -> Response:
    """GET /api/users: all accounts; for the owner."""
    require(request, Role.OWNER)
    found = await run_in_threadpool(_authenticator(request).store.accounts)
    return Json({"users": [_account_view(account) for account in found]})


async def add_user(request: Request) -> Response:
    """POST /api/users: a new account; answers its first password, once."""
    require(request, Role.OWNER)
    authenticator, body = _authenticator(request), await json_object(request)
    name, role = _needed(body, "name"), _role(body)
    first = secrets.token_urlsafe(12)
    made = await authenticator.hashed(first)
    store, observer = authenticator.store_for(visitor(request)), member_text(body, "observer")
    await run_in_threadpool(
        lambda: store.add_account(
            name, password_hash=made, role=str(role), observer=observer, first_password=True
        )
    )
    return Json({"name": name, "password": first}, status_code=201)


async def sign_ins(request: Request) -> Response:
    """GET /api/sign-ins: the newest attempts to sign in since the start; for the owner."""
    require(request, Role.OWNER)
    found = _authenticator(request).log.newest()
    return Json({"sign_ins": [asdict(attempt) for attempt in found]})


async def change_user(request: Request) -> Response:
    """PATCH /api/users/{name}: role, or closed or opened again; signs that person out."""
    require(request, Role.OWNER)
    authenticator, body = _authenticator(request), await json_object(request)
    name, active = request.path_params["name"], body.get("active")
    if active is not None and not isinstance(active, bool):
        raise RequestError("The member 'active' is neither true nor false", "send one of them")
    role = str(_role(body)) if body.get("role") is not None else None
    store = authenticator.store_for(visitor(request))
    await run_in_threadpool(lambda: store.change_account(name, role=role, active=active))
    authenticator.forget(name)
    account = await run_in_threadpool(store.account, name)
    if account is None:
        raise NotFoundError("There is no such account", "see the list of accounts")
    return Json(_account_view(account))


def _authenticator(request: Request) -> AccountAuthenticator:
    authenticator = services(request).authenticator
    if not isinstance(authenticator, AccountAuthenticator):
        raise NotFoundError("There are no accounts here", "open the address that was printed")
    return authenticator


def _account_view(account: AccountRecord) -> dict[str, Any]:
    return {
        "name": account.login,
        "role": account.role,
        "observer": account.observer,
        "active": account.active,
        "created": account.created_at.isoformat(),
    }


def _needed(body: dict[str, Any], name: str) -> str:
    value = member_text(body, name)
    if not value or len(value) > MAX_LENGTH:
        raise RequestError(f"The member '{name}' is missing or too long", "fill it in")
    return value


def _role(body: dict[str, Any]) -> Role:
    try:
        return Role(_needed(body, "role"))
    except ValueError:
        names = ", ".join(Role)
        raise RequestError("The role is unknown", f"use one of {names}") from None


ROUTES = (
    route("/api/login", POST=login),
    route("/api/logout", POST=logout),
    route("/api/password", POST=password),
    route("/api/sign-ins", GET=sign_ins),
    route("/api/users", GET=users, POST=add_user),
    route("/api/users/{name}", PATCH=change_user),
)
