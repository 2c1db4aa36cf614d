"""Decoded films at hand: a cache bounded in bytes; each film is decoded once."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict

from starlette.concurrency import run_in_threadpool

from kyphometer.web.pixels.decode_job import PackedFilm
from kyphometer.web.pixels.decoder import Decoder
from kyphometer.web.pixels.film_source import FilmSource

MOST_THUMBNAILS = 4000
"""About 6 kB each."""


class FilmCache:
    """Least recently used films are put away first. Belongs to one event loop."""

    def __init__(self, decoder: Decoder, capacity_bytes: int) -> None:
        self._decoder = decoder
        self._capacity = capacity_bytes
        self._films: OrderedDict[FilmSource, PackedFilm] = OrderedDict()
        self._under_way: dict[FilmSource, asyncio.Task[PackedFilm]] = {}
        self._fingerprints: dict[FilmSource, str] = {}
        self._thumbnails: OrderedDict[FilmSource, bytes] = OrderedDict()

    async def packed(self, source: FilmSource) -> PackedFilm:
        """Packed pixels of a film, from the cache or decoded now."""
        film = self._films.get(source)
        if film is not None:
            self._films.move_to_end(source)
            return film
        task = self._under_way.get(source)
        if task is None:
            task = asyncio.create_task(self._decode(source))
            self._under_way[source] = task
            task.add_done_callback(lambda _: self._under_way.pop(source, None))
        return await asyncio.shield(task)  # a reader who leaves does not stop it for the others

    def prefetch(self, source: FilmSource) -> None:
        """Begin to decode a film that will probably be asked for; errors wait until it is."""
        if source in self._films or source in self._under_way:
            return
        task = asyncio.create_task(self._decode(source))
        self._under_way[source] = task

        def finish(done: asyncio.Task[PackedFilm]) -> None:
            self._under_way.pop(source, None)
            if not done.cancelled():
                done.exception()

        task.add_done_callback(finish)

    async def fingerprint(self, source: FilmSource) -> str:
        """SHA-256 of the stored values of a film."""
        found = self._fingerprints.get(source)
        if found is None:
            film = await self.packed(source)
            if film.is_stored:
                found = await run_in_threadpool(_sha256, film.data)
            else:
                found = await self._decoder.fingerprint(source)
            self._fingerprints[source] = found
        return found

    async def thumbnail(self, source: FilmSource) -> bytes:
        """Small JPEG of a film, kept for as long as the file stays the same."""
        found = self._thumbnails.pop(source, None) or await self._decoder.thumbnail(source)
        self._thumbnails[source] = found
        while len(self._thumbnails) > MOST_THUMBNAILS:
            self._thumbnails.popitem(last=False)
        return found

    async def _decode(self, source: FilmSource) -> PackedFilm:
        film = await self._decoder.packed(source)
        self._films[source] = film
        while len(self._films) > 1 and self._size() > self._capacity:
            self._films.popitem(last=False)
        return film

    def _size(self) -> int:
        return sum(len(film.data) for film in self._films.values())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
