"""A report as a Word document, for those who write the paper."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from docx import Document as new_document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from kyphometer.reports.document import (
    Bullets,
    Checklist,
    Document,
    Figure,
    Heading,
    PageBreak,
    Paragraph,
    Table,
    numbered,
)

TEXT_WIDTH_MM = 170.0
LARGEST_PT, SMALLEST_PT = 8.5, 5.5
COLUMNS_AT_LARGEST = 9


def write_docx(document: Document, path: Path) -> None:
    """Write a report as DOCX."""
    out = new_document()
    section = out.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    out.styles["Normal"].font.size = Pt(10)
    out.core_properties.title = document.title
    out.core_properties.author = ""
    out.add_heading(document.title, 0)
    if document.subtitle:
        out.add_paragraph(document.subtitle, style="Subtitle")
    for name, value in document.facts:
        out.add_paragraph(f"{name}: {value}")
    numbers = numbered(document)
    for position, block in enumerate(document.blocks):
        _add(out, block, numbers.get(position))
    out.save(str(path))


def _add(out: Any, block: object, number: int | None) -> None:
    match block:
        case Heading(text=text, level=level):
            out.add_heading(text, min(level, 4))
        case Paragraph(text=text, emphasis=emphasis):
            out.add_paragraph().add_run(text).bold = emphasis
        case Bullets(items=items):
            for item in items:
                out.add_paragraph(item, style="List Bullet")
        case PageBreak():
            out.add_page_break()
        case Table():
            printed = block.printed()
            rows = printed.shown()
            right = [column.is_number for column in printed.columns]
            _grid(
                out,
                f"Table {number}. {block.title}",
                [c.label for c in printed.columns],
                rows,
                right,
            )
            if block.note:
                out.add_paragraph().add_run(block.note).italic = True
        case Checklist():
            cells = [list(item) for item in block.items]
            _grid(out, block.title, ["Item", "Topic", "How it was met"], cells, [False] * 3)
        case Figure():
            out.add_picture(io.BytesIO(block.png), width=Mm(TEXT_WIDTH_MM * block.width))
            out.add_paragraph(f"Figure {number}. {block.title}", style="Caption")


def _grid(
    out: Any, caption: str, headings: list[str], rows: list[list[str]], right: list[bool]
) -> None:
    out.add_paragraph(caption, style="Caption")
    table = out.add_table(rows=1, cols=len(headings))
    table.style = "Light List"
    size = max(SMALLEST_PT, min(LARGEST_PT, LARGEST_PT * COLUMNS_AT_LARGEST / len(headings)))
    for line, cells in enumerate([headings, *rows]):
        target = table.rows[0].cells if line == 0 else table.add_row().cells
        for place, text, to_right in zip(target, cells, right, strict=True):
            paragraph = place.paragraphs[0]
            run = paragraph.add_run(text)
            run.font.size = Pt(size)
            run.bold = line == 0
            if to_right:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    out.add_paragraph()
