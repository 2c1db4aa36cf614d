"""Every route of the server, and the description of those that are the API."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from starlette.requests import Request
from starlette.responses import Response

from kyphometer.web.openapi.document import describe
from kyphometer.web.routes import (
    accounts,
    fetching,
    films,
    identity,
    incoming,
    links,
    pages,
    planning,
    quality,
    readings,
    sending,
    service,
)
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.routing import TypedRoute


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document."""
    return describe(ROUTES)


async def openapi(_request: Request) -> Annotated[Response, dict]:
    """The description of the API."""
    return Json(description())


ROUTES = (
    *pages.ROUTES,
    *links.ROUTES,
    *service.ROUTES,
    TypedRoute("/api/openapi.json", GET=openapi),
    *films.ROUTES,
    *readings.ROUTES,
    *sending.ROUTES,
    *fetching.ROUTES,
    *incoming.ROUTES,
    *accounts.ROUTES,
    *identity.ROUTES,
    *planning.ROUTES,
    *quality.ROUTES,
)
