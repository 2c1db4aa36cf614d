"""Decodes a JPEG 2000 codestream and tells whether its coded data are whole.

JPEG 2000 has no check sums: a decoder makes noise of flipped bits and says nothing. But a block's
coded bytes and what decoding it takes of them belong together (T.800 annex C: the arithmetic
decoder is renormalised as often as the encoder was). Of a whole block all bytes are used, within
one; a flipped bit sends the decoder another way, and it leaves bytes over or runs out of them.
OpenJPEG counts that for codestreams that promise predictable termination (T.800 table A.19, bit 4);
the promise changes nothing else, so it is made here for all of them.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_PREDICTABLE: Final = 0x10
_MOST_LEFT_OVER: Final = 2
_MOST_INVENTED: Final = 2
"""Bytes of a block that a whole codestream may leave, or lack if it was coded without loss."""
_LEFT_OVER: Final = re.compile(r"PTERM check failure: (\d+) remaining bytes")
_INVENTED: Final = re.compile(r"PTERM check failure: (\d+) synthesized")


class Decoded(NamedTuple):
    """Pixels of a codestream, and whether its coded data contradict themselves."""

    pixels: NDArray[Any]
    damaged: bool


def decode_jpeg2000(data: bytes, *, lossless: bool) -> Decoded:
    """Decode a codestream of part 1, watching its code-blocks.

    Parameters
    ----------
    data
        Codestream without boxes.
    lossless
        True if nothing was cut off when it was coded. Else blocks may end before the last bytes
        that their decoding asks for, and only bytes left over show damage.

    Raises
    ------
    Exception
        Whatever the decoder raises.
    """
    import imagecodecs

    with _Words() as words:
        pixels = imagecodecs.jpeg2k_decode(promise_termination(data), verbose=2)
    return Decoded(np.asarray(pixels), any(_tells_of_damage(word, lossless) for word in words.said))


def promise_termination(data: bytes) -> bytes:
    """The codestream with the bit of predictable termination set in every coding style."""
    changed = bytearray(data)
    position = _through_header(changed, 2)
    while changed[position : position + 2] == b"\xff\x90" and position + 12 <= len(changed):
        length = int.from_bytes(changed[position + 6 : position + 10], "big")
        _through_header(changed, position + 12)
        if length < 14:
            break
        position += length
    return bytes(changed)


def _through_header(data: bytearray, position: int) -> int:
    """Set the bit in the COD and COC segments of a header; where the header ends."""
    component = 2 if int.from_bytes(data[40:42], "big") > 256 else 1
    style = {0x52: 12, 0x53: 4 + component + 4}
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker in (0x90, 0x93, 0xD9):
            break
        place = position + style.get(marker, len(data))
        if place < len(data):
            data[place] |= _PREDICTABLE
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return position


def _tells_of_damage(word: str, lossless: bool) -> bool:
    left_over, invented = _LEFT_OVER.search(word), _INVENTED.search(word)
    if left_over:
        return int(left_over[1]) > _MOST_LEFT_OVER
    if invented:
        return lossless and int(invented[1]) > _MOST_INVENTED
    return " error: " in word


class _Words(logging.Filter):
    """Context that collects what the decoder says in this thread, and keeps it off the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._thread = threading.get_ident()
        self._logger = logging.getLogger("imagecodecs")

    def __enter__(self) -> _Words:
        self._logger.addFilter(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Take a record of this thread; let others pass."""
        if record.thread != self._thread:
            return True
        self.said.append(record.getMessage())
        return False
