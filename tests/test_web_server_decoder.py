"""The decoding process: films that kill it, and the cache that keeps what it made."""

from __future__ import annotations

import asyncio
import os

import numpy as np
import pytest
from web_films import write_films

from kyphometer.dicom.compress import Compression
from kyphometer.dicom.read import read_header
from kyphometer.web.pixels import shared_memory as shared
from kyphometer.web.pixels.cache import FilmCache
from kyphometer.web.pixels.decode_job import PackedFilm
from kyphometer.web.pixels.decoder import Decoder, DecodingError
from kyphometer.web.pixels.film_source import FilmSource


def source(path, **changes):
    facts = path.stat()
    syntax = read_header(path).transfer_syntax_uid
    stamp = (facts.st_size, facts.st_mtime_ns)
    return FilmSource(path=path, frame=1, stamp=stamp, syntax=syntax, **changes)


@pytest.fixture
def decoder():
    made = Decoder()
    yield made
    made.close()


@pytest.mark.parametrize("syntax", [Compression.NONE, Compression.JPEG_LOSSLESS])
def test_pixels_and_hash_are_those_of_the_film(tmp_path, decoder, syntax):
    known = write_films(tmp_path, 1, syntax, rows=300, columns=200)[0]
    at = source(tmp_path / "film0.dcm")
    cache = FilmCache(decoder, 10**9)
    packed = asyncio.run(cache.packed(at))
    np.testing.assert_array_equal(packed.values, known.pixels)
    assert asyncio.run(cache.fingerprint(at)) == known.sha256_pixels


def test_a_mirrored_film_has_the_hash_of_the_film_itself(tmp_path, decoder):
    known = write_films(tmp_path, 1, rows=300, columns=200)[0]
    at = source(tmp_path / "film0.dcm", mirrored=True)
    cache = FilmCache(decoder, 10**9)
    packed = asyncio.run(cache.packed(at))
    np.testing.assert_array_equal(packed.values, known.pixels[:, ::-1])
    assert asyncio.run(cache.fingerprint(at)) == known.sha256_pixels


def test_a_film_that_kills_the_process_is_told_and_the_next_one_is_decoded(tmp_path, decoder):
    write_films(tmp_path, 1, Compression.JPEG_LOSSLESS, rows=60, columns=40)

    async def scenario():
        with pytest.raises(DecodingError, match="broke down"):
            await decoder._run(os._exit, 1)
        return await decoder.packed(source(tmp_path / "film0.dcm"))

    assert asyncio.run(scenario()).rows == 60


def test_a_damaged_film_is_refused_by_its_own_error(tmp_path, decoder):
    write_films(tmp_path, 1, Compression.JPEG_LOSSLESS, rows=60, columns=40)
    path = tmp_path / "film0.dcm"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 700])
    with pytest.raises(DecodingError) as refused:
        asyncio.run(decoder.packed(source(path)))
    assert refused.value.kind != "DecodingError"
    assert refused.value.http_status == 422


def test_without_room_in_shared_memory_films_travel_all_the_same(tmp_path, decoder, monkeypatch):
    known = write_films(tmp_path, 1, Compression.JPEG_LOSSLESS, rows=60, columns=40)[0]
    assert shared.take(shared.leave(known.pixels)) == known.pixels.tobytes()
    monkeypatch.setattr(shared, "_RESERVE", 1 << 62)
    assert shared.leave(known.pixels) is None


class Counting:
    """A decoder that counts, and takes its time."""

    def __init__(self, size=1000):
        self.size = size
        self.decoded = []

    async def packed(self, at):
        self.decoded.append(at.path.name)
        await asyncio.sleep(0.01)
        return PackedFilm(rows=1, columns=1, data=bytes(self.size), is_stored=True)


def at(tmp_path, name):
    return FilmSource(path=tmp_path / name, frame=1, stamp=(0, 0))


def test_many_asking_at_once_decode_once(tmp_path):
    decoder = Counting()
    cache = FilmCache(decoder, 10**6)

    async def scenario():
        cache.prefetch(at(tmp_path, "a"))
        await asyncio.gather(*(cache.packed(at(tmp_path, "a")) for _ in range(10)))

    asyncio.run(scenario())
    assert decoder.decoded == ["a"]


def test_the_shelf_is_bounded_and_forgets_the_longest_unused(tmp_path):
    decoder = Counting(size=1000)
    cache = FilmCache(decoder, 2500)

    async def scenario():
        for name in ("a", "b", "a", "c", "a", "b"):
            await cache.packed(at(tmp_path, name))

    asyncio.run(scenario())
    assert decoder.decoded == ["a", "b", "c", "b"]


def test_a_reader_who_leaves_does_not_stop_it_for_the_others(tmp_path):
    cache = FilmCache(Counting(), 10**6)

    async def scenario():
        first = asyncio.create_task(cache.packed(at(tmp_path, "a")))
        second = asyncio.create_task(cache.packed(at(tmp_path, "a")))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(scenario()).rows == 1


def test_a_changed_file_is_decoded_again(tmp_path):
    decoder = Counting()
    cache = FilmCache(decoder, 10**6)

    async def scenario():
        await cache.packed(FilmSource(path=tmp_path, frame=1, stamp=(1, 1)))
        await cache.packed(FilmSource(path=tmp_path, frame=1, stamp=(1, 2)))

    asyncio.run(scenario())
    assert len(decoder.decoded) == 2
