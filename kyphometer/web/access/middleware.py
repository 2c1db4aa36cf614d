"""What every request passes first: headers of the answer, the Host check, the bound on bodies.

Plain ASGI, so that a 24 MB film passes without being copied.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kyphometer.errors import BodyTooLargeError, RequestError
from kyphometer.messages import speaking
from kyphometer.web.routes.answers import error_answer
from kyphometer.web.server.settings import WebSettings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class AnswerHeaders:
    """Sends the headers that keep the page to itself with every answer, errors included."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self.app = app
        always = dict(_ALWAYS)
        if settings.secure:
            always["Strict-Transport-Security"] = "max-age=31536000"
        self.always = [(n.lower().encode(), v.encode()) for n, v in always.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                if all(name != b"cache-control" for name, _ in given):
                    given.append((b"cache-control", b"no-store"))
                message["headers"] = given + self.always
            await send(message)

        await self.app(scope, receive, send_with_headers)


class LastResort:
    """Turns an error that nobody caught into an answer; a full disk and our own faults end here."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = False

        async def send_noticing(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_noticing)
        except Exception as error:
            if scope["type"] != "http" or begun:
                raise
            await error_answer(error)(scope, receive, send)


class HostCheck:
    """Refuses requests that reached this server under a name that is not its own."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self.app = app
        self.hosts = settings.hosts
        self.public_host = settings.public_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and not self._is_ours(Headers(scope=scope)):
            error = RequestError("host_header")
            await error_answer(error)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, headers: Headers) -> bool:
        given = headers.getlist("host")
        if len(given) != 1:
            return False
        host = given[0].lower()
        return host == self.public_host or host_name(host) in self.hosts


def host_name(host: str) -> str:
    """A Host header without its port: `127.0.0.1:8765` -> `127.0.0.1`, `[::1]:80` -> `[::1]`."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


class BodyBound:
    """Refuses bodies beyond the bound, by their declared length and again as they arrive."""

    def __init__(self, app: ASGIApp, settings: WebSettings) -> None:
        self.app = app
        self.limit = settings.max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdigit() or int(declared[:20]) > self.limit:
            await error_answer(BodyTooLargeError(self.limit))(scope, receive, send)
            return
        arrived = 0

        async def receive_bounded() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > self.limit:
                raise BodyTooLargeError(self.limit)
            return message

        await self.app(scope, receive_bounded, send)


class Speaking:
    """Answers in the language that the page asks for (`Accept-Language`)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with speaking(Headers(scope=scope).get("accept-language", "")):
            await self.app(scope, receive, send)
