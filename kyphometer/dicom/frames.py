"""Finds the bytes of one frame in a file and turns them into an array of stored values."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.dicom.codecs import NATIVE, DecodedFrame, decode_frame
from kyphometer.dicom.codestream import family_of
from kyphometer.dicom.layout import PixelLayout
from kyphometer.dicom.parse import BIG_ENDIAN, DicomFile, PixelElement
from kyphometer.dicom.source import ShortReadError, Source
from kyphometer.errors import FilmPixelsError, FrameError

_MOST_FRAGMENTS = 250_000
_ITEM = b"\xfe\xff\x00\xe0"
_SEQUENCE_END = b"\xfe\xff\xdd\xe0"

Fragment = tuple[int, int]
"""Offset and length of a piece of compressed data."""


def read_frame(
    dicom: DicomFile, pixels: PixelElement, layout: PixelLayout, frame: int
) -> DecodedFrame:
    """Stored values of one frame.

    Parameters
    ----------
    frame
        Number of the frame, from 1; only that one is decoded.

    Raises
    ------
    FilmPixelsError
        If the pixel data are cut off, damaged, or not of the length that the header says.
    """
    name = dicom.source.name
    if not 1 <= frame <= layout.frames:
        raise FrameError(name, layout.frames, frame)
    try:
        if _is_native(dicom, pixels, layout):
            values = _native(dicom, pixels, layout, frame)
            return DecodedFrame(pixels=values, warnings=_said_compressed(dicom))
        data = _compressed(dicom, pixels, layout.frames, frame)
        return decode_frame(data, dicom.transfer_syntax_uid, layout, name)
    except ShortReadError as short:
        raise FilmPixelsError(
            "pixels_short", name=name, found=short.found, expected=short.wanted
        ) from None


def _is_native(dicom: DicomFile, pixels: PixelElement, layout: PixelLayout) -> bool:
    """True if the pixel data lie there uncompressed, whatever the transfer syntax says.

    Data of just the length of the pixels are pixels, though these may begin like a compressed
    stream: FF 0A, which begins JPEG XL, is a pixel of 2815.
    """
    if pixels.length is None:
        return False
    if 0 <= pixels.length - layout.frame_bytes * layout.frames <= 1:
        return True
    if dicom.transfer_syntax_uid not in NATIVE:
        return False
    return family_of(dicom.source.bytes_at(pixels.offset, min(16, pixels.length))) is None


def _said_compressed(dicom: DicomFile) -> tuple[str, ...]:
    if dicom.transfer_syntax_uid in NATIVE:
        return ()
    return ("The header says that the pixels are compressed, but they are not.",)


def _native(
    dicom: DicomFile, pixels: PixelElement, layout: PixelLayout, frame: int
) -> NDArray[Any]:
    _require_length(dicom, pixels, layout)
    start = pixels.offset + (frame - 1) * layout.frame_bytes
    big = dicom.transfer_syntax_uid == BIG_ENDIAN
    if big and layout.bits_allocated == 8 and pixels.vr != "OB":
        values = _unswapped(dicom.source, pixels.offset, start, layout.frame_bytes)
    else:
        values = dicom.source.take(start, layout.frame_bytes)
    width = layout.bits_allocated // 8
    if width > 1:
        wide = values.view(f"{'>' if big else '<'}u{width}")
        values = wide if wide.dtype.isnative else wide.byteswap(inplace=True).view(f"u{width}")
    return _shaped(values.view(layout.dtype), layout)


def _require_length(dicom: DicomFile, pixels: PixelElement, layout: PixelLayout) -> None:
    """Refuse pixel data of another length than the header says, but for a little padding.

    Less than the shorter side's worth of bytes cannot come from wrong Rows or Columns, which
    would shear the picture.
    """
    name = dicom.source.name
    expected = layout.frame_bytes * layout.frames
    excess = (pixels.length or 0) - expected
    least_shear = min(layout.rows, layout.columns) * layout.bits_allocated // 8
    if excess < 0 or excess >= max(least_shear, 2):
        raise FilmPixelsError("pixels_length", name=name, found=pixels.length, expected=expected)
    if excess > 1:
        dicom.elements.problems.append(f"The pixel data end in {excess} bytes too many.")


def _unswapped(source: Source, base: int, start: int, count: int) -> NDArray[np.uint8]:
    """Bytes that were stored as big-endian words: neighbours are swapped pair by pair."""
    first = base + (start - base) // 2 * 2
    last = base + -(-(start - base + count) // 2) * 2
    words = source.take(first, last - first).view(np.uint16).byteswap()
    return words.view(np.uint8)[start - first : start - first + count]


def _shaped(values: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    if layout.samples == 1:
        return values.reshape(layout.rows, layout.columns)
    if layout.photometric == "YBR_FULL_422" and layout.columns % 2 == 0:
        return _expand_422(values, layout)
    if layout.planar:
        return np.moveaxis(values.reshape(3, layout.rows, layout.columns), 0, -1)
    return values.reshape(layout.rows, layout.columns, 3)


def _expand_422(values: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    """Y1 Y2 Cb Cr for two pixels as Y Cb Cr for each."""
    pairs = values.reshape(-1, 4)
    full = np.stack([pairs[:, [0, 2, 3]], pairs[:, [1, 2, 3]]], axis=1)
    return full.reshape(layout.rows, layout.columns, 3)


def _compressed(dicom: DicomFile, pixels: PixelElement, frames: int, frame: int) -> bytes:
    """The compressed bytes of one frame."""
    name = dicom.source.name
    if pixels.length is not None:
        data = dicom.source.bytes_at(pixels.offset, pixels.length)
        if frames > 1 or family_of(data) is None:
            raise FilmPixelsError("pixels_without_fragments", name=name)
        return data
    table, fragments = _fragments(dicom, pixels)
    chosen = _fragments_of(dicom, table, fragments, frames, frame)
    if not chosen or not sum(length for _, length in chosen):
        raise FilmPixelsError("frame_missing", name=name, frame=frame)
    pieces = [dicom.source.bytes_at(offset, length) for offset, length in chosen]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _fragments(dicom: DicomFile, pixels: PixelElement) -> tuple[bytes, list[Fragment]]:
    """The basic offset table and where every fragment lies; no pixel is read."""
    source = dicom.source
    found: list[Fragment] = []
    source.seek(pixels.offset)
    ended = False
    while len(found) < _MOST_FRAGMENTS and not ended:
        head = source.read(8)
        ended = head[:4] != _ITEM or len(head) < 8
        if ended:
            _note_end(dicom, head)
        else:
            length = int.from_bytes(head[4:], "little")
            found.append((source.tell(), length))
            source.seek(source.tell() + length)
    if not found:
        raise FilmPixelsError("pixels_cut_off", name=source.name)
    offset, length = found[0]
    return source.bytes_at(offset, length), found[1:]


def _note_end(dicom: DicomFile, head: bytes) -> None:
    if head[:4] != _SEQUENCE_END:
        if len(head) == 8:
            raise FilmPixelsError("fragments_damaged", name=dicom.source.name)
        dicom.elements.problems.append("The pixel data lack their end mark.")


def _fragments_of(
    dicom: DicomFile, table: bytes, fragments: list[Fragment], frames: int, frame: int
) -> list[Fragment]:
    """The fragments that make up a frame."""
    if frames == 1:
        return fragments
    if len(fragments) == frames:
        return [fragments[frame - 1]]
    starts = _frame_starts(dicom, table)
    if len(starts) != frames:
        starts = _starts_by_end_marks(dicom, fragments)
    if len(starts) != frames or any(a >= b for a, b in itertools.pairwise(starts)):
        raise FilmPixelsError("frames_without_beginning", name=dicom.source.name, frames=frames)
    base = fragments[0][0] - 8
    first = starts[frame - 1] + base
    last = starts[frame] + base if frame < frames else None
    return [
        (at, size) for at, size in fragments if at - 8 >= first and (last is None or at - 8 < last)
    ]


def _frame_starts(dicom: DicomFile, table: bytes) -> list[int]:
    """Offsets of frames from the first fragment, by either offset table."""
    extended = dicom.elements.blob("ExtendedOffsetTable")
    if extended and len(extended) % 8 == 0:
        return [int(v) for v in np.frombuffer(extended, "<u8")]
    return [int(v) for v in np.frombuffer(table, "<u4")] if len(table) % 4 == 0 else []


def _starts_by_end_marks(dicom: DicomFile, fragments: list[Fragment]) -> list[int]:
    """Offsets of frames, told by the end marks of JPEG frames."""
    base = fragments[0][0] - 8 if fragments else 0
    starts, fresh = [], True
    for offset, length in fragments:
        if fresh:
            starts.append(offset - 8 - base)
        tail = dicom.source.bytes_at(offset + max(0, length - 8), min(8, length))
        fresh = tail.rstrip(b"\0").endswith(b"\xff\xd9")
    return starts
