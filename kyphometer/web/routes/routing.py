"""One route for an address, whatever the method, so that a refusal names all that it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Handler = Callable[[Request], Awaitable[Response]]


def route(path: str, **handlers: Handler) -> Route:
    """Route of an address: `route("/api/users", GET=users, POST=add_user)`."""

    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await handlers[method](request)

    name = "_".join(handler.__name__ for handler in handlers.values())
    return Route(path, answer, methods=list(handlers), name=name)
