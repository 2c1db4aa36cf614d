"""How long an archive may be silent, or busy without bringing a film."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kyphometer.errors import (
    KyphometerError,
    PacsCutError,
    PacsSlowError,
    PacsStalledError,
)
from kyphometer.interop.network.association import hang_up
from kyphometer.interop.network.destinations import Destination


class Silence:
    """Ends a request for films of which too long nothing is heard, or no film comes.

    Answers that films are on their way count as heard, so that an archive may take its time; they
    do not count as films, so that it cannot take all of it.
    """

    def __init__(self, to: Destination) -> None:
        self._to = to
        self._heard = self._came = time.monotonic()

    def heard(self, _event: Any = None) -> None:
        """Note that bytes or an answer came."""
        self._heard = time.monotonic()

    def came(self) -> None:
        """Note that a film came."""
        self._heard = self._came = time.monotonic()

    @contextmanager
    def bounded(self, association: Any) -> Iterator[None]:
        """Hang up an association if the block waits too long.

        Raises
        ------
        PacsSlowError
            If nothing was heard within the destination's `timeout_s`.
        PacsStalledError
            If no film came within its `film_timeout_s`.
        """
        self.came()
        over, late = threading.Event(), list[KyphometerError]()

        def watch() -> None:
            while not over.wait(max(0.0, self._left())):
                if self._left() <= 0:
                    late.append(self._told())
                    hang_up(association)
                    association.dimse.msg_queue.put((None, None))  # wakes whoever waits for more
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        except PacsCutError:
            if not late:
                raise
        finally:
            over.set()
        if late:
            raise late[0]

    def _left(self) -> float:
        silent = self._heard + self._to.timeout_s
        return min(silent, self._came + self._to.film_timeout_s) - time.monotonic()

    def _told(self) -> KyphometerError:
        if time.monotonic() >= self._heard + self._to.timeout_s:
            return PacsSlowError(self._to.name, self._to.timeout_s)
        return PacsStalledError(self._to.name, self._to.film_timeout_s)
