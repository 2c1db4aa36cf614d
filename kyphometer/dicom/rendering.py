"""How a header says that stored values become grey levels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kyphometer.dicom.elements import Elements
from kyphometer.dicom.layout import PixelLayout
from kyphometer.dicom.palette import palette_bits
from kyphometer.film import LookupTable, Rendering, VoiWindow

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def read_rendering(elements: Elements, layout: PixelLayout) -> Rendering:
    """Modality transform, VOI transforms, polarity and padding of a header.

    What is damaged is left out with a sentence in `elements.problems`.
    """
    slope, intercept = rescale(elements)
    if layout.floating:
        return _of_window(elements, layout)
    if layout.photometric == "PALETTE COLOR":
        return Rendering(bits_stored=palette_bits(elements), windows=_windows(elements, 1.0))
    modality = tuple(
        table
        for item in elements.items("ModalityLUTSequence")[:1]
        if (table := _table(item, signed=layout.signed)) is not None
    )
    voi_signed = layout.signed if not modality else False
    return Rendering(
        inverted=layout.photometric == "MONOCHROME1"
        or elements.code("PresentationLUTShape") == "INVERSE",
        slope=slope,
        intercept=intercept,
        modality_lut=modality[0] if modality else None,
        windows=_windows(elements, 1.0 if modality else abs(slope)),
        voi_luts=tuple(
            table
            for item in elements.items("VOILUTSequence")
            if (table := _table(item, signed=voi_signed or intercept < 0)) is not None
        ),
        bits_stored=min(layout.bits_stored, 16),
        signed=layout.signed,
        padding=_padding(elements, layout),
    )


def _of_window(elements: Elements, layout: PixelLayout) -> Rendering:
    """Rendering of floating values, which are kept as 16 bits spread over the stated window."""
    windows = _windows(elements, 0.0)
    low, width = (windows[0].center - windows[0].width / 2, windows[0].width) if windows else (0, 1)
    return Rendering(
        inverted=layout.photometric == "MONOCHROME1"
        or elements.code("PresentationLUTShape") == "INVERSE",
        slope=width / 65535,
        intercept=low,
        windows=windows,
    )


def rescale(elements: Elements) -> tuple[float, float]:
    """Slope and intercept of the header, 1 and 0 where it states none."""
    slope = elements.number("RescaleSlope")
    intercept = elements.number("RescaleIntercept")
    if slope == 0:
        elements.problems.append("RescaleSlope is 0, which would blank the film; 1 was taken.")
        slope = None
    return (1.0 if slope is None else slope, 0.0 if intercept is None else intercept)


def _windows(elements: Elements, slope: float) -> tuple[VoiWindow, ...]:
    """Windows of the header; those of a film whose values are fractions are taken exactly.

    LINEAR takes half a value off the centre and one off the width, which is meant for whole
    numbers: where neighbouring stored values are `slope` < 1/8 apart, it would shift or swallow
    the window.
    """
    centers = elements.numbers("WindowCenter")
    widths = elements.numbers("WindowWidth")
    names = elements.texts("WindowCenterWidthExplanation")
    function = elements.code("VOILUTFunction") or "LINEAR"
    if function not in _FUNCTIONS:
        elements.problems.append(f"The VOI LUT function '{function}' is unknown; LINEAR was taken.")
        function = "LINEAR"
    if function == "LINEAR" and slope < 0.125:
        function = "LINEAR_EXACT"
    smallest = 1.0 if function == "LINEAR" else np.finfo(float).tiny
    found = tuple(
        VoiWindow(
            center=center,
            width=width,
            function=function,
            explanation=names[index] if index < len(names) else "",
        )
        for index, (center, width) in enumerate(zip(centers, widths, strict=False))
        if width >= smallest
    )
    if len(found) < max(len(centers), len(widths)):
        elements.problems.append("A window in the header has no possible width and was left out.")
    return found


def _table(item: Elements, *, signed: bool) -> LookupTable | None:
    """A lookup table (PS3.3 C.11.1, C.11.2), None with a sentence if it is damaged."""
    descriptor = item.integers("LUTDescriptor")
    count, first, bits = descriptor if len(descriptor) == 3 else (0, 0, 0)
    first, bits = first & 0xFFFF, bits & 0xFFFF
    values = _entries(item, count & 0xFFFF or 1 << 16)
    if values is None or not 1 <= bits <= 16:
        item.problems.append("A lookup table in the header is damaged and was left out.")
        return None
    return LookupTable(
        values=values,
        first_mapped=first - (1 << 16) if signed and first >= 1 << 15 else first,
        bits=bits,
        explanation=item.text("LUTExplanation") or "",
    )


def _entries(item: Elements, count: int) -> NDArray[Any] | None:
    """Entries of a table as unsigned integers, None if the data are too short."""
    data = item.blob("LUTData")
    if len(data) >= 2 * count:
        order = "<u2" if item.encoding.little else ">u2"
        return np.frombuffer(data, order, count).astype(np.uint16)
    if count <= len(data) <= count + 1:
        return np.frombuffer(data, np.uint8, count)
    return None


def _padding(elements: Elements, layout: PixelLayout) -> tuple[int, int] | None:
    value = elements.integers("PixelPaddingValue", signed=layout.signed)
    limit = elements.integers("PixelPaddingRangeLimit", signed=layout.signed)
    if not value:
        return None
    ends = (value[0], limit[0] if limit else value[0])
    return (min(ends), max(ends))
