"""Pixels of which nothing tells the device: every film's usual window is the same one.

For readers in a blinded session. Values are moved by one rising curve: what the header's window (or
table, or the automatic window) shows between black and white lies between `BLACK` and `WHITE`, what
it clips lies below and above, so that the reader can widen the window. Inverted films are turned to
the usual polarity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kyphometer.film import Film
from kyphometer.web.pixels.packing import pack, packed_padding, transport_rule

PADDING = 0
LOWEST, HIGHEST = 1, 0xFFFF
BLACK, WHITE = 0x4000, 0xC000
CENTER, WIDTH = (BLACK + WHITE) / 2, float(WHITE - BLACK)
"""The window under which the film looks as its header asks for, as DICOM's LINEAR_EXACT."""

Array = NDArray[np.float64]


def normalised(film: Film) -> NDArray[np.uint16]:
    """Values for the browser, shape (rows, columns), C-contiguous, little endian."""
    packed = pack(film)
    used = np.bincount(packed.ravel(), minlength=0x10000) > 0
    padding = packed_padding(film.rendering)
    if padding is not None:
        used[padding[0] : padding[1] + 1] = False
    table = _table(film, used)
    if padding is not None:
        table[padding[0] : padding[1] + 1] = PADDING
    return np.ascontiguousarray(table.take(packed), dtype="<u2")


def _table(film: Film, used: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """New value of every packed one."""
    from kyphometer.dicom.display import default_voi, white_fraction

    rule = transport_rule(film.rendering)
    modality: Array = np.arange(0x10000, dtype=np.float64) * rule.slope + rule.intercept
    white: Array = white_fraction(default_voi(film), modality.astype(np.float32))
    moved: Array = BLACK + white * (WHITE - BLACK)
    there = modality[used]
    if there.size:
        dark, bright = modality[white <= 0.0], modality[white >= 1.0]
        _spread(moved, modality, white <= 0.0, (there.min(), _end(dark, 1)), (LOWEST, BLACK))
        _spread(moved, modality, white >= 1.0, (_end(bright, 0), there.max()), (WHITE, HIGHEST))
    if film.rendering.inverted:
        moved = LOWEST + HIGHEST - moved
    return np.clip(np.rint(moved), LOWEST, HIGHEST).astype("<u2")


def _end(values: Array, which: int) -> float:
    """The least (0) or greatest (1) of values, or 0 if there is none."""
    return float((values.min(), values.max())[which]) if values.size else 0.0


def _spread(
    moved: Array,
    modality: Array,
    clipped: NDArray[np.bool_],
    ends: tuple[float, float],
    room: tuple[int, int],
) -> None:
    """Lay values that the window clips over the room beyond it, in their order."""
    if ends[1] > ends[0]:
        moved[clipped] = np.interp(modality[clipped], ends, room)
