"""Whether two films are one exposure whatever was done to the picture since.

A look is a picture of 16 x 16 ranks of brightness, small enough to be kept for every film. Ranks do
not change with windows, gamma or depth of bits, and all eight turns of one look are compared with
another, of either sign, so that mirrored, turned and inverted copies are like their film. Where
looks are alike, `resemblance` compares the films themselves by their detail, which two exposures of
one patient do not share (`benchmarks/copies.py` measures by how much).
"""

from __future__ import annotations

import base64
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kyphometer.film import Film

LOOK_SIDE: Final = 16
ALIKE: Final = 0.8
"""Least correlation of the looks of films that are worth comparing."""
SAME: Final = 0.5
"""Least correlation of the details of one exposure."""
_DETAIL_SIDE: Final = 192
_SAMPLES: Final = 8
"""Samples a cell and side of a look."""
_FINE_SAMPLES: Final = 4
_AROUND: Final = 7
"""Cells and side of what is around a cell."""
_CLIP: Final = 2.0
"""In medians of what the detail amounts to."""

Turn = tuple[int, bool]
"""Quarter turns against the clock, after mirroring left to right or not."""
TURNS: Final[tuple[Turn, ...]] = tuple((k, flip) for flip in (False, True) for k in range(4))
_WORDS: Final = {
    (1, False): "turned by 90 degrees",
    (2, False): "turned by 180 degrees",
    (3, False): "turned by 90 degrees",
    (0, True): "mirrored",
    (1, True): "mirrored and turned by 90 degrees",
    (2, True): "upside down",
    (3, True): "mirrored and turned by 90 degrees",
}


def look(pixels: NDArray[Any]) -> str:
    """The look of a picture, shape (rows, columns), as text of 344 characters."""
    ranks = _ranks(_cells(pixels, LOOK_SIDE, _SAMPLES))
    shades = np.floor(ranks * (256 / ranks.size)).astype(np.uint8)
    return base64.b64encode(shades.tobytes()).decode("ascii")


def likeness(one: str, other: str) -> float:
    """How alike two looks are: the largest correlation of any turn, of either sign; 0 to 1."""
    first, second = (_standard(_opened(text)) for text in (one, other))
    return max(abs(float((first * _turned(second, turn)).sum())) for turn in TURNS)


def resemblance(film: Film, other: Film) -> str | None:
    """How a film differs from another of which it is a copy, in words; None if it is none.

    Empty words mean that nothing but values differ.
    """
    first, second = _detail(film.pixels), _detail(other.pixels)
    found = {turn: float((first * _turned(second, turn)).sum()) for turn in TURNS}
    best = max(TURNS, key=lambda turn: abs(found[turn]))
    if abs(found[best]) < SAME:
        return None
    inverted = (found[best] < 0) != (
        film.header.rendering.inverted != other.header.rendering.inverted
    )
    words = [_WORDS.get(best, ""), "inverted" if inverted else ""]
    if sorted(film.pixels.shape) != sorted(other.pixels.shape):
        words.append("of another size")
    if film.header.acquisition.lossy and not other.header.acquisition.lossy:
        words.append("compressed with loss")
    return ", ".join(filter(None, words))


def _cells(pixels: NDArray[Any], side: int, samples: int) -> NDArray[np.float64]:
    """Means of side x side cells, of a few samples each, placed alike for every turn."""
    lines, columns = (
        np.minimum(
            (np.arange(side * samples) + 0.5) * (length / (side * samples)), length - 1
        ).astype(np.intp)
        for length in pixels.shape
    )
    taken = pixels[np.ix_(lines, columns)].reshape(side, samples, side, samples)
    cells: NDArray[np.float64] = taken.mean(axis=(1, 3), dtype=np.float64)
    return cells


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 0; equal values share their mean rank."""
    _, place, count = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count + 1) / 2
    return middle[place].reshape(values.shape)


def _detail(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks of a finer picture without their mean around; edges count little more than grain.

    Otherwise edges of collimation, which lie alike on many films, would make these one.
    """
    ranks = _ranks(_cells(pixels, _DETAIL_SIDE, _FINE_SAMPLES))
    padded = np.pad(ranks, (_AROUND // 2 + 1, _AROUND // 2), mode="edge")
    sums = padded.cumsum(axis=0).cumsum(axis=1)
    n = _AROUND
    around = (sums[n:, n:] - sums[:-n, n:] - sums[n:, :-n] + sums[:-n, :-n]) / n**2
    detail = ranks - around
    most = _CLIP * float(np.median(np.abs(detail)))
    return _standard(np.clip(detail, -most, most) if most > 0 else np.sign(detail))


def _opened(text: str) -> NDArray[np.float64]:
    shades = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
    return shades.reshape(LOOK_SIDE, LOOK_SIDE).astype(np.float64)


def _turned(picture: NDArray[np.float64], turn: Turn) -> NDArray[np.float64]:
    quarters, flip = turn
    return np.rot90(np.fliplr(picture) if flip else picture, quarters)


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of mean 0 and length 1; zeros if all are equal."""
    centred = values - values.mean()
    length = float(np.sqrt((centred * centred).sum()))
    standard: NDArray[np.float64] = centred / length if length > 0 else centred
    return standard
