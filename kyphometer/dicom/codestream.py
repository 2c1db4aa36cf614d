"""Reads the size that a compressed frame itself states, before a decoder may believe it.

Marker layouts: ITU-T T.81 (JPEG), T.87 (JPEG-LS), T.800 (JPEG 2000), DICOM PS3.5 annex G (RLE).
"""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass
from typing import Final

from kyphometer.errors import FilmError, FilmPixelsError

JPEG2000: Final = 0x51
JPEG_LS: Final = 0xF7
_MOST_SEGMENTS: Final = 100_000
_MOST_SCANS: Final = 100
_FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {JPEG_LS}
_PADDING: Final = b"\0\xff"
END_MARK: Final = b"\xff\xd9"
_MOST_TRAILING: Final = 64
_STANDALONE: Final = frozenset((0x01, *range(0xD0, 0xD9)))


class CodestreamError(FilmError):
    """A compressed frame that is cut off or is not what it should be, of a film yet to be named."""

    def named(self, name: str) -> FilmPixelsError:
        """The error of a film of that name."""
        return FilmPixelsError(self.code, name=name, **self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codestream:
    """What a compressed frame states of itself.

    Attributes
    ----------
    process
        Marker of the JPEG process (0xC0 baseline, 0xC1 extended, 0xC3 lossless, 0xF7 JPEG-LS), or
        0x51 for JPEG 2000.
    rows, columns, samples
        Size and values a pixel.
    precision
        Bits a value.
    signed
        True if values are signed (JPEG 2000 only).
    tiles
        Number of tiles (JPEG 2000 only).
    """

    process: int
    rows: int
    columns: int
    samples: int
    precision: int
    signed: bool = False
    tiles: int = 1


def read_jpeg(data: bytes) -> Codestream:
    """What a JPEG or JPEG-LS frame states of itself.

    Raises
    ------
    CodestreamError
        If it is no complete JPEG frame: it must start with SOI and, zeros stripped, end with EOI.
    """
    if data[:2] != b"\xff\xd8":
        raise CodestreamError("data_no_jpeg")
    require_end(data)
    position = 2
    for _ in range(_MOST_SEGMENTS):
        marker, position = _next_marker(data, position)
        if marker in _STANDALONE:
            continue
        if marker in (0xD9, 0xDA) or position + 2 > len(data):
            break
        length = int.from_bytes(data[position : position + 2], "big")
        if length < 2:
            break
        if marker in _FRAME_MARKERS:
            _require_few_scans(marker, data)
            return _frame_header(marker, data[position + 2 : position + length])
        position += length
    raise CodestreamError("data_without_size")


def _require_few_scans(marker: int, data: bytes) -> None:
    """Refuse a frame of so many scans that decoding would seem endless."""
    if marker != JPEG_LS and data.count(b"\xff\xda") > _MOST_SCANS:
        raise CodestreamError("data_too_many_passes")


def require_end(data: bytes) -> None:
    """Refuse a JPEG or JPEG 2000 frame without its end mark: decoders take it without a word.

    Writers fill up what follows the mark with zeros, blanks or whatever was in memory; a picture
    within the picture that has an end mark of its own lies further from the end than that.

    Raises
    ------
    CodestreamError
        If no FF D9 lies within 64 bytes of the end, zeros stripped.
    """
    end = len(data)
    if data[-2:] != END_MARK and data[-1:] in (b"\0", b"\xff"):
        end = len(data.rstrip(_PADDING))
    if data.find(END_MARK, max(0, end - 2 - _MOST_TRAILING)) < 0:
        raise CodestreamError("data_cut_off")


def family_of(data: bytes) -> str | None:
    """Kind of compression that the data themselves show, None if they show none."""
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:4] == b"\xff\x4f\xff\x51" or data[4:8] == b"jP  ":
        return "jpeg2000"
    if data[:2] == b"\xff\x0a" or data[4:8] == b"JXL ":
        return "jpegxl"
    return None


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """The next marker and the position after it; fill bytes are passed over."""
    if position >= len(data) or data[position] != 0xFF:
        raise CodestreamError("data_damaged")
    while position < len(data) and data[position] == 0xFF:
        position += 1
    if position >= len(data):
        raise CodestreamError("data_cut_off")
    return data[position], position + 1


