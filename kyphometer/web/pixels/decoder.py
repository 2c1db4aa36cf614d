"""Decoding beside the server: in a process of its own, so that no request ever waits for a codec.

Most codecs hold Python's global lock for as long as a film takes (1.2 s for JPEG 2000), and a
damaged film may kill the process that decodes it. Uncompressed and run-length coded films are read
in a thread: that takes less than the way between two processes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from starlette.concurrency import run_in_threadpool

from kyphometer.errors import FilmError
from kyphometer.web.pixels import decode_job
from kyphometer.web.pixels.decode_job import PackedFilm, Refusal, SentFilm
from kyphometer.web.pixels.film_source import FilmSource
from kyphometer.web.pixels.page import PageOrder, page
from kyphometer.web.pixels.picture import PictureOrder, picture
from kyphometer.web.reader.carrying import CarryOrder, carry
from kyphometer.web.reader.proposing import ProposalOrder, propose
from kyphometer.web.wire.marks import Carried
from kyphometer.web.wire.proposed import Proposed

S = TypeVar("S")
T = TypeVar("T")

QUICK_SYNTAXES = frozenset(
    {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"}
)
"""Uncompressed and run-length coded."""
MAX_PROCESSES = 2


class DecodingError(FilmError):
    """A film that the decoding process refused; carries the name, code and facts of its error."""

    def __init__(
        self,
        sentence: str,
        kind: str = "FilmError",
        status: int = 422,
        told: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.http_status = status  # type: ignore[misc]
        self._told = told

    def to_dict(self) -> dict[str, Any]:
        """Code and facts of the error there."""
        return super().to_dict() if self._told is None else dict(self._told)


class Decoder:
    """Runs decoding jobs beside the server and starts afresh when a film kills the process.

    A second process is started only when the first is busy, so that a film decoded ahead never
    delays the one that is asked for.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the process and let it import what it needs, without waiting for it."""
        pool = self._executor()
        with _no_interrupt():
            pool.submit(decode_job.warm_up)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    async def packed(self, source: FilmSource) -> PackedFilm:
        """Packed pixels of a film."""
        if source.syntax in QUICK_SYNTAXES:
            return _settled(await run_in_threadpool(decode_job.packed, source), source)
        settled = _settled(await self._run(decode_job.packed_to_send, source), source)
        outcome = cast("PackedFilm | SentFilm", settled)
        if isinstance(outcome, PackedFilm):
            return outcome
        return await run_in_threadpool(outcome.received)

    async def fingerprint(self, source: FilmSource) -> str:
        """SHA-256 of the stored values of a film."""
        return _settled(await self._run(decode_job.fingerprint, source), source)

    async def thumbnail(self, source: FilmSource) -> bytes:
        """Small JPEG of a film."""
        return _settled(await self._run(decode_job.thumbnail, source), source)

    async def picture(self, order: PictureOrder) -> bytes:
        """PNG of a reading on its film."""
        return _settled(await self._run(picture, order), order.source)

    async def page(self, order: PageOrder) -> bytes:
        """The page of a reading, as a file."""
        return _settled(await self._run(page, order), order.source)

    async def carried(self, order: CarryOrder) -> Carried:
        """A draft with endplates proposed from the film before."""
        return _settled(await self._run(carry, order), order.source)

    async def proposed(self, order: ProposalOrder) -> Proposed:
        """Bodies proposed on a film."""
        return _settled(await self._run(propose, order), order.source)

    async def _run(self, job: Callable[[S], T | Refusal], source: S) -> T | Refusal:
        """Run a job; once more if the process died, perhaps of another film's job."""
        try:
            return await self._submit(job, source)
        except BrokenProcessPool:
            self._discard()
        try:
            return await self._submit(job, source)
        except BrokenProcessPool:
            self._discard()
            raise DecodingError("decoder_broke") from None

    async def _submit(self, job: Callable[[S], T | Refusal], source: S) -> T | Refusal:
        pool = self._executor()
        with _no_interrupt():
            under_way = pool.submit(job, source)
        return await asyncio.wrap_future(under_way)

    def _executor(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(
                    max_workers=MAX_PROCESSES, mp_context=context, initializer=decode_job.settle_in
                )
            return self._pool

    def _discard(self) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """A process that is started here never gets Ctrl+C, not even before it has settled in.

    That key reaches every process of a terminal; here it waits until the process was started.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _settled(outcome: T | Refusal, source: FilmSource) -> T:
    """The outcome of a job, or its refusal as an error."""
    if isinstance(outcome, Refusal):
        if source.alias:
            raise DecodingError(hidden_film_sentence(source.alias), status=outcome.status)
        raise DecodingError(outcome.sentence, outcome.kind, outcome.status, outcome.told)
    return outcome


def hidden_film_sentence(alias: str) -> str:
    """All that a blinded reader is told about a film that cannot be shown."""
    return f"The film {alias} cannot be shown; tell the owner of the session its code."
