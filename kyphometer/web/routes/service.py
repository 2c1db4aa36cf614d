"""Routes about the visit itself: configuration of the page, health, description of the API."""

from __future__ import annotations

from functools import cache

from starlette.requests import Request
from starlette.responses import Response

import kyphometer
from kyphometer.anatomy import Level
from kyphometer.film import Position
from kyphometer.measure import ANGLES
from kyphometer.reading import CornerRule
from kyphometer.web.access.accounts import AccountAuthenticator
from kyphometer.web.access.visitors import Authenticator
from kyphometer.web.openapi.document import description
from kyphometer.web.reader.answer import Answer
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.routing import route
from kyphometer.web.server.services import reader_service, services, visitor


async def config(request: Request) -> Response:
    """GET /api/config."""
    settings, who, at = services(request).settings, visitor(request), await reader_service(request)
    level = at.agreement.fractured_level
    user = None if who.name is None else {"name": who.name, "role": str(who.role)}
    answer = {
        "version": kyphometer.__version__,
        "mode": str(settings.mode),
        "user": user,
        "sign_in": "proxy" if by_proxy(services(request).authenticator) else "password",
        "observer": who.observer if at.is_blinded else who.reads_as or who.observer,
        "csrf": who.csrf,
        "blinded": at.is_blinded,
        "languages": list(settings.languages),
        "corner_sd_mm": at.agreement.corner_sd_mm,
        "fractured_level": None if level is None else level.value,
        "assist": {"available": True, "allowed": at.agreement.may_assist},
        **_vocabulary(),
    }
    return Json(answer)


@cache
def _vocabulary() -> Answer:
    return {
        "levels": [level.value for level in Level],
        "position_values": [str(position) for position in Position],
        "corner_rules": [str(rule) for rule in CornerRule],
        "definitions": [
            {
                "code": item.code,
                "label": item.name,
                "upper": str(item.upper),
                "lower": str(item.lower),
                "description": item.text,
            }
            for item in ANGLES.values()
        ],
    }


def by_proxy(authenticator: Authenticator) -> bool:
    """True if a reverse proxy says who people are."""
    return isinstance(authenticator, AccountAuthenticator) and authenticator.proxy is not None


async def health(_request: Request) -> Response:
    """GET /api/health: for proxies and watchdogs; tells nothing."""
    return Json({"ok": True})


async def openapi(_request: Request) -> Response:
    """GET /api/openapi.json."""
    return Json(description())


ROUTES = (
    route("/api/config", GET=config),
    route("/api/health", GET=health),
    route("/api/openapi.json", GET=openapi),
)
