"""How a header says that stored values become grey levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kyphometer.film import LookupTable, Rendering, VoiWindow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kyphometer.dicom.elements import Elements
    from kyphometer.dicom.layout import PixelLayout

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def read_rendering(elements: Elements, layout: PixelLayout) -> Rendering:
    """Modality transform, VOI transforms, polarity and padding of a header.

    What is damaged is left out with a sentence in `elements.problems`.
    """
    slope, intercept = _rescale(elements)
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
        windows=_windows(elements),
        voi_luts=tuple(
            table
            for item in elements.items("VOILUTSequence")
            if (table := _table(item, signed=voi_signed or intercept < 0)) is not None
        ),
        bits_stored=layout.bits_stored,
        signed=layout.signed,
        padding=_padding(elements, layout),
    )


def _rescale(elements: Elements) -> tuple[float, float]:
    slope = elements.number("RescaleSlope")
    intercept = elements.number("RescaleIntercept")
    if slope == 0:
        elements.problems.append("RescaleSlope is 0, which would blank the film; 1 was taken.")
        slope = None
    return (1.0 if slope is None else slope, 0.0 if intercept is None else intercept)


def _windows(elements: Elements) -> tuple[VoiWindow, ...]:
    centers = elements.numbers("WindowCenter")
    widths = elements.numbers("WindowWidth")
    names = elements.texts("WindowCenterWidthExplanation")
    function = elements.code("VOILUTFunction") or "LINEAR"
    if function not in _FUNCTIONS:
        elements.problems.append(f"The VOI LUT function '{function}' is unknown; LINEAR was taken.")
        function = "LINEAR"
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
