"""Failed sign-ins are slowed down, and nobody else is kept out by them.

Failures are counted of a login from an address, of an address, and of a login. A browser that has
signed in before under a login (it shows a mark of that), and a login and address that have, are
counted by themselves alone: whatever others try, the right password opens at once.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kyphometer.errors import TooManyAttemptsError

FREE_ATTEMPTS = {"device": 10, "known": 10, "pair": 5, "address": 30, "login": 50}
"""Failures that cost no waiting: of one browser that has signed in before under the login, of a
login from an address from which it has, of another login from an address, of an address, of a
login."""
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
HALF_LIFE_S = 900.0
"""Failures count half after a quarter of an hour."""
MAX_ENTRIES = 10_000

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Failures:
    count: float
    last: float

    def counted(self, now: float) -> float:
        """How many they still count for."""
        return float(self.count * 0.5 ** ((now - self.last) / HALF_LIFE_S))


class Throttle:
    """Remembers failures; each beyond the free ones doubles the wait, up to a quarter of an hour.

    Belongs to one event loop.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[Key, _Failures] = OrderedDict()
        self._succeeded: OrderedDict[Key, None] = OrderedDict()

    def require_patience(self, login: str, address: str, device: str | None = None) -> None:
        """Refuse an attempt that comes too early.

        Parameters
        ----------
        login, address
            Whose attempt it is, and where it comes from.
        device
            What tells a browser that has signed in before under that login, or None.

        Raises
        ------
        TooManyAttemptsError
            With the seconds that are left to wait.
        """
        left = max(self._left(key) for key in self._keys(login, address, device))
        if left > 0:
            raise TooManyAttemptsError(left)

    def failed(self, login: str, address: str, device: str | None = None) -> None:
        """Count a failed attempt."""
        now = self._clock()
        for key in self._keys(login, address, device):
            before = self._failures.get(key)
            count = 1.0 + (before.counted(now) if before else 0.0)
            self._failures[key] = _Failures(count, now)
            _keep_newest(self._failures, key)

    def succeeded(self, login: str, address: str, device: str | None = None) -> None:
        """Forget the failures of this login from here, and remember that it has been here."""
        for key in self._keys(login, address, device):
            if key[0] not in ("address", "login"):
                self._failures.pop(key, None)
        self._succeeded[login, address] = None
        _keep_newest(self._succeeded, (login, address))

    def _keys(self, login: str, address: str, device: str | None) -> tuple[Key, ...]:
        """What an attempt is counted by."""
        if device is not None:
            return (("device", login, device),)
        if (login, address) in self._succeeded:
            return (("known", login, address),)
        return (("pair", login, address), ("address", address), ("login", login))

    def _left(self, key: Key) -> float:
        """Seconds that an attempt under this key must still wait."""
        entry = self._failures.get(key)
        if entry is None:
            return 0.0
        now = self._clock()
        beyond = entry.counted(now) - FREE_ATTEMPTS[key[0]]
        waited = now - entry.last
        return _wait(beyond + 0.5) - waited  # half a failure: what decays while one tries


def _wait(beyond: float) -> float:
    """Seconds of waiting after so many failures beyond the free ones."""
    if beyond < 0.0:
        return 0.0
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(int(beyond), 20)))


def _keep_newest(entries: OrderedDict[Key, Any], key: Key) -> None:
    entries.move_to_end(key)
    while len(entries) > MAX_ENTRIES:
        entries.popitem(last=False)
