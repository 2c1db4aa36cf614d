"""Decodes one compressed frame with permissive codecs (imagecodecs), after checking its own size.

The codecs are called directly rather than through pydicom's decoders: nothing has to be registered,
the frame goes from the file to the array without a copy, and pydicom need not be loaded to read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from kyphometer.dicom.codestream import (
    END_MARK,
    JPEG2000,
    JPEG_LS,
    Codestream,
    CodestreamError,
    family_of,
    is_high_throughput,
    read_jpeg,
    read_jpeg2000,
    require_tiles,
    rle_segments,
    strip_boxes,
)
from kyphometer.dicom.jpeg2000 import Decoded, decode_jpeg2000
from kyphometer.dicom.layout import PixelLayout
from kyphometer.dicom.swallowed import SwallowedErrors
from kyphometer.dicom.uids import shown_uid, uid_name
from kyphometer.errors import UnsupportedFilmError

_T = TypeVar("_T")
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
    kind
        What it is called.
    lossy
        True if it always loses, False if it never does, None if either may be.
    codec
        Name of the decoder in imagecodecs.
    """

    family: str
    processes: tuple[int, ...] = ()
    kind: str = ""
    lossy: bool | None = None
    codec: str = "jpeg8_decode"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecodedFrame:
    """A decoded frame.

    Attributes
    ----------
    pixels
        Stored values, shape (rows, columns) or (rows, columns, 3).
    syntax
        How the data were really compressed; None if they were not.
    warnings
        What the reader of the film should know of it.
    """

    pixels: NDArray[Any]
    syntax: Syntax | None = None
    warnings: tuple[str, ...] = ()


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
_JPEG_XL: Final = frozenset(f"1.2.840.10008.1.2.4.{end}" for end in (110, 111, 112))
_FOUND: Final[dict[str, Syntax]] = {
    "lossy JPEG": Syntax(family="jpeg", processes=(0xC0, 0xC1, 0xC2), lossy=True),
    "JPEG lossless": Syntax(family="jpeg", processes=(0xC3,), lossy=False),
    "JPEG-LS": Syntax(family="jpegls", processes=(JPEG_LS,), codec="jpegls_decode"),
    "JPEG 2000": Syntax(family="jpeg2000", codec="jpeg2k_decode"),
    "HTJ2K": Syntax(family="jpeg2000", codec="htj2k_decode"),
    "RLE": Syntax(family="rle", lossy=False, codec="packbits_decode"),
}
"""Kinds of compression that the data themselves show, by name."""


def require_syntax(uid: str, name: str) -> None:
    """Refuse a transfer syntax without decoder.

    Raises
    ------
    UnsupportedFilmError
        If `uid` is neither uncompressed nor in `COMPRESSED`.
    """
    if uid in NATIVE or uid in COMPRESSED:
        return
    known = "JPEG XL" if uid in _JPEG_XL else uid_name(uid) or shown_uid(uid)
    raise UnsupportedFilmError("no_decoder", name=name, syntax=known)


def load_codecs() -> None:
    """Load every decoder now, so that the first film of a long-running program does not wait."""
    import imagecodecs

    for codec in {syntax.codec for syntax in COMPRESSED.values()}:
        getattr(imagecodecs, codec)


def decode_frame(data: bytes, uid: str, layout: PixelLayout, name: str) -> DecodedFrame:
    """Decode one frame; if the data show another compression than the header says, they are right.

    Parameters
    ----------
    data
        The frame as stored.
    uid
        Transfer syntax that the header states.
    layout
        What the header says of the pixels.
    name
        Name of the film, for refusals.

    Raises
    ------
    FilmPixelsError
        If the frame is cut off, damaged, or not of the size and depth that the header states.
    UnsupportedFilmError
        If it is compressed in a way without decoder.
    """
    stated = COMPRESSED.get(uid)
    try:
        family = family_of(data)
        if family == "jpegxl":
            raise UnsupportedFilmError("jpeg_xl", name=name)
        if family is None and _could_be_rle(data, stated, layout):
            kind, found = "RLE", _FOUND["RLE"]
            pixels, warnings = _decode_rle(data, layout), list[str]()
        elif family is None:
            raise CodestreamError("data_of_no_known_kind")
        else:
            lossless = stated is not None and stated.lossy is False
            pixels, kind, warnings = _decode_codestream(data, family, layout, lossless)
            found = _FOUND[kind]
    except CodestreamError as problem:
        raise problem.named(name) from None
    if not _agree(stated, found):
        said = "uncompressed" if stated is None else uid_name(uid)
        warnings.append(f"The header says {said} but the pixels are {kind}; they were believed.")
    return DecodedFrame(pixels=pixels, syntax=found, warnings=tuple(warnings))


