"""Routes with declared types: what a request carries and what is answered.

A handler takes the request and, if it names them, a `body` and a `query` of a declared type. What
it returns is an answer of a declared type, or a `Response` whose annotation says what it holds: a
type of ours, or media types. The description of the API is made from the same declarations.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_type_hints

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kyphometer.web.access.visitors import Role
from kyphometer.web.routes.answers import Json
from kyphometer.web.routes.bodies import asked_body, asked_query
from kyphometer.web.server.services import require

Handler = Callable[..., Awaitable[Response | Struct]]


@dataclass(frozen=True)
class Operation:
    """What one method of an address does.

    Attributes
    ----------
    handler
        Answers a request.
    role
        Who may ask: visitors whose role includes this one.
    status
        HTTP status of an answer.
    takes
        Media type of a body that is no JSON and that the handler reads itself.
    """

    handler: Handler
    role: Role = Role.OBSERVER
    status: int = 200
    takes: str = ""

    @cached_property
    def types(self) -> dict[str, Any]:
        """Declared types: `body` and `query` if they are asked for, and `return`."""
        return get_type_hints(self.handler, include_extras=True)

    async def __call__(self, request: Request) -> Response:
        """Answer a request: who it is comes before what it carries."""
        if self.role is not Role.OBSERVER:
            require(request, self.role)
        asked: dict[str, Struct] = {}
        if "query" in self.types:
            asked["query"] = asked_query(request, self.types["query"])
        if "body" in self.types:
            asked["body"] = await asked_body(request, self.types["body"])
        found = await self.handler(request, **asked)
        return found if isinstance(found, Response) else Json(found, status_code=self.status)


def operation(role: Role, *, status: int = 200, takes: str = "") -> Callable[[Handler], Operation]:
    """Say of a handler what its types do not."""
    return lambda handler: Operation(handler, role, status, takes)


class TypedRoute(Route):
    """An address with its operations by method, so that a refusal names all that it answers."""

    def __init__(self, path: str, **operations: Operation | Handler) -> None:
        self.operations = {
            method: found if isinstance(found, Operation) else Operation(found)
            for method, found in operations.items()
        }
        super().__init__(path, self._answer, methods=list(operations))

    async def _answer(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await self.operations[method](request)
