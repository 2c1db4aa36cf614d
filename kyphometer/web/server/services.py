"""What routes work with, and how they find it from a request."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from kyphometer.errors import ForbiddenError, SignInError
from kyphometer.messages import Word
from kyphometer.web.access.visitors import Authenticator, Role, Visitor
from kyphometer.web.fetching.desk import FetchDesk
from kyphometer.web.incoming.desk import IncomingDesk
from kyphometer.web.pixels.cache import FilmCache
from kyphometer.web.pixels.decoder import Decoder
from kyphometer.web.quality.desk import QualityDesk
from kyphometer.web.reader.service import ReaderService, ReaderServices
from kyphometer.web.sending.desk import SendDesk
from kyphometer.web.server.settings import WebSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that lives as long as the server."""

    settings: WebSettings
    authenticator: Authenticator
    readers: ReaderServices
    decoder: Decoder
    cache: FilmCache
    quality: QualityDesk | None = None
    incoming: IncomingDesk | None = None
    sending: SendDesk = field(default_factory=SendDesk)
    fetching: FetchDesk = field(default_factory=FetchDesk)


def services(request: Request) -> Services:
    """What the server lives on."""
    found: Services = request.app.state.services
    return found


def visitor(request: Request) -> Visitor:
    """Who is asking."""
    found: Visitor | None = request.scope["state"].get("visitor")
    if found is None:
        raise SignInError("nobody_signed_in")
    return found


def require(request: Request, role: Role) -> None:
    """Refuse a visitor whose role does not include that one.

    Raises
    ------
    ForbiddenError
        If it does not.
    """
    if not visitor(request).role.includes(role):
        raise ForbiddenError("role_needed", role=Word(f"what.role_{role}"))


async def reader_service(request: Request) -> ReaderService:
    """The service of whoever is asking; finding it may ask the database."""
    readers, who = services(request).readers, visitor(request)
    found = readers.at_hand(who)
    return await run_in_threadpool(readers.of, who) if found is None else found
