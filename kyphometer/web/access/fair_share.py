"""Nobody keeps the others waiting: each visitor has so many requests under way at once.

A browser opens six connections to a server. Whoever sends more requests than that waits for his
own, not the others for his.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

AT_ONCE = 6


class FairShare:
    """Serves at most `AT_ONCE` requests of one visitor, or of one stranger's address, at a time."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._places: dict[str, asyncio.Semaphore] = {}
        self._present: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        who = _who(scope)
        places = self._places.setdefault(who, asyncio.Semaphore(AT_ONCE))
        self._present[who] += 1
        try:
            async with places:
                await self.app(scope, receive, send)
        finally:
            self._present[who] -= 1
            if not self._present[who]:
                del self._present[who], self._places[who]


def _who(scope: Scope) -> str:
    visitor = scope.get("state", {}).get("visitor")
    if visitor is not None:
        return f"visitor {visitor.name} {visitor.observer}"
    client = scope.get("client")
    return f"address {client[0] if client else ''}"
