"""The picture of a confirmed reading: film, marks, angles and their table, as PNG."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from kyphometer.errors import KyphometerError
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.web.pixels.decode_job import Refusal, decoded, refusal
from kyphometer.web.pixels.film_source import FilmSource


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureOrder:
    """What is to be drawn.

    Attributes
    ----------
    source
        Which film.
    document_json
        The reading, as JSON.
    title
        Lines above the table.
    geometry, header_facing, corner_sd_mm
        What the numbers are computed with.
    """

    source: FilmSource
    document_json: str
    title: tuple[str, ...]
    geometry: PixelGeometry
    header_facing: Facing | None
    corner_sd_mm: float


def picture(order: PictureOrder) -> bytes | Refusal:
    """PNG of the overlay; runs in the decoding process, where matplotlib may take its time."""
    from kyphometer.dicom.display import to_grey
    from kyphometer.measure import measure_reading
    from kyphometer.plots.overlay import plot_overlay
    from kyphometer.reading.document import reading_from_json

    try:
        reading = reading_from_json(order.document_json)
        measured = measure_reading(
            reading,
            order.geometry,
            corner_sd_mm=order.corner_sd_mm,
            header_facing=order.header_facing,
            strict=False,
        )
        film = decoded(order.source)
        figure = plot_overlay(
            to_grey(film), reading, measured, title=order.title, aspect=order.geometry.aspect
        )
    except (KyphometerError, OSError, MemoryError) as error:
        return refusal(error)
    out = BytesIO()
    figure.savefig(out, format="png", dpi=figure.dpi, facecolor=figure.get_facecolor())
    return out.getvalue()
