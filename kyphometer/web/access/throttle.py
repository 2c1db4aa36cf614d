"""Failed sign-ins are slowed down: by login and address together, by address, and by login."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kyphometer.errors import TooManyAttemptsError

FREE_ATTEMPTS = {"pair": 5, "address": 30, "login": 50}
"""Failures that cost no waiting: of one login from one address, of one address, of one login."""
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
FORGET_AFTER_S = 3600.0
MAX_ENTRIES = 10_000


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Throttle:
    """Remembers failures; each beyond the free ones doubles the wait, up to a quarter of an hour.

    Belongs to one event loop.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, ...], _Failures] = OrderedDict()

    def require_patience(self, login: str, address: str) -> None:
        """Refuse an attempt that comes too early.

        Raises
        ------
        TooManyAttemptsError
            With the seconds that are left to wait.
        """
        now = self._clock()
        left = max(self._wait(key) - (now - self._last(key)) for key in _keys(login, address))
        if left > 0:
            raise TooManyAttemptsError(left)

    def failed(self, login: str, address: str) -> None:
        """Count a failed attempt."""
        now = self._clock()
        for key in _keys(login, address):
            entry = self._failures.get(key)
            if entry is None or now - entry.last > FORGET_AFTER_S:
                entry = _Failures(0, now)
            self._failures[key] = _Failures(entry.count + 1, now)
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_ENTRIES:
            self._failures.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """Forget the failures of this login from this address."""
        self._failures.pop(("pair", login, address), None)

    def _last(self, key: tuple[str, ...]) -> float:
        entry = self._failures.get(key)
        return entry.last if entry else 0.0

    def _wait(self, key: tuple[str, ...]) -> float:
        entry = self._failures.get(key)
        beyond = (entry.count if entry else 0) - FREE_ATTEMPTS[key[0]]
        if beyond < 0:
            return 0.0
        return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(beyond, 20))


def _keys(login: str, address: str) -> Iterator[tuple[str, ...]]:
    yield ("pair", login, address)
    yield ("address", address)
    yield ("login", login)
