"""Routes that mark films: document, draft, confirmed reading, live results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from kyphometer.errors import ForbiddenError
from kyphometer.store.records import MarkingLog
from kyphometer.web.reader.assist import targets_in
from kyphometer.web.reader.service import ConfirmNote, ReaderService
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.bodies import json_object, member_number, member_object, member_text
from kyphometer.web.routes.routing import route
from kyphometer.web.server.services import reader_service, services


async def document(request: Request) -> Response:
    """GET /api/films/{film_id}/document."""
    film_id = request.path_params["film_id"]
    return Json(await run_in_threadpool((await reader_service(request)).document, film_id))


async def save_draft(request: Request) -> Response:
    """PUT /api/films/{film_id}/draft."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    body = await json_object(request)
    draft, base = member_object(body, "document"), member_text(body, "base")
    return Json(await run_in_threadpool(at.save_draft, film_id, draft, base))


async def discard_draft(request: Request) -> Response:
    """DELETE /api/films/{film_id}/draft."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    base = member_text(await json_object(request), "base")
    return Json(await run_in_threadpool(at.discard_draft, film_id, base))


async def confirm(request: Request) -> Response:
    """POST /api/films/{film_id}/reading."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    body = await json_object(request)
    reading, base = member_object(body, "document"), member_text(body, "base")
    source = await run_in_threadpool(at.source, film_id)
    note = ConfirmNote(
        reason=member_text(body, "reason"),
        log=_log(body),
        sha256_pixels=await services(request).cache.fingerprint(source),
    )
    return Json(await run_in_threadpool(at.confirm, film_id, reading, base, note))


async def measure(request: Request) -> Response:
    """POST /api/films/{film_id}/measure."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    marks = member_object(await json_object(request), "document")
    return Json(await run_in_threadpool(at.measure, film_id, marks))


async def visits(request: Request) -> Response:
    """POST /api/films/{film_id}/visits: the patient's visits, with the marks as they are shown."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    body = await json_object(request)
    marks = None if body.get("document") is None else member_object(body, "document")
    return Json(await run_in_threadpool(at.visits, film_id, marks))


async def assist(request: Request) -> Response:
    """POST /api/films/{film_id}/assist."""
    at, film_id = await _assisting_service(request), request.path_params["film_id"]
    body = await json_object(request)
    marks, targets = member_object(body, "document"), targets_in(body.get("targets"))
    shown = await run_in_threadpool(at.source, film_id)
    source = replace(shown, normalised=False)  # help is the same, however a film is shown
    packed = (await services(request).cache.packed(source)).values
    return Json(await run_in_threadpool(at.assist, film_id, marks, targets, packed))


async def carry_over(request: Request) -> Response:
    """POST /api/films/{film_id}/carry-over."""
    at, film_id = await _assisting_service(request), request.path_params["film_id"]
    body = await json_object(request)
    marks, origin = member_object(body, "document"), member_text(body, "from")
    order = await run_in_threadpool(at.carry_over, film_id, marks, origin)
    return Json(await services(request).decoder.carried(order))


async def _assisting_service(request: Request) -> ReaderService:
    """The service, if the image may help there."""
    at = await reader_service(request)
    if not at.agreement.may_assist:
        problem = "Help from the image is not allowed in this reading"
        raise ForbiddenError(problem, "mark the corners by hand")
    return at


def _log(body: dict[str, Any]) -> MarkingLog | None:
    """How the film was read, as the page noted it."""
    if body.get("log") is None:
        return None
    log = member_object(body, "log")
    seconds = member_number(log, "seconds")
    return MarkingLog(
        seconds=max(0.0, seconds or 0.0),
        zoom=member_number(log, "zoom"),
        window_center=member_number(log, "window_center"),
        window_width=member_number(log, "window_width"),
        details=log.get("details") if isinstance(log.get("details"), dict) else None,
    )


ROUTES = (
    route("/api/films/{film_id}/document", GET=document),
    route("/api/films/{film_id}/draft", PUT=save_draft, DELETE=discard_draft),
    route("/api/films/{film_id}/reading", POST=confirm),
    route("/api/films/{film_id}/measure", POST=measure),
    route("/api/films/{film_id}/visits", POST=visits),
    route("/api/films/{film_id}/assist", POST=assist),
    route("/api/films/{film_id}/carry-over", POST=carry_over),
)
