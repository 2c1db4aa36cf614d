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
from kyphometer.web.access.sign_ins import SignIn as Ended
from kyphometer.web.access.visitors import Role
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.routing import TypedRoute, operation
from kyphometer.web.server.services import services, visitor
from kyphometer.web.server.settings import WebSettings
from kyphometer.web.wire.people import (
    Account,
    Accounts,
    AddUser,
    ChangePassword,
    ChangeUser,
    NewAccount,
    SignedIn,
    SignedOut,
    SignIn,
    SignIns,
    User,
    Ways,
)

DEVICE = "-known"
"""Ends the name of the cookie that holds the mark of a browser (`access.devices`)."""


async def ways(request: Request) -> Ways:
    """How people sign in here."""
    provider = accounts_of(request).provider
    if provider is None:
        return Ways(provider=None, passwords=True)
    return Ways(provider=provider.options.name, passwords=provider.options.passwords)


async def login(request: Request, body: SignIn) -> Annotated[Response, SignedIn]:
    """Sign in."""
    authenticator = accounts_of(request)
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


def origin(request: Request) -> str:
    """The server as browsers see it."""
    settings = services(request).settings
    if settings.public_origin is not None:
        return settings.public_origin
    return f"{'https' if settings.secure else 'http'}://{request.headers['host']}"


async def logout(request: Request) -> Annotated[Response, SignedOut]:
    """Sign out; says where to sign out of the identity provider too, if it vouched."""
    authenticator, settings = accounts_of(request), services(request).settings
    visitor(request)
    ended = authenticator.sign_ins.end(request.cookies.get(settings.cookie_name, ""))
    answer = Json(SignedOut(go_to=await _end_at_provider(request, ended)))
    answer.headers.append("set-cookie", cookie_header(settings, "", seconds=0))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


async def _end_at_provider(request: Request, ended: Ended | None) -> str | None:
    provider = accounts_of(request).provider
    if provider is None or ended is None or not ended.token:
        return None
    after = f"{origin(request)}/login"
    return await run_in_threadpool(provider.sign_out_address, ended.token, after)


async def password(request: Request, body: ChangePassword) -> Annotated[Response, SignedIn]:
    """Change one's own password; signs out everywhere else."""
    authenticator, name = accounts_of(request), str(visitor(request).name)
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
    found = await run_in_threadpool(accounts_of(request).store.accounts)
    return Accounts(users=[_account_view(account) for account in found])


@operation(Role.OWNER, status=201)
async def add_user(request: Request, body: AddUser) -> NewAccount:
    """Add an account; answers its first password, once; for the owner."""
    authenticator = accounts_of(request)
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
    return SignIns(sign_ins=list(accounts_of(request).log.newest()))


@operation(Role.OWNER)
async def change_user(request: Request, body: ChangeUser) -> Account:
    """Change an account's role, or close or open it; signs that person out; for the owner."""
    authenticator, name = accounts_of(request), request.path_params["name"]
    role = None if body.role is None else str(body.role)
    store = authenticator.store_for(visitor(request))
    await run_in_threadpool(lambda: store.change_account(name, role=role, active=body.active))
    authenticator.forget(name)
    account = await run_in_threadpool(store.account, name)
    if account is None:
        raise NotFoundError("no_such_account")
    return _account_view(account)


def accounts_of(request: Request) -> AccountAuthenticator:
    """Who lets people in; refused where there are no accounts."""
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
    TypedRoute("/api/login", GET=ways, POST=login),
    TypedRoute("/api/logout", POST=logout),
    TypedRoute("/api/password", POST=password),
    TypedRoute("/api/sign-ins", GET=sign_ins),
    TypedRoute("/api/users", GET=users, POST=add_user),
    TypedRoute("/api/users/{name}", PATCH=change_user),
)
