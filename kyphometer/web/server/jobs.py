"""Jobs of this server beside its answers: one at a time, of each owner at most one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Generic, Protocol, TypeVar

from kyphometer.errors import KyphometerError

_KEPT: Final = 500


class Job(Protocol):
    """How far a job is; it goes on until its state is `done`."""

    @property
    def state(self) -> Any:
        """A word for it."""
        ...


_J = TypeVar("_J", bound=Job)


class Jobs(Generic[_J]):
    """What is and was done since the server started, the latest job of each owner."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[Hashable, _J] = OrderedDict()
        self._lock = threading.Lock()
        self._turn = threading.Semaphore()

    def latest(self, key: Hashable) -> _J | None:
        """The last job of an owner."""
        with self._lock:
            return self._jobs.get(key)

    def note(self, key: Hashable, job: _J) -> None:
        """How far a job is now."""
        with self._lock:
            self._jobs[key] = job

    def start(
        self,
        key: Hashable,
        begun: _J,
        *,
        written: Callable[[_J], None],
        refused: Callable[[str], _J],
        work: Callable[[], None],
    ) -> None:
        """Do `work` in a thread, unless a job of this owner is under way.

        Parameters
        ----------
        written
            Writes the beginning into the audit trail; what it raises ends the job before it begins.
        refused
            The job as it then ended, with the reason.
        """
        if not self._begin(key, begun):
            return
        try:
            written(begun)
        except KyphometerError as error:
            self.note(key, refused(str(error)))
            raise
        threading.Thread(target=work, daemon=True).start()

    @contextmanager
    def turn(self, key: Hashable, waiting: _J) -> Iterator[None]:
        """Its turn, one job at a time; until then the owner's job is `waiting`."""
        if not self._turn.acquire(blocking=False):
            self.note(key, waiting)
            self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()

    def _begin(self, key: Hashable, begun: _J) -> bool:
        with self._lock:
            now = self._jobs.get(key)
            if now is not None and now.state != "done":
                return False
            self._jobs[key] = begun
            self._jobs.move_to_end(key)
            while len(self._jobs) > _KEPT:
                self._jobs.popitem(last=False)
            return True
