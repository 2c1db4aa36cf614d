"""Links from other programs: a study's UID opens its film here."""

from __future__ import annotations

import re
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kyphometer.errors import NotFoundError, RequestError
from kyphometer.web.access.authentication import stranger_page
from kyphometer.web.routes.routing import TypedRoute
from kyphometer.web.routes.service import may_fetch
from kyphometer.web.server.services import reader_service, services
from kyphometer.web.server.settings import Mode

_UID: Final = re.compile(r"[0-9.]{1,64}")
_AGAIN: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Kyphometer</title>'
    '<meta http-equiv="refresh" content="0; url=/open?StudyInstanceUID={uid}">'
    '<a href="/open?StudyInstanceUID={uid}">Open the study</a></html>'
)


async def open_study(request: Request) -> Response:
    """GET /open?StudyInstanceUID=UID: to the page of the study's film, or to the offer to fetch it.

    A browser that comes from another page does not send the cookie: a page of ours that moves on by
    itself asks again. A blinded reader is refused by the service.
    """
    uid = request.query_params.get("StudyInstanceUID", "")
    known = _UID.fullmatch(uid) is not None
    if request.scope["state"].get("visitor") is None:
        elsewhere = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if elsewhere and known:
            return Response(_AGAIN.format(uid=uid), media_type="text/html")
        if services(request).settings.mode is Mode.LOCAL:
            return stranger_page()
        # The page of signing in keeps what stands behind the #, and so comes back here.
        again = f"#/open/{uid}" if known else ""
        return RedirectResponse(f"/login{again}", status_code=303)
    if not known:
        raise RequestError("address_without_study")
    at = await reader_service(request)
    try:
        film_id = await run_in_threadpool(at.film_of_study, uid)
    except NotFoundError:
        if not may_fetch(request, at):
            raise
        return RedirectResponse(f"/#/fetch/{uid}", status_code=303)
    return RedirectResponse(f"/#/film/{film_id}", status_code=303)


ROUTES = (TypedRoute("/open", GET=open_study),)
