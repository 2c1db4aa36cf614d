"""What lies over the anatomy on a film: collimator, side marker, burned-in text, compression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kyphometer.phantom.beam import Window
from kyphometer.phantom.conditions import Condition
from kyphometer.phantom.streams import between

Array = NDArray[Any]

_LEAKAGE = 0.004
_PENUMBRA_MM = 0.8
_LEAD = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Dressing:
    """Choices for one film.

    Attributes
    ----------
    field_px
        Part of the film inside the collimator: left, top, right, bottom in pixels.
    collimated
        Whether the collimator is seen.
    black_border
        Whether the film is black outside the collimator.
    marker
        Letter of the lead marker, or empty.
    texts
        Burned-in texts with position in parts of the film and height in mm.
    lines
        Burned-in lines, ends in parts of the film.
    jpeg_quality
        Quality of an earlier lossy compression, or None.
    """

    field_px: tuple[float, float, float, float]
    collimated: bool = False
    marker: str = ""
    marker_at: tuple[float, float] = (0.1, 0.1)
    black_border: bool = False
    texts: tuple[tuple[str, float, float, float], ...] = ()
    lines: tuple[tuple[float, float, float, float], ...] = ()
    jpeg_quality: int | None = None


def draw_dressing(condition: Condition, window: Window, rng: np.random.Generator) -> Dressing:
    """Choices as the condition has them."""
    collimated = bool(rng.random() < condition.collimated)
    inset = rng.uniform(0.01, 0.07, 4) if collimated else np.zeros(4)
    size = np.array([window.columns, window.rows, window.columns, window.rows])
    field = np.where([1, 1, 0, 0], inset, 1 - inset) * size
    annotated = rng.random() < condition.annotated
    words = ("STANDING", "L LAT", "kV 85", "RX 2", "SUPINE", "13:42", "POST OP", "L", "R", "+")
    texts = tuple(
        (words[int(k)], between(rng, 0, 0.8), between(rng, 0.03, 0.99), between(rng, 3, 9))
        for k in (rng.integers(0, len(words), int(rng.integers(1, 5))) if annotated else ())
    )
    lines = tuple(
        tuple(rng.uniform(0, 1, 4).tolist())
        for _ in range(int(rng.integers(0, 3)) if annotated else 0)
    )
    lossy = rng.random() < condition.jpeg
    return Dressing(
        field_px=tuple(field.tolist()),
        collimated=collimated,
        black_border=bool(rng.random() < 0.4),
        marker="LR"[int(rng.integers(2))] if rng.random() < condition.marker else "",
        marker_at=(between(rng, 0.06, 0.9), between(rng, 0.04, 0.3)),
        texts=texts,
        lines=lines,
        jpeg_quality=int(rng.integers(35, 95)) if lossy else None,
    )


def shutter(dressing: Dressing, window: Window) -> Array | None:
    """Transmission of the collimator, shape `window.shape`; None when it is open."""
    if not dressing.collimated:
        return None
    left, top, right, bottom = dressing.field_px
    soft = _PENUMBRA_MM / window.pitch_mm

    def edge(low: float, high: float, count: int) -> Array:
        at = np.arange(count) + 0.5
        inside = np.clip((at - low) / soft + 0.5, 0, 1) * np.clip((high - at) / soft + 0.5, 0, 1)
        return np.asarray(inside, np.float32)

    open_part = edge(top, bottom, window.rows)[:, None] * edge(left, right, window.columns)[None]
    return np.float32(_LEAKAGE) + np.float32(1 - _LEAKAGE) * open_part


def add_marker(attenuation: Array, dressing: Dressing, window: Window) -> None:
    """Lay a lead letter onto the detector, in place."""
    if not dressing.marker:
        return
    height = 11.0 / window.pitch_mm
    at = (
        int(dressing.marker_at[0] * window.columns),
        int(dressing.marker_at[1] * window.rows + height),
    )
    letter = np.zeros(window.shape, np.uint8)
    thick = max(1, round(1.6 / window.pitch_mm))
    cv2.putText(
        letter, dressing.marker, at, cv2.FONT_HERSHEY_SIMPLEX, height / 22, 255, thick, cv2.LINE_AA
    )
    attenuation += letter.astype(np.float32) * np.float32(_LEAD / 255)


def black_out(pixels: NDArray[np.uint16], dressing: Dressing) -> None:
    """Set everything outside the collimator to black, as vendors' shutters do, in place."""
    if not (dressing.collimated and dressing.black_border):
        return
    rows, columns = pixels.shape
    left, top, right, bottom = dressing.field_px
    pixels[: max(0, int(top)), :] = 0
    pixels[min(rows, int(bottom) + 1) :, :] = 0
    pixels[:, : max(0, int(left))] = 0
    pixels[:, min(columns, int(right) + 1) :] = 0


def burn_in(pixels: NDArray[np.uint16], dressing: Dressing, pitch_mm: float) -> None:
    """Write text and lines into stored values, in place."""
    if not (dressing.texts or dressing.lines):
        return
    rows, columns = pixels.shape
    ink = np.zeros((rows, columns), np.uint8)
    for text, x, y, height_mm in dressing.texts:
        scale = height_mm / pitch_mm / 22
        thick = max(1, round(scale * 2))
        at = (int(x * columns), int(y * rows))
        cv2.putText(ink, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thick)
    for x0, y0, x1, y1 in dressing.lines:
        ends = ((int(x0 * columns), int(y0 * rows)), (int(x1 * columns), int(y1 * rows)))
        cv2.line(ink, *ends, 255, max(1, round(0.3 / pitch_mm)))
    pixels[ink > 127] = 4095


def compress(pixels: NDArray[np.uint16], quality: int) -> NDArray[np.uint16]:
    """Stored values after an 8-bit JPEG of that quality."""
    _, coded = cv2.imencode(
        ".jpg", (pixels >> 4).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    decoded: Array = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE))
    return (decoded.astype(np.uint16) << 4).astype(np.uint16)
