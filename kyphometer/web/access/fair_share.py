"""Nobody keeps the others waiting: each visitor has so many requests under way at once.

A browser opens six connections to a server. Whoever sends more requests than that waits for his
own, not the others for his. Strangers of one address have fewer: all they can do is sign in, which
takes a tenth of a second of two processors; and beyond the first `STRANGERS_AT_FIRST` requests they
are served so many a second as the pages of a few people who sign in need. The others wait, and cost
nothing while they do. A request counts from when its body has arrived, so that a slow one keeps no
place.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

AT_ONCE = 6
STRANGERS_AT_ONCE = 2
STRANGERS_AT_FIRST = 300.0
STRANGERS_A_SECOND = 20.0
MOST_ADDRESSES = 10_000


class Paces:
    """How fast each address is served: so many requests at first, then so many a second."""

    def __init__(self, at_first: float, a_second: float) -> None:
        self._at_first = at_first
        self._a_second = a_second
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, address: str, now: float) -> float:
        """Seconds until the next request of an address has its turn; counts it as served."""
        left, then = self._left.pop(address, (self._at_first, now))
        left = min(self._at_first, left + (now - then) * self._a_second) - 1.0
        self._left[address] = (left, now)
        while len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)
        return max(0.0, -left / self._a_second)


class FairShare:
    """Serves at most so many requests of one visitor, or of one address's strangers, at a time."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._places: dict[str, asyncio.Semaphore] = {}
        self._present: Counter[str] = Counter()
        self._paces = Paces(STRANGERS_AT_FIRST, STRANGERS_A_SECOND)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        arrived = await _arrived(scope, receive)
        who, count = _who(scope)
        if count == STRANGERS_AT_ONCE:
            await asyncio.sleep(self._paces.wait_s(who, asyncio.get_running_loop().time()))
        places = self._places.setdefault(who, asyncio.Semaphore(count))
        self._present[who] += 1
        try:
            async with places:
                await self.app(scope, arrived, send)
        finally:
            self._present[who] -= 1
            if not self._present[who]:
                del self._present[who], self._places[who]


async def _arrived(scope: Scope, receive: Receive) -> Receive:
    """Gives the messages of a request once all of its body is there; then whatever comes."""
    headers = Headers(scope=scope)
    if "transfer-encoding" not in headers and headers.get("content-length", "0") == "0":
        return receive
    there: list[Message] = []
    while not there or there[-1].get("more_body", False):
        there.append(await receive())

    async def again() -> Message:
        return there.pop(0) if there else await receive()

    return again


def _who(scope: Scope) -> tuple[str, int]:
    """Who asks, and how many requests that one has at once."""
    visitor = scope.get("state", {}).get("visitor")
    if visitor is not None:
        return f"visitor {visitor.name} {visitor.observer}", AT_ONCE
    client = scope.get("client")
    return f"address {client[0] if client else ''}", STRANGERS_AT_ONCE
