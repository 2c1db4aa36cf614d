"""Pixel data of a copy: nothing but the picture, and not even that where somebody blanked it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID

from kyphometer.dicom.codecs import NATIVE
from kyphometer.dicom.codestream import CodestreamError
from kyphometer.dicom.parse import BIG_ENDIAN
from kyphometer.dicom.read import read_film
from kyphometer.dicom.uncommented import without_comments
from kyphometer.errors import FilmError, PixelsToCheckError, UnsupportedFilmError
from kyphometer.film import Film

EXPLICIT: Final = "1.2.840.10008.1.2.1"
_OVERLAY_BIT: Final = 0x60000102


class Region(NamedTuple):
    """A rectangle of pixels: first column, first row, width, height."""

    left: int
    top: int
    width: int
    height: int


def clean_pixels(
    dataset: Dataset, source: Dataset, syntax: str, film: Film, name: str, *, checked: bool
) -> list[str]:
    """Take out of the pixel data what is no picture; what was taken out, in words.

    Compressed frames lose comments, applications' data and bytes after their end; native data lose
    unused bits (where overlays lie) and bytes after their end. Values of pixels stay.

    Parameters
    ----------
    dataset
        The copy; its pixel data are replaced.
    source
        The film's whole header, which may say that an overlay lies in unused bits.
    film
        The film as it was read.
    checked
        True if somebody has looked at the pixels.

    Raises
    ------
    PixelsToCheckError
        If bits that the header does not count as pixels may hold a drawing.
    UnsupportedFilmError
        If compressed frames cannot be told apart.
    """
    if syntax in NATIVE:
        return _native(dataset, source, syntax, film, name, checked=checked)
    data = bytes(dataset.PixelData)
    count = int(dataset.get("NumberOfFrames") or 1)
    try:
        frames = list(generate_frames(data, number_of_frames=count))
        bare = [without_comments(frame) for frame in frames]
    except (CodestreamError, ValueError):
        raise UnsupportedFilmError("frames_to_strip", name=name) from None
    dataset.PixelData = encapsulate(bare, has_bot=len(bare) > 1)
    dataset["PixelData"].VR = "OB"
    if _beyond(film, int(dataset.BitsStored)) and not checked:
        raise PixelsToCheckError("unused_bits", name=name)
    lost = sum(map(len, frames)) - sum(map(len, bare))
    return ["comments or padding in the compressed pixels"] if lost > 8 else []


def _native(
    dataset: Dataset, source: Dataset, syntax: str, film: Film, name: str, *, checked: bool
) -> list[str]:
    taken = []
    width = int(dataset.BitsAllocated) // 8
    data = bytes(dataset.PixelData)
    exact = _native_length(dataset)
    if len(data) > exact + exact % 2:
        taken.append("bytes after the pixels")
    values: NDArray[Any] = np.frombuffer(data[: exact - exact % width], f"u{width}").copy()
    big = syntax == BIG_ENDIAN and width > 1
    values = values.byteswap() if big else values
    if dataset.PhotometricInterpretation in ("MONOCHROME1", "MONOCHROME2") and width in (1, 2, 4):
        mask = _used_bits(dataset, source, film)
        if mask is None and not checked:
            raise PixelsToCheckError("unused_bits", name=name)
        if mask is not None and bool(np.any(values & ~values.dtype.type(mask))):
            values &= values.dtype.type(mask)
            taken.append("bits of pixels that hold no pixels (an overlay, perhaps)")
    whole = (values.byteswap() if big else values).tobytes()
    vr = dataset["PixelData"].VR
    dataset.PixelData = whole + b"\0" * (len(whole) % 2)
    dataset["PixelData"].VR = vr
    return taken


def _native_length(dataset: Dataset) -> int:
    samples, frames = int(dataset.SamplesPerPixel), int(dataset.get("NumberOfFrames") or 1)
    values = int(dataset.Rows) * int(dataset.Columns) * samples
    if dataset.PhotometricInterpretation == "YBR_FULL_422" and int(dataset.Columns) % 2 == 0:
        values = int(dataset.Rows) * int(dataset.Columns) * 2
    return values * (int(dataset.BitsAllocated) // 8) * frames


def _used_bits(dataset: Dataset, source: Dataset, film: Film) -> int | None:
    """Mask of the bits that hold pixels; None if unsigned values reach beyond for no stated reason.

    The same rule by which films are read (`values.settle_bits`).
    """
    allocated, stored = int(dataset.BitsAllocated), int(dataset.BitsStored)
    low = int(dataset.HighBit) + 1 - stored
    mask = ((1 << stored) - 1) << low
    stays = (1 << allocated) - 1
    if stored == allocated:
        return stays
    if int(dataset.PixelRepresentation) == 1 or low > 0:
        return mask
    named = any(
        int(element.value) >= stored
        for group in range(0, 0x20, 2)
        if (element := source.get(_OVERLAY_BIT + (group << 16))) is not None
        and str(element.value).isdigit()
    )
    return mask if named or not _beyond(film, stored) else None


def _beyond(film: Film, bits: int) -> bool:
    return film.pixels.dtype.kind == "u" and int(film.pixels.max()) >> bits != 0


def blank(dataset: Dataset, film: Film, regions: Sequence[Region], name: str) -> str:
    """Write the picture with these regions black, uncompressed; the transfer syntax it is in.

    Raises
    ------
    PixelsToCheckError
        If a region does not lie on the film.
    UnsupportedFilmError
        If the film has several frames or colours.
    """
    if int(dataset.get("NumberOfFrames") or 1) > 1 or int(dataset.SamplesPerPixel) > 1:
        raise UnsupportedFilmError("blank_several", name=name)
    pixels = film.pixels.copy()
    rows, columns = pixels.shape
    black = int(pixels.max() if film.rendering.inverted else pixels.min())
    for left, top, width, height in regions:
        if not (0 <= left < columns and 0 <= top < rows and width > 0 and height > 0):
            raise PixelsToCheckError("region_outside", name=name, columns=columns, rows=rows)
        pixels[top : top + height, left : left + width] = black
    bits = 8 * pixels.dtype.itemsize
    dataset.BitsAllocated = bits
    dataset.BitsStored = min(int(film.rendering.bits_stored), bits)
    dataset.HighBit = dataset.BitsStored - 1
    data = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    return EXPLICIT


def require_same_pixels(path: Any, film: Film, frame: int, name: str) -> None:
    """Refuse a copy that does not read as its film does.

    Raises
    ------
    UnsupportedFilmError
        If it does not.
    """
    try:
        same = read_film(path, frame, grey=True).sha256_pixels == film.sha256_pixels
    except FilmError:
        same = False
    if not same:
        raise UnsupportedFilmError("copy_differs", name=name)


def uid_of(syntax: str | None) -> UID:
    """Transfer syntax as pydicom's UID; implicit if the file says nothing."""
    return UID(syntax or "1.2.840.10008.1.2")
