"""Where the reactor of an association waits while somebody else listens for answers."""

from __future__ import annotations

import threading
import time
from typing import Any


class Turnstile(threading.Event):
    """An event that is cleared only once the thread that waits for it stands before it.

    The reactor of pynetdicom 3.0 takes messages off the queue of answers unless it is paused. A
    request pauses it by clearing an event, but the reactor may have passed that event a moment
    before: then it takes the answer, and the request goes without.

    Parameters
    ----------
    association
        Whose reactor waits; it is not waited for once it has ended, nor by itself.
    """

    def __init__(self, association: Any) -> None:
        super().__init__()
        self._association = association
        self._passing = threading.Lock()
        self._stands = False
        self.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Stand before it until it is set; for the reactor."""
        while True:
            with self._passing:
                self._stands = not self.is_set()
                if not self._stands:
                    return True
            super().wait(timeout)

    def clear(self) -> None:
        """Let the reactor through no more; returns when it stands."""
        with self._passing:
            super().clear()
        while not self._stands and self._runs_elsewhere():
            time.sleep(0.0001)

    def _runs_elsewhere(self) -> bool:
        reactor = self._association
        return (
            reactor.is_alive() and not reactor._kill and reactor is not threading.current_thread()
        )
