"""Puts the application together: guards around routes, one handler for all errors."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from kyphometer.errors import KyphometerError
from kyphometer.web import (
    pages,
    routes_accounts,
    routes_films,
    routes_planning,
    routes_readings,
    routes_session,
)
from kyphometer.web.answers import on_error, on_http_error
from kyphometer.web.decoder import Decoder
from kyphometer.web.gate import Gate
from kyphometer.web.guards import AnswerHeaders, BodyBound, HostCheck, LastResort
from kyphometer.web.services import Services
from kyphometer.web.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from kyphometer.web.desk import Desks
    from kyphometer.web.settings import WebSettings
    from kyphometer.web.visitors import Doorman

ROUTES = (
    *pages.ROUTES,
    *routes_session.ROUTES,
    *routes_films.ROUTES,
    *routes_readings.ROUTES,
    *routes_accounts.ROUTES,
    *routes_planning.ROUTES,
)


def create_app(settings: WebSettings, doorman: Doorman, desks: Desks) -> Starlette:
    """Build the annotator as an ASGI application.

    Parameters
    ----------
    settings
        How the server was started.
    doorman
        Recognises visitors.
    desks
        Gives each visitor a desk: what this person may see and do.
    """
    decoder = Decoder()
    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(AnswerHeaders, settings=settings),
            Middleware(LastResort),
            Middleware(HostCheck, settings=settings),
            Middleware(BodyBound, settings=settings),
            Middleware(Gate, settings=settings, doorman=doorman),
        ],
        exception_handlers={
            KyphometerError: on_error,
            HTTPException: on_http_error,
        },
        lifespan=_lifespan,
    )
    app.state.services = Services(
        settings=settings,
        doorman=doorman,
        desks=desks,
        decoder=decoder,
        shelf=Shelf(decoder, settings.cache_bytes),
    )
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Decoding process up before the first film is asked for, down with the server."""
    decoder: Decoder = app.state.services.decoder
    decoder.start()
    try:
        yield
    finally:
        decoder.close()
