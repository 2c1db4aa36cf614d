"""Routes of a department: signing in and out, own password, accounts for the study's owner."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from kyphometer.errors import ForbiddenError, NotFoundError, RequestError, SignInError
from kyphometer.store.people.accounts import AccountRecord
from kyphometer.web.access.accounts import AccountAuthenticator
from kyphometer.web.access.cookies import cookie_header
from kyphometer.web.access.passwords import MAX_LENGTH, checked_password
from kyphometer.web.access.visitors import Role
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.bodies import json_object, member_text
from kyphometer.web.routes.routing import route
from kyphometer.web.server.services import require, services, visitor


async def login(request: Request) -> Response:
    """POST /api/login."""
    authenticator, body = _authenticator(request), await json_object(request)
    name, password = _needed(body, "name"), _needed(body, "password")
    address = request.client.host if request.client else "unknown"
    identifier, known = await authenticator.sign_in(name, password, address)
    answer = Json({"user": {"name": known.login, "role": str(known.role)}, "csrf": known.csrf})
    answer.headers.append("set-cookie", cookie_header(services(request).settings, identifier))
    return answer


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
    address = request.client.host if request.client else "unknown"
    try:
        await authenticator.sign_in(name, old, address)
    except SignInError:
        problem = "The old password is not the right one"
        raise ForbiddenError(problem, "type it again") from None
    made = await authenticator.hashed(checked_password(new, name))
    await run_in_threadpool(authenticator.change, name, password_hash=made)
    authenticator.sign_ins.end_all(name)
    identifier, known = authenticator.sign_ins.begin(name, who.observer, who.role)
    answer = Json({"user": {"name": name, "role": str(who.role)}, "csrf": known.csrf})
    answer.headers.append("set-cookie", cookie_header(services(request).settings, identifier))
    return answer


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
        lambda: store.add_account(name, password_hash=made, role=str(role), observer=observer)
    )
    return Json({"name": name, "password": first}, status_code=201)


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
    route("/api/users", GET=users, POST=add_user),
    route("/api/users/{name}", PATCH=change_user),
)
