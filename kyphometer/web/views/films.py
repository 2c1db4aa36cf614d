"""What the page is told about a film: facts of its header, how to show its pixels."""

from __future__ import annotations

from typing import Any

from kyphometer.film import Acquisition, FilmHeader, LookupTable, Rendering
from kyphometer.geometry import PixelGeometry
from kyphometer.web.pixels.packing import packed_padding, transport_rule
from kyphometer.web.wire.films import Geometry, Lut, Pixels


def geometry_view(geometry: PixelGeometry) -> Geometry:
    """Pixel geometry with its source."""
    return Geometry(
        row_mm=geometry.row_mm,
        column_mm=geometry.column_mm,
        aspect=geometry.aspect,
        source=geometry.source,
        in_patient=geometry.in_patient,
    )


def pixels_view(rendering: Rendering) -> Pixels:
    """How the transported values become modality values and grey levels."""
    rule, padding = transport_rule(rendering), packed_padding(rendering)
    return Pixels(
        slope=rule.slope,
        intercept=rule.intercept,
        bits=rule.bits,
        padding=None if padding is None else list(padding),
        inverted=rendering.inverted,
        windows=list(rendering.windows),
        luts=[_lut_view(table) for table in rendering.voi_luts],
    )


def _lut_view(table: LookupTable) -> Lut:
    return Lut(
        explanation=table.explanation,
        first=table.first_mapped,
        bits=table.bits,
        values=[int(value) for value in table.values],
    )


def facts_view(header: FilmHeader) -> list[tuple[str, str]]:
    """Header facts for the reader's eye, as pairs of name and value; unknown ones left out."""
    acquisition = header.acquisition
    pairs: list[tuple[str, Any]] = [
        ("view", acquisition.view),
        ("patient_orientation", "\\".join(acquisition.patient_orientation) or None),
        ("body_part", acquisition.body_part),
        ("modality", acquisition.modality),
        ("manufacturer", acquisition.manufacturer),
        ("description", acquisition.description),
        ("source_to_detector_mm", acquisition.source_to_detector_mm),
        ("source_to_patient_mm", acquisition.source_to_patient_mm),
        ("magnification", acquisition.magnification),
        ("bits_stored", header.rendering.bits_stored),
        ("lossy", _yes_no(acquisition.lossy)),
        ("frames", header.frames if header.frames > 1 else None),
    ]
    return [(name, _text(value)) for name, value in pairs if value is not None]


def identity_view(acquisition: Acquisition) -> list[tuple[str, str]]:
    """Who the patient is; left out wherever the reader is blinded."""
    pairs: list[tuple[str, Any]] = [
        ("patient_name", acquisition.patient_name),
        ("patient_id", acquisition.patient_id),
        ("patient_birth_date", acquisition.patient_birth_date),
        ("patient_sex", acquisition.patient_sex),
        ("exposed_at", acquisition.exposed_at),
        ("time_point", acquisition.time_point),
    ]
    return [(name, _text(value)) for name, value in pairs if value is not None]


def _yes_no(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