def _frame_header(marker: int, body: bytes) -> Codestream:
    if len(body) < 6:
        raise CodestreamError("data_cut_off")
    precision, rows, columns, samples = struct.unpack(">BHHB", body[:6])
    return Codestream(
        process=marker, rows=rows, columns=columns, samples=samples, precision=precision
    )


def read_jpeg2000(data: bytes) -> Codestream:
    """What a JPEG 2000 or HTJ2K codestream states of itself.

    Raises
    ------
    CodestreamError
        If it is no codestream, or one with subsampled or differing components.
    """
    if data[:4] != b"\xff\x4f\xff\x51":
        raise CodestreamError("data_no_jpeg_2000")
    if len(data) < 45:
        raise CodestreamError("data_cut_off")
    x, y, x0, y0, tile_x, tile_y, tile_x0, tile_y0, samples = struct.unpack(">8IH", data[8:42])
    sizes = data[42 : 42 + 3 * samples]
    if not 1 <= samples <= 4 or len(sizes) < 3 * samples or x <= x0 or y <= y0:
        raise CodestreamError("data_damaged")
    if any(step != 1 for step in sizes[1::3] + sizes[2::3]) or len(set(sizes[::3])) > 1:
        raise CodestreamError("data_subsampled")
    if min(tile_x, tile_y) < 1 or tile_x0 > x0 or tile_y0 > y0:
        raise CodestreamError("data_damaged")
    tiles = -(-(x - tile_x0) // tile_x) * -(-(y - tile_y0) // tile_y)
    return Codestream(
        process=JPEG2000,
        tiles=tiles,
        rows=y - y0,
        columns=x - x0,
        samples=samples,
        precision=(sizes[0] & 0x7F) + 1,
        signed=bool(sizes[0] & 0x80),
    )


def is_high_throughput(data: bytes) -> bool:
    """True if a JPEG 2000 codestream says that its blocks are coded by part 15 (HTJ2K)."""
    return bool(int.from_bytes(data[6:8], "big") & 0x4000)


def require_tiles(data: bytes, tiles: int) -> None:
    """Refuse a JPEG 2000 codestream that is cut off: decoders fill the rest without a word.

    Raises
    ------
    CodestreamError
        If its chain of tile-parts misses a tile or does not reach the end mark.
    """
    position = 2
    while data[position : position + 2] != b"\xff\x90":
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if length < 2 or data[position] != 0xFF:
            raise CodestreamError("data_damaged")
        position += 2 + length
    seen: set[int] = set()
    while data[position : position + 2] == b"\xff\x90" and position + 12 <= len(data):
        index, length = struct.unpack(">HI", data[position + 4 : position + 10])
        seen.add(index)
        if length == 0:
            require_end(data)
            position = len(data)
        elif length < 14:
            break
        else:
            position += length
    if position > len(data) or len(seen) != tiles or max(seen, default=-1) >= tiles:
        raise CodestreamError("data_cut_off")


def strip_boxes(data: bytes) -> bytes:
    """The codestream within a JP2 file that was wrongly stored as a frame; others unchanged."""
    if data[4:8] != b"jP  ":
        return data
    position = 0
    while position + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8])
        if kind == b"jp2c":
            return data[position + 8 : position + length if length > 8 else len(data)]
        if length < 8:
            break
        position += length
    raise CodestreamError("data_damaged")


def rle_segments(data: bytes, count: int) -> list[memoryview]:
    """The segments of an RLE frame.

    Raises
    ------
    CodestreamError
        If there are not exactly `count`, in order and within the frame.
    """
    if len(data) < 64:
        raise CodestreamError("data_cut_off")
    stated, *offsets = struct.unpack("<16I", data[:64])
    if stated != count:
        raise CodestreamError("data_segments", found=stated, expected=count)
    bounds = [*offsets[:count], len(data)]
    if bounds[0] < 64 or any(a >= b for a, b in itertools.pairwise(bounds)):
        raise CodestreamError("data_damaged")
    view = memoryview(data)
    return [view[a:b] for a, b in itertools.pairwise(bounds)]
