"""Routes about the visit itself: configuration of the page, health."""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.requests import Request

import kyphometer
from kyphometer.anatomy import Level
from kyphometer.film import Position
from kyphometer.interop.network.destinations import destinations_path
from kyphometer.measure import ANGLES
from kyphometer.reading import CornerRule
from kyphometer.web.access.accounts import AccountAuthenticator
from kyphometer.web.access.visitors import Authenticator, Role, Visitor
from kyphometer.web.reader.service import ReaderService
from kyphometer.web.routes.incoming import takes_films
from kyphometer.web.routes.routing import TypedRoute
from kyphometer.web.server.services import reader_service, services, visitor
from kyphometer.web.wire.base import Ok
from kyphometer.web.wire.people import Config, Definition, Help, User


async def config(request: Request) -> Config:
    """What the page needs to begin."""
    settings, who, at = services(request).settings, visitor(request), await reader_service(request)
    return Config(
        version=kyphometer.__version__,
        mode=settings.mode,
        user=None if who.name is None else User(name=who.name, role=who.role),
        sign_in="proxy" if by_proxy(services(request).authenticator) else "password",
        observer=who.observer if at.is_blinded else who.reads_as or who.observer,
        csrf=who.csrf,
        blinded=at.is_blinded,
        languages=list(settings.languages),
        corner_sd_mm=at.agreement.corner_sd_mm,
        fractured_level=at.agreement.fractured_level,
        sending=_may(settings.send_role, who, at),
        fetching=may_fetch(request, at),
        incoming=takes_films(services(request), who, at),
        assist=Help(available=True, allowed=at.agreement.may_assist),
        **_vocabulary(),
    )


def _may(role: Role, who: Visitor, at: ReaderService) -> bool:
    """True if there are archives, and this visitor may use them so."""
    return who.role.includes(role) and not at.is_blinded and destinations_path().is_file()


def may_fetch(request: Request, at: ReaderService) -> bool:
    """True if there are archives, and whoever asks may fetch films from them."""
    return _may(services(request).settings.fetch_role, visitor(request), at)


@cache
def _vocabulary() -> dict[str, Any]:
    return {
        "levels": list(Level),
        "position_values": list(Position),
        "corner_rules": list(CornerRule),
        "definitions": [
            Definition(
                code=item.code,
                label=item.name,
                upper=str(item.upper),
                lower=str(item.lower),
                description=item.text,
            )
            for item in ANGLES.values()
        ],
    }


def by_proxy(authenticator: Authenticator) -> bool:
    """True if a reverse proxy says who people are."""
    return isinstance(authenticator, AccountAuthenticator) and authenticator.proxy is not None


async def health(_request: Request) -> Ok:
    """Is it up? For proxies and watchdogs; tells nothing."""
    return Ok()


ROUTES = (TypedRoute("/api/config", GET=config), TypedRoute("/api/health", GET=health))
