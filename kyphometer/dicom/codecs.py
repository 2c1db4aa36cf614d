"""Decodes one compressed frame with permissive codecs (imagecodecs), after checking its own size.

The codecs are called directly rather than through pydicom's decoders: nothing has to be registered,
the frame goes from the file to the array without a copy, and pydicom need not be loaded to read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from kyphometer.dicom.codestream import (
    JPEG2000,
    Codestream,
    CodestreamError,
    read_jpeg,
    read_jpeg2000,
    require_tiles,
    rle_segments,
    strip_boxes,
)
from kyphometer.dicom.swallowed import SwallowedErrors
from kyphometer.dicom.uids import shown_uid, uid_name
from kyphometer.errors import FilmPixelsError, UnsupportedFilmError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kyphometer.dicom.layout import PixelLayout

NATIVE: Final = frozenset(
    ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")
)
"""Transfer syntaxes whose pixels are not compressed frame by frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """A compressed transfer syntax.

    Attributes
    ----------
    family
        jpeg, jpegls, jpeg2000 or rle.
    processes
        JPEG processes that may occur in it.
    lossy
        True if it always loses, False if it never does, None if either may be.
    codec
        Name of the decoder in imagecodecs.
    """

    family: str
    processes: tuple[int, ...] = ()
    lossy: bool | None = None
    codec: str = "jpeg8_decode"


_MOST_UNPACKED: Final = 64
"""Bytes that one byte of run-length coded data gives at most."""
_DCT: Final = (0xC0, 0xC1)
COMPRESSED: Final[dict[str, Syntax]] = {
    "1.2.840.10008.1.2.4.50": Syntax(family="jpeg", processes=_DCT, lossy=True),
    "1.2.840.10008.1.2.4.51": Syntax(family="jpeg", processes=_DCT, lossy=True),
    "1.2.840.10008.1.2.4.57": Syntax(family="jpeg", processes=(0xC3,), lossy=False),
    "1.2.840.10008.1.2.4.70": Syntax(family="jpeg", processes=(0xC3,), lossy=False),
    "1.2.840.10008.1.2.4.80": Syntax(
        family="jpegls", processes=(0xF7,), lossy=False, codec="jpegls_decode"
    ),
    "1.2.840.10008.1.2.4.81": Syntax(family="jpegls", processes=(0xF7,), codec="jpegls_decode"),
    "1.2.840.10008.1.2.4.90": Syntax(family="jpeg2000", lossy=False, codec="jpeg2k_decode"),
    "1.2.840.10008.1.2.4.91": Syntax(family="jpeg2000", codec="jpeg2k_decode"),
    "1.2.840.10008.1.2.4.201": Syntax(family="jpeg2000", lossy=False, codec="htj2k_decode"),
    "1.2.840.10008.1.2.4.202": Syntax(family="jpeg2000", lossy=False, codec="htj2k_decode"),
    "1.2.840.10008.1.2.4.203": Syntax(family="jpeg2000", codec="htj2k_decode"),
    "1.2.840.10008.1.2.5": Syntax(family="rle", lossy=False, codec="packbits_decode"),
}
"""Compressed transfer syntaxes by UID."""


def require_syntax(uid: str, name: str) -> None:
    """Refuse a transfer syntax without decoder.

    Raises
    ------
    UnsupportedFilmError
        If `uid` is neither uncompressed nor in `COMPRESSED`.
    """
    if uid not in NATIVE and uid not in COMPRESSED:
        raise UnsupportedFilmError(
            name,
            f"is written in the transfer syntax {uid_name(uid) or shown_uid(uid)}",
            "export it uncompressed or as JPEG lossless, JPEG-LS, JPEG 2000 or RLE",
        )


def load_codecs() -> None:
    """Load every decoder now, so that the first film of a long-running program does not wait."""
    import imagecodecs

    for codec in {syntax.codec for syntax in COMPRESSED.values()}:
        getattr(imagecodecs, codec)


def decode_frame(data: bytes, uid: str, layout: PixelLayout, name: str) -> NDArray[Any]:
    """Decode one frame.

    Parameters
    ----------
    data
        The frame as stored.
    uid
        Transfer syntax.
    layout
        What the header says of the pixels.
    name
        Name of the film, for refusals.

    Returns
    -------
    pixels
        Stored values, shape (rows, columns) or (rows, columns, 3), of 1 or 2 bytes each.

    Raises
    ------
    FilmPixelsError
        If the frame is cut off, damaged, or not of the size and depth that the header states.
    """
    syntax = COMPRESSED[uid]
    try:
        if syntax.family == "rle":
            return _decode_rle(data, layout)
        return _decode_codestream(data, syntax, layout)
    except CodestreamError as problem:
        raise FilmPixelsError(name, str(problem)) from None


