"""Films handed out to processes, few at a time, and taken back as they are done."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from itertools import islice
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, TypeVar

from kyphometer.errors import MissingExtraError, SchedulerError
from kyphometer.messages import Word

Item = TypeVar("Item")
Answer = TypeVar("Answer")
IN_FLIGHT = 4
"""Films that are handed out at a time, for each worker."""


def processes(workers: int) -> Executor:
    """A pool of processes that end when this one does, however it ends."""
    return ProcessPoolExecutor(workers, mp_context=_Context(), initializer=_follow_parent)


class _Process(SpawnProcess):
    """A process that does not run the program's main module again.

    It needs nothing from there, and a script without a guard would start all over in each.
    """

    def start(self) -> None:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            super().start()
        finally:
            sys.modules["__main__"] = main


class _Context(SpawnContext):
    Process = _Process


def _follow_parent() -> None:
    """End with the parent: killed, it cannot say goodbye, and its workers would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor of a running Dask cluster, and how many threads it has.

    A worker that dies is no matter: its films go to another, twice.

    Raises
    ------
    MissingExtraError
        If Dask is not installed.
    SchedulerError
        If no scheduler answers, or it has no workers.
    """
    try:
        from distributed import Client as connect
    except ImportError as error:
        raise MissingExtraError("Dask", "dask") from error
    connected: Any = connect  # it has no types
    try:
        client = connected(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise SchedulerError(address, str(error) or type(error).__name__) from error
    with client:
        threads: int = sum(client.nthreads().values())
        if threads == 0:
            raise SchedulerError(address, Word("what.no_workers"))
        yield client.get_executor(pure=False, retries=2), threads


def spread(
    executor: Executor,
    call: Callable[[Item], Answer],
    items: Iterable[Item],
    *,
    in_flight: int,
    renew: Callable[[], Executor] | None = None,
) -> Iterator[tuple[Item, Answer | None]]:
    """Call a function on every item in other processes; answers come as they are done.

    Items are taken only as there is room, so that a long list needs no memory. If a worker dies
    its items are tried again one by one; whoever ends its process then has no answer
    (None).

    Parameters
    ----------
    executor
        Where to; one that can be renewed is shut down at the end.
    call
        A function of a module.
    items
        What to call it on.
    in_flight
        How many are handed out at a time.
    renew
        Makes another executor after one broke; None if this one never does.
    """
    waiting = iter(items)
    flying: dict[Future[Answer], Item] = {}
    try:
        while True:
            _fill(executor, call, flying, islice(waiting, in_flight - len(flying)))
            if not flying:
                return
            lost: list[Item] = []
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                item = flying.pop(future)
                if renew is not None and isinstance(future.exception(), BrokenExecutor):
                    lost.append(item)
                else:
                    yield item, _answer(future)
            if lost and renew is not None:
                lost += flying.values()
                flying.clear()
                executor.shutdown(wait=False, cancel_futures=True)
                yield from _one_by_one(renew, call, lost)
                executor = renew()
    finally:
        if renew is not None:
            executor.shutdown(wait=True, cancel_futures=True)


def _fill(
    executor: Executor,
    call: Callable[[Item], Answer],
    flying: dict[Future[Answer], Item],
    items: Iterable[Item],
) -> None:
    """Hand items out; one that a broken pool does not take is lost like those that it had."""
    for item in items:
        try:
            future = executor.submit(call, item)
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        flying[future] = item


def _answer(future: Future[Answer]) -> Answer | None:
    return None if future.exception() is not None else future.result()


def _one_by_one(
    renew: Callable[[], Executor], call: Callable[[Item], Answer], items: Iterable[Item]
) -> Iterator[tuple[Item, Answer | None]]:
    """Each item with nothing beside it; after one that ends its process, in a new pool."""
    executor = renew()
    for item in items:
        future = executor.submit(call, item)
        yield item, _answer(future)
        if isinstance(future.exception(), BrokenExecutor):
            executor.shutdown(wait=False)
            executor = renew()
    executor.shutdown()
