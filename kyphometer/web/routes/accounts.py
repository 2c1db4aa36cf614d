"""Routes of a department: signing in and out, own password, accounts for the study's owner."""

from __future__ import annotations

import secrets
from typing import Annotated

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from kyphometer.errors import ForbiddenError, NotFoundError, RequestMemberError
from kyphometer.messages import Word
from kyphometer.store.people.accounts import AccountRecord
from kyphometer.web.access.accounts import AccountAuthenticator, Begun
from kyphometer.web.access.cookies import cookie_header
from kyphometer.web.access.devices import KEPT_S as DEVICE_KEPT_S
from kyphometer.web.access.passwords import PasswordError, checked_password
from kyphometer.web.access.sign_ins import LIFETIME_S
from kyphometer.web.access.visitors import Role
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.routing import TypedRoute, operation
from kyphometer.web.server.services import services, visitor
from kyphometer.web.server.settings import WebSettings
from kyphometer.web.wire.base import Ok
from kyphometer.web.wire.people import (
    Account,
    Accounts,
    AddUser,
    ChangePassword,
    ChangeUser,
    NewAccount,
    SignedIn,
    SignIn,
    SignIns,
    User,
)

DEVICE = "-known"
"""Ends the name of the cookie that holds the mark of a browser (`access.devices`)."""


async def login(request: Request, body: SignIn) -> Annotated[Response, SignedIn]:
    """Sign in."""
    authenticator = _authenticator(request)
    vouched = await authenticator.vouched(request.headers, address_of(request))
    if vouched is not None:
        return _begun(request, vouched)
    name, password = _needed(body.name, "name"), _needed(body.password, "password")
    settings = services(request).settings
    mark = request.cookies.get(f"{settings.cookie_name}{DEVICE}", "")
    return _begun(request, await authenticator.sign_in(name, password, address_of(request), mark))


def _needed(value: str | None, name: str) -> str:
    if value is None:
        raise RequestMemberError(name, Word("what.is_missing"))
    return value


def _begun(request: Request, begun: Begun) -> Response:
    """The answer to whoever has signed in, with the cookies."""
    settings, known = services(request).settings, begun.sign_in
    user = User(name=known.login, role=known.role)
    answer = Json(SignedIn(user=user, csrf=known.csrf, first_password=known.first_password))
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


async def logout(request: Request) -> Annotated[Response, Ok]:
    """Sign out."""
    authenticator, settings = _authenticator(request), services(request).settings
    visitor(request)
    authenticator.sign_ins.end(request.cookies.get(settings.cookie_name, ""))
    answer = Json(Ok())
    answer.headers.append("set-cookie", cookie_header(settings, "", seconds=0))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


async def password(request: Request, body: ChangePassword) -> Annotated[Response, SignedIn]:
    """Change one's own password; signs out everywhere else."""
    authenticator, name = _authenticator(request), str(visitor(request).name)
    authenticator.throttle.require_patience(name, "own password")
    if not await authenticator.is_password(name, body.old):
        authenticator.throttle.failed(name, "own password")
        raise ForbiddenError("old_password_wrong")
    if body.new == body.old:
        raise PasswordError("password_same")
    made = await authenticator.hashed(checked_password(body.new, name))
    account = await run_in_threadpool(authenticator.change, name, password_hash=made)
    authenticator.sign_ins.end_all(name)
    return _begun(request, authenticator.begin(account, address_of(request)))


@operation(Role.OWNER)
async def users(request: Request) -> Accounts:
    """All accounts; for the owner."""
    found = await run_in_threadpool(_authenticator(request).store.accounts)
    return Accounts(users=[_account_view(account) for account in found])


@operation(Role.OWNER, status=201)
async def add_user(request: Request, body: AddUser) -> NewAccount:
    """Add an account; answers its first password, once; for the owner."""
    authenticator = _authenticator(request)
    first = secrets.token_urlsafe(12)
    made = await authenticator.hashed(first)
    store = authenticator.store_for(visitor(request))
    await run_in_threadpool(
        lambda: store.add_account(
            body.name,
            password_hash=made,
            role=str(body.role),
            observer=body.observer,
            first_password=True,
        )
    )
    return NewAccount(name=body.name, password=first)


@operation(Role.OWNER)
async def sign_ins(request: Request) -> SignIns:
    """The newest attempts to sign in since the start; for the owner."""
    return SignIns(sign_ins=list(_authenticator(request).log.newest()))


@operation(Role.OWNER)
async def change_user(request: Request, body: ChangeUser) -> Account:
    """Change an account's role, or close or open it; signs that person out; for the owner."""
    authenticator, name = _authenticator(request), request.path_params["name"]
    role = None if body.role is None else str(body.role)
    store = authenticator.store_for(visitor(request))
    await run_in_threadpool(lambda: store.change_account(name, role=role, active=body.active))
    authenticator.forget(name)
    account = await run_in_threadpool(store.account, name)
    if account is None:
        raise NotFoundError("no_such_account")
    return _account_view(account)


def _authenticator(request: Request) -> AccountAuthenticator:
    authenticator = services(request).authenticator
    if not isinstance(authenticator, AccountAuthenticator):
        raise NotFoundError("no_accounts_here")
    return authenticator


def _account_view(account: AccountRecord) -> Account:
    return Account(
        name=account.login,
        role=Role(account.role),
        observer=account.observer,
        active=account.active,
        created=account.created_at.isoformat(),
    )


ROUTES = (
    TypedRoute("/api/login", POST=login),
    TypedRoute("/api/logout", POST=logout),
    TypedRoute("/api/password", POST=password),
    TypedRoute("/api/sign-ins", GET=sign_ins),
    TypedRoute("/api/users", GET=users, POST=add_user),
    TypedRoute("/api/users/{name}", PATCH=change_user),
)
