"""The page and its files: package data only, by a list made at the start.

An address is looked up in that list and never becomes a path, so there is nothing to traverse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kyphometer.errors import NotFoundError
from kyphometer.web.access.accounts import AccountAuthenticator
from kyphometer.web.access.authentication import stranger_page
from kyphometer.web.access.cookies import cookie_header
from kyphometer.web.access.visitors import TokenAuthenticator
from kyphometer.web.routes.accounts import add_cookies, address_of
from kyphometer.web.routes.routing import TypedRoute
from kyphometer.web.server.services import services
from kyphometer.web.server.settings import Mode

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_ENTER_AGAIN = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Kyphometer</title>'
    '<meta http-equiv="refresh" content="0; url=/"><a href="/">Open Kyphometer</a></html>'
)


@cache
def static_files() -> Mapping[str, Path]:
    """Files of the page by the address under /static/."""
    root = Path(str(files("kyphometer.web"))) / "static"
    found = (path for path in root.rglob("*") if path.is_file() and path.suffix in MEDIA_TYPES)
    return {path.relative_to(root).as_posix(): path for path in found}


async def static(request: Request) -> Response:
    """GET /static/{name}."""
    return await _file(request, request.path_params["name"])


async def index(request: Request) -> Response:
    """GET /: the page; with a token in the address, first the cookie."""
    at_hand = services(request)
    token, authenticator = request.query_params.get("token"), at_hand.authenticator
    if token is None or not isinstance(authenticator, TokenAuthenticator):
        return await _file(request, "index.html")
    if not authenticator.admits(token):
        return stranger_page()
    return _entered(request, authenticator)


def _entered(request: Request, authenticator: TokenAuthenticator) -> Response:
    """To the page without the token in its address, with the cookie.

    After a click in another web page (a terminal in a browser) the cookie would not be sent with a
    redirect, since the chain began elsewhere; a page that moves on by itself begins a new one.
    """
    settings = services(request).settings
    answer: Response = RedirectResponse("/", status_code=303)
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        answer = Response(_ENTER_AGAIN, media_type="text/html")
    answer.headers.append("set-cookie", cookie_header(settings, authenticator.cookie_value))
    return answer


async def login_page(request: Request) -> Response:
    """GET /login: the page for signing in, where there are accounts."""
    if services(request).settings.mode is Mode.LOCAL:
        return RedirectResponse("/", status_code=303)
    authenticator = services(request).authenticator
    if isinstance(authenticator, AccountAuthenticator):
        vouched = await authenticator.vouched(request.headers, address_of(request))
        if vouched is not None:
            answer = RedirectResponse("/", status_code=303)
            add_cookies(answer, services(request).settings, vouched)
            return answer
    return await _file(request, "login.html")


async def favicon(request: Request) -> Response:
    """GET /favicon.ico."""
    return await _file(request, "favicon.svg")


async def _file(request: Request, name: str) -> Response:
    path = static_files().get(name)
    if path is None:
        raise NotFoundError("no_file_of_page")
    data = await run_in_threadpool(path.read_bytes)
    etag = f'"{hashlib.blake2b(data, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    media_type = MEDIA_TYPES[PurePosixPath(name).suffix]
    return Response(data, headers=headers, media_type=media_type)


ROUTES = (
    TypedRoute("/", GET=index),
    TypedRoute("/login", GET=login_page),
    TypedRoute("/favicon.ico", GET=favicon),
    TypedRoute("/static/{name:path}", GET=static),
)
