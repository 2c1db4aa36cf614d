"""Answers: JSON, and every error as JSON with one sentence."""

from __future__ import annotations

import errno
import json
import logging
from http import HTTPStatus
from typing import Any

from msgspec import UNSET, to_builtins
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kyphometer.errors import (
    KyphometerError,
    MethodError,
    NotFoundError,
    TooManyAttemptsError,
)
from kyphometer.web.blinded.refusals import BlindedRefusalError
from kyphometer.web.reader.confirming import ImpossibleReadingError
from kyphometer.web.reader.versions import DocumentConflictError
from kyphometer.web.views.measurements import finding_view
from kyphometer.web.wire.told import Error

logger = logging.getLogger("kyphometer.web")


class Json(Response):
    """A JSON answer in ASCII, so that no text a film may carry can break its encoding."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the document; NaN and infinity are programming errors, never sent."""
        plain = to_builtins(content)
        return json.dumps(plain, allow_nan=False, separators=(",", ":")).encode("ascii")


class InPieces(Response):
    """A large answer, sent piece by piece, so that it is never copied as a whole."""

    PIECE = 1024 * 1024

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it, then do what was to be done afterwards."""
        start = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        await send(start)
        whole = memoryview(self.body)
        for begin in range(0, len(whole), self.PIECE):
            piece = whole[begin : begin + self.PIECE]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        if self.background is not None:
            await self.background()


def error_answer(error: Exception) -> Json:
    """The answer that an error makes: its status, its sentence and the name of its class."""
    if not isinstance(error, KyphometerError):
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        status = HTTPStatus.INSUFFICIENT_STORAGE if full else HTTPStatus.INTERNAL_SERVER_ERROR
        return Json(_own_fault(error), status_code=status)
    headers = {}
    if isinstance(error, TooManyAttemptsError):
        headers["Retry-After"] = str(error.seconds)
    body = error.answer() if isinstance(error, BlindedRefusalError) else _refusal(error)
    return Json(body, status_code=error.http_status, headers=headers)


def _refusal(error: KyphometerError) -> Error:
    findings = error.findings if isinstance(error, ImpossibleReadingError) else ()
    return Error(
        error=str(error),
        kind=getattr(error, "kind", type(error).__name__),
        **error.to_dict(),
        findings=[finding_view(item) for item in findings] or UNSET,
        **(error.members if isinstance(error, DocumentConflictError) else {}),
    )


def _own_fault(error: Exception) -> Error:
    """Body for an error that nobody foresaw; the details go to the log, not to the page."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        sentence = (
            "The disk is full, so this was not saved; what was saved before is intact: "
            "make room and save again."
        )
        return Error(error=sentence, kind="DiskFullError")
    logger.error("an unforeseen error", exc_info=error)
    sentence = "The server met an error it did not expect; nothing was changed: see its log."
    return Error(error=sentence, kind="InternalError")


async def on_error(_request: Request, error: Exception) -> Response:
    """Turn an exception that left a handler into its answer."""
    return error_answer(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Turn a refusal of the router (no such address, wrong method) into an answer like ours."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    ours: Exception = error
    if status == HTTPStatus.NOT_FOUND:
        ours = NotFoundError("no_such_address")
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        ours = MethodError(
            "no_such_method",
            method=request.method[:20],
            allowed=headers.get("Allow", "another method"),
        )
    answer = error_answer(ours)
    answer.headers.update(headers)
    return answer
