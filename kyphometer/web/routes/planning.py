"""Sample sizes of a reliability study, for the page that plans one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from kyphometer.errors import RequestError
from kyphometer.reliability import SampleSize
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.bodies import json_object, member_number
from kyphometer.web.routes.routing import route
from kyphometer.web.server.services import visitor
from kyphometer.workflow.planning import sizes_for_icc, sizes_for_limits


async def plan_icc(request: Request) -> Response:
    """POST /api/planning/icc: films for an intraclass correlation."""
    visitor(request)
    body = await json_object(request)
    expected, readings = _needed(body, "expected"), _or(body, "readings", 2.0)
    if readings != int(readings) or not 2 <= readings <= 1000:
        raise RequestError("The member 'readings' is no whole number from 2", "correct it")
    wanted = partial(
        sizes_for_icc,
        expected,
        null=member_number(body, "null"),
        width=member_number(body, "width"),
        readings=int(readings),
    )
    return await _answer(wanted, body)


async def plan_limits(request: Request) -> Response:
    """POST /api/planning/limits: pairs of readings for limits of agreement."""
    visitor(request)
    body = await json_object(request)
    wanted = partial(
        sizes_for_limits,
        _needed(body, "tolerance"),
        sd_deg=member_number(body, "sd"),
        standard_error_deg=member_number(body, "standard_error"),
        bias_deg=_or(body, "bias", 0.0),
    )
    return await _answer(wanted, body)


async def _answer(wanted: Callable[..., Sequence[SampleSize]], body: dict[str, Any]) -> Response:
    power, confidence = _or(body, "power", 0.8), _or(body, "confidence", 0.95)
    sizes = await run_in_threadpool(lambda: wanted(power=power, confidence=confidence))
    return Json(
        {
            "sizes": [
                {"method": size.method, "aim": size.aim, "n": size.n, "achieved": size.achieved}
                for size in sizes
            ]
        }
    )


def _needed(body: dict[str, Any], name: str) -> float:
    value = member_number(body, name)
    if value is None:
        raise RequestError(f"The member '{name}' is missing", "fill it in")
    return value


def _or(body: dict[str, Any], name: str, usual: float) -> float:
    value = member_number(body, name)
    return usual if value is None else value


ROUTES = (
    route("/api/planning/icc", POST=plan_icc),
    route("/api/planning/limits", POST=plan_limits),
)
