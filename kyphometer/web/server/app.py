"""Puts the application together: guards around routes, one handler for all errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from kyphometer.errors import KyphometerError
from kyphometer.web.access.authentication import Gate
from kyphometer.web.access.fair_share import FairShare
from kyphometer.web.access.middleware import (
    AnswerHeaders,
    BodyBound,
    HostCheck,
    LastResort,
    Speaking,
)
from kyphometer.web.access.visitors import Authenticator
from kyphometer.web.incoming.desk import IncomingDesk
from kyphometer.web.pixels.cache import FilmCache
from kyphometer.web.pixels.decoder import Decoder
from kyphometer.web.quality.desk import QualityDesk
from kyphometer.web.reader.service import ReaderServices
from kyphometer.web.routes.answers import on_error, on_http_error
from kyphometer.web.routes.every import ROUTES
from kyphometer.web.server.services import Services
from kyphometer.web.server.settings import WebSettings


def create_app(
    settings: WebSettings,
    authenticator: Authenticator,
    readers: ReaderServices,
    quality: QualityDesk | None = None,
    incoming: IncomingDesk | None = None,
) -> Starlette:
    """Build the annotator as an ASGI application.

    Parameters
    ----------
    settings
        How the server was started.
    authenticator
        Recognises visitors.
    readers
        Gives each visitor a service: what this person may see and do.
    quality
        Sessions of the study, where there are accounts.
    incoming
        Takes films that are handed in, where that is possible.
    """
    decoder = Decoder()
    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(AnswerHeaders, settings=settings),
            Middleware(LastResort),
            Middleware(HostCheck, settings=settings),
            Middleware(BodyBound, settings=settings),
            Middleware(Speaking),
            Middleware(Gate, settings=settings, authenticator=authenticator),
            Middleware(FairShare),
        ],
        exception_handlers={
            KyphometerError: on_error,
            HTTPException: on_http_error,
        },
        lifespan=_lifespan,
    )
    app.state.services = Services(
        settings=settings,
        authenticator=authenticator,
        readers=readers,
        decoder=decoder,
        cache=FilmCache(decoder, settings.cache_bytes),
        quality=quality,
        incoming=incoming,
    )
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Decoding process up before the first film is asked for, down with the server."""
    decoder: Decoder = app.state.services.decoder
    quality: QualityDesk | None = app.state.services.quality
    decoder.start()
    try:
        yield
    finally:
        decoder.close()
        if quality is not None:
            quality.close()
