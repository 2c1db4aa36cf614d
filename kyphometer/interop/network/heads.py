"""How slowly an answer over HTTP may come: its head, and what follows.

A connection's own timeout begins anew with every byte, so that an answer of a byte a second, or a
head without end, would never end. Here the whole head has one time, and what follows must bring so
many bytes in each such time.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

LEAST_BYTES_A_SECOND: Final = 256
"""Of a body: less than any line gives, more than a server that keeps somebody waiting."""


def paced_adapter() -> HTTPAdapter:
    """Connections of `requests` on which answers may not trickle; they count as read too late."""
    return _PacedAdapter()


class _PacedAdapter(HTTPAdapter):
    def init_poolmanager(self, *words: Any, **options: Any) -> None:
        """Make the pools of connections."""
        super().init_poolmanager(*words, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *words: Any, **options: Any) -> Any:
        """Make those through a proxy."""
        manager = super().proxy_manager_for(*words, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Paced(io.RawIOBase):
    """What comes on a connection; time counts only while it is waited for."""

    def __init__(self, connection: socket.socket) -> None:
        self._raw = connection.makefile("rb", buffering=0)
        self._connection = connection
        self._most_s = connection.gettimeout()
        self._waited = 0.0
        self._brought = 0
        self._is_head = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._most_s is None:
            return self._raw.readinto(buffer)
        if self._is_head:
            self._connection.settimeout(self._left(self._most_s))
        elif self._waited >= self._most_s:
            self._turn(self._most_s)
        started = time.monotonic()
        count = self._raw.readinto(buffer)
        self._waited += time.monotonic() - started
        self._brought += count or 0
        return count

    def begin_body(self) -> None:
        """The head is over: from now on so many bytes must come in each time."""
        self._is_head = False
        self._connection.settimeout(self._most_s)
        self._waited, self._brought = 0.0, 0

    def _left(self, most_s: float) -> float:
        """How long the rest of the head may take."""
        if self._waited >= most_s:
            raise TimeoutError
        return most_s - self._waited

    def _turn(self, most_s: float) -> None:
        """Begin a new time, if the one that is over has brought enough."""
        if self._brought < most_s * LEAST_BYTES_A_SECOND:
            raise TimeoutError
        self._waited, self._brought = 0.0, 0

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer whose head and body are paced."""

    def __init__(self, sock: socket.socket, *words: Any, **options: Any) -> None:
        super().__init__(sock, *words, **options)
        self.fp.close()
        self._paced = _Paced(sock)
        self.fp = io.BufferedReader(self._paced)

    def begin(self) -> None:
        super().begin()
        self._paced.begin_body()


class _Connection(HTTPConnection):
    response_class = _Answer


class _EncryptedConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _EncryptedConnection


_POOLS: Final = {"http": _Pool, "https": _EncryptedPool}
