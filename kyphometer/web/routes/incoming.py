"""Route that takes films which are handed in."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from kyphometer.errors import ForbiddenError
from kyphometer.web.access.visitors import Role, Visitor
from kyphometer.web.incoming.answers import Incoming, Part
from kyphometer.web.reader.open import OpenService
from kyphometer.web.reader.service import ReaderService
from kyphometer.web.routes.routing import TypedRoute, operation
from kyphometer.web.server.services import Services, reader_service, services


def takes_films(at: Services, who: Visitor, reader: ReaderService) -> bool:
    """True if that visitor may hand in films: the owner, outside of blinded sessions."""
    return at.incoming is not None and not reader.is_blinded and who.role.includes(Role.OWNER)


@operation(Role.OWNER, takes="application/octet-stream")
async def hand_in(request: Request, query: Part) -> Incoming:
    """Take a part of a file with films (a film or a zip archive); with the last one, its films."""
    at, reader = services(request), await reader_service(request)
    if at.incoming is None or not isinstance(reader, OpenService):
        raise ForbiddenError("incoming_nowhere")
    return await run_in_threadpool(reader.take_films, at.incoming, query, await request.body())


ROUTES = (TypedRoute("/api/incoming", PUT=hand_in),)
