"""Routes that show films: work list, facts, pixels, thumbnail."""

from __future__ import annotations

import hashlib
from typing import Annotated

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

import kyphometer
from kyphometer.errors import KyphometerError
from kyphometer.web.access.visitors import Role
from kyphometer.web.pixels.film_source import FilmSource
from kyphometer.web.pixels.page import PageKind
from kyphometer.web.reader.assist import warm_up
from kyphometer.web.reader.service import ReaderService
from kyphometer.web.routes.answers import InPieces
from kyphometer.web.routes.routing import TypedRoute, operation
from kyphometer.web.server.services import Services, reader_service, services
from kyphometer.web.wire.films import WorkQuery
from kyphometer.web.wire.marks import Candidates, Readings
from kyphometer.web.wire.people import Progress
from kyphometer.web.wire.told import FilmTold, WorkListTold


async def worklist(request: Request, query: WorkQuery) -> WorkListTold:
    """Films to read."""
    return await run_in_threadpool((await reader_service(request)).work_list, query)


async def film(request: Request) -> FilmTold:
    """Facts of a film; whoever asks will soon ask for the pixels: they are begun."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    source, facts = await run_in_threadpool(_source_and_facts, at, film_id)
    if source is not None:
        services(request).cache.prefetch(source)
    return facts


async def pixels(request: Request) -> Annotated[Response, "application/octet-stream"]:
    """Stored values of a film: uint16, little endian, row by row."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    source = await run_in_threadpool(at.source, film_id)
    headers = {"ETag": _etag(source, "pixels"), "Cache-Control": "private, no-cache"}
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    at_hand = services(request)
    found = await at_hand.cache.packed(source)
    headers["X-Kyphometer-Rows"] = str(found.rows)
    headers["X-Kyphometer-Columns"] = str(found.columns)
    return InPieces(
        found.data,
        media_type="application/octet-stream",
        headers=headers,
        background=_ahead(at_hand, at, film_id),
    )


def _ahead(services: Services, at: ReaderService, film_id: str) -> BackgroundTask:
    """After the answer was sent: what will probably be asked for next, the next film and help."""

    async def decode_next() -> None:
        following = await run_in_threadpool(_next_source, at, film_id)
        if following is not None:
            services.cache.prefetch(following)
        if at.agreement.may_assist:
            await run_in_threadpool(warm_up)

    return BackgroundTask(decode_next)


async def thumbnail(request: Request) -> Annotated[Response, "image/jpeg"]:
    """A small picture of a film."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    source = await run_in_threadpool(at.source, film_id)
    headers = {"ETag": _etag(source, "thumbnail"), "Cache-Control": "private, no-cache"}
    if _is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    picture = await services(request).cache.thumbnail(source)
    return Response(picture, media_type="image/jpeg", headers=headers)


@operation(Role.QA)
async def readings(request: Request) -> Readings:
    """Everybody's readings of a film; for QA."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    return await run_in_threadpool(at.readings, film_id)


@operation(Role.QA)
async def consensus(request: Request) -> Candidates:
    """Readings of others to adjudicate, without their names; for QA."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    return await run_in_threadpool(at.candidates, film_id)


@operation(Role.QA)
async def progress(request: Request) -> Progress:
    """How far everybody is; for QA."""
    return await run_in_threadpool((await reader_service(request)).progress)


async def picture(request: Request) -> Annotated[Response, "image/png"]:
    """The confirmed reading drawn on its film."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    order = await run_in_threadpool(at.picture, film_id)
    drawn = await services(request).decoder.picture(order)
    headers = {"Content-Disposition": 'inline; filename="kyphometer.png"'}
    return Response(drawn, media_type="image/png", headers=headers)


async def page_pdf(request: Request) -> Annotated[Response, "application/pdf"]:
    """Film, marks, numbers and visits, for paper."""
    return await _page(request, "pdf", "application/pdf")


async def page_png(request: Request) -> Annotated[Response, "image/png"]:
    """The first page of that, as a picture."""
    return await _page(request, "png", "image/png")


async def _page(request: Request, kind: PageKind, media_type: str) -> Response:
    at, film_id = await reader_service(request), request.path_params["film_id"]
    order = await run_in_threadpool(at.page, film_id, kind)
    made = await services(request).decoder.page(order)
    headers = {"Content-Disposition": f'inline; filename="kyphometer.{kind}"'}
    return Response(made, media_type=media_type, headers=headers)


async def table(request: Request) -> Annotated[Response, "text/csv"]:
    """The numbers of the marks, one a line."""
    at, film_id = await reader_service(request), request.path_params["film_id"]
    text = await run_in_threadpool(at.table, film_id)
    headers = {"Content-Disposition": 'inline; filename="kyphometer.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def _next_source(at: ReaderService, film_id: str) -> FilmSource | None:
    try:
        following = at.next_film(film_id)
    except KyphometerError:
        return None
    return None if following is None else _source(at, following)


def _source_and_facts(at: ReaderService, film_id: str) -> tuple[FilmSource | None, FilmTold]:
    return _source(at, film_id), at.film(film_id)


def _source(at: ReaderService, film_id: str) -> FilmSource | None:
    """Where the pixels are, or None if nothing is there: whoever needs them is told why."""
    try:
        return at.source(film_id)
    except KyphometerError:
        return None


def _etag(source: FilmSource, kind: str) -> str:
    text = f"{kyphometer.__version__} {kind} {source!r}"
    return f'"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"'


def _is_known(request: Request, etag: str) -> bool:
    return etag in request.headers.get("if-none-match", "")


ROUTES = (
    TypedRoute("/api/worklist", GET=worklist),
    TypedRoute("/api/films/{film_id}", GET=film),
    TypedRoute("/api/films/{film_id}/pixels", GET=pixels),
    TypedRoute("/api/films/{film_id}/thumbnail", GET=thumbnail),
    TypedRoute("/api/films/{film_id}/picture.png", GET=picture),
    TypedRoute("/api/films/{film_id}/page.pdf", GET=page_pdf),
    TypedRoute("/api/films/{film_id}/page.png", GET=page_png),
    TypedRoute("/api/films/{film_id}/measurements.csv", GET=table),
    TypedRoute("/api/films/{film_id}/readings", GET=readings),
    TypedRoute("/api/films/{film_id}/consensus", GET=consensus),
    TypedRoute("/api/progress", GET=progress),
)
