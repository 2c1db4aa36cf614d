"""Bytes of a film, from a file or from memory, never read beyond their end.

A length that a damaged header claims is cut to what is really there before anything is allocated.
"""

from __future__ import annotations

import io
import stat
import zlib
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from kyphometer.dicom.text import printable
from kyphometer.errors import FilmAccessError, FilmPixelsError

FilmPath = str | PathLike[str] | bytes


class ShortReadError(Exception):
    """Fewer bytes are there than were asked for (turned into a film error by the caller)."""

    def __init__(self, wanted: int, found: int) -> None:
        super().__init__(wanted, found)
        self.wanted = wanted
        self.found = found


class Source(Protocol):
    """Seekable bytes with a name."""

    name: str

    def read(self, count: int) -> bytes:
        """Up to `count` bytes from the present position."""
        ...

    def seek(self, position: int) -> None:
        """Go to a position."""
        ...

    def tell(self) -> int:
        """The present position."""
        ...

    def take(self, offset: int, count: int) -> NDArray[np.uint8]:
        """Exactly `count` bytes from `offset`, as a writable array of their own.

        Raises
        ------
        ShortReadError
            If they are not all there; nothing is allocated then.
        """
        ...

    def bytes_at(self, offset: int, count: int) -> bytes:
        """Exactly `count` bytes from `offset`; as `take`, but as bytes."""
        ...


class StreamSource:
    """An opened file, or bytes in memory."""

    _SMALL = 1 << 16

    def __init__(self, stream: BinaryIO, size: int, name: str, path: Path | None) -> None:
        self.name = name
        self.path = path
        self.size = size
        self._stream = stream
        self.tell = stream.tell
        self.close = stream.close

    def read(self, count: int) -> bytes:
        """Up to `count` bytes; a huge count allocates only what is there."""
        if count > self._SMALL:
            count = max(0, min(count, self.size - self._stream.tell()))
        return self._stream.read(count)

    def seek(self, position: int) -> None:
        """Go to a position."""
        self._stream.seek(position)

    def take(self, offset: int, count: int) -> NDArray[np.uint8]:
        """Exactly `count` bytes from `offset`."""
        available = max(0, self.size - offset)
        if count > available:
            raise ShortReadError(count, available)
        taken = np.empty(count, np.uint8)
        self._stream.seek(offset)
        found: int = self._stream.readinto(taken.data)  # type: ignore[attr-defined]
        if found != count:
            raise ShortReadError(count, found)
        return taken

    def bytes_at(self, offset: int, count: int) -> bytes:
        """Exactly `count` bytes from `offset`."""
        self._stream.seek(offset)
        found = self.read(count)
        if len(found) != count:
            raise ShortReadError(count, len(found))
        return found

    def head(self, count: int) -> bytes:
        """The first bytes; the position becomes 0."""
        self.seek(0)
        found = self.read(count)
        self.seek(0)
        return found

    def whole(self) -> bytes:
        """All bytes."""
        self.seek(0)
        return self.read(self.size)

    def __enter__(self) -> StreamSource:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Close; a failing disk or too little memory become film errors."""
        self.close()
        if isinstance(error, OSError):
            raise (
                FilmAccessError("system_reason", name=self.name, reason=error.strerror.lower())
                if error.strerror
                else FilmAccessError("cannot_be_read", name=self.name)
            )
        if isinstance(error, MemoryError):
            raise FilmPixelsError("too_little_memory", name=self.name)


class InflatedSource:
    """A deflated data set, inflated no further than it is read."""

    _CHUNK = 1 << 20
    _LEAST = 1 << 16
    """Bytes that are inflated at once: each call copies what is still packed."""
    _LARGEST_HEADER = 1 << 27

    def __init__(self, source: StreamSource, name: str) -> None:
        self.name = name
        self._packed = source
        self._packed_at = source.tell()
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._bytes = bytearray()
        self._position = 0
        self._ended = False

    def _grow(self, size: int) -> None:
        """Inflate until `size` bytes are there or the data end."""
        while len(self._bytes) < size and not self._ended:
            packed = self._inflate.unconsumed_tail or self._next_packed()
            room = min(max(size - len(self._bytes), self._LEAST), self._CHUNK)
            try:
                self._bytes += self._inflate.decompress(packed, room)
            except zlib.error:
                self._ended = True
            self._ended = self._ended or self._inflate.eof or not packed

    def _next_packed(self) -> bytes:
        self._packed.seek(self._packed_at)
        packed = self._packed.read(self._CHUNK)
        self._packed_at += len(packed)
        return packed

    def read(self, count: int) -> bytes:
        """Up to `count` bytes."""
        self._grow(min(self._position + count, self._LARGEST_HEADER))
        found = bytes(self._bytes[self._position : self._position + count])
        self._position += len(found)
        return found

    def seek(self, position: int) -> None:
        """Go to a position."""
        self._position = position

    def tell(self) -> int:
        """The present position."""
        return self._position

    def take(self, offset: int, count: int) -> NDArray[np.uint8]:
        """Exactly `count` bytes from `offset`."""
        self._grow(offset + count)
        if len(self._bytes) < offset + count:
            raise ShortReadError(count, max(0, len(self._bytes) - offset))
        taken = np.frombuffer(self._bytes, np.uint8, count, offset)
        return taken if offset % 2 == 0 else taken.copy()

    def bytes_at(self, offset: int, count: int) -> bytes:
        """Exactly `count` bytes from `offset`."""
        return self.take(offset, count).tobytes()


def open_source(film: FilmPath) -> StreamSource:
    """Open a film's file, or wrap its bytes.

    Raises
    ------
    FilmAccessError
        If there is no such file, or it is no ordinary file, or it may not be read.
    """
    if isinstance(film, bytes):
        return StreamSource(io.BytesIO(film), len(film), "the data", None)
    path = Path(film)
    shown = printable(str(path))
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            folder = stat.S_ISDIR(facts.st_mode)
            raise FilmAccessError("is_folder" if folder else "no_ordinary_file", name=shown)
        return StreamSource(path.open("rb"), facts.st_size, printable(path.name), path)
    except FileNotFoundError:
        raise FilmAccessError("no_such_file", name=shown) from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or ""
        raise FilmAccessError(
            "system_reason" if reason else "name_cannot_be_used", name=shown, reason=reason.lower()
        ) from None
