"""Compresses a frame without loss, in the syntaxes that films travel in."""

from __future__ import annotations

import struct
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray


class Compression(StrEnum):
    """How a film is written; every one of them is lossless."""

    NONE = "none"
    DEFLATED = "deflated"
    RLE = "rle"
    JPEG_LOSSLESS = "jpeg-lossless"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"
    HTJ2K = "htj2k"

    @property
    def transfer_syntax_uid(self) -> str:
        """UID of the transfer syntax."""
        return _SYNTAX[self]

    @property
    def encapsulated(self) -> bool:
        """True if frames are compressed one by one."""
        return self not in (Compression.NONE, Compression.DEFLATED)


_SYNTAX: Final = {
    Compression.NONE: "1.2.840.10008.1.2.1",
    Compression.DEFLATED: "1.2.840.10008.1.2.1.99",
    Compression.RLE: "1.2.840.10008.1.2.5",
    Compression.JPEG_LOSSLESS: "1.2.840.10008.1.2.4.70",
    Compression.JPEG_LS: "1.2.840.10008.1.2.4.80",
    Compression.JPEG_2000: "1.2.840.10008.1.2.4.90",
    Compression.HTJ2K: "1.2.840.10008.1.2.4.201",
}


def compress_frame(pixels: NDArray[Any], bits: int, compression: Compression) -> bytes:
    """One frame, compressed.

    Parameters
    ----------
    pixels
        Unsigned stored values, shape (rows, columns), 8 or 16 bits each.
    bits
        Bits that a value really needs.
    compression
        A frame-by-frame compression.
    """
    import imagecodecs

    pixels = np.ascontiguousarray(pixels)
    match compression:
        case Compression.RLE:
            return _rle(pixels)
        case Compression.JPEG_LOSSLESS:
            return bytes(
                imagecodecs.jpeg8_encode(pixels, lossless=True, predictor=1, bitspersample=bits)
            )
        case Compression.JPEG_LS:
            return bytes(imagecodecs.jpegls_encode(pixels))
        case Compression.JPEG_2000:
            return bytes(
                imagecodecs.jpeg2k_encode(
                    pixels, level=0, reversible=True, codecformat="j2k", bitspersample=bits
                )
            )
        case Compression.HTJ2K:
            return bytes(imagecodecs.htj2k_encode(pixels, reversible=True))
        case _:
            return pixels.tobytes()


def _rle(pixels: NDArray[Any]) -> bytes:
    """RLE (PS3.5 annex G): one plane a byte of a value, highest first, rows packed on their own."""
    import imagecodecs

    width = pixels.dtype.itemsize
    planes = pixels.astype(f">u{width}").view(np.uint8).reshape(*pixels.shape, width)
    segments = []
    for index in range(width):
        plane = np.ascontiguousarray(planes[..., index])
        packed = b"".join(imagecodecs.packbits_encode(row) for row in plane)
        segments.append(packed + b"\0" * (len(packed) % 2))
    offsets = [64]
    for segment in segments[:-1]:
        offsets.append(offsets[-1] + len(segment))
    header = struct.pack("<16I", width, *offsets, *([0] * (15 - width)))
    return header + b"".join(segments)
