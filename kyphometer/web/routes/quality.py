"""Routes of quality assurance: sessions and their reports. QA looks, the owner changes."""

from __future__ import annotations

from typing import Annotated

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from kyphometer.errors import ForbiddenError, NotFoundError
from kyphometer.web.access.visitors import Role
from kyphometer.web.quality.answers import (
    Choices,
    NewSession,
    Observed,
    Planned,
    Reason,
    Reopen,
    Report,
    SessionList,
    SessionRow,
)
from kyphometer.web.quality.desk import QualityDesk
from kyphometer.web.quality.job import Kind
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.routing import TypedRoute, operation
from kyphometer.web.server.services import reader_service, services, visitor

MEDIA_TYPES = {
    Kind.HTML: "text/html; charset=utf-8",
    Kind.PDF: "application/pdf",
    Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Kind.CSV: "text/csv; charset=utf-8",
}


Made = Annotated[
    Response,
    Report,
    MEDIA_TYPES[Kind.HTML],
    MEDIA_TYPES[Kind.PDF],
    MEDIA_TYPES[Kind.DOCX],
    MEDIA_TYPES[Kind.XLSX],
    MEDIA_TYPES[Kind.CSV],
]


@operation(Role.QA)
async def sessions(request: Request) -> SessionList:
    """All sessions with everybody's progress; for QA."""
    return await run_in_threadpool((await _desk(request)).sessions)


@operation(Role.OWNER)
async def session_choices(request: Request) -> Choices:
    """What a session can be planned from; for the owner."""
    return await run_in_threadpool((await _desk(request)).choices)


@operation(Role.OWNER, status=201)
async def plan_session(request: Request, body: NewSession) -> Planned:
    """Plan a session; for the owner."""
    return await run_in_threadpool((await _desk(request)).plan, _who(request), body)


@operation(Role.OWNER)
async def lock_session(request: Request, body: Reason) -> SessionRow:
    """End a session; for the owner."""
    desk, code = await _desk(request), request.path_params["code"]
    return await run_in_threadpool(desk.lock, _who(request), code, body.reason or "")


@operation(Role.OWNER)
async def reopen_session(request: Request, body: Reopen) -> SessionRow:
    """Open a session, or one item of it, again; for the owner."""
    desk, code = await _desk(request), request.path_params["code"]
    return await run_in_threadpool(
        desk.reopen, _who(request), code, body.reason or "", body.item or None
    )


@operation(Role.QA)
async def session_report(request: Request) -> Made:
    """What came out of a locked session; for QA."""
    desk, code = await _desk(request), request.path_params["code"]
    kind = _kind(request)
    return _sent(await desk.report(code, kind), f"{code}-report", kind)


@operation(Role.QA)
async def session_certificate(request: Request, query: Observed) -> Made:
    """A session judged by a kit's truth; for QA."""
    desk, code = await _desk(request), request.path_params["code"]
    kind = _kind(request)
    found = await desk.certificate(code, kind, query.observer)
    return _sent(found, f"{code}-certificate", kind)


def _who(request: Request) -> str:
    return str(visitor(request).name)


def _kind(request: Request) -> Kind:
    try:
        return Kind(request.path_params["kind"])
    except ValueError:
        names = ", ".join(Kind)
        raise NotFoundError("no_report_form", names=names) from None


def _sent(found: Report | bytes, name: str, kind: Kind) -> Response:
    if not isinstance(found, bytes):
        return Json(found)
    safe = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}.{kind}"'}
    return Response(found, media_type=MEDIA_TYPES[kind], headers=headers)


async def _desk(request: Request) -> QualityDesk:
    """The desk, for whoever may sit there.

    Whoever still reads blinded is refused, whatever the role: plans tell how films come back, and
    reports of another session may show the same films.
    """
    desk = services(request).quality
    if desk is None:
        raise NotFoundError("sessions_served_only")
    if (await reader_service(request)).is_blinded:
        raise ForbiddenError("would_unblind")
    return desk


ROUTES = (
    TypedRoute("/api/sessions", GET=sessions, POST=plan_session),
    TypedRoute("/api/session-choices", GET=session_choices),
    TypedRoute("/api/sessions/{code}/lock", POST=lock_session),
    TypedRoute("/api/sessions/{code}/reopen", POST=reopen_session),
    TypedRoute("/api/sessions/{code}/report/{kind}", GET=session_report),
    TypedRoute("/api/sessions/{code}/certificate/{kind}", GET=session_certificate),
)
