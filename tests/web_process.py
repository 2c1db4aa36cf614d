"""The annotator as its users run it: a process of its own, on a free port of this machine."""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PATIENCE_S = 60.0


class Server:
    """A running `kyphometer` server process."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address
        self.base = re.sub(r"/(\?.*)?$", "", address)
        self.token = address.partition("token=")[2]

    def client(self, **options: object) -> httpx.Client:
        """A client with the token, as a script would use it."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.Client(base_url=self.base, headers=headers, timeout=30, **options)

    def kill(self) -> None:
        """As if the power went: no chance to tidy up."""
        self.process.kill()
        self.process.wait(10)


@contextlib.contextmanager
def running(*arguments: str | Path, **environment: str) -> Iterator[Server]:
    """Run a `kyphometer` command that serves until the block ends; stopped by its own pid."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kyphometer", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Server(process, _address(process))
    finally:
        process.terminate()
        _collect(process)


def _collect(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What it printed until it and all that it started have ended."""
    try:
        return process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate(timeout=20)


def _address(process: subprocess.Popen[str]) -> str:
    """The address that the process prints once it answers there."""
    deadline = time.monotonic() + PATIENCE_S
    assert process.stdout is not None
    while time.monotonic() < deadline:
        ready, _, _ = select.select([process.stdout], [], [], 0.2)
        if ready:
            line = process.stdout.readline()
            found = re.search(r"https?://\S+", line)
            if found:
                return found[0]
            if not line:
                break
    process.kill()
    message = f"the server did not start: {_collect(process)[1]}"
    raise AssertionError(message)
