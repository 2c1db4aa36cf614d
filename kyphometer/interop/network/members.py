"""Members of a JSON array, one after another as they arrive."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from kyphometer.interop.network.multipart import PartsError

LONGEST: Final = 4 * 1024 * 1024
"""Of one member; answers to a search have a few thousand bytes."""
_TOKEN: Final = re.compile(rb'[\[{}\]]|"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_BETWEEN: Final = b" \t\r\n,"


def members(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Objects of an array, or the one object that stands there without one.

    An empty text has none. What follows the array is read no further.

    Raises
    ------
    PartsError
        If the text ends before the array does.
    ValueError
        If it is no array of objects, or one of them is too long.
    """
    reader, is_empty = _Reader(), True
    for piece in pieces:
        yield from reader.read(piece)
        is_empty = is_empty and not piece.strip()
        if reader.is_over:
            return
    if not is_empty:
        raise PartsError


class _Reader:
    """Splits what has come so far; what is not whole waits for more."""

    def __init__(self) -> None:
        self._text = b""
        self._depth = 0
        self._outer = 0
        self._start = self._seen = 0
        self.is_over = False

    def read(self, piece: bytes) -> Iterator[bytes]:
        """Members that end within this piece."""
        self._text += piece
        for token in _TOKEN.finditer(self._text, self._seen):
            byte = token[0]
            if byte[:1] == b'"':
                if len(byte) == 1 or byte[-1:] != b'"' or token.end() == len(self._text):
                    break  # it may go on in the next piece
            elif byte in b"{[":
                self._open(byte, token.start())
            else:
                yield from self._close(byte, token.end())
                if self.is_over:
                    return
            self._seen = token.end()
        self._drop()

    def _open(self, byte: bytes, at: int) -> None:
        if self._depth == self._outer:
            between = self._text[self._start : at].strip(_BETWEEN)
            if between or (byte == b"[" and self._outer):
                raise ValueError("no array of objects")
            self._start = at
            if byte == b"[":
                self._outer, self._start = 1, at + 1
        self._depth += 1

    def _close(self, byte: bytes, end: int) -> Iterator[bytes]:
        self._depth -= 1
        if self._depth < 0:
            raise ValueError("no array of objects")
        if byte == b"}" and self._depth == self._outer:
            yield self._text[self._start : end]
            self._start = end
            self.is_over = not self._outer
        elif self._depth < self._outer:
            if self._text[self._start : end - 1].strip(_BETWEEN):
                raise ValueError("no array of objects")
            self.is_over = True

    def _drop(self) -> None:
        """Let go of what was read; what is left must not grow without end."""
        self._text = self._text[self._start :]
        self._seen = max(0, self._seen - self._start)
        self._start = 0
        if self._depth == self._outer:
            self._text, self._seen = self._text.lstrip(_BETWEEN), 0
            if self._text and self._text[:1] not in b"{[]":
                raise ValueError("no array of objects")
        if len(self._text) > LONGEST:
            raise ValueError("too long")
