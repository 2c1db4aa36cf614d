"""A film on paper: angles, picture, heights and remarks, as PDF and as Encapsulated PDF."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from kyphometer import __version__
from kyphometer.interop.objects.identity import clock, day, film_item, identify
from kyphometer.interop.objects.source import Kind, Source
from kyphometer.measure import Measurement
from kyphometer.measure.printing import half_width_text, value_text
from kyphometer.reports.document import Block, Bullets, Column, Document, Figure, Heading, Table

TITLE = "Kyphosis measurements"
_COLUMNS = (
    Column(name="measurement", label="Measurement"),
    Column(name="value", label="Value"),
    Column(name="interval_95", label="95 % interval"),
    Column(name="note", label="Remark", optional=True),
)


def page(source: Source) -> Dataset:
    """The page as Encapsulated PDF Storage."""
    dataset = Dataset()
    dataset.SOPClassUID = EncapsulatedPDFStorage
    identify(dataset, source, Kind.PDF, "DOC")
    dataset.ConversionType = "WSD"
    dataset.ContentDate, dataset.ContentTime = day(source.made), clock(source.made)
    exposed = source.film.acquisition.exposed_at
    dataset.AcquisitionDateTime = "" if exposed is None else exposed.strftime("%Y%m%d%H%M%S")
    dataset.BurnedInAnnotation = "YES"
    dataset.SourceInstanceSequence = [_instance(source)]
    dataset.DocumentTitle = TITLE
    dataset.ConceptNameCodeSequence = []
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    data = page_pdf(source)
    dataset.EncapsulatedDocumentLength = len(data)
    dataset.EncapsulatedDocument = data + b"\0" * (len(data) % 2)
    return dataset


def _instance(source: Source) -> Dataset:
    item = film_item(source)
    if "ReferencedFrameNumber" in item:
        del item.ReferencedFrameNumber
    return item


def page_pdf(source: Source) -> bytes:
    """The page as PDF."""
    from kyphometer.reports.pdf import write_pdf

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.pdf"
        write_pdf(_document(source), path)
        return path.read_bytes()


def _document(source: Source) -> Document:
    acquisition, reading = source.film.acquisition, source.reading
    exposed = acquisition.exposed_at
    names = [acquisition.patient_name, acquisition.patient_id]
    fractured = ", ".join(map(str, reading.fractured_levels)) or "none named"
    facts = (
        ("Film", " · ".join(filter(None, (
            "" if exposed is None else f"{exposed:%Y-%m-%d %H:%M}",
            source.visit,
            str(acquisition.position).replace("_", " "),
        )))),
        ("Read by", f"{reading.observer or 'not named'}, {source.made:%Y-%m-%d %H:%M}"),
        ("Version", f"{source.version}" + (f" ({source.reason})" if source.reason else "")),
        ("Fractured", fractured),
        ("Software", f"kyphometer {__version__}"),
    )  # fmt: skip
    return Document(
        title=TITLE,
        subtitle=" · ".join(name for name in names if name),
        facts=facts,
        blocks=tuple(_blocks(source)),
    )


def _blocks(source: Source) -> Iterator[Block]:
    measured = source.measured
    shown = [item for item in measured.measurements if item.unit == "deg"]
    yield _table("angles", "Angles, kyphosis positive", shown)
    yield Figure(
        key="overlay",
        title="Marked endplates and angles.",
        png=source.overlay_png,
        alternative="The film with marked endplates and angles",
        width=0.75,
    )
    others = [item for item in measured.measurements if item.unit in {"mm", "%"}]
    if others:
        yield _table("shape", "Heights, compression and slip", others)
    remarks = (*(item.reason for item in measured.refused), *measured.warnings)
    if remarks or source.film.warnings:
        yield Heading(text="Remarks")
        yield Bullets(items=tuple(dict.fromkeys((*remarks, *source.film.warnings))))


def _table(key: str, title: str, items: list[Measurement]) -> Table:
    rows = tuple(
        (
            item.label,
            value_text(item.value, item.unit),
            half_width_text(item.interval_95, item.unit),
            item.note,
        )
        for item in items
    )
    return Table(key=key, title=title, columns=_COLUMNS, rows=rows)
