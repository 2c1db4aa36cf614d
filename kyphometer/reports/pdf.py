"""A report as PDF, with the type face inside so that every sign shows everywhere."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING, Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Image, KeepTogether, SimpleDocTemplate, Spacer
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Paragraph as Words
from reportlab.platypus import Table as Grid

from kyphometer.plots.export import font_files
from kyphometer.reports.document import (
    Bullets,
    Checklist,
    Figure,
    Heading,
    PageBreak,
    Paragraph,
    Table,
    numbered,
)

if TYPE_CHECKING:
    from pathlib import Path

    from kyphometer.reports.document import Document

MARGIN = 17 * mm
FRAME_PADDING = 6
WIDTH = A4[0] - 2 * (MARGIN + FRAME_PADDING)
MAX_FIGURE_HEIGHT = 205 * mm
FONT = "KyphometerSans"


def write_pdf(document: Document, path: Path) -> None:
    """Write a report as PDF (A4)."""
    _register_fonts()
    styles = _styles()
    template = SimpleDocTemplate(
        str(path),
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=document.title,
        author="",
        creator="Kyphometer",
        invariant=True,
    )
    flow: list[Any] = [Words(escape(document.title), styles["title"])]
    if document.subtitle:
        flow.append(Words(escape(document.subtitle), styles["note"]))
    flow += [Words(escape(f"{name}: {value}"), styles["note"]) for name, value in document.facts]
    flow.append(Spacer(1, 5 * mm))
    numbers = numbered(document)
    for position, block in enumerate(document.blocks):
        flow += _flowables(block, numbers.get(position), styles)
    template.build(flow, onFirstPage=_footer, onLaterPages=_footer)


def _register_fonts() -> None:
    if FONT in pdfmetrics.getRegisteredFontNames():
        return
    names = {"regular": FONT, "bold": f"{FONT}-Bold", "italic": f"{FONT}-Italic"}
    for style, file in font_files().items():
        pdfmetrics.registerFont(TTFont(names[style], str(file)))
    pdfmetrics.registerFontFamily(
        FONT, normal=FONT, bold=names["bold"], italic=names["italic"], boldItalic=names["bold"]
    )


def _styles() -> dict[str, ParagraphStyle]:
    base = ParagraphStyle("base", fontName=FONT, fontSize=8.8, leading=12.5)

    def style(name: str, **changes: Any) -> ParagraphStyle:
        return ParagraphStyle(name, parent=base, **changes)

    bold = f"{FONT}-Bold"
    return {
        "title": style("title", fontName=bold, fontSize=17, leading=21, spaceAfter=3),
        "h1": style(
            "h1",
            fontName=bold,
            fontSize=13,
            leading=17,
            spaceBefore=13,
            spaceAfter=4,
            keepWithNext=1,
        ),
        "h2": style(
            "h2",
            fontName=bold,
            fontSize=10.5,
            leading=14,
            spaceBefore=9,
            spaceAfter=3,
            keepWithNext=1,
        ),
        "text": style("text", spaceAfter=5),
        "strong": style("strong", fontName=bold, spaceAfter=5),
        "note": style(
            "note", fontSize=7.6, leading=10.4, spaceBefore=3, textColor=colors.HexColor("#4a525c")
        ),
        "caption": style("caption", fontSize=8.6, leading=11.5, spaceBefore=7, spaceAfter=3),
        "cell": style("cell", fontSize=7.3, leading=9.2),
        "cell_right": style("cell_right", fontSize=7.3, leading=9.2, alignment=2),
        "bullet": style("bullet", leftIndent=10, bulletIndent=1, spaceAfter=2),
    }


def _flowables(block: object, number: int | None, styles: dict[str, ParagraphStyle]) -> list[Any]:
    match block:
        case Heading(text=text, level=level):
            return [Words(escape(text), styles["h1" if level == 1 else "h2"])]
        case Paragraph(text=text, emphasis=emphasis):
            return [Words(escape(text), styles["strong" if emphasis else "text"])]
        case Bullets(items=items):
            return [Words(escape(item), styles["bullet"], bulletText="•") for item in items]
        case PageBreak():
            return [NewPage()]
        case Table():
            caption = f"<b>Table {number}.</b> {escape(block.title)}"
            labels = [column.label for column in block.columns]
            right = [column.is_number for column in block.columns]
            return _grid(caption, labels, block.shown(), right, block.note, styles)
        case Checklist():
            rows = [[a, b, c or "to be filled in by the authors"] for a, b, c in block.items]
            labels = ["Item", "Topic", "How it was met"]
            return _grid(escape(block.title), labels, rows, [False] * 3, "", styles)
        case Figure():
            return [_figure(block, number, styles)]
    return []


def _grid(
    caption: str,
    labels: list[str],
    rows: list[list[str]],
    right: list[bool],
    note: str,
    styles: dict[str, ParagraphStyle],
) -> list[Any]:
    kinds = [styles["cell_right" if side else "cell"] for side in right]
    cells = [
        [Words(f"<b>{escape(label)}</b>", kind) for label, kind in zip(labels, kinds, strict=True)]
    ]
    cells += [
        [Words(escape(cell), kind) for cell, kind in zip(row, kinds, strict=True)] for row in rows
    ]
    lines = [
        ("LINEABOVE", (0, 0), (-1, 0), 0.9, colors.black),
        ("LINEBELOW", (0, 0), (-1, 0), 0.9, colors.black),
        ("LINEBELOW", (0, -1), (-1, -1), 0.9, colors.black),
        ("LINEBELOW", (0, 1), (-1, -2), 0.25, colors.HexColor("#c4cbd2")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    widths = _widths(labels, rows)
    grid = Grid(cells, colWidths=widths, repeatRows=1, style=lines, hAlign="LEFT")
    flow: list[Any] = [Words(caption, styles["caption"]), grid]
    if note:
        flow.append(Words(escape(note), styles["note"]))
    return [KeepTogether(flow)] if len(rows) <= 14 else flow


def _widths(labels: list[str], rows: list[list[str]]) -> list[float]:
    """Share the page by the longest word and the mean length of each column."""
    wants = []
    for place, label in enumerate(labels):
        texts = [label, *(row[place] for row in rows[:200])]
        longest = max(max((len(word) for word in text.split()), default=1) for text in texts)
        mean = sum(len(text) for text in texts) / len(texts)
        wants.append(max(longest + 1.0, min(mean, 45.0)) + 1.5)
    total = sum(wants)
    return [WIDTH * want / total for want in wants]


def _figure(block: Figure, number: int | None, styles: dict[str, ParagraphStyle]) -> Any:
    wide, high = ImageReader(io.BytesIO(block.png)).getSize()
    width = WIDTH * block.width
    height = width * high / wide
    if height > MAX_FIGURE_HEIGHT:
        width, height = width * MAX_FIGURE_HEIGHT / height, MAX_FIGURE_HEIGHT
    caption = Words(f"<b>Figure {number}.</b> {escape(block.title)}", styles["caption"])
    picture = Image(io.BytesIO(block.png), width=width, height=height, hAlign="LEFT")
    return KeepTogether([Spacer(1, 3 * mm), picture, caption])


def _footer(canvas: Any, template: Any) -> None:
    canvas.saveState()
    canvas.setFont(FONT, 7)
    canvas.setFillColor(colors.HexColor("#5b6470"))
    canvas.drawRightString(A4[0] - MARGIN, 9 * mm, str(template.page))
    canvas.restoreState()
