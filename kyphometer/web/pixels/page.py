"""The page of a reading, for paper and for the record: film, marks, numbers, visits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kyphometer.errors import KyphometerError
from kyphometer.geometry import Facing, PixelGeometry
from kyphometer.messages import LANGUAGES, speaking
from kyphometer.reports.document import Table
from kyphometer.web.pixels.decode_job import Refusal, decoded, refusal
from kyphometer.web.pixels.film_source import FilmSource

PageKind = Literal["pdf", "png"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOrder:
    """What is to be printed.

    Attributes
    ----------
    kind
        As which file; a PNG shows the first page.
    source
        Which film.
    document_json
        The reading, as JSON.
    confirmed
        False if it is a draft.
    title, film, read, made
        What stands at the head; see `reports.film_page.FilmPage`.
    geometry, header_facing, corner_sd_mm
        What the numbers are computed with.
    visits
        The patient's visits, or None.
    language
        Of the words on the page.
    """

    kind: PageKind
    source: FilmSource
    document_json: str
    confirmed: bool
    title: str
    film: str
    read: str
    made: str
    geometry: PixelGeometry
    header_facing: Facing | None
    corner_sd_mm: float
    visits: Table | None
    language: str = LANGUAGES[0]


def page(order: PageOrder) -> bytes | Refusal:
    """The page as a file; runs in the decoding process, where it may take its time."""
    with speaking(order.language):
        return _made(order)


def _made(order: PageOrder) -> bytes | Refusal:
    from kyphometer.dicom.display import to_grey
    from kyphometer.measure import measure_reading
    from kyphometer.reading.document import reading_from_json
    from kyphometer.reports.film_page import FilmPage, page_file

    try:
        reading = reading_from_json(order.document_json)
        measured = measure_reading(
            reading,
            order.geometry,
            corner_sd_mm=order.corner_sd_mm,
            header_facing=order.header_facing,
            strict=False,
        )
        printed = FilmPage(
            title=order.title,
            film=order.film,
            read=order.read,
            made=order.made,
            confirmed=order.confirmed,
            grey=to_grey(decoded(order.source)),
            aspect=order.geometry.aspect,
            reading=reading,
            measured=measured,
            visits=order.visits,
        )
        return page_file(printed, order.kind)
    except (KyphometerError, OSError, MemoryError) as error:
        return refusal(error)
