"""Routes of signing in by an identity provider: there, and back."""

from __future__ import annotations

import logging
from html import escape
from typing import Annotated

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kyphometer.errors import ForbiddenError, IdentityProviderError, KyphometerError, NotFoundError
from kyphometer.web.access.accounts import AccountAuthenticator
from kyphometer.web.access.cookies import cookie_header
from kyphometer.web.access.identity.entry import enter
from kyphometer.web.access.identity.journey import LONGEST_S, Journey
from kyphometer.web.access.identity.provider import IdentityProvider
from kyphometer.web.routes.accounts import accounts_of, add_cookies, address_of, origin
from kyphometer.web.routes.routing import TypedRoute
from kyphometer.web.server.services import services

JOURNEY = "-journey"
"""Ends the name of the cookie that a browser has on its way to the provider and back."""
_REFUSED = {"no_account_of_yours": "account", "no_role_of_yours": "role"}
_log = logging.getLogger("kyphometer.web")


async def there(request: Request) -> Annotated[Response, "text/html"]:
    """To the identity provider."""
    authenticator, provider = _of(request)
    journey, sealed = authenticator.journeys.begin(again="again" in request.query_params)
    try:
        address = await run_in_threadpool(provider.address, journey, _back(request))
    except IdentityProviderError as error:
        return _refused(error)
    answer = RedirectResponse(address, status_code=303)
    _set_journey(request, answer, sealed, LONGEST_S)
    return answer


async def back(request: Request) -> Annotated[Response, "text/html"]:
    """Back from the identity provider, signed in or with the reason why not."""
    authenticator, provider = _of(request)
    told = dict(request.query_params)
    cookie = request.cookies.get(f"{services(request).settings.cookie_name}{JOURNEY}", "")
    journey = authenticator.journeys.ended(cookie, told.get("state", ""))
    if journey is None:
        answer: Response = _to_sign_in("late")
    else:
        answer = await _arrived(request, provider, journey, told)
    _set_journey(request, answer, "", 0)
    return answer


async def _arrived(
    request: Request, provider: IdentityProvider, journey: Journey, told: dict[str, str]
) -> Response:
    try:
        identity = await run_in_threadpool(provider.identity, told, journey, _back(request))
        begun = await enter(accounts_of(request), provider.options, identity, address_of(request))
    except KyphometerError as error:
        return _refused(error)
    answer = _moves_on("/static/signed-in.html" if journey.again else "/")
    add_cookies(answer, services(request).settings, begun)
    return answer


def _moves_on(address: str) -> Response:
    """A page that moves on by itself: with a redirect from elsewhere no strict cookie is sent."""
    link = escape(address, quote=True)
    return Response(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Kyphometer</title>'
        f'<meta http-equiv="refresh" content="0; url={link}">'
        f'<a href="{link}">Kyphometer</a></html>',
        media_type="text/html",
    )


def _refused(error: KyphometerError) -> Response:
    _log.warning("sign-in by the identity provider: %s", error)
    if isinstance(error, IdentityProviderError):
        return _to_sign_in("provider")
    told = _REFUSED.get(error.code, "account") if isinstance(error, ForbiddenError) else "account"
    return _to_sign_in(told)


def _to_sign_in(why: str) -> Response:
    return _moves_on(f"/login?refused={why}")


def _back(request: Request) -> str:
    """Our address to which the provider sends browsers back; known to it beforehand."""
    return f"{origin(request)}/login/back"


def _set_journey(request: Request, answer: Response, value: str, seconds: float) -> None:
    """Lax: the provider sends the browser back by a link of its own."""
    header = cookie_header(
        services(request).settings, value, seconds, suffix=JOURNEY, same_site="Lax"
    )
    answer.headers.append("set-cookie", header)


def _of(request: Request) -> tuple[AccountAuthenticator, IdentityProvider]:
    authenticator = accounts_of(request)
    if authenticator.provider is None:
        raise NotFoundError("no_identity_provider")
    return authenticator, authenticator.provider


ROUTES = (TypedRoute("/login/provider", GET=there), TypedRoute("/login/back", GET=back))