def _decode_codestream(data: bytes, syntax: Syntax, layout: PixelLayout) -> NDArray[Any]:
    if syntax.family == "jpeg2000":
        data = strip_boxes(data)
        stated = read_jpeg2000(data)
    else:
        stated = read_jpeg(data)
        if stated.process not in syntax.processes:
            raise CodestreamError("the compressed data are of another kind than the header says")
    _require_agreement(stated, layout)
    if stated.process == JPEG2000:
        require_tiles(data, stated.tiles)
    pixels = _run(syntax.codec, data)
    expected = (layout.rows, layout.columns, 3)[: 2 if layout.samples == 1 else 3]
    if pixels.shape != expected or pixels.dtype.kind not in "iu":
        raise CodestreamError("the decoder gave another size than the header states")
    return _in_container(pixels, stated, layout)


def _require_agreement(stated: Codestream, layout: PixelLayout) -> None:
    """Refuse a frame whose own size or depth is not what the header says."""
    if (stated.rows, stated.columns) != (layout.rows, layout.columns):
        raise CodestreamError(
            f"the header says {layout.rows} x {layout.columns} pixels but the compressed data "
            f"hold {stated.rows} x {stated.columns}"
        )
    if stated.samples != layout.samples:
        raise CodestreamError(
            f"the header says {layout.samples} value(s) a pixel but the compressed data hold "
            f"{stated.samples}"
        )
    if not 2 <= stated.precision <= layout.bits_allocated:
        raise CodestreamError(
            f"the compressed data hold {stated.precision} bits a value, which do not fit into the "
            f"{layout.bits_allocated} that the header says"
        )


def _in_container(pixels: NDArray[Any], stated: Codestream, layout: PixelLayout) -> NDArray[Any]:
    """Decoded values in the integer type of the header.

    A codestream that disagrees with the header about signs is taken at its bits: the stored value
    is the same number of bits, read with the header's sign.
    """
    if stated.signed != layout.signed and stated.precision < 8 * pixels.dtype.itemsize:
        spare = 8 * pixels.dtype.itemsize - stated.precision
        pixels = pixels.view(f"{'i' if layout.signed else 'u'}{pixels.dtype.itemsize}")
        pixels = (pixels << spare) >> spare
    if pixels.dtype.itemsize == layout.dtype.itemsize:
        return pixels.view(layout.dtype)
    return pixels.astype(layout.dtype)


def _run(codec: str, data: bytes | memoryview) -> NDArray[Any]:
    """Run a decoder; whatever it says becomes one sentence."""
    import imagecodecs

    decode: Callable[[bytes | memoryview], NDArray[Any]] = getattr(imagecodecs, codec)
    try:
        if codec != "htj2k_decode":
            return decode(data)
        with SwallowedErrors() as swallowed:
            pixels = decode(data)
    except MemoryError:
        raise
    except Exception as problem:
        detail = " ".join(str(problem).split())[:80]
        raise CodestreamError(f"the compressed data are damaged ({detail})") from None
    if swallowed.found:
        raise CodestreamError("the compressed data are damaged")
    return pixels


def _decode_rle(data: bytes, layout: PixelLayout) -> NDArray[Any]:
    """Decode an RLE frame: one run-length coded plane a byte of a value, highest byte first."""
    width = layout.bits_allocated // 8
    segments = rle_segments(data, layout.samples * width)
    count = layout.rows * layout.columns
    if any(len(segment) * _MOST_UNPACKED < count for segment in segments):
        raise CodestreamError("the compressed data are cut off")
    planes = np.empty((count, layout.samples, width), np.uint8)
    for index, segment in enumerate(segments):
        sample, byte = divmod(index, width)
        planes[:, sample, width - 1 - byte] = _unpack_plane(segment, count)
    shape = (layout.rows, layout.columns, layout.samples)[: 2 if layout.samples == 1 else 3]
    return planes.view(f"<u{width}").astype(layout.dtype, copy=False).reshape(shape)


def _unpack_plane(segment: memoryview, count: int) -> NDArray[np.uint8]:
    """One plane of bytes; refuses a segment that yields too few, or more than a padding byte."""
    plane = np.frombuffer(_run("packbits_decode", segment), np.uint8)
    if not count <= len(plane) <= count + 2:
        raise CodestreamError(f"the compressed data hold {len(plane)} values instead of {count}")
    return plane[:count]
