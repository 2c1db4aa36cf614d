"""Reads the directory of a TIFF (also the one within a JPEG's EXIF data), and no more than that.

Field numbers and types: TIFF revision 6.0, sections 2 and 8; BigTIFF for large files.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

_MOST_PAGES = 10_000
_MOST_FIELDS = 4_096
_MOST_VALUES = 64
_KINDS: Final = {1: "B", 3: "H", 4: "I", 5: "II", 6: "b", 8: "h", 9: "i", 16: "Q", 17: "q", 18: "Q"}


class TiffField(IntEnum):
    """Numbers of the fields that matter for reading a film."""

    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    PHOTOMETRIC = 262
    ORIENTATION = 274
    SAMPLES = 277
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    SAMPLE_FORMAT = 339


class Directory(NamedTuple):
    """Fields of a page (those of few numbers), by number, and where the next page's lie."""

    fields: dict[int, tuple[float, ...]]
    following: int


class TiffError(Exception):
    """The bytes are no usable TIFF."""


def read_pages(data: bytes) -> list[Directory]:
    """Directories of all pages.

    Raises
    ------
    TiffError
        If a directory is damaged or the chain of pages is endless.
    """
    try:
        order, big = _form(data)
        position = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
        pages: list[Directory] = []
        seen: set[int] = set()
        while position and position not in seen and len(pages) < _MOST_PAGES:
            seen.add(position)
            pages.append(_directory(data, position, order, big=big))
            position = pages[-1].following
    except struct.error:
        raise TiffError from None
    if not pages or position:
        raise TiffError
    return pages


def _form(data: bytes) -> tuple[str, bool]:
    """Byte order as struct writes it, and whether this is a BigTIFF."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        raise TiffError
    version = struct.unpack_from(order + "H", data, 2)[0]
    if version not in (42, 43):
        raise TiffError
    return order, version == 43


def _directory(data: bytes, position: int, order: str, *, big: bool) -> Directory:
    count = struct.unpack_from(order + ("Q" if big else "H"), data, position)[0]
    if count > _MOST_FIELDS:
        raise TiffError
    position += 8 if big else 2
    size = 20 if big else 12
    fields = {}
    for index in range(count):
        number, values = _field(data, position + index * size, order, big=big)
        if values:
            fields[number] = values
    end = position + count * size
    following = struct.unpack_from(order + ("Q" if big else "I"), data, end)[0]
    return Directory(fields, following)


def _field(data: bytes, at: int, order: str, *, big: bool) -> tuple[int, tuple[float, ...]]:
    number, kind, count = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, at)
    letter = _KINDS.get(kind)
    if letter is None or count > _MOST_VALUES:
        return number, ()
    form = order + letter * count
    inline = 8 if big else 4
    at += 12 if big else 8
    if struct.calcsize(form) > inline:
        at = struct.unpack_from(order + ("Q" if big else "I"), data, at)[0]
    values = struct.unpack_from(form, data, at)
    if kind == 5:
        values = tuple(a / b if b else 0.0 for a, b in zip(values[::2], values[1::2], strict=True))
    return number, values
