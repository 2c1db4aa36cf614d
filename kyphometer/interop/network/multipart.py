"""The one part of an answer in parts (RFC 2046), as it arrives; and such a body to send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.message import Message
from pathlib import Path
from typing import Final

_LONGEST_HEAD: Final = 64 * 1024
PIECE: Final = 256 * 1024


class PartsError(ValueError):
    """The answer is not in parts, or ends before its last boundary."""


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a Content-Type states, None if the answer is not in parts."""
    header = Message()
    header["Content-Type"] = content_type
    stated = header.get_param("boundary")
    if header.get_content_maintype() != "multipart" or not isinstance(stated, str) or not stated:
        return None
    return stated.encode("latin-1", "replace")


def first_part(pieces: Iterable[bytes], boundary: bytes) -> Iterator[bytes]:
    """Content of the first part, piece by piece.

    Raises
    ------
    PartsError
        If the boundary after it never comes: the answer was cut.
    """
    opening, delimiter = b"--" + boundary, b"\r\n--" + boundary
    incoming = iter(pieces)
    buffer = b""
    while True:
        start = buffer.find(opening)
        head = buffer.find(b"\r\n\r\n", start) if start >= 0 else -1
        if head >= 0:
            buffer = buffer[head + 4 :]
            break
        piece = next(incoming, None)
        if piece is None or len(buffer) > _LONGEST_HEAD:
            raise PartsError
        buffer += piece
    while (end := buffer.find(delimiter)) < 0:
        piece = next(incoming, None)
        if piece is None:
            raise PartsError
        safe = max(0, len(buffer) - len(delimiter))
        if safe:
            yield buffer[:safe]
        buffer = buffer[safe:] + piece
    yield buffer[:end]
    left = _LONGEST_HEAD
    for piece in incoming:  # the little that follows is read, so that a connection can serve again
        left -= len(piece)
        if left < 0:
            return


class FileBody:
    """A file as the only part of a body, with its length, read as it is sent."""

    def __init__(self, path: Path, size: int, boundary: str, kind: str) -> None:
        self._path = path
        self._head = f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._length = len(self._head) + size + len(self._tail)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._path.open("rb") as stream:
            while piece := stream.read(PIECE):
                yield piece
        yield self._tail
