"""Palettes whose colours are all grey: a film stored as numbers of greys (PS3.3 C.7.6.3.1.5)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.dicom.elements import Elements
from kyphometer.errors import ColourFilmError, FilmHeaderError

_COLOURS = ("Red", "Green", "Blue")


def palette_bits(elements: Elements) -> int:
    """Bits of the greys that a palette gives, 8 or 16."""
    descriptor = elements.integers("RedPaletteColorLookupTableDescriptor")
    return 8 if len(descriptor) == 3 and descriptor[2] & 0xFFFF <= 8 else 16


def through_palette(
    values: NDArray[Any], elements: Elements, name: str, *, grey: bool = False
) -> tuple[NDArray[Any], int]:
    """Greys of a film whose values number entries of a palette, and how many pixels are coloured.

    Parameters
    ----------
    values
        Stored values, shape (rows, columns).
    grey
        True to take green for grey where the palette has colours.

    Raises
    ------
    FilmHeaderError
        If the palette is missing or damaged, or its colours have different numbers of entries.
    ColourFilmError
        If the film uses entries that are no grey; it says how many pixels do.
    """
    red, green, blue = (_entries(elements, colour, name) for colour in _COLOURS)
    if not len(red) == len(green) == len(blue):
        raise FilmHeaderError("palette_damaged", name=name)
    descriptor = elements.integers("GreenPaletteColorLookupTableDescriptor")
    first = descriptor[1] & 0xFFFF
    index = np.clip(values.astype(np.int64) - first, 0, len(green) - 1)
    tinted = (red != green) | (green != blue)
    coloured = int(np.count_nonzero(tinted[index])) if tinted.any() else 0
    if coloured and not grey:
        raise ColourFilmError(name, coloured, values.size)
    return green[index], coloured


def _entries(elements: Elements, colour: str, name: str) -> NDArray[Any]:
    descriptor = elements.integers(f"{colour}PaletteColorLookupTableDescriptor")
    data = elements.blob(f"{colour}PaletteColorLookupTableData")
    count = (descriptor[0] & 0xFFFF or 1 << 16) if len(descriptor) == 3 else 0
    if not count or len(data) < count:
        raise FilmHeaderError("palette_damaged", name=name)
    bits = palette_bits(elements)
    if len(data) >= 2 * count:
        wide = np.frombuffer(data, "<u2" if elements.encoding.little else ">u2", count)
        return wide.astype(np.uint16 if bits == 16 else np.uint8)
    return np.frombuffer(data, np.uint8, count).astype(np.uint8 if bits == 8 else np.uint16)
