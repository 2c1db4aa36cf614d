"""The page of one film: its picture with the marks, angles with their uncertainty, the visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kyphometer.measure import Measurement, MeasurementSet
from kyphometer.measure.printing import half_width_text, value_text
from kyphometer.measure.words import measured_label, measured_name
from kyphometer.messages import decimal_mark, language
from kyphometer.plots.drawing import Drawing, drawn
from kyphometer.plots.export import figure_png
from kyphometer.plots.overlay import plot_overlay
from kyphometer.reading import MarkSource, Reading
from kyphometer.reports.decimals import table_with_decimals
from kyphometer.reports.document import (
    Block,
    Column,
    Document,
    Figure,
    PageBreak,
    Paragraph,
    Table,
)
from kyphometer.reports.film_page_words import say
from kyphometer.stats.formatting import minus

COLUMNS = {"label": "page.measurement", "value": "page.value", "half_width": "page.half_width"}
"""Columns of a table of measurements, and what stands over them."""
MOST_ON_FIRST_PAGE = 5
PICTURE_PX = 720
PICTURE_DPI = 220
PICTURE_HEIGHT, PICTURE_HEIGHT_WITH_VISITS = 0.78, 0.6
"""Height of the picture as a share of the width of the page; the visits stay on its page."""
WANTED = ("VKA", "RKA")
"""Angles whose absence the page explains."""
PAGE_DPI = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmPage:
    """What is known of a film and its reading.

    Attributes
    ----------
    title
        Patient, or the code, and visit.
    film, read, made
        Sentences: which film and when; who read it, which version and how; with what and when this
        page was made.
    confirmed
        False if the marks are a draft.
    grey, aspect
        The film as it is to be seen, and height by width of a pixel.
    reading, measured
        The marks and the numbers.
    visits
        Table of the patient's visits, or None.
    """

    title: str
    film: str
    read: str
    made: str
    confirmed: bool
    grey: NDArray[np.uint8]
    aspect: float
    reading: Reading
    measured: MeasurementSet
    visits: Table | None = None


def film_page(page: FilmPage) -> Document:
    """The page, in the language of the task; further measurements follow on pages of their own."""
    found = page.measured.measurements
    angles = [item for item in found if item.unit == "deg"]
    first, rest = angles[:MOST_ON_FIRST_PAGE], angles[MOST_ON_FIRST_PAGE:]
    others = [*rest, *(item for item in found if item.unit != "deg")]
    blocks: list[Block] = []
    if not page.confirmed:
        blocks.append(Paragraph(text=say("page.draft"), emphasis=True))
    blocks += [Paragraph(text=warning) for warning in page.measured.warnings]
    blocks.append(_picture(page))
    blocks.append(_table("angles", say("page.angles"), first, say("page.note")))
    refused = page.measured.refused
    blocks += [Paragraph(text=item.reason) for item in refused if item.code in WANTED]
    if page.reading.comment:
        blocks.append(Paragraph(text=say("page.comment", comment=page.reading.comment)))
    if page.visits is not None:
        blocks.append(table_with_decimals(page.visits, decimal_mark()))
    if others:
        blocks += [PageBreak(), _table("measurements", say("page.others"), others)]
    heads = {"page.film": page.film, "page.reading": page.read, "page.made": page.made}
    return Document(
        title=page.title,
        facts=tuple((say(key), text) for key, text in heads.items()),
        blocks=tuple(blocks),
        language=language(),
    )


def _picture(page: FilmPage) -> Figure:
    rows, columns = page.grey.shape
    figure = plot_overlay(
        page.grey,
        page.reading,
        page.measured,
        aspect=page.aspect,
        panel=False,
        height_px=PICTURE_PX,
    )
    height = PICTURE_HEIGHT if page.visits is None else PICTURE_HEIGHT_WITH_VISITS
    with drawn(Drawing(decimal=decimal_mark())):
        png = figure_png(figure, dpi=PICTURE_DPI)
    return Figure(
        key="film",
        title=say("page.picture", marks=marks_in_words(page.reading)),
        png=png,
        alternative=say("page.picture_alternative"),
        width=min(1.0, height * columns / (rows * page.aspect)),
    )


def marks_in_words(reading: Reading) -> str:
    """How many marks were set by hand and how many by help from the image."""
    sources = [
        mark.source
        for vertebra in reading.vertebrae.values()
        for plate in vertebra.endplates.values()
        for mark in plate.landmarks.values()
    ]
    by_hand = sum(source is MarkSource.HAND for source in sources)
    truth = sum(source is MarkSource.TRUTH for source in sources)
    parts = {"page.by_hand": by_hand, "page.from_truth": truth}
    parts["page.by_image"] = len(sources) - by_hand - truth
    told = [say(key, count=count) for key, count in parts.items() if count]
    return ", ".join(told) or say("page.no_marks")


def page_file(page: FilmPage, kind: Literal["pdf", "png"]) -> bytes:
    """The page as PDF, or its first page as PNG."""
    from kyphometer.reports.pdf import write_pdf

    made = BytesIO()
    write_pdf(film_page(page), made)
    return made.getvalue() if kind == "pdf" else _first_page(made.getvalue())


def _first_page(pdf: bytes) -> bytes:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        picture = document[0].render(scale=PAGE_DPI / 72).to_pil()
    finally:
        document.close()
    made = BytesIO()
    picture.save(made, "PNG", optimize=False)
    return made.getvalue()


def _table(key: str, title: str, items: Sequence[Measurement], note: str = "") -> Table:
    rows = [
        {
            "label": measured_label(item),
            "value": minus(value_text(item.value, item.unit)),
            "half_width": half_width_text(item.interval_95, item.unit),
        }
        for item in items
    ]
    columns = tuple(Column(name=name, label=say(words)) for name, words in COLUMNS.items())
    table = Table.from_records(key, title, columns, rows, note or _definitions(items))
    return table_with_decimals(table, decimal_mark())


def _definitions(items: Sequence[Measurement]) -> str:
    """What the codes of a table mean, each once."""
    found = {item.code: measured_name(item) for item in items}
    return " ".join(f"{code}: {words}." for code, words in found.items() if words)
