"""Pixels on their way to the browser: unsigned 16-bit, little endian, row by row.

modality value = slope * transported + intercept, exact for films of up to 16 bits. Films of more
bits lose their lowest ones on the screen; the stored values that measurements use do not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.film import Film, FilmHeader, LookupTable, Rendering

TRANSPORT_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportRule:
    """How stored values are packed; follows from the header alone.

    Transported = (stored + offset) >> shift, after the modality lookup table if there is one.

    Attributes
    ----------
    slope, intercept
        modality value = slope * transported + intercept.
    offset
        Added to stored values to make them unsigned.
    shift
        Low bits dropped.
    bits
        Bits that transported values can have.
    """

    slope: float
    intercept: float
    offset: int
    shift: int
    bits: int


def transport_rule(rendering: Rendering) -> TransportRule:
    """Packing rule for the films of a header."""
    if rendering.modality_lut is not None:
        bits = min(rendering.modality_lut.bits, TRANSPORT_BITS)
        shift = max(rendering.modality_lut.bits - TRANSPORT_BITS, 0)
        return TransportRule(
            slope=float(1 << shift), intercept=0.0, offset=0, shift=shift, bits=bits
        )
    bits = rendering.bits_stored
    if rendering.signed and rendering.padding is not None and bits < TRANSPORT_BITS:
        low, high = rendering.padding
        if low < -(1 << (bits - 1)) or high >= 1 << (bits - 1):
            bits = TRANSPORT_BITS  # padding beyond the stored bits must not fall onto the image
    offset = 1 << (bits - 1) if rendering.signed else 0
    shift = max(bits - TRANSPORT_BITS, 0)
    return TransportRule(
        slope=rendering.slope * (1 << shift),
        intercept=rendering.intercept - rendering.slope * offset,
        offset=offset,
        shift=shift,
        bits=bits - shift,
    )


def packed_padding(rendering: Rendering) -> tuple[int, int] | None:
    """Lowest and highest transported value that marks padding, or None.

    Padding is not told apart after a modality lookup table, which may map image values there too.
    """
    if rendering.padding is None or rendering.modality_lut is not None:
        return None
    rule = transport_rule(rendering)
    low, high = ((value + rule.offset) >> rule.shift for value in rendering.padding)
    return (max(low, 0), min(high, 0xFFFF)) if low <= 0xFFFF and high >= 0 else None


def unpack(header: FilmHeader, packed: NDArray[np.uint16]) -> Film:
    """A film whose stored values are the packed ones, with the rendering that belongs to them.

    For films of up to 16 bits nothing is lost: modality values are the same.
    """
    rule = transport_rule(header.rendering)
    rendering = replace(
        header.rendering,
        slope=rule.slope,
        intercept=rule.intercept,
        modality_lut=None,
        bits_stored=rule.bits,
        signed=False,
        padding=packed_padding(header.rendering),
    )
    return Film(header=replace(header, rendering=rendering), pixels=packed)


def pack(film: Film) -> NDArray[np.uint16]:
    """Values for the browser, shape (rows, columns), C-contiguous, little endian."""
    rule = transport_rule(film.rendering)
    values: NDArray[Any] = film.pixels
    if film.rendering.modality_lut is not None:
        values = _through(film.rendering.modality_lut, values)
    if values.dtype == np.uint16 and not rule.offset and not rule.shift:
        return np.ascontiguousarray(values, dtype="<u2")
    if values.dtype == np.uint8 and not rule.offset:
        return np.ascontiguousarray(values, dtype="<u2")
    wide = values.astype(np.int64)
    wide += rule.offset
    wide >>= rule.shift
    return np.ascontiguousarray(np.clip(wide, 0, 0xFFFF), dtype="<u2")


def _through(table: LookupTable, stored: NDArray[Any]) -> NDArray[Any]:
    """Stored values through a lookup table; values beyond its ends map to its ends."""
    index = stored.astype(np.int64) - table.first_mapped
    return np.asarray(table.values)[np.clip(index, 0, len(table.values) - 1)]
