"""Reads films that were saved as PNG, JPEG or TIFF: pixels without a header to speak of.

Their resolution fields speak of printing, not of the patient, so they give the shape of a pixel
but never its size in mm.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kyphometer.dicom.codestream import CodestreamError, read_jpeg
from kyphometer.dicom.layout import check_size
from kyphometer.dicom.source import StreamSource
from kyphometer.dicom.tiff import TiffError, TiffField, read_pages
from kyphometer.dicom.values import colour_read_as_grey, grey_of_colour
from kyphometer.errors import ColourFilmError, FilmPixelsError, FrameError, UnsupportedFilmError
from kyphometer.film import Film, FilmHeader, FilmReference, Rendering
from kyphometer.geometry import PixelGeometry, SpacingSource

_LARGEST_FILE: Final = 1 << 30
_MAGIC: Final = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
}
_CODECS: Final = {"png": "png_decode", "jpeg": "jpeg8_decode", "tiff": "tiff_decode"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    """What a picture file states of itself.

    `aspect` is the height of a pixel divided by its width, `turned` its EXIF orientation.
    """

    rows: int
    columns: int
    bits: int
    samples: int = 1
    pages: int = 1
    inverted: bool = False
    aspect: float = 1.0
    turned: int = 1


def is_plain_image(source: StreamSource) -> bool:
    """True if the file starts like a PNG, JPEG or TIFF, and does not go on as DICOM."""
    head = source.head(132)
    return _format(head) is not None and head[128:132] != b"DICM"


def _format(head: bytes) -> str | None:
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def _contents(source: StreamSource) -> bytes:
    """All bytes of a picture file of believable size."""
    if source.size > _LARGEST_FILE:
        raise UnsupportedFilmError("file_too_large", name=source.name)
    return source.whole()


def read_plain_header(source: StreamSource, frame: int | None) -> FilmHeader:
    """Header of a PNG, JPEG or TIFF.

    Raises
    ------
    FilmPixelsError, FilmSizeError, UnsupportedFilmError
        If it is damaged, absurdly large, or not of 8 or 16 bits.
    """
    picture = _describe(_contents(source), source.name)
    return _header(source, picture, frame or 1)


def read_plain(source: StreamSource, frame: int | None, *, grey: bool = False) -> Film:
    """A film from a PNG, JPEG or TIFF; of a TIFF with several pages only the chosen one.

    Raises
    ------
    FilmError
        As `read_plain_header`; also if it is in colour, cut off, or has several pages and none is
        chosen.
    """
    data = _contents(source)
    picture = _describe(data, source.name)
    if (frame is None and picture.pages > 1) or (frame and not 1 <= frame <= picture.pages):
        raise FrameError(source.name, picture.pages, frame)
    header = _header(source, picture, frame or 1)
    values = _decode(data, picture, (frame or 1) - 1, source.name)
    pixels, coloured = _grey(values, _format(data) or "png", source.name, force=grey)
    if values.ndim == 3 and values.shape[2] > 2:
        said = colour_read_as_grey(coloured, pixels.size)
        header = replace(header, warnings=(*header.warnings, said))
    pixels.flags.writeable = False
    return Film(header=header, pixels=pixels)


def _header(source: StreamSource, picture: _Picture, frame: int) -> FilmHeader:
    warnings = []
    if picture.turned != 1:
        warnings.append("The picture asks to be turned or mirrored when shown; it is not turned.")
    shaped = abs(picture.aspect - 1) > 1e-3
    return FilmHeader(
        reference=FilmReference(rows=picture.rows, columns=picture.columns, frame=frame),
        geometry=PixelGeometry(aspect=picture.aspect, source=SpacingSource.ASPECT_RATIO)
        if shaped
        else PixelGeometry(),
        rendering=Rendering(inverted=picture.inverted, bits_stored=picture.bits),
        frames=picture.pages,
        path=source.path,
        warnings=tuple(warnings),
    )


def _describe(data: bytes, name: str) -> _Picture:
    """What the file states of itself, checked before anything is decoded."""
    describe = {"png": _png, "jpeg": _jpeg, "tiff": _tiff}[_format(data) or "png"]
    try:
        picture = describe(data)
    except CodestreamError as problem:
        raise problem.named(name) from None
    except (struct.error, TiffError, IndexError):
        raise FilmPixelsError("file_damaged", name=name) from None
    check_size(picture.rows, picture.columns, name)
    if picture.bits not in (8, 12, 16):
        raise UnsupportedFilmError("bits_of_picture", name=name, bits=picture.bits)
    return picture


def _png(data: bytes) -> _Picture:
    """PNG: sizes in IHDR, shape of a pixel in pHYs."""
    width, height, bits, kind = struct.unpack_from(">IIBB", data, 16)
    aspect = 1.0
    for chunk, at in _png_chunks(data):
        if chunk == b"pHYs":
            aspect = _aspect(*struct.unpack_from(">II", data, at))
    samples = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}.get(kind, 0)
    if kind == 3:
        bits = 8
    return _Picture(rows=height, columns=width, bits=bits, samples=samples, aspect=aspect)


def _png_chunks(data: bytes) -> list[tuple[bytes, int]]:
    """Kinds and positions of all chunks; a wrong check sum counts as damage."""
    found: list[tuple[bytes, int]] = []
    at, view = 8, memoryview(data)
    while not found or found[-1][0] != b"IEND":
        length, chunk = struct.unpack_from(">I4s", data, at)
        stated = struct.unpack_from(">I", data, at + 8 + length)[0]
        if zlib.crc32(view[at + 4 : at + 8 + length]) != stated:
            raise CodestreamError
        found.append((chunk, at + 8))
        at += 12 + length
    return found


def _aspect(across: float, down: float) -> float:
    """Shape of a pixel from the numbers of pixels per unit across and down."""
    if across <= 0 or down <= 0 or not 0.1 <= across / down <= 10:
        return 1.0
    return across / down


def _jpeg(data: bytes) -> _Picture:
    stated = read_jpeg(data)
    turned, aspect = 1, 1.0
    if data[6:11] == b"JFIF\0":
        aspect = _aspect(*struct.unpack_from(">HH", data, 14))
    exif = data.find(b"Exif\0\0", 0, 1 << 16)
    if exif > 0:
        turned = _orientation(data[exif + 6 :])
    return _Picture(
        rows=stated.rows,
        columns=stated.columns,
        bits=stated.precision,
        samples=stated.samples,
        aspect=aspect,
        turned=turned,
    )


def _orientation(exif: bytes) -> int:
    try:
        return int(read_pages(exif)[0].fields.get(TiffField.ORIENTATION, (1,))[0])
    except TiffError:
        return 1


def _tiff(data: bytes) -> _Picture:
    pages = read_pages(data)
    fields = pages[0].fields
    if TiffField.WIDTH not in fields or TiffField.HEIGHT not in fields:
        raise TiffError
    bits = {int(value) for value in fields.get(TiffField.BITS, (1,))}
    whole = all(value == 1 for value in fields.get(TiffField.SAMPLE_FORMAT, (1,)))
    photometric = int(fields.get(TiffField.PHOTOMETRIC, (1,))[0])
    tile = fields.get(TiffField.TILE_WIDTH, (1,))[0] * fields.get(TiffField.TILE_HEIGHT, (1,))[0]
    if tile > 1 << 26:
        raise TiffError
    return _Picture(
        rows=int(fields[TiffField.HEIGHT][0]),
        columns=int(fields[TiffField.WIDTH][0]),
        bits=bits.pop() if len(bits) == 1 and whole else 0,
        samples=3 if photometric == 3 else int(fields.get(TiffField.SAMPLES, (1,))[0]),
        pages=len(pages),
        inverted=photometric == 0,
        aspect=_aspect(
            fields.get(TiffField.X_RESOLUTION, (1.0,))[0],
            fields.get(TiffField.Y_RESOLUTION, (1.0,))[0],
        ),
        turned=int(fields.get(TiffField.ORIENTATION, (1,))[0]),
    )


def _decode(data: bytes, picture: _Picture, page: int, name: str) -> NDArray[Any]:
    """Values of a picture as they are stored, shape (rows, columns) or with colours."""
    import imagecodecs

    kind = _format(data) or "png"
    options = {"index": page} if kind == "tiff" else {}
    try:
        values: NDArray[Any] = getattr(imagecodecs, _CODECS[kind])(data, **options)
    except Exception as problem:
        detail = " ".join(str(problem).split())[:80]
        raise FilmPixelsError("pixels_damaged", name=name, detail=detail) from None
    if values.dtype not in (np.uint8, np.uint16) or values.shape[:2] != (
        picture.rows,
        picture.columns,
    ):
        raise FilmPixelsError("pixels_of_other_size", name=name)
    return values


def _grey(values: NDArray[Any], kind: str, name: str, *, force: bool) -> tuple[NDArray[Any], int]:
    """One value a pixel, where the picture is grey, and how many are not; no transparency."""
    if values.ndim == 2:
        return values, 0
    if values.ndim == 3 and values.shape[2] in (1, 2):
        return np.ascontiguousarray(values[..., 0]), 0
    if values.ndim == 3 and values.shape[2] in (3, 4):
        rgb = values[..., :3]
        return grey_of_colour(rgb, name, luma_first=False, lossy=kind == "jpeg", force=force)
    raise ColourFilmError(name)
