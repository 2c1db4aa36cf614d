"""Work in a process beside the server, and what it tells meanwhile."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from typing import Any


def told_by(work: Callable[..., None], *arguments: Any) -> Iterator[Any]:
    """Run `work(*arguments, tell)` in a process of its own; what it tells, until it has ended.

    However it ends: what is told last then is not its end.
    """
    spawn = multiprocessing.get_context("spawn")
    ours, its = spawn.Pipe(duplex=False)
    process = spawn.Process(target=work, args=(*arguments, its), daemon=True)
    process.start()
    its.close()
    with ours:
        while True:
            try:
                yield ours.recv()
            except EOFError:
                break
    process.join()
