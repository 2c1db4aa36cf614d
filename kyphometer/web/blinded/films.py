"""How a picture is to be shown to a blinded reader: numbers of its rendering, no words of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from kyphometer.film import Rendering
from kyphometer.geometry import PixelGeometry
from kyphometer.web.blinded.answers import (
    BlindedGeometry,
    BlindedLut,
    BlindedPixels,
    BlindedWindow,
    WindowFunction,
)
from kyphometer.web.pixels.packing import packed_padding, transport_rule

_FUNCTIONS: Mapping[str, WindowFunction] = MappingProxyType(
    {name: name for name in get_args(WindowFunction)}
)


def blinded_geometry(geometry: PixelGeometry) -> BlindedGeometry:
    """Pixel geometry with its source."""
    return BlindedGeometry(
        row_mm=geometry.row_mm,
        column_mm=geometry.column_mm,
        aspect=geometry.aspect,
        source=geometry.source,
        in_patient=geometry.in_patient,
    )


def blinded_pixels(rendering: Rendering) -> BlindedPixels:
    """How the transported values become modality values and grey levels."""
    rule, padding = transport_rule(rendering), packed_padding(rendering)
    return BlindedPixels(
        slope=rule.slope,
        intercept=rule.intercept,
        bits=rule.bits,
        padding=None if padding is None else list(padding),
        inverted=rendering.inverted,
        windows=[
            BlindedWindow(
                center=window.center,
                width=window.width,
                function=_FUNCTIONS.get(window.function, "LINEAR"),
            )
            for window in rendering.windows
        ],
        luts=[
            BlindedLut(first=table.first_mapped, bits=table.bits, values=[*map(int, table.values)])
            for table in rendering.voi_luts
        ],
    )
