"""The gate: nobody reaches a route without being recognised, nothing is changed from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kyphometer.errors import FirstPasswordError, ForbiddenError, SignInError
from kyphometer.web.access.cookies import cookie_header
from kyphometer.web.access.visitors import Authenticator, Visitor, same
from kyphometer.web.routes.answers import error_answer
from kyphometer.web.server.settings import Mode, WebSettings

CSRF_HEADER = "x-kyphometer-csrf"
OBSERVER_HEADER = "x-kyphometer-observer"
"""Who reads, where one person works alone; percent-encoded, as headers hold no other letters."""
_READING_METHODS = ("GET", "HEAD", "OPTIONS")
_PUBLIC = (
    "/static/",
    "/api/health",
    "/api/login",
    "/login",
    "/favicon.ico",
    "/open",
    "/login/provider",
    "/login/back",
)
"""What answers strangers; `/open` shows them nothing but the way in."""
_BEFORE_THE_FIRST_PASSWORD = ("/api/password", "/api/logout", "/static/", "/login")
_STRANGER_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Kyphometer</title>
<h1>This page needs its key</h1>
<p>Open the whole address that kyphometer printed when it started; it ends in ?token=...</p></html>
"""


def is_public(path: str) -> bool:
    """True if strangers are answered there."""
    return path.startswith(_PUBLIC[0]) or path in _PUBLIC[1:]


def stranger_page() -> Response:
    """What somebody without the key sees."""
    return HTMLResponse(_STRANGER_PAGE, status_code=401)


def _may_before(path: str) -> bool:
    """True if the address answers before the first password was changed."""
    return path.startswith(_BEFORE_THE_FIRST_PASSWORD) or path in ("/api/health", "/api/login")


class Gate:
    """Recognises the visitor and refuses changes that the visitor's own page did not ask for."""

    def __init__(self, app: ASGIApp, settings: WebSettings, authenticator: Authenticator) -> None:
        self.app = app
        self.settings = settings
        self.authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        visitor = await self._visitor(headers)
        refusal = self._refusal(scope, headers, visitor)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        scope.setdefault("state", {})["visitor"] = visitor
        if visitor is not None and visitor.renewed is not None:
            send = self._renewing(send, visitor)
        await self.app(scope, receive, send)

    async def _visitor(self, headers: Headers) -> Visitor | None:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        cookies = cookie_parser(headers.get("cookie", ""))
        found = await self.authenticator.recognise(
            cookies, bearer if scheme.lower() == "bearer" else None
        )
        told = unquote(headers.get(OBSERVER_HEADER, ""))
        if found is None or not told or self.settings.mode is not Mode.LOCAL:
            return found
        return replace(found, reads_as=told)

    def _renewing(self, send: Send, visitor: Visitor) -> Send:
        """Lets the answer carry the visitor's new identifier."""
        identifier, seconds = str(visitor.renewed), visitor.seconds_left or 0.0

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "set-cookie" not in headers:
                    headers.append("set-cookie", cookie_header(self.settings, identifier, seconds))
            await send(message)

        return send_with_cookie

    def _refusal(self, scope: Scope, headers: Headers, visitor: Visitor | None) -> Response | None:
        """The answer that turns the request away, or None to let it through."""
        path: str = scope["path"]
        if visitor is None and not self._is_public(path, scope["query_string"]):
            return self._turn_away(path)
        if visitor is not None and visitor.first_password and not _may_before(path):
            return self._ask_for_password(path)
        if scope["method"] not in _READING_METHODS:
            return self._check_change(headers, visitor)
        return None

    def _is_public(self, path: str, query: bytes) -> bool:
        if path == "/" and self.settings.mode is Mode.LOCAL:
            return query.startswith(b"token=")
        return is_public(path)

    def _turn_away(self, path: str) -> Response:
        if self.settings.mode is Mode.DEPARTMENT:
            if not path.startswith("/api/"):
                return RedirectResponse("/login", status_code=303)
            return error_answer(SignInError("nobody_signed_in"))
        if not path.startswith("/api/"):
            return stranger_page()
        return error_answer(SignInError("no_server_key"))

    def _ask_for_password(self, path: str) -> Response:
        if not path.startswith("/api/"):
            return RedirectResponse("/login", status_code=303)
        return error_answer(FirstPasswordError())

    def _check_change(self, headers: Headers, visitor: Visitor | None) -> Response | None:
        if not self._comes_from_our_page(headers):
            return error_answer(ForbiddenError("foreign_page"))
        if visitor is not None and not visitor.by_cookie:
            return None
        given = headers.get(CSRF_HEADER, "")
        # For signing in, a header that a foreign page cannot set is enough.
        accepted = bool(given) if visitor is None else same(given, visitor.csrf)
        if accepted:
            return None
        return error_answer(ForbiddenError("csrf_header", csrf_header=CSRF_HEADER))

    def _comes_from_our_page(self, headers: Headers) -> bool:
        """False if the browser says that another page, or another port, sent it."""
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        if origin is None:
            return True
        if self.settings.public_origin is not None and origin == self.settings.public_origin:
            return True
        scheme = "https" if self.settings.secure else "http"
        return origin == f"{scheme}://{headers.get('host', '')}"
