"""Stored values as the header means them: unused bits out, signs right, grey out of colour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.dicom.elements import Elements
from kyphometer.dicom.layout import PixelLayout
from kyphometer.errors import ColourFilmError, UnsupportedFilmError
from kyphometer.film import Rendering

_OVERLAY_BIT = 0x60000102
_LOSSY_TOLERANCE = 2
_WIDEST = 16


def narrowed(
    values: NDArray[Any], layout: PixelLayout, name: str
) -> tuple[NDArray[Any], PixelLayout]:
    """Values of 32 allocated bits as 16, where they need no more, with the layout of those.

    Raises
    ------
    UnsupportedFilmError
        If a value needs more.
    """
    low = layout.high_bit + 1 - layout.bits_stored
    spare = layout.bits_allocated - layout.bits_stored
    whole = (values << (spare - low)) >> spare
    target = np.dtype("i2" if layout.signed else "u2")
    limits = np.iinfo(target)
    if int(whole.min()) < limits.min or int(whole.max()) > limits.max:
        raise UnsupportedFilmError("more_than_16_bits", name=name)
    bits = min(layout.bits_stored, _WIDEST)
    return whole.astype(target), replace(
        layout, bits_allocated=_WIDEST, bits_stored=bits, high_bit=bits - 1
    )


def quantised(
    values: NDArray[Any], rescale: tuple[float, float], rendering: Rendering
) -> NDArray[Any]:
    """Values of floating point as the 16-bit numbers that `rendering` turns into modality values.

    Parameters
    ----------
    rescale
        Slope and intercept of the header, from the floating values to modality values.
    """
    slope, intercept = rescale
    with np.errstate(all="ignore"):
        modality = values.astype(np.float64) * slope + intercept
        steps = np.rint((modality - rendering.intercept) / rendering.slope)
    found = np.nan_to_num(steps, nan=0, posinf=65535, neginf=0)
    return np.asarray(np.clip(found, 0, 65535), np.uint16)


def settle_bits(
    values: NDArray[Any], layout: PixelLayout, elements: Elements, *, compressed: bool
) -> tuple[NDArray[Any], str | None]:
    """Values without what lies in bits that the header does not count as pixels.

    Signed values are extended from their highest stored bit; unsigned ones lose overlay bits that
    the header names. Unsigned values that use more bits than stated are kept, with a warning:
    cutting them would fold the picture.

    Parameters
    ----------
    values
        Decoded values; changed in place where that is needed.
    compressed
        True if they come from a codec, which gives them from bit 0 up whatever the header says of
        their highest bit.

    Returns
    -------
    values, warning
        The settled values, and a sentence or None.
    """
    spare = layout.bits_allocated - layout.bits_stored
    low = 0 if compressed else layout.high_bit + 1 - layout.bits_stored
    if spare == 0:
        return values, None
    if layout.signed or (low > 0 and _reaches_beyond(values, layout.bits_stored)):
        np.left_shift(values, spare - low, out=values)
        np.right_shift(values, spare, out=values)
        return values, None
    if not _reaches_beyond(values, layout.bits_stored):
        return values, None
    if _overlay_in_pixels(elements, layout):
        np.bitwise_and(values, (1 << layout.bits_stored) - 1, out=values)
        return values, "An overlay drawn into the unused bits of the pixels was taken out."
    return values, (
        f"Pixel values need more than the {layout.bits_stored} bits that the header states; they "
        "were kept as they are."
    )


def _reaches_beyond(values: NDArray[Any], bits: int) -> bool:
    """True if an unsigned value needs more bits than these."""
    return int(values.max()) >> bits != 0


def _overlay_in_pixels(elements: Elements, layout: PixelLayout) -> bool:
    """True if the header says that an overlay lies in the unused high bits."""
    for group in range(0, 0x20, 2):
        overlay = elements.raw.get(_OVERLAY_BIT + (group << 16))
        if overlay is not None and overlay.value and len(overlay.value) == 2:
            order = "little" if elements.encoding.little else "big"
            if int.from_bytes(overlay.value, order) >= layout.bits_stored:  # type: ignore[arg-type]
                return True
    return False


def grey_of_colour(
    values: NDArray[Any], name: str, *, luma_first: bool, lossy: bool, force: bool = False
) -> tuple[NDArray[Any], int]:
    """The grey picture within a colour one whose every pixel is grey, and how many are not.

    Parameters
    ----------
    values
        Shape (rows, columns, 3).
    luma_first
        True if values are luma and two chroma differences, False if red, green and blue.
    lossy
        True if lossy compression may have tinged grey a little.
    force
        True to take the luma (or green) of coloured pixels too.

    Raises
    ------
    ColourFilmError
        If the picture has colours; it says how many pixels.
    """
    tolerance = _LOSSY_TOLERANCE if lossy else 0
    first, second, third = (values[..., i] for i in range(3))
    if luma_first:
        middle = np.array(1 << (8 * values.dtype.itemsize - 1), values.dtype)
        pairs = ((second, middle), (third, middle))
    else:
        pairs = ((first, second), (second, third))
    count = 0
    if not all(_near(a, b, tolerance) for a, b in pairs):
        coloured = np.logical_or(*(_apart(a, b) > tolerance for a, b in pairs))
        count = int(np.count_nonzero(coloured))
        if not force:
            raise ColourFilmError(name, count, coloured.size)
    return np.ascontiguousarray(first if luma_first else second), count


def colour_read_as_grey(coloured: int, pixels: int) -> str:
    """What the reader of a film with colours should know."""
    if not coloured:
        return "The film is stored in colour, but every pixel is grey."
    return f"{coloured} of {pixels} pixels are coloured; they were read as grey."


def _near(a: NDArray[Any], b: NDArray[Any], tolerance: int) -> bool:
    if tolerance == 0:
        return bool(np.all(a == b))
    return int(np.max(_apart(a, b))) <= tolerance


def _apart(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    found: NDArray[Any] = np.maximum(a, b) - np.minimum(a, b)
    return found
