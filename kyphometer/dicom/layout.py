"""How pixels are laid out by the header, checked before a single one is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kyphometer.dicom.elements import Elements
from kyphometer.errors import FilmHeaderError, FilmSizeError, UnsupportedFilmError

LARGEST_FILM: Final = 1 << 27
"""Pixels of the largest film that is believed: a 35 x 90 cm film scanned at 50 micrometres."""
LONGEST_SIDE: Final = 32768
MOST_FRAMES: Final = 100_000
GREY: Final = ("MONOCHROME1", "MONOCHROME2")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelLayout:
    """Shape and kind of stored pixels.

    Attributes
    ----------
    rows, columns, frames
        Size of a frame and number of frames.
    samples
        Values a pixel: 1 for grey, 3 for colour.
    planar
        True if the colours of a frame are stored plane after plane.
    bits_allocated, bits_stored, high_bit
        Bits a value takes, bits it uses, and its highest bit.
    signed
        True if values are signed.
    floating
        True if values are of floating point.
    photometric
        Photometric interpretation.
    """

    rows: int
    columns: int
    frames: int = 1
    samples: int = 1
    planar: bool = False
    bits_allocated: int = 16
    bits_stored: int = 16
    high_bit: int = 15
    signed: bool = False
    floating: bool = False
    photometric: str = "MONOCHROME2"

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of stored values, in the machine's byte order."""
        kind = "f" if self.floating else "i" if self.signed else "u"
        return np.dtype(f"{kind}{self.bits_allocated // 8}")

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame."""
        values = self.rows * self.columns * self.samples
        if self.photometric == "YBR_FULL_422" and self.columns % 2 == 0:
            values = self.rows * self.columns * 2
        return values * (self.bits_allocated // 8)


def read_layout(elements: Elements, name: str, *, floating: bool = False) -> PixelLayout:
    """Pixel layout of a header, checked.

    Parameters
    ----------
    floating
        True if the pixel data are of floating point: then bits stored say nothing.

    Raises
    ------
    FilmSizeError
        If the size is absurd.
    FilmHeaderError
        If a necessary attribute is missing or impossible.
    UnsupportedFilmError
        If values are not of 8 to 16 bits, nor of 32 where those hold fewer, nor floating point.
    """
    rows, columns = (_required(elements, key, name) for key in ("Rows", "Columns"))
    check_size(rows, columns, name)
    allocated = _required(elements, "BitsAllocated", name)
    if allocated not in ((32, 64) if floating else (8, 16, 32)):
        raise UnsupportedFilmError("bits_allocated", name=name, bits=allocated)
    stored = allocated if floating else elements.integer("BitsStored")
    if stored is None:
        stored = allocated
        elements.problems.append(f"The header lacks BitsStored; {allocated} bits were taken.")
    high = stored - 1 if floating else elements.integer("HighBit")
    high = stored - 1 if high is None else high
    if not (1 <= stored <= allocated and stored - 1 <= high < allocated):
        raise FilmHeaderError(
            "bits_do_not_fit", name=name, stored=stored, high=high, allocated=allocated
        )
    return PixelLayout(
        rows=rows,
        columns=columns,
        frames=_frames(elements, name),
        samples=_samples(elements, name),
        planar=elements.integer("PlanarConfiguration") == 1,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        signed=not floating and _signed(elements, name),
        floating=floating,
        photometric=_photometric(elements, name),
    )


def check_size(rows: int, columns: int, name: str) -> None:
    """Refuse sizes that no film has.

    Raises
    ------
    FilmSizeError
        If a side is 0 or too long, or the area too large.
    """
    longest = max(rows, columns)
    if min(rows, columns) < 1 or longest > LONGEST_SIDE or rows * columns > LARGEST_FILM:
        raise FilmSizeError(name, rows, columns)


def _required(elements: Elements, keyword: str, name: str) -> int:
    value = elements.integer(keyword)
    if value is None:
        raise FilmHeaderError("attribute_missing", name=name, keyword=keyword)
    return value


def _frames(elements: Elements, name: str) -> int:
    frames = elements.number("NumberOfFrames")
    if frames is None:
        return 1
    if frames != int(frames) or not 1 <= frames <= MOST_FRAMES:
        raise FilmHeaderError("frames_claimed", name=name, frames=frames)
    return int(frames)


def _samples(elements: Elements, name: str) -> int:
    samples = elements.integer("SamplesPerPixel")
    if samples is None:
        return 1
    if samples not in (1, 3):
        raise FilmHeaderError("samples_claimed", name=name, samples=samples)
    return samples


def _signed(elements: Elements, name: str) -> bool:
    representation = elements.integer("PixelRepresentation")
    if representation not in (None, 0, 1):
        raise FilmHeaderError("pixel_representation", name=name, value=representation)
    return representation == 1


def _photometric(elements: Elements, name: str) -> str:
    """Photometric interpretation, in agreement with the number of values a pixel."""
    photometric = elements.code("PhotometricInterpretation")
    samples = _samples(elements, name)
    if not photometric and samples == 1:
        elements.problems.append(
            "The header lacks PhotometricInterpretation; high values were taken as white."
        )
        return "MONOCHROME2"
    if (photometric in GREY) != (samples == 1) and photometric != "PALETTE COLOR":
        raise FilmHeaderError(
            "samples_against_colour" if photometric else "samples_without_colour",
            name=name,
            samples=samples,
            photometric=photometric,
        )
    return photometric
