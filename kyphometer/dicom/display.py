"""Turns stored values into 8-bit grey for showing: modality, VOI transform and polarity in one go.

Transforms follow DICOM PS3.3 C.11.1 (modality), C.11.2 (VOI) and PS3.14 polarity. All of them act
value by value, so they are worked out once for every possible stored value and then looked up.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kyphometer.errors import UsageError
from kyphometer.film import Film, LookupTable, Rendering, VoiWindow

Voi = VoiWindow | LookupTable
"""What maps modality values to grey."""

AUTOMATIC: Final = "automatic"
_SAMPLES: Final = 200_000
_LOW_PERCENT, _HIGH_PERCENT = 1.0, 99.5
_LEAST_SPREAD: Final = 64
"""Greys between which the middle 98 % of a film must lie apart to be seen."""


class Preset(NamedTuple):
    """A way to show a film, with its name."""

    name: str
    voi: Voi


def to_modality(rendering: Rendering, stored: NDArray[Any]) -> NDArray[np.float32]:
    """Modality values of stored values: rescaled, or looked up in the modality LUT.

    Parameters
    ----------
    rendering
        How the film's header says that values become grey.
    stored
        Stored values, any shape.

    Returns
    -------
    values
        Same shape.
    """
    table = rendering.modality_lut
    if table is not None:
        return _look_up(table, stored).astype(np.float32)
    values = stored.astype(np.float32)
    if rendering.slope != 1.0:
        values *= np.float32(rendering.slope)
    if rendering.intercept != 0.0:
        values += np.float32(rendering.intercept)
    return values


def to_grey(film: Film, voi: Voi | None = None) -> NDArray[np.uint8]:
    """The whole film as 8-bit grey, ready for a screen: 0 is black.

    Parameters
    ----------
    film
        A film.
    voi
        Window in modality values or VOI lookup table; `default_voi(film)` if None.

    Returns
    -------
    grey
        Shape (rows, columns), polarity as the film is meant to be seen.
    """
    chosen = default_voi(film) if voi is None else voi
    table = grey_table(film.rendering, film.pixels.dtype, chosen)
    return apply_table(film.pixels, table)


def grey_table(rendering: Rendering, dtype: np.dtype[Any], voi: Voi) -> NDArray[np.uint8]:
    """Grey of every possible stored value.

    Parameters
    ----------
    rendering
        How the film's header says that values become grey.
    dtype
        Integer type of the stored values, 8 or 16 bits.
    voi
        Window in modality values or VOI lookup table.

    Returns
    -------
    table
        Shape (256,) or (65536,); entry i is the grey of the stored value whose unsigned bits are i.
        Padding is black whatever the polarity.
    """
    bits = 8 * dtype.itemsize
    stored = np.arange(1 << bits, dtype=f"u{dtype.itemsize}").view(dtype)
    modality = to_modality(rendering, stored)
    fraction = white_fraction(voi, modality)
    if rendering.inverted:
        fraction = 1.0 - fraction
    table = np.floor(fraction * 255.0 + 0.5).astype(np.uint8)
    if rendering.padding is not None:
        low, high = rendering.padding
        table[(stored >= low) & (stored <= high)] = 0
    return table


def apply_table(pixels: NDArray[Any], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Look up every pixel in a table made by `grey_table`."""
    import cv2

    unsigned = pixels.view(f"u{pixels.dtype.itemsize}")
    if unsigned.dtype == np.uint16:
        try:
            return np.asarray(cv2.LUT(unsigned, table), np.uint8)
        except cv2.error:
            return table.take(unsigned)
    return np.asarray(cv2.LUT(unsigned, table), np.uint8)


def white_fraction(voi: Voi, modality: NDArray[np.float32]) -> NDArray[np.float64]:
    """Fraction of white, 0 to 1, of modality values under a window or table, before polarity."""
    return _by_table(voi, modality) if isinstance(voi, LookupTable) else window(voi, modality)


