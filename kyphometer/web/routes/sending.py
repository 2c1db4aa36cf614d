"""Routes that send results of confirmed readings to archives."""

from __future__ import annotations

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from kyphometer.web.routes.routing import TypedRoute
from kyphometer.web.sending.answers import Send, Sending
from kyphometer.web.server.services import reader_service, require, services


async def sending(request: Request) -> Sending:
    """Where the confirmed reading of a film can be sent, and what became of the last time."""
    require(request, services(request).settings.send_role)
    at, film_id = await reader_service(request), request.path_params["film_id"]
    order = await run_in_threadpool(at.results, film_id)
    return await run_in_threadpool(services(request).sending.state, order)


async def send(request: Request, body: Send) -> Sending:
    """Begin to send results of the confirmed reading; ask again for how far it is."""
    require(request, services(request).settings.send_role)
    at, film_id = await reader_service(request), request.path_params["film_id"]
    order = await run_in_threadpool(at.results, film_id)
    note = partial(at.note_sending, film_id, order.version)
    return await run_in_threadpool(services(request).sending.start, order, body, note)


ROUTES = (TypedRoute("/api/films/{film_id}/sending", GET=sending, POST=send),)
