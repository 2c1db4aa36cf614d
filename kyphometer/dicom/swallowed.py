"""Catches errors that a compiled decoder can only report as "ignored"."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any, Final

_LOCK: Final = threading.Lock()


class SwallowedErrors:
    """Context that collects the exceptions of its thread that Python could not raise.

    Some decoders return an array although an exception broke them off half-way; such exceptions go
    to `sys.excepthook` and `sys.unraisablehook`, which print them. Within this context they are
    collected instead; those of other threads go to the hooks that were there before. One thread at
    a time.
    """

    def __init__(self) -> None:
        self.found: list[str] = []

    def __enter__(self) -> SwallowedErrors:
        _LOCK.acquire()
        self._thread = threading.get_ident()
        self._excepthook, self._unraisablehook = sys.excepthook, sys.unraisablehook
        sys.excepthook, sys.unraisablehook = self._collect, self._collect_unraisable
        return self

    def __exit__(self, *_: object) -> None:
        sys.excepthook, sys.unraisablehook = self._excepthook, self._unraisablehook
        _LOCK.release()

    def _collect(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if threading.get_ident() == self._thread:
            self.found.append(str(error))
        else:
            self._excepthook(kind, error, trace)

    def _collect_unraisable(self, unraisable: Any) -> None:
        if threading.get_ident() == self._thread:
            self.found.append(str(unraisable.exc_value))
        else:
            self._unraisablehook(unraisable)