def _could_be_rle(data: bytes, stated: Syntax | None, layout: PixelLayout) -> bool:
    """True if the header says so, or the data begin with a table of segments that fits."""
    if stated is not None and stated.family == "rle":
        return True
    segments = layout.samples * (layout.bits_allocated // 8)
    return data[:8] == segments.to_bytes(4, "little") + (64).to_bytes(4, "little")


def _agree(stated: Syntax | None, found: Syntax) -> bool:
    if stated is None or stated.family != found.family:
        return False
    return not stated.processes or bool(set(stated.processes) & set(found.processes))


def _decode_codestream(
    data: bytes, family: str, layout: PixelLayout, lossless: bool
) -> tuple[NDArray[Any], str, list[str]]:
    """Pixels, name of the compression, warnings."""
    if family == "jpeg2000":
        data = strip_boxes(data)
        stated = read_jpeg2000(data)
        kind = "HTJ2K" if is_high_throughput(data) else "JPEG 2000"
    else:
        stated = read_jpeg(data)
        kind = _jpeg_kind(stated.process)
    _require_agreement(stated, layout)
    if stated.process == JPEG2000:
        require_tiles(data, stated.tiles)
    pixels, damaged = _run_whole(kind, data, lossless)
    expected = (layout.rows, layout.columns, 3)[: 2 if layout.samples == 1 else 3]
    if pixels.shape != expected or pixels.dtype.kind not in "iu":
        raise CodestreamError("decoded_size")
    return _in_container(pixels, stated, layout), kind, [_DAMAGED] if damaged else []


def _jpeg_kind(process: int) -> str:
    for kind, syntax in _FOUND.items():
        if process in syntax.processes:
            return kind
    raise CodestreamError("jpeg_process")


_DAMAGED: Final = (
    "The compressed pixel data contradict themselves as damaged data do; compare the film with the "
    "original and export it again."
)


def _require_agreement(stated: Codestream, layout: PixelLayout) -> None:
    """Refuse a frame whose own size or depth is not what the header says."""
    if (stated.rows, stated.columns) != (layout.rows, layout.columns):
        raise CodestreamError(
            "data_of_other_size",
            rows=layout.rows,
            columns=layout.columns,
            found_rows=stated.rows,
            found_columns=stated.columns,
        )
    if stated.samples != layout.samples:
        raise CodestreamError("data_samples", samples=layout.samples, found=stated.samples)
    if not 2 <= stated.precision <= layout.bits_allocated:
        raise CodestreamError("data_bits", bits=layout.bits_allocated, found=stated.precision)


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


def _run_whole(kind: str, data: bytes, lossless: bool) -> Decoded:
    """Decode; zeros before the end mark of JPEG-LS, which its decoder refuses, are left out."""
    if kind == "JPEG 2000":
        return _heard(lambda: decode_jpeg2000(data, lossless=lossless))
    try:
        return Decoded(_run(_FOUND[kind].codec, data), False)
    except CodestreamError:
        end = data.rfind(END_MARK)
        if kind != "JPEG-LS" or data[end - 1 : end] != b"\0":
            raise
        whole = data[:end].rstrip(b"\0") + END_MARK
        return Decoded(_run(_FOUND[kind].codec, whole), False)


def _run(codec: str, data: bytes | memoryview) -> NDArray[Any]:
    """Run a decoder; whatever it says becomes one sentence."""
    import imagecodecs

    decode: Callable[[bytes | memoryview], NDArray[Any]] = getattr(imagecodecs, codec)
    if codec != "htj2k_decode":
        return _heard(lambda: decode(data))
    with SwallowedErrors() as swallowed:
        pixels = _heard(lambda: decode(data))
    if swallowed.found:
        raise CodestreamError("data_damaged")
    return pixels


def _heard(decode: Callable[[], _T]) -> _T:
    """Decode; a complaint of the decoder becomes one sentence."""
    try:
        return decode()
    except MemoryError:
        raise
    except Exception as problem:
        detail = " ".join(str(problem).split())[:80]
        raise CodestreamError("data_damaged_so", detail=detail) from None


def _decode_rle(data: bytes, layout: PixelLayout) -> NDArray[Any]:
    """Decode an RLE frame: one run-length coded plane a byte of a value, highest byte first."""
    width = layout.bits_allocated // 8
    segments = rle_segments(data, layout.samples * width)
    count = layout.rows * layout.columns
    if any(len(segment) * _MOST_UNPACKED < count for segment in segments):
        raise CodestreamError("data_cut_off")
    planes = np.empty((count, layout.samples, width), np.uint8)
    for index, segment in enumerate(segments):
        sample, byte = divmod(index, width)
        planes[:, sample, width - 1 - byte] = _unpack_plane(segment, count)
    shape = (layout.rows, layout.columns, layout.samples)[: 2 if layout.samples == 1 else 3]
    return planes.view(f"<u{width}").astype(layout.dtype, copy=False).reshape(shape)


def _unpack_plane(segment: memoryview, count: int) -> NDArray[np.uint8]:
    """One plane of bytes; refuses a segment that yields too few, or more than padding.

    A segment is padded to an even length with any byte, which the decoder may take for the
    beginning of a run that is cut off: then the last bytes are left out.
    """
    problem = CodestreamError("data_cut_off")
    for spare in range(3):
        try:
            plane = np.frombuffer(
                _run("packbits_decode", segment[: len(segment) - spare]), np.uint8
            )
        except CodestreamError as error:
            problem = error
            continue
        if count <= len(plane) <= count + 2:
            return plane[:count]
        problem = CodestreamError("data_values", found=len(plane), expected=count)
    raise problem
