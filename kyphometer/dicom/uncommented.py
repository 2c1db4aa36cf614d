"""Takes out of a compressed frame what is no picture: comments, applications' data, padding.

Nothing is decoded and no coded byte changes, so pixels stay as they are. Marker layouts: ITU-T T.81
(JPEG), T.87 (JPEG-LS), T.800 (JPEG 2000).
"""

from __future__ import annotations

import struct
from typing import Final

from kyphometer.dicom.codestream import END_MARK, CodestreamError, family_of, strip_boxes

_COMMENT: Final = 0xFE
_APPLICATIONS: Final = range(0xE0, 0xF0)
_ALONE: Final = frozenset((0x01, *range(0xD0, 0xD9)))
_TILE: Final = b"\xff\x90"
_COLOURS: Final = ((0xEE, b"Adobe", 12), (0xE8, b"mrfx", 5))
"""Applications' data that say how colours were turned: marker, beginning, length."""
_JPEG2000_NEEDED: Final = frozenset(
    (0x51, 0x50, 0x52, 0x53, 0x56, 0x57, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F, 0x60, 0x61, 0x63)
)
"""Segments that describe the picture; TLM goes too, because it counts bytes that change."""


def without_comments(frame: bytes) -> bytes:
    """A compressed frame without comments, applications' data, and bytes after its end.

    Parameters
    ----------
    frame
        JPEG, JPEG-LS or JPEG 2000; anything else comes back as it is.

    Raises
    ------
    CodestreamError
        If its segments cannot be followed.
    """
    match family_of(frame):
        case "jpeg":
            return _jpeg(frame)
        case "jpeg2000":
            return _jpeg2000(strip_boxes(frame))
        case _:
            return frame


def _jpeg(frame: bytes) -> bytes:
    kept = [frame[:2]]
    position = 2
    while position + 2 <= len(frame):
        if frame[position] != 0xFF:
            raise CodestreamError("data_damaged")
        marker = frame[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xD9:
            return b"".join((*kept, END_MARK))
        end = position + 2
        if marker not in _ALONE:
            end += _length(frame, end)
        if marker == 0xDA:
            end = _end_of_scan(frame, end)
        if not _is_talk(marker, frame[position + 4 : end]):
            kept.append(frame[position:end])
        position = end
    raise CodestreamError("data_cut_off")


def _length(frame: bytes, at: int) -> int:
    length = int.from_bytes(frame[at : at + 2], "big")
    if length < 2 or at + length > len(frame):
        raise CodestreamError("data_damaged")
    return length


def _end_of_scan(frame: bytes, start: int) -> int:
    """Where the next marker but a restart stands; FF within coded data is followed by 0 to 7F."""
    position = frame.find(b"\xff", start)
    while 0 <= position < len(frame) - 1:
        following = frame[position + 1]
        if following >= 0x80 and following not in range(0xD0, 0xD8) and following != 0xFF:
            return position
        position = frame.find(b"\xff", position + 1)
    raise CodestreamError("data_cut_off")


def _is_talk(marker: int, body: bytes) -> bool:
    if marker == _COMMENT:
        return True
    return marker in _APPLICATIONS and not any(
        marker == m and body.startswith(name) and len(body) == length
        for m, name, length in _COLOURS
    )


def _jpeg2000(frame: bytes) -> bytes:
    position, header = _jpeg2000_header(frame, 2)
    kept = [frame[:2], header]
    if frame[position : position + 2] != _TILE:
        raise CodestreamError("data_cut_off")
    while frame[position : position + 2] == _TILE and position + 12 <= len(frame):
        tile, stated, part, parts = struct.unpack(">HIBB", frame[position + 4 : position + 12])
        end = position + stated if stated else frame.rfind(END_MARK)
        start, inner = _jpeg2000_header(frame, position + 12)
        if not start < end <= len(frame):
            raise CodestreamError("data_cut_off")
        body = inner + frame[start:end]
        size = 12 + len(body) if stated else 0
        kept.append(_TILE + struct.pack(">HHIBB", 10, tile, size, part, parts) + body)
        position = end
    return b"".join((*kept, END_MARK))


def _jpeg2000_header(frame: bytes, position: int) -> tuple[int, bytes]:
    """Where the segments of a header end, and those of them that describe the picture."""
    kept = []
    while position + 4 <= len(frame) and frame[position] == 0xFF:
        marker = frame[position + 1]
        if marker in (0x90, 0x93, 0xD9):
            break
        end = position + 2 + _length(frame, position + 2)
        if marker in _JPEG2000_NEEDED:
            kept.append(frame[position:end])
        position = end
    return position, b"".join(kept)
