"""Marks and angles as a presentation state, which a viewer lays over the untouched film."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import highdicom as hd
import numpy as np
from highdicom import pr
from pydicom.dataset import Dataset

from kyphometer import __version__
from kyphometer.dicom import automatic_window, default_voi
from kyphometer.film import LookupTable, VoiWindow
from kyphometer.geometry import Point
from kyphometer.interop.objects.identity import (
    MANUFACTURER,
    clock,
    day,
    film_evidence,
    film_item,
    fitted,
    identify,
    person,
)
from kyphometer.interop.objects.source import Kind, Source
from kyphometer.measure import Measurement
from kyphometer.measure.printing import value_text

MARKS, ANGLES = "ENDPLATES", "ANGLES"


def presentation_state(source: Source) -> Dataset:
    """Endplates, angles and their values as Grayscale Softcopy Presentation State."""
    layers = [
        pr.GraphicLayer(MARKS, 1, "Marked endplates"),
        pr.GraphicLayer(ANGLES, 2, "Angles and their values"),
    ]
    film = _film(source)
    state = pr.GrayscaleSoftcopyPresentationState(
        referenced_images=[film],
        series_instance_uid=source.series_uid(Kind.GSPS),
        series_number=Kind.GSPS.series_number,
        sop_instance_uid=source.object_uid(Kind.GSPS),
        instance_number=source.version,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=__version__,
        device_serial_number="1",
        content_label="KYPHOSIS",
        content_description="Marked endplates and angles",
        content_creator_name=person(source.reading.observer) or None,
        graphic_layers=layers,
        graphic_annotations=_annotations(source, film, layers),
        modality_lut_transformation=_modality(source),
        voi_lut_transformations=[_voi(source)],
        presentation_lut_transformation=hd.PresentationLUTTransformation(
            presentation_lut_shape="INVERSE" if source.film.rendering.inverted else "IDENTITY"
        ),
    )
    state.PresentationCreationDate = day(source.made)
    state.PresentationCreationTime = clock(source.made)
    state.Laterality = ""
    _show_pixels_as_they_are(state, source)
    _name_frame(state, source)
    return identify(state, source, Kind.GSPS, "PR")


def _film(source: Source) -> Dataset:
    """The film with what a presentation state asks of its pixels."""
    film = film_evidence(source)
    film.SamplesPerPixel = 1
    film.Rows, film.Columns = source.film.shape
    if source.film.header.frames > 1:
        film.NumberOfFrames = source.film.header.frames
    return film


def _name_frame(state: Dataset, source: Source) -> None:
    """Say which frame it is about, wherever the film is named."""
    if source.frames is None:
        return
    series = state.ReferencedSeriesSequence[0]
    series.ReferencedImageSequence = [film_item(source)]


def _show_pixels_as_they_are(state: Dataset, source: Source) -> None:
    """State the size or the shape of a pixel, so that nothing is stretched."""
    area = state.DisplayedAreaSelectionSequence[0]
    geometry = source.film.geometry
    if geometry.row_mm is not None and geometry.column_mm is not None:
        del area.PresentationPixelAspectRatio
        area.PresentationPixelSpacing = [f"{geometry.row_mm:.10g}", f"{geometry.column_mm:.10g}"]
    elif not geometry.is_square:
        area.PresentationPixelAspectRatio = [round(1000 * geometry.aspect), 1000]


def _modality(source: Source) -> hd.ModalityLUTTransformation:
    rendering = source.film.rendering
    if rendering.modality_lut is not None:
        table = rendering.modality_lut
        kind = hd.RescaleTypeValues.US
        lut = hd.ModalityLUT(
            kind, table.first_mapped, _table(table), fitted(table.explanation) or None
        )
        return hd.ModalityLUTTransformation(modality_lut=lut)
    return hd.ModalityLUTTransformation(
        rescale_intercept=rendering.intercept, rescale_slope=rendering.slope, rescale_type="US"
    )


def _voi(source: Source) -> pr.SoftcopyVOILUTTransformation:
    """The film as it is shown here first."""
    voi = default_voi(source.film)
    if isinstance(voi, LookupTable):
        lut = hd.VOILUT(voi.first_mapped, _table(voi), fitted(voi.explanation) or None)
        return pr.SoftcopyVOILUTTransformation(voi_luts=[lut])
    if not isinstance(voi, VoiWindow):
        voi = automatic_window(source.film)
    function = voi.function if voi.function in {"LINEAR_EXACT", "SIGMOID"} else None
    return pr.SoftcopyVOILUTTransformation(
        window_center=round(voi.center, 4),
        window_width=round(voi.width, 4),
        voi_lut_function=function,
    )


def _table(table: LookupTable) -> Any:
    return np.asarray(table.values, dtype=np.uint8 if table.bits <= 8 else np.uint16)


# ------------------------------------------------------------------------------------ drawing


def _annotations(
    source: Source, film: Dataset, layers: list[pr.GraphicLayer]
) -> list[pr.GraphicAnnotation]:
    frame = None if source.frames is None else source.frames[0]
    marks, names = [], []
    for level, side, plate in source.reading.endplates():
        ends = [plate.posterior.xy, plate.anterior.xy]
        marks.append(_line(source, ends, f"{level} {side}"))
    for level, body in source.reading.vertebrae.items():
        first = next(iter(body.endplates.values()))
        names.append(_text(str(level), first.posterior.xy))
    angles = [item for item in source.measured.measurements if item.code in {"VKA", "RKA"}]
    lines = [_line(source, line, item.label) for item in angles for line in item.lines]
    values = [_text(_shown(item), item.lines[1][1]) for item in angles]
    return [
        pr.GraphicAnnotation([film], layer, frame, None, drawn or None, written or None)
        for layer, drawn, written in zip(layers, (marks, lines), (names, values), strict=True)
        if drawn or written
    ]


def _shown(item: Measurement) -> str:
    return f"{item.label}: {value_text(item.value, item.unit)}"


def _line(source: Source, ends: Iterable[Point], name: str) -> pr.GraphicObject:
    return pr.GraphicObject(
        "POLYLINE",
        np.array(list(ends), float),
        "PIXEL",
        tracking_id=name,
        tracking_uid=source.tracking_uid(name),
    )


def _text(words: str, at: Point) -> pr.TextObject:
    return pr.TextObject(words, "PIXEL", anchor_point=(at.x, at.y), anchor_point_visible=False)
