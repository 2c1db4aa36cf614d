"""Routes that mark films: document, draft, confirmed reading, live results."""

from __future__ import annotations

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from kyphometer.errors import ForbiddenError
from kyphometer.store.records import MarkingLog
from kyphometer.web.reader.assist import target
from kyphometer.web.reader.service import ConfirmNote, ReaderService
from kyphometer.web.routes.routing import TypedRoute
from kyphometer.web.server.services import reader_service, services
from kyphometer.web.views.visits import VisitTable
from kyphometer.web.wire.marks import (
    Assist,
    Carried,
    CarryOver,
    Confirm,
    Lines,
    Log,
    Marks,
    MeasureLines,
    SaveDraft,
    Seen,
    ShownMarks,
)
from kyphometer.web.wire.proposed import AskProposal, Proposed
from kyphometer.web.wire.told import (
    AssistedTold,
    ConfirmedTold,
    DocumentTold,
    MeasuredTold,
    SavedTold,
)


async def document(request: Request) -> DocumentTold:
    """The draft, or the latest reading."""
    film_id = request.path_params["film_id"]
    return await run_in_threadpool((await reader_service(request)).document, film_id)


async def save_draft(request: Request, body: SaveDraft) -> SavedTold:
    """Save a draft."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    return await run_in_threadpool(at.save_draft, film_id, body.document, body.base)


async def discard_draft(request: Request, body: Seen) -> DocumentTold:
    """Discard the draft."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    return await run_in_threadpool(at.discard_draft, film_id, body.base)


async def confirm(request: Request, body: Confirm) -> ConfirmedTold:
    """Keep a reading for good."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    source = await run_in_threadpool(at.source, film_id)
    note = ConfirmNote(
        reason=body.reason,
        log=None if body.log is None else _log(body.log),
        sha256_pixels=await services(request).cache.fingerprint(source),
    )
    return await run_in_threadpool(at.confirm, film_id, body.document, body.base, note)


async def measure(request: Request, body: Marks) -> MeasuredTold:
    """Live results."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    return await run_in_threadpool(at.measure, film_id, body.document)


async def lines(request: Request, body: MeasureLines) -> Lines:
    """Lengths of lines drawn beside the reading, and angles between them."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    return await run_in_threadpool(at.lines, film_id, body.document, body.lines)


async def visits(request: Request, body: ShownMarks) -> VisitTable:
    """All visits of the film's patient, with the marks as they are shown."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    return await run_in_threadpool(at.visits, film_id, body.document)


async def assist(request: Request, body: Assist) -> AssistedTold:
    """Move marks onto the rims that the image shows."""
    at, film_id = await _assisting_service(request), request.path_params["film_id"]
    targets = [target(item) for item in body.targets]
    shown = await run_in_threadpool(at.source, film_id)
    source = replace(shown, normalised=False)  # help is the same, however a film is shown
    packed = (await services(request).cache.packed(source)).values
    return await run_in_threadpool(at.assist, film_id, body.document, targets, packed)


async def carry_over(request: Request, body: CarryOver) -> Carried:
    """Propose endplates from an earlier film of the patient."""
    at, film_id = await _assisting_service(request), request.path_params["film_id"]
    order = await run_in_threadpool(
        at.carry_over, film_id, body.document, body.origin, body.anchors
    )
    return await services(request).decoder.carried(order)


async def proposal(request: Request, body: AskProposal) -> Proposed:  # noqa: ARG001
    """Propose the bodies that a film shows."""
    at, film_id = await _assisting_service(request), request.path_params["film_id"]
    return await services(request).decoder.proposed(await run_in_threadpool(at.proposal, film_id))


async def _assisting_service(request: Request) -> ReaderService:
    """The service, if the image may help there."""
    at = await reader_service(request)
    if not at.agreement.may_assist:
        raise ForbiddenError("assist_not_allowed")
    return at


def _log(told: Log) -> MarkingLog:
    """How the film was read, as the page noted it."""
    return MarkingLog(
        seconds=max(0.0, told.seconds or 0.0),
        zoom=told.zoom,
        window_center=told.window_center,
        window_width=told.window_width,
        details=told.details,
    )


ROUTES = (
    TypedRoute("/api/films/{film_id}/document", GET=document),
    TypedRoute("/api/films/{film_id}/draft", PUT=save_draft, DELETE=discard_draft),
    TypedRoute("/api/films/{film_id}/reading", POST=confirm),
    TypedRoute("/api/films/{film_id}/measure", POST=measure),
    TypedRoute("/api/films/{film_id}/lines", POST=lines),
    TypedRoute("/api/films/{film_id}/visits", POST=visits),
    TypedRoute("/api/films/{film_id}/assist", POST=assist),
    TypedRoute("/api/films/{film_id}/carry-over", POST=carry_over),
    TypedRoute("/api/films/{film_id}/proposal", POST=proposal),
)
