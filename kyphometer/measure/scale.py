"""The size of a pixel by an object of known size, and its uncertainty in every length."""

from __future__ import annotations

import math
from dataclasses import replace

from kyphometer.geometry import PixelGeometry, SpacingSource
from kyphometer.measure.model import Measurement
from kyphometer.reading.scale import KnownSize


def scaled(geometry: PixelGeometry, known: KnownSize | None) -> PixelGeometry:
    """The geometry with pixels of the size that an object of known size gives them.

    The shape of a pixel stays what the film says. Without an object nothing changes.
    """
    if known is None:
        return geometry
    (ax, ay), (bx, by) = known.ends
    widths = math.hypot(bx - ax, (by - ay) * geometry.aspect)
    column_mm = known.known_mm / widths
    return replace(
        geometry,
        column_mm=column_mm,
        row_mm=column_mm * geometry.aspect,
        source=SpacingSource.KNOWN_SIZE,
        in_patient=True,
    )


def with_scale(item: Measurement, known: KnownSize | None) -> Measurement:
    """A measurement whose uncertainty holds that of the scale, if it is in millimetres.

    To first order, a length L whose scale has the relative standard uncertainty r has r L more,
    in quadrature; ratios and angles have none of it.
    """
    if known is None or item.unit != "mm" or item.standard_uncertainty is None:
        return item
    whole = math.hypot(item.standard_uncertainty, item.value * known.relative_sd)
    return replace(item, standard_uncertainty=whole)
