"""Sample sizes of a reliability study, for the page that plans one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from kyphometer.reliability import SampleSize
from kyphometer.web.routes.routing import TypedRoute
from kyphometer.web.wire.people import PlanIcc, PlanLimits, Planning, SampleSizes
from kyphometer.workflow.planning import sizes_for_icc, sizes_for_limits


async def plan_icc(_request: Request, body: PlanIcc) -> SampleSizes:
    """Films for an intraclass correlation."""
    wanted = partial(
        sizes_for_icc,
        body.expected,
        null=body.null,
        width=body.width,
        readings=2 if body.readings is None else body.readings,
    )
    return await _answer(wanted, body)


async def plan_limits(_request: Request, body: PlanLimits) -> SampleSizes:
    """Pairs of readings for limits of agreement."""
    wanted = partial(
        sizes_for_limits,
        body.tolerance,
        sd_deg=body.sd,
        standard_error_deg=body.standard_error,
        bias_deg=0.0 if body.bias is None else body.bias,
    )
    return await _answer(wanted, body)


async def _answer(wanted: Callable[..., Sequence[SampleSize]], body: Planning) -> SampleSizes:
    power = 0.8 if body.power is None else body.power
    confidence = 0.95 if body.confidence is None else body.confidence
    sizes = await run_in_threadpool(lambda: wanted(power=power, confidence=confidence))
    return SampleSizes(sizes=list(sizes))


ROUTES = (
    TypedRoute("/api/planning/icc", POST=plan_icc),
    TypedRoute("/api/planning/limits", POST=plan_limits),
)
