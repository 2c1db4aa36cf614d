"""Connections that say nothing are ended, so that they keep nobody else out.

uvicorn waits for a request's head and body as long as it takes, and counts all who wait. Here a
head must arrive within `HEAD_S`, a body within `BODY_S`; of one address only so many connections
may be waiting to say their first word; and whoever comes when all places are taken is given the
place of one that has said nothing yet.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SILENT_S = 2.0
"""Time to say the first word. Many who share an address may come within the moment in which the
server is busy; what they say is read only after all of them have been let in."""
HEAD_S = 10.0
"""For a request's head, from the opening of the connection or the head's first byte."""
BODY_S = 60.0
"""For its body, of at most 2 MiB."""
MOST_SILENT = 32
"""Connections of one address that have not asked for anything in `SILENT_S`."""
MOST_OF_ADDRESS = 400
"""Connections of one address; many people may share one."""
MOST = 900
"""Connections in all; a process can usually have 1024 files open."""


class GuardedProtocol(H11Protocol):
    """HTTP of one connection, with an end to waiting."""

    by_address = True
    """False behind a proxy, whose connections all come from one address."""

    def connection_made(self, transport: Any) -> None:
        """Make room, or refuse; then wait for a head."""
        super().connection_made(transport)
        self.has_asked = False
        self._deadline: asyncio.TimerHandle | None = None
        self._waits_for: object = None
        self._opened_s = self.loop.time()
        self._wait()
        self.loop.call_later(SILENT_S, self._make_room)
        self._make_room()

    def _make_room(self) -> None:
        """End what must go now that this one is here, or has been silent for long."""
        if self.transport.is_closing():
            return
        for surplus in crowded(cast("set[GuardedProtocol]", self.connections), self):
            surplus.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Go on reading; whatever is waited for now has a time of its own."""
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        """Keep the connection open a little; uvicorn's own timer ends it if nothing comes."""
        super().on_response_complete()
        self.has_asked = True
        self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives its connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        """Set the timer for what is missing: a head, a body, or nothing."""
        state = self.conn.their_state
        if state is self._waits_for:
            return
        self._stop_waiting()
        seconds = {h11.IDLE: HEAD_S, h11.SEND_BODY: BODY_S}.get(state)
        if seconds is not None:
            self._waits_for = state
            self._deadline = self.loop.call_later(seconds, self._give_up)

    def _stop_waiting(self) -> None:
        self._waits_for = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self.transport.abort()


def crowded(
    connections: Iterable[GuardedProtocol], newest: GuardedProtocol
) -> list[GuardedProtocol]:
    """Those that must go for `newest` to stay: at most one, a silent one if there is one."""
    everybody = [c for c in connections if not c.transport.is_closing()]
    mine = [c for c in everybody if _address(c) == _address(newest)]
    silent = [c for c in mine if _is_silent(c)]
    long_silent = [c for c in silent if newest.loop.time() - c._opened_s >= SILENT_S]
    if newest.by_address and len(long_silent) > MOST_SILENT:
        return [_oldest(long_silent)]
    if newest.by_address and len(mine) > MOST_OF_ADDRESS:
        return [_oldest(silent or [newest])]
    if len(everybody) > MOST:
        return [_oldest(_of_the_most(everybody) or [newest])]
    return []


def _of_the_most(connections: list[GuardedProtocol]) -> list[GuardedProtocol]:
    """The silent ones of the address that has most of them."""
    silent = [c for c in connections if _is_silent(c)]
    counts = Counter(map(_address, silent))
    return [c for c in silent if counts[_address(c)] == max(counts.values())]


def _is_silent(connection: GuardedProtocol) -> bool:
    return not connection.has_asked and connection.cycle is None


def _oldest(connections: list[GuardedProtocol]) -> GuardedProtocol:
    return min(connections, key=lambda c: c._deadline.when() if c._deadline else 0.0)


def _address(connection: GuardedProtocol) -> str:
    return connection.client[0] if connection.client else ""


class BehindProxyProtocol(GuardedProtocol):
    """The same where all connections are a proxy's."""

    by_address = False
