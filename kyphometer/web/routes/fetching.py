"""Routes that find films in archives and fetch them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from kyphometer.web.fetching.answers import Fetch, Fetching, Found, Search
from kyphometer.web.fetching.desk import Taker
from kyphometer.web.fetching.search import search
from kyphometer.web.reader.service import ReaderService
from kyphometer.web.routes.routing import TypedRoute
from kyphometer.web.server.services import reader_service, require, services, visitor


async def fetching(request: Request) -> Fetching:
    """Archives that can be asked, and what became of this reader's last fetch."""
    taker = await _taker(request)
    return await run_in_threadpool(services(request).fetching.state, taker.key)


async def fetch(request: Request, body: Fetch) -> Fetching:
    """Begin to fetch films; ask again for how far it is."""
    taker = await _taker(request)
    return await run_in_threadpool(services(request).fetching.start, taker, body)


async def find(request: Request, body: Search) -> Found:
    """Films of an archive, with what each is chosen by."""
    taker = await _taker(request)
    return await run_in_threadpool(search, body, taker.films_of)


async def _taker(request: Request) -> Taker:
    """Who asks, if films may be fetched by them; a blinded reader is refused by the service."""
    require(request, services(request).settings.fetch_role)
    at: ReaderService = await reader_service(request)
    who, stated = visitor(request), services(request).settings.films_folder
    return Taker(
        key=who.name or who.observer,
        folder=await run_in_threadpool(at.films_folder) if stated is None else stated,
        take_up=at.take_up,
        films_of=at.films_of,
        note=at.note_fetching,
    )


ROUTES = (
    TypedRoute("/api/archives", GET=fetching),
    TypedRoute("/api/archives/search", POST=find),
    TypedRoute("/api/archives/fetch", POST=fetch),
)