def window(voi: VoiWindow, values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Fraction of white, 0 to 1, of modality values under a window (PS3.3 C.11.2.1.2).

    Raises
    ------
    UsageError
        If the window has no possible width.
    """
    x = values.astype(np.float64)
    if not voi.width > 0 or (voi.function == "LINEAR" and voi.width < 1):
        raise UsageError("window_shows_nothing", width=float(voi.width))
    if voi.function == "SIGMOID":
        return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (x - voi.center) / voi.width, -700, 700)))
    if voi.function == "LINEAR_EXACT":
        return np.clip((x - voi.center) / voi.width + 0.5, 0.0, 1.0)
    center, width = voi.center - 0.5, voi.width - 1.0
    if width == 0:
        return (x > center).astype(np.float64)
    return np.clip((x - center) / width + 0.5, 0.0, 1.0)


def _by_table(table: LookupTable, values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Fraction of white under a VOI LUT; one that uses a fraction of its bits is stretched."""
    top = (1 << table.bits) - 1
    highest = int(table.values.max())
    if highest > top or highest < top / 4:
        top = max(highest, 1)
    return _look_up(table, values).astype(np.float64) / top


def _look_up(table: LookupTable, values: NDArray[Any]) -> NDArray[Any]:
    """Entries of a table; what lies outside takes the first or last."""
    index = np.rint(values).astype(np.int64) - table.first_mapped
    entries: NDArray[Any] = table.values[np.clip(index, 0, len(table.values) - 1)]
    return entries


def presets(film: Film) -> tuple[Preset, ...]:
    """Ways to show a film: those of its header, then the automatic window."""
    rendering = film.rendering
    tables = tuple(
        Preset(table.explanation or f"table {number}", table)
        for number, table in enumerate(rendering.voi_luts, 1)
    )
    windows = tuple(
        Preset(entry.explanation or f"window {number}", entry)
        for number, entry in enumerate(rendering.windows, 1)
    )
    return (*tables, *windows, Preset(AUTOMATIC, automatic_window(film)))


def default_voi(film: Film) -> Voi:
    """How a film is shown first, everywhere: on the page, in overlays, thumbnails and reports.

    The first lookup table or window of the header that spreads the film over the greys: one that
    shows nearly all of it black, white or in one grey is passed over. Else an automatic window.
    """
    rendering = film.rendering
    sample = _sample(film.pixels).ravel()
    if rendering.padding is not None:
        low, high = rendering.padding
        image = sample[(sample < low) | (sample > high)]
        sample = image if image.size else sample
    own: tuple[Voi, ...] = (*rendering.voi_luts, *rendering.windows)
    for voi in own:
        if _spreads(grey_table(rendering, film.pixels.dtype, voi), sample):
            return voi
    return automatic_window(film)


def _spreads(table: NDArray[np.uint8], sample: NDArray[Any]) -> bool:
    """True if a film is neither nearly black and white nor nearly of one grey."""
    shown = table[sample.view(f"u{sample.dtype.itemsize}")]
    low, high = np.percentile(shown, (1, 99))
    return bool(high - low >= _LEAST_SPREAD and np.mean((shown > 0) & (shown < 255)) > 0.02)


def automatic_window(
    film: Film, region: tuple[float, float, float, float] | None = None
) -> VoiWindow:
    """A window that shows the film, or a region of it, with good contrast.

    From the 1st to the 99.5th percentile of the modality values, padding left out.

    Parameters
    ----------
    film
        A film.
    region
        (x, y, width, height) in pixels; the whole film if None. What lies outside the film is left
        out.
    """
    values = _sample(_region(film.pixels, region)).ravel()
    if film.rendering.padding is not None:
        first, last = film.rendering.padding
        values = values[(values < first) | (values > last)]
    if values.size == 0:
        values = _sample(film.pixels).ravel()
    modality = to_modality(film.rendering, values)
    low, high = (float(v) for v in np.percentile(modality, (_LOW_PERCENT, _HIGH_PERCENT)))
    step = smallest_step(film.rendering)
    if high - low < step:
        low = float(modality.min())
        high = max(float(modality.max()), low + step)
    return VoiWindow(
        center=(low + high) / 2,
        width=high - low,
        function="LINEAR_EXACT",
        explanation=AUTOMATIC,
    )


def smallest_step(rendering: Rendering) -> float:
    """The least difference between two modality values that a window should part."""
    return 1.0 if rendering.modality_lut is not None else min(1.0, abs(rendering.slope))


def _region(pixels: NDArray[Any], region: tuple[float, float, float, float] | None) -> NDArray[Any]:
    if region is None:
        return pixels
    rows, columns = pixels.shape
    x, y, width, height = region
    left, top = (int(min(max(v, 0), end - 1)) for v, end in ((x, columns), (y, rows)))
    right, bottom = (int(np.ceil(v)) for v in (min(x + width, columns), min(y + height, rows)))
    return pixels[top : max(bottom, top + 1), left : max(right, left + 1)]


def _sample(pixels: NDArray[Any]) -> NDArray[Any]:
    """Every n-th pixel of every n-th row: enough of them for percentiles."""
    step = max(1, int(np.sqrt(pixels.size / _SAMPLES)))
    return np.ascontiguousarray(pixels[::step, ::step])
