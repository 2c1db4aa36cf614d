"""Work of a process beside the server: the report of a locked session, or its certificate.

Analysis and drawing take seconds and hold the interpreter; nobody who reads films is to wait.
"""

from __future__ import annotations

import base64
import csv
import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kyphometer import __version__
from kyphometer.errors import KyphometerError
from kyphometer.plots.export import figure_png
from kyphometer.reports.document import (
    Block,
    Bullets,
    Checklist,
    Document,
    Figure,
    Heading,
    Paragraph,
    Table,
    slug,
)
from kyphometer.store.study.study import Study
from kyphometer.web.pixels.decode_job import Refusal, refusal
from kyphometer.web.quality.answers import Report, ReportBlock, ReportColumn
from kyphometer.workflow.adjudication import MOST, disputed_films, draw_disputed
from kyphometer.workflow.reliability import collect_readings, read_truths, session_records


class Kind(StrEnum):
    """What a report is made as."""

    PAGE = "page"
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOrder:
    """A report to be made.

    Attributes
    ----------
    target
        The study.
    session
        Code of a session whose values may be seen.
    codes
        Measurements.
    observer
        Whom a certificate judges; None judges all together.
    key
        Folder of true readings, or None.
    certificate
        True for the certificate instead of the report.
    stamp
        Changes when the readings of the session do.
    """

    target: str
    session: str
    codes: tuple[str, ...]
    observer: str | None = None
    key: Path | None = None
    certificate: bool = False
    stamp: str = ""


def make(order: ReportOrder, kind: Kind) -> Report | bytes | Refusal:
    """The report, in that form."""
    try:
        if kind is Kind.CSV:
            return _export(order)
        document = _document(order)
        return _for_page(document) if kind is Kind.PAGE else _file(document, kind)
    except (KyphometerError, OSError, MemoryError) as error:
        return refusal(error)


@lru_cache(maxsize=4)
def _document(order: ReportOrder) -> Document:
    with Study.open(order.target) as study:
        truth = None if order.key is None else read_truths(study, order.key)
        collected = collect_readings(study, order.codes, session=order.session, truth=truth)
        facts: tuple[tuple[str, str], ...] = (
            ("Session", order.session),
            ("Software", f"kyphometer {__version__}"),
        )
        if order.certificate:
            from kyphometer.reports.certificate import certificate_document
            from kyphometer.sessions.certificate import CertificateLimits, certify
            from kyphometer.workflow.qa import certificate_facts

            limits = CertificateLimits()
            facts = certificate_facts(study, order.session, limits, datetime.now(UTC))
            found = certify(collected.table, limits, observer=order.observer)
            return certificate_document(found, collected.table, facts=facts)
        from kyphometer.reliability import evaluate
        from kyphometer.reports.reliability import reliability_document

        results = evaluate(collected)
        drawn = _disputed(study, results, collected.marked)
        return reliability_document(results, facts=facts, adjudication=drawn)


def _disputed(study: Study, results: Any, marked: Any) -> list[Figure]:
    """Pictures of the films on which readings differ most."""
    found = []
    for code, film in disputed_films(results)[:MOST]:
        drawing = draw_disputed(study, marked, code, film)
        if drawing is not None:
            title, key = f"{film}: all readings together, {code}.", slug(f"disputed {code} {film}")
            png = figure_png(drawing)
            found.append(Figure(key=key, title=title, png=png, alternative=title, width=0.7))
    return found


def _export(order: ReportOrder) -> bytes:
    """The long table of all values, as `kyphometer session export` writes it."""
    with Study.open(order.target) as study:
        truth = None if order.key is None else read_truths(study, order.key)
        records = session_records(study, order.session, order.codes, truth)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(records[0]) if records else ["film"])
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue().encode()


def _file(document: Document, kind: Kind) -> bytes:
    from kyphometer.reports.docx import write_docx
    from kyphometer.reports.files import write_xlsx
    from kyphometer.reports.html import render_html
    from kyphometer.reports.pdf import write_pdf

    if kind is Kind.HTML:
        return render_html(document).encode()
    writers: Mapping[Kind, Callable[[Document, Path], None]] = {
        Kind.PDF: write_pdf,
        Kind.DOCX: write_docx,
        Kind.XLSX: write_xlsx,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"report.{kind}"
        writers[kind](document, path)
        return path.read_bytes()


def _for_page(document: Document) -> Report:
    blocks = [_SHOWN[type(block)](block) for block in document.blocks if type(block) in _SHOWN]
    return Report(
        title=document.title,
        subtitle=document.subtitle,
        facts=list(document.facts),
        blocks=blocks,
    )


def _table(block: Table) -> ReportBlock:
    table = block.printed()
    return ReportBlock(
        kind="table",
        text=table.title,
        columns=[ReportColumn(label=c.label, number=c.is_number) for c in table.columns],
        rows=table.shown(),
        note=table.note,
    )


def _figure(block: Figure) -> ReportBlock:
    return ReportBlock(
        kind="figure",
        text=block.title,
        note=block.alternative,
        png=base64.b64encode(block.png).decode("ascii"),
        width=block.width,
    )


def _checklist(block: Checklist) -> ReportBlock:
    heads = ("Item", "Topic", "How it was met")
    return ReportBlock(
        kind="table",
        text=block.title,
        columns=[ReportColumn(label=label, number=False) for label in heads],
        rows=[list(item) for item in block.items],
    )


_SHOWN: Mapping[type[Block], Callable[[Any], ReportBlock]] = MappingProxyType(
    {
        Heading: lambda b: ReportBlock(kind="heading", text=b.text, level=b.level),
        Paragraph: lambda b: ReportBlock(kind="paragraph", text=b.text, level=int(b.emphasis)),
        Bullets: lambda b: ReportBlock(kind="bullets", text="", items=list(b.items)),
        Table: _table,
        Figure: _figure,
        Checklist: _checklist,
    }
)
"""Page breaks are for paper."""
