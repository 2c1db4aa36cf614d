"""Routes of quality assurance: sessions and their reports. QA looks, the owner changes."""

from __future__ import annotations

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from kyphometer.errors import ForbiddenError, NotFoundError, RequestError
from kyphometer.web.access.visitors import Role
from kyphometer.web.quality.answers import NewSession
from kyphometer.web.quality.desk import QualityDesk
from kyphometer.web.quality.job import Kind
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.bodies import json_object, member_text
from kyphometer.web.routes.routing import route
from kyphometer.web.server.services import reader_service, require, services, visitor

MEDIA_TYPES = {
    Kind.HTML: "text/html; charset=utf-8",
    Kind.PDF: "application/pdf",
    Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Kind.CSV: "text/csv; charset=utf-8",
}


async def sessions(request: Request) -> Response:
    """GET /api/sessions: all sessions with everybody's progress; for QA."""
    desk = await _desk(request, Role.QA)
    return Json(await run_in_threadpool(desk.sessions))


async def choices(request: Request) -> Response:
    """GET /api/session-choices: what a session can be planned from; for the owner."""
    desk = await _desk(request, Role.OWNER)
    return Json(await run_in_threadpool(desk.choices))


async def plan(request: Request) -> Response:
    """POST /api/sessions: plan one; for the owner."""
    desk = await _desk(request, Role.OWNER)
    body = await json_object(request)
    try:
        wanted = msgspec.convert(body, NewSession)
    except msgspec.ValidationError as error:
        raise RequestError(f"The plan cannot be used ({error})", "correct that member") from None
    planned = await run_in_threadpool(desk.plan, str(visitor(request).name), wanted)
    return Json(planned, status_code=201)


async def lock(request: Request) -> Response:
    """POST /api/sessions/{code}/lock: end it; for the owner."""
    desk, code = await _desk(request, Role.OWNER), request.path_params["code"]
    reason = member_text(await json_object(request), "reason") or ""
    who = str(visitor(request).name)
    return Json(await run_in_threadpool(desk.lock, who, code, reason))


async def reopen(request: Request) -> Response:
    """POST /api/sessions/{code}/reopen: open it, or one item of it, again; for the owner."""
    desk, code = await _desk(request, Role.OWNER), request.path_params["code"]
    body = await json_object(request)
    reason, item = member_text(body, "reason") or "", member_text(body, "item") or None
    who = str(visitor(request).name)
    return Json(await run_in_threadpool(desk.reopen, who, code, reason, item))


async def report(request: Request) -> Response:
    """GET /api/sessions/{code}/report/{kind}: what came out of a locked session; for QA."""
    desk, code = await _desk(request, Role.QA), request.path_params["code"]
    kind = _kind(request)
    return _sent(await desk.report(code, kind), f"{code}-report", kind)


async def certificate(request: Request) -> Response:
    """GET /api/sessions/{code}/certificate/{kind}: judged by a kit's truth; for QA."""
    desk, code = await _desk(request, Role.QA), request.path_params["code"]
    kind, observer = _kind(request), request.query_params.get("observer")
    found = await desk.certificate(code, kind, observer or None)
    return _sent(found, f"{code}-certificate", kind)


def _kind(request: Request) -> Kind:
    try:
        return Kind(request.path_params["kind"])
    except ValueError:
        names = ", ".join(Kind)
        raise NotFoundError("There is no such form of a report", f"use one of {names}") from None


def _sent(found: object, name: str, kind: Kind) -> Response:
    if not isinstance(found, bytes):
        return Json(found)
    safe = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}.{kind}"'}
    return Response(found, media_type=MEDIA_TYPES[kind], headers=headers)


async def _desk(request: Request, role: Role) -> QualityDesk:
    """The desk, for whoever may sit there.

    Whoever still reads blinded is refused, whatever the role: plans tell how films come back, and
    reports of another session may show the same films.
    """
    require(request, role)
    desk = services(request).quality
    if desk is None:
        raise NotFoundError("Sessions are kept by a served study only", "use kyphometer serve")
    if (await reader_service(request)).is_blinded:
        problem = "Plans and reports would unblind you, and you have a session to read"
        raise ForbiddenError(problem, "finish it first, or let another person do this")
    return desk


ROUTES = (
    route("/api/sessions", GET=sessions, POST=plan),
    route("/api/session-choices", GET=choices),
    route("/api/sessions/{code}/lock", POST=lock),
    route("/api/sessions/{code}/reopen", POST=reopen),
    route("/api/sessions/{code}/report/{kind}", GET=report),
    route("/api/sessions/{code}/certificate/{kind}", GET=certificate),
)
